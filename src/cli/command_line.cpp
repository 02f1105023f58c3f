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

// What is told to be typed next must not lead to another cluster.
ui::CallForm call_form(const CommonFlags& flags) {
  const auto helm = helm_environment();
  const std::string context = flags.context.empty() && helm ? helm->context : flags.context;
  // Helm takes the flag away, and gives a variable that the person's shell need not have.
  const std::string kubeconfig =
      ui::flag_text("--kubeconfig", flags.kubeconfig.empty() && helm ? helm->kubeconfig : flags.kubeconfig);
  std::string releases;
  for (const auto& release : flags.releases) releases += ui::flag_text("--release", release);
  const std::string kubectls = ui::flag_text("--context", context) + kubeconfig;
  const std::string helms = ui::flag_text("--kube-context", context) + kubeconfig;
  return {.name = call_name(),
          .flags = (helm ? helms : kubectls) + ui::flag_text("--image", flags.image),
          .kubectl_flags = kubectls,
          .helm_flags = helms,
          .release_flags = releases};
}

std::unique_ptr<ui::Reporter> make_reporter(const Command& command, std::ostream& out, std::ostream& err) {
  std::ostream& results = command.owns_output() ? err : out;
  const auto helm = helm_environment();
  const bool verbose = command.flags->verbose || (helm && helm->debug);
  if (command.flags->output == "json") return ui::json_reporter(results, verbose, call_form(*command.flags));
  const bool live = ::isatty(STDERR_FILENO) == 1;
  return ui::text_reporter(results, err, {ui::wants_color(STDERR_FILENO), live, verbose, call_form(*command.flags)});
}

// Throws Error if what was to be told has not arrived: on a full disk, say.
void flush(std::ostream& out) {
  if (!out.flush()) {
    throw Error("The command has done its work, but what it had to print could not be written to standard output.",
                "Make room where its output goes.");
  }
}

int run_command(const Command& command, ui::Reporter& reporter, std::ostream& out) {
  try {
    command.run(reporter);
    flush(out);
    return static_cast<int>(ExitStatus::kOk);
  } catch (const Error& error) {
    reporter.error(error);
    return static_cast<int>(error.status());
  } catch (const std::exception& error) {
    reporter.error(Error(std::string("Something failed that this program did not expect: ") + error.what()));
    return static_cast<int>(ExitStatus::kFailed);
  }
}

// A variable that a script has not set must not count as a flag that was not given: another system would be chosen, or
// keys printed that were to go to a file.
void refuse_empty_values(CLI::App& app) {
  const CLI::Validator is_something(
      [](const std::string& value) { return value.empty() ? std::string("an empty value") : std::string(); }, "");
  for (CLI::App* command : app.get_subcommands({})) {
    for (CLI::Option* option : command->get_options()) {
      if (option->get_items_expected_max() > 0) option->check(is_something);
    }
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
  refuse_empty_values(app);
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
    out << ui::as_called(help.str(), {call_name()});
    err << ui::as_called(complaint.str(), {call_name()});
    return status == 0 ? 0 : static_cast<int>(ExitStatus::kUsage);
  }
  for (const auto& command : commands) {
    if (command.app->parsed()) return run_command(command, *make_reporter(command, out, err), out);
  }
  return static_cast<int>(ExitStatus::kUsage);
}

}  // namespace exastro::cli
