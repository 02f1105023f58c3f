#include "stream/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

namespace exastro::stream {
namespace {

std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> new_context() {
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context) throw Error("OpenSSL gives no digest.");
  return context;
}

}  // namespace

Digest::Digest() : context_(new_context()) {
  if (EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) throw Error("OpenSSL gives no SHA-256.");
}

Digest::~Digest() = default;

void Digest::write(Bytes bytes) {
  count_ += bytes.size();
  if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) throw Error("OpenSSL failed to digest.");
}

std::string Digest::hex() const {
  const auto copy = new_context();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_MD_CTX_copy_ex(copy.get(), context_.get()) != 1 ||
      EVP_DigestFinal_ex(copy.get(), digest.data(), &size) != 1) {
    throw Error("OpenSSL failed to digest.");
  }
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string sha256_hex(std::string_view text) {
  Digest digest;
  digest.write(bytes_of(text));
  return digest.hex();
}

}  // namespace exastro::stream
