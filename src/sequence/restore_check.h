// Whether a backup fits the system that it is to be restored into. All of it is asked before anything is changed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "archive/backup_reader.h"
#include "exastro/maintenance_record.h"
#include "sequence/hand_made_backup.h"
#include "sequence/server.h"
#include "sequence/system.h"
#include "stream/dump_check.h"
#include "ui/reporter.h"

namespace exastro {

// A backup that has been proved readable to its last byte.
struct ProvedBackup {
  archive::BackupReader reader;
  std::map<std::string, stream::DumpFacts> dumps;  // by member
  archive::BackupReader::Verified verified;
};

// What opening some backups takes.
struct ReadingOptions {
  std::vector<std::string> identities;  // files with private keys, for one that is encrypted to recipients
  ExastroNames names;                   // what in a set that was made by hand is Exastro's
};

// What there is to look for on a server before a restore: besides what the system's ConfigMaps and Secrets name, all
// that it is going to replace, which no record may name any more; and what an earlier restore that did not end has
// brought. Nothing is replaced that is not in the inventory, and so in the safety backup.
InventoryRequest request_for_restore(const System& system, const Server& server, const archive::Manifest& manifest,
                                     const MaintenanceRecord& record);

// Opens it and checks its frame. "-" is standard input, kept in a temporary file. One that is encrypted is decrypted
// into such a file, with the identities or with the passphrase that age asks for. A set that was made by hand is first
// made a backup. Throws Error (kDamaged,
// kNotABackup, kNotFound).
archive::BackupReader open_backup(const std::string& from, ui::Reporter& reporter, const ReadingOptions& options = {});

// Opens and proves it. Throws Error as open_backup() does.
ProvedBackup prove_backup(const std::string& from, ui::Reporter& reporter, const ReadingOptions& options = {});

// Throws Error if the application is older than the backup's. Warns of a newer one, and of what the backup lacks.
void check_fits(const archive::Manifest& manifest, const System& system, ui::Reporter& reporter);

// Throws Error if the backup is of another number of servers, or of one that treats the case of names differently.
void check_fits(const archive::Manifest& manifest, const Server& server, const ServerFacts& facts);
// Throws Error if the ConfigMaps name databases on this server that the backup's system did not have under these names:
// what is replaced would be another's.
void check_names(const archive::Manifest& manifest, const System& system, const StockedServer& target);
// Throws Error if a database of the backup has a collation that the server does not know.
void check_collations(const archive::Manifest& manifest, StockedServer& target);
// Throws Error if an account of the backup logs in through a plugin that the server does not have.
void check_accounts(const ProvedBackup& backup, StockedServer& target);
void check_layout(const archive::Manifest& manifest, const std::vector<Server>& servers);

}  // namespace exastro
