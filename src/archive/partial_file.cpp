#include "archive/partial_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <chrono>
#include <random>
#include <regex>
#include <system_error>

#include "archive/final_name.h"
#include "archive/names.h"
#include "error.h"
#include "process/host_name.h"
#include "shell_word.h"

namespace exastro::archive {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxHostLength = 24;
// No backup waits in a cluster for so long, whatever has become of that.
constexpr std::chrono::hours kLongestWait{24 * 7};

std::string reason() { return std::generic_category().message(errno); }

// Whether nobody but this user is in the group: the one that many systems give each user, or one that has no entry, as
// the fsGroup of a pod.
bool is_private_group(gid_t gid) {
  const struct group* group = ::getgrgid(gid);
  if (group == nullptr) return true;
  const std::string name = group->gr_name;
  const bool empty = *group->gr_mem == nullptr;
  const struct passwd* user = ::getpwuid(::geteuid());
  return user != nullptr && user->pw_gid == gid && empty && name == user->pw_name;
}

// A file, and what it is, if no process writes to it any more: who writes holds its lock.
FileDescriptor open_unheld(const fs::path& path, struct stat& status) {
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  const bool is_unheld = file.is_open() && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 &&
                         ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
  return is_unheld ? std::move(file) : FileDescriptor();
}

bool remove_unheld(const fs::path& path) {
  struct stat status {};
  const FileDescriptor file = open_unheld(path, status);
  return file.is_open() && ::unlink(path.c_str()) == 0;
}

// The machine, as it stands in the names of unfinished files. A lock may be unknown to other machines, as on NFS
// without locks: what one of those has begun is not judged by it.
std::string this_host() {
  std::string host = process::host_name();
  std::erase_if(host, [](unsigned char c) { return std::isalnum(c) == 0; });
  return host.empty() ? "unknown" : host.substr(0, kMaxHostLength);
}

bool is_older_than(const fs::directory_entry& entry, std::chrono::hours age) {
  std::error_code error;
  const auto written = entry.last_write_time(error);
  return !error && fs::file_time_type::clock::now() - written > age;
}

}  // namespace

PartialFile::PartialFile(fs::path final_path, bool overwrite)
    : final_path_(std::move(final_path)), overwrite_(overwrite) {
  require_target();
  create();
}

PartialFile::PartialFile(fs::path final_path, const std::string& waiting_name)
    : final_path_(std::move(final_path)), overwrite_(false) {
  require_target();
  if (adopt(directory_of(final_path_) / waiting_name)) return;
  create();
  wait_as(waiting_name);
}

PartialFile::~PartialFile() {
  if (published_ || end_ == End::kKept) return;
  // What an earlier process has left has the room that it had. If it was cut off since, the rest is right as well.
  const bool stays = end_ == End::kAsItWas && earlier_bytes_ > 0;
  struct stat status {};
  if (!stays) {
    ::unlink(path_.c_str());
  } else if (::fstat(file_.get(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) > earlier_bytes_) {
    [[maybe_unused]] const int ignored = ::ftruncate(file_.get(), static_cast<off_t>(earlier_bytes_));
  }
}

void PartialFile::require_target() const {
  std::error_code ignored;
  if (fs::is_directory(final_path_, ignored)) {
    throw Error(fmt::format("{} is a directory", final_path_.string()), "Give a file name with -o.");
  }
  if (!overwrite_ && fs::exists(fs::symlink_status(final_path_, ignored))) throw target_exists(final_path_);
  require_private(directory_of(final_path_));
}

bool PartialFile::adopt(const fs::path& waiting) {
  struct stat status {};
  struct stat named {};
  FileDescriptor file = open_unheld(waiting, status);
  if (!file.is_open()) return false;
  const bool is_ours = status.st_uid == ::geteuid() && status.st_nlink == 1 && (status.st_mode & 077) == 0;
  // Its last owner may have given it another name, or removed it, before the lock was free.
  const bool is_there = ::lstat(waiting.c_str(), &named) == 0 && named.st_ino == status.st_ino;
  if (!is_ours || !is_there) return false;
  file_ = std::move(file);
  path_ = waiting;
  is_waiting_ = true;
  earlier_bytes_ = static_cast<std::uint64_t>(status.st_size);
  return true;
}

void PartialFile::wait_as(const std::string& waiting_name) {
  const fs::path waiting = directory_of(final_path_) / waiting_name;
  std::error_code error;
  if (fs::exists(fs::symlink_status(waiting, error))) return;
  fs::rename(path_, waiting, error);
  if (error) return;
  path_ = waiting;
  is_waiting_ = true;
}

void PartialFile::create() {
  const fs::path directory = directory_of(final_path_);
  std::random_device random;
  // The name must stay within what file systems take, whatever the final one is.
  const std::string stem = final_path_.filename().string().substr(0, kMaxNameLength - 48 - kMaxHostLength);
  for (int attempt = 0; attempt < 100; ++attempt) {
    const fs::path path =
        directory / fmt::format(".{}.partial-{}-{}-{:08x}{:08x}", stem, this_host(), ::getpid(), random(), random());
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST) continue;
    if (fd < 0) break;
    file_ = FileDescriptor(fd);
    path_ = path;
    ::fchmod(fd, 0600);
    // Held as long as this process lives, so that remove_partial_files() leaves the file alone.
    ::flock(fd, LOCK_EX | LOCK_NB);
    struct stat status {};
    if (::fstat(fd, &status) == 0 && status.st_nlink == 0) continue;  // another run has cleared up before that
    return;
  }
  const bool missing = errno == ENOENT || errno == ENOTDIR;
  throw Error(fmt::format("cannot create the backup in {}: {}", directory.string(), reason()),
              missing ? fmt::format("Create the directory: mkdir -p -m 700 {}", shell_word(directory.string()))
                      : "Give a directory that you may write to with -o.");
}

