// gzip: refused or unpacked alike however the stream is cut, and what is packed comes back.
#include "fuzz/fuzz.h"
#include "stream/gzip.h"

using namespace exastro;

namespace {

struct Result {
  bool whole = false;
  std::string text;
};

Result unpack(std::string_view bytes, std::size_t piece) {
  fuzz::Collected plain(std::size_t{1} << 20);
  Result result;
  result.whole = fuzz::accepts([&] {
    stream::GzipDecompressor gzip(plain);
    fuzz::feed(gzip, bytes, piece);
  });
  fuzz::expect(result.whole == plain.finished, "only a whole stream is finished");
  result.text = std::move(plain.text);
  return result;
}

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
  const Result whole = unpack(bytes, size);
  const Result cut = unpack(bytes, 1U + data[0] % 64U);
  fuzz::expect(whole.whole == cut.whole, "a cut does not decide whether a stream is good");
  fuzz::expect(!whole.whole || whole.text == cut.text, "a cut does not change what is unpacked");
  const Result back = unpack(pack(bytes, 1 + data[0] % 9), 7);
  fuzz::expect(back.whole && back.text == bytes, "what is packed comes back");
  return 0;
}
