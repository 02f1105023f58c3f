#include "sequence/restore_server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "process/interrupt.h"
#include "ui/step.h"

namespace exastro {
namespace {

constexpr std::uint64_t kLargestPacket = std::uint64_t{1} << 30;  // MariaDB's own limit
constexpr int kDropTimeoutSeconds = 60;

// A role or a proxy: they are the server's, not an Exastro account's own.
bool is_grant_of_role(const std::string& grant) {
  return grant.starts_with("GRANT `") || grant.starts_with("GRANT '") || grant.starts_with("GRANT PROXY ") ||
         grant.starts_with("SET DEFAULT ROLE");
}

}  // namespace

ServerRestore::ServerRestore(const ProvedBackup& backup, const System& system, StockedServer& stocked,
                             const RestoreRequest& request, archive::Encoding understood, ui::Reporter& reporter,
                             PacketNotes notes)
    : backup_(backup),
      system_(system),
      stocked_(stocked),
      request_(request),
      understood_(understood),
      reporter_(reporter),
      notes_(std::move(notes)),
      id_(fmt::format("{}-{:08x}", stocked.server.id, std::random_device()())) {
  for (const auto& database : backup.reader.manifest().databases) {
    if (database.server == stocked.server.id) databases_.push_back({database.name, database.member});
  }
  for (const auto& accounts : backup.reader.manifest().accounts) {
    if (accounts.server != stocked.server.id) continue;
    has_accounts_ = true;
    for (auto& account : parse_accounts(backup.reader.read_text(accounts.member))) {
      if (is_protected(account.user, {system.platform.admin_user, system.ita.admin_user})) continue;
      if (const auto& theirs = stocked.inventory.of_others;
          std::find(theirs.begin(), theirs.end(), account.name()) != theirs.end()) {
        left_accounts_.push_back(account.name().quoted());
        continue;
      }
      accounts_.push_back(std::move(account));
    }
  }
}

std::vector<std::string> ServerRestore::users() const {
  std::vector<std::string> users;
  for (const auto& account : accounts_) users.push_back(account.user);
  return users;
}

ServerRestore::~ServerRestore() { put_back_packet(); }

void ServerRestore::put_back_packet() {
  if (packet_before_ == 0) return;
  const std::uint64_t before = std::exchange(packet_before_, 0);
  const process::Interrupt::Shield shield;
  try {
    set_packet(before);
    if (notes_.put_back) notes_.put_back(stocked_.server.id);
  } catch (const Error& error) {
    reporter_.warning(fmt::format(
        "max_allowed_packet of the {} server was raised for the restore and could not be put back to {}: {}",
        stocked_.server.id, before, error.what()));
  }
}

void ServerRestore::set_packet(std::uint64_t bytes) { set_largest_packet(stocked_.server, bytes); }

void ServerRestore::prepare() {
  check_fits(backup_.reader.manifest(), stocked_.server, stocked_.inventory.server);
  strip_definers_ = request_.strip_definers || !stocked_.server.database.may_set_definers();
  if (!request_.parts.databases) return;
  plan_loads();
  std::uint64_t longest = 0;
  for (const auto& database : databases_)
    longest = std::max(longest, backup_.dumps.at(database.member).longest_statement);
  const std::uint64_t now = stocked_.inventory.server.max_allowed_packet;
  const std::uint64_t needed = std::min(kLargestPacket, (longest / 1024 + 2) * 1024);
  if (needed <= now) return;
  if (notes_.raising) notes_.raising(stocked_.server.id, now);
  try {
    set_packet(needed);
    packet_before_ = now;
    packet_ = needed;
  } catch (const Error& error) {
    throw Error(
        fmt::format(
            "The backup holds a statement of {} bytes, and max_allowed_packet of the {} server is {} and cannot "
            "be raised: {}",
            longest, stocked_.server.id, now, error.what()),
        fmt::format("Set max_allowed_packet of that server to {} or more, and run the restore again.", needed));
  }
}

void ServerRestore::end_sessions() {
  if (packet_before_ != 0) set_packet(packet_);  // the server may have been started again while the data came
  Database& database = stocked_.server.database;
  const ServerFacts& facts = stocked_.inventory.server;
  std::set<std::string> names;
  for (const auto& entry : databases_) names.insert(facts.folded(entry.name));
  for (const auto& entry : stocked_.inventory.databases) names.insert(facts.folded(entry.name));
  std::set<std::string> users;
  for (const auto& account : stocked_.inventory.accounts) users.insert(account.user);
  std::string statements;
  for (const auto& row : database.query("SELECT ID, USER, HOST, COALESCE(DB, '') FROM information_schema.PROCESSLIST "
                                        "WHERE ID <> CONNECTION_ID();")) {
    if (users.contains(row.at(1))) {
      // Of a pod that is gone. The session may be gone itself by now, which is no error (1094); on a managed server the
      // administrator may not end it (1095).
      statements += fmt::format("BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR 1094, 1095 BEGIN END; KILL {}; END//\n",
                                row.at(0));
    } else if (names.contains(facts.folded(row.at(3)))) {
      reporter_.warning(
          fmt::format("{} from {} is connected to database {}. If it holds a lock, the restore waits {} s for it "
                      "and then fails.",
                      row.at(1), row.at(2), row.at(3), kDropTimeoutSeconds));
    }
  }
  if (!statements.empty()) database.query("DELIMITER //\n" + statements + "DELIMITER ;\n");
}

std::map<std::string, std::string> ServerRestore::secret_passwords() const {
  std::map<std::string, std::string> passwords;
  for (const Side* side : stocked_.server.sides) {
    passwords[side->user] = side->password;
    if (side->id == "platform") passwords[system_.keycloak_user] = system_.keycloak_password;
  }
  return passwords;
}

void ServerRestore::create_accounts() {
  const auto passwords = secret_passwords();
  std::string statements;
  for (const auto& account : accounts_) {
    statements += create_or_replace(account.create) + ";\n";
    // The application logs in with what the Secrets of this system say, whatever it was at the time of the backup.
    if (const auto own = passwords.find(account.user); own != passwords.end()) {
      statements +=
          fmt::format("SET PASSWORD FOR {} = PASSWORD({});\n", account.name().quoted(), quote_text(own->second));
    }
  }
  if (!statements.empty()) stocked_.server.database.query(statements);
}

void ServerRestore::plan_loads() {
  for (const auto& database : databases_) {
    const stream::DumpFacts& facts = backup_.dumps.at(database.member);
    if (strip_definers_) {
      const std::uint64_t end = facts.views_at == 0 ? facts.bytes : facts.views_at;
      dumps_.push_back({&database, {{{0, end}}, true}, 0, {}});
    } else {
      dumps_.push_back({&database, {}, facts.views_at, {}});
    }
    if (facts.views_at == 0) continue;
    // The settings at the dump's beginning are what its end puts back.
    views_.push_back({&database, {{{0, facts.header_bytes}, {facts.views_at, facts.bytes}}, strip_definers_}, 0, {}});
  }
  const auto size_of = [&](const Load& load) { return backup_.reader.member(load.database->member).size; };
  // The last to end is what all wait for.
  std::stable_sort(dumps_.begin(), dumps_.end(), [&](const Load& a, const Load& b) { return size_of(a) > size_of(b); });
}

std::uint64_t ServerRestore::stored_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& load : dumps_) bytes += backup_.reader.member(load.database->member).size;
  return bytes;
}

