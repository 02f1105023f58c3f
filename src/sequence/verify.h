// The proof of a backup on its own, offline.
#pragma once

#include <string>

#include "ui/reporter.h"

namespace exastro {

// Proves the backup to its last byte and reports what it holds. `from` as for a restore. Throws Error: kDamaged,
// kNotABackup, kNotFound.
void verify(const std::string& from, ui::Reporter& reporter);

}  // namespace exastro
