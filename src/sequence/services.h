// Stopping the services of Exastro and starting them again, with the record in the cluster that says what ran.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "exastro/maintenance_record.h"
#include "sequence/system.h"

namespace exastro {

// What has to stand still while data is read (backup) or replaced (restore): for a backup the entry and all that
// writes; for a restore also every other client of the databases, since an idle transaction blocks a DROP and a cache
// keeps what is gone.
enum class Standstill { kWriters, kAllClients };

// Whether people notice when it is stopped: the proxy, and what answers behind it. All else is stopped before it, as
// the back-yard takes longest to go, and started after it.
bool serves_people(const Workload& workload);

// Which of the workloads a standstill stops.
std::vector<Workload> to_stop(const std::vector<Workload>& workloads, Standstill standstill);

// The record of an earlier run that has not ended, if there is one.
std::optional<MaintenanceRecord> find_record(kube::Cluster& cluster, const System& system);
std::optional<MaintenanceRecord> find_record(kube::Cluster& cluster, const std::string& namespace_,
                                             const std::string& release);

// Throws Error (kServicesStopped) that says how to go on if a reinstall of these releases was cut off after it had
// begun to remove objects.
void require_no_reinstall(kube::Cluster& cluster, const std::vector<Release>& releases);

// The errors of a run that finds such a record of another.
Error stopped_on_purpose(const MaintenanceRecord& earlier);
Error half_replaced(const MaintenanceRecord& earlier);

// Whether the pods of a backup that waits to be fetched are still there.
bool still_holds(kube::Cluster& cluster, const MaintenanceRecord& record);
// Throws Error (kBusy) if they are: whoever would remove them leaves them for a fetch.
void require_nothing_held(kube::Cluster& cluster, const MaintenanceRecord& record);

// "The backup that PERSON has begun TIME".
std::string backup_of(const MaintenanceRecord& record);

// What a run tells that finds such a record and puts back, or removes, what it stands for.
std::string what_is_cleared(const MaintenanceRecord& earlier);

// The commands that end a restore or reinstall which was cut off, one way or the other.
std::string how_to_finish(const MaintenanceRecord& record);

// The command that fetches a backup that waits in the cluster.
std::string how_to_fetch(const MaintenanceRecord& record);

// A run's record that is not in the cluster yet.
MaintenanceRecord new_record(const std::string& namespace_, const std::string& release, const std::string& operation);

// Creates the record. Throws Error (kBusy) if there is one already: it alone knows the true counts, so it is never
// written over.
void create_record(kube::Cluster& cluster, const MaintenanceRecord& record);

// Writes the record again, in place of the one of `run_id`. Throws Error (kBusy) if the one in the cluster is
// another's.
void update_record(kube::Cluster& cluster, const MaintenanceRecord& record, const std::string& run_id);

// How to put back by hand what a restore that was cut off has raised on database servers, a sentence each.
std::vector<std::string> packet_warnings(const MaintenanceRecord& record);

// The name of the file in which a backup arrives, until it is whole.
std::string arrival_name(const MaintenanceRecord& record);

// Removes the record if it is this run's. One that it holds takes its place.
void remove_record(kube::Cluster& cluster, const MaintenanceRecord& record);

// Writes into the record what runs now and has to stop, and gives it. Counts that the record has already are kept: they
// are those of a run that was cut off. What is put back first, since people wait for it, comes first.
std::vector<Workload> record_running(kube::Cluster& cluster, const System& system, Standstill standstill,
                                     MaintenanceRecord& record);

// Stops recorded workloads. On an error what was stopped is put back by `start_services`.
void stop_workloads(kube::Cluster& cluster, const std::vector<Workload>& workloads);

// Waits until the pods of what the record stopped, and those that a back-yard started on the shared files, are gone.
// Throws Error that names the ones that will not go.
void wait_until_stopped(kube::Cluster& cluster, const System& system, const MaintenanceRecord& record,
                        std::chrono::seconds timeout);

// Which of the record's workloads have not as many ready pods as the record says.
std::vector<StoppedWorkload> not_ready(kube::Cluster& cluster, const MaintenanceRecord& record);
// Returns when those of them are ready that are like the first one (in its namespace, with as many replicas), or
// `longest` later: to be called in a loop that looks.
void await_ready(kube::Cluster& cluster, const std::vector<StoppedWorkload>& workloads, std::chrono::seconds longest);
std::string reference(const StoppedWorkload& workload);  // "kind/NAME"

// What of the record runs again although nobody has started it: a GitOps controller, an operator or a colleague has
// scaled it up, or a pod appeared. While it does, what is read is not at rest.
std::vector<std::string> started_meanwhile(kube::Cluster& cluster, const System& system,
                                           const MaintenanceRecord& record);

// Removes the record's maintenance pods; no error if they are gone.
void remove_pods(kube::Cluster& cluster, const MaintenanceRecord& record);
// And what a backup that is not wanted any more has brought to this machine, as far as no process writes to it.
void remove_traces(kube::Cluster& cluster, const MaintenanceRecord& record);

// Whether nobody else can have worked on the system since the record was written: by the lease. Asked only if the
// record is gone; throws Error if that cannot be told.
enum class Possession { kOurs, kLost };
using AskPossession = std::function<Possession()>;
inline Possession always_ours() { return Possession::kOurs; }

// Puts every workload back to what the record says. One that somebody has changed meanwhile is left as it is and
// reported; one that is gone too. Tries everything before it throws. Safe to call again. If the record in the cluster
// is another's by now, only this one's pods are removed, and Error (kBusy) is thrown. If there is none any more, it
// is written again from this one; or, if the lease was lost, what is stopped is told with Error (kServicesStopped):
// somebody else has ended this run's work, and may have stopped it since.
void start_workloads(kube::Cluster& cluster, const MaintenanceRecord& record, ui::Reporter& reporter,
                     const AskPossession& possession = always_ours);

// The same, and then removes the record's pods, and last the record.
void start_services(kube::Cluster& cluster, const MaintenanceRecord& record, ui::Reporter& reporter,
                    const AskPossession& possession = always_ours);

}  // namespace exastro
