#include "sequence/restore_check.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "archive/encryption.h"
#include "archive/spool.h"
#include "process/interrupt.h"
#include "process/temporary_directory.h"
#include "ui/step.h"

namespace exastro {
namespace {

using archive::Manifest;

archive::FileDescriptor spool_standard_input() {
  if (::isatty(STDIN_FILENO) == 1) {
    throw Error("A backup cannot come from a terminal.", "Redirect it: … --from - < FILE", ExitStatus::kUsage);
  }
  return archive::spool(STDIN_FILENO, process::temporary_directory(),
                        [] { process::Interrupt::wait_readable(STDIN_FILENO); });
}

const Manifest::Server* find_server(const Manifest& manifest, const std::string& id) {
  const auto found = std::find_if(manifest.servers.begin(), manifest.servers.end(),
                                  [&](const Manifest::Server& server) { return server.id == id; });
  return found == manifest.servers.end() ? nullptr : &*found;
}

// "10.11.18-MariaDB" -> "10.11".
std::string two_numbers(const std::string& version) {
  const auto first = version.find('.');
  return version.substr(0, first == std::string::npos ? first : version.find_first_of(".-", first + 1));
}

void check_versions(const Manifest& manifest, const System& system, ui::Reporter& reporter) {
  for (const auto& target : system.releases) {
    for (const auto& source : manifest.releases) {
      if (source.component != target.component()) continue;
      if (version_older(target.app_version, source.app_version)) {
        throw Error(
            fmt::format("The backup is of application version {}, and release {} runs {}, which is older: it does not "
                        "know this database schema.",
                        source.app_version, target.name, target.app_version),
            fmt::format("Upgrade the release to {} first: helm upgrade -n {} {} …", source.app_version,
                        target.namespace_, target.name));
      }
      if (version_older(source.app_version, target.app_version)) {
        reporter.warning(
            fmt::format("The backup is of application version {}, and release {} runs {}: its migration has to run "
                        "again after the restore (kubectl exastro reinstall).",
                        source.app_version, target.name, target.app_version));
      }
    }
  }
}

}  // namespace

InventoryRequest request_for_restore(const System& system, const Server& server, const Manifest& manifest,
                                     const MaintenanceRecord& record) {
  InventoryRequest what = request_for(system, server);
  for (const auto& database : manifest.databases) {
    if (database.server == server.id) what.databases.push_back(database.name);
  }
  what.databases.insert(what.databases.end(), record.brought_databases.begin(), record.brought_databases.end());
  what.users.insert(what.users.end(), record.brought_users.begin(), record.brought_users.end());
  return what;
}

archive::BackupReader open_backup(const std::string& from, ui::Reporter& reporter, const ReadingOptions& options) {
  const bool piped = from == "-";
  const std::string shown = piped ? "standard input" : from;
  std::error_code ignored;
  if (!piped && !std::filesystem::is_regular_file(from, ignored)) {
    // A directory; or what is no file at all, which is for the reader to tell.
    if (const auto set = archive::HandMadeSet::find(from)) return as_backup(*set, options.names, reporter);
    return archive::BackupReader::open(from);
  }
  archive::FileDescriptor file =
      piped ? spool_standard_input() : archive::FileDescriptor(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return archive::BackupReader::open(from);
  const bool encrypted = archive::is_encrypted(file.get());
  if (encrypted) file = archive::decrypt(file.get(), options.identities, process::temporary_directory(), shown);
  // By its path, a single file of a set is known by the others beside it.
  const auto set = piped || encrypted ? archive::HandMadeSet::find(file, shown) : archive::HandMadeSet::find(from);
  if (set) return as_backup(*set, options.names, reporter);
  return archive::BackupReader::open(std::move(file), shown);
}

ProvedBackup prove_backup(const std::string& from, ui::Reporter& reporter, const ReadingOptions& options) {
  ProvedBackup proved{open_backup(from, reporter, options), {}, {}};
  std::uint64_t total = 0;
  for (const auto& member : proved.reader.manifest().members) total += member.size;
  ui::Step step(reporter, "Proving the backup " + proved.reader.shown(), total);
  std::uint64_t before = 0;
  proved.verified = proved.reader.verify(
      [&](std::uint64_t done, std::uint64_t) {
        process::Interrupt::throw_if_requested();
        step.add(done - before);
        before = done;
      },
      [&](const Manifest::Member& member, const stream::DumpFacts& facts) { proved.dumps[member.name] = facts; });
  step.done(fmt::format("{} members", proved.verified.members));
  return proved;
}

void check_fits(const Manifest& manifest, const System& system, ui::Reporter& reporter) {
  check_versions(manifest, system, reporter);
  for (const auto& sentence : manifest.not_included) reporter.warning("Not in this backup: " + sentence);
}

void check_layout(const Manifest& manifest, const std::vector<Server>& servers) {
  if (manifest.servers.empty()) return;  // a set made by hand of the shared files alone
  std::vector<std::string> here;
  std::vector<std::string> there;
  for (const auto& server : servers) here.push_back(server.id);
  for (const auto& server : manifest.servers) there.push_back(server.id);
  if (std::is_permutation(here.begin(), here.end(), there.begin(), there.end())) return;
  throw Error(fmt::format("The backup is of a system with the database servers: {}; this one has: {}.",
                          fmt::join(there, ", "), fmt::join(here, ", ")),
              "Restore it into a system of the same layout: a shared server, or one for each side.");
}

void check_names(const Manifest& manifest, const System& system, const StockedServer& target) {
  const auto& [server, request, inventory] = target;
  std::set<std::string> known;
  for (const auto& database : manifest.databases) {
    if (database.server == server.id) known.insert(inventory.server.folded(database.name));
  }
  if (known.empty()) return;
  const Manifest::Server* source = find_server(manifest, server.id);
  if (source != nullptr) {
    for (const auto& name : source->absent) known.insert(inventory.server.folded(name));
  }
  for (const auto& name : request_for(system, server).databases) {
    if (known.contains(inventory.server.folded(name))) continue;
    throw Error(
        fmt::format(
            "This system keeps its data in database {}, and the backup has none of that name: it is of a system with "
            "other names.",
            name),
        "Restore it into a system whose values name the same databases.");
  }
}

void check_collations(const Manifest& manifest, StockedServer& target) {
  std::set<std::string> known;
  for (const auto& row : target.server.database.query("SELECT COLLATION_NAME FROM information_schema.COLLATIONS;"))
    known.insert(row.at(0));
  for (const auto& database : manifest.databases) {
    if (database.server != target.server.id || database.collation.empty() || known.contains(database.collation))
      continue;
    throw Error(
        fmt::format("Database {} of the backup has the collation {}, which the {} server (MariaDB {}) does not know.",
                    database.name, database.collation, target.server.id, target.inventory.server.version),
        "Restore into a server of the backup's version or a newer one.");
  }
}

void check_accounts(const ProvedBackup& backup, StockedServer& target) {
  std::set<std::string> known;
  for (const auto& row : target.server.database.query("SELECT PLUGIN_NAME FROM information_schema.PLUGINS WHERE "
                                                      "PLUGIN_TYPE = 'AUTHENTICATION' AND PLUGIN_STATUS = 'ACTIVE';"))
    known.insert(row.at(0));
  for (const auto& accounts : backup.reader.manifest().accounts) {
    if (accounts.server != target.server.id) continue;
    for (const auto& account : parse_accounts(backup.reader.read_text(accounts.member))) {
      if (is_protected(account.user, target.request.administrators)) continue;
      for (const auto& plugin : authentication_plugins(account.create)) {
        if (known.contains(plugin)) continue;
        throw Error(fmt::format("Account {} of the backup logs in through the plugin {}, which the {} server does not "
                                "have.",
                                account.name().quoted(), plugin, target.server.id),
                    "Install it there (INSTALL SONAME), or restore without the accounts: --skip accounts");
      }
    }
  }
}

void check_fits(const Manifest& manifest, const Server& server, const ServerFacts& facts) {
  const Manifest::Server* source = find_server(manifest, server.id);
  if (source == nullptr) return;
  // From 10.11.4 to 10.11.3 is fine; from 11.8 to 10.11 brings collations and privileges that it does not know.
  if (version_older(two_numbers(facts.version), two_numbers(source->version))) {
    throw Error(fmt::format("The {} server runs MariaDB {}, older than the {} of the backup.", server.id, facts.version,
                            source->version),
                "Restore into a server of that version or a newer one.");
  }
  const bool folds_here = facts.lower_case_table_names != 0;
  if (folds_here != (source->lower_case_table_names != 0)) {
    throw Error(
        fmt::format(
            "The {} server has lower_case_table_names={}, the one of the backup had {}: names would not be found "
            "again.",
            server.id, facts.lower_case_table_names, source->lower_case_table_names),
        "Restore into a server with the same setting.");
  }
}

}  // namespace exastro
