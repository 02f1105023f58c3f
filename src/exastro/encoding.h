// base64, as Kubernetes Secrets and Helm's records use it, through OpenSSL.
#pragma once

#include <string>
#include <string_view>

namespace exastro {

// Throws Error if `text` is not base64. White space at the ends is allowed.
std::string base64_decode(std::string_view text);

std::string base64_encode(std::string_view bytes);

// Inflates a gzip text of at most `limit` bytes; throws Error if it is damaged or larger.
std::string gunzip_text(std::string_view compressed, std::size_t limit);

}  // namespace exastro
