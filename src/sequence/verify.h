// The proof of a backup on its own, offline.
#pragma once

#include <string>
#include <vector>

#include "ui/reporter.h"

namespace exastro {

// Proves the backup to its last byte and reports what it holds. `from` and `identities` as for a restore. Throws Error:
// kDamaged, kNotABackup, kNotFound.
void verify(const std::string& from, const std::vector<std::string>& identities, ui::Reporter& reporter);

}  // namespace exastro
