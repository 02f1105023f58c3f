#include "sequence/member_source.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "archive/backup_writer.h"
#include "stream/digest.h"
#include "stream/gzip.h"

namespace exastro {
namespace {

class Source : public testing::Test {
 protected:
  void SetUp() override {
    plain_ = "-- MariaDB dump 10.19\n";
    for (int i = 0; i < 60000; ++i) plain_ += fmt::format("INSERT INTO t VALUES ({}, 'DEFINER=`root`@`%` */');\n", i);
    plain_ +=
        "/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`%`*/ /*!50003 TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1 "
        "*/;\n";
    plain_ += "-- Dump completed\n";
    path_ = std::filesystem::temp_directory_path() / ("exastro-source-" + std::to_string(getpid()) + ".tar");
    std::filesystem::remove(path_);
    archive::BackupWriter writer(path_);
    const auto member = writer.begin("x.sql.gz", archive::MemberKind::kDump, archive::Encoding::kGzip);
    stream::GzipCompressor gzip(*member, 6);
    gzip.write(stream::as_bytes(plain_));
    gzip.finish();
    archive::Manifest manifest;
    manifest.servers.emplace_back().id = "shared";
    archive::Manifest::Database& database = manifest.databases.emplace_back();
    database.server = "shared";
    database.name = "x";
    database.member = "x.sql.gz";
    writer.finish(manifest);
    reader_.emplace(archive::BackupReader::open(path_));
  }
  void TearDown() override { std::filesystem::remove(path_); }

  // What a receiver unpacks from it, read in uneven pieces.
  std::string received(MemberSource& source) {
    const std::uint64_t size = source.size();
    std::string stored;
    std::vector<std::byte> room(777);
    while (const std::size_t count = source.read(room)) stored.append(stream::as_text(std::span(room).first(count)));
    EXPECT_EQ(stored.size(), size) << "the size is known before";
    EXPECT_EQ(source.digest(), stream::sha256_hex(stored));
    std::string plain;
    stream::CallbackSink collect([&](std::span<const std::byte> bytes) { plain += stream::as_text(bytes); });
    stream::GzipDecompressor gunzip(collect);
    gunzip.write(stream::as_bytes(stored));
    gunzip.finish();
    return plain;
  }

  std::string plain_;
  std::filesystem::path path_;
  std::optional<archive::BackupReader> reader_;
};

TEST_F(Source, GivesTheMemberAsItIs) {
  MemberSource source(*reader_, "x.sql.gz", {});
  EXPECT_EQ(source.size(), reader_->member("x.sql.gz").size);
  EXPECT_EQ(received(source), plain_);
}

TEST_F(Source, GivesParts) {
  MemberSource source(*reader_, "x.sql.gz", {{{0, 10}, {1000000, 1000123}}, false});
  EXPECT_EQ(received(source), plain_.substr(0, 10) + plain_.substr(1000000, 123));
}

TEST_F(Source, TakesDefinersOffTheStatementsAlone) {
  MemberSource source(*reader_, "x.sql.gz", {{}, true});
  std::string expected = plain_;
  const auto at = expected.find("/*!50017 DEFINER=`root`@`%`*/");
  expected.erase(at + 9, std::string("DEFINER=`root`@`%`").size());
  EXPECT_EQ(received(source), expected);
  EXPECT_EQ(source.removed_definers(), (std::map<std::string, std::uint64_t>{{"root@%", 1}}));
}

}  // namespace
}  // namespace exastro
