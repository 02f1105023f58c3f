// On one screen: what there is, whether it runs, what an earlier run has left, and what to type next. Changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exastro/maintenance_record.h"
#include "sequence/backup_plan.h"
#include "sequence/lease.h"

namespace exastro {

// What is asked of the cluster while the system is read: objects in the namespaces of its releases.
struct Surroundings {
  std::optional<MaintenanceRecord> record;
  std::optional<Json> lease;
  std::vector<Json> pods;
};

struct Status {
  std::optional<MaintenanceRecord> record;
  std::optional<LeaseHolder> holder;
  bool lapsed = false;                 // the pods of the backup that the record holds are gone
  std::vector<std::string> not_ready;  // workloads with fewer ready pods than wanted
  std::vector<std::string> started;    // recorded as stopped, and running again
  std::vector<std::string> left_pods;  // maintenance pods that no record knows
  std::optional<BackupPlan> stock;     // sizes, if the servers and files could be asked
  std::string stock_error;             // else why not

  // "running", "not ready", "stopped", "backup runs", "restore was cut off", … and what to type next.
  [[nodiscard]] std::string state() const;
  [[nodiscard]] std::string next(const System& system) const;
};

// For find_system(), beside it. Throws Error.
Surroundings look_around(kube::Cluster& cluster, const std::vector<Release>& releases);
// Watches a lease that somebody holds for some seconds. `system` must outlive what it gives.
Status look_at(kube::Cluster& cluster, const System& system, Surroundings around);

std::string status_text(const System& system, const Status& status);
Json status_json(const System& system, const Status& status);

}  // namespace exastro
