#include "stream/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "error.h"

namespace exastro::stream {

struct Digest::Context {
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> evp{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Digest::Digest() : context_(std::make_unique<Context>()) {
  if (!context_->evp || EVP_DigestInit_ex(context_->evp.get(), EVP_sha256(), nullptr) != 1) {
    throw Error("OpenSSL gives no SHA-256.");
  }
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::update(std::span<const std::byte> bytes) {
  if (!hex_.empty()) throw Error("A digest that was asked for takes no more bytes.");
  if (EVP_DigestUpdate(context_->evp.get(), bytes.data(), bytes.size()) != 1) throw Error("OpenSSL failed to digest.");
}

std::string Digest::hex() {
  if (!hex_.empty()) return hex_;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(context_->evp.get(), digest.data(), &size) != 1) throw Error("OpenSSL failed to digest.");
  for (unsigned int i = 0; i < size; ++i) hex_ += fmt::format("{:02x}", digest[i]);
  return hex_;
}

void DigestSink::write(std::span<const std::byte> bytes) {
  digest_.update(bytes);
  bytes_ += bytes.size();
  if (next_ != nullptr) next_->write(bytes);
}

void DigestSink::finish() {
  if (next_ != nullptr) next_->finish();
}

std::string sha256_hex(std::string_view text) {
  Digest digest;
  digest.update(as_bytes(text));
  return digest.hex();
}

}  // namespace exastro::stream
