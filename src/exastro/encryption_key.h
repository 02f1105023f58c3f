// The keys under which Exastro stores secrets in its databases: ENCRYPT_KEY of each side, base64 of 32 bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace exastro {

// Tells two keys apart without telling what they are: 16 hexadecimal digits of the SHA-256 of what the Secret holds.
std::string key_fingerprint(std::string_view encrypt_key);

// A secret as the application stores it: base64 of a random 16-byte IV and AES-256-CBC with PKCS#7 padding. Throws
// Error if the key is none.
std::string encrypt_secret(std::string_view encrypt_key, std::string_view plain);

// The reverse; absent if `stored` was not made so, or under another key (which one time in 256 is not noticed). Throws
// Error if the key is none.
std::optional<std::string> decrypt_secret(std::string_view encrypt_key, std::string_view stored);

}  // namespace exastro
