// Where a backup goes: a file, a directory, or standard output; encrypted or not.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "archive/backup_writer.h"
#include "archive/encryption.h"
#include "archive/partial_file.h"
#include "sequence/system.h"

namespace exastro {

struct TargetRequest {
  // Empty: a file of the usual name in the current directory. A directory (or a path that ends in /): such a file
  // there. "-": standard output. Else the file's name.
  std::string target;
  archive::Recipients recipients;  // who can read it, if it is to be encrypted

  [[nodiscard]] bool is_standard_output() const { return target == "-"; }
};

// As flags of a command, each with a blank before it; paths as they are from any directory.
std::string flags_text(const TargetRequest& request);

// The same error for a command that has another flag where `backup` has -o.
Error with_flag_for_file(const Error& error, const std::string& flag);

// The file that a backup of this <ts> would be.
std::filesystem::path target_path(const System& system, const TargetRequest& request, const std::string& time_text);

// Standard output gets a backup when it is whole, and so does age: until then it is in a temporary file that has no
// name, so that an encrypted backup is never on a disk in plain under one.
class BackupTarget {
 public:
  // Asks for a passphrase, if there is to be one. Throws Error if nothing could be written there.
  BackupTarget(const System& system, const TargetRequest& request, const std::string& time_text,
               ui::Reporter& reporter);

  // For the plain backup.
  [[nodiscard]] archive::BackupWriter open_writer() const;
  // The same, but goes on with what an earlier run has left here under this name.
  [[nodiscard]] archive::BackupWriter reopen_writer(const std::string& arrival_name, ui::Reporter& reporter) const;
  // Where another run would look for that, an absolute path; empty if nothing is left that one could go on with.
  [[nodiscard]] std::string arrival_folder() const;
  // Throws Error if neither the plain backup nor the encrypted one has room.
  void check_room(const archive::BackupWriter& writer, std::uint64_t estimate) const;
  // The finished backup to where it belongs. After `late`, something that went wrong when the backup was whole, an
  // interrupt does not keep it from a file; if it cannot be delivered all the same, the error tells both.
  void deliver(const archive::BackupWriter& writer, const std::optional<Error>& late);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }  // empty: standard output
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] bool is_encrypted() const { return encryptor_.has_value(); }

 private:
  void deliver(const archive::BackupWriter& writer);
  [[nodiscard]] bool is_plain_file() const { return !to_standard_output_ && !encryptor_; }

  bool to_standard_output_;
  std::filesystem::path path_;
  std::optional<archive::PartialFile> encrypted_;
  std::optional<archive::Encryptor> encryptor_;
  std::uint64_t bytes_ = 0;
};

// The result of a backup that took so many seconds in all.
void report_backup(const BackupTarget& target, const archive::Manifest& manifest, double seconds,
                   ui::Reporter& reporter);

}  // namespace exastro
