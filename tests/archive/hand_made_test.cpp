#include "archive/hand_made.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "../temporary_folder.h"
#include "archive/files_repack.h"
#include "error.h"

namespace exastro::archive {
namespace {

namespace fs = std::filesystem;

TEST(HandMadeName, IsOneOfThePages) {
  const auto dump = parse_hand_made_name("exastro_mysqldump_ita_db_20260131-123456.sql.gz");
  ASSERT_TRUE(dump);
  EXPECT_EQ(dump->kind, HandMadeKind::kDump);
  EXPECT_EQ(dump->side, "ita");
  EXPECT_EQ(dump->time, "20260131-123456");
  for (const char* word : {"user", "mysql", "mysqlgp"}) {
    const auto file =
        parse_hand_made_name(std::string("exastro_mysqldump_platform_") + word + "_20260131-123456.sql.gz");
    ASSERT_TRUE(file) << word;
    EXPECT_EQ(file->kind, HandMadeKind::kAccounts);
  }
  EXPECT_EQ(parse_hand_made_name("exastro_storage_backup_ita_20260131-123456.tar.gz")->kind, HandMadeKind::kFiles);
  EXPECT_EQ(parse_hand_made_name("exastro_mongodump_20260131-123456.tar.gz")->kind, HandMadeKind::kMongo);
  for (const char* other :
       {"exastro_mysqldump_platform_db_platform_20260131-123456.sql.gz",
        "exastro_mysqldump_shared_db_20260131-123456.sql.gz", "exastro_mysqldump_ita_db_20260131.sql.gz",
        "exastro_mysqldump_ita_db_20260131-123456.sql", ""}) {
    EXPECT_FALSE(parse_hand_made_name(other)) << other;
  }
}

std::vector<HandMadeFile> files_of(const std::vector<std::string>& names) {
  std::vector<HandMadeFile> files;
  for (const auto& name : names) files.push_back(parse_hand_made_name(name).value());
  return files;
}

std::vector<std::string> chosen(const std::vector<std::string>& names, const std::string& begins = {}) {
  std::vector<std::string> result;
  for (const auto& file : choose_set(files_of(names), begins)) result.push_back(file.name);
  return result;
}

std::string dump(const std::string& time) { return "exastro_mysqldump_platform_db_" + time + ".sql.gz"; }
std::string user(const std::string& time) { return "exastro_mysqldump_platform_user_" + time + ".sql.gz"; }
std::string storage(const std::string& time) { return "exastro_storage_backup_ita_" + time + ".tar.gz"; }

using Names = std::vector<std::string>;

TEST(HandMadeChoice, OneFileOfEachNameBelongsTogether) {
  const std::string ita = "exastro_mysqldump_ita_db_20260131-100200.sql.gz";
  EXPECT_EQ(chosen({storage("20260131-090000"), ita, user("20260131-100100"), dump("20260131-100000")}),
            (Names{dump("20260131-100000"), ita, user("20260131-100100"), storage("20260131-090000")}));
  const Names newer{dump("20260131-100000"), "exastro_mysqldump_platform_mysql_20260131-100100.sql.gz",
                    "exastro_mysqldump_platform_mysqlgp_20260131-100101.sql.gz"};
  EXPECT_EQ(chosen(newer), newer);
  EXPECT_EQ(chosen({storage("20260131-090000")}), Names{storage("20260131-090000")});
}

TEST(HandMadeChoice, TheOnlyWholeSetIsTaken) {
  EXPECT_EQ(
      chosen({dump("20260130-100000"), user("20260130-100100"), dump("20260131-100000"), storage("20260131-100200")}),
      (Names{dump("20260131-100000"), storage("20260131-100200")}));
}

TEST(HandMadeChoice, OfSeveralOneMustBeNamed) {
  const Names two{dump("20260130-100000"), storage("20260130-100200"), dump("20260131-100000"),
                  storage("20260131-100200")};
  try {
    chosen(two);
    FAIL() << "one was taken";
  } catch (const Error& error) {
    for (const auto& name : two) EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << name;
    EXPECT_NE(error.next().find("--from"), std::string::npos);
  }
  EXPECT_EQ(chosen(two, storage("20260131-100200")), (Names{dump("20260131-100000"), storage("20260131-100200")}));
  EXPECT_THROW(chosen({dump("20260131-100000"), storage("20260131-100200"), storage("20260131-100300")}), Error)
      << "whichever of the two belongs to it";
}

class HandMadeFiles : public testing::Test {
 protected:
  void SetUp() override { fs::create_directory(directory_ / "set"); }

