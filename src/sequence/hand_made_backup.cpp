#include "sequence/hand_made_backup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "archive/backup_writer.h"
#include "archive/damaged.h"
#include "archive/files_repack.h"
#include "archive/names.h"
#include "archive/spool.h"
#include "lower_case.h"
#include "process/interrupt.h"
#include "process/temporary_directory.h"
#include "sequence/backup_plan.h"
#include "sequence/hand_made_dump.h"
#include "sequence/inventory.h"
#include "stream/dump_check.h"
#include "stream/gzip.h"
#include "stream/terminal_repair.h"
#include "ui/step.h"
#include "version.h"

namespace exastro {
namespace {

using archive::Encoding;
using archive::HandMadeFile;
using archive::HandMadeKind;
using archive::Manifest;
using archive::MemberKind;

constexpr int kLevel = 1;
// gzip unpacks to a thousand times its size at most: what one pull of the files holds stays below 4 MiB.
constexpr std::size_t kPiece = std::size_t{4} << 10;

// "20260131-123456" as "2026-01-31T12:34:56Z".
std::string as_utc(const std::string& ts) {
  return fmt::format("{}-{}-{}T{}:{}:{}Z", ts.substr(0, 4), ts.substr(4, 2), ts.substr(6, 2), ts.substr(9, 2),
                     ts.substr(11, 2), ts.substr(13, 2));
}

// One server, as its dump shows it.
struct DumpedServer {
  explicit DumpedServer(PartsFile& parts) : dump(std::make_unique<HandMadeDump>(parts)) {}

  std::string id;
  std::string file;  // the dump's name
  std::string version;
  std::unique_ptr<HandMadeDump> dump;
  std::vector<const ExastroNames::Side*> sides;
};

class Conversion {
 public:
  Conversion(const archive::HandMadeSet& set, const ExastroNames& names, ui::Reporter& reporter)
      : set_(set),
        names_(names),
        reporter_(reporter),
        directory_(process::temporary_directory()),
        parts_(directory_),
        writer_(archive::BackupWriter::unnamed(directory_)) {}

  archive::BackupReader run() {
    std::uint64_t total = 0;
    for (const auto& file : set_.files()) {
      if (is_read(file)) total += file.size;
    }
    require_room(total);
    ui::Step step(reporter_, "Reading the set made by hand in " + set_.shown(), total);
    step_ = &step;
    set_.read([](const HandMadeFile& file) { return is_read(file); },
              [&](const HandMadeFile& file, const archive::PullBytes& pull) {
                if (file.kind == HandMadeKind::kDump) {
                  read_dump(file, pull);
                } else {
                  read_files(file, pull);
                }
              });
    arrange();
    for (auto& server : servers_) add_databases(server);
    for (auto& server : servers_) add_accounts(server);
    tell_what_is_missing();
    manifest_.tool_version = kVersion;
    manifest_.created_at = as_utc(set_.files().front().time);
    writer_.finish(manifest_);
    step.done(fmt::format("{} databases", manifest_.databases.size()));
    for (const auto& warning : manifest_.warnings) reporter_.warning(warning);
    return archive::BackupReader::open(writer_.release(), set_.shown());
  }

 private:
  static bool is_read(const HandMadeFile& file) {
    return file.kind == HandMadeKind::kDump || file.kind == HandMadeKind::kFiles;
  }

  // What comes in is written twice, compressed less well: as parts, and as the backup.
  void require_room(std::uint64_t total) {
    const auto probe = archive::make_unnamed_file(directory_);
    archive::check_room(probe.get(), directory_, total * 3);
  }

  std::span<const std::byte> pulled(const archive::PullBytes& pull) {
    process::Interrupt::throw_if_requested();
    const auto bytes = pull();
    step_->add(bytes.size());
    return bytes;
  }

