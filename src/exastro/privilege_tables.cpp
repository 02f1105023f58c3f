#include "exastro/privilege_tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <sstream>

#include "error.h"
#include "stream/json_text.h"

namespace exastro {
namespace {

using stream::TableRow;

// Bits of `access` in global_priv, from the lowest on (sql/privilege.h).
constexpr std::array<std::string_view, 40> kPrivileges{"SELECT",
                                                       "INSERT",
                                                       "UPDATE",
                                                       "DELETE",
                                                       "CREATE",
                                                       "DROP",
                                                       "RELOAD",
                                                       "SHUTDOWN",
                                                       "PROCESS",
                                                       "FILE",
                                                       "GRANT OPTION",
                                                       "REFERENCES",
                                                       "INDEX",
                                                       "ALTER",
                                                       "SHOW DATABASES",
                                                       "SUPER",
                                                       "CREATE TEMPORARY TABLES",
                                                       "LOCK TABLES",
                                                       "EXECUTE",
                                                       "REPLICATION SLAVE",
                                                       "BINLOG MONITOR",
                                                       "CREATE VIEW",
                                                       "SHOW VIEW",
                                                       "CREATE ROUTINE",
                                                       "ALTER ROUTINE",
                                                       "CREATE USER",
                                                       "EVENT",
                                                       "TRIGGER",
                                                       "CREATE TABLESPACE",
                                                       "DELETE HISTORY",
                                                       "SET USER",
                                                       "FEDERATED ADMIN",
                                                       "CONNECTION ADMIN",
                                                       "READ_ONLY ADMIN",
                                                       "REPLICATION SLAVE ADMIN",
                                                       "REPLICATION MASTER ADMIN",
                                                       "BINLOG ADMIN",
                                                       "BINLOG REPLAY",
                                                       "SLAVE MONITOR",
                                                       "SHOW CREATE ROUTINE"};
constexpr std::string_view kGrantOption = "GRANT OPTION";
constexpr std::string_view kAll = "ALL PRIVILEGES";

// Columns of mysql.db, and of mysql.user as a table, whose names are not the privilege's with underscores.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kColumns{
    {{"Create_tmp_table_priv", "CREATE TEMPORARY TABLES"},
     {"Grant_priv", kGrantOption},
     {"Show_db_priv", "SHOW DATABASES"},
     {"Repl_slave_priv", "REPLICATION SLAVE"},
     {"Repl_client_priv", "REPLICATION CLIENT"},
     {"Delete_history_priv", "DELETE HISTORY"}}};

Error damaged(const std::string& what) { return Error(what, "", ExitStatus::kDamaged); }

std::string value(const TableRow& row, const std::string& column) {
  const auto found = row.find(column);
  return found == row.end() || !found->second ? "" : *found->second;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// The privileges that a row's columns of Y and N say, and whether all columns but the one of GRANT say Y.
std::pair<std::set<std::string>, bool> privileges_of(const TableRow& row) {
  std::set<std::string> privileges;
  bool all = true;
  for (const auto& [column, text] : row) {
    if (!column.ends_with("_priv")) continue;
    const auto is_it = [&column = column](const auto& one) { return one.first == column; };  // clang 14 wants it named
    const auto* known = std::find_if(kColumns.begin(), kColumns.end(), is_it);
    std::string name = known != kColumns.end() ? std::string(known->second)
                                               : upper(column.substr(0, column.size() - std::string("_priv").size()));
    std::replace(name.begin(), name.end(), '_', ' ');
    if (text == "Y") {
      privileges.insert(name);
    } else if (name != kGrantOption) {
      all = false;
    }
  }
  return {privileges, all};
}

// The parts of a SET column: "Select,Create View".
std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    part = upper(part);
    parts.push_back(part == "DELETE VERSIONING ROWS" ? "DELETE HISTORY" : part);
  }
  return parts;
}

// GRANT … ON …, of privileges without GRANT itself.
std::string grant_text(std::vector<std::string> privileges, const std::string& on, bool& grantable) {
  grantable = std::erase(privileges, "GRANT") + std::erase(privileges, std::string(kGrantOption)) > 0;
  return fmt::format("GRANT {} ON {}", privileges.empty() ? "USAGE" : fmt::format("{}", fmt::join(privileges, ", ")),
                     on);
}

