// The keys under which Exastro stores secrets in its databases.
#pragma once

#include <string>
#include <string_view>

namespace exastro {

// Tells two keys apart without telling what they are: 16 hexadecimal digits of the SHA-256 of what the Secret holds.
std::string key_fingerprint(std::string_view encrypt_key);

}  // namespace exastro
