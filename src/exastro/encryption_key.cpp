#include "exastro/encryption_key.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>

#include "error.h"
#include "exastro/encoding.h"
#include "stream/digest.h"

namespace exastro {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kBlockBytes = 16;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string key_bytes(std::string_view encrypt_key) {
  std::string key = base64_decode(encrypt_key);
  if (key.size() != kKeyBytes) throw Error("An ENCRYPT_KEY is not base64 of 32 bytes.");
  return key;
}

// What the cipher makes of `input`; absent if it does not end in right padding.
std::optional<std::string> run_cipher(bool encrypt, const std::string& key, std::string_view iv,
                                      std::string_view input) {
  const CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  std::string output(input.size() + kBlockBytes, '\0');
  auto* room = reinterpret_cast<unsigned char*>(output.data());
  int size = 0;
  int rest = 0;
  if (!context ||
      EVP_CipherInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, bytes_of(key), bytes_of(iv), encrypt ? 1 : 0) != 1) {
    throw Error("AES-256-CBC is not to be had from this machine's OpenSSL.");
  }
  if (EVP_CipherUpdate(context.get(), room, &size, bytes_of(input), static_cast<int>(input.size())) != 1 ||
      EVP_CipherFinal_ex(context.get(), room + size, &rest) != 1) {
    return std::nullopt;
  }
  output.resize(static_cast<std::size_t>(size + rest));
  return output;
}

}  // namespace

std::string key_fingerprint(std::string_view encrypt_key) { return stream::sha256_hex(encrypt_key).substr(0, 16); }

std::string encrypt_secret(std::string_view encrypt_key, std::string_view plain) {
  std::string iv(kBlockBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(iv.data()), static_cast<int>(iv.size())) != 1)
    throw Error("This machine's OpenSSL has no random bytes to give.");
  const auto encrypted = run_cipher(true, key_bytes(encrypt_key), iv, plain);
  if (!encrypted) throw Error("A secret could not be encrypted.");
  return base64_encode(iv + *encrypted);
}

std::optional<std::string> decrypt_secret(std::string_view encrypt_key, std::string_view stored) {
  const std::string key = key_bytes(encrypt_key);
  std::string bytes;
  try {
    bytes = base64_decode(stored);
  } catch (const Error&) {
    return std::nullopt;
  }
  if (bytes.size() < 2 * kBlockBytes || bytes.size() % kBlockBytes != 0) return std::nullopt;
  const std::string_view all = bytes;
  return run_cipher(false, key, all.substr(0, kBlockBytes), all.substr(kBlockBytes));
}

}  // namespace exastro
