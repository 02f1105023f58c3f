// The restore, from the proof of the backup to the answer of the proxy.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "sequence/staged_backup.h"
#include "sequence/system.h"

namespace exastro {

struct RestoreParts {
  bool databases = true;
  bool files = true;
  bool accounts = true;
};

struct RestoreRequest {
  std::string from;                     // a file, a directory with the unpacked members, or "-"; or a set made by hand
  std::vector<std::string> identities;  // files with private keys, if it is encrypted
  RestoreParts parts;
  bool yes = false;           // do not ask
  bool dry_run = false;       // prove the backup and tell what would be done
  bool keep_extra = false;    // leave databases, accounts and files that the backup does not have
  bool safety_backup = true;  // of what is about to be replaced
  std::string
      safety_directory;     // where to; empty: beside the backup, or the current directory if that is standard input
  bool adopt_keys = false;  // set the backup's ENCRYPT_KEYs in the system's Secrets if they differ
  StagingMode staging = StagingMode::kAuto;  // whether the data is brought into the pods before anything is stopped
  // Databases of a server that are loaded at the same time; 0: by the processors of pods and servers, or by this
  // machine's where they are loaded as they arrive.
  unsigned jobs = 0;
  bool strip_definers = false;  // even where the server could set them
  std::chrono::seconds timeout{600};
};

// Throws Error. Then the data is what it was, from the safety backup if need be, and the services run as before; if not
// even that could be done, they stay stopped (kServicesStopped) and the message says how to go on.
void restore(kube::Cluster& cluster, const System& system, const RestoreRequest& request, ui::Reporter& reporter);

}  // namespace exastro
