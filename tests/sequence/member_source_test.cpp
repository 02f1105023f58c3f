#include "sequence/member_source.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "../stream/zstd_text.h"
#include "archive/backup_writer.h"
#include "archive/decoding.h"
#include "stream/digest.h"
#include "stream/gzip.h"

namespace exastro {
namespace {

using archive::Encoding;

class Source : public testing::Test {
 protected:
  void SetUp() override {
    plain_ = "-- MariaDB dump 10.19\n";
    // More than is kept of what was measured, also compressed.
    std::mt19937_64 random(1);
    for (int i = 0; i < 60000; ++i) {
      plain_ += fmt::format("INSERT INTO t VALUES ({}, 'DEFINER=`root`@`%` */', x'{:x}{:x}{:x}');\n", i, random(),
                            random(), random());
    }
    plain_ +=
        "/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`%`*/ /*!50003 TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1 "
        "*/;\n";
    plain_ += "-- Dump completed\n";
    path_ = std::filesystem::temp_directory_path() / ("exastro-source-" + std::to_string(getpid()) + ".tar");
    std::filesystem::remove(path_);
    archive::BackupWriter writer(path_);
    const auto first = writer.begin("x.sql.gz", archive::MemberKind::kDump, archive::Encoding::kGzip);
    stream::GzipCompressor gzip(*first, 6);
    gzip.write(stream::as_bytes(plain_));
    gzip.finish();
    const auto other = writer.begin("y.sql.zst", archive::MemberKind::kDump, Encoding::kZstd);
    other->write(stream::as_bytes(stream::zstd_of(plain_)));
    other->finish();
    archive::Manifest manifest;
    manifest.servers.emplace_back().id = "shared";
    for (const char* member : {"x.sql.gz", "y.sql.zst"}) {
      archive::Manifest::Database& database = manifest.databases.emplace_back();
      database.server = "shared";
      database.name = std::string(member).substr(0, 1);
      database.member = member;
    }
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
    const auto unpack = archive::make_decoder(source.encoding(), collect);
    unpack->write(stream::as_bytes(stored));
    unpack->finish();
    return plain;
  }

  std::string plain_;
  std::filesystem::path path_;
  std::optional<archive::BackupReader> reader_;
};

TEST_F(Source, GivesTheMemberAsItIs) {
  MemberSource source(*reader_, "x.sql.gz", {}, Encoding::kZstd);
  EXPECT_EQ(source.size(), reader_->member("x.sql.gz").size);
  EXPECT_EQ(received(source), plain_);
}

TEST_F(Source, GivesAPodOnlyWhatItCanUnpack) {
  MemberSource as_it_is(*reader_, "y.sql.zst", {}, Encoding::kZstd);
  EXPECT_EQ(as_it_is.encoding(), Encoding::kZstd);
  EXPECT_EQ(as_it_is.size(), reader_->member("y.sql.zst").size);
  EXPECT_EQ(received(as_it_is), plain_);
  MemberSource changed(*reader_, "y.sql.zst", {}, Encoding::kGzip);
  EXPECT_EQ(changed.encoding(), Encoding::kGzip);
  EXPECT_EQ(received(changed), plain_);
  MemberSource part(*reader_, "y.sql.zst", {{{1000000, 1000123}}, false}, Encoding::kZstd);
  EXPECT_EQ(received(part), plain_.substr(1000000, 123));
}

TEST_F(Source, GivesParts) {
  MemberSource source(*reader_, "x.sql.gz", {{{0, 10}, {1000000, 1000123}}, false}, Encoding::kZstd);
  EXPECT_EQ(received(source), plain_.substr(0, 10) + plain_.substr(1000000, 123));
}

TEST_F(Source, TakesDefinersOffTheStatementsAlone) {
  MemberSource source(*reader_, "x.sql.gz", {{}, true}, Encoding::kGzip);
  std::string expected = plain_;
  const auto at = expected.find("/*!50017 DEFINER=`root`@`%`*/");
  expected.erase(at + 9, std::string("DEFINER=`root`@`%`").size());
  EXPECT_EQ(received(source), expected);
  EXPECT_EQ(source.removed_definers(), (std::map<std::string, std::uint64_t>{{"root@%", 1}}));
}

}  // namespace
}  // namespace exastro
