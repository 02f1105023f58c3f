// The shared files, packed and replaced by the real scripts, in a directory of this machine.
#include "sequence/shared_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <map>

#include "../temporary_folder.h"
#include "local_pod.h"
#include "stream/digest.h"
#include "stream/sink.h"

namespace exastro {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    fs::permissions(directory_, fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
    root_ = directory_ / "root with 'quotes'";
    fs::create_directories(root_ / "組織/workspace 1/空");
    write("組織/workspace 1/日本語 name.txt", "text\r\n");
    write("empty", "");
    write(".hidden", "h");
    write("-dash", "d");
    write("..two dots", "t");
    write("line\nend", "l");
    fs::create_symlink("no/such/target", root_ / "link");
    fs::create_hard_link(root_ / ".hidden", root_ / "組織/hard");
    fs::create_directories(root_ / "lost+found/not ours");
    fs::permissions(root_ / "empty", fs::perms::owner_read);
    give_away();
    pod_.emplace(directory_, true);
    files_.emplace(pod_->cluster(), LocalPod::container(), root_.string());
  }
  void TearDown() override {
    files_.reset();
    pod_.reset();  // its shells are here
    std::error_code ignored;
    for (const char* name : {"組織", "組織/workspace 1", "組織/workspace 1/空"})
      fs::permissions(root_ / name, fs::perms::owner_all, ignored);
  }

  // To the user that the scripts run as.
  void give_away() {
    if (geteuid() != 0) return;
    const auto to_user = [](const fs::path& path) { ASSERT_EQ(lchown(path.c_str(), 1000, 1000), 0) << path; };
    to_user(root_);
    for (const auto& entry : fs::recursive_directory_iterator(root_)) to_user(entry.path());
  }

  void write(const std::string& name, const std::string& text) { std::ofstream(root_ / name) << text; }

  std::string pack() {
    std::string packed;
    stream::Digest digest;
    files_->pack(
        encoding_,
        [&](std::span<const std::byte> bytes) {
          packed.append(stream::as_text(bytes));
          digest.update(bytes);
        },
        [&] { return digest.hex(); });
    return packed;
  }

  void unpack(const std::string& packed) {
    stream::Digest digest;
    std::size_t at = 0;
    files_->unpack_beside(
        "run", encoding_, packed.size(),
        [&](std::span<std::byte> room) {
          const std::size_t count = std::min(room.size(), packed.size() - at);
          std::memcpy(room.data(), packed.data() + at, count);
          digest.update(room.first(count));
          at += count;
          return count;
        },
        [&] { return digest.hex(); });
  }

  // What only the old tree has finds its place, all of it.
  void replace_with_extra() {
    files_->replace("run", true);
    EXPECT_TRUE(files_->merge_extra("run").empty());
    EXPECT_TRUE(files_->discard_all("run").empty());
  }

  // Every path below the root, with what it is.
  std::map<std::string, std::string> picture() {
    std::map<std::string, std::string> entries;
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      std::string what = std::to_string(static_cast<int>(entry.symlink_status().permissions()));
      if (entry.is_symlink()) {
        what += " -> " + fs::read_symlink(entry).string();
      } else if (entry.is_regular_file()) {
        std::ifstream file(entry.path());
        what += " = " + std::string(std::istreambuf_iterator<char>(file), {}) + " links " +
                std::to_string(entry.hard_link_count());
      }
      if (!entry.is_symlink()) what += " at " + std::to_string(entry.last_write_time().time_since_epoch().count());
      entries[fs::relative(entry.path().parent_path(), root_).string() + "/" + entry.path().filename().string()] = what;
    }
    return entries;
  }

  TemporaryFolder folder_;
  const fs::path directory_ = folder_.path();
  fs::path root_;
  archive::Encoding encoding_ = archive::Encoding::kZstd;
  std::optional<LocalPod> pod_;
  std::optional<SharedFiles> files_;
};

