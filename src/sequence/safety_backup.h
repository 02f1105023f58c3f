// A backup of what a restore is about to replace.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "archive/backup_writer.h"
#include "sequence/backup_content.h"
#include "sequence/maintenance_run.h"

namespace exastro {

// The directory for it: the chosen one, or if that is empty where the backup lies that is about to be restored, beside
// it also if that is a directory with the members. Standard input ("-") lies in the current directory.
std::filesystem::path safety_directory(const std::string& chosen, const std::string& from);

class SafetyBackup {
 public:
  // Begins the file in `directory`; `encoding` is what the pods can make. The others must outlive it. Throws Error if
  // it cannot be written there.
  SafetyBackup(const System& system, const std::filesystem::path& directory, archive::Encoding encoding,
               ui::Reporter& reporter);

  // While the services still run. Throws Error if the disk has no room for it, or something cannot be read.
  void require_possible(const std::vector<StockedServer>& stocked, const FilesFacts& facts) const;
  // When they stand still; the file is proved readable before this returns. Throws Error; then there is no file.
  void take(const MaintenanceRun& run, std::vector<StockedServer>& stocked, SharedFiles& files,
            const FilesFacts& facts);
  // Where it is, once it is taken.
  [[nodiscard]] std::string path() const { return writer_.path().string(); }

 private:
  void write(const MaintenanceRun& run, std::vector<StockedServer>& stocked, SharedFiles& files,
             const FilesFacts& facts);

  ui::Reporter& reporter_;
  archive::BackupWriter writer_;
  const System& system_;
  BackupDraft draft_;
};

}  // namespace exastro
