// What is in a backup, without a cluster.
#pragma once

#include <iosfwd>
#include <string>

#include "archive/backup_reader.h"

namespace exastro {

// For people, for programs, and for people who read YAML. Keys by their fingerprints alone.
std::string inspect_text(const archive::BackupReader& backup);
std::string inspect_json(const archive::BackupReader& backup);
std::string inspect_yaml(const archive::BackupReader& backup);

// A member's bytes, as they are in the file, to standard output, or into a new file of mode 0600. Their digest is
// checked: a file is there only if it is right; on standard output they have gone when the error is thrown.
void extract(const archive::BackupReader& backup, const std::string& member, const std::string& target);

}  // namespace exastro
