#include "sequence/maintenance.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <ctime>

#include "process/interrupt.h"
#include "sequence/services.h"

namespace exastro {

std::string this_person() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  const passwd* user = getpwuid(geteuid());
  return fmt::format("{}@{}", user != nullptr ? user->pw_name : std::to_string(geteuid()), host.data());
}

std::string now_text() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

void stop_for_maintenance(kube::Cluster& cluster, const System& system, std::chrono::seconds timeout,
                          ui::Reporter& reporter) {
  StopOptions options;
  options.operation = "stop";
  options.started_at = now_text();
  options.started_by = this_person();
  options.run_id = fmt::format("{}-{}", options.started_at, getpid());
  options.timeout = timeout;
  // A second stop, or another run's, must fail here, where nothing is to be put back yet.
  if (const auto earlier = find_record(cluster, system)) throw busy(*earlier);
  try {
    const MaintenanceRecord record = stop_services(cluster, system, options, reporter);
    wait_until_stopped(cluster, system, record, timeout);
  } catch (const Error& error) {
    const process::Interrupt::Shield shield;
    const auto record = find_record(cluster, system);
    if (!record || record->run_id != options.run_id) throw;
    start_services(cluster, *record, reporter);
    throw Error(fmt::format("{} The services were started again.", error.what()), error.next(), error.status());
  }
  reporter.result({{"state", "stopped"}}, "Stopped: the proxy and everything that writes. Start them with: kubectl exastro start");
}

void start_after_maintenance(kube::Cluster& cluster, const System& system, ui::Reporter& reporter) {
  const auto record = find_record(cluster, system);
  if (!record) {
    reporter.result({{"state", "nothing to start"}}, "Nothing is recorded as stopped, so nothing was started.");
    return;
  }
  if (record->destructive) {
    throw Error(fmt::format("A restore by {}, begun {}, was cut off after it had begun to replace data; started now, Exastro "
                            "would work on half of it.",
                            record->started_by, record->started_at),
                "Run the restore again.", ExitStatus::kServicesStopped);
  }
  start_services(cluster, *record, reporter);
  reporter.result({{"state", "started"}, {"workloads", record->workloads.size()}},
                  fmt::format("Started {} workloads as they were before {} ({}).", record->workloads.size(), record->started_at,
                              record->started_by));
}

}  // namespace exastro