std::uint64_t ServerRestore::plain_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& load : dumps_) bytes += backup_.dumps.at(load.database->member).bytes;
  return bytes;
}

std::vector<Transfer> ServerRestore::deliveries(kube::Cluster& cluster, const kube::Pod& pod, StagedForm form,
                                                unsigned slots) {
  slots_ = slots;
  std::vector<Transfer> deliveries;
  for (auto* loads : {&dumps_, &views_}) {
    for (auto& load : *loads) {
      const std::string name = fmt::format("{}-{}", id_, deliveries.size());
      deliveries.emplace_back([this, &cluster, pod, name, form, &load](const Passed& passed) {
        MemberSource source(backup_.reader, load.database->member, load.cut, understood_);
        const auto plain = form == StagedForm::kPlain ? std::optional(load.plain_end) : std::nullopt;
        load.delivered = deliver(cluster, pod, name, source, passed, plain);
        count_removed(source.removed_definers());
      });
    }
  }
  return deliveries;
}

void ServerRestore::count_removed(const std::map<std::string, std::uint64_t>& removed) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [account, count] : removed) removed_definers_[account] += count;
}

void ServerRestore::load(const Load& load, const Passed& passed) {
  MemberSource source(backup_.reader, load.database->member, load.cut, understood_);
  const std::uint64_t size = source.size();
  stocked_.server.database.load(
      source.encoding(), size,
      [&](std::span<std::byte> room) {
        const std::size_t count = source.read(room);
        passed(count);
        return count;
      },
      [&] { return source.digest(); }, load.plain_end);
  count_removed(source.removed_definers());
}

void ServerRestore::load_delivered(const std::string& what, const char* group, const std::vector<Load>& loads,
                                   unsigned slots) {
  std::vector<Database::DeliveredDump> dumps;
  for (const auto& load : loads) dumps.push_back({load.database->name, load.delivered.value(), load.plain_end});
  ui::Step step(reporter_, what);
  stocked_.server.database.load_delivered(fmt::format("{}-{}", group, id_), dumps, slots);
  step.done();
}

