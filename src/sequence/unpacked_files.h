// The shared files of a backup on their way into the claim: unpacked beside the present ones, then in their place.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive/backup_reader.h"
#include "sequence/shared_files.h"
#include "ui/reporter.h"

namespace exastro {

// Taking their place can be undone until settle(). Gone again with this object, unless they have taken it.
class UnpackedFiles {
 public:
  // All of these must outlive it. `reach_again` is another way to the files if the first one is cut.
  UnpackedFiles(SharedFiles& files, std::string run_id, ui::Reporter& reporter,
                std::function<SharedFiles()> reach_again)
      : files_(files), run_id_(std::move(run_id)), reporter_(reporter), reach_again_(std::move(reach_again)) {}
  ~UnpackedFiles();
  UnpackedFiles(const UnpackedFiles&) = delete;
  UnpackedFiles& operator=(const UnpackedFiles&) = delete;

  // What an earlier run has left is removed first. Throws Error; the present files are as they were.
  // `understood` as best_encoding() gives it; `delivered` is the member, if it is in the pod already.
  void unpack(const archive::BackupReader& reader, const std::string& member, archive::Encoding understood,
              const std::optional<Delivered>& delivered = {});
  // The old files are kept beside them. Not interrupted, and brought to its end if the connection breaks. Throws Error;
  // then put_back() makes sure that the old files are back. `keep_extra` as of settle().
  void take_their_place(bool keep_extra);
  // Undoes take_their_place(), whatever became of it, through another pod: the former one has ended. Throws Error.
  void put_back(SharedFiles files);
  // Removes the old files; with `keep_extra`, what only they have is moved over first. What goes wrong is a warning.
  void settle(bool keep_extra);

 private:
  // The way to the files that was good last.
  SharedFiles& reached() { return again_ ? *again_ : files_; }
  // Calls `work`, and once more over another connection if this one is cut; `goes_on` then.
  void to_its_end(const std::function<void(SharedFiles& files, bool goes_on)>& work);
  // Whether nothing stands in the way of removing the old files.
  bool merge_extra();

  SharedFiles& files_;
  std::string run_id_;
  ui::Reporter& reporter_;
  std::function<SharedFiles()> reach_again_;
  std::optional<SharedFiles> again_;
  bool unpacked_ = false;
  bool was_begun_ = false;  // taking their place
};

}  // namespace exastro