  void read_dump(const HandMadeFile& file, const archive::PullBytes& pull) {
    DumpedServer& server = servers_.emplace_back(parts_);
    server.id = file.side;
    server.file = file.name;
    stream::DumpSplitter splitter(*server.dump, "");
    stream::DumpCheck check(&splitter);
    stream::TerminalRepair repair(check);
    stream::GzipDecompressor unpack(repair);
    try {
      for (auto bytes = pulled(pull); !bytes.empty(); bytes = pulled(pull)) unpack.write(bytes);
      unpack.finish();
    } catch (const Error&) {
      require_no_error(check.facts());  // a better reason than what it has led to
      throw;
    }
    require_no_error(check.facts());
    server.dump->finish();
    server.version = splitter.server_version();
    if (repair.carriage_returns() > 0) {
      warn(fmt::format(
          "{} went through a terminal (kubectl exec -t): the CR that this put before each of its {} line ends "
          "was taken off.",
          file.name, repair.carriage_returns()));
    }
    for (const auto& message : repair.messages()) {
      warn(fmt::format("A message of the dump program was taken off the head of {}: {}", file.name, message));
    }
  }

  static void require_no_error(const stream::DumpFacts& facts) {
    if (facts.error_line.empty()) return;
    throw archive::damaged(
        fmt::format("it holds an error of the dump program, so something is missing: {}", facts.error_line));
  }

  void read_files(const HandMadeFile& file, const archive::PullBytes& pull) {
    Manifest::Files entry;
    entry.member = archive::files_member_name(file.time, Encoding::kGzip);
    entry.storage_path = names_.storage_path;
    const auto member = writer_.begin(entry.member, MemberKind::kFiles, Encoding::kGzip);
    stream::GzipCompressor gzip(*member, kLevel);

    std::vector<std::byte> plain;
    stream::CallbackSink collect(
        [&](std::span<const std::byte> bytes) { plain.insert(plain.end(), bytes.begin(), bytes.end()); });
    stream::GzipDecompressor unpack(collect);
    std::span<const std::byte> stored;
    bool ended = false;
    const auto repacked = archive::repack_files(
        [&]() -> std::span<const std::byte> {
          plain.clear();
          while (plain.empty() && !ended) {
            if (stored.empty()) stored = pulled(pull);
            ended = stored.empty();
            if (ended) {
              unpack.finish();
            } else {
              unpack.write(stored.first(std::min(kPiece, stored.size())));
              stored = stored.subspan(std::min(kPiece, stored.size()));
            }
          }
          return plain;
        },
        names_.storage_path, gzip);
    entry.entries = repacked.entries;
    manifest_.files = std::move(entry);
    if (!repacked.left.empty()) {
      warn(fmt::format("Pipes or sockets among the shared files are left out: {}.", some_of(repacked.left)));
    }
  }

  // Which server is which: a set of one dump is of a system with a shared server, and so is one whose two dumps are of
  // the same server.
  void arrange() {
    std::sort(servers_.begin(), servers_.end(), [](const auto& a, const auto& b) { return a.id > b.id; });
    if (servers_.size() == 2 && has_all(servers_[0], names_.ita) && has_all(servers_[1], names_.platform)) {
      warn(fmt::format("{} and {} are dumps of one server, which both sides share: the former is used.",
                       servers_[0].file, servers_[1].file));
      servers_.pop_back();
    }
    if (servers_.size() == 1) {
      DumpedServer& server = servers_.front();
      if (server.id == "ita" && !has_all(server, names_.platform)) {
        throw archive::damaged(
            fmt::format("{}: the dump of the platform's server is missing: exastro_mysqldump_platform_db_<time>.sql.gz",
                        set_.shown()));
      }
      server.id = "shared";
      server.sides = {&names_.platform, &names_.ita};
      return;
    }
    for (auto& server : servers_) server.sides = {server.id == "platform" ? &names_.platform : &names_.ita};
  }