std::string one_authentication(const std::string& plugin, const std::string& hash) {
  if (plugin.empty()) return "";
  const bool plain =
      std::all_of(plugin.begin(), plugin.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
  if (!plain) throw damaged("an account in it has an authentication plugin with a strange name");
  return hash.empty() ? plugin : fmt::format("{} USING {}", plugin, quote_text(hash));
}

std::string requirement(int ssl_type, const std::string& cipher, const std::string& issuer,
                        const std::string& subject) {
  if (ssl_type == 1) return " REQUIRE SSL";
  if (ssl_type == 2) return " REQUIRE X509";
  if (ssl_type != 3) return "";
  std::string text;
  if (!issuer.empty()) text += " ISSUER " + quote_text(issuer);
  if (!subject.empty()) text += " SUBJECT " + quote_text(subject);
  if (!cipher.empty()) text += " CIPHER " + quote_text(cipher);
  return text.empty() ? "" : " REQUIRE" + text;
}

// Resource limits by their names in global_priv, which are those of the columns in user.
template <typename ValueOf>
std::string limits(ValueOf value_of) {
  constexpr std::array<std::pair<const char*, const char*>, 5> kLimits{
      {{"max_questions", "MAX_QUERIES_PER_HOUR"},
       {"max_updates", "MAX_UPDATES_PER_HOUR"},
       {"max_connections", "MAX_CONNECTIONS_PER_HOUR"},
       {"max_user_connections", "MAX_USER_CONNECTIONS"},
       {"max_statement_time", "MAX_STATEMENT_TIME"}}};
  std::string text;
  for (const auto& [name, option] : kLimits) {
    const std::string number = value_of(name);
    if (number.find_first_not_of("0.") == std::string::npos) continue;
    if (number.find_first_not_of("-+.0123456789eE") != std::string::npos)
      throw damaged("an account in it has a limit that is no number");
    text += fmt::format(" {} {}", option, number);
  }
  return text.empty() ? "" : " WITH" + text;
}

std::string authentication(const Json& priv) {
  const std::string own = one_authentication(priv.value("plugin", ""), priv.value("authentication_string", ""));
  std::vector<std::string> ways;
  // The entry without anything stands for the one outside the list.
  for (const auto& way : priv.value("auth_or", Json::array())) {
    ways.push_back(way.empty() ? own
                               : one_authentication(way.value("plugin", ""), way.value("authentication_string", "")));
  }
  if (ways.empty() && !own.empty()) ways.push_back(own);
  std::erase(ways, "");
  return ways.empty() ? "" : fmt::format(" IDENTIFIED VIA {}", fmt::join(ways, " OR "));
}

std::string identified(const Json& priv) {
  std::string text = authentication(priv);
  text += requirement(priv.value("ssl_type", 0), priv.value("ssl_cipher", ""), priv.value("x509_issuer", ""),
                      priv.value("x509_subject", ""));
  text += limits([&](const char* name) {
    const Json number = priv.value(name, Json());
    return number.is_number() ? number.dump() : std::string();
  });
  if (priv.value("account_locked", false)) text += " ACCOUNT LOCK";
  const std::int64_t lifetime = priv.value("password_lifetime", std::int64_t{-1});
  if (priv.value("password_last_changed", std::int64_t{1}) == 0) {
    text += " PASSWORD EXPIRE";
  } else if (lifetime == 0) {
    text += " PASSWORD EXPIRE NEVER";
  } else if (lifetime > 0) {
    text += fmt::format(" PASSWORD EXPIRE INTERVAL {} DAY", lifetime);
  }
  return text;
}

std::set<std::string> privileges_of(std::uint64_t access) {
  std::set<std::string> privileges;
  for (std::size_t bit = 0; bit < kPrivileges.size(); ++bit) {
    if (((access >> bit) & 1U) != 0) privileges.insert(std::string(kPrivileges[bit]));
  }
  return privileges;
}

std::string identified(const TableRow& row) {
  std::string plugin = value(row, "plugin");
  std::string hash = value(row, "authentication_string");
  if (plugin.empty() || plugin.starts_with("mysql_")) {
    if (hash.empty()) hash = value(row, "Password");
    if (plugin.empty() && !hash.empty()) plugin = hash.size() == 16 ? "mysql_old_password" : "mysql_native_password";
  }
  const std::string way = one_authentication(plugin, hash);
  std::string text = way.empty() ? "" : " IDENTIFIED VIA " + way;
  const std::string ssl = value(row, "ssl_type");
  text += requirement(ssl == "ANY"         ? 1
                      : ssl == "X509"      ? 2
                      : ssl == "SPECIFIED" ? 3
                                           : 0,
                      value(row, "ssl_cipher"), value(row, "x509_issuer"), value(row, "x509_subject"));
  text += limits([&](const char* name) { return value(row, name); });
  if (value(row, "password_expired") == "Y") text += " PASSWORD EXPIRE";
  return text;
}

}  // namespace

bool PrivilegeTables::has(std::string_view table) {
  constexpr std::array<std::string_view, 7> kTables{"global_priv",  "user",       "db",           "tables_priv",
                                                    "columns_priv", "procs_priv", "roles_mapping"};
  return std::find(kTables.begin(), kTables.end(), table) != kTables.end();
}

void PrivilegeTables::add(std::string_view table, const TableRow& row) {
  const AccountName name{value(row, "User"), value(row, "Host")};
  if (table == "global_priv") {
    try {
      const Json priv = stream::parse_json(value(row, "Priv"));
      add_account(name, {identified(priv), privileges_of(priv.value("access", std::uint64_t{0})),
                         priv.value("is_role", false)});
    } catch (const Json::exception&) {
      throw damaged(fmt::format("what it says of account {} cannot be read", name.quoted()));
    } catch (const stream::JsonError& error) {
      throw damaged(fmt::format("what it says of account {} cannot be read: {}", name.quoted(), error.what()));
    }
  } else if (table == "user") {
    add_account(name, {identified(row), privileges_of(row).first, value(row, "is_role") == "Y"});
  } else if (table == "db") {
    add_database(name, row);
  } else if (table == "tables_priv") {
    add_table(name, row);
  } else if (table == "columns_priv") {
    add_column(name, row);
  } else if (table == "procs_priv") {
    add_routine(name, row);
  } else if (table == "roles_mapping") {
    roles_[name].push_back("GRANT " + quote_identifier(value(row, "Role")));
  }
}

