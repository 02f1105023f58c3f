#include "exastro/yaml.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

namespace exastro {
namespace {

TEST(Yaml, KeepsTextsTextsAndNumbersNumbers) {
  const nlohmann::json json = {{"version", "1.10"},
                               {"no", "no"},
                               {"name", "日本 \"db\"\n"},
                               {"rows", 12},
                               {"seconds", 1.5},
                               {"none", nullptr},
                               {"yes", true},
                               {"list", {"a", 1}},
                               {"empty", nlohmann::json::array()},
                               {"nothing", nlohmann::json::object()}};
  const std::string text = to_yaml(json);
  const YAML::Node node = YAML::Load(text);
  EXPECT_EQ(node["version"].Tag(), "!") << "quoted, so a text";
  EXPECT_EQ(node["version"].Scalar(), "1.10");
  EXPECT_EQ(node["no"].Scalar(), "no");
  EXPECT_EQ(node["name"].Scalar(), "日本 \"db\"\n");
  EXPECT_EQ(node["rows"].as<int>(), 12);
  EXPECT_EQ(node["seconds"].as<double>(), 1.5);
  EXPECT_TRUE(node["none"].IsNull());
  EXPECT_TRUE(node["yes"].as<bool>());
  EXPECT_EQ(node["list"][1].as<int>(), 1);
  EXPECT_EQ(node["empty"].size(), 0U);
  EXPECT_TRUE(node["nothing"].IsMap());
}

}  // namespace
}  // namespace exastro