  static bool has_all(const DumpedServer& server, const ExastroNames::Side& side) {
    return std::all_of(side.databases.begin(), side.databases.end(),
                       [&](const std::string& name) { return find_database(server, name).has_value(); });
  }

  // The dump's own spelling of a name; servers that keep names in lower case compare them so.
  static std::optional<std::string> find_database(const DumpedServer& server, const std::string& name) {
    if (server.dump->databases().contains(name)) return name;
    const std::string lower = lower_case(name);
    if (lower != name && server.dump->databases().contains(lower)) return lower;
    return std::nullopt;
  }

  // The databases of the dump that are Exastro's: those that the ConfigMaps name, and that connection records in any of
  // these name. A name that looks like it is no reason: another system's databases may be on the same server.
  static std::set<std::string> databases_of(const DumpedServer& server) {
    std::set<std::string> ours;
    const auto claim = [&](const std::string& name) {
      const auto found = find_database(server, name);
      return found && ours.insert(*found).second;
    };
    for (const auto* side : server.sides) {
      for (const auto& name : side->databases) claim(name);
    }
    for (bool more = true; more;) {
      more = false;
      for (const auto& record : server.dump->records()) {
        if (ours.contains(record.kept_in) && claim(record.database)) more = true;
      }
    }
    std::erase_if(ours, [&](const auto& name) { return server.dump->databases().at(name).body.empty(); });
    return ours;
  }

  void add_databases(const DumpedServer& server) {
    const auto ours = databases_of(server);
    for (const auto* side : server.sides) {
      for (const auto& name : side->databases) {
        if (const auto found = find_database(server, name); found && ours.contains(*found)) continue;
        throw archive::damaged(
            fmt::format("{}: {} has no database {}, which Exastro's ConfigMaps name", set_.shown(), server.file, name));
      }
    }
    Manifest::Server entry;
    entry.id = server.id;
    entry.version = server.version;
    // Told by the names: a server that keeps them as they are given has those of Exastro in capitals.
    const bool all_lower =
        std::all_of(ours.begin(), ours.end(), [](const auto& name) { return lower_case(name) == name; });
    entry.lower_case_table_names = all_lower ? 1 : 0;
    for (const auto* side : server.sides) entry.sides.emplace_back(side == &names_.platform ? "platform" : "ita");
    manifest_.servers.push_back(std::move(entry));
    for (const auto& name : ours) add_database(server, name);
    for (const auto& [name, database] : server.dump->databases()) {
      if (looks_like_exastros(name) && !ours.contains(name))
        warn(fmt::format("Database {} is named like Exastro's, but no record names it: it is left out.", name));
    }
  }

  void add_database(const DumpedServer& server, const std::string& name) {
    process::Interrupt::throw_if_requested();
    const HandMadeDump::Database& database = server.dump->databases().at(name);
    Manifest::Database entry;
    entry.server = server.id;
    entry.name = name;
    entry.member = archive::dump_member_name(server.id, name, set_.files().front().time, Encoding::kGzip);
    entry.plain_bytes_estimate = database.plain_bytes;
    entry.tables = database.tables;
    entry.charset = database.character_set;
    entry.collation = database.collation;
    stream::DumpCheck check;
    const auto member = writer_.begin(entry.member, MemberKind::kDump, Encoding::kGzip, &check);
    add_text(*member, server.dump->header());
    for (const auto* parts : {&database.body, &database.programs, &database.views}) {
      for (const auto& part : *parts) parts_.copy(part, *member);
    }
    add_text(*member, "\n-- Dump completed\n");
    member->finish();
    const stream::DumpFacts& facts = check.facts();
    if (!facts.looks_like_dump || !facts.complete || !facts.error_line.empty()) {
      throw archive::damaged(fmt::format("{}: what {} says of database {} cannot be told apart from the rest",
                                         set_.shown(), server.file, name));
    }
    entry.longest_statement = facts.longest_statement;
    manifest_.databases.push_back(std::move(entry));
  }

