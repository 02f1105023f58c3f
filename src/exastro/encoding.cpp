#include "exastro/encoding.h"

#include <openssl/evp.h>

#include "error.h"
#include "stream/gzip.h"
#include "stream/sink.h"

namespace exastro {
namespace {

class LimitedText : public stream::Sink {
 public:
  explicit LimitedText(std::size_t limit) : limit_(limit) {}
  void write(std::span<const std::byte> bytes) override {
    if (text.size() + bytes.size() > limit_) throw Error("The compressed text is larger than it may be.");
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void finish() override {}
  std::string text;

 private:
  std::size_t limit_;
};

}  // namespace

std::string base64_decode(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  while (!text.empty() && (text.front() == '\n' || text.front() == ' ')) text.remove_prefix(1);
  if (text.size() % 4 != 0) throw Error("A text that should be base64 is not.");
  std::string plain(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(plain.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) throw Error("A text that should be base64 is not.");
  // EVP_DecodeBlock counts the padding as bytes.
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  plain.resize(static_cast<std::size_t>(size) - padding);
  return plain;
}

std::string base64_encode(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a NUL
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string gunzip_text(std::string_view compressed, std::size_t limit) {
  LimitedText sink(limit);
  stream::GzipDecompressor gzip(sink);
  gzip.write(std::as_bytes(std::span(compressed.data(), compressed.size())));
  gzip.finish();
  return std::move(sink.text);
}

}  // namespace exastro
