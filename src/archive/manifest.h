// The manifest of a backup: what it holds, of which system, made how. See docs/backup-format.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exastro::archive {

inline constexpr int kFormatVersion = 1;
inline constexpr std::string_view kManifestName = "manifest.json";
inline constexpr std::string_view kDigestsName = "SHA256SUMS";
inline constexpr std::size_t kMaxManifestBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMaxMembers = 100'000;

// What a member is. In the manifest: "dump", "files", "accounts", "keys", "values".
enum class MemberKind {
  kDump,      // SQL of one database, compressed
  kFiles,     // tar of the shared files, compressed
  kAccounts,  // JSON: accounts of one server
  kKeys,      // JSON: encryption keys
  kValues,    // JSON: Helm values of one release
};

// How the member's bytes are stored. In the manifest: "identity", "gzip", "zstd".
enum class Encoding { kIdentity, kGzip, kZstd };

[[nodiscard]] std::string_view to_string(MemberKind kind);
[[nodiscard]] std::string_view to_string(Encoding encoding);
// Throws Error (kDamaged) for another word.
[[nodiscard]] Encoding parse_encoding(std::string_view word);

// All strings are UTF-8. What is not known is empty or zero.
struct Manifest {
  struct Release {
    std::string name;
    std::string namespace_;  // "namespace" in JSON
    std::string chart;
    std::string chart_version;
    std::string app_version;
    int revision = 0;
    std::string component;  // "umbrella", "platform" or "it-automation"
  };

  struct Server {
    std::string id;  // "platform", "ita" or "shared": short, ASCII, as in member names
    std::string version;
    std::string version_comment;
    int lower_case_table_names = 0;
    std::string character_set;
    std::string collation;
    std::vector<std::string> sides;        // the sides of Exastro whose databases are there: "platform", "ita"
    std::uint64_t max_allowed_packet = 0;  // bytes
    std::vector<std::string> addresses;    // host:port under which the sides know it
    std::vector<std::string> absent;       // databases that the ConfigMaps name and that were not there
  };

  struct Database {
    std::string server;  // Server::id
    std::string name;
    std::string member;                      // of kind kDump
    std::uint64_t plain_bytes_estimate = 0;  // data and indexes by information_schema
    std::uint64_t tables = 0;
    std::uint64_t rows_estimate = 0;
    std::uint64_t longest_statement = 0;  // bytes; max_allowed_packet must be above it when it is loaded
    std::string charset;
    std::string collation;
  };

  struct Accounts {
    std::string server;              // Server::id
    std::string member;              // of kind kAccounts
    std::vector<std::string> names;  // 'user'@'host'
  };

  struct Files {
    std::string member;        // of kind kFiles
    std::string storage_path;  // where the pods mount the claim
    std::string claim;
    std::uint64_t entries = 0;
  };

  // The value is in the member of kind kKeys, never here.
  struct Key {
    std::string side;
    std::string secret;
    std::string name;
    std::string fingerprint;
  };

  struct Member {
    std::string name;
    MemberKind kind = MemberKind::kDump;
    std::uint64_t size = 0;  // stored bytes
    std::string sha256;      // of the stored bytes, lower-case hex
    Encoding encoding = Encoding::kIdentity;
    std::uint64_t plain_size = 0;  // as are size and sha256 if the encoding is identity
    std::string plain_sha256;
  };

  int format_version = kFormatVersion;
  std::string tool_version;
  std::string run_id;
  std::string created_at;  // RFC 3339 in UTC: 2026-01-31T12:34:56Z
  std::vector<Release> releases;
  std::vector<Server> servers;
  std::vector<Database> databases;
  std::vector<Accounts> accounts;
  std::optional<Files> files;
  std::vector<Key> keys;
  std::vector<std::string> not_included;  // sentences for a person
  std::vector<std::string> warnings;      // sentences for a person
  double outage_seconds = 0;
  std::map<std::string, std::string> schema_versions;
  std::vector<Member> members;  // in the order of the file; BackupWriter::finish fills it
};

// The manifest as indented JSON with a newline at its end. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string format_manifest(const Manifest& manifest);

// The reverse, for text from anywhere: unknown fields are ignored; anything missing, of a wrong type, out of range,
// contradicting itself, nested too deep or too large throws Error with ExitStatus::kDamaged, as does another format
// version, whose message names both versions.
[[nodiscard]] Manifest parse_manifest(std::string_view text);

// "2026-01-31T12:34:56Z" for seconds since 1970.
[[nodiscard]] std::string format_utc(std::int64_t seconds);

}  // namespace exastro::archive
