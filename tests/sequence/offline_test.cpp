// verify, inspect and keys, on a backup made here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "../temporary_folder.h"
#include "archive/backup_writer.h"
#include "exastro/encryption_key.h"
#include "sequence/inspect.h"
#include "sequence/keys.h"
#include "sequence/verify.h"
#include "stream/gzip.h"

namespace exastro {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kDump = "exastro_mysqldump_shared_db_platform_20260131-123456.sql.gz";

std::string read_file(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

class Offline : public testing::Test {
 protected:
  Offline() {
    backup_ = directory_ / "backup.tar";
    system_.platform.id = "platform";
    system_.ita.id = "ita";
    system_.platform.namespace_ = system_.ita.namespace_ = "ns";
    system_.platform.names.global_secret = "platform-secret-pf-global";
    system_.ita.names.global_secret = "ita-secret-ita-global";
    system_.platform.encrypt_key = "hidden platform key";
    system_.ita.encrypt_key = "hidden ita key";
    write();
  }

  void write() {
    archive::BackupWriter writer(backup_);
    archive::Manifest manifest;
    manifest.created_at = "2026-01-31T12:34:56Z";
    manifest.outage_seconds = 12.5;
    manifest.releases = {{"exastro", "ns", "exastro", "1.7.5", "2.7.1", 3, "umbrella"}};
    manifest.servers = {
        {"shared", "10.11.6-MariaDB", "", 1, "utf8mb4", "utf8mb4_bin", {"platform"}, 1, {"mariadb:3306"}, {}}};
    manifest.databases = {{"shared", "platform", kDump, 4096, 12, 345, 100, "utf8mb4", "utf8mb4_bin"}};
    manifest.schema_versions = {{"platform", "1.11.1"}};
    manifest.keys = {{"platform", "platform-secret-pf-global", "ENCRYPT_KEY", key_fingerprint("hidden platform key")}};
    manifest.not_included = {"MongoDB is not in it."};
    const auto member = writer.begin(kDump, archive::MemberKind::kDump, archive::Encoding::kGzip);
    stream::GzipCompressor gzip(*member, 1);
    gzip.write(
        stream::as_bytes("-- MariaDB dump 10.19\nINSERT INTO `t` VALUES (1);\n-- Dump completed on 2026-01-31\n"));
    gzip.finish();
    writer.add("keys.json", archive::MemberKind::kKeys, keys_json_text(system_));
    writer.finish(manifest);
  }
  archive::BackupReader reader() { return archive::BackupReader::open(backup_); }

  TemporaryFolder folder_;
  const fs::path directory_ = folder_.path();
  fs::path backup_;
  System system_;
  std::ostringstream out_;
  std::ostringstream err_;
  std::unique_ptr<ui::Reporter> reporter_ = ui::text_reporter(out_, err_, {});
};

TEST_F(Offline, VerifySaysThatABackupIsGood) {
  verify(backup_.string(), {}, *reporter_);
  EXPECT_THAT(out_.str(), HasSubstr("Good: " + backup_.string()));
  EXPECT_THAT(out_.str(), HasSubstr("2 members"));
  EXPECT_THAT(out_.str(), HasSubstr("1 complete dumps"));
  EXPECT_THAT(out_.str(), HasSubstr("not included: MongoDB"));
}

TEST_F(Offline, VerifyTellsDamageFromWhatIsNoBackup) {
  const auto status_of = [&](const fs::path& path) {
    try {
      verify(path.string(), {}, *reporter_);
    } catch (const Error& error) {
      return error.status();
    }
    return ExitStatus::kOk;
  };
  std::string bytes = read_file(backup_);
  bytes[600] = static_cast<char>(bytes[600] ^ 1);
  std::ofstream(directory_ / "flipped.tar", std::ios::binary) << bytes;
  std::ofstream(directory_ / "text.tar") << "hello";
  fs::create_directory(directory_ / "empty");
  EXPECT_EQ(status_of(directory_ / "flipped.tar"), ExitStatus::kDamaged);
  EXPECT_EQ(status_of(directory_ / "text.tar"), ExitStatus::kNotABackup);
  EXPECT_EQ(status_of(directory_ / "empty"), ExitStatus::kNotABackup);
  EXPECT_EQ(status_of(directory_ / "none"), ExitStatus::kNotFound);
}

TEST_F(Offline, InspectShowsWhatIsInItAndNoKey) {
  const std::string text = inspect_text(reader());
  for (const char* part : {"ns/exastro, application 2.7.1", "services stopped for 12.5 s", "mariadb:3306",
                           "platform 1.11.1", "MongoDB is not in it."})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(text, HasSubstr("platform  shared      12          345"));
  EXPECT_THAT(text, HasSubstr(key_fingerprint("hidden platform key")));
  const Json json = Json::parse(inspect_json(reader()));
  EXPECT_EQ(json["databases"][0]["rows_estimate"], 345);
  EXPECT_EQ(json["from"], backup_.string());
  EXPECT_THAT(inspect_yaml(reader()), HasSubstr("outage_seconds: 12.5"));
  for (const auto& shown : {text, json.dump(), inspect_yaml(reader())}) EXPECT_THAT(shown, Not(HasSubstr("hidden")));
}

TEST_F(Offline, ExtractGivesTheBytesIntoAFileOfItsOwnersOnly) {
  const fs::path target = directory_ / "keys.json";
  extract(reader(), "keys.json", target.string());
  EXPECT_EQ(read_file(target), keys_json_text(system_));
  EXPECT_EQ(fs::status(target).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_THROW(extract(reader(), "keys.json", target.string()), Error) << "nothing is written over";
  EXPECT_THROW(extract(reader(), "nothing", "-"), Error);
}

TEST_F(Offline, ExtractLeavesNothingOfADamagedMember) {
  std::string bytes = read_file(backup_);
  const auto at = bytes.find("hidden ita key");
  bytes[at] = 'H';
  std::ofstream(backup_, std::ios::binary | std::ios::trunc) << bytes;
  EXPECT_THROW(extract(reader(), "keys.json", (directory_ / "keys.json").string()), Error);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), {}), 1) << "only the backup";
}

TEST_F(Offline, KeysShowFingerprintsUnlessAskedForMore) {
  const fs::path target = directory_ / "kept.json";
  show_keys(system_, {false, target.string()}, *reporter_);
  EXPECT_THAT(out_.str(), HasSubstr(key_fingerprint("hidden ita key")));
  EXPECT_THAT(out_.str() + err_.str(), Not(HasSubstr("hidden")));
  EXPECT_EQ(read_file(target), keys_json_text(system_));
  EXPECT_EQ(fs::status(target).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_THROW(show_keys(system_, {false, target.string()}, *reporter_), Error);
  show_keys(system_, {true, ""}, *reporter_);
  EXPECT_THAT(out_.str(), HasSubstr("hidden ita key"));
}

}  // namespace
}  // namespace exastro
