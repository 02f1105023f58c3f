// The backup, from the first check to the file under its name.
#pragma once

#include <chrono>
#include <string>

#include "archive/encryption.h"
#include "sequence/system.h"

namespace exastro {

struct BackupRequest {
  // Empty: a file of the usual name in the current directory. A directory (or a path that ends in /): such a file
  // there.
  // "-": standard output. Else the file's name.
  std::string target;
  archive::Recipients recipients;  // who can read it, if it is to be encrypted
  bool dry_run = false;
  std::chrono::seconds timeout{600};  // for pods to start, to stop, and to be ready again: each
};

// Throws Error; then the services run as before, unless its status is kServicesStopped, and there is no new file.
void back_up(kube::Cluster& cluster, const System& system, const BackupRequest& request, ui::Reporter& reporter);

}  // namespace exastro
