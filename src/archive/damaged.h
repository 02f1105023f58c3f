// The error for a backup that cannot be used.
#pragma once

#include <string>

#include "error.h"

namespace exastro::archive {

inline Error damaged(const std::string& message) {
  return Error(message, "Take another copy of this backup, or another backup; nothing was changed.",
               ExitStatus::kDamaged);
}

}  // namespace exastro::archive
