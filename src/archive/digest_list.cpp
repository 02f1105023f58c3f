#include "archive/digest_list.h"

#include <fmt/format.h>

#include "archive/damaged.h"
#include "archive/manifest.h"
#include "archive/names.h"

namespace exastro::archive {
namespace {

constexpr std::size_t kDigestLength = 64;

}  // namespace

bool is_digest(std::string_view text) {
  return text.size() == kDigestLength && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string format_digest_line(std::string_view digest, std::string_view name) {
  return fmt::format("{}  {}\n", digest, name);
}

std::map<std::string, std::string, std::less<>> parse_digest_list(std::string_view text) {
  std::map<std::string, std::string, std::less<>> result;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const std::string_view digest = line.substr(0, kDigestLength);
    if (end == std::string_view::npos || !is_digest(digest) || line.substr(kDigestLength, 2) != "  " ||
        !is_member_name(line.substr(kDigestLength + 2))) {
      throw damaged(fmt::format("{} is damaged: line {} is not a digest and a name", kDigestsName, number));
    }
    if (!result.emplace(line.substr(kDigestLength + 2), digest).second) {
      throw damaged(fmt::format("{} is damaged: {} is in it twice", kDigestsName, line.substr(kDigestLength + 2)));
    }
    text.remove_prefix(end + 1);
  }
  return result;
}

}  // namespace exastro::archive
