#include "stream/gzip.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "error.h"
#include "stream/digest.h"

namespace exastro::stream {
namespace {

class TextSink : public Sink {
 public:
  void write(std::span<const std::byte> bytes) override {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void finish() override { finished = true; }
  std::string text;
  bool finished = false;
};

std::string compressed(const std::string& plain) {
  TextSink sink;
  GzipCompressor gzip(sink, 6);
  gzip.write(as_bytes(plain));
  gzip.finish();
  return sink.text;
}

std::string inflated(const std::string& stored, std::size_t chunk) {
  TextSink sink;
  GzipDecompressor gzip(sink);
  for (std::size_t at = 0; at < stored.size(); at += chunk)
    gzip.write(as_bytes(std::string_view(stored).substr(at, chunk)));
  gzip.finish();
  EXPECT_TRUE(sink.finished);
  return sink.text;
}

std::string noise(std::size_t size) {
  std::mt19937 random(1);
  std::string text(size, '\0');
  for (auto& c : text) c = static_cast<char>(random() & 0x3FU);
  return text;
}

TEST(Gzip, GivesBackWhatItWasGivenInChunksOfAnySize) {
  const std::string plain = noise(700'000) + std::string(3'000'000, 'a');
  const std::string stored = compressed(plain);
  EXPECT_LT(stored.size(), plain.size() / 2);
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{1000}, stored.size()}) {
    EXPECT_EQ(inflated(stored, chunk), plain);
  }
}

TEST(Gzip, EmptyTextHasAWholeStream) { EXPECT_EQ(inflated(compressed(""), 1), ""); }

TEST(Gzip, TakesMembersOneBehindAnother) {
  const std::string stored = compressed("first ") + compressed("second");
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, stored.size()}) {
    EXPECT_EQ(inflated(stored, chunk), "first second");
  }
}

TEST(Gzip, ACutAnywhereIsDamage) {
  const std::string stored = compressed(noise(300));
  for (std::size_t size = 0; size < stored.size(); ++size) {
    try {
      inflated(stored.substr(0, size), 50);
      ADD_FAILURE() << "cut at " << size << " was not noticed";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), ExitStatus::kDamaged);
    }
  }
}

TEST(Gzip, AFlippedBitOrTrailingTextIsDamage) {
  const std::string stored = compressed(noise(300));
  std::string flipped = stored;
  flipped[flipped.size() - 6] = static_cast<char>(flipped[flipped.size() - 6] ^ 1);
  EXPECT_THROW(inflated(flipped, 50), Error);
  EXPECT_THROW(inflated(stored + "error text", 50), Error);
  EXPECT_THROW(inflated(stored + std::string(512, '\0'), 50), Error) << "zero padding";
  EXPECT_THROW(inflated(stored + std::string(1, '\0'), 50), Error) << "zero padding";
}

TEST(Digest, IsSha256OfAllThatPassed) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Digest digest;
  digest.update(as_bytes("a"));
  digest.update(as_bytes("bc"));
  EXPECT_EQ(digest.hex(), sha256_hex("abc"));
  EXPECT_THROW(digest.update(as_bytes("d")), Error);
}

}  // namespace
}  // namespace exastro::stream
