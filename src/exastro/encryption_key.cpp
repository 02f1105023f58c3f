#include "exastro/encryption_key.h"

#include "stream/digest.h"

namespace exastro {

std::string key_fingerprint(std::string_view encrypt_key) { return stream::sha256_hex(encrypt_key).substr(0, 16); }

}  // namespace exastro
