#include "stream/byte_block.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string_view>

namespace exastro::stream {
namespace {

using Bytes = std::array<char, kBlockSize>;

ByteBlock expected(const Bytes& bytes, char own) {
  ByteBlock block;
  for (unsigned i = 0; i < kBlockSize; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    const char byte = bytes[i];
    if (byte == '\'') block.quote |= bit;
    if (byte == '\\') block.backslash |= bit;
    if (byte == '-') block.minus |= bit;
    if (byte == own || std::string_view("\"`/#").find(byte) != std::string_view::npos) block.other |= bit;
  }
  return block;
}

bool same(const ByteBlock& a, const ByteBlock& b) {
  return a.quote == b.quote && a.backslash == b.backslash && a.minus == b.minus && a.other == b.other;
}

// Both ways of looking, since only one of them is in use on a machine.
TEST(ByteBlock, BothWaysFindEveryByteOfEveryValue) {
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes{};
    for (auto& byte : bytes) byte = random() % 2 == 0 ? "'\\-\"`/#;"[random() % 8] : static_cast<char>(random());
    const char own = round % 3 == 0 ? static_cast<char>(random()) : ';';
    ASSERT_TRUE(same(PortableBlock::classify(bytes.data(), own), expected(bytes, own)));
    ASSERT_TRUE(same(NativeBlock::classify(bytes.data(), own), expected(bytes, own)));
  }
}

}  // namespace
}  // namespace exastro::stream
