// The member SHA256SUMS: what `sha256sum -c` reads.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace exastro::archive {

// One line per member: 64 hex digits, two spaces, the name.
[[nodiscard]] std::string format_digest_line(std::string_view digest, std::string_view name);

// Digest by name. Throws Error with ExitStatus::kDamaged for any other line, a name that is not allowed or repeated.
[[nodiscard]] std::map<std::string, std::string, std::less<>> parse_digest_list(std::string_view text);

// Whether this is a SHA-256 in lower-case hex.
[[nodiscard]] bool is_digest(std::string_view text);

}  // namespace exastro::archive
