// A set of files that was made by hand after the vendor's page, as a backup of this program: see
// docs/hand-made-sets.md.
#pragma once

#include <string>
#include <vector>

#include "archive/backup_reader.h"
#include "archive/hand_made.h"
#include "sequence/system.h"
#include "ui/reporter.h"

namespace exastro {

// By what it is told which part of a dump of a whole server is Exastro's. Without a system at hand: the chart's names.
struct ExastroNames {
  struct Side {
    std::vector<std::string> databases;
    std::vector<std::string> users;
  };
  Side platform{{"platform", "keycloak"}, {"pf-user", "keycloak"}};
  Side ita{{"ITA_DB"}, {"ITA_USER"}};
  std::vector<std::string> administrators{"root"};
  std::string storage_path = "/storage/";
};

ExastroNames exastro_names(const System& system);

// Writes the set as a backup into a temporary file without a name, and opens it. What was repaired, and what the set
// lacks, is told as warnings. Throws Error: kDamaged with the file and the reason where it is not certain what the set
// means.
archive::BackupReader as_backup(const archive::HandMadeSet& set, const ExastroNames& names, ui::Reporter& reporter);

}  // namespace exastro