void PartialFile::publish() {
  if (::fsync(file_.get()) != 0) {
    throw Error(fmt::format("cannot write {} to the disk: {}", path_.string(), reason()));
  }
  if (overwrite_) {
    if (::rename(path_.c_str(), final_path_.c_str()) != 0) {
      throw Error(fmt::format("cannot rename to {}: {}", final_path_.string(), reason()));
    }
  } else if (!rename_without_replacing(path_, final_path_)) {
    throw target_exists(final_path_);
  }
  published_ = true;
  sync_directory(directory_of(final_path_));
}

void require_private(const fs::path& directory) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0 || (status.st_mode & S_ISVTX) != 0) return;
  const bool group_writes = (status.st_mode & S_IWGRP) != 0 && !is_private_group(status.st_gid);
  if (!group_writes && (status.st_mode & S_IWOTH) == 0) return;
  throw Error(fmt::format("others may write to the directory {} (mode {:04o}), and could put another file in the place "
                          "of the backup",
                          directory.string(), status.st_mode & 07777),
              fmt::format("Take that from them: chmod {} {} ; or give a directory of your own.",
                          (status.st_mode & S_IWOTH) != 0 ? "go-w" : "g-w", shell_word(directory.string())));
}

std::string foreign_owner_warning(const fs::path& directory) {
  struct stat status {};
  if (::stat(directory.empty() ? "." : directory.c_str(), &status) != 0) return {};
  if (status.st_uid == ::geteuid() || status.st_uid == 0) return {};
  const struct passwd* owner = ::getpwuid(status.st_uid);
  return fmt::format("The directory {} belongs to {}, who can replace or remove the backup.", directory.string(),
                     owner != nullptr ? owner->pw_name : fmt::format("another user ({})", status.st_uid));
}

int remove_partial_files(const fs::path& directory) {
  static const std::regex kPattern(R"(\..+\.partial-([A-Za-z0-9]+)-[0-9]+-[0-9a-f]{16})");
  static const std::regex kWaiting(R"(\.exastro-backup_.+_[0-9a-f]+\.partial)");
  const std::string host = this_host();
  int removed = 0;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::smatch found;
    const bool is_ours = std::regex_match(name, found, kPattern) && found[1] == host;
    const bool may_wait = !found.empty() || std::regex_match(name, kWaiting);
    const bool is_left = is_ours || (may_wait && is_older_than(*entry, kLongestWait));
    if (is_left && remove_unheld(entry->path())) ++removed;
  }
  return removed;
}

void remove_waiting_file(const fs::path& directory, const std::string& waiting_name) {
  remove_unheld(directory / waiting_name);
}

}  // namespace exastro::archive
