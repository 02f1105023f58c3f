// What a backup holds, member by member: read from the system, written to the file. The services stand still meanwhile.
#pragma once

#include <string>
#include <vector>

#include "archive/backup_writer.h"
#include "sequence/server.h"
#include "sequence/shared_files.h"
#include "sequence/system.h"

namespace exastro {

// Throws Error if the disk that the backup is written to cannot take a third of what there is: compression seldom does
// better.
void check_local_room(const archive::BackupWriter& writer, std::uint64_t estimate);
// The same for the disk of a file.
void check_local_room(const std::filesystem::path& place, std::uint64_t estimate);

// Throws Error that names some of the shared files that cannot be read.
void require_readable(const FilesFacts& facts);

// Bytes that the backup would have uncompressed, by what the servers and the volume say.
std::uint64_t estimated_bytes(const std::vector<StockedServer>& stocked, const FilesFacts& facts);

class BackupContent {
 public:
  // All of these must outlive it. `time_text` is the <ts> of the members' names.
  BackupContent(archive::BackupWriter& writer, const System& system, std::string time_text, ui::Reporter& reporter);

  // Every member, in the order of docs/backup-format.md.
  void add_all(std::vector<StockedServer>& stocked, SharedFiles& files, const FilesFacts& facts);

  // What the members so far say about the backup; the caller adds the run's own facts.
  [[nodiscard]] archive::Manifest& manifest() { return manifest_; }

 private:
  void add_databases(StockedServer& stocked);
  void add_database(Server& server, const DatabaseFacts& facts);
  void add_accounts(StockedServer& stocked);
  void add_files(SharedFiles& files, const FilesFacts& facts);
  void add_keys();
  void add_values();

  archive::BackupWriter& writer_;
  const System& system_;
  std::string time_text_;
  ui::Reporter& reporter_;
  archive::Manifest manifest_;
};

}  // namespace exastro
