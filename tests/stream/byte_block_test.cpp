#include "stream/byte_block.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
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

std::uint64_t expected_backticks(const Bytes& bytes) {
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < kBlockSize; ++i) bits |= std::uint64_t{bytes[i] == '`'} << i;
  return bits;
}

std::uint64_t expected_prefix_xor(std::uint64_t bits) {
  std::uint64_t result = 0;
  for (unsigned i = 0; i < kBlockSize; ++i) {
    result |= std::uint64_t{std::popcount(bits << (63U - i)) % 2 != 0} << i;
  }
  return result;
}

template <typename Block>
void expect_to_find_every_byte() {
  std::mt19937_64 random(3);
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes{};
    for (auto& byte : bytes) byte = random() % 2 == 0 ? "'\\-\"`/#;"[random() % 8] : static_cast<char>(random());
    const char own = round % 3 == 0 ? static_cast<char>(random()) : ';';
    ASSERT_TRUE(same(Block::classify(bytes.data(), own), expected(bytes, own)));
    ASSERT_EQ(Block::backticks(bytes.data()), expected_backticks(bytes));
    const std::uint64_t bits = random();
    ASSERT_EQ(Block::prefix_xor(bits), expected_prefix_xor(bits));
  }
}

template <typename Block>
void expect_to_know_every_value_beside_every_own_byte() {
  for (int value = 0; value < 256; ++value) {
    Bytes bytes{};
    bytes.fill(static_cast<char>(value));
    for (int own = 0; own < 256; ++own) {
      const char own_byte = static_cast<char>(own);
      ASSERT_TRUE(same(Block::classify(bytes.data(), own_byte), expected(bytes, own_byte))) << value << " " << own;
    }
  }
}

template <typename Block>
void expect_to_be_right() {
  expect_to_find_every_byte<Block>();
  expect_to_know_every_value_beside_every_own_byte<Block>();
}

// Every way of looking, since only one of them is in use on a machine.
TEST(ByteBlock, ThePortableWayIsRight) { expect_to_be_right<PortableBlock>(); }

#if defined(__x86_64__)
TEST(ByteBlock, TheWayOfEveryX86IsRight) { expect_to_be_right<Sse2Block>(); }

TEST(ByteBlock, TheWayOfAvx2IsRight) {
  if (!Avx2Block::is_here()) GTEST_SKIP() << "this processor does not have it";
  expect_to_be_right<Avx2Block>();
}
#endif

}  // namespace
}  // namespace exastro::stream
