#include "sequence/inspect.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <chrono>

#include "archive/file_descriptor.h"
#include "archive/final_name.h"
#include "exastro/yaml.h"
#include "process/interrupt.h"
#include "ui/format.h"
#include "ui/table.h"

namespace exastro {
namespace {

using archive::Manifest;
using Json = nlohmann::json;
using ui::Table;

constexpr auto kRight = Table::Align::kRight;

std::string line(std::string_view name, std::string_view text) { return fmt::format("{:<10} {}\n", name, text); }

Json to_json(const archive::BackupReader& backup) {
  Json json = Json::parse(format_manifest(backup.manifest()));
  json["from"] = backup.shown();
  return json;
}

const Manifest::Member* find_member(const Manifest& manifest, const std::string& name) {
  for (const auto& member : manifest.members) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

// What it is, of which system, made when and how.
std::string head_text(const archive::BackupReader& backup) {
  const Manifest& manifest = backup.manifest();
  std::uint64_t bytes = 0;
  for (const auto& member : manifest.members) bytes += member.size;
  std::string text = line(
      "Backup", fmt::format("{}, {} in {} members", backup.shown(), ui::bytes_text(bytes), manifest.members.size()));
  text += line("Made", fmt::format("{}, by version {} of the program, services stopped for {}", manifest.created_at,
                                   manifest.tool_version.empty() ? "?" : manifest.tool_version,
                                   ui::duration_text(std::chrono::duration<double>(manifest.outage_seconds))));
  for (const auto& release : manifest.releases) {
    text += line("Release", fmt::format("{}/{}, application {}, chart {} {}, revision {} ({})", release.namespace_,
                                        release.name, release.app_version, release.chart, release.chart_version,
                                        release.revision, release.component));
  }
  for (const auto& server : manifest.servers) {
    text += line("Server",
                 fmt::format("{}, MariaDB {}, {}/{}, lower_case_table_names={}{}", server.id, server.version,
                             server.character_set, server.collation, server.lower_case_table_names,
                             server.addresses.empty() ? "" : fmt::format(", {}", fmt::join(server.addresses, " "))));
  }
  std::vector<std::string> versions;
  for (const auto& [part, version] : manifest.schema_versions) versions.push_back(part + " " + version);
  if (!versions.empty()) text += line("Schema", fmt::format("{}", fmt::join(versions, ", ")));
  if (const auto& files = manifest.files) {
    const Manifest::Member* member = find_member(manifest, files->member);
    text += line("Files", fmt::format("{} entries, {} unpacked, of claim {}, mounted at {}", files->entries,
                                      ui::bytes_text(member != nullptr ? member->plain_size : 0), files->claim,
                                      files->storage_path));
  }
  for (const auto& sentence : manifest.not_included) text += line("Not in it", sentence);
  for (const auto& warning : manifest.warnings) text += line("Warning", warning);
  return text;
}

std::string databases_text(const Manifest& manifest) {
  Table table({{"DATABASE"},
               {"SERVER"},
               {"TABLES", kRight},
               {"ROWS, ABOUT", kRight},
               {"SQL", kRight},
               {"IN THE FILE", kRight}});
  for (const auto& database : manifest.databases) {
    const Manifest::Member* member = find_member(manifest, database.member);
    table.add({database.name, database.server, std::to_string(database.tables), std::to_string(database.rows_estimate),
               ui::bytes_text(member != nullptr ? member->plain_size : 0),
               ui::bytes_text(member != nullptr ? member->size : 0)});
  }
  return table.text();
}

std::string accounts_text(const Manifest& manifest) {
  Table table({{"ACCOUNT"}, {"SERVER"}});
  for (const auto& accounts : manifest.accounts) {
    for (const auto& name : accounts.names) table.add({name, accounts.server});
  }
  return table.text();
}

std::string keys_text(const Manifest& manifest) {
  Table table({{"KEY"}, {"SIDE"}, {"SECRET"}, {"FINGERPRINT"}});
  for (const auto& key : manifest.keys) table.add({key.name, key.side, key.secret, key.fingerprint});
  return table.text();
}

std::string members_text(const Manifest& manifest) {
  Table table({{"MEMBER"}, {"KIND"}, {"SIZE", kRight}, {"UNPACKED", kRight}});
  for (const auto& member : manifest.members) {
    table.add({member.name, std::string(to_string(member.kind)), ui::bytes_text(member.size),
               ui::bytes_text(member.plain_size)});
  }
  return table.text();
}

}  // namespace

std::string inspect_text(const archive::BackupReader& backup) {
  std::string text = head_text(backup);
  for (const auto& part : {databases_text(backup.manifest()), accounts_text(backup.manifest()),
                           keys_text(backup.manifest()), members_text(backup.manifest())}) {
    if (!part.empty()) text += "\n" + part;
  }
  return text;
}

std::string inspect_json(const archive::BackupReader& backup) { return to_json(backup).dump(1) + "\n"; }

std::string inspect_yaml(const archive::BackupReader& backup) { return to_yaml(to_json(backup)); }

void extract(const archive::BackupReader& backup, const std::string& name, const std::string& target) {
  const Manifest::Member* member = find_member(backup.manifest(), name);
  if (member == nullptr) {
    throw Error(fmt::format("{} has no member {}.", backup.shown(), name),
                "See its members with `kubectl exastro inspect`, without --extract.", ExitStatus::kNotFound);
  }
  if (!target.empty() && target != "-") {
    archive::PrivateFile file(target);
    stream::CallbackSink out([&](std::span<const std::byte> bytes) {
      process::Interrupt::throw_if_requested();
      file.write(bytes);
    });
    backup.read(name, out);
    file.finish();
    return;
  }
  if (member->encoding != archive::Encoding::kIdentity && ::isatty(STDOUT_FILENO) == 1) {
    throw Error(fmt::format("{} is compressed, and not for a terminal.", name),
                fmt::format("Give a file with -o, or: … | {} -dc | less", to_string(member->encoding)),
                ExitStatus::kUsage);
  }
  const process::Interrupt::Plain plain;  // whoever reads may have stopped to
  stream::CallbackSink out(
      [](std::span<const std::byte> bytes) { archive::write_all(STDOUT_FILENO, bytes, "standard output"); });
  backup.read(name, out);
}

}  // namespace exastro
