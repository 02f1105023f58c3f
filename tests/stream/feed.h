// Feeding a filter a text in chunks, for the tests of this folder.
#pragma once

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "stream/sink.h"

namespace exastro::stream {

class TextSink : public Sink {
 public:
  void write(std::span<const std::byte> bytes) override { text += as_text(bytes); }
  void finish() override { ++finishes; }
  std::string text;
  int finishes = 0;
};

// Chunks of one size, or a first chunk and the rest.
inline void feed(Sink& sink, std::string_view text, std::size_t chunk) {
  for (; !text.empty(); text.remove_prefix(std::min(chunk, text.size()))) sink.write(as_bytes(text.substr(0, chunk)));
  sink.finish();
}
inline void feed_split(Sink& sink, std::string_view text, std::size_t at) {
  sink.write(as_bytes(text.substr(0, at)));
  sink.write(as_bytes(text.substr(at)));
  sink.finish();
}

inline std::string read_fixture(const std::string& name) {
  std::ifstream file(EXASTRO_TEST_DIR "/stream/fixtures/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace exastro::stream
