#include "archive/manifest.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "archive/damaged.h"
#include "archive/digest_list.h"
#include "archive/names.h"
#include "stream/json_text.h"

namespace exastro::archive {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr int kMaxDepth = 16;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 50;

Error bad(const std::string& what) { return damaged(fmt::format("{} is damaged: {}", kManifestName, what)); }

// One object of the manifest, whose fields are taken out with their types checked.
class Fields {
 public:
  Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) throw bad(fmt::format("{} is not an object", shown("")));
  }

  [[nodiscard]] std::string text(const char* key) const {
    const Json& value = field(key);
    if (!value.is_string()) throw wrong(key, "a string");
    return value.get<std::string>();
  }

  // A text that must not be empty, nor hold a NUL, which would cut it short elsewhere.
  [[nodiscard]] std::string name(const char* key) const {
    std::string value = text(key);
    if (value.empty() || value.find('\0') != std::string::npos) throw wrong(key, "a name");
    return value;
  }

  [[nodiscard]] std::string member_name(const char* key) const {
    std::string value = text(key);
    if (!is_member_name(value)) throw wrong(key, "the name of a member");
    return value;
  }

  [[nodiscard]] std::string digest(const char* key) const {
    std::string value = text(key);
    if (!is_digest(value)) throw wrong(key, "a SHA-256 digest");
    return value;
  }

  [[nodiscard]] int integer(const char* key) const {
    const Json& value = field(key);
    const bool fits = value.is_number_unsigned() &&
                      value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<int>::max());
    if (!fits) throw wrong(key, "a whole number in range");
    return value.get<int>();
  }

  [[nodiscard]] std::uint64_t number(const char* key) const {
    const Json& value = field(key);
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMaxBytes) {
      throw wrong(key, "a whole number in range");
    }
    return value.get<std::uint64_t>();
  }

  [[nodiscard]] double seconds(const char* key) const {
    const Json& value = field(key);
    const double result = value.is_number() ? value.get<double>() : -1;
    if (!std::isfinite(result) || result < 0 || result > 1e9) throw wrong(key, "a number of seconds");
    return result;
  }

  [[nodiscard]] std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> result;
    for (const Json& value : array(key)) {
      if (!value.is_string()) throw wrong(key, "a list of strings");
      result.push_back(value.get<std::string>());
    }
    return result;
  }

  [[nodiscard]] std::map<std::string, std::string> text_map(const char* key) const {
    const Json& value = field(key);
    if (!value.is_object()) throw wrong(key, "an object of strings");
    std::map<std::string, std::string> result;
    for (const auto& [name, text] : value.items()) {
      if (!text.is_string()) throw wrong(key, "an object of strings");
      result.emplace(name, text.get<std::string>());
    }
    return result;
  }

  // The elements of a list of objects, each made by `parse`.
  template <typename Parse>
  auto list(const char* key, Parse parse) const {
    std::vector<decltype(parse(std::declval<const Fields&>()))> result;
    std::size_t index = 0;
    for (const Json& value : array(key)) {
      result.push_back(parse(Fields(value, fmt::format("{}[{}]", shown(key), index++))));
    }
    return result;
  }

  [[nodiscard]] const Json& field(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end()) throw bad(fmt::format("{} is missing", shown(key)));
    return *found;
  }

  [[nodiscard]] Error wrong(const char* key, std::string_view expected) const {
    return bad(fmt::format("{} is not {}", shown(key), expected));
  }

 private:
  [[nodiscard]] const Json& array(const char* key) const {
    const Json& value = field(key);
    if (!value.is_array()) throw wrong(key, "a list");
    return value;
  }

  [[nodiscard]] std::string shown(std::string_view key) const {
    if (key.empty()) return where_.empty() ? "the whole" : where_;
    return where_.empty() ? std::string(key) : fmt::format("{}.{}", where_, key);
  }

  const Json& object_;
  std::string where_;
};

Manifest::Release parse_release(const Fields& from) {
  return {.name = from.name("name"),
          .namespace_ = from.name("namespace"),
          .chart = from.text("chart"),
          .chart_version = from.text("chart_version"),
          .app_version = from.text("app_version"),
          .revision = from.integer("revision"),
          .component = from.text("component")};
}

Manifest::Server parse_server(const Fields& from) {
  return {.id = from.name("id"),
          .version = from.text("version"),
          .version_comment = from.text("version_comment"),
          .lower_case_table_names = from.integer("lower_case_table_names"),
          .character_set = from.text("character_set"),
          .collation = from.text("collation"),
          .sides = from.texts("sides"),
          .max_allowed_packet = from.number("max_allowed_packet"),
          .addresses = from.texts("addresses"),
          .absent = from.texts("absent")};
}

Manifest::Database parse_database(const Fields& from) {
  return {.server = from.name("server"),
          .name = from.name("name"),
          .member = from.member_name("member"),
          .plain_bytes_estimate = from.number("plain_bytes_estimate"),
          .tables = from.number("tables"),
          .rows_estimate = from.number("rows_estimate"),
          .longest_statement = from.number("longest_statement"),
          .charset = from.text("charset"),
          .collation = from.text("collation")};
}

