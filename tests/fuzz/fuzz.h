// What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput: `make fuzz` links it with libFuzzer,
// `make test` replays its corpus (replay.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "error.h"
#include "stream/sink.h"

namespace exastro::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Ends the run as a finding, whatever the build.
inline void expect(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// Whether `call` takes the input. An exastro::Error is a refusal; any other exception is a finding.
template <typename Call>
bool accepts(Call call) {
  try {
    call();
    return true;
  } catch (const Error& error) {
    expect(error.what()[0] != '\0', "an error says something");
    return false;
  }
}

// The whole text in one piece, or in pieces of `size` bytes, and the end.
inline void feed(stream::Sink& sink, std::string_view text, std::size_t size) {
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, size);
    // A copy that is no longer than the piece, so that the sanitizer sees a read behind it.
    const std::string copy(piece);
    sink.write(stream::as_bytes(copy));
    text.remove_prefix(piece.size());
  }
  sink.finish();
}

// Keeps what it is given, and refuses more than `limit` bytes.
class Collected : public stream::Sink {
 public:
  explicit Collected(std::size_t limit = std::size_t{64} << 20) : limit_(limit) {}
  void write(std::span<const std::byte> bytes) override {
    if (text.size() + bytes.size() > limit_) throw Error("too much for this test");
    text += stream::as_text(bytes);
  }
  void finish() override { finished = true; }
  std::string text;
  bool finished = false;

 private:
  std::size_t limit_;
};

struct Unpacked {
  bool whole = false;
  std::string text;
};

// What a decompressor makes of the bytes in pieces of `size`, up to 1 MiB.
template <typename Decompressor>
Unpacked unpack(std::string_view bytes, std::size_t size) {
  Collected plain(std::size_t{1} << 20);
  Unpacked result;
  result.whole = accepts([&] {
    Decompressor decompressor(plain);
    feed(decompressor, bytes, size);
  });
  expect(result.whole == plain.finished, "only a whole stream is finished");
  result.text = std::move(plain.text);
  return result;
}

// Refused or unpacked alike however the stream is cut.
template <typename Decompressor>
void check_cuts(std::string_view bytes, std::size_t size) {
  const Unpacked whole = unpack<Decompressor>(bytes, bytes.size() + 1);
  const Unpacked cut = unpack<Decompressor>(bytes, size);
  expect(whole.whole == cut.whole, "a cut does not decide whether a stream is good");
  expect(!whole.whole || whole.text == cut.text, "a cut does not change what is unpacked");
}

}  // namespace exastro::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
