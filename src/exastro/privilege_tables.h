// Accounts as the tables of a server's `mysql` database have them, and the statements that bring them to another
// server.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exastro/account.h"
#include "stream/table_rows.h"

namespace exastro {

// Takes rows of a dump of `mysql`: of global_priv, or of user as it was a table until MariaDB 10.4, and of db,
// tables_priv, columns_priv, procs_priv and roles_mapping.
class PrivilegeTables {
 public:
  // Whether a table of `mysql` is one of these.
  [[nodiscard]] static bool has(std::string_view table);
  // Throws Error (kDamaged) if the row cannot be understood.
  void add(std::string_view table, const stream::TableRow& row);

  // Whose accounts are wanted.
  struct Choice {
    std::set<std::string> users;                                // named in Secrets and connection records
    std::set<std::string> definers;                             // user@host that something of Exastro's runs as
    std::function<bool(const std::string& user)> is_protected;  // the server's own and the administrator
    std::function<bool(const std::string& database)> is_exastros;
  };
  // Exastro's accounts, by the rules of an inventory: named, or with all grants on Exastro's databases, or without any
  // and the definer of something, or without any and another host's account of the same user is Exastro's. Roles and
  // anonymous accounts never are. The statements are in the form of SHOW CREATE USER and SHOW GRANTS.
  [[nodiscard]] std::vector<Account> accounts(const Choice& choice) const;

 private:
  struct Entry {
    std::string identified;            // what follows the name in CREATE USER
    std::set<std::string> privileges;  // global ones
    bool is_role = false;
  };
  struct Grant {
    std::string database;  // as a grant names it: a pattern
    std::string text;      // without the account: GRANT … ON …
    bool grantable = false;
  };

  void add_account(const AccountName& name, Entry entry);
  void add_database(const AccountName& name, const stream::TableRow& row);
  void add_table(const AccountName& name, const stream::TableRow& row);
  void add_column(const AccountName& name, const stream::TableRow& row);
  void add_routine(const AccountName& name, const stream::TableRow& row);
  [[nodiscard]] Account account(const AccountName& name, const Entry& entry) const;

  std::map<AccountName, Entry> entries_;
  std::map<AccountName, std::vector<Grant>> grants_;
  std::map<AccountName, std::vector<std::string>> roles_;  // GRANT `role`
  // (database, table, privilege) -> columns
  std::map<AccountName, std::map<std::vector<std::string>, std::vector<std::string>>> columns_;
};

}  // namespace exastro
