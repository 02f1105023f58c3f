#include "cli/command_line.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "kube/kubectl.h"
#include "process/child.h"
#include "process/interrupt.h"
#include "sequence/describe.h"
#include "sequence/maintenance.h"
#include "sequence/system.h"
#include "ui/reporter.h"

namespace exastro::cli {
namespace {

struct CommonFlags {
  std::string kubeconfig;
  std::string context;
  std::string namespace_;
  std::vector<std::string> releases;
  std::string output = "text";
  std::string image;
  int timeout_seconds = 600;
  bool verbose = false;
};

constexpr const char* kFooter = R"(
Exit statuses:
  0  done                             5  the backup file is damaged, or is no backup
  1  failed                           6  another run holds the system
  2  wrong command line               7  services stay stopped
  3  no release, or several           8  you answered no
  4  a permission is missing        130  interrupted

Examples:
  kubectl exastro find
  kubectl exastro find -n exastro --output json
  kubectl exastro stop && helm upgrade exastro … ; kubectl exastro start
  kubectl exastro find --release exastro-platform/pf --release exastro-it-automation/ita)";

void add_common(CLI::App& command, CommonFlags& flags) {
  command.add_option("--kubeconfig", flags.kubeconfig, "Path of the kubeconfig file, as for kubectl");
  command.add_option("--context", flags.context, "The kubeconfig context to use, as for kubectl");
  command.add_option("-n,--namespace", flags.namespace_, "The namespace of the release");
  command.add_option("--release", flags.releases,
                     "NAME or NAMESPACE/NAME of the Helm release; give it twice if platform and IT Automation are two");
  command.add_option("--image", flags.image, "Image with a MariaDB client, where the release runs no server of its own");
  command.add_option("-o,--output", flags.output, "text or json")->check(CLI::IsMember({"text", "json"}));
  command.add_flag("-v,--verbose", flags.verbose, "Show the kubectl commands");
}

std::unique_ptr<ui::Reporter> make_reporter(const CommonFlags& flags, std::ostream& out, std::ostream& err) {
  if (flags.output == "json") return ui::json_reporter(out, flags.verbose);
  return ui::text_reporter(out, err, {ui::wants_color(STDERR_FILENO), flags.verbose});
}

kube::Kubectl make_cluster(const CommonFlags& flags, ui::Reporter& reporter) {
  const auto program = process::find_program("kubectl");
  if (!program) throw Error("kubectl was not found on PATH.", "Install kubectl, or add its directory to PATH.");
  kube::KubectlOptions options;
  options.program = *program;
  options.kubeconfig = flags.kubeconfig;
  options.context = flags.context;
  options.namespace_ = flags.namespace_;
  options.log = [&reporter](const std::string& text) { reporter.command(text); };
  return kube::Kubectl(std::move(options));
}

void find(const CommonFlags& flags, ui::Reporter& reporter) {
  kube::Kubectl cluster = make_cluster(flags, reporter);
  const System system = find_system(cluster, {flags.releases, flags.image}, reporter);
  reporter.result(describe_json(system), describe_text(system));
}

void stop(const CommonFlags& flags, ui::Reporter& reporter) {
  kube::Kubectl cluster = make_cluster(flags, reporter);
  const System system = find_system(cluster, {flags.releases, flags.image}, reporter);
  stop_for_maintenance(cluster, system, std::chrono::seconds(flags.timeout_seconds), reporter);
}

void start(const CommonFlags& flags, ui::Reporter& reporter) {
  kube::Kubectl cluster = make_cluster(flags, reporter);
  start_after_maintenance(cluster, find_system(cluster, {flags.releases, flags.image}, reporter), reporter);
}

}  // namespace

int run(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CLI::App app("Backup and restore of Exastro on Kubernetes", "kubectl exastro");
  app.set_version_flag("--version", EXASTRO_VERSION);
  app.footer(kFooter);
  app.require_subcommand(1);
  CommonFlags flags;
  const auto add_command = [&](const char* name, const char* description) {
    CLI::App* command = app.add_subcommand(name, description);
    add_common(*command, flags);
    return command;
  };
  const CLI::App* find_command = add_command("find", "Show the Exastro system that the kube context leads to; changes nothing");
  CLI::App* stop_command = add_command("stop", "Stop the proxy and everything that writes, and remember what ran");
  stop_command->add_option("--timeout", flags.timeout_seconds, "Seconds until every pod must be gone")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  const CLI::App* start_command = add_command("start", "Start what `stop`, or a run that was cut off, has stopped");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 has statuses of its own; ours are 0 for --help and --version, 2 for the rest.
    return app.exit(error, out, err) == 0 ? 0 : static_cast<int>(ExitStatus::kUsage);
  }
  const auto reporter = make_reporter(flags, out, err);
  try {
    if (find_command->parsed()) find(flags, *reporter);
    if (stop_command->parsed()) stop(flags, *reporter);
    if (start_command->parsed()) start(flags, *reporter);
    return static_cast<int>(ExitStatus::kOk);
  } catch (const Error& error) {
    reporter->error(error);
    return static_cast<int>(error.status());
  } catch (const std::exception& error) {
    reporter->error(Error(std::string("Something failed that this program did not expect: ") + error.what()));
    return static_cast<int>(ExitStatus::kFailed);
  }
}

}  // namespace exastro::cli
