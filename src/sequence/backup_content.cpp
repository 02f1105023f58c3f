#include "sequence/backup_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "archive/names.h"
#include "exastro/encryption_key.h"
#include "sequence/backup_plan.h"
#include "sequence/keys.h"
#include "stream/digest.h"
#include "stream/dump_check.h"
#include "ui/format.h"
#include "ui/step.h"
#include "version.h"

namespace exastro {
namespace {

using archive::Encoding;
using archive::Manifest;
using archive::MemberKind;

// Streams something into a member that is compressed where it comes from.
template <typename Produce>
void stream_into(archive::BackupWriter::Member& member, ui::Step& step, Produce produce) {
  stream::Digest digest;
  produce(
      [&](std::span<const std::byte> bytes) {
        digest.update(bytes);
        member.write(bytes);
        step.add(bytes.size());
      },
      [&] { return digest.hex(); });
  member.finish();
}

// What the stream itself says of the dump: an exit status of 0 is no proof.
void require_whole(const std::string& database, const stream::DumpFacts& facts) {
  if (!facts.error_line.empty()) {
    throw Error(fmt::format("The dump of {} holds an error of the dump program: {}", database, facts.error_line));
  }
  if (facts.looks_like_dump && facts.complete && !facts.carriage_returns) return;
  throw Error(fmt::format("The dump of {} is not whole: its completion mark is missing after {} bytes.", database,
                          facts.bytes));
}

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

}  // namespace

void check_local_room(const archive::BackupWriter& writer, std::uint64_t estimate) {
  check_local_room(writer.partial_path().empty() ? std::filesystem::temp_directory_path() / "" : writer.partial_path(),
                   estimate);
}

void check_local_room(const std::filesystem::path& place, std::uint64_t estimate) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(place, error);
  if (error || space.available >= estimate / 3) return;
  throw Error(fmt::format("The disk of {} has {} free; this backup is likely to need {} or more.",
                          place.parent_path().string(), ui::bytes_text(space.available), ui::bytes_text(estimate / 3)),
              "Write it elsewhere: -o DIRECTORY/");
}

void require_readable(const FilesFacts& facts) {
  if (facts.unreadable.empty()) return;
  throw Error(fmt::format("Among the shared files are some that the user of Exastro's pods cannot read: {}.",
                          some_of(facts.unreadable)),
              "Make them readable (chmod, chown) or remove them, and run the command again.");
}

std::uint64_t estimated_bytes(const std::vector<StockedServer>& stocked, const FilesFacts& facts) {
  std::uint64_t bytes = facts.bytes;
  for (const auto& entry : stocked) bytes += entry.inventory.bytes();
  return bytes;
}

BackupContent::BackupContent(archive::BackupWriter& writer, const System& system, std::string time_text,
                             ui::Reporter& reporter)
    : writer_(writer), system_(system), time_text_(std::move(time_text)), reporter_(reporter) {
  manifest_.tool_version = kVersion;
  for (const auto& release : system.releases) manifest_.releases.push_back(release_entry(release));
  if (system.has_mongo) {
    manifest_.not_included.emplace_back(
        "MongoDB is part of this system and not of this backup: back it up with its own tools.");
  }
}

void BackupContent::add_all(std::vector<StockedServer>& stocked, SharedFiles& files, const FilesFacts& facts) {
  for (auto& entry : stocked) add_databases(entry);
  for (auto& entry : stocked) add_accounts(entry);
  add_files(files, facts);
  add_keys();
  add_values();
}

void BackupContent::add_databases(StockedServer& stocked) {
  manifest_.servers.push_back(server_entry(system_, stocked));
  for (const auto& facts : stocked.inventory.databases) add_database(stocked.server, facts);
}

void BackupContent::add_database(Server& server, const DatabaseFacts& facts) {
  Manifest::Database entry;
  entry.server = server.id;
  entry.name = facts.name;
  entry.member = archive::dump_member_name(server.id, facts.name, time_text_);
  entry.plain_bytes_estimate = facts.bytes;
  entry.tables = facts.tables;
  entry.rows_estimate = facts.rows;
  entry.charset = facts.character_set;
  entry.collation = facts.collation;
  ui::Step step(reporter_, "Dumping database " + facts.name);
  stream::DumpCheck check;
  const auto member = writer_.begin(entry.member, MemberKind::kDump, Encoding::kGzip, &check);
  stream_into(*member, step, [&](const kube::ByteHandler& sink, const kube::DigestOf& digest) {
    server.database.dump(facts.name, sink, digest);
  });
  require_whole(facts.name, check.facts());
  entry.longest_statement = check.facts().longest_statement;
  step.done(fmt::format("{} tables", facts.tables));
  manifest_.databases.push_back(std::move(entry));
}

void BackupContent::add_accounts(StockedServer& stocked) {
  const auto accounts = stocked.server.database.accounts(stocked.inventory.accounts);
  Manifest::Accounts entry;
  entry.server = stocked.server.id;
  entry.member = archive::accounts_member_name(stocked.server.id);
  for (const auto& account : accounts) entry.names.push_back(account.name().quoted());
  writer_.add(entry.member, MemberKind::kAccounts, to_json_text(accounts));
  manifest_.accounts.push_back(std::move(entry));
}

void BackupContent::add_files(SharedFiles& files, const FilesFacts& facts) {
  ui::Step step(reporter_, "Packing the shared files");
  Manifest::Files entry;
  entry.member = archive::files_member_name(time_text_);
  entry.storage_path = system_.storage.path;
  entry.claim = system_.storage.claim;
  entry.entries = facts.entries;
  const auto member = writer_.begin(entry.member, MemberKind::kFiles, Encoding::kGzip);
  stream_into(*member, step,
              [&](const kube::ByteHandler& sink, const kube::DigestOf& digest) { files.pack(sink, digest); });
  step.done(fmt::format("{} entries", facts.entries));
  manifest_.files = std::move(entry);
}

void BackupContent::add_keys() {
  for (const Side* side : {&system_.platform, &system_.ita})
    manifest_.keys.push_back({side->id, side->names.global_secret, "ENCRYPT_KEY", key_fingerprint(side->encrypt_key)});
  writer_.add(archive::keys_member_name(), MemberKind::kKeys, keys_json_text(system_));
}

void BackupContent::add_values() {
  for (const auto& release : system_.releases) {
    writer_.add(archive::values_member_name(release.namespace_, release.name), MemberKind::kValues,
                release.config.dump(1) + "\n");
  }
}

}  // namespace exastro