TEST_F(Files, FactsCountWhatIsOurs) {
  const FilesFacts facts = files_->facts();
  EXPECT_EQ(facts.entries, 12U);
  EXPECT_GT(facts.bytes, 0U);
  EXPECT_GT(facts.available, 0U);
  EXPECT_TRUE(facts.unreadable.empty());
  EXPECT_TRUE(facts.special.empty());
}

TEST_F(Files, WhatWasDeliveredIsUnpackedToo) {
  ::setenv("TMPDIR", (directory_ / "tmp").c_str(), 1);
  const auto delivered = directory_ / "tmp/exastro-staged/delivered";
  fs::create_directories(delivered);
  for (auto folder = delivered; folder != directory_; folder = folder.parent_path())
    fs::permissions(folder, fs::perms::all);
  const auto before = picture();
  std::ofstream(delivered / "files-1", std::ios::binary) << pack();
  write("empty", "not any more");
  files_->unpack_delivered("run", {"files-1", encoding_});
  files_->replace("run", false);
  files_->discard_all("run");
  EXPECT_EQ(picture(), before);
  std::ofstream(delivered / "files-2", std::ios::binary) << "no tar";
  try {
    files_->unpack_delivered("other", {"files-2", encoding_});
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("Unpacking the shared files failed"), std::string::npos) << error.what();
  }
  files_.reset();
  pod_.reset();
  ::unsetenv("TMPDIR");
}

TEST_F(Files, GzipDoesWhereThereIsNoZstd) {
  encoding_ = archive::Encoding::kGzip;
  const std::string packed = pack();
  EXPECT_TRUE(packed.starts_with("\x1f\x8b"));
  unpack(packed);
  EXPECT_TRUE(fs::exists(root_ / ".exastro-restore-run/組織"));
}

