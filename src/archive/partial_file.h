// A file that gets its name only when it is whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "archive/file_descriptor.h"

namespace exastro::archive {

class PartialFile {
 public:
  // Creates <dir>/.<name>.partial-<pid>-<random>, mode 0600, for what will be `final_path`. Throws Error with the
  // reason and the next step if the directory is missing, not writable or open to others (see require_private), or the
  // file exists and not `overwrite`.
  PartialFile(std::filesystem::path final_path, bool overwrite);
  // The same, but goes on with what another process has left as <dir>/`waiting_name`, if that is nobody else's and no
  // process has it open; earlier_bytes() of it. Whether the bytes are right, nobody has said. If there is none, a new
  // file gets that name.
  PartialFile(std::filesystem::path final_path, const std::string& waiting_name);
  PartialFile(std::filesystem::path, const char*) = delete;  // it would be `overwrite`
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  // If it was not published and nothing else was said: removes a file of its own, and gives back what it has taken
  // beyond what an earlier process had.
  ~PartialFile();

  // Gives it this name in its directory, if it can: by that, another process finds it, should this one be killed.
  void wait_as(const std::string& waiting_name);
  // Whether it has that name.
  [[nodiscard]] bool is_waiting() const { return is_waiting_; }
  // The file stays as it is, for another process to go on with, if it has a name to be found by.
  void keep() { end_ = is_waiting_ ? End::kKept : End::kAsItWas; }
  // The file does not stay.
  void drop() { end_ = End::kDropped; }

  // Syncs the file, gives it its name and syncs the directory. Throws Error; then no file has the name, or, if that was
  // the directory's sync, a whole one.
  void publish();

  [[nodiscard]] int get() const { return file_.get(); }
  [[nodiscard]] const std::filesystem::path& final_path() const { return final_path_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::uint64_t earlier_bytes() const { return earlier_bytes_; }

 private:
  void require_target() const;
  void create();
  bool adopt(const std::filesystem::path& waiting);

  std::filesystem::path final_path_;
  std::filesystem::path path_;
  bool overwrite_;
  bool published_ = false;
  bool is_waiting_ = false;  // has a name by which another process finds it
  enum class End { kAsItWas, kKept, kDropped };
  End end_ = End::kAsItWas;
  std::uint64_t earlier_bytes_ = 0;
  FileDescriptor file_;
};

// Throws Error, with the command that mends it, if others could put another file in the place of one that is written
// into `directory`: they may write there, and it is not sticky (as /tmp is). That others may read there is fine: the
// file's own mode keeps them out. A group counts as others unless nobody else is in it.
void require_private(const std::filesystem::path& directory);

// A sentence if the directory belongs to somebody else than this user and root, who can do the same; else empty.
[[nodiscard]] std::string foreign_owner_warning(const std::filesystem::path& directory);

// Removes partial files in `directory` that a killed run of this machine left behind, that is, whose process is gone,
// and what another machine's has left or what waits there, after a week. Returns how many.
int remove_partial_files(const std::filesystem::path& directory);

// Removes <directory>/`waiting_name`, if no process has it open.
void remove_waiting_file(const std::filesystem::path& directory, const std::string& waiting_name);

}  // namespace exastro::archive
