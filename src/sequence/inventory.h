// What of a database server is Exastro's: which databases, which accounts, and how large. Only reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sequence/database.h"

namespace exastro {

struct ServerFacts {
  std::string version;
  std::string version_comment;
  int lower_case_table_names = 0;
  std::string character_set;
  std::string collation;
  std::uint64_t max_allowed_packet = 0;  // bytes
  unsigned processors = 0;               // of its machine; 0: it does not tell

  // A database's name as this server compares it (lower_case_table_names).
  [[nodiscard]] std::string folded(const std::string& name) const;
};

struct DatabaseFacts {
  std::string name;  // as the server has it
  std::string character_set;
  std::string collation;
  std::uint64_t bytes = 0;  // data and indexes, by information_schema
  std::uint64_t tables = 0;
  std::uint64_t rows = 0;  // estimated by the server
};

// One row of the tables in which Exastro keeps what it logs in with.
struct ConnectionRecord {
  std::string side;     // whose ConfigMap it was made from: "platform" or "ita"
  std::string kept_in;  // the database
  std::string table;
  std::string database;
  std::string user;
  std::string host;
  std::string port;
};

struct Inventory {
  ServerFacts server;
  std::vector<DatabaseFacts> databases;  // Exastro's, in the order of their names
  std::vector<AccountName> accounts;     // Exastro's, those of the Secrets among them; never the administrator
  std::vector<AccountName> of_others;    // accounts with rights on more than Exastro's databases; no administrator
  std::vector<ConnectionRecord> records;
  std::vector<std::string> absent;             // databases that are named somewhere and not on this server
  std::vector<std::string> unclaimed;          // databases with names like Exastro's that nothing names
  std::vector<std::string> not_transactional;  // tables, as DATABASE.TABLE, that a consistent read does not cover
  std::vector<std::string> broken_views;       // as DATABASE.VIEW: what they name is gone
  std::vector<std::string> endless_events;     // as DATABASE.EVENT: mariadb-dump does not come to their end
  std::vector<std::string> foreign_definers;   // accounts that views or routines run as, and that are not Exastro's

  [[nodiscard]] std::uint64_t bytes() const;
};

struct InventoryRequest {
  std::vector<std::string> databases;       // that are Exastro's whatever the records say: those named in ConfigMaps
  std::vector<std::string> users;           // named in Secrets
  std::vector<std::string> administrators;  // never Exastro's, as are root, mariadb.sys and healthcheck
};

// A database is Exastro's if the request or a connection record names it. An account is Exastro's if a Secret or a
// connection record names it, or if it has grants and all of them are on Exastro's databases, or if it has none and a
// view or routine of Exastro's runs as it, or another host's account of the same user is Exastro's. Names are compared
// as the server does (lower_case_table_names).
Inventory take_inventory(Database& database, const InventoryRequest& request);

// As the application names the databases of organizations and workspaces.
bool looks_like_exastros(const std::string& name);

// Whether this program must leave an account of this name alone.
bool is_protected(const std::string& user, const std::vector<std::string>& administrators);

}  // namespace exastro
