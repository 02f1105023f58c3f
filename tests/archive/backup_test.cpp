// The backup file, written and read back, and damaged in every way we could think of.
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "../temporary_folder.h"
#include "archive/backup_reader.h"
#include "archive/backup_writer.h"
#include "archive/digest_list.h"
#include "archive/names.h"
#include "archive/partial_file.h"
#include "archive/spool.h"
#include "archive/tar_header.h"
#include "error.h"
#include "stream/digest.h"
#include "stream/gzip.h"

namespace exastro::archive {
namespace {

namespace fs = std::filesystem;
using stream::as_bytes;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kTs = "20260131-123456";

std::string gzip(std::string_view text) {
  std::string result;
  stream::CallbackSink collect([&](std::span<const std::byte> b) { result += stream::as_text(b); });
  stream::GzipCompressor compressor(collect, 1);
  compressor.write(as_bytes(text));
  compressor.finish();
  return result;
}

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void spit(const fs::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

std::string dump_text(std::size_t rows = 50) {
  std::string text = "-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB\n";
  for (std::size_t i = 0; i < rows; ++i) text += "INSERT INTO `t` VALUES (" + std::to_string(i * 7919) + ",'日本');\n";
  return text + "-- Dump completed on 2026-01-31 12:34:56\n";
}

// An entry of a tar made here, with any name and kind.
struct TarEntry {
  std::string name;
  unsigned type = AE_IFREG;
  std::string text = {};  // content, or target of a link
  bool hard_link = false;
};

std::string make_tar(const std::vector<TarEntry>& entries, bool pax = false) {
  std::string result;
  struct archive* writer = archive_write_new();
  pax ? archive_write_set_format_pax(writer) : archive_write_set_format_gnutar(writer);
  archive_write_open(
      writer, &result, nullptr,
      [](struct archive*, void* target, const void* bytes, std::size_t size) {
        static_cast<std::string*>(target)->append(static_cast<const char*>(bytes), size);
        return static_cast<la_ssize_t>(size);
      },
      nullptr);
  for (const TarEntry& from : entries) {
    struct archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, from.name.c_str());
    archive_entry_set_perm(entry, 0600);
    archive_entry_set_filetype(entry, from.type);
    if (from.hard_link) {
      archive_entry_set_hardlink(entry, from.text.c_str());
    } else if (from.type == AE_IFLNK) {
      archive_entry_set_symlink(entry, from.text.c_str());
    } else if (from.type == AE_IFREG) {
      archive_entry_set_size(entry, static_cast<la_int64_t>(from.text.size()));
    }
    EXPECT_GE(archive_write_header(writer, entry), ARCHIVE_WARN) << archive_error_string(writer);
    if (from.type == AE_IFREG && !from.hard_link) archive_write_data(writer, from.text.data(), from.text.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  return result;
}

// One block of a tar that no library would write: an entry of this type that says it has so many bytes, in octal, or in
// base 256 from 8 GiB on.
std::string raw_header(const std::string& name, char type, std::uint64_t size) {
  std::string block(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { block.replace(at, text.size(), text); };
  const auto octal = [](std::uint64_t value, int digits) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%0*llo", digits, static_cast<unsigned long long>(value));
    return std::string(text.data());
  };
  put(0, name);
  put(100, "0000600");
  put(108, "0000000");
  put(116, "0000000");
  if (size < std::uint64_t{1} << 33) {
    put(124, octal(size, 11));
  } else {
    block[124] = '\x80';
    for (std::size_t i = 0; i < 8; ++i) block[135 - i] = static_cast<char>(size >> (8 * i));
  }
  put(136, "00000000000");
  put(148, "        ");
  block[156] = type;
  put(257, "ustar  ");
  std::uint64_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(148, octal(sum, 6) + '\0');
  return block;
}

// The data of such an entry, padded.
std::string raw_data(std::string text) {
  text.resize(text.size() + tar_padding(text.size()), '\0');
  return text;
}

std::string raw_entry(const std::string& name, const std::string& text, char type = '0') {
  return raw_header(name, type, text.size()) + raw_data(text);
}

std::string pax_record(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  std::size_t size = rest.size() + 1;
  while (std::to_string(size).size() + rest.size() != size) ++size;
  return std::to_string(size) + rest;
}

class BackupTest : public testing::Test {
 protected:
  BackupTest() { path_ = directory_ / backup_file_name("exastro", "exastro", kTs); }

  static Manifest manifest_of(const std::string& dump, const std::string& files) {
    Manifest manifest;
    manifest.tool_version = "0.1.0";
    manifest.created_at = "2026-01-31T12:34:56Z";
    manifest.releases = {{"exastro", "exastro", "exastro", "1.4.0", "2.5.0", 3, "umbrella"}};
    manifest.servers = {{"shared",
                         "10.11.6",
                         "Debian",
                         0,
                         "utf8mb4",
                         "utf8mb4_bin",
                         {"platform", "ita"},
                         16777216,
                         {"mariadb:3306"},
                         {}}};
    manifest.databases = {{"shared", "日本 db", dump, 4096, 1, 50, 100, "utf8mb4", "utf8mb4_bin"}};
    manifest.accounts = {{"shared", accounts_member_name("shared"), {"'ita'@'%'"}}};
    manifest.files = Manifest::Files{files, "/storage", "pvc-ita", 3};
    manifest.keys = {{"platform", "secret", "ENCRYPT_KEY", "sha256:0123"}};
    manifest.not_included = {"MongoDB is not included."};
    manifest.outage_seconds = 12.5;
    manifest.schema_versions = {{"platform", "2.5.0"}};
    return manifest;
  }

  static void add_gzip(BackupWriter& writer, const std::string& name, MemberKind kind, const std::string& stored) {
    const auto member = writer.begin(name, kind, Encoding::kGzip);
    member->write(as_bytes(stored));
    member->finish();
  }

  void write_backup(const std::string& dump, const std::string& tar, bool overwrite = false) {
    BackupWriter writer(path_, overwrite);
    add_gzip(writer, dump_, MemberKind::kDump, gzip(dump));
    add_gzip(writer, files_, MemberKind::kFiles, gzip(tar));
    writer.add(accounts_member_name("shared"), MemberKind::kAccounts, R"({"accounts":[]})");
    writer.add(keys_member_name(), MemberKind::kKeys, R"({"keys":[]})");
    writer.add(values_member_name("exastro", "exastro"), MemberKind::kValues, "{}");
    writer.finish(manifest_of(dump_, files_));
  }
  void write_backup() { write_backup(dump_text(), tar_); }

  // The message of the refusal, "" if open and verify accept it; any other kind fails the test.
  std::string refusal(const fs::path& path) {
    try {
      static_cast<void>(BackupReader::open(path).verify());
      return "";
    } catch (const Error& error) {
      const bool is_no_backup = std::string(error.what()).find("is not a backup") != std::string::npos;
      EXPECT_EQ(error.status(), is_no_backup ? ExitStatus::kNotABackup : ExitStatus::kDamaged) << error.what();
      return error.what();
    }
  }

  std::string refusal_of_files(const std::vector<TarEntry>& entries, bool pax = false) {
    write_backup(dump_text(), make_tar(entries, pax), true);
    return refusal(path_);
  }

  std::string refusal_of_tar(const std::string& tar) {
    write_backup(dump_text(), tar, true);
    return refusal(path_);
  }

  fs::path unpack() {
    const fs::path target = directory_ / "unpacked";
    fs::create_directory(target);
    EXPECT_EQ(std::system(("tar -xf " + path_.string() + " -C " + target.string()).c_str()), 0);
    return target;
  }

  // The backup's entries with a change, packed again by libarchive.
  void repack(const std::function<void(std::vector<TarEntry>&)>& change) {
    std::vector<TarEntry> entries;
    struct archive* reader = archive_read_new();
    archive_read_support_format_tar(reader);
    archive_read_open_filename(reader, path_.c_str(), 10240);
    struct archive_entry* entry = nullptr;
    while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
      std::string text(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
      archive_read_data(reader, text.data(), text.size());
      entries.push_back({.name = archive_entry_pathname(entry), .text = text});
    }
    archive_read_free(reader);
    change(entries);
    spit(path_, make_tar(entries));
  }

  // The same, with SHA256SUMS made to fit what the change did: damage that only the manifest can tell.
  void forge(const std::function<void(std::vector<TarEntry>&)>& change) {
    repack([&](std::vector<TarEntry>& entries) {
      change(entries);
      std::string digests;
      for (std::size_t i = 0; i + 1 < entries.size(); ++i) {
        digests += format_digest_line(stream::sha256_hex(entries[i].text), entries[i].name);
      }
      entries.back().text = digests;
    });
  }

  std::size_t files_in_directory() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }

  TemporaryFolder folder_;
  const fs::path directory_ = folder_.path();
  fs::path path_;
  const std::string dump_ = dump_member_name("shared", "日本 db", kTs, Encoding::kGzip);
  const std::string files_ = files_member_name(kTs, Encoding::kGzip);
  const std::string tar_ = make_tar({{"./", AE_IFDIR}, {"./日本.txt", AE_IFREG, "hello"}, {"./l", AE_IFLNK, "/etc"}});
};

TEST_F(BackupTest, WhatIsWrittenIsRead) {
  write_backup();
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(files_in_directory(), 1U);

  const BackupReader reader = BackupReader::open(path_);
  EXPECT_EQ(reader.manifest().databases.at(0).name, "日本 db");
  EXPECT_EQ(reader.manifest().members.size(), 5U);
  EXPECT_EQ(reader.read_text(dump_), dump_text());
  EXPECT_EQ(reader.read_text(files_), tar_);
  EXPECT_EQ(reader.read_text("keys.json"), R"({"keys":[]})");
  std::string stored;
  stream::CallbackSink collect([&](std::span<const std::byte> b) { stored += stream::as_text(b); });
  reader.read(dump_, collect);
  EXPECT_EQ(stored, gzip(dump_text()));

  std::uint64_t last = 0;
  std::uint64_t total = 0;
  const auto verified = reader.verify([&](std::uint64_t done, std::uint64_t of) {
    EXPECT_GE(done, last);
    last = done;
    total = of;
  });
  EXPECT_EQ(last, total);
  EXPECT_EQ(verified.members, 5U);
  EXPECT_EQ(verified.file_entries, 3U);
  EXPECT_THROW(static_cast<void>(reader.member("nothing")), Error);
}

TEST_F(BackupTest, PlainToolsOpenIt) {
  write_backup();
  const fs::path target = unpack();
  EXPECT_EQ(std::system(("cd " + target.string() + " && sha256sum -c --quiet --strict SHA256SUMS").c_str()), 0);
  EXPECT_EQ(std::system(("cd " + target.string() + " && gzip -t *.gz && tar -tzf " + files_ + " >/dev/null").c_str()),
            0);
  EXPECT_EQ(std::system(("tar -tf " + path_.string() +
                         " | tail -n 2 | tr '\\n' ' ' | grep -qx "
                         "'manifest.json SHA256SUMS '")
                            .c_str()),
            0);
}

TEST_F(BackupTest, AnUnpackedDirectoryIsABackupToo) {
  write_backup();
  const fs::path target = unpack();
  EXPECT_THAT(refusal(target), IsEmpty());
  EXPECT_EQ(BackupReader::open(target).read_text(dump_), dump_text());

  spit(target / "stray", "x");
  EXPECT_THAT(refusal(target), HasSubstr("does not know stray"));
  fs::remove(target / "stray");
  fs::rename(target / "keys.json", directory_ / "keys.json");
  EXPECT_THAT(refusal(target), HasSubstr("keys.json is missing"));
  fs::create_symlink(directory_ / "keys.json", target / "keys.json");
  EXPECT_THAT(refusal(target), HasSubstr("symbolic link"));
  fs::remove(target / "keys.json");
  ASSERT_EQ(::mkfifo((target / "keys.json").c_str(), 0600), 0);
  EXPECT_THAT(refusal(target), HasSubstr("not a plain file"));
  fs::remove(target / "keys.json");
  spit(target / "keys.json", R"({"keys":{}})");
  EXPECT_THAT(refusal(target), HasSubstr("digest"));
}

TEST_F(BackupTest, PackedAgainByTarItIsStillABackup) {
  write_backup();
  const fs::path target = unpack();
  const std::string list = "$(tar -tf " + path_.string() + ")";
  for (const char* format : {"gnu", "ustar", "posix"}) {
    const fs::path again = directory_ / "again.tar";
    ASSERT_EQ(
        std::system(
            ("tar -cf " + again.string() + " --format=" + format + " -C " + target.string() + " " + list).c_str()),
        0);
    EXPECT_THAT(refusal(again), IsEmpty()) << format;
  }
}

TEST_F(BackupTest, EveryTruncationIsNoticed) {
  write_backup();
  const std::string whole = slurp(path_);
  const fs::path cut = directory_ / "cut.tar";
  for (std::size_t size = 0; size < whole.size(); size += 97) {
    spit(cut, whole.substr(0, size));
    EXPECT_THAT(refusal(cut), testing::Not(IsEmpty())) << size;
  }
  for (std::size_t back = 1; back <= 1024; back += 31) {
    spit(cut, whole.substr(0, whole.size() - back));
    EXPECT_THAT(refusal(cut), HasSubstr("cut off")) << back;
  }
}

TEST_F(BackupTest, EveryFlippedByteIsNoticed) {
  write_backup();
  const std::string whole = slurp(path_);
  const fs::path flipped = directory_ / "flipped.tar";
  for (std::size_t at = 0; at < whole.size(); at += 13) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    spit(flipped, bytes);
    EXPECT_THAT(refusal(flipped), testing::Not(IsEmpty())) << "byte " << at;
  }
}

TEST_F(BackupTest, WhatIsNoBackupIsCalledSo) {
  for (const std::string& text :
       {std::string(), std::string("hello"), std::string(20000, 'x'), std::string(2048, '\0')}) {
    spit(path_, text);
    EXPECT_THAT(refusal(path_), HasSubstr("not a backup")) << text.size();
  }
  spit(path_, make_tar({{"some.txt", AE_IFREG, "text"}}));
  EXPECT_THAT(refusal(path_), HasSubstr("is not a backup of Exastro: it does not end with"));
  try {
    static_cast<void>(BackupReader::open(directory_ / "missing.tar"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), ExitStatus::kNotFound);
  }
}

TEST_F(BackupTest, ChangedMembersAreNoticed) {
  const std::vector<std::pair<std::string, std::function<void(std::vector<TarEntry>&)>>> changes = {
      {"is missing", [](auto& entries) { entries.erase(entries.begin()); }},
      {"is missing", [](auto& entries) { entries[0].name = "other.sql.gz"; }},
      {"does not know", [](auto& entries) { entries.insert(entries.begin(), {.name = "extra", .text = "x"}); }},
      {"order", [](auto& entries) { std::swap(entries[0], entries[1]); }},
      {"does not end with", [](auto& entries) { std::swap(entries[entries.size() - 1], entries[entries.size() - 2]); }},
      {"does not end with", [](auto& entries) { entries.pop_back(); }},
      {"bytes instead of", [](auto& entries) { entries[2].text += " "; }},
      {"twice", [](auto& entries) { entries.insert(entries.begin(), entries[0]); }},
      {"no name of a member", [](auto& entries) { entries[0].name = "../" + entries[0].name; }},
      {"no name of a member", [](auto& entries) { entries[0].name = "/etc/passwd"; }},
      {"no name of a member", [](auto& entries) { entries[0].name = std::string(5000, 'n'); }},
      {"not a plain file", [](auto& entries) { entries[0].type = AE_IFCHR; }},
      {"not a plain file", [](auto& entries) { entries[0].type = AE_IFIFO; }},
      {"not a plain file",
       [](auto& entries) {
         entries[0] = {entries[0].name, AE_IFLNK, "keys.json"};
       }},
      {"not a plain file",
       [](auto& entries) {
         entries[1] = {entries[1].name, AE_IFREG, entries[0].name, true};
       }},
      {"incorrect data check", [](auto& entries) { entries[0].text[100] = static_cast<char>(~entries[0].text[100]); }},
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    write_backup(dump_text(), tar_, true);
    repack(changes[i].second);
    EXPECT_THAT(refusal(path_), HasSubstr(changes[i].first)) << "change " << i;
  }
}

TEST_F(BackupTest, AForgedManifestIsNoticed) {
  write_backup();
  const Manifest honest = BackupReader::open(path_).manifest();
  const std::vector<std::pair<std::string, std::function<void(Manifest&)>>> changes = {
      {"unpacks to more", [](auto& m) { m.members[0].plain_size -= 1; }},
      {"unpacks to other", [](auto& m) { m.members[0].plain_size += 1; }},
      {"unpacks to other", [](auto& m) { m.members[0].plain_sha256 = std::string(64, '0'); }},
      {"differ about", [](auto& m) { m.members[0].sha256 = std::string(64, '0'); }},
      {"bytes instead of", [](auto& m) { m.members[0].size += 512; }},
      {"bytes instead of", [](auto& m) { m.members[0].size = std::uint64_t{1} << 49; }},
      {"in range", [](auto& m) { m.members[0].size = ~std::uint64_t{0}; }},
      {"two sizes", [](auto& m) { m.members[0].encoding = Encoding::kIdentity; }},
      {"is missing", [](auto& m) { m.members[4].name = "other.json"; }},
      {"format version 2", [](auto& m) { m.format_version = 2; }},
      {"not a member of kind", [](auto& m) { m.databases[0].member = "keys.json"; }},
      {"does not describe", [](auto& m) { m.databases[0].server = "other"; }},
      {"belongs to", [](auto& m) { m.databases.clear(); }},
      {"name of a member", [](auto& m) { m.files->member = "../../x"; }},
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    write_backup(dump_text(), tar_, true);
    forge([&](std::vector<TarEntry>& entries) {
      Manifest forged = honest;
      changes[i].second(forged);
      entries[entries.size() - 2].text = format_manifest(forged);
    });
    EXPECT_THAT(refusal(path_), HasSubstr(changes[i].first)) << "change " << i;
  }
}

TEST_F(BackupTest, ABombIsStoppedAtTheSizeOfTheManifest) {
  write_backup();
  const Manifest honest = BackupReader::open(path_).manifest();
  const std::string bomb = gzip(std::string(std::size_t{64} << 20, '\0'));
  for (const std::size_t victim : {std::size_t{0}, std::size_t{1}}) {
    forge([&](std::vector<TarEntry>& entries) {
      Manifest forged = honest;
      forged.members[victim].size = bomb.size();
      forged.members[victim].sha256 = stream::sha256_hex(bomb);
      entries[victim].text = bomb;
      entries[entries.size() - 2].text = format_manifest(forged);
    });
    std::uint64_t passed = 0;
    stream::CallbackSink count([&](std::span<const std::byte> b) { passed += b.size(); });
    const BackupReader reader = BackupReader::open(path_);
    EXPECT_THROW(reader.read_plain(honest.members[victim].name, count), Error);
    EXPECT_LE(passed, honest.members[victim].plain_size);
    EXPECT_THAT(refusal(path_), HasSubstr("unpacks to more"));
    write_backup(dump_text(), tar_, true);
  }
}

TEST_F(BackupTest, ABadDumpIsRefused) {
  const std::string whole = dump_text();
  write_backup(whole.substr(0, whole.size() - 60), tar_, true);
  EXPECT_THAT(refusal(path_), HasSubstr("not a complete dump"));
  write_backup("hello\n", tar_, true);
  EXPECT_THAT(refusal(path_), HasSubstr("not a dump"));
  write_backup("", tar_, true);
  EXPECT_THAT(refusal(path_), HasSubstr("not a dump"));
}

TEST_F(BackupTest, HostileSharedFilesAreRefused) {
  EXPECT_THAT(refusal_of_files({{"../x", AE_IFREG, "x"}}), HasSubstr("leads out"));
  EXPECT_THAT(refusal_of_files({{"a/../../x", AE_IFREG, "x"}}), HasSubstr("leads out"));
  EXPECT_THAT(refusal_of_files({{"/etc/x", AE_IFREG, "x"}}), HasSubstr("absolute"));
  EXPECT_THAT(refusal_of_files({{"l", AE_IFLNK, "/etc"}, {"l/x", AE_IFREG, "x"}}), HasSubstr("below a symbolic link"));
  EXPECT_THAT(refusal_of_files({{"./l", AE_IFLNK, ".."}, {"l//./x/y", AE_IFREG, "x"}}), HasSubstr("below a symbolic"));
  EXPECT_THAT(refusal_of_files({{"l", AE_IFLNK, "/etc"}, {"l", AE_IFDIR}}), HasSubstr("replaces a symbolic link"));
  EXPECT_THAT(refusal_of_files({{"l", AE_IFLNK, "/"}, {"h", AE_IFLNK, "l", true}, {"h/x", AE_IFREG, "x"}}),
              HasSubstr("below a symbolic link"));
  EXPECT_THAT(refusal_of_files({{"h", AE_IFREG, "/etc/passwd", true}}), HasSubstr("absolute"));
  EXPECT_THAT(refusal_of_files({{"h", AE_IFREG, "../../etc/passwd", true}}), HasSubstr("leads out"));
  EXPECT_THAT(refusal_of_files({{"l", AE_IFLNK, "/etc"}, {"h", AE_IFREG, "l/passwd", true}}),
              HasSubstr("through a symbolic link"));
  EXPECT_THAT(refusal_of_files({{".", AE_IFLNK, "/etc"}}), HasSubstr("in place of the directory"));
  EXPECT_THAT(refusal_of_files({{std::string(300, 'n'), AE_IFREG, "x"}}), HasSubstr("too long"));
  std::string deep;
  for (int i = 0; i < 3000; ++i) deep += "d/";
  EXPECT_THAT(refusal_of_files({{deep + "x", AE_IFREG, "x"}}), HasSubstr("too long"));
  EXPECT_THAT(refusal_of_files({{"d", AE_IFCHR}}), HasSubstr("neither a file"));
  EXPECT_THAT(refusal_of_files({{"d", AE_IFBLK}}), HasSubstr("neither a file"));
  EXPECT_THAT(refusal_of_files({{"d", AE_IFIFO}}), HasSubstr("neither a file"));
}

TEST_F(BackupTest, WhatExastroStoresIsAccepted) {
  const std::vector<TarEntry> entries = {{"./", AE_IFDIR},
                                         {"./a b/日本語.txt", AE_IFREG, "x"},
                                         {"./empty", AE_IFREG, ""},
                                         {"./up", AE_IFLNK, "../../x"},
                                         {"./abs", AE_IFLNK, "/storage/x"},
                                         {"./hard", AE_IFREG, "./a b/日本語.txt", true},
                                         {"./" + std::string(200, 'l') + "/x", AE_IFREG, "long"}};
  EXPECT_THAT(refusal_of_files(entries), IsEmpty());
  EXPECT_THAT(refusal_of_files(entries, true), IsEmpty());
  EXPECT_THAT(refusal_of_files({}), IsEmpty());
}

TEST_F(BackupTest, DamagedSharedFilesAreRefused) {
  const std::string big = make_tar({{"a", AE_IFREG, std::string(100'000, 'a')}, {"b", AE_IFREG, "b"}});
  write_backup(dump_text(), big.substr(0, 50'000), true);
  EXPECT_THAT(refusal(path_), HasSubstr("tar of the shared files is damaged"));
  write_backup(dump_text(), "", true);
  EXPECT_THAT(refusal(path_), HasSubstr("tar of the shared files is damaged"));
  write_backup(dump_text(), std::string(5000, 'x'), true);
  EXPECT_THAT(refusal(path_), HasSubstr("tar of the shared files is damaged"));
}

TEST_F(BackupTest, NothingMayFollowTheEndOfTheSharedFiles) {
  const std::string zeros(512, '\0');
  const std::string file = raw_entry("a", "text");
  EXPECT_THAT(refusal_of_tar(file + zeros + zeros), IsEmpty());
  EXPECT_THAT(refusal_of_tar(file + std::string(10240, '\0')), IsEmpty());
  EXPECT_THAT(refusal_of_tar(file), HasSubstr("its end is missing"));
  EXPECT_THAT(refusal_of_tar(file + zeros), HasSubstr("its end is missing"));
  // Some programs unpack what is behind a single block of zeros.
  const std::string hidden = raw_entry("../../etc/cron.d/x", "* * * * * root true\n");
  EXPECT_THAT(refusal_of_tar(file + zeros + hidden + zeros + zeros), HasSubstr("something follows its end"));
  EXPECT_THAT(refusal_of_tar(file + zeros + zeros + hidden + zeros + zeros), HasSubstr("something follows its end"));
}

TEST_F(BackupTest, SparseFilesAreRefused) {
  const std::string zeros(1024, '\0');
  const std::string pax = pax_record("GNU.sparse.major", "1") + pax_record("GNU.sparse.minor", "0") +
                          pax_record("GNU.sparse.name", "s") +
                          pax_record("GNU.sparse.realsize", std::to_string(std::uint64_t{1} << 50));
  const std::string map = raw_data("1\n1125899906842000\n4\n");
  const std::string sparse = raw_entry("x", pax, 'x') + raw_entry("s", map + "data");
  EXPECT_THAT(refusal_of_tar(sparse + zeros), HasSubstr("holes"));
  std::string old_style = raw_header("s", 'S', 512);
  old_style.replace(386, 11, "00100000000");  // one stretch: its offset, its length
  old_style.replace(398, 11, "00000001000");
  old_style.replace(483, 11, "00100001000");  // the size unpacked
  std::uint64_t sum = 0;
  old_style.replace(148, 8, "        ");
  for (const char c : old_style) sum += static_cast<unsigned char>(c);
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%06llo", static_cast<unsigned long long>(sum));
  old_style.replace(148, 7, std::string(text.data()) + '\0');
  EXPECT_THAT(refusal_of_tar(old_style + std::string(512, 'd') + zeros), HasSubstr("holes"));

  // As a member of the backup itself.
  write_backup(dump_text(), tar_, true);
  spit(path_, sparse + slurp(path_));
  EXPECT_THAT(refusal(path_), HasSubstr("s is not a plain file"));
  spit(path_, old_style + std::string(512, 'd') + zeros);
  EXPECT_THAT(refusal(path_), HasSubstr("s is not a plain file"));
}

// Headers that say how much follows: neither may they be read into memory, nor be believed.
TEST_F(BackupTest, GiantHeadersAndSizesAreRefused) {
  const std::string zeros(1024, '\0');
  for (const char type : {'L', 'K', 'x', 'g'}) {
    for (const std::uint64_t size : {std::uint64_t{3} << 30, std::uint64_t{1} << 40, ~std::uint64_t{0} >> 2}) {
      const std::string giant = raw_header("././@LongLink", type, size) + std::string(100'000, 'n');
      EXPECT_THAT(refusal_of_tar(giant), HasSubstr("tar of the shared files is damaged")) << type << size;
      write_backup(dump_text(), tar_, true);
      const std::string whole = slurp(path_);
      spit(path_, giant + std::string(512 - giant.size() % 512, '\0') + whole);
      EXPECT_THAT(refusal(path_), Not(IsEmpty())) << type << size;
    }
  }
  for (const std::uint64_t size : {std::uint64_t{1} << 33, std::uint64_t{1} << 50, ~std::uint64_t{0} >> 2}) {
    EXPECT_THAT(refusal_of_tar(raw_header("a", '0', size) + std::string(2000, 'a') + zeros),
                HasSubstr("tar of the shared files is damaged"))
        << size;
    spit(path_, raw_header("a", '0', size) + std::string(2048, 'a') + zeros);
    EXPECT_THAT(refusal(path_), HasSubstr("cut off")) << size;
  }
  // A size below zero, in base 256.
  std::string negative = raw_header("a", '0', ~std::uint64_t{0});
  negative.replace(124, 12, std::string(12, '\xff'));
  EXPECT_THAT(refusal_of_tar(negative + zeros), HasSubstr("damaged"));
  spit(path_, negative + zeros);
  EXPECT_THAT(refusal(path_), Not(IsEmpty()));
  // One within another, as deep as the file is long.
  std::string nested;
  for (int i = 0; i < 20'000; ++i) nested += raw_entry("././@LongLink", "n", i % 2 == 0 ? 'L' : 'g');
  EXPECT_THAT(refusal_of_tar(nested + zeros), Not(IsEmpty()));
  spit(path_, nested + zeros);
  EXPECT_THAT(refusal(path_), Not(IsEmpty()));
  // A name of a megabyte, and one that a header overrides.
  EXPECT_THAT(refusal_of_tar(raw_entry("././@LongLink", std::string(1'000'000, 'n'), 'L') + raw_entry("a", "") + zeros),
              HasSubstr("too long"));
  EXPECT_THAT(refusal_of_tar(raw_entry("x", pax_record("path", "../../etc/x"), 'x') + raw_entry("a", "x") + zeros),
              HasSubstr("leads out"));
  EXPECT_THAT(refusal_of_tar(raw_entry("x", pax_record("linkpath", "/etc/x"), 'x') + raw_header("a", '1', 0) + zeros),
              Not(IsEmpty()));
}

TEST_F(BackupTest, AnUnpackedSizeThatTheHeadersContradictIsRefused) {
  const std::string zeros(1024, '\0');
  const std::string pax = raw_entry("x", pax_record("size", "1000000"), 'x');
  EXPECT_THAT(refusal_of_tar(pax + raw_entry("a", "text") + zeros), HasSubstr("damaged"));
  write_backup(dump_text(), tar_, true);
  spit(path_, pax + slurp(path_));
  EXPECT_THAT(refusal(path_), Not(IsEmpty()));
}

TEST_F(BackupTest, BrokenJsonMembersAreRefused) {
  const std::vector<std::pair<std::string, std::string>> texts = {
      {"not JSON", "{"},
      {"not JSON", "{\"a\":\"\xff\"}"},
      {"too deep", std::string(1'000'000, '[')},
      {"twice", R"({"a":1,"a":2})"},
      {"too large", "[1e999]"},
  };
  for (const std::size_t victim : {std::size_t{2}, std::size_t{3}, std::size_t{4}}) {
    for (const auto& [reason, text] : texts) {
      write_backup(dump_text(), tar_, true);
      Manifest forged = BackupReader::open(path_).manifest();
      forge([&](std::vector<TarEntry>& entries) {
        auto& member = forged.members[victim];
        member.size = member.plain_size = text.size();
        member.sha256 = member.plain_sha256 = stream::sha256_hex(text);
        entries[victim].text = text;
        entries[entries.size() - 2].text = format_manifest(forged);
      });
      EXPECT_THAT(refusal(path_), HasSubstr(reason)) << victim;
    }
  }
}

// Gzip in gzip is unpacked once: what is inside is no dump, and no tar.
TEST_F(BackupTest, NestedGzipIsNotUnpackedTwice) {
  const std::string bomb = gzip(std::string(std::size_t{32} << 20, '\0'));
  write_backup(gzip(bomb), tar_, true);
  EXPECT_THAT(refusal(path_), HasSubstr("not a dump"));
  EXPECT_THAT(refusal_of_tar(bomb), HasSubstr("tar of the shared files is damaged"));
}

TEST_F(BackupTest, AnExistingFileIsKept) {
  spit(path_, "mine");
  EXPECT_THROW(BackupWriter(path_, false), Error);
  EXPECT_EQ(slurp(path_), "mine");
  EXPECT_EQ(files_in_directory(), 1U);
  write_backup(dump_text(), tar_, true);
  EXPECT_THAT(refusal(path_), IsEmpty());
}

TEST_F(BackupTest, AFileThatAppearsMeanwhileIsKept) {
  {
    BackupWriter writer(path_, false);
    spit(path_, "mine");
    Manifest manifest;
    EXPECT_THROW(writer.finish(manifest), Error);
  }
  EXPECT_EQ(slurp(path_), "mine");
  EXPECT_EQ(files_in_directory(), 1U);
}

TEST_F(BackupTest, AnUnusableDirectoryIsNamed) {
  try {
    BackupWriter writer(directory_ / "missing" / "b.tar", false);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("No such file or directory"));
    EXPECT_THAT(error.next(), HasSubstr("mkdir"));
  }
  EXPECT_THROW(BackupWriter(directory_, false), Error);
  EXPECT_THROW(BackupWriter("/proc/b.tar", false), Error);
  if (::geteuid() != 0) {
    fs::permissions(directory_, fs::perms::owner_read | fs::perms::owner_exec);
    EXPECT_THROW(BackupWriter(path_, false), Error);
    fs::permissions(directory_, fs::perms::owner_all);
  }
}

TEST_F(BackupTest, ADirectoryThatOthersMayWriteToIsRefused) {
  const auto refusal_in = [&](mode_t mode) -> std::string {
    EXPECT_EQ(::chmod(directory_.c_str(), mode), 0);
    try {
      const BackupWriter writer(path_);
      return "";
    } catch (const Error& error) {
      return std::string(error.what()) + " | " + error.next();
    }
  };
  EXPECT_THAT(refusal_in(0777), HasSubstr("others may write to the directory"));
  EXPECT_THAT(refusal_in(0777), HasSubstr("chmod go-w " + directory_.string() + " ;"));
  EXPECT_THAT(refusal_in(0702), HasSubstr("others may write"));
  for (const mode_t mode : {0700, 0755, 01777}) EXPECT_THAT(refusal_in(mode), IsEmpty()) << mode;
  EXPECT_EQ(files_in_directory(), 0U);
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory to a group";
  EXPECT_THAT(refusal_in(0500), IsEmpty()) << "which root may write to";
  // Of the user's own group nobody else is a member; root's is such a one, tty is not.
  EXPECT_THAT(refusal_in(0770), IsEmpty());
  const struct group* others = ::getgrnam("tty");
  ASSERT_NE(others, nullptr);
  ASSERT_EQ(::chown(directory_.c_str(), 0, others->gr_gid), 0);
  EXPECT_THAT(refusal_in(0770), HasSubstr("chmod g-w"));
  EXPECT_THAT(refusal_in(01770), IsEmpty());
}

TEST_F(BackupTest, TheOwnerOfTheDirectoryIsNamedIfItIsSomebodyElse) {
  EXPECT_THAT(foreign_owner_warning(directory_), IsEmpty());
  EXPECT_THAT(foreign_owner_warning("/"), IsEmpty());
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory to somebody else";
  ASSERT_EQ(::chown(directory_.c_str(), 1, 1), 0);
  EXPECT_THAT(foreign_owner_warning(directory_), HasSubstr("belongs to daemon"));
  ASSERT_EQ(::chown(directory_.c_str(), 54321, 1), 0);
  EXPECT_THAT(foreign_owner_warning(directory_), HasSubstr("54321"));
}

TEST_F(BackupTest, NothingRemainsOfAFailedBackup) {
  {
    BackupWriter writer(path_, false);
    EXPECT_EQ(files_in_directory(), 1U);
    const auto member = writer.begin(dump_, MemberKind::kDump, Encoding::kGzip);
    EXPECT_THROW(member->write(as_bytes("this is not gzip")), Error);
  }
  EXPECT_EQ(files_in_directory(), 0U);
}

TEST_F(BackupTest, WithAMemberThatWasNotFinishedItIsNoBackup) {
  {
    BackupWriter writer(path_, false);
    writer.add("values_a_b.json", MemberKind::kValues, "{}");
    {
      const auto member = writer.begin(keys_member_name(), MemberKind::kKeys, Encoding::kIdentity);
      member->write(as_bytes(std::string(3'000'000, 'x')));
      EXPECT_THROW(static_cast<void>(writer.begin("other", MemberKind::kKeys, Encoding::kIdentity)), Error);
      EXPECT_THROW(writer.finish({}), Error);
    }
    EXPECT_THROW(writer.add("other", MemberKind::kKeys, "{}"), Error);
    EXPECT_THROW(writer.finish({}), Error);
  }
  EXPECT_EQ(files_in_directory(), 0U);
}

TEST_F(BackupTest, AMembersNameIsAllowedAndItsOwn) {
  BackupWriter writer(path_, false);
  writer.add(keys_member_name(), MemberKind::kKeys, "{}");
  EXPECT_THROW(writer.add(keys_member_name(), MemberKind::kKeys, "{}"), Error);
  EXPECT_THROW(writer.add("../x", MemberKind::kKeys, "{}"), Error);
  EXPECT_THROW(writer.add("manifest.json", MemberKind::kKeys, "{}"), Error);
  writer.finish({});
  EXPECT_EQ(writer.size(), fs::file_size(path_));
  EXPECT_THAT(refusal(path_), IsEmpty());
}

TEST_F(BackupTest, ACutGzipIsNoMember) {
  BackupWriter writer(path_, false);
  const std::string stored = gzip(dump_text());
  const auto member = writer.begin(dump_, MemberKind::kDump, Encoding::kGzip);
  member->write(as_bytes(std::string_view(stored).substr(0, stored.size() - 5)));
  EXPECT_THROW(member->finish(), Error);
}

TEST_F(BackupTest, TheObserverSeesThePlainBytes) {
  BackupWriter writer(path_, false);
  std::string seen;
  bool finished = false;
  stream::CallbackSink observer([&](std::span<const std::byte> b) { seen += stream::as_text(b); },
                                [&] { finished = true; });
  const auto member = writer.begin(dump_, MemberKind::kDump, Encoding::kGzip, &observer);
  const std::string stored = gzip(dump_text(20'000));
  for (std::size_t at = 0; at < stored.size(); at += 1000) {
    member->write(as_bytes(std::string_view(stored).substr(at, 1000)));
  }
  member->finish();
  EXPECT_TRUE(finished);
  EXPECT_EQ(seen, dump_text(20'000));
  EXPECT_EQ(member->plain_size(), seen.size());
  EXPECT_EQ(member->plain_sha256(), stream::sha256_hex(seen));
  EXPECT_EQ(member->sha256(), stream::sha256_hex(stored));
}

TEST_F(BackupTest, ASinkThatFailsKeepsItsError) {
  write_backup();
  stream::CallbackSink failing([](std::span<const std::byte>) { throw Error("disk full"); });
  try {
    BackupReader::open(path_).read_plain(dump_, failing);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "disk full");
    EXPECT_EQ(error.status(), ExitStatus::kFailed);
  }
}

TEST_F(BackupTest, AMemberOfTenGigabytesHasItsPlaceInTheHeader) {
  constexpr std::uint64_t kSize = std::uint64_t{10} << 30;
  const std::string header = tar_header("big", kSize, 0);
  ASSERT_EQ(header.size(), kTarBlock);
  const fs::path sparse = directory_ / "sparse.tar";
  spit(sparse, header);
  fs::resize_file(sparse, header.size() + kSize + 1024);
  struct archive* reader = archive_read_new();
  archive_read_support_format_tar(reader);
  ASSERT_EQ(archive_read_open_filename(reader, sparse.c_str(), 10240), ARCHIVE_OK);
  struct archive_entry* entry = nullptr;
  ASSERT_EQ(archive_read_next_header(reader, &entry), ARCHIVE_OK);
  EXPECT_EQ(archive_entry_size(entry), static_cast<la_int64_t>(kSize));
  archive_read_free(reader);
  EXPECT_EQ(std::system(("tar -tvf " + sparse.string() + " | grep -q 10737418240").c_str()), 0);
  EXPECT_EQ(tar_header(std::string(200, 'n'), kSize, 0).size(), tar_header(std::string(200, 'n'), 0, 0).size());
}

TEST_F(BackupTest, LongNamesSurvive) {
  const std::string name = dump_member_name("shared", std::string(300, 'x'), kTs, Encoding::kGzip);
  ASSERT_GT(name.size(), 100U);
  ASSERT_TRUE(is_member_name(name));
  BackupWriter writer(path_, false);
  add_gzip(writer, name, MemberKind::kDump, gzip(dump_text()));
  Manifest manifest = manifest_of(name, "");
  manifest.files.reset();
  manifest.accounts.clear();
  writer.finish(manifest);
  EXPECT_THAT(refusal(path_), IsEmpty());
}

TEST_F(BackupTest, StandardOutputAndInputPassThroughUnnamedFiles) {
  write_backup();
  BackupWriter writer = BackupWriter::unnamed(directory_);
  EXPECT_EQ(files_in_directory(), 1U);
  writer.add("keys.json", MemberKind::kKeys, "{}");
  writer.finish({});
  const FileDescriptor out(::open((directory_ / "out.tar").c_str(), O_RDWR | O_CREAT, 0600));
  writer.copy_to(out.get());
  EXPECT_THAT(refusal(directory_ / "out.tar"), IsEmpty());

  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const std::string whole = slurp(directory_ / "out.tar");
  ASSERT_LT(whole.size(), 65536U);
  ASSERT_EQ(::write(ends[1], whole.data(), whole.size()), static_cast<ssize_t>(whole.size()));
  ::close(ends[1]);
  const FileDescriptor input(ends[0]);
  const BackupReader reader = BackupReader::open(spool(input.get(), directory_), "standard input");
  EXPECT_EQ(reader.verify().members, 1U);
  EXPECT_EQ(files_in_directory(), 2U);
  EXPECT_THROW(check_room(out.get(), directory_, std::uint64_t{1} << 60), Error);
}

TEST_F(BackupTest, PartialFilesOfTheDeadAreRemoved) {
  fs::path left;
  {
    BackupWriter living(path_, false);
    left = living.partial_path();
  }
  spit(left, "x");  // as a killed run would leave it
  const fs::path elsewhere = directory_ / ".exastro-backup_a.tar.partial-anotherhost-123-0123456789abcdef";
  spit(elsewhere, "x");
  spit(directory_ / ".other.partial", "x");
  BackupWriter living(path_, false);
  EXPECT_EQ(remove_partial_files(directory_), 1);
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(elsewhere)) << "its lock may not be seen from here";
  fs::last_write_time(elsewhere, fs::file_time_type::clock::now() - std::chrono::hours(24 * 8));
  EXPECT_EQ(remove_partial_files(directory_), 1);
  EXPECT_TRUE(fs::exists(living.partial_path()));
  EXPECT_TRUE(fs::exists(directory_ / ".other.partial"));
}

TEST_F(BackupTest, AnotherWriterTakesWhatOneHasKept) {
  const std::string waiting = waiting_file_name("exastro", "exastro", "0a1b2c3d");
  std::string random_text;
  for (std::uint32_t i = 1; random_text.size() < 3'000'000; i = i * 1664525 + 1013904223)
    random_text += std::to_string(i) + '\n';
  const std::string dump = gzip(dump_text());
  const std::string files = gzip(make_tar({{"storage/", AE_IFDIR}, {"storage/a", AE_IFREG, random_text}}));
  {
    BackupWriter writer(path_, waiting);
    EXPECT_EQ(writer.earlier_bytes(), 0U);
    add_gzip(writer, dump_, MemberKind::kDump, dump);
    const auto member = writer.begin(files_, MemberKind::kFiles, Encoding::kGzip);
    member->write(as_bytes(files).first(files.size() / 2));
    writer.keep();
  }
  EXPECT_FALSE(fs::exists(path_));
  const std::uint64_t kept = fs::file_size(directory_ / waiting);
  EXPECT_GT(kept, files.size() / 2);
  {
    BackupWriter writer(path_, waiting);
    EXPECT_EQ(writer.earlier_bytes(), kept);
    const auto first = writer.begin(dump_, MemberKind::kDump, Encoding::kGzip);
    EXPECT_EQ(first->kept(), kept - tar_header(dump_, 0, 0).size());
    const auto take = [](BackupWriter::Member& member, std::size_t size) {
      std::string bytes(size, '\0');
      for (std::size_t at = 0; at < size; at += 4096) {
        const auto piece = std::as_writable_bytes(std::span(bytes)).subspan(at, std::min<std::size_t>(4096, size - at));
        member.read_kept(piece, at);
        member.write(piece);
      }
      return bytes;
    };
    EXPECT_EQ(take(*first, dump.size()), dump);
    first->finish();
    const auto second = writer.begin(files_, MemberKind::kFiles, Encoding::kGzip);
    ASSERT_EQ(second->kept(), files.size() / 2);
    EXPECT_TRUE(take(*second, files.size() / 2) == files.substr(0, files.size() / 2));
    EXPECT_EQ(second->kept(), 0U) << "it is taken";
    std::byte more{};
    EXPECT_THROW(second->read_kept({&more, 1}, files.size()), Error);
    second->write(as_bytes(files).subspan(files.size() / 2));
    second->finish();
    writer.add(accounts_member_name("shared"), MemberKind::kAccounts, "{}");
    writer.finish(manifest_of(dump_, files_));
  }
  EXPECT_EQ(files_in_directory(), 1U);
  const BackupReader reader = BackupReader::open(path_);
  EXPECT_EQ(reader.verify().members, 3U);
  EXPECT_EQ(reader.member(files_).sha256, stream::sha256_hex(files));
}

TEST_F(BackupTest, WhatIsNoneOfAMembersIsForgotten) {
  const std::string waiting = waiting_file_name("exastro", "exastro", "0a1b2c3d");
  spit(directory_ / waiting, std::string(100'000, 'x'));
  fs::permissions(directory_ / waiting, fs::perms(0600));
  {
    BackupWriter writer(path_, waiting);
    const auto member = writer.begin(dump_, MemberKind::kDump, Encoding::kGzip);
    ASSERT_GT(member->kept(), 0U);
    member->forget_kept();
    EXPECT_EQ(member->kept(), 0U);
    member->write(as_bytes(gzip(dump_text())));
    writer.keep();
  }
  EXPECT_EQ(fs::file_size(directory_ / waiting), tar_header(dump_, 0, 0).size() + gzip(dump_text()).size());
}

TEST_F(BackupTest, ARunThatFindsNoRoomGivesBackWhatItHasTaken) {
  const std::string waiting = waiting_file_name("exastro", "exastro", "0a1b2c3d");
  spit(directory_ / waiting, std::string(5000, 'x'));
  fs::permissions(directory_ / waiting, fs::perms(0600));
  {
    BackupWriter writer(path_, waiting);
    const auto member = writer.begin(dump_, MemberKind::kDump, Encoding::kIdentity);
    member->write(as_bytes(std::string(3'000'000, 'y')));
    EXPECT_GT(fs::file_size(directory_ / waiting), 2'000'000U);
  }
  EXPECT_EQ(fs::file_size(directory_ / waiting), 5000U);
  const FileDescriptor full(::open("/dev/full", O_WRONLY));
  EXPECT_THROW(write_all(full.get(), as_bytes("x"), "it"), NoRoom);
}

TEST_F(BackupTest, OnlyWhatIsItsOwnIsGoneOnWith) {
  const std::string waiting = waiting_file_name("exastro", "exastro", "0a1b2c3d");
  const fs::path file = directory_ / waiting;
  const auto earlier = [&] { return BackupWriter(path_, waiting).earlier_bytes(); };
  EXPECT_EQ(earlier(), 0U);
  EXPECT_FALSE(fs::exists(file)) << "a run that fails leaves nothing, unless it is told to";
  spit(directory_ / "other", "x");
  fs::permissions(directory_ / "other", fs::perms(0600));
  fs::create_symlink(directory_ / "other", file);
  EXPECT_EQ(earlier(), 0U);
  fs::remove(file);
  fs::create_hard_link(directory_ / "other", file);
  EXPECT_EQ(earlier(), 0U);
  fs::remove(file);
  EXPECT_EQ(slurp(directory_ / "other"), "x");
  spit(file, "x");
  fs::permissions(file, fs::perms(0644));
  EXPECT_EQ(earlier(), 0U);
  fs::permissions(file, fs::perms(0600));
  const FileDescriptor held(::open(file.c_str(), O_RDONLY));
  ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
  EXPECT_EQ(earlier(), 0U);
  ASSERT_EQ(::flock(held.get(), LOCK_UN), 0);
  EXPECT_EQ(earlier(), 1U);
}

TEST_F(BackupTest, WhatWaitsStaysUntilItIsRemoved) {
  const std::string waiting = waiting_file_name("a", "b.c", "0a1b2c3d");
  EXPECT_EQ(waiting, ".exastro-backup_a_b@2ec_0a1b2c3d.partial");
  const fs::path file = directory_ / waiting;
  spit(file, "x");
  fs::permissions(file, fs::perms(0600));
  {
    const BackupWriter living(path_, waiting);
    EXPECT_TRUE(living.is_waiting());
    remove_waiting_file(directory_, waiting);
    EXPECT_TRUE(fs::exists(file)) << "it is in use";
  }
  EXPECT_TRUE(fs::exists(file)) << "what was there before is left there, whatever went wrong";
  EXPECT_EQ(remove_partial_files(directory_), 0);
  fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(24 * 8));
  spit(directory_ / ".exastro-backup_of_mine.partial", "x");
  fs::last_write_time(directory_ / ".exastro-backup_of_mine.partial", fs::last_write_time(file));
  EXPECT_EQ(remove_partial_files(directory_), 1);
  EXPECT_TRUE(fs::exists(directory_ / ".exastro-backup_of_mine.partial"));
  spit(file, "x");
  fs::permissions(file, fs::perms(0600));
  {
    BackupWriter useless(path_, waiting);
    useless.drop();
  }
  EXPECT_FALSE(fs::exists(file));
  spit(file, "x");
  remove_waiting_file(directory_, waiting);
  EXPECT_FALSE(fs::exists(file));
  remove_waiting_file(directory_ / "missing", waiting);
  BackupWriter fresh(path_, false);
  EXPECT_FALSE(fresh.is_waiting());
  fresh.keep();
  fresh.wait_as(waiting);
  EXPECT_TRUE(fresh.is_waiting());
  EXPECT_EQ(fresh.partial_path(), file);
}

TEST(Names, AreSafeAndDistinct) {
  EXPECT_EQ(dump_member_name("ita", "ITA_DB", kTs, Encoding::kGzip),
            "exastro_mysqldump_ita_db_ITA_DB_20260131-123456.sql.gz");
  EXPECT_EQ(dump_member_name("ita", "a/../b", kTs, Encoding::kGzip),
            "exastro_mysqldump_ita_db_a@2f@2e@2e@2fb_20260131-123456.sql.gz");
  EXPECT_NE(dump_member_name("ita", std::string(200, 'x') + "1", kTs, Encoding::kGzip),
            dump_member_name("ita", std::string(200, 'x') + "2", kTs, Encoding::kGzip));
  EXPECT_EQ(backup_file_name("ns", "rel", kTs), "exastro-backup_ns_rel_20260131-123456.tar");
  EXPECT_EQ(format_timestamp(0), "19700101-000000");
  for (const char* bad : {"", ".", "..", ".x", "a/b", "-x", "a b", "a\n", "日"}) EXPECT_FALSE(is_member_name(bad));
}

TEST(DigestList, TakesOnlyItsOwnLines) {
  const std::string digest(64, 'a');
  EXPECT_EQ(parse_digest_list(digest + "  a\n" + digest + "  b\n").size(), 2U);
  for (const std::string& bad :
       {digest + "  a", digest + " *a\n", digest + "  ../a\n", digest + "  a\n" + digest + "  a\n", std::string("\n"),
        std::string(64, 'A') + "  a\n", digest.substr(1) + "  a\n"}) {
    EXPECT_THROW(static_cast<void>(parse_digest_list(bad)), Error) << bad;
  }
}

}  // namespace
}  // namespace exastro::archive
