#include "cli/common.h"
#include "sequence/backup.h"

namespace exastro::cli {
namespace {

constexpr const char* kBackupExamples =
    "  kubectl exastro backup                        into the current directory\n"
    "  kubectl exastro backup -o /backups/           into that directory\n"
    "  kubectl exastro backup -o - | ssh store 'cat > exastro.tar'\n"
    "  kubectl exastro backup --encrypt age1…          only who has that private key can read it\n"
    "  kubectl exastro backup --dry-run              what would be stopped and read, and how large it is\n"
    "  kubectl exastro backup -n exastro --output json\n\n"
    "What is read is kept in the maintenance pod, if its node has room for it, so that the services need not wait for\n"
    "the transfer. One that fails leaves it there, for 72 hours: kubectl exastro fetch";

constexpr const char* kFetchExamples =
    "  kubectl exastro fetch                         into the current directory\n"
    "  kubectl exastro fetch -o /backups/\n"
    "  kubectl exastro fetch --discard               remove it from the cluster instead\n\n"
    "What a cut-off run has brought into the same directory is not fetched again, unless it is to be encrypted.";

// -o, and who can read it.
void add_target(CLI::App& app, TargetRequest& target) {
  app.add_option("-o,--file", target.target, "File, directory, or - for standard output")->type_name("FILE");
  archive::Recipients& recipients = target.recipients;
  auto* keys = app.add_option("--encrypt", recipients.keys,
                              "Encrypt with age to this recipient: age1…, ssh-ed25519 … or ssh-rsa …");
  auto* files = app.add_option("--encrypt-to", recipients.files, "The same, to those that this file lists, one a line")
                    ->type_name("FILE");
  for (auto* option : {keys, files}) option->allow_extra_args(false);  // one at each flag
  app.add_flag("--passphrase", recipients.passphrase, "Encrypt with a passphrase, asked for at the terminal")
      ->excludes(keys)
      ->excludes(files);
}

}  // namespace

Command add_backup(CLI::App& app) {
  Command command = add_command(
      app, "backup", "Stop the services, write databases and files into one file, start them again", kBackupExamples);
  const auto own = std::make_shared<BackupRequest>();
  add_target(*command.app, own->target);
  add_staging(*command.app, own->staging, "Keep what is read in the cluster until it is fetched");
  command.app
      ->add_option("--jobs", own->jobs,
                   "Databases of a server that are read at the same time; by default one more than it and the pod have "
                   "processors")
      ->check(CLI::Range(1, 64))
      ->type_name("N");
  command.app->add_flag("--dry-run", own->dry_run, "Only tell what would be done");
  const auto timeout = std::make_shared<int>(600);
  add_timeout(*command.app, *timeout, "Seconds for pods to start, to stop and to be ready: each");
  command.owns_output = [own] { return own->target.is_standard_output() && !own->dry_run; };
  command.run = [flags = command.flags, own, timeout](ui::Reporter& reporter) {
    own->timeout = std::chrono::seconds(*timeout);
    kube::Kubectl cluster = make_cluster(*flags, reporter);
    const System system = find(cluster, *flags, reporter);
    back_up(cluster, system, *own, reporter);
  };
  return command;
}

Command add_fetch(CLI::App& app) {
  Command command = add_command(app, "fetch", "Fetch a backup that was read and waits in the cluster", kFetchExamples);
  const auto target = std::make_shared<TargetRequest>();
  const auto discard = std::make_shared<bool>(false);
  add_target(*command.app, *target);
  auto* discards = command.app->add_flag("--discard", *discard, "Remove it from the cluster instead");
  for (const char* of_a_file : {"--file", "--encrypt", "--encrypt-to", "--passphrase"}) {
    discards->excludes(command.app->get_option(of_a_file));
  }
  command.owns_output = [target] { return target->is_standard_output(); };
  command.run = [flags = command.flags, target, discard](ui::Reporter& reporter) {
    kube::Kubectl cluster = make_cluster(*flags, reporter);
    const System system = find(cluster, *flags, reporter);
    if (*discard) {
      discard_backup(cluster, system, reporter);
    } else {
      fetch_backup(cluster, system, *target, reporter);
    }
  };
  return command;
}

}  // namespace exastro::cli