  static void add_text(stream::Sink& member, std::string_view text) {
    stream::CallbackSink out([&](std::span<const std::byte> bytes) { member.write(bytes); });
    stream::GzipCompressor gzip(out, kLevel);
    gzip.write(stream::as_bytes(text));
    gzip.finish();
  }

  void add_accounts(const DumpedServer& server) {
    if (!server.dump->has_system_tables()) {
      manifest_.not_included.push_back(
          fmt::format("The accounts of the {} server: {} is without the database mysql.", server.id, server.file));
      return;
    }
    const auto ours = databases_of(server);
    PrivilegeTables::Choice choice;
    for (const auto* side : server.sides) choice.users.insert(side->users.begin(), side->users.end());
    for (const auto& record : server.dump->records()) {
      if (ours.contains(record.kept_in)) choice.users.insert(record.user);
    }
    for (const auto& name : ours) {
      const auto& definers = server.dump->databases().at(name).definers;
      choice.definers.insert(definers.begin(), definers.end());
    }
    choice.is_protected = [&](const std::string& user) { return is_protected(user, names_.administrators); };
    choice.is_exastros = [&](const std::string& name) {
      const auto found = find_database(server, name);
      return found && ours.contains(*found);
    };
    const auto accounts = server.dump->privileges().accounts(choice);
    Manifest::Accounts entry;
    entry.server = server.id;
    entry.member = archive::accounts_member_name(server.id);
    for (const auto& account : accounts) entry.names.push_back(account.name().quoted());
    writer_.add(entry.member, MemberKind::kAccounts, to_json_text(accounts));
    manifest_.accounts.push_back(std::move(entry));
  }

  void tell_what_is_missing() {
    const auto has = [&](HandMadeKind kind) {
      return std::any_of(set_.files().begin(), set_.files().end(), [&](const auto& file) { return file.kind == kind; });
    };
    manifest_.not_included.emplace_back(
        "The keys, ENCRYPT_KEY: what the databases keep encrypted can be read only if this system has those of the "
        "set's.");
    const bool has_events =
        std::any_of(servers_.begin(), servers_.end(), [](const auto& server) { return server.dump->has_events(); });
    if (!servers_.empty() && !has_events) {
      manifest_.not_included.emplace_back(
          "Events: mysqldump leaves them out of --all-databases, unless it is told --events.");
    }
    if (!has(HandMadeKind::kDump)) manifest_.not_included.emplace_back("The databases: the set has no dump of them.");
    if (!has(HandMadeKind::kFiles)) {
      manifest_.not_included.emplace_back("The shared files: the set has no exastro_storage_backup_ita_<time>.tar.gz.");
    }
    if (has(HandMadeKind::kMongo)) {
      manifest_.not_included.emplace_back("MongoDB: its dump in the set is not restored; use mongorestore.");
    }
  }

  void warn(const std::string& warning) { manifest_.warnings.push_back(warning); }

  const archive::HandMadeSet& set_;
  const ExastroNames& names_;
  ui::Reporter& reporter_;
  std::filesystem::path directory_;
  PartsFile parts_;
  archive::BackupWriter writer_;
  ui::Step* step_ = nullptr;
  std::vector<DumpedServer> servers_;
  Manifest manifest_;
};

}  // namespace

ExastroNames exastro_names(const System& system) {
  ExastroNames names;
  names.platform = {{system.platform.database, system.keycloak_database}, {system.platform.user, system.keycloak_user}};
  names.ita = {{system.ita.database}, {system.ita.user}};
  names.administrators = {system.platform.admin_user, system.ita.admin_user};
  names.storage_path = system.storage.path;
  return names;
}

archive::BackupReader as_backup(const archive::HandMadeSet& set, const ExastroNames& names, ui::Reporter& reporter) {
  return Conversion(set, names, reporter).run();
}

}  // namespace exastro
