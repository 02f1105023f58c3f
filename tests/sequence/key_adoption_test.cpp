// The keys of a backup, set in a system's Secrets: kept before, put back if the restore fails.
#include "sequence/key_adoption.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "../temporary_folder.h"
#include "archive/backup_writer.h"
#include "exastro/encoding.h"
#include "exastro/encryption_key.h"
#include "memory_cluster.h"

namespace exastro {
namespace {

constexpr const char* kApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr const char* kKept = "kubectl-exastro-exastro-keys";

class Keys : public testing::Test {
 protected:
  void SetUp() override {
    for (Side* side : {&system_.platform, &system_.ita}) {
      side->id = side == &system_.platform ? "platform" : "ita";
      side->namespace_ = "ns";
      side->release = "exastro";
      side->names.global_secret = side->id + "-secret";
      side->encrypt_key = "present of " + side->id;
      cluster_.secrets[side->names.global_secret] = {
          {"kind", "Secret"},
          {"metadata", {{"name", side->names.global_secret}, {"annotations", {{kApplied, "as it was"}}}}},
          {"data", {{"ENCRYPT_KEY", base64_encode(side->encrypt_key)}}}};
      cluster_.secrets[side->names.global_secret]["metadata"]["resourceVersion"] = "1";
    }
  }

  // A backup whose keys.json has these, by side.
  archive::BackupReader backup(const std::map<std::string, std::string>& keys) {
    const auto path = directory_ / "backup.tar";
    std::filesystem::remove(path);
    archive::BackupWriter writer(path);
    archive::Manifest manifest;
    Json entries = Json::array();
    for (const auto& [side, value] : keys) {
      entries.push_back({{"side", side}, {"key", "ENCRYPT_KEY"}, {"value", value}});
      manifest.keys.push_back({side, "any", "ENCRYPT_KEY", key_fingerprint(value)});
    }
    writer.add("keys.json", archive::MemberKind::kKeys, Json({{"keys", entries}}).dump());
    writer.finish(manifest);
    return archive::BackupReader::open(path);
  }

  // A run that sets these keys and is killed: the next one finds them in the Secrets.
  KeyAdoption killed_after_setting(const std::string& platform, const std::string& ita) {
    KeyAdoption keys(cluster_, system_);
    keys.compare(backup({{"platform", platform}, {"ita", ita}}));
    keys.apply(false);
    system_.platform.encrypt_key = platform;
    system_.ita.encrypt_key = ita;
    return keys;
  }

  std::string key_in(const std::string& secret) {
    return base64_decode(cluster_.secrets.at(secret).at("data").at("ENCRYPT_KEY").get<std::string>());
  }

