// The restore, from the proof of the backup to the answer of the proxy.
#pragma once

#include <chrono>
#include <string>

#include "sequence/system.h"

namespace exastro {

struct RestoreParts {
  bool databases = true;
  bool files = true;
  bool accounts = true;
};

struct RestoreRequest {
  std::string from;  // a file, a directory with the unpacked members, or "-"
  RestoreParts parts;
  bool yes = false;             // do not ask
  bool dry_run = false;         // prove the backup and tell what would be done
  bool keep_extra = false;      // leave databases, accounts and files that the backup does not have
  bool strip_definers = false;  // even where the server could set them
  std::chrono::seconds timeout{600};
};

// Throws Error. Before the first thing is replaced, the services run as before after an error; later they stay stopped
// (kServicesStopped), and the restore must be run again.
void restore(kube::Cluster& cluster, const System& system, const RestoreRequest& request, ui::Reporter& reporter);

}  // namespace exastro
