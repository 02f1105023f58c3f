#include "cli/command_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <sstream>

#include "cli/common.h"
#include "cli/completion.h"
#include "cli/helm_environment.h"
#include "ui/format.h"
#include "version.h"

namespace exastro::cli {
namespace {

constexpr const char* kFooter = R"(
`kubectl exastro COMMAND --help` has the flags, examples and exit statuses of each.

First backup and restore:
  kubectl exastro find
  kubectl exastro backup -o /backups/
  kubectl exastro restore --from /backups/exastro-backup_exastro_exastro_20260131-123456.tar)";

// As the person calls this program, so as the texts shall say.
std::string call_name() { return helm_environment() ? "helm exastro" : "kubectl exastro"; }

// For a shell, and for a line of JSON. Empty if it would need more than single quotes.
std::string flag(const std::string& name, const std::string& value) {
  if (value.empty() || value.find_first_of("'\"\\\n") != std::string::npos) return "";
  const bool plain = value.find_first_of(" $&;|<>()*?[]#~`!{}") == std::string::npos;
  return plain ? fmt::format(" {} {}", name, value) : fmt::format(" {} '{}'", name, value);
}

// What is told to be typed next must not lead to another cluster.
ui::CallForm call_form(const CommonFlags& flags) {
  const auto helm = helm_environment();
  const std::string context = flags.context.empty() && helm ? helm->context : flags.context;
  const std::string kubeconfig = flag("--kubeconfig", flags.kubeconfig);
  return {call_name(), flag(helm ? "--kube-context" : "--context", context) + kubeconfig,
          flag("--context", context) + kubeconfig};
}

std::unique_ptr<ui::Reporter> make_reporter(const Command& command, std::ostream& out, std::ostream& err) {
  std::ostream& results = command.owns_output() ? err : out;
  const auto helm = helm_environment();
  const bool verbose = command.flags->verbose || (helm && helm->debug);
  if (command.flags->output == "json") return ui::json_reporter(results, verbose, call_form(*command.flags));
  const bool live = ::isatty(STDERR_FILENO) == 1;
  return ui::text_reporter(results, err, {ui::wants_color(STDERR_FILENO), live, verbose, call_form(*command.flags)});
}

int run_command(const Command& command, ui::Reporter& reporter) {
  try {
    command.run(reporter);
    return static_cast<int>(ExitStatus::kOk);
  } catch (const Error& error) {
    reporter.error(error);
    return static_cast<int>(error.status());
  } catch (const std::exception& error) {
    reporter.error(Error(std::string("Something failed that this program did not expect: ") + error.what()));
    return static_cast<int>(ExitStatus::kFailed);
  }
}

}  // namespace

int run(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CLI::App app("Backup and restore of Exastro on Kubernetes", call_name());
  app.set_version_flag("--version", kVersion);
  app.footer(kFooter);
  app.require_subcommand(1);
  const std::vector<Command> commands{add_backup(app), add_fetch(app),   add_restore(app), add_reinstall(app),
                                      add_verify(app), add_inspect(app), add_status(app),  add_find(app),
                                      add_keys(app),   add_stop(app),    add_start(app),   add_completion(app)};
  if (argc > 1 && argv[1] == kCompleteCommand) {
    write(complete(app, {argv + 2, argv + argc}, names_in_the_cluster), out);
    return static_cast<int>(ExitStatus::kOk);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 has statuses of its own; ours are 0 for --help and --version, 2 for the rest.
    std::ostringstream help;
    std::ostringstream complaint;
    const int status = app.exit(error, help, complaint);
    out << ui::as_called(help.str(), {call_name(), "", ""});
    err << ui::as_called(complaint.str(), {call_name(), "", ""});
    return status == 0 ? 0 : static_cast<int>(ExitStatus::kUsage);
  }
  for (const auto& command : commands) {
    if (command.app->parsed()) return run_command(command, *make_reporter(command, out, err));
  }
  return static_cast<int>(ExitStatus::kUsage);
}

}  // namespace exastro::cli