  TemporaryFolder folder_;
  const std::filesystem::path directory_ = folder_.path();
  MemoryCluster cluster_;
  System system_;
};

TEST_F(Keys, EqualOnesNeedNothing) {
  KeyAdoption keys(cluster_, system_);
  keys.compare(backup({{"platform", "present of platform"}, {"ita", "present of ita"}}));
  EXPECT_FALSE(keys.is_needed());
  keys.apply(false);
  EXPECT_TRUE(cluster_.calls.empty());
}

TEST_F(Keys, AreKeptThenSetAndCanBePutBack) {
  KeyAdoption keys(cluster_, system_);
  keys.compare(backup({{"platform", "present of platform"}, {"ita", "of the backup"}}));
  ASSERT_TRUE(keys.is_needed());
  EXPECT_EQ(keys.secrets_text(), "Secret ita-secret in namespace ns");
  EXPECT_EQ(keys.key_of(system_.ita), "of the backup");
  EXPECT_EQ(keys.key_of(system_.platform), "present of platform");
  EXPECT_FALSE(keys.puts_back());
  keys.require_possible();
  keys.apply(false);
  EXPECT_EQ(cluster_.calls, (std::vector<std::string>{"create Secret", "replace"})) << "recorded before it is changed";
  EXPECT_EQ(key_in("ita-secret"), "of the backup");
  EXPECT_FALSE(cluster_.secrets.at("ita-secret")["metadata"]["annotations"].contains(kApplied))
      << "kubectl would write the key into it";
  keys.undo();
  EXPECT_EQ(key_in("ita-secret"), "present of ita");
  EXPECT_FALSE(cluster_.secrets.contains(kKept));
}

TEST_F(Keys, OfARunThatWasCutOffComeBackWithoutAFlag) {
  KeyAdoption first = killed_after_setting("A", "B");
  // The next run goes back to the safety backup.
  KeyAdoption back(cluster_, system_);
  back.compare(backup({{"platform", "present of platform"}, {"ita", "present of ita"}}));
  EXPECT_TRUE(back.puts_back());
  back.apply(true);
  EXPECT_EQ(key_in("platform-secret"), "present of platform");
  back.settle();
  EXPECT_FALSE(cluster_.secrets.contains(kKept));
  // Any other backup's need one.
  first.apply(false);
  KeyAdoption other(cluster_, system_);
  other.compare(backup({{"ita", "C"}}));
  EXPECT_FALSE(other.puts_back());
}

// Killed after it had set its keys, and started as it was with `start --force`: what it kept is still there, weeks
// later.
TEST_F(Keys, WhatAnotherRunHasLeftIsNotGoneBackTo) {
  killed_after_setting("A", "B");
  KeyAdoption same(cluster_, system_);
  same.compare(backup({{"platform", "A"}, {"ita", "B"}}));
  same.apply(false);
  same.undo();
  EXPECT_EQ(key_in("ita-secret"), "B") << "it changed no key";
  KeyAdoption other(cluster_, system_);
  other.compare(backup({{"platform", "A"}, {"ita", "C"}}));
  other.apply(false);
  EXPECT_EQ(key_in("ita-secret"), "C");
  other.undo();
  EXPECT_EQ(key_in("ita-secret"), "B");
  EXPECT_EQ(key_in("platform-secret"), "A");
}

TEST_F(Keys, ASecretThatCannotBeChangedIsFoundBefore) {
  cluster_.secrets["ita-secret"]["immutable"] = true;
  KeyAdoption keys(cluster_, system_);
  keys.compare(backup({{"ita", "of the backup"}}));
  EXPECT_THROW(keys.require_possible(), Error);
}

TEST_F(Keys, ABackupWithoutTheKeyThatItNamesIsDamaged) {
  const auto path = directory_ / "bad.tar";
  archive::BackupWriter writer(path);
  archive::Manifest manifest;
  manifest.keys.push_back({"ita", "any", "ENCRYPT_KEY", key_fingerprint("not there")});
  writer.add("keys.json", archive::MemberKind::kKeys, R"({"keys":[{"side":"ita","key":"ENCRYPT_KEY","value":7}]})");
  writer.finish(manifest);
  KeyAdoption keys(cluster_, system_);
  try {
    keys.compare(archive::BackupReader::open(path));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), ExitStatus::kDamaged);
  }
}

TEST_F(Keys, WhatWouldPutThemBackIsSaid) {
  system_.releases.emplace_back();
  system_.releases[0].config = {
      {"global", {{"itaGlobalDefinition", {{"secret", {{"ENCRYPT_KEY", "in the values"}}}}}}}};
  KeyAdoption keys(cluster_, system_);
  EXPECT_TRUE(keys.warnings().empty());
  keys.compare(backup({{"ita", "of the backup"}}));
  ASSERT_EQ(keys.warnings().size(), 2U);
  EXPECT_NE(keys.warnings()[0].find("itaGlobalDefinition"), std::string::npos);
  EXPECT_EQ(keys.warnings()[0].find("in the values"), std::string::npos) << "no key in a message";
}

}  // namespace
}  // namespace exastro
