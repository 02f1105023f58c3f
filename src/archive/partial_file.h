// A file that gets its name only when it is whole.
#pragma once

#include <cstddef>
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
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  // Removes the file if it was not published.
  ~PartialFile();

  // Syncs the file, gives it its name and syncs the directory. Throws Error; then no file has the name, or, if that was
  // the directory's sync, a whole one.
  void publish();

  [[nodiscard]] int get() const { return file_.get(); }
  [[nodiscard]] const std::filesystem::path& final_path() const { return final_path_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void create();

  std::filesystem::path final_path_;
  std::filesystem::path path_;
  bool overwrite_;
  bool published_ = false;
  FileDescriptor file_;
};

// Throws Error, with the command that mends it, if others could put another file in the place of one that is written
// into `directory`: they may write there, and it is not sticky (as /tmp is). That others may read there is fine: the
// file's own mode keeps them out. A group counts as others unless nobody else is in it.
void require_private(const std::filesystem::path& directory);

// A sentence if the directory belongs to somebody else than this user and root, who can do the same; else empty.
[[nodiscard]] std::string foreign_owner_warning(const std::filesystem::path& directory);

// Removes partial files in `directory` that a killed run left behind, that is, whose process is gone. Returns how many.
int remove_partial_files(const std::filesystem::path& directory);

}  // namespace exastro::archive
