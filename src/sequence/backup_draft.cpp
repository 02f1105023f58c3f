#include "sequence/backup_draft.h"

#include <fmt/format.h>

#include <algorithm>

#include "archive/damaged.h"
#include "archive/names.h"
#include "exastro/encryption_key.h"
#include "sequence/kept_json.h"
#include "sequence/keys.h"
#include "version.h"

namespace exastro {
namespace {

using archive::Manifest;
using archive::MemberKind;

Manifest::Release release_entry(const Release& release) {
  return {release.name,        release.namespace_, release.chart,      release.chart_version,
          release.app_version, release.revision,   release.component()};
}

Manifest::Server server_entry(const System& system, const StockedServer& stocked) {
  const auto& [server, request, inventory] = stocked;
  const ServerFacts& facts = inventory.server;
  Manifest::Server entry;
  entry.id = server.id;
  entry.version = facts.version;
  entry.version_comment = facts.version_comment;
  entry.lower_case_table_names = facts.lower_case_table_names;
  entry.character_set = facts.character_set;
  entry.collation = facts.collation;
  entry.max_allowed_packet = facts.max_allowed_packet;
  for (const Side* side : server.sides) {
    entry.sides.push_back(side->id);
    const std::string address = side->host + ":" + side->port;
    if (std::find(entry.addresses.begin(), entry.addresses.end(), address) == entry.addresses.end())
      entry.addresses.push_back(address);
  }
  for (const auto& name : request_for(system, server).databases) {
    if (std::find(inventory.absent.begin(), inventory.absent.end(), name) != inventory.absent.end())
      entry.absent.push_back(name);
  }
  return entry;
}

Manifest::Database database_entry(const Server& server, const DatabaseFacts& facts, const BackupDraft& draft) {
  Manifest::Database entry;
  entry.server = server.id;
  entry.name = facts.name;
  entry.member = archive::dump_member_name(server.id, facts.name, draft.time_text, draft.encoding);
  entry.plain_bytes_estimate = facts.bytes;
  entry.tables = facts.tables;
  entry.rows_estimate = facts.rows;
  entry.charset = facts.character_set;
  entry.collation = facts.collation;
  return entry;
}

MemberKind parse_kind(const std::string& text) {
  for (const MemberKind kind : {MemberKind::kAccounts, MemberKind::kKeys, MemberKind::kValues}) {
    if (text == to_string(kind)) return kind;
  }
  throw archive::damaged(fmt::format("What the maintenance pod keeps has a small member of kind {}", text));
}

// The manifest's own reader wants every member that it names.
Manifest with_members(const BackupDraft& draft) {
  Manifest manifest = draft.manifest;
  const auto add = [&](const std::string& name, MemberKind kind) {
    Manifest::Member member;
    member.name = name;
    member.kind = kind;
    member.sha256 = member.plain_sha256 = std::string(64, '0');
    manifest.members.push_back(std::move(member));
  };
  for (const auto& database : manifest.databases) add(database.member, MemberKind::kDump);
  if (manifest.files) add(manifest.files->member, MemberKind::kFiles);
  for (const auto& small : draft.small) add(small.name, small.kind);
  return manifest;
}

}  // namespace

BackupDraft begin_draft(const System& system, std::string time_text) {
  BackupDraft draft;
  draft.time_text = std::move(time_text);
  draft.manifest.tool_version = kVersion;
  for (const auto& release : system.releases) draft.manifest.releases.push_back(release_entry(release));
  if (system.has_mongo) {
    draft.manifest.not_included.emplace_back(
        "MongoDB is part of this system and not of this backup: back it up with its own tools.");
  }
  return draft;
}

void complete_draft(BackupDraft& draft, const System& system, const std::vector<StockedServer>& stocked,
                    const FilesFacts& facts) {
  Manifest& manifest = draft.manifest;
  for (const auto& entry : stocked) {
    manifest.servers.push_back(server_entry(system, entry));
    for (const auto& database : entry.inventory.databases)
      manifest.databases.push_back(database_entry(entry.server, database, draft));
  }
  Manifest::Files files;
  files.member = archive::files_member_name(draft.time_text, draft.encoding);
  files.storage_path = system.storage.path;
  files.claim = system.storage.claim;
  files.entries = facts.entries;
  manifest.files = std::move(files);
  for (const Side* side : {&system.platform, &system.ita})
    manifest.keys.push_back({side->id, side->names.global_secret, "ENCRYPT_KEY", key_fingerprint(side->encrypt_key)});
  draft.small.push_back({archive::keys_member_name(), MemberKind::kKeys, keys_json_text(system)});
  for (const auto& release : system.releases) {
    draft.small.push_back({archive::values_member_name(release.namespace_, release.name), MemberKind::kValues,
                           release.config.dump(1) + "\n"});
  }
}

void draft_accounts(BackupDraft& draft, std::vector<StockedServer>& stocked) {
  for (auto& [server, request, inventory] : stocked) {
    const auto accounts = server.database.accounts(inventory.accounts);
    Manifest::Accounts entry;
    entry.server = server.id;
    entry.member = archive::accounts_member_name(server.id);
    for (const auto& account : accounts) entry.names.push_back(account.name().quoted());
    draft.small.push_back({entry.member, MemberKind::kAccounts, to_json_text(accounts)});
    draft.manifest.accounts.push_back(std::move(entry));
  }
}

std::string format_draft(const BackupDraft& draft) {
  Json small = Json::array();
  for (const auto& member : draft.small)
    small.push_back({{"name", member.name}, {"kind", to_string(member.kind)}, {"text", member.text}});
  const Json json = {{"time", draft.time_text},
                     {"encoding", archive::to_string(draft.encoding)},
                     {"manifest", archive::format_manifest(with_members(draft))},
                     {"small", std::move(small)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

BackupDraft parse_draft(std::string_view text) {
  return read_kept(text, [](const Json& json) {
    BackupDraft draft;
    draft.time_text = json.at("time");
    draft.encoding = archive::parse_encoding(json.at("encoding").get<std::string>());
    draft.manifest = archive::parse_manifest(json.at("manifest").get<std::string>());
    draft.manifest.members.clear();
    for (const auto& member : json.at("small"))
      draft.small.push_back({member.at("name"), parse_kind(member.at("kind")), member.at("text")});
    return draft;
  });
}

}  // namespace exastro
