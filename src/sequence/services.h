// Stopping the services of Exastro and starting them again, with the record in the cluster that says what ran.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "exastro/maintenance_record.h"
#include "sequence/system.h"

namespace exastro {

// What has to stand still while data is read (backup) or replaced (restore): for a backup the entry and all that
// writes; for a restore also every other client of the databases, since an idle transaction blocks a DROP and a cache
// keeps what is gone.
enum class Standstill { kWriters, kAllClients };

struct StopOptions {
  Standstill standstill = Standstill::kWriters;
  std::string run_id;
  std::string operation;  // "backup" or "restore"
  std::string started_at;
  std::string started_by;
  std::vector<MaintenancePodName> pods;  // to be removed with the services' start
  std::chrono::seconds timeout{600};     // until every pod is gone
};

// Which of the workloads a standstill stops.
std::vector<Workload> to_stop(const std::vector<Workload>& workloads, Standstill standstill);

// The record of an earlier run that has not ended, if there is one.
std::optional<MaintenanceRecord> find_record(kube::Cluster& cluster, const System& system);

// The error of a run that finds the services held by another.
Error busy(const MaintenanceRecord& earlier);

// Writes the record, then stops. Throws Error (kBusy) if there is a record already: it alone knows the true counts, so
// it is never written over. On any other error what was stopped stays recorded, and `start_services` puts it back.
MaintenanceRecord stop_services(kube::Cluster& cluster, const System& system, const StopOptions& options,
                                ui::Reporter& reporter);

// Waits until the pods of what the record stopped, and those that a back-yard started on the shared files, are gone.
// Throws Error that names the ones that will not go.
void wait_until_stopped(kube::Cluster& cluster, const System& system, const MaintenanceRecord& record,
                        std::chrono::seconds timeout);

// Puts every workload back to what the record says, removes the record's pods, and last the record. A workload that
// somebody has changed meanwhile is left as it is and reported; one that is gone too. Safe to call again.
void start_services(kube::Cluster& cluster, const MaintenanceRecord& record, ui::Reporter& reporter);

}  // namespace exastro
