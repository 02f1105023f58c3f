#include "stream/zstd.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "error.h"
#include "zstd_text.h"

namespace exastro::stream {
namespace {

std::string unpacked(const std::string& stored, std::size_t chunk) {
  std::string plain;
  bool finished = false;
  CallbackSink sink([&](std::span<const std::byte> bytes) { plain += as_text(bytes); }, [&] { finished = true; });
  ZstdDecompressor zstd(sink);
  for (std::size_t at = 0; at < stored.size(); at += chunk)
    zstd.write(as_bytes(std::string_view(stored).substr(at, chunk)));
  zstd.finish();
  EXPECT_TRUE(finished);
  return plain;
}

std::string noise(std::size_t size) {
  std::mt19937 random(1);
  std::string text(size, '\0');
  for (auto& c : text) c = static_cast<char>(random() & 0x3FU);
  return text;
}

void expect_damage(const std::string& stored, const std::string& what) {
  try {
    unpacked(stored, 50);
    ADD_FAILURE() << what << " was not noticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), ExitStatus::kDamaged) << what;
  }
}

TEST(Zstd, GivesBackWhatItWasMadeOfInChunksOfAnySize) {
  const std::string plain = noise(700'000) + std::string(3'000'000, 'a');
  const std::string stored = zstd_of(plain);
  EXPECT_LT(stored.size(), plain.size() / 2);
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{1000}, stored.size()})
    EXPECT_EQ(unpacked(stored, chunk), plain);
}

TEST(Zstd, EmptyTextHasAWholeStream) { EXPECT_EQ(unpacked(zstd_of(""), 1), ""); }

TEST(Zstd, TakesFramesOneBehindAnother) {
  const std::string stored = zstd_of("first ") + zstd_of("second");
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, stored.size()})
    EXPECT_EQ(unpacked(stored, chunk), "first second");
}

TEST(Zstd, ACutAnywhereIsDamage) {
  const std::string stored = zstd_of(noise(300));
  for (std::size_t size = 0; size < stored.size(); ++size)
    expect_damage(stored.substr(0, size), "a cut at " + std::to_string(size));
}

TEST(Zstd, AFlippedBitOrWhatFollowsIsDamage) {
  const std::string stored = zstd_of(noise(300));
  for (std::size_t at = 0; at < stored.size(); ++at) {
    std::string other = stored;
    other[at] = static_cast<char>(other[at] ^ 0x10);
    // In the header, a bit may mean nothing; what comes out is then the same.
    try {
      EXPECT_EQ(unpacked(other, 50), noise(300)) << at;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), ExitStatus::kDamaged) << at;
    }
  }
  expect_damage(stored + "text behind it", "text behind it");
  expect_damage("not compressed", "no compression");
}

TEST(Zstd, AWindowThatTakesAllMemoryIsRefused) {
  const std::string plain = noise(1000);
  EXPECT_EQ(unpacked(zstd_of(plain, 23), 50), plain);
  expect_damage(zstd_of(plain, 27), "a window of 128 MiB");
}

}  // namespace
}  // namespace exastro::stream