  void write(const std::string& name, const std::string& text) { std::ofstream(directory_ / "set" / name) << text; }
  void shell(const std::string& command) {
    ASSERT_EQ(std::system(("cd " + directory_.string() + " && ( " + command + " ) >/dev/null 2>&1").c_str()), 0)
        << command;
  }

  // Everything that the set gives.
  static std::map<std::string, std::string> contents(const HandMadeSet& set) {
    std::map<std::string, std::string> contents;
    set.read([](const HandMadeFile&) { return true; },
             [&](const HandMadeFile& file, const PullBytes& pull) {
               for (auto bytes = pull(); !bytes.empty(); bytes = pull()) contents[file.name] += stream::as_text(bytes);
             });
    return contents;
  }

  // The tar of what the command packs, repacked and listed: with names, kinds, modes, times, contents.
  std::string repacked(const std::string& pack, const std::string& storage_path, RepackedFiles* facts = nullptr) {
    shell(pack + " > in.tar");
    std::ifstream file(directory_ / "in.tar", std::ios::binary);
    std::vector<char> buffer(5000);
    std::ofstream out(directory_ / "out.tar", std::ios::binary);
    stream::CallbackSink sink([&](std::span<const std::byte> bytes) {
      out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    });
    const RepackedFiles result = repack_files(
        [&]() -> std::span<const std::byte> {
          file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
          return std::as_bytes(std::span(buffer)).first(static_cast<std::size_t>(file.gcount()));
        },
        storage_path, sink);
    out.close();
    if (facts != nullptr) *facts = result;
    shell("tar --full-time --numeric-owner -tvf out.tar > list; mkdir -p out; tar -C out -xpf out.tar");
    std::ifstream list(directory_ / "list");
    return {std::istreambuf_iterator<char>(list), {}};
  }

