#include "cli/common.h"
#include "sequence/backup.h"

namespace exastro::cli {
namespace {

struct BackupFlags {
  std::string target;
  archive::Recipients recipients;
  bool dry_run = false;
  int timeout_seconds = 600;
};

constexpr const char* kExamples =
    "  kubectl exastro backup                        into the current directory\n"
    "  kubectl exastro backup -o /backups/           into that directory\n"
    "  kubectl exastro backup -o - | ssh store 'cat > exastro.tar'\n"
    "  kubectl exastro backup --encrypt age1…          only who has that private key can read it\n"
    "  kubectl exastro backup --dry-run              what would be stopped and read, and how large it is\n"
    "  kubectl exastro backup -n exastro --output json";

}  // namespace

Command add_backup(CLI::App& app) {
  Command command = add_command(
      app, "backup", "Stop the services, write databases and files into one file, start them again", kExamples);
  const auto own = std::make_shared<BackupFlags>();
  command.app->add_option("-o,--file", own->target, "File, directory, or - for standard output")->type_name("FILE");
  archive::Recipients& recipients = own->recipients;
  auto* keys = command.app->add_option("--encrypt", recipients.keys,
                                       "Encrypt with age to this recipient: age1…, ssh-ed25519 … or ssh-rsa …");
  auto* files =
      command.app->add_option("--encrypt-to", recipients.files, "The same, to those that this file lists, one a line")
          ->type_name("FILE");
  for (auto* option : {keys, files}) option->allow_extra_args(false);  // one at each flag
  command.app->add_flag("--passphrase", recipients.passphrase, "Encrypt with a passphrase, asked for at the terminal")
      ->excludes(keys)
      ->excludes(files);
  command.app->add_flag("--dry-run", own->dry_run, "Only tell what would be done");
  add_timeout(*command.app, own->timeout_seconds, "Seconds for pods to start, to stop and to be ready: each");
  command.owns_output = [own] { return own->target == "-" && !own->dry_run; };
  command.run = [flags = command.flags, own](ui::Reporter& reporter) {
    kube::Kubectl cluster = make_cluster(*flags, reporter);
    const System system = find(cluster, *flags, reporter);
    back_up(cluster, system, {own->target, own->recipients, own->dry_run, std::chrono::seconds(own->timeout_seconds)},
            reporter);
  };
  return command;
}

}  // namespace exastro::cli
