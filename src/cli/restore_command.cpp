#include <algorithm>

#include "cli/common.h"
#include "sequence/restore.h"
#include "version.h"

namespace exastro::cli {
namespace {

struct RestoreFlags {
  RestoreRequest request;
  std::vector<std::string> only;
  std::vector<std::string> skip;
  int timeout_seconds = 600;
};

constexpr const char* kExamples =
    "  kubectl exastro restore --from exastro-backup_exastro_exastro_20260131-123456.tar\n"
    "  kubectl exastro restore --from FILE --dry-run     prove the backup and tell what would be done\n"
    "  kubectl exastro restore --from FILE --only files --yes\n"
    "  kubectl exastro restore --from DIR                files made by the vendor's page, see below\n"
    "  kubectl exastro restore --from FILE.tar.age --identity KEYFILE\n"
    "  ssh store cat exastro.tar | kubectl exastro restore --from - --yes\n\n"
    "What it takes of the vendor's page, and what it mends: ";

RestoreParts chosen_parts(const RestoreFlags& flags) {
  const auto chosen = [&](const char* part) {
    const bool wanted = flags.only.empty() || std::find(flags.only.begin(), flags.only.end(), part) != flags.only.end();
    return wanted && std::find(flags.skip.begin(), flags.skip.end(), part) == flags.skip.end();
  };
  const RestoreParts parts{chosen("databases"), chosen("files"), chosen("accounts")};
  if (!parts.databases && !parts.files && !parts.accounts) {
    throw Error("--only and --skip leave nothing to restore.", "Leave one of the two out.", ExitStatus::kUsage);
  }
  return parts;
}

}  // namespace

Command add_restore(CLI::App& app) {
  Command command = add_command(app, "restore", "Bring databases, accounts and files back to what a backup holds",
                                std::string(kExamples) + kDocuments + "hand-made-sets.md");
  const auto own = std::make_shared<RestoreFlags>();
  RestoreRequest& request = own->request;
  const auto parts = CLI::IsMember({"databases", "files", "accounts"});
  add_source(*command.app, request.from, request.identities);
  command.app->add_flag("--yes", request.yes, "Do not ask");
  command.app->add_flag("--dry-run", request.dry_run, "Only prove the backup and tell what would be done");
  command.app->add_option("--only", own->only, "Restore these parts: databases, files, accounts")
      ->check(parts)
      ->delimiter(',');
  command.app->add_option("--skip", own->skip, "Do not restore these parts")->check(parts)->delimiter(',');
  command.app->add_flag("--keep-extra", request.keep_extra,
                        "Keep databases, accounts and files that the backup does not have");
  command.app->add_flag(
      "--adopt-keys", request.adopt_keys,
      "Onto another system: set the backup's ENCRYPT_KEYs in its Secrets, so that it can read the data");
  command.app
      ->add_option("--safety-dir", request.safety_directory,
                   "Where to keep what is about to be replaced; without it, beside the backup")
      ->type_name("DIR");
  command.app->add_flag_callback(
      "--no-safety-backup", [own] { own->request.safety_backup = false; },
      "Do not back up first what is about to be replaced; then a restore that fails leaves the services stopped");
  command.app->add_flag("--strip-definer", request.strip_definers,
                        "Take DEFINER clauses off even where the server could set them");
  add_staging(*command.app, request.staging,
              "Bring the data into the maintenance pod, if its node has room for it, before anything is stopped");
  command.app
      ->add_option(
          "--jobs", request.jobs,
          "Databases of a server that are loaded at the same time; by default one more than it and the pod have "
          "processors")
      ->check(CLI::Range(1, 64))
      ->type_name("N");
  add_timeout(*command.app, own->timeout_seconds, "Seconds for pods to start, to stop and to be ready: each");
  command.run = [flags = command.flags, own](ui::Reporter& reporter) {
    own->request.parts = chosen_parts(*own);
    own->request.timeout = std::chrono::seconds(own->timeout_seconds);
    kube::Kubectl cluster = make_cluster(*flags, reporter);
    const System system = find(cluster, *flags, reporter);
    restore(cluster, system, own->request, reporter);
  };
  return command;
}

}  // namespace exastro::cli