  TemporaryFolder folder_;
  const fs::path directory_ = folder_.path();
};

TEST_F(HandMadeFiles, AreFoundInADirectoryATarAndByOneOfThem) {
  write(dump("20260131-100000"), "the dump");
  write(storage("20260131-100200"), std::string(1'000'000, 'x'));
  write("README", "not of the set");
  shell("tar cf set.tar set; tar czf set.tar.gz -C set .; gzip -c set.tar | head -c 400 > cut.tar.gz");
  const std::map<std::string, std::string> expected{{dump("20260131-100000"), "the dump"},
                                                    {storage("20260131-100200"), std::string(1'000'000, 'x')}};
  for (const std::string& path :
       {std::string("set"), std::string("set.tar"), std::string("set.tar.gz"), "set/" + dump("20260131-100000")}) {
    const auto set = HandMadeSet::find(directory_ / path);
    ASSERT_TRUE(set) << path;
    EXPECT_EQ(set->files().size(), 2U);
    EXPECT_EQ(contents(*set), expected) << path;
  }
  EXPECT_THROW(HandMadeSet::find(directory_ / "cut.tar.gz"), Error);
}

TEST_F(HandMadeFiles, ABackupOrAnythingElseIsNone) {
  EXPECT_FALSE(HandMadeSet::find(directory_ / "none"));
  EXPECT_FALSE(HandMadeSet::find(directory_ / "set"));
  write("text", std::string(10'000, 'x'));
  EXPECT_FALSE(HandMadeSet::find(directory_ / "set/text"));
  // What is left of a backup of this program that was unpacked, or cut off.
  write(storage("20260131-100200"), "x");
  write("exastro_mysqldump_shared_db_platform_20260131-100000.sql.gz", "x");
  shell("tar cf set.tar set");
  EXPECT_FALSE(HandMadeSet::find(directory_ / "set"));
  EXPECT_FALSE(HandMadeSet::find(directory_ / "set.tar"));
}

TEST_F(HandMadeFiles, TheStoragePathIsTakenOff) {
  shell(
      "mkdir -p storage/org/ws storage/lost+found var/data && cd storage && echo content > 'org/ws/日本 語' && ln -s "
      "../x "
      "org/link && ln 'org/ws/日本 語' org/hard && chmod 640 org/hard && touch -d @1500000000 org/hard && mkfifo "
      "org/pipe && "
      "mkdir org/$(printf 'n%.0s' $(seq 120)) && cp -a org ../var/data/ && : > lost+found/x");
  RepackedFiles facts;
  const std::string list = repacked("tar cf - storage/", "/storage/", &facts);
  EXPECT_EQ(facts.prefix, "storage");
  EXPECT_EQ(facts.left, std::vector<std::string>{"org/pipe"});
  EXPECT_EQ(facts.entries, 7U) << list;
  EXPECT_EQ(list.find("storage"), std::string::npos) << list;
  EXPECT_EQ(list.find("lost+found"), std::string::npos) << list;
  shell("rm -r storage/lost+found storage/org/pipe; diff -r --no-dereference storage out");
  shell("[ \"$(stat -c %a-%Y-%h out/org/hard)\" = 640-1500000000-2 ]");
  // Another system's path, of several components, and one that is right already.
  repacked("tar cf - var/data/", "/storage/", &facts);
  EXPECT_EQ(facts.prefix, "var/data");
  repacked("tar cf - -C storage .", "/storage/", &facts);
  EXPECT_EQ(facts.prefix, "");
  repacked("tar cf - storage/org", "/storage/", &facts);
  EXPECT_EQ(facts.prefix, "storage");
}

TEST_F(HandMadeFiles, ATarThatWasCutIsRefusedWhereverThatWas) {
  shell("mkdir -p storage; for i in 1 2 3; do echo $i >storage/$i; done");
  RepackedFiles facts;
  repacked("tar cf - storage", "/storage/", &facts);
  ASSERT_EQ(facts.entries, 4U);
  // The directory, and three files of a header and a block each; then two blocks of zeros.
  constexpr int kWhole = (1 + 3 * 2 + 2) * 512;
  repacked(fmt::format("tar cf - storage | head -c {}", kWhole), "/storage/", &facts);
  EXPECT_EQ(facts.entries, 4U);
  for (int bytes = 512; bytes < kWhole; bytes += 512) {
    EXPECT_THROW(repacked(fmt::format("tar cf - storage | head -c {}", bytes), "/storage/"), Error) << bytes;
  }
  EXPECT_THROW(repacked("(tar cf - storage; tar cf - storage)", "/storage/"), Error) << "something follows";
}

TEST_F(HandMadeFiles, WhereFilesBelongMustBeCertain) {
  shell("mkdir -p storage/org other");
  EXPECT_THROW(repacked("tar cf - -C storage org", "/storage/"), Error);
  EXPECT_THROW(repacked("tar cf - storage other", "/storage/"), Error);
  EXPECT_THROW(repacked("tar cf - ./storage other", "/storage/"), Error);
  EXPECT_THROW(repacked("tar cf - -T /dev/null", "/storage/"), Error);
  EXPECT_THROW(repacked("head -c 3000 /dev/urandom", "/storage/"), Error);
}

}  // namespace
}  // namespace exastro::archive
