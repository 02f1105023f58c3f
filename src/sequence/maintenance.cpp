#include "sequence/maintenance.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "archive/manifest.h"
#include "process/host_name.h"
#include "sequence/maintenance_run.h"
#include "sequence/shared_files.h"

namespace exastro {

std::string this_person() {
  std::string host = process::host_name();
  if (host.empty()) host = "?";
  // Not from the system's list of users: asking for it loads libraries of the machine's, which a static program cannot.
  for (const char* name : {"LOGNAME", "USER"}) {
    const char* user = std::getenv(name);
    if (user != nullptr && *user != '\0') return fmt::format("{}@{}", user, host);
  }
  return fmt::format("{}@{}", geteuid(), host);
}

std::string now_text() { return archive::format_utc(std::time(nullptr)); }

void stop_for_maintenance(kube::Cluster& cluster, const System& system, std::chrono::seconds timeout,
                          ui::Reporter& reporter) {
  MaintenanceRun run(cluster, system, {.operation = "stop"}, reporter);
  try {
    run.stop(Standstill::kWriters, timeout);
    run.leave_stopped();
  } catch (const Error& error) {
    throw run.after_failure(error);
  }
  reporter.result({{"state", "stopped"}},
                  fmt::format("Stopped. Start again with: kubectl exastro start -n {}", system.namespace_()));
}

namespace {

void report_started(const MaintenanceRecord& record, ui::Reporter& reporter) {
  reporter.result({{"state", "started"}, {"workloads", record.workloads.size()}},
                  fmt::format("Started {} workloads as they were before {} ({}).", record.workloads.size(),
                              record.started_at, record.started_by));
}

// A restore that was cut off may have left files beside the shared ones, which only a pod can remove.
void start_after_cut_off_restore(kube::Cluster& cluster, const System& system, const MaintenanceRecord& record,
                                 ui::Reporter& reporter) {
  MaintenanceRun run(cluster, system, {.operation = "start"}, reporter);  // starts the services first
  try {
    run.start_pods(std::chrono::seconds(120));
    auto servers = run.open_servers();
    run.put_back_packets(servers);
    SharedFiles files(cluster, run.pod_of(system.ita), system.storage.path);
    if (const auto trees = files.discard_unpacked(); !trees.empty()) reporter.warning(old_trees_text(trees));
  } catch (const Error& error) {
    reporter.warning(
        fmt::format("What the restore may have unpacked beside the shared files (.exastro-restore-*) is left there: {}",
                    error.what()));
  }
  run.put_back();
  report_started(record, reporter);
}

}  // namespace

void start_after_maintenance(kube::Cluster& cluster, const System& system, bool force, ui::Reporter& reporter) {
  if (const auto record = find_record(cluster, system);
      record && record->operation == "restore" && !record->destructive) {
    start_after_cut_off_restore(cluster, system, *record, reporter);
    return;
  }
  const Lease lease(cluster, system.namespace_(), system.release(), holder_text("start", this_person(), now_text()), {},
                    [&](const std::string& holder) { reporter.info(Lease::watching_text(holder, {})); });
  const auto record = find_record(cluster, system);
  if (!record) {
    reporter.result({{"state", "nothing to start"}},
                    fmt::format("Nothing of {}/{} is recorded as stopped, so nothing was started.", system.namespace_(),
                                system.release()));
    return;
  }
  if (still_holds(cluster, *record)) {
    reporter.result({{"state", "nothing to start"}},
                    "Nothing is stopped. A backup waits to be fetched: " + how_to_fetch(*record));
    return;
  }
  if (record->destructive) {
    const Error error = half_replaced(*record);
    if (record->is_reinstall()) throw error;  // what it removed, only it can create again
    if (!force) throw Error(error.what(), "To start it as it is, add --force. " + error.next(), error.status());
    reporter.warning(error.what());
  }
  start_services(cluster, *record, reporter);
  for (const auto& warning : packet_warnings(*record)) reporter.warning(warning);
  report_started(*record, reporter);
}

}  // namespace exastro
