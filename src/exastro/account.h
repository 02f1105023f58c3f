// Database accounts: what a server says of them, and the statements that bring them to another server.
#pragma once

#include <compare>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace exastro {

using Json = nlohmann::json;

struct AccountName {
  std::string user;
  std::string host;

  // `user`@`host`, quoted for SQL.
  [[nodiscard]] std::string quoted() const;
  auto operator<=>(const AccountName&) const = default;
};

struct Account {
  std::string user;
  std::string host;
  std::string create;               // SHOW CREATE USER, holds the password's hash
  std::vector<std::string> grants;  // SHOW GRANTS, the first may hold it too

  [[nodiscard]] AccountName name() const { return {user, host}; }
  bool operator==(const Account&) const = default;
};

// `text` as a quoted identifier or a string literal of SQL; the literal is right in every sql_mode but
// NO_BACKSLASH_ESCAPES, which this program's sessions do not set.
std::string quote_identifier(std::string_view text);
std::string quote_text(std::string_view text);

// A value for an option file of the MariaDB client: in double quotes, escaped.
std::string quote_option(std::string_view text);

// A GRANT without what it says of authentication and TLS, which CREATE USER says already:
//   GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*1F…' WITH GRANT OPTION
//   -> GRANT USAGE ON *.* TO `a`@`%` WITH GRANT OPTION
std::string grant_without_authentication(std::string_view grant);

// The database that a grant on a database names: `PF\_ORG` stands for PF_ORG there.
std::string without_wildcard_escapes(const std::string& pattern);

// `CREATE USER x …` as `CREATE OR REPLACE USER x …`: the account is as it was, its grants gone.
std::string create_or_replace(std::string_view create);

// The authentication plugins that a CREATE USER names: {"ed25519", "unix_socket"}; none for a password of the old kind.
std::vector<std::string> authentication_plugins(std::string_view create);

// The member `accounts_<server>.json`.
std::string to_json_text(const std::vector<Account>& accounts);
std::vector<Account> parse_accounts(const std::string& json_text);

}  // namespace exastro
