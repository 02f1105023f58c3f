// The errors for a backup that cannot be used.
#pragma once

#include <string>

#include "error.h"

namespace exastro::archive {

inline Error damaged(const std::string& message) {
  return Error(message, "Take another copy of this backup, or another backup; nothing was changed.",
               ExitStatus::kDamaged);
}

// The error for a file that never was one.
inline Error not_a_backup(const std::string& message) {
  return Error(message, "Give a file that `kubectl exastro backup` wrote, or the directory that it was unpacked in.",
               ExitStatus::kNotABackup);
}

}  // namespace exastro::archive
