#include "exastro/account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error.h"

namespace exastro {
namespace {

TEST(Account, GrantsLoseTheirAuthenticationAlone) {
  const std::pair<const char*, const char*> cases[] = {
      {"GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*1F'", "GRANT USAGE ON *.* TO `a`@`%`"},
      {"GRANT SELECT ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*1F' REQUIRE SSL WITH GRANT OPTION",
       "GRANT SELECT ON *.* TO `a`@`%` WITH GRANT OPTION"},
      {"GRANT USAGE ON *.* TO `a`@`%` REQUIRE X509 WITH MAX_USER_CONNECTIONS 3", "GRANT USAGE ON *.* TO `a`@`%`"},
      {"GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED VIA mysql_native_password USING '*1F' OR unix_socket",
       "GRANT USAGE ON *.* TO `a`@`%`"},
      {"GRANT ALL PRIVILEGES ON `d`.* TO `a`@`%` WITH GRANT OPTION",
       "GRANT ALL PRIVILEGES ON `d`.* TO `a`@`%` WITH GRANT OPTION"},
      {"GRANT SELECT ON `x IDENTIFIED BY y`.* TO `a`@`%`", "GRANT SELECT ON `x IDENTIFIED BY y`.* TO `a`@`%`"},
  };
  for (const auto& [grant, expected] : cases) EXPECT_EQ(grant_without_authentication(grant), expected);
}

TEST(Account, CreateBecomesReplace) {
  EXPECT_EQ(create_or_replace("CREATE USER `a`@`%` IDENTIFIED BY PASSWORD '*1F'"),
            "CREATE OR REPLACE USER `a`@`%` IDENTIFIED BY PASSWORD '*1F'");
  EXPECT_THROW(create_or_replace("DROP USER a"), Error);
}

TEST(Account, NamesItsPlugins) {
  EXPECT_THAT(authentication_plugins("CREATE USER `a`@`%` IDENTIFIED BY PASSWORD '*1F'"), testing::IsEmpty());
  EXPECT_THAT(authentication_plugins("CREATE USER `IDENTIFIED VIA x`@`%`"), testing::IsEmpty());
  EXPECT_THAT(authentication_plugins("CREATE USER `a`@`%` IDENTIFIED VIA ed25519 USING 'x OR y' OR unix_socket"),
              testing::ElementsAre("ed25519", "unix_socket"));
  EXPECT_THAT(authentication_plugins("CREATE USER `a`@`%` IDENTIFIED VIA gssapi"), testing::ElementsAre("gssapi"));
}

TEST(Account, Quotes) {
  EXPECT_EQ(quote_identifier("a`b"), "`a``b`");
  EXPECT_EQ(quote_text("it's \\ done"), "'it''s \\\\ done'");
  EXPECT_EQ(quote_option("a \"b\" \\ #;$`'"), "\"a \\\"b\\\" \\\\ #;$`'\"");
  EXPECT_THROW(quote_option("a\nb"), Error);
  EXPECT_EQ((AccountName{"u`", "%"}).quoted(), "`u```@`%`");
}

TEST(Account, JsonGoesThereAndBack) {
  const std::vector<Account> accounts = {{"PF_ORG_A", "%", "CREATE USER …", {"GRANT 1", "GRANT 2"}}};
  EXPECT_EQ(parse_accounts(to_json_text(accounts)), accounts);
  for (const char* broken : {"", "{", "[]", "{\"accounts\":[{}]}", "{\"accounts\":[{\"user\":1}]}"}) {
    try {
      parse_accounts(broken);
      ADD_FAILURE() << broken;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), ExitStatus::kDamaged);
    }
  }
}

}  // namespace
}  // namespace exastro