TEST_F(Files, WhatIsNoFileIsNamedAndLeftOut) {
  ASSERT_EQ(mkfifo((root_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(files_->facts().special, (std::vector<std::string>{"pipe"}));
  unpack(pack());
  EXPECT_FALSE(fs::exists(root_ / ".exastro-restore-run/pipe"));
}

TEST_F(Files, WhatCannotBeReadIsNamed) {
  fs::permissions(root_ / "-dash", fs::perms::none);
  fs::permissions(root_ / "組織/workspace 1/空", fs::perms::owner_read);
  EXPECT_THAT(files_->facts().unreadable, testing::UnorderedElementsAre("-dash", "組織/workspace 1/空"));
  EXPECT_THROW(pack(), Error);
}

TEST_F(Files, OfOthersAreCounted) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_EQ(chown((root_ / "-dash").c_str(), 0, 0), 0);
  EXPECT_EQ(files_->facts().of_others, 1U);
  EXPECT_TRUE(files_->facts().immovable.empty()) << "a file can be renamed by who owns its folder";
}

TEST_F(Files, WhatNoRestoreCouldReplaceIsNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_EQ(chown((root_ / "組織").c_str(), 0, 0), 0);
  EXPECT_EQ(files_->facts().immovable, (std::vector<std::string>{"組織"}));
  fs::permissions(root_ / "組織", fs::perms::all);
  EXPECT_TRUE(files_->facts().immovable.empty());
  ASSERT_EQ(chown(root_.c_str(), 0, 0), 0);
  fs::permissions(root_, fs::perms::all | fs::perms::sticky_bit);
  EXPECT_EQ(files_->facts().immovable, (std::vector<std::string>{"組織"}));
  fs::permissions(root_, fs::perms::owner_all);
  EXPECT_THROW(files_->facts(), Error) << "cannot even be entered";
}

// A directory that its owner may not write to can be renamed, but not into another one.
TEST_F(Files, ReadOnlyFoldersComeBackToo) {
  fs::permissions(root_ / "組織", fs::perms::owner_read | fs::perms::owner_exec);
  fs::permissions(root_ / "組織/workspace 1", fs::perms::owner_read | fs::perms::owner_exec);
  const auto before = picture();
  unpack(pack());
  files_->replace("run", false);
  files_->discard_all("run");
  EXPECT_EQ(picture(), before);
}

TEST_F(Files, ComeBackExactly) {
  const auto before = picture();
  const auto time_before = fs::last_write_time(root_);
  const std::string packed = pack();
  write("組織/workspace 1/日本語 name.txt", "changed");
  write("later", "x");
  give_away();
  fs::remove(root_ / "link");
  fs::remove_all(root_ / "組織/workspace 1/空");
  const auto changed = picture();
  unpack(packed);
  EXPECT_TRUE(fs::exists(root_ / "later")) << "unpacking changes nothing";
  files_->replace("run", false);
  files_->discard_all("run");
  EXPECT_EQ(picture(), before);
  EXPECT_NE(changed, before);
  EXPECT_EQ(fs::last_write_time(root_), time_before);
}

TEST_F(Files, ExtraOnesStayIfWanted) {
  const std::string packed = pack();
  write("later", "x");
  fs::create_directories(root_ / "組織/new/deep");
  write("組織/new/deep/file", "y");
  write("組織/workspace 1/日本語 name.txt", "changed");
  give_away();
  unpack(packed);
  files_->replace("run", true);
  EXPECT_THAT(files_->discard_all("run"), testing::ElementsAre(".exastro-old-run")) << "not yet moved over";
  EXPECT_TRUE(files_->merge_extra("run").empty());
  EXPECT_TRUE(files_->discard_all("run").empty());
  EXPECT_TRUE(fs::exists(root_ / "later"));
  EXPECT_TRUE(fs::exists(root_ / "組織/new/deep/file"));
  EXPECT_EQ(fs::file_size(root_ / "組織/workspace 1/日本語 name.txt"), 6U) << "what the backup has is the backup's";
}

// The backup has a file, and a link, where the present tree has directories with files in them.
TEST_F(Files, ExtraOnesInTheWayOfTheBackupsOwnAreKeptAside) {
  write("was a file", "of the backup");
  give_away();
  const std::string packed = pack();
  fs::remove(root_ / "was a file");
  fs::remove(root_ / "link");
  fs::create_directories(root_ / "was a file/deep");
  fs::create_directories(root_ / "link");
  write("was a file/deep/x", "extra");
  fs::create_directories(root_ / "link/closed");
  write("link/closed/y", "extra");
  fs::create_directories(root_ / "組織/new/deep");
  write("組織/new/deep/z", "extra");
  fs::permissions(root_ / "組織/new", fs::perms::owner_all | fs::perms::group_all);
  give_away();
  fs::permissions(root_ / "link/closed", fs::perms::none);
  unpack(packed);
  files_->replace("run", true);
  EXPECT_EQ(files_->merge_extra("run").size(), 2U);
  EXPECT_THAT(files_->discard_all("run"), testing::ElementsAre(".exastro-old-run"));
  EXPECT_TRUE(fs::is_regular_file(root_ / "was a file"));
  EXPECT_TRUE(fs::is_symlink(root_ / "link"));
  EXPECT_TRUE(fs::exists(root_ / ".exastro-old-run/was a file/deep/x"));
  EXPECT_TRUE(fs::exists(root_ / ".exastro-old-run/link/closed/y"));
  EXPECT_TRUE(fs::exists(root_ / "組織/new/deep/z"));
  EXPECT_EQ(fs::status(root_ / "組織/new").permissions(), fs::perms::owner_all | fs::perms::group_all);
}

// In directories that their owner may not write to, or not even look into, old and new.
TEST_F(Files, ExtraOnesAreMovedOutOfClosedFoldersAndIntoThem) {
  const fs::path space = root_ / "組織/workspace 1";
  fs::permissions(space, fs::perms::owner_read | fs::perms::owner_exec);
  const std::string packed = pack();
  fs::permissions(space, fs::perms::owner_all);
  fs::create_directories(space / "new/deep");
  write("組織/workspace 1/new/deep/file", "extra");
  write("組織/workspace 1/空/hidden away", "extra");
  give_away();
  fs::permissions(space / "空", fs::perms::none);
  fs::permissions(space / "new", fs::perms::owner_read | fs::perms::owner_exec);
  fs::permissions(space, fs::perms::owner_read | fs::perms::owner_exec);
  unpack(packed);
  replace_with_extra();
  EXPECT_TRUE(fs::exists(space / "new/deep/file"));
  EXPECT_TRUE(fs::exists(space / "空/hidden away"));
  EXPECT_EQ(fs::status(space).permissions(), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(fs::status(space / "new").permissions(), fs::perms::owner_read | fs::perms::owner_exec);
  fs::permissions(space / "new", fs::perms::owner_all);
}

// A directory of root's: a pod's user may move nothing out of it.
TEST_F(Files, ExtraOnesThatCannotBeMovedAreKeptAside) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const std::string packed = pack();
  write("組織/workspace 1/extra", "extra");
  ASSERT_EQ(chown((root_ / "組織/workspace 1").c_str(), 0, 0), 0);
  unpack(packed);
  files_->replace("run", true);
  const std::string kept = root_ / ".exastro-old-run/組織/workspace 1/extra";
  EXPECT_THAT(files_->merge_extra("run"), testing::ElementsAre(kept));
  EXPECT_THAT(files_->discard_all("run"), testing::ElementsAre(".exastro-old-run"));
  EXPECT_TRUE(fs::exists(kept));
}

// A run that kept extra files was cut off while it moved them.
TEST_F(Files, ExtraOnesThatAnEarlierRunLeftInItsOldTreeAreMovedOverToo) {
  const std::string packed = pack();
  fs::create_directories(root_ / ".exastro-old-earlier/組織");
  write(".exastro-old-earlier/組織/left behind", "extra");
  give_away();
  unpack(packed);
  replace_with_extra();
  EXPECT_TRUE(fs::exists(root_ / "組織/left behind"));
  EXPECT_FALSE(fs::exists(root_ / ".exastro-old-earlier"));
}

TEST_F(Files, WhatWasUnpackedIsDiscardedAndTheOldTreeIsNot) {
  unpack(pack());
  fs::create_directories(root_ / ".exastro-old-earlier/only copy");
  EXPECT_THAT(files_->discard_unpacked(), testing::ElementsAre(".exastro-old-earlier")) << "it is told of";
  EXPECT_FALSE(fs::exists(root_ / ".exastro-restore-run"));
  EXPECT_TRUE(fs::exists(root_ / ".exastro-old-earlier/only copy"));
}

TEST_F(Files, ADamagedTarIsAnErrorAndChangesNothing) {
  const auto before = picture();
  std::string packed = pack();
  packed.resize(packed.size() / 2);
  EXPECT_THROW(unpack(packed), Error);
  files_->discard_unpacked();
  EXPECT_EQ(picture(), before);
}

TEST_F(Files, AnOldTreeInTheWayIsNotMixedWithThisOne) {
  const auto before = picture();
  unpack(pack());
  // Left by another run of the same name: its content must not be mixed with the old tree.
  fs::create_directories(root_ / ".exastro-old-run");
  EXPECT_THROW(files_->replace("run", false), Error);
  fs::remove(root_ / ".exastro-old-run");
  files_->discard_unpacked();
  EXPECT_EQ(picture(), before);
}

// Wherever a call was cut off, the next one brings it to its end.
TEST_F(Files, ReplacingGoesOnWhereItWasCutOff) {
  const std::string packed = pack();
  const auto wanted = picture();
  const std::vector<std::string> names{"組織", "empty", ".hidden", "-dash", "..two dots", "line\nend", "link"};
  const fs::path unpacked = root_ / ".exastro-restore-run";
  const fs::path old = root_ / ".exastro-old-run";
  for (const bool old_is_whole : {false, true}) {
    for (const std::size_t moved : {std::size_t{0}, std::size_t{3}, names.size()}) {
      write("later", "x");
      give_away();
      unpack(packed);
      fs::create_directory(old);
      fs::rename(root_ / "later", old / "later");
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (old_is_whole || i < moved) fs::rename(root_ / names[i], old / names[i]);
        if (old_is_whole && i < moved) fs::rename(unpacked / names[i], root_ / names[i]);
      }
      if (old_is_whole) write(".exastro-old-run.whole", "");
      if (old_is_whole && moved == names.size()) fs::remove(unpacked);
      give_away();
      files_->replace("run", false, true);
      EXPECT_TRUE(fs::exists(old / "later"));
      files_->discard_all("run");
      EXPECT_EQ(picture(), wanted) << old_is_whole << " after " << moved;
    }
  }
}

// Wherever a call was cut off, or not at all, the old files come back; and wherever that was cut off.
TEST_F(Files, ReplacingIsUndoneWhereverItWasCutOff) {
  const std::string packed = pack();
  fs::remove(root_ / "link");
  write("later", "x");
  give_away();
  const auto wanted = picture();
  const fs::path unpacked = root_ / ".exastro-restore-run";
  const fs::path old = root_ / ".exastro-old-run";
  const std::vector<std::string> theirs{"組織", "empty", ".hidden", "-dash", "..two dots", "line\nend", "later"};
  const std::vector<std::string> news{"組織", "empty", ".hidden", "-dash", "..two dots", "line\nend", "link"};
  const auto move = [](const std::vector<std::string>& names, std::size_t count, const fs::path& from,
                       const fs::path& to) {
    for (std::size_t i = 0; i < count; ++i) fs::rename(from / names[i], to / names[i]);
  };
  enum class Cut { kNothing, kOldGoes, kNewComes, kDone, kNewGoesBack, kOldComesBack };
  for (const Cut cut :
       {Cut::kNothing, Cut::kOldGoes, Cut::kNewComes, Cut::kDone, Cut::kNewGoesBack, Cut::kOldComesBack}) {
    unpack(packed);
    if (cut != Cut::kNothing) {
      fs::create_directory(old);
      write(".exastro-old-run.kept", "");
      move(theirs, cut == Cut::kOldGoes ? 3 : theirs.size(), root_, old);
    }
    if (cut == Cut::kNewComes || cut == Cut::kDone || cut == Cut::kNewGoesBack) write(".exastro-old-run.whole", "");
    if (cut == Cut::kNewComes || cut == Cut::kNewGoesBack) move(news, 4, unpacked, root_);
    if (cut == Cut::kDone) {
      move(news, news.size(), unpacked, root_);
      fs::remove(unpacked);
    }
    if (cut == Cut::kOldComesBack) move(theirs, 2, old, root_);
    give_away();
    files_->put_back("run");
    files_->discard_unpacked();
    fs::remove(root_ / ".exastro-time-run");
    EXPECT_EQ(picture(), wanted) << static_cast<int>(cut);
  }
}

TEST_F(Files, AWholeReplacementIsUndone) {
  const std::string packed = pack();
  write("later", "x");
  give_away();
  const auto wanted = picture();
  for (const bool keep_extra : {false, true}) {
    unpack(packed);
    files_->replace("run", keep_extra);
    EXPECT_FALSE(fs::exists(root_ / "later"));
    files_->put_back("run");
    files_->discard_unpacked();
    EXPECT_EQ(picture(), wanted);
  }
}

TEST_F(Files, ReplacingByNothingFailsAndChangesNothing) {
  const auto before = picture();
  EXPECT_THROW(files_->replace("never unpacked", false), Error);
  EXPECT_THROW(files_->replace("never unpacked", false, true), Error);
  EXPECT_EQ(picture(), before);
}

}  // namespace
}  // namespace exastro
