#include "sequence/inventory.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <regex>
#include <set>

#include "exastro/record_tables.h"
#include "lower_case.h"

namespace exastro {
namespace {

std::uint64_t number(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);  // NULL counts as 0
  return value;
}

std::string listed(const std::set<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + quote_text(name);
  return list;
}

class Stocktaking {
 public:
  Stocktaking(Database& database, const InventoryRequest& request) : database_(database), request_(request) {}

  Inventory take() {
    database_.ask({{[&] { return about_the_server(); }, [&](const auto& answers) { take_server(answers); }},
                   {[&] { return records(false); }, [&](const auto& answers) { take_records(answers[0]); }},
                   {[&] { return records(true); }, [&](const auto& answers) { take_records(answers[0]); }},
                   {[&] { return about_databases(); }, [&](const auto& answers) { take_databases(answers); }}});
    find_accounts();
    return std::move(inventory_);
  }

 private:
  using Questions = std::vector<std::string>;
  using Answers = std::vector<std::vector<Row>>;

  [[nodiscard]] std::string folded(const std::string& name) const { return inventory_.server.folded(name); }

  // What can be asked without knowing which databases are Exastro's.
  static Questions about_the_server() {
    std::string record_tables;
    for (const auto& table : kRecordTables)
      record_tables += (record_tables.empty() ? "" : ", ") + quote_text(table.name);
    return {
        "SELECT VERSION(), @@version_comment, @@lower_case_table_names, @@character_set_server, @@collation_server, "
        "@@global.max_allowed_packet, "
        // By default as many as the machine has processors. Not every build has it.
        "(SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_VARIABLES WHERE VARIABLE_NAME = 'THREAD_POOL_SIZE');",
        "SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA;",
        fmt::format("SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE UPPER(TABLE_NAME) IN ({});",
                    record_tables),
        "SELECT User, Host, Db FROM mysql.db UNION SELECT User, Host, Db FROM mysql.tables_priv UNION "
        "SELECT User, Host, Db FROM mysql.columns_priv UNION SELECT User, Host, Db FROM mysql.procs_priv;",
        "SELECT DISTINCT GRANTEE FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE <> 'USAGE';",
        "SELECT User, Host FROM mysql.user WHERE is_role <> 'Y' ORDER BY User, Host;"};
  }

  void take_server(const Answers& answers) {
    const Row& row = answers.at(0).at(0);
    inventory_.server = {row.at(0), row.at(1),         static_cast<int>(number(row.at(2))),     row.at(3),
                         row.at(4), number(row.at(5)), static_cast<unsigned>(number(row.at(6)))};
    for (const auto& schema : answers.at(1))
      schemata_[folded(schema.at(0))] = {schema.at(0), schema.at(1), schema.at(2), 0, 0, 0};
    record_tables_ = answers.at(2);
    grants_ = answers.at(3);
    for (const auto& grantee : answers.at(4)) privileged_.insert(grantee.at(0));
    users_on_server_ = answers.at(5);
    for (const auto& name : request_.databases) claim_database(name);
  }

  // Counts it as Exastro's.
  void claim_database(const std::string& name) {
    const std::string key = folded(name);
    if (!ours_.insert(key).second) return;
    if (!schemata_.contains(key)) inventory_.absent.push_back(name);
  }

  [[nodiscard]] Questions records(bool of_organization) const {
    std::string union_of;
    for (const auto& row : record_tables_) {
      const RecordTable* table = find_record_table(row.at(1));
      if (table == nullptr || table->of_organization != of_organization || !ours_.contains(folded(row.at(0)))) continue;
      union_of += fmt::format("SELECT '{}', {}, {}, DB_DATABASE, DB_USER, DB_HOST, DB_PORT FROM {}.{};\n", table->side,
                              quote_text(row.at(0)), quote_text(row.at(1)), quote_identifier(row.at(0)),
                              quote_identifier(row.at(1)));
    }
    return union_of.empty() ? Questions() : Questions{union_of};
  }

  void take_records(const std::vector<Row>& rows) {
    for (const auto& row : rows) {
      inventory_.records.push_back({row.at(0), row.at(1), row.at(2), row.at(3), row.at(4), row.at(5), row.at(6)});
      claim_database(row.at(3));
      users_.insert(row.at(4));
    }
  }

  // Of Exastro's databases those that are there, for an IN ().
  [[nodiscard]] std::string existing() const {
    std::set<std::string> names;
    for (const auto& name : ours_) {
      if (const auto found = schemata_.find(name); found != schemata_.end()) names.insert(found->second.name);
    }
    return names.empty() ? "''" : listed(names);
  }

