#include "cli/common.h"
#include "sequence/maintenance.h"
#include "sequence/status.h"

namespace exastro::cli {

Command add_stop(CLI::App& app) {
  Command command = add_command(app, "stop", "Stop the proxy and everything that writes, and remember what ran",
                                "  kubectl exastro stop && { helm upgrade exastro … ; kubectl exastro start; }");
  const auto timeout = std::make_shared<int>(600);
  add_timeout(*command.app, *timeout, "Seconds until every pod must be gone");
  command.run = [flags = command.flags, timeout](ui::Reporter& reporter) {
    kube::Kubectl cluster = make_cluster(*flags, reporter);
    stop_for_maintenance(cluster, find(cluster, *flags, reporter), std::chrono::seconds(*timeout), reporter);
  };
  return command;
}

Command add_start(CLI::App& app) {
  Command command =
      add_command(app, "start", "Start what `stop`, or a run that was cut off, has stopped", "  kubectl exastro start");
  const auto force = std::make_shared<bool>(false);
  command.app->add_flag("--force", *force, "Also after a restore that was cut off while it replaced data");
  command.run = [flags = command.flags, force](ui::Reporter& reporter) {
    kube::Kubectl cluster = make_cluster(*flags, reporter);
    start_after_maintenance(cluster, find(cluster, *flags, reporter), *force, reporter);
  };
  return command;
}

Command add_status(CLI::App& app) {
  Command command =
      add_command(app, "status", "What there is, whether it runs, what an earlier run has left; changes nothing",
                  "  kubectl exastro status\n  kubectl exastro status -n exastro --output json");
  command.run = [flags = command.flags](ui::Reporter& reporter) {
    kube::Kubectl cluster = make_cluster(*flags, reporter);
    Surroundings around;
    const System system =
        find_system(cluster, {flags->releases, flags->image}, reporter,
                    [&](const std::vector<Release>& releases) { around = look_around(cluster, releases); });
    const Status status = look_at(cluster, system, std::move(around));
    reporter.result(status_json(system, status), status_text(system, status));
  };
  return command;
}

}  // namespace exastro::cli
