#include "archive/names.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "stream/digest.h"

namespace exastro::archive {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
constexpr std::size_t kMaxPart = 120;

// A name from outside as a part of a file name; equal names give equal parts, different ones different.
std::string encode(std::string_view part) {
  std::string result;
  for (const char c : part) {
    if (kLetters.find(c) != std::string_view::npos) {
      result += c;
    } else {
      result += fmt::format("@{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (result.size() <= kMaxPart) return result;
  return result.substr(0, kMaxPart - 17) + "@" + stream::sha256_hex(part).substr(0, 16);
}

std::string_view suffix(Encoding encoding) {
  switch (encoding) {
    case Encoding::kGzip:
      return ".gz";
    case Encoding::kZstd:
      return ".zst";
    case Encoding::kIdentity:
      break;
  }
  return "";
}

}  // namespace

std::string format_timestamp(std::int64_t seconds_since_1970) {
  return fmt::format("{:%Y%m%d-%H%M%S}", fmt::gmtime(static_cast<std::time_t>(seconds_since_1970)));
}

std::string format_utc(std::int64_t seconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string backup_file_name(std::string_view namespace_, std::string_view release, std::string_view ts) {
  return fmt::format("exastro-backup_{}_{}_{}.tar", encode(namespace_), encode(release), encode(ts));
}

std::string safety_file_name(std::string_view namespace_, std::string_view release, std::string_view ts) {
  return fmt::format("exastro-safety_{}_{}_{}.tar", encode(namespace_), encode(release), encode(ts));
}

std::string waiting_file_name(std::string_view namespace_, std::string_view release, std::string_view run) {
  return fmt::format(".exastro-backup_{}_{}_{}.partial", encode(namespace_), encode(release), encode(run));
}

std::string dump_member_name(std::string_view server, std::string_view database, std::string_view ts,
                             Encoding encoding) {
  return fmt::format("exastro_mysqldump_{}_db_{}_{}.sql{}", encode(server), encode(database), encode(ts),
                     suffix(encoding));
}

std::string files_member_name(std::string_view ts, Encoding encoding) {
  return fmt::format("exastro_storage_backup_ita_{}.tar{}", encode(ts), suffix(encoding));
}

std::string accounts_member_name(std::string_view server) { return fmt::format("accounts_{}.json", encode(server)); }

std::string keys_member_name() { return "keys.json"; }

std::string values_member_name(std::string_view namespace_, std::string_view release) {
  return fmt::format("values_{}_{}.json", encode(namespace_), encode(release));
}

bool is_member_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameLength || name.front() == '.' || name.front() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return kLetters.find(c) != std::string_view::npos || c == '.' || c == '@' || c == '+' || c == '=' || c == ',';
  });
}

}  // namespace exastro::archive
