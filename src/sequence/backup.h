// The backup, from the first check to the file under its name.
#pragma once

#include <chrono>

#include "sequence/backup_target.h"
#include "sequence/staged_backup.h"

namespace exastro {

struct BackupRequest {
  TargetRequest target;
  StagingMode staging = StagingMode::kAuto;
  unsigned jobs = 0;  // dumps at the same time; 0: by the processors of pods and servers
  bool dry_run = false;
  std::chrono::seconds timeout{600};  // for pods to start, to stop, and to be ready again: each
};

// Throws Error; then the services run as before, unless its status is kServicesStopped, and there is no new file. What
// was read may wait in the cluster then, for fetch_backup().
void back_up(kube::Cluster& cluster, const System& system, const BackupRequest& request, ui::Reporter& reporter);

// Fetches a backup that was read and not fetched. Throws Error; then it still waits, unless its pod is gone.
void fetch_backup(kube::Cluster& cluster, const System& system, const TargetRequest& request, ui::Reporter& reporter);

// Removes such a backup from the cluster. Throws Error.
void discard_backup(kube::Cluster& cluster, const System& system, ui::Reporter& reporter);

}  // namespace exastro