Manifest::Accounts parse_accounts(const Fields& from) {
  return {.server = from.name("server"), .member = from.member_name("member"), .names = from.texts("names")};
}

Manifest::Files parse_files(const Fields& from) {
  return {.member = from.member_name("member"),
          .storage_path = from.text("storage_path"),
          .claim = from.text("claim"),
          .entries = from.number("entries")};
}

Manifest::Key parse_key(const Fields& from) {
  return {.side = from.text("side"),
          .secret = from.text("secret"),
          .name = from.text("name"),
          .fingerprint = from.text("fingerprint")};
}

MemberKind parse_kind(const Fields& from) {
  const std::string text = from.text("kind");
  for (const MemberKind kind :
       {MemberKind::kDump, MemberKind::kFiles, MemberKind::kAccounts, MemberKind::kKeys, MemberKind::kValues}) {
    if (text == to_string(kind)) return kind;
  }
  throw from.wrong("kind", "a kind of member that this version knows");
}

std::optional<Encoding> find_encoding(std::string_view word) {
  for (const Encoding encoding : {Encoding::kIdentity, Encoding::kGzip, Encoding::kZstd}) {
    if (word == to_string(encoding)) return encoding;
  }
  return std::nullopt;
}

Encoding encoding_of(const Fields& from) {
  if (const auto encoding = find_encoding(from.text("encoding"))) return *encoding;
  throw from.wrong("encoding", "an encoding that this version knows");
}

Manifest::Member parse_member(const Fields& from) {
  Manifest::Member member{.name = from.member_name("name"),
                          .kind = parse_kind(from),
                          .size = from.number("size"),
                          .sha256 = from.digest("sha256"),
                          .encoding = encoding_of(from),
                          .plain_size = from.number("plain_size"),
                          .plain_sha256 = from.digest("plain_sha256")};
  if (member.encoding == Encoding::kIdentity &&
      (member.size != member.plain_size || member.sha256 != member.plain_sha256)) {
    throw bad(fmt::format("{} is stored as it is, but has two sizes or digests", member.name));
  }
  return member;
}

// What no single field tells: each member once, and each reference to one that exists and is of the right kind.
void check_references(const Manifest& manifest) {
  std::map<std::string, MemberKind> kinds;
  for (const auto& member : manifest.members) {
    if (member.name == kManifestName || member.name == kDigestsName ||
        !kinds.emplace(member.name, member.kind).second) {
      throw bad(fmt::format("it has the member {} twice", member.name));
    }
  }
  std::set<std::string> used;
  const auto refer = [&](const std::string& name, MemberKind kind) {
    const auto found = kinds.find(name);
    if (found == kinds.end() || found->second != kind || !used.insert(name).second) {
      throw bad(fmt::format("it names {}, which is not a member of kind {} of its own", name, to_string(kind)));
    }
  };
  std::set<std::string> servers;
  for (const auto& server : manifest.servers) {
    if (!servers.insert(server.id).second) throw bad(fmt::format("it has the server {} twice", server.id));
  }
  const auto on_server = [&](const std::string& id) {
    if (!servers.contains(id)) throw bad(fmt::format("it names the server {}, which it does not describe", id));
  };
  std::set<std::pair<std::string, std::string>> databases;
  for (const auto& database : manifest.databases) {
    on_server(database.server);
    refer(database.member, MemberKind::kDump);
    if (!databases.emplace(database.server, database.name).second) {
      throw bad(fmt::format("it has the database {} twice", database.name));
    }
  }
  for (const auto& accounts : manifest.accounts) {
    on_server(accounts.server);
    refer(accounts.member, MemberKind::kAccounts);
  }
  if (manifest.files) refer(manifest.files->member, MemberKind::kFiles);
  for (const auto& [name, kind] : kinds) {
    if ((kind == MemberKind::kDump || kind == MemberKind::kFiles || kind == MemberKind::kAccounts) &&
        !used.contains(name)) {
      throw bad(fmt::format("it does not say what {} belongs to", name));
    }
  }
}

// 2026-01-31T12:34:56Z
bool is_time(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:ddZ";
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return false;
  }
  return true;
}

Json parse_json(std::string_view text) {
  if (text.size() > kMaxManifestBytes) throw bad(fmt::format("it is larger than {} MiB", kMaxManifestBytes >> 20));
  try {
    return stream::parse_json(text, {.depth = kMaxDepth});
  } catch (const stream::JsonError& error) {
    throw bad(error.what());
  }
}

}  // namespace

std::string_view to_string(MemberKind kind) {
  switch (kind) {
    case MemberKind::kDump:
      return "dump";
    case MemberKind::kFiles:
      return "files";
    case MemberKind::kAccounts:
      return "accounts";
    case MemberKind::kKeys:
      return "keys";
    case MemberKind::kValues:
      return "values";
  }
  return "";
}

