#include "sequence/connection_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "exastro/account.h"
#include "exastro/encryption_key.h"

namespace exastro {
namespace {

constexpr const char* kAdministratorTable = "T_COMN_ORGANIZATION_DB_INFO";

std::string address_of(const std::string& host, const std::string& port) { return host + ":" + port; }
std::string address_of(const ConnectionRecord& record) { return address_of(record.host, record.port); }

class Move {
 public:
  Move(Server& server, const Inventory& inventory, const std::vector<std::string>& former, const KeyOf& key_of)
      : server_(server), inventory_(inventory), former_(former.begin(), former.end()), key_of_(key_of) {
    for (const Side* side : server.sides) here_.insert(address_of(side->host, side->port));
  }

  RecordChanges run() {
    for (const Side* side : server_.sides) {
      move_hosts(*side);
      check_passwords(*side);
      if (side->id == "ita") renew_administrators(*side);
    }
    if (!statements_.empty()) server_.database.query("START TRANSACTION;\n" + statements_ + "COMMIT;\n");
    return std::move(changes_);
  }

 private:
  [[nodiscard]] std::set<std::string> former_addresses(const Side& side) const {
    if (!former_.empty()) return former_;
    std::set<std::string> shared;
    for (const auto& record : inventory_.records) {
      if (record.side == side.id) shared.insert(address_of(record));
    }
    return shared.size() == 1 ? shared : std::set<std::string>{};
  }

  void move_hosts(const Side& side) {
    const auto former = former_addresses(side);
    std::set<std::tuple<std::string, std::string, std::string, std::string>> done;
    for (const auto& record : inventory_.records) {
      if (record.side != side.id || here_.contains(address_of(record))) continue;
      if (!former.contains(address_of(record))) {
        changes_.elsewhere.insert(address_of(record));
        continue;
      }
      ++changes_.moved[fmt::format("{} -> {}", address_of(record), address_of(side.host, side.port))];
      if (!done.emplace(record.kept_in, record.table, record.host, record.port).second) continue;
      statements_ +=
          fmt::format("UPDATE {}.{} SET DB_HOST = {}, DB_PORT = {} WHERE DB_HOST = {} AND DB_PORT = {};\n",
                      quote_identifier(record.kept_in), quote_identifier(record.table), quote_text(side.host),
                      quote_text(side.port), quote_text(record.host), quote_text(record.port));
    }
  }

  // The tables of a side that hold records, as DATABASE.TABLE, quoted.
  [[nodiscard]] std::set<std::string> tables_of(const Side& side) const {
    std::set<std::string> tables;
    for (const auto& record : inventory_.records) {
      if (record.side == side.id)
        tables.insert(quote_identifier(record.kept_in) + "." + quote_identifier(record.table));
    }
    return tables;
  }

  void check_passwords(const Side& side) {
    std::string questions;
    for (const auto& table : tables_of(side)) {
      questions += fmt::format("SELECT DB_PASSWORD FROM {} WHERE DB_PASSWORD <> '';\n", table);
    }
    if (questions.empty()) return;
    for (const auto& row : server_.database.query(questions)) {
      if (!decrypt_secret(key_of_(side), row.at(0))) ++changes_.unreadable[side.id];
    }
  }

  // Of the records that lead, or will lead, to this server.
  void renew_administrators(const Side& side) {
    std::set<std::string> leading = former_addresses(side);
    leading.insert(here_.begin(), here_.end());
    for (const auto& [schema, table] : administrator_tables()) {
      const std::string name = quote_identifier(schema) + "." + quote_identifier(table);
      for (const auto& row : server_.database.query(
               fmt::format("SELECT DISTINCT DB_ADMIN_USER, DB_ADMIN_PASSWORD, DB_HOST, DB_PORT FROM {} WHERE "
                           "DB_ADMIN_PASSWORD <> '';",
                           name))) {
        if (!leading.contains(address_of(row.at(2), row.at(3)))) continue;
        const auto password = decrypt_secret(key_of_(side), row.at(1));
        if (row.at(0) == side.admin_user && password == side.admin_password) continue;
        ++changes_.administrators;
        statements_ +=
            fmt::format("UPDATE {} SET DB_ADMIN_USER = {}, DB_ADMIN_PASSWORD = {} WHERE DB_ADMIN_PASSWORD = {};\n",
                        name, quote_text(side.admin_user),
                        quote_text(encrypt_secret(key_of_(side), side.admin_password)), quote_text(row.at(1)));
      }
    }
  }

  // That have the columns: versions differ.
  std::vector<std::pair<std::string, std::string>> administrator_tables() {
    std::string where;
    for (const auto& database : inventory_.databases) {
      where += (where.empty() ? "" : ", ") + quote_text(database.name);
    }
    std::vector<std::pair<std::string, std::string>> tables;
    if (where.empty()) return tables;
    for (const auto& row : server_.database.query(
             fmt::format("SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN ({}) "
                         "AND UPPER(TABLE_NAME) = '{}' AND COLUMN_NAME IN ('DB_ADMIN_USER', 'DB_ADMIN_PASSWORD') "
                         "GROUP BY TABLE_SCHEMA, TABLE_NAME HAVING COUNT(*) = 2;",
                         where, kAdministratorTable))) {
      tables.emplace_back(row.at(0), row.at(1));
    }
    return tables;
  }

  Server& server_;
  const Inventory& inventory_;
  std::set<std::string> former_;
  const KeyOf& key_of_;
  std::set<std::string> here_;
  RecordChanges changes_;
  std::string statements_;
};

}  // namespace

RecordChanges move_records(Server& server, const Inventory& inventory, const std::vector<std::string>& former,
                           const KeyOf& key_of) {
  return Move(server, inventory, former, key_of).run();
}

}  // namespace exastro
