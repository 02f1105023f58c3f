// gzip: refused or unpacked alike however the stream is cut, and what is packed comes back.
#include "fuzz/fuzz.h"
#include "stream/gzip.h"

using namespace exastro;

namespace {

std::string pack(std::string_view text, int level) {
  fuzz::Collected packed;
  stream::GzipCompressor gzip(packed, level);
  fuzz::feed(gzip, text, 1000);
  return packed.text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = fuzz::as_text(data, size).substr(1);
  fuzz::check_cuts<stream::GzipDecompressor>(bytes, 1U + data[0] % 64U);
  const auto back = fuzz::unpack<stream::GzipDecompressor>(pack(bytes, 1 + data[0] % 9), 7);
  fuzz::expect(back.whole && back.text == bytes, "what is packed comes back");
  return 0;
}
