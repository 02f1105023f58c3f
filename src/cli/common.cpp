#include "cli/common.h"

#include "process/child.h"

namespace exastro::cli {
namespace {

constexpr const char* kStatuses = R"(
Exit statuses:
  0  done                             5  the backup file is damaged, or is no backup
  1  failed                           6  another run holds the system
  2  wrong command line               7  services stay stopped
  3  no release, or several           8  you answered no
  4  a permission is missing        130  interrupted)";

void add_common(CLI::App& command, CommonFlags& flags) {
  command.add_option("--kubeconfig", flags.kubeconfig, "Path of the kubeconfig file, as for kubectl");
  command.add_option("--context", flags.context, "The kubeconfig context to use, as for kubectl");
  command.add_option("-n,--namespace", flags.namespace_, "The namespace of the release");
  command.add_option("--release", flags.releases,
                     "NAME or NAMESPACE/NAME of the Helm release; give it twice if platform and IT Automation are two");
  command.add_option("--image", flags.image,
                     "Image with a MariaDB client, where the release runs no server of its own");
  command.add_option("--output", flags.output, "text, or json: one event per line")
      ->check(CLI::IsMember({"text", "json"}));
  command.add_flag("-v,--verbose", flags.verbose, "Show the kubectl commands");
}

}  // namespace

Command add_command(CLI::App& app, const std::string& name, const std::string& description,
                    const std::string& examples) {
  Command command;
  command.app = app.add_subcommand(name, description);
  command.app->footer("\nExamples:\n" + examples + "\n" + kStatuses);
  command.flags = std::make_shared<CommonFlags>();
  add_common(*command.app, *command.flags);
  return command;
}

void add_timeout(CLI::App& app, int& seconds, const std::string& description) {
  app.add_option("--timeout", seconds, description)->check(CLI::Range(1, 86400))->capture_default_str();
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

System find(kube::Cluster& cluster, const CommonFlags& flags, ui::Reporter& reporter) {
  return find_system(cluster, {flags.releases, flags.image}, reporter);
}

}  // namespace exastro::cli