  // Counts what is there as Exastro's, and asks about it.
  Questions about_databases() {
    for (const auto& [key, facts] : schemata_) {
      if (!ours_.contains(key) && looks_like_exastros(facts.name)) inventory_.unclaimed.push_back(facts.name);
    }
    for (const auto& name : ours_) {
      if (auto found = schemata_.find(name); found != schemata_.end()) inventory_.databases.push_back(found->second);
    }
    if (inventory_.databases.empty()) return {};
    const std::string ours = existing();
    std::string views;  // information_schema.TABLES tells this only of views that it has to open for another column
    for (const auto& database : inventory_.databases) {
      views +=
          fmt::format("SELECT 'database', {};\nSHOW TABLE STATUS FROM {} WHERE Comment LIKE '%references invalid%';\n",
                      quote_text(database.name), quote_identifier(database.name));
    }
    return {fmt::format("SELECT TABLE_SCHEMA, COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0), COUNT(*), "
                        "COALESCE(SUM(TABLE_ROWS), 0) "
                        "FROM information_schema.TABLES WHERE TABLE_TYPE <> 'VIEW' AND TABLE_SCHEMA IN ({}) GROUP BY "
                        "TABLE_SCHEMA;",
                        ours),
            fmt::format("SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE TABLE_TYPE = "
                        "'BASE TABLE' AND ENGINE <> 'InnoDB' AND TABLE_SCHEMA IN ({}) ORDER BY 1, 2;",
                        ours),
            fmt::format("SELECT DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA IN ({0}) UNION "
                        "SELECT DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA IN ({0}) UNION "
                        "SELECT DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA IN ({0}) UNION "
                        "SELECT DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN ({0});",
                        ours),
            views,
            // mariadb-dump --events looks for a delimiter that the event does not hold, and never finds one if it holds
            // `;;` (seen with 10.11.19).
            fmt::format("SELECT EVENT_SCHEMA, EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN ({}) AND "
                        "EVENT_DEFINITION LIKE '%;;%' ORDER BY 1, 2;",
                        ours)};
  }

  void take_databases(const Answers& answers) {
    for (const auto& row : answers.at(0)) {
      for (auto& database : inventory_.databases) {
        if (folded(database.name) != folded(row.at(0))) continue;
        database.bytes = number(row.at(1));
        database.tables = number(row.at(2));
        database.rows = number(row.at(3));
      }
    }
    for (const auto& row : answers.at(1))
      inventory_.not_transactional.push_back(fmt::format("{}.{} ({})", row.at(0), row.at(1), row.at(2)));
    for (const auto& row : answers.at(2)) definers_.insert(row.at(0));
    for (const auto& row : answers.at(4)) inventory_.endless_events.push_back(row.at(0) + "." + row.at(1));
    std::string database;
    for (const auto& row : answers.at(3)) {
      if (row.size() == 2 && row[0] == "database") {
        database = row[1];
      } else {
        inventory_.broken_views.push_back(database + "." + row.at(0));
      }
    }
  }

  // Whether every database that the account has grants on is Exastro's; absent from the map are those without grants.
  [[nodiscard]] std::map<AccountName, bool> grants_on_ours() const {
    std::map<AccountName, bool> accounts;
    for (const auto& row : grants_) {
      const bool is_ours = ours_.contains(folded(without_wildcard_escapes(row.at(2))));
      const auto [entry, is_new] = accounts.emplace(AccountName{row.at(0), row.at(1)}, is_ours);
      if (!is_new) entry->second = entry->second && is_ours;
    }
    return accounts;
  }

  void find_accounts() {
    for (const auto& user : request_.users) users_.insert(user);
    const auto grants = grants_on_ours();
    std::vector<AccountName> without_grants;
    for (const auto& row : users_on_server_) {
      const AccountName account{row.at(0), row.at(1)};
      if (is_protected(account.user, request_.administrators)) continue;
      const auto granted = grants.find(account);
      const bool has_global = privileged_.contains(fmt::format("'{}'@'{}'", account.user, account.host));
      const bool is_definer = definers_.contains(account.user + "@" + account.host);
      const bool has_grants = has_global || granted != grants.end();
      if (users_.contains(account.user) || (has_grants ? !has_global && granted->second : is_definer)) {
        inventory_.accounts.push_back(account);
        continue;
      }
      if (has_grants && !looks_like_exastros(account.user)) inventory_.of_others.push_back(account);
      if (is_definer) {
        inventory_.foreign_definers.push_back(account.user + "@" + account.host);
      } else if (!has_grants) {
        without_grants.push_back(account);
      }
    }
    std::set<std::string> our_users;
    for (const auto& account : inventory_.accounts) our_users.insert(account.user);
    for (const auto& account : without_grants) {
      if (our_users.contains(account.user)) inventory_.accounts.push_back(account);
    }
    std::sort(inventory_.accounts.begin(), inventory_.accounts.end());
  }

  Database& database_;
  const InventoryRequest& request_;
  Inventory inventory_;
  std::map<std::string, DatabaseFacts> schemata_;  // by folded name
  std::set<std::string> ours_;                     // folded names
  std::set<std::string> users_;                    // named in Secrets and records
  std::vector<Row> record_tables_;                 // schema and table of whatever is named like one
  std::vector<Row> grants_;                        // user, host and database pattern
  std::set<std::string> privileged_;               // 'user'@'host' of accounts with privileges on the whole server
  std::vector<Row> users_on_server_;               // user and host
  std::set<std::string> definers_;                 // user@host that something of Exastro's runs as
};

}  // namespace

std::string ServerFacts::folded(const std::string& name) const {
  return lower_case_table_names == 0 ? name : lower_case(name);
}

std::uint64_t Inventory::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& database : databases) sum += database.bytes;
  return sum;
}

bool looks_like_exastros(const std::string& name) {
  static const std::regex kName("(PF_ORG|ITA_ORG|ITA_WS)_[A-Z0-9]{20}", std::regex::icase);
  return std::regex_match(name, kName);
}

bool is_protected(const std::string& user, const std::vector<std::string>& administrators) {
  static const std::set<std::string> kServersOwn{"", "root", "mariadb.sys", "healthcheck", "mysql"};
  return kServersOwn.contains(user) ||
         std::find(administrators.begin(), administrators.end(), user) != administrators.end();
}

Inventory take_inventory(Database& database, const InventoryRequest& request) {
  return Stocktaking(database, request).take();
}

}  // namespace exastro
