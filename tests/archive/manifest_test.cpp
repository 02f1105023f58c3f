#include "archive/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "error.h"

namespace exastro::archive {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

Manifest sample() {
  Manifest manifest;
  manifest.created_at = "2026-01-31T12:34:56Z";
  manifest.releases = {{"r", "ns", "exastro", "1.4.0", "2.5.0", 1, "umbrella"}};
  manifest.servers = {{"shared", "10.11", "x", 0, "utf8mb4", "utf8mb4_bin", {"ita"}, 1, {"mariadb:3306"}, {}}};
  manifest.databases = {{"shared", "db", "db.sql.gz", 1, 2, 3, 4, "utf8mb4", "utf8mb4_bin"}};
  manifest.members = {
      {"db.sql.gz", MemberKind::kDump, 10, std::string(64, 'a'), Encoding::kGzip, 20, std::string(64, 'b')}};
  return manifest;
}

std::string refusal(const std::string& text) {
  try {
    static_cast<void>(parse_manifest(text));
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), ExitStatus::kDamaged);
    return error.what();
  }
}

TEST(Manifest, IsReadAsWritten) {
  const std::string text = format_manifest(sample());
  EXPECT_EQ(format_manifest(parse_manifest(text)), text);
}

TEST(Manifest, UnknownFieldsAreIgnored) {
  Json json = Json::parse(format_manifest(sample()));
  json["future"] = {{"a", 1}};
  json["members"][0]["future"] = "x";
  EXPECT_EQ(parse_manifest(json.dump()).members.size(), 1U);
}

TEST(Manifest, EveryFieldMustBeThere) {
  const Json whole = Json::parse(format_manifest(sample()));
  const Json flat = whole.flatten();
  for (const auto& pointer : flat.items()) {
    const Json::json_pointer at(pointer.key());
    Json json = whole;
    Json& parent = json.at(at.parent_pointer());
    if (!parent.is_object()) continue;
    parent.erase(at.back());
    EXPECT_THAT(refusal(json.dump()), HasSubstr("is missing")) << pointer.key();
  }
}

TEST(Manifest, EveryFieldMustHaveItsType) {
  const Json whole = Json::parse(format_manifest(sample()));
  const Json flat = whole.flatten();
  for (const auto& pointer : flat.items()) {
    for (const Json& wrong : {Json(true), Json(-1), Json(1.5e300), Json::array({1}), Json::object({{"a", 1}})}) {
      Json json = whole;
      json.at(Json::json_pointer(pointer.key())) = wrong;
      if (pointer.key() == "/outage_seconds" && wrong.is_number() && wrong.get<double>() >= 0 && wrong < 1e9) continue;
      EXPECT_THAT(refusal(json.dump()), HasSubstr("damaged")) << pointer.key() << " = " << wrong;
    }
  }
}

TEST(Manifest, BrokenJsonIsRefused) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"), std::string("{\"a\":1}x"),
        std::string("\"\xff\""), std::string(1'000'000, '['), std::string("{\"format_version\":1e999}"),
        std::string("{\"format_version\":\"1\"}"), std::string("{\"format_version\":99999999999999999999}"),
        std::string("{\"format_version\":1,\"format_version\":1}")}) {
    EXPECT_THAT(refusal(text), HasSubstr("damaged")) << text.substr(0, 40);
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_THAT(refusal(deep), HasSubstr("too deep"));
  std::string many = "[";
  for (int i = 0; i < 4'500'000; ++i) many += "0,";
  EXPECT_THAT(refusal(many + "0]"), HasSubstr("too many values"));
}

TEST(Manifest, AnotherVersionIsNamed) {
  Json json = Json::parse(format_manifest(sample()));
  json["format_version"] = 7;
  EXPECT_THAT(refusal(json.dump()), HasSubstr("format version 7"));
}

TEST(Manifest, BytesThatAreNotUtf8AreReplaced) {
  Manifest manifest = sample();
  manifest.warnings = {"caf\xe9"};
  EXPECT_EQ(parse_manifest(format_manifest(manifest)).warnings.at(0), "caf\xef\xbf\xbd");
}

}  // namespace
}  // namespace exastro::archive
