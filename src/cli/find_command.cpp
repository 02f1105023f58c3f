#include "cli/common.h"
#include "sequence/describe.h"

namespace exastro::cli {

Command add_find(CLI::App& app) {
  Command command =
      add_command(app, "find", "Show the Exastro system that the kube context leads to; changes nothing",
                  "  kubectl exastro find\n"
                  "  kubectl exastro find -n exastro --output json\n"
                  "  kubectl exastro find --release exastro-platform/pf --release exastro-it-automation/ita");
  command.run = [flags = command.flags](ui::Reporter& reporter) {
    kube::Kubectl cluster = make_cluster(*flags, reporter);
    const System system = find(cluster, *flags, reporter);
    reporter.result(describe_json(system), describe_text(system));
  };
  return command;
}

}  // namespace exastro::cli