std::string_view to_string(Encoding encoding) {
  switch (encoding) {
    case Encoding::kIdentity:
      return "identity";
    case Encoding::kGzip:
      return "gzip";
    case Encoding::kZstd:
      return "zstd";
  }
  return "";
}

Encoding parse_encoding(std::string_view word) {
  if (const auto encoding = find_encoding(word)) return *encoding;
  throw damaged(fmt::format("There is no encoding {}", word));
}

std::string format_manifest(const Manifest& manifest) {
  OrderedJson json;
  json["format_version"] = manifest.format_version;
  json["tool_version"] = manifest.tool_version;
  json["run_id"] = manifest.run_id;
  json["created_at"] = manifest.created_at;
  json["outage_seconds"] = manifest.outage_seconds;
  json["releases"] = OrderedJson::array();
  for (const auto& release : manifest.releases) {
    json["releases"].push_back({{"name", release.name},
                                {"namespace", release.namespace_},
                                {"chart", release.chart},
                                {"chart_version", release.chart_version},
                                {"app_version", release.app_version},
                                {"revision", release.revision},
                                {"component", release.component}});
  }
  json["schema_versions"] = OrderedJson::object();
  for (const auto& [name, version] : manifest.schema_versions) json["schema_versions"][name] = version;
  json["servers"] = OrderedJson::array();
  for (const auto& server : manifest.servers) {
    json["servers"].push_back({{"id", server.id},
                               {"version", server.version},
                               {"version_comment", server.version_comment},
                               {"lower_case_table_names", server.lower_case_table_names},
                               {"character_set", server.character_set},
                               {"collation", server.collation},
                               {"sides", server.sides},
                               {"max_allowed_packet", server.max_allowed_packet},
                               {"addresses", server.addresses},
                               {"absent", server.absent}});
  }
  json["databases"] = OrderedJson::array();
  for (const auto& database : manifest.databases) {
    json["databases"].push_back({{"server", database.server},
                                 {"name", database.name},
                                 {"member", database.member},
                                 {"plain_bytes_estimate", database.plain_bytes_estimate},
                                 {"tables", database.tables},
                                 {"rows_estimate", database.rows_estimate},
                                 {"longest_statement", database.longest_statement},
                                 {"charset", database.charset},
                                 {"collation", database.collation}});
  }
  json["accounts"] = OrderedJson::array();
  for (const auto& accounts : manifest.accounts) {
    json["accounts"].push_back({{"server", accounts.server}, {"member", accounts.member}, {"names", accounts.names}});
  }
  json["files"] = nullptr;
  if (manifest.files) {
    json["files"] = {{"member", manifest.files->member},
                     {"storage_path", manifest.files->storage_path},
                     {"claim", manifest.files->claim},
                     {"entries", manifest.files->entries}};
  }
  json["keys"] = OrderedJson::array();
  for (const auto& key : manifest.keys) {
    json["keys"].push_back(
        {{"side", key.side}, {"secret", key.secret}, {"name", key.name}, {"fingerprint", key.fingerprint}});
  }
  json["not_included"] = manifest.not_included;
  json["warnings"] = manifest.warnings;
  json["members"] = OrderedJson::array();
  for (const auto& member : manifest.members) {
    json["members"].push_back({{"name", member.name},
                               {"kind", to_string(member.kind)},
                               {"size", member.size},
                               {"sha256", member.sha256},
                               {"encoding", to_string(member.encoding)},
                               {"plain_size", member.plain_size},
                               {"plain_sha256", member.plain_sha256}});
  }
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

Manifest parse_manifest(std::string_view text) {
  const Json json = parse_json(text);
  const Fields from(json, "");
  Manifest manifest;
  manifest.format_version = from.integer("format_version");
  if (manifest.format_version != kFormatVersion) {
    throw Error(fmt::format("the backup has format version {}; this program reads version {}", manifest.format_version,
                            kFormatVersion),
                "Use the version of kubectl-exastro that made the backup, or a newer one.", ExitStatus::kDamaged);
  }
  manifest.tool_version = from.text("tool_version");
  manifest.run_id = from.text("run_id");
  manifest.created_at = from.text("created_at");
  if (!is_time(manifest.created_at)) throw from.wrong("created_at", "a time in UTC");
  manifest.outage_seconds = from.seconds("outage_seconds");
  manifest.schema_versions = from.text_map("schema_versions");
  manifest.releases = from.list("releases", parse_release);
  manifest.servers = from.list("servers", parse_server);
  manifest.databases = from.list("databases", parse_database);
  manifest.accounts = from.list("accounts", parse_accounts);
  if (!from.field("files").is_null()) manifest.files = parse_files(Fields(from.field("files"), "files"));
  manifest.keys = from.list("keys", parse_key);
  manifest.not_included = from.texts("not_included");
  manifest.warnings = from.texts("warnings");
  manifest.members = from.list("members", parse_member);
  if (manifest.members.size() > kMaxMembers) throw bad(fmt::format("it has more than {} members", kMaxMembers));
  check_references(manifest);
  return manifest;
}

}  // namespace exastro::archive
