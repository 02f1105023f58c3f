#include "exastro/release_values.h"

#include <gtest/gtest.h>

namespace exastro {
namespace {

using Texts = std::vector<std::string>;

TEST(WipingValues, AreFoundInAnyPart) {
  EXPECT_EQ(wiping_values(Json::object()), Texts{});
  EXPECT_EQ(wiping_values(Json::parse(R"({"mariadb": {"persistence": {"reinstall": false}},
                                          "keycloak": {"reinstall": true},
                                          "mongo": {"persistence": {"reinstall": "false"}}})")),
            Texts{});
  EXPECT_EQ(wiping_values(Json::parse(R"({"mariadb": {"persistence": {"reinstall": "true"}},
                                          "exastro-platform": {"mariadb": {"persistence": {"reinstall": true}}}})")),
            (Texts{"exastro-platform.mariadb.persistence.reinstall", "mariadb.persistence.reinstall"}));
  EXPECT_EQ(wiping_values(Json::parse(R"({"persistence": {"reinstall": 1}})")), Texts{"persistence.reinstall"});
}

TEST(ValuesOfSecrets, GoWhereTheChartTakesThemFrom) {
  const Json values = {{"global", {{"pfGlobalDefinition", {{"name", "our-keys"}}}}}};
  const SecretData live = {{"platform-secret-our-keys", {{"ENCRYPT_KEY", "a"}}},
                           {"ita-secret-ita-database", {{"DB_PASSWORD", "b"}}},
                           {"tls", {{"tls.key", "c"}}}};
  EXPECT_EQ(values_of_secrets(values, live),
            Json::parse(R"({"global": {"pfGlobalDefinition": {"secret": {"ENCRYPT_KEY": "a"}},
                                       "itaDatabaseDefinition": {"secret": {"DB_PASSWORD": "b"}}}})"));
}

TEST(ChangedSecrets, AreThoseThatAreThereWithOtherValues) {
  const std::vector<ManifestObject> wanted = {{"Secret", "a", "", {{"KEY", "1"}, {"SAME", "x"}, {"NEW", "y"}}},
                                              {"Secret", "gone", "", {{"KEY", "1"}}},
                                              {"ConfigMap", "b", "", {}}};
  const SecretData live = {{"a", {{"KEY", "2"}, {"SAME", "x"}}}, {"b", {{"KEY", "3"}}}};
  EXPECT_EQ(changed_secrets(wanted, live), Texts{"a: KEY"});
}

TEST(ReadManifest, DecodesWhatSecretsHold) {
  const auto objects = read_manifest(
      "---\nkind: Secret\nmetadata: {name: s}\ndata:\n  A: aGlkZGVu\n  EMPTY: \"\"\nstringData: {B: plain}\n"
      "---\n# nothing\n---\nkind: ConfigMap\nmetadata: {name: c}\ndata: {A: aGlkZGVu}\n");
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0].secret_data,
            (std::map<std::string, std::string>{{"A", "hidden"}, {"B", "plain"}, {"EMPTY", ""}}));
  EXPECT_TRUE(objects[1].secret_data.empty());
}

}  // namespace
}  // namespace exastro
