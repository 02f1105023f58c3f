// Forms that the server of the tests does not write itself; what it does write is tested with it
// (sequence/hand_made_test).
#include "exastro/privilege_tables.h"

#include <gtest/gtest.h>

#include "error.h"

namespace exastro {
namespace {

using stream::TableRow;

PrivilegeTables::Choice all() {
  PrivilegeTables::Choice choice;
  choice.is_protected = [](const std::string& user) { return user.empty() || user == "root"; };
  choice.is_exastros = [](const std::string& database) { return database == "ITA_WS"; };
  return choice;
}

// A row of mysql.user as it was a table until MariaDB 10.4.
TableRow user_row(const std::string& user, const std::string& password) {
  return {{"Host", "%"},
          {"User", user},
          {"Password", password},
          {"Select_priv", "N"},
          {"Grant_priv", "N"},
          {"Repl_client_priv", "N"},
          {"ssl_type", ""},
          {"max_questions", "0"},
          {"max_statement_time", "0.000000"},
          {"plugin", ""},
          {"authentication_string", ""},
          {"is_role", "N"},
          {"password_expired", "N"}};
}

TEST(PrivilegeTables, ReadsTheUserTableOfOlderServers) {
  PrivilegeTables tables;
  tables.add("user", user_row("plain", "*7B844B41A3799185EBF33B603FA8C632E65CA3EF"));
  TableRow rich = user_row("rich", "");
  rich["Select_priv"] = rich["Grant_priv"] = rich["Repl_client_priv"] = "Y";
  rich["plugin"] = "unix_socket";
  rich["ssl_type"] = "X509";
  rich["max_questions"] = "5";
  rich["password_expired"] = "Y";
  tables.add("user", rich);
  tables.add("user", user_row("old", "5d2e19393cc5ef67"));
  tables.add("user", user_row("root", ""));
  TableRow role = user_row("a_role", "");
  role["is_role"] = "Y";
  tables.add("user", role);
  auto choice = all();
  choice.users = {"plain", "rich", "old", "root", "a_role"};
  const auto accounts = tables.accounts(choice);
  ASSERT_EQ(accounts.size(), 3U);
  EXPECT_EQ(accounts[0].create, "CREATE USER `old`@`%` IDENTIFIED VIA mysql_old_password USING '5d2e19393cc5ef67'");
  EXPECT_EQ(accounts[1].create,
            "CREATE USER `plain`@`%` IDENTIFIED VIA mysql_native_password USING "
            "'*7B844B41A3799185EBF33B603FA8C632E65CA3EF'");
  EXPECT_EQ(accounts[1].grants, std::vector<std::string>{"GRANT USAGE ON *.* TO `plain`@`%`"});
  EXPECT_EQ(
      accounts[2].create,
      "CREATE USER `rich`@`%` IDENTIFIED VIA unix_socket REQUIRE X509 WITH MAX_QUERIES_PER_HOUR 5 PASSWORD EXPIRE");
  EXPECT_EQ(accounts[2].grants,
            std::vector<std::string>{"GRANT REPLICATION CLIENT, SELECT ON *.* TO `rich`@`%` WITH GRANT OPTION"});
}

TEST(PrivilegeTables, ChoosesByGrantsAndNames) {
  PrivilegeTables tables;
  const auto add = [&](const std::string& user, const std::string& host, const std::string& database) {
    tables.add("global_priv", {{"Host", host}, {"User", user}, {"Priv", R"({"access":0})"}});
    if (database.empty()) return;
    tables.add("db", {{"Host", host}, {"User", user}, {"Db", database}, {"Select_priv", "Y"}, {"Grant_priv", "N"}});
  };
  add("ours", "%", "ITA\\_WS");
  add("ours", "10.%", "");
  add("theirs", "%", "stranger");
  add("mixed", "%", "ITA_WS");
  tables.add("db", {{"Host", "%"}, {"User", "mixed"}, {"Db", "stranger"}, {"Select_priv", "Y"}});
  add("definer", "%", "");
  add("nobody", "%", "");
  add("", "localhost", "ITA_WS");
  auto choice = all();
  choice.definers = {"definer@%", "theirs@%"};
  std::vector<std::string> names;
  for (const auto& account : tables.accounts(choice)) names.push_back(account.user + "@" + account.host);
  EXPECT_EQ(names, (std::vector<std::string>{"definer@%", "ours@%", "ours@10.%"}));
  EXPECT_EQ(tables.accounts(choice)[1].grants[1], "GRANT ALL PRIVILEGES ON `ITA\\_WS`.* TO `ours`@`%`");
}

TEST(PrivilegeTables, RefusesWhatItCannotRead) {
  PrivilegeTables tables;
  for (const char* priv : {"", "{", "[]", R"({"access":"x"})", R"({"plugin":"a b; DROP"})", R"({"plugin":7})",
                           R"({"auth_or":7,"plugin":["x"]})"}) {
    EXPECT_THROW(tables.add("global_priv", {{"Host", "%"}, {"User", "u"}, {"Priv", priv}}), Error) << priv;
  }
  EXPECT_THROW(tables.add("user",
                          [] {
                            TableRow row = user_row("u", "");
                            row["max_questions"] = "1; DROP";
                            return row;
                          }()),
               Error);
}

}  // namespace
}  // namespace exastro
