#include "cli/common.h"

#include <map>

#include "cli/helm_environment.h"
#include "process/child.h"

namespace exastro::cli {
namespace {

constexpr const char* kStatuses = R"(
Exit statuses:
  0  done                             6  another run holds the system
  1  failed                           7  services stay stopped
  2  wrong command line               8  you did not confirm it
  3  no release or file, or several   9  the file is no backup
  4  a permission is missing        130  interrupted
  5  the backup is damaged, or of a newer version)";

void add_cluster(CLI::App& command, CommonFlags& flags) {
  // The names of the types are what the completion goes by: see completion.h.
  command.add_option("--kubeconfig", flags.kubeconfig, "Path of the kubeconfig file, as for kubectl")
      ->type_name("FILE");
  command.add_option("--context", flags.context, "The kubeconfig context to use, as for kubectl")->type_name("CONTEXT");
  command.add_option("-n,--namespace", flags.namespace_, "The namespace of the release")->type_name("NAMESPACE");
  command
      .add_option("--release", flags.releases,
                  "NAME or NAMESPACE/NAME of the Helm release; give it twice if platform and IT Automation are two")
      ->type_name("RELEASE");
  command.add_option("--image", flags.image,
                     "Image with a MariaDB client, where the release runs no server of its own");
  command.add_flag("-v,--verbose", flags.verbose, "Show the kubectl commands");
}

Command make_command(CLI::App& app, const std::string& name, const std::string& description,
                     const std::string& examples) {
  Command command;
  command.app = app.add_subcommand(name, description);
  command.app->footer("\nExamples:\n" + examples + "\n" + kStatuses);
  command.flags = std::make_shared<CommonFlags>();
  return command;
}

void add_events(Command& command) {
  command.app->add_option("--output", command.flags->output, "text, or json: one event per line")
      ->check(CLI::IsMember({"text", "json"}));
}

// Our own flags come first: they are nearer to what the person means.
void obey(const HelmEnvironment& helm, kube::KubectlOptions& options) {
  const bool own_context = !options.context.empty();
  if (!own_context) options.context = helm.context;
  options.server = helm.api_server;
  options.certificate_authority = helm.ca_file;
  options.tls_server_name = helm.tls_server_name;
  options.insecure_skip_tls_verify = helm.insecure_skip_tls_verify;
  options.as = helm.as_user;
  options.as_groups = helm.as_groups;
  if (!helm.token.empty()) {
    options.token = std::make_shared<kube::TokenKubeconfig>(helm.token, options.kubeconfig);
  }
  if (options.namespace_.empty()) {
    // Helm knows nothing of a --context that stands behind the plugin's name.
    kube::KubectlOptions helms = options;
    if (own_context) helms.context = helm.context;
    const auto chosen = helm.chosen_namespace([&] { return kube::Kubectl(helms).context_namespace(); });
    options.namespace_ = chosen.value_or("");
  }
}

}  // namespace

Command add_command(CLI::App& app, const std::string& name, const std::string& description,
                    const std::string& examples) {
  Command command = make_command(app, name, description, examples);
  add_cluster(*command.app, *command.flags);
  add_events(command);
  return command;
}

Command add_offline_command(CLI::App& app, const std::string& name, const std::string& description,
                            const std::string& examples) {
  Command command = make_command(app, name, description, examples);
  add_events(command);
  return command;
}

Command add_document_command(CLI::App& app, const std::string& name, const std::string& description,
                             const std::string& examples) {
  Command command = make_command(app, name, description, examples);
  command.app->add_option("--output", command.flags->output, "text, json or yaml")
      ->check(CLI::IsMember({"text", "json", "yaml"}));
  command.owns_output = [] { return true; };
  return command;
}

void add_source(CLI::App& app, std::string& from, std::vector<std::string>& identities) {
  app.add_option("--from", from,
                 "The backup: a file, a directory with its members, or - for standard input; or the files of the "
                 "vendor's page, in a directory or a tar")
      ->type_name("BACKUP")
      ->required();
  app.add_option("-i,--identity", identities,
                 "File with the private key (age or SSH), if the backup is encrypted to recipients")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

void add_timeout(CLI::App& app, int& seconds, const std::string& description) {
  app.add_option("--timeout", seconds, description)->check(CLI::Range(1, 86400))->capture_default_str();
}

void add_staging(CLI::App& app, StagingMode& mode, const std::string& description) {
  static const std::map<std::string, StagingMode> kModes{
      {"auto", StagingMode::kAuto}, {"always", StagingMode::kAlways}, {"never", StagingMode::kNever}};
  const auto choose = [&mode](const std::string& word) { mode = kModes.at(word); };
  app.add_option_function<std::string>("--staging", choose, description)
      ->check(CLI::IsMember({"auto", "always", "never"}));
}

kube::Kubectl make_cluster(const CommonFlags& flags, ui::Reporter& reporter, kube::KubectlOptions options) {
  const auto program = process::find_program("kubectl");
  if (!program) throw Error("kubectl was not found on PATH.", "Install kubectl, or add its directory to PATH.");
  options.program = *program;
  options.kubeconfig = flags.kubeconfig;
  options.context = flags.context;
  options.namespace_ = flags.namespace_;
  options.log = [&reporter](const std::string& text) { reporter.command(text); };
  if (const auto helm = helm_environment()) obey(*helm, options);
  reporter.set_namespace(options.namespace_);
  return kube::Kubectl(std::move(options));
}

System find(kube::Cluster& cluster, const CommonFlags& flags, ui::Reporter& reporter) {
  return find_system(cluster, {flags.releases, flags.image}, reporter);
}

}  // namespace exastro::cli
