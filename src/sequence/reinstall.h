// The fix for "500 after a restore" without its disasters: the release's objects anew, its keys and data as they are.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "kube/helm.h"
#include "sequence/lease.h"
#include "sequence/system.h"

namespace exastro {

struct ReinstallRequest {
  FindOptions find;
  std::vector<std::string> charts;  // one for each release; empty: from the manifests that Helm has stored
  std::string chart_version;
  std::vector<std::string> values_files;
  bool yes = false;
  bool dry_run = false;
  bool back_up = true;                // before anything is removed
  std::string backup_target;          // as of a backup
  std::chrono::seconds timeout{600};  // for pods to end, to be ready, and for the proxy to answer: each
  Lease::Options lease;
};

// Throws Error that says what state the release is in. Run again, it completes what was cut off.
void reinstall(kube::Cluster& cluster, kube::Helm& helm, const ReinstallRequest& request, ui::Reporter& reporter);

}  // namespace exastro