void ServerRestore::load_all(const std::string& what, const char* group, const std::vector<Load>& loads,
                             unsigned jobs) {
  if (loads.empty()) return;
  const std::string title = fmt::format("{} ({})", what, loads.size());
  if (slots_ > 0) return load_delivered(title, group, loads, jobs == 1 ? 1 : slots_);
  std::uint64_t total = 0;
  std::vector<Transfer> transfers;
  for (const auto& load : loads) {
    total += backup_.reader.member(load.database->member).size;
    transfers.emplace_back([&](const Passed& passed) { this->load(load, passed); });
  }
  ui::Step step(reporter_, title, total);
  make_all(transfers, step, jobs);
  step.done();
}

void ServerRestore::load_databases(const std::function<void()>& before_drop) {
  before_drop();
  std::string drops = fmt::format("SET SESSION lock_wait_timeout = {}, foreign_key_checks = 0;\n", kDropTimeoutSeconds);
  for (const auto& database : databases_)
    drops += fmt::format("DROP DATABASE IF EXISTS {};\n", quote_identifier(database.name));
  stocked_.server.database.query(drops);
  load_all("Loading the databases", "load", dumps_, request_.jobs);
}

void ServerRestore::load_views() {
  // One after the other: for a moment, a view that another one reads is not there.
  load_all("Loading their views", "load-views", views_, 1);
}

void ServerRestore::grant() {
  std::string statements;
  for (const auto& account : accounts_) {
    for (const auto& grant : account.grants) {
      if (is_grant_of_role(grant)) {
        reporter_.warning(fmt::format("Account {} has a role or proxy right that is not restored: {}",
                                      account.name().quoted(), grant));
      } else {
        statements += grant_without_authentication(grant) + ";\n";
      }
    }
  }
  if (!statements.empty()) stocked_.server.database.query(statements);
}

void ServerRestore::drop_extra() {
  std::vector<std::string> dropped;
  std::string statements =
      fmt::format("SET SESSION lock_wait_timeout = {}, foreign_key_checks = 0;\n", kDropTimeoutSeconds);
  const ServerFacts& facts = stocked_.inventory.server;
  if (request_.parts.databases && !databases_.empty()) {
    std::set<std::string> kept;
    for (const auto& database : databases_) kept.insert(facts.folded(database.name));
    for (const auto& database : stocked_.inventory.databases) {
      if (kept.contains(facts.folded(database.name))) continue;
      statements += fmt::format("DROP DATABASE IF EXISTS {};\n", quote_identifier(database.name));
      dropped.push_back("database " + database.name);
    }
  }
  if (request_.parts.accounts && has_accounts_) {
    const auto passwords = secret_passwords();
    std::set<AccountName> kept;
    for (const auto& account : accounts_) kept.insert(account.name());
    for (const auto& account : stocked_.inventory.accounts) {
      if (kept.contains(account) || passwords.contains(account.user)) continue;
      statements += fmt::format("DROP USER IF EXISTS {};\n", account.quoted());
      dropped.push_back("account " + account.quoted());
    }
  }
  if (dropped.empty()) return;
  reporter_.info(fmt::format("Dropping what is Exastro's and not in the backup: {}", fmt::join(dropped, ", ")));
  stocked_.server.database.query(statements);
}

void ServerRestore::move_records(const KeyOf& key_of) {
  if (!request_.parts.databases) return;
  const Inventory now = take_inventory(stocked_.server.database, request_for(system_, stocked_.server));
  unclaimed_ = now.unclaimed;
  std::vector<std::string> former;
  for (const auto& server : backup_.reader.manifest().servers) {
    if (server.id == stocked_.server.id) former = server.addresses;
  }
  records_ = exastro::move_records(stocked_.server, now, former, key_of);
}

void ServerRestore::look_back() {
  for (const auto& [way, count] : records_.moved) {
    reporter_.info(fmt::format("{} connection records were moved: {}", count, way));
  }
  if (records_.administrators > 0) {
    reporter_.info(fmt::format("The administrator's login was renewed in connection records of the {} server.",
                               stocked_.server.id));
  }
  if (!records_.elsewhere.empty()) {
    reporter_.warning(
        fmt::format("Connection records in the restored databases name another server ({}): where these are not "
                    "reached, the screens answer 500.",
                    fmt::join(records_.elsewhere, ", ")));
  }
  for (const auto& [side, count] : records_.unreadable) {
    reporter_.warning(
        fmt::format("{} connection records of side {} hold a password that its ENCRYPT_KEY does not open: there the "
                    "screens answer 500.",
                    count, side));
  }
  for (const auto& name : left_accounts_) {
    reporter_.warning(
        fmt::format("Account {} of the backup has rights on what is not Exastro's here; it was left as it is.", name));
  }
  for (const auto& name : unclaimed_) {
    reporter_.warning(
        fmt::format("Database {} is named like Exastro's, but no record names it; it was left alone.", name));
  }
  for (const auto& [account, count] : removed_definers_) {
    reporter_.warning(
        fmt::format("{} views or routines that ran as {} run now as the administrator: the server cannot set DEFINER, "
                    "or --strip-definer was given.",
                    count, account));
  }
}

}  // namespace exastro
