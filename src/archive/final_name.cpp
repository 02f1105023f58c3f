#include "archive/final_name.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace exastro::archive {
namespace {

namespace fs = std::filesystem;

std::string reason() { return std::generic_category().message(errno); }

}  // namespace

fs::path directory_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

Error target_exists(const fs::path& path) {
  return Error(fmt::format("{} exists already", path.string()), "Give another name with -o, or remove that file.");
}

void sync_directory(const fs::path& directory) {
  const FileDescriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // EINVAL: file systems that have no such thing.
  if (!opened.is_open() || (::fsync(opened.get()) != 0 && errno != EINVAL)) {
    throw Error(fmt::format("cannot sync the directory {}: {}", directory.string(), reason()));
  }
}

// Gives `from` the name `to`, unless something has it. False if something has it.
bool rename_without_replacing(const fs::path& from, const fs::path& to) {
#ifdef RENAME_NOREPLACE
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  const bool unsupported = errno == EINVAL || errno == ENOSYS;
  if (!unsupported) throw Error(fmt::format("cannot rename {} to {}: {}", from.string(), to.string(), reason()));
#endif
  if (::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());
    return true;
  }
  if (errno == EEXIST) return false;
  // Object stores that are mounted know no second name. What is made there between the look and the renaming is
  // replaced; a name that is held with an empty file first could be left as one.
  if (errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP || errno == ENOTSUP) {
    struct stat there {};
    if (::lstat(to.c_str(), &there) == 0) return false;
    if (errno == ENOENT && ::rename(from.c_str(), to.c_str()) == 0) return true;
  }
  throw Error(fmt::format("cannot give {} its name {}: {}", from.string(), to.string(), reason()));
}

PrivateFile::PrivateFile(fs::path path) : path_(std::move(path)) {
  std::error_code ignored;
  if (fs::is_directory(path_, ignored)) {
    throw Error(fmt::format("{} is a directory", path_.string()), "Give a file name with -o.");
  }
  if (fs::exists(fs::symlink_status(path_, ignored))) throw target_exists(path_);
  partial_ = (directory_of(path_) / fmt::format(".{}.partial-XXXXXX", path_.filename().string())).string();
  file_ = FileDescriptor(::mkostemp(partial_.data(), O_CLOEXEC));  // mode 0600
  if (!file_.is_open()) {
    throw Error(fmt::format("cannot write in {}: {}", directory_of(path_).string(), reason()),
                "Name a directory that exists and that you may write in.");
  }
}

PrivateFile::~PrivateFile() {
  if (file_.is_open()) ::unlink(partial_.c_str());
}

void PrivateFile::write(std::span<const std::byte> bytes) { write_all(file_.get(), bytes, path_.string()); }

void PrivateFile::finish() {
  if (::fsync(file_.get()) != 0) {
    throw Error(fmt::format("cannot write {} to the disk: {}", path_.string(), reason()));
  }
  if (!rename_without_replacing(partial_, path_)) throw target_exists(path_);
  file_.reset();
  sync_directory(directory_of(path_));
}

}  // namespace exastro::archive
