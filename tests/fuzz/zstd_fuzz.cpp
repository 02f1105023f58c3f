// Zstandard: refused or unpacked alike however the stream is cut, and what the library packs comes back.
#include "fuzz/fuzz.h"
#include "stream/zstd.h"
#include "stream/zstd_text.h"

using namespace exastro;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = fuzz::as_text(data, size).substr(1);
  fuzz::check_cuts<stream::ZstdDecompressor>(bytes, 1U + data[0] % 64U);
  const auto back = fuzz::unpack<stream::ZstdDecompressor>(stream::zstd_of(std::string(bytes)), 7);
  fuzz::expect(back.whole && back.text == bytes, "what is packed comes back");
  return 0;
}