void PrivilegeTables::add_account(const AccountName& name, Entry entry) { entries_[name] = std::move(entry); }

void PrivilegeTables::add_database(const AccountName& name, const TableRow& row) {
  auto [privileges, all] = privileges_of(row);
  const std::string database = value(row, "Db");
  Grant grant{database, "", false};
  const bool grantable = privileges.erase(std::string(kGrantOption)) > 0;
  if (all) privileges = {std::string(kAll)};
  grant.text = grant_text({privileges.begin(), privileges.end()}, quote_identifier(database) + ".*", grant.grantable);
  grant.grantable = grantable;
  grants_[name].push_back(std::move(grant));
}

void PrivilegeTables::add_table(const AccountName& name, const TableRow& row) {
  const std::string database = value(row, "Db");
  Grant grant{database, "", false};
  const auto parts = parts_of(value(row, "Table_priv"));
  grant.text =
      grant_text(parts, quote_identifier(database) + "." + quote_identifier(value(row, "Table_name")), grant.grantable);
  if (parts.empty()) grant.text.clear();  // rights on columns alone: a row of columns_priv each
  grants_[name].push_back(std::move(grant));
}

void PrivilegeTables::add_column(const AccountName& name, const TableRow& row) {
  for (const auto& privilege : parts_of(value(row, "Column_priv"))) {
    columns_[name][{value(row, "Db"), value(row, "Table_name"), privilege}].push_back(
        quote_identifier(value(row, "Column_name")));
  }
}

void PrivilegeTables::add_routine(const AccountName& name, const TableRow& row) {
  const std::string database = value(row, "Db");
  Grant grant{database, "", false};
  grant.text = grant_text(parts_of(value(row, "Proc_priv")),
                          fmt::format("{} {}.{}", value(row, "Routine_type"), quote_identifier(database),
                                      quote_identifier(value(row, "Routine_name"))),
                          grant.grantable);
  grants_[name].push_back(std::move(grant));
}

std::vector<Account> PrivilegeTables::accounts(const Choice& choice) const {
  std::set<AccountName> chosen;
  std::set<std::string> users;
  const auto choose = [&](const AccountName& name) {
    chosen.insert(name);
    users.insert(name.user);
  };
  std::vector<AccountName> without_grants;
  for (const auto& [name, entry] : entries_) {
    if (entry.is_role || choice.is_protected(name.user)) continue;
    const auto granted = grants_.find(name);
    const bool has_global = !entry.privileges.empty();
    const bool has_grants = has_global || granted != grants_.end();
    const bool is_definer = choice.definers.contains(name.user + "@" + name.host);
    const bool on_ours = granted != grants_.end() &&
                         std::all_of(granted->second.begin(), granted->second.end(), [&](const Grant& grant) {
                           return choice.is_exastros(without_wildcard_escapes(grant.database));
                         });
    if (choice.users.contains(name.user) || (has_grants ? !has_global && on_ours : is_definer)) {
      choose(name);
    } else if (!has_grants) {
      without_grants.push_back(name);
    }
  }
  const std::set<std::string> ours = users;
  for (const auto& name : without_grants) {
    if (ours.contains(name.user)) choose(name);
  }
  std::vector<Account> accounts;
  for (const auto& name : chosen) accounts.push_back(account(name, entries_.at(name)));
  return accounts;
}

Account PrivilegeTables::account(const AccountName& name, const Entry& entry) const {
  Account account{name.user, name.host, "CREATE USER " + name.quoted() + entry.identified, {}};
  const auto add = [&](const std::string& text, bool grantable) {
    account.grants.push_back(fmt::format("{} TO {}{}", text, name.quoted(), grantable ? " WITH GRANT OPTION" : ""));
  };
  std::vector<std::string> global(entry.privileges.begin(), entry.privileges.end());
  bool grantable = false;
  const bool all = global.size() == kPrivileges.size();
  std::string text = grant_text(global, "*.*", grantable);
  if (all) text = fmt::format("GRANT {} ON *.*", kAll);
  add(text, grantable);
  if (const auto found = grants_.find(name); found != grants_.end()) {
    for (const auto& grant : found->second) {
      if (!grant.text.empty()) add(grant.text, grant.grantable);
    }
  }
  if (const auto found = columns_.find(name); found != columns_.end()) {
    for (const auto& [what, columns] : found->second) {
      add(fmt::format("GRANT {} ({}) ON {}.{}", what[2], fmt::join(columns, ", "), quote_identifier(what[0]),
                      quote_identifier(what[1])),
          false);
    }
  }
  if (const auto found = roles_.find(name); found != roles_.end()) {
    for (const auto& role : found->second) add(role, false);
  }
  return account;
}

}  // namespace exastro
