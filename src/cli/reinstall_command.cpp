#include "cli/common.h"
#include "sequence/reinstall.h"

namespace exastro::cli {
namespace {

struct ReinstallFlags {
  ReinstallRequest request;
  int timeout_seconds = 600;
};

constexpr const char* kExamples =
    "  kubectl exastro reinstall --dry-run           what would be removed, kept and created; changes nothing\n"
    "  kubectl exastro reinstall                     asks, makes a backup, then does it\n"
    "  kubectl exastro reinstall --yes --no-backup   right after a restore: the backup is there already\n"
    "  kubectl exastro reinstall --chart exastro/exastro --version 1.7.5\n"
    "  kubectl exastro reinstall --release exastro-platform/pf --release exastro-it-automation/ita\n\n"
    "For screens that answer 500 after a restore, and for objects of the release that were deleted or changed. It\n"
    "removes the release's workloads, pods and ConfigMaps and has Helm create them again, so that the migrations run.\n"
    "Claims, volumes, Secrets and Services stay. Cut off at any point, the same command finishes it. It needs helm.";

kube::HelmProgram make_helm(const CommonFlags& flags, ui::Reporter& reporter) {
  return kube::HelmProgram({kube::find_helm(), flags.kubeconfig, flags.context,
                            [&reporter](const std::string& text) { reporter.command(text); }});
}

}  // namespace

Command add_reinstall(CLI::App& app) {
  Command command = add_command(app, "reinstall",
                                "Create the release's objects again, with its keys and data as they are", kExamples);
  const auto own = std::make_shared<ReinstallFlags>();
  ReinstallRequest& request = own->request;
  command.app->add_flag("--yes", request.yes, "Do not ask");
  command.app->add_flag("--dry-run", request.dry_run, "Only tell what would be done");
  auto* no_backup = command.app->add_flag_callback(
      "--no-backup", [own] { own->request.back_up = false; }, "Do not make a backup first");
  command.app
      ->add_option("--backup", request.backup_target,
                   "File or directory for the backup that is made first; without it, the current directory")
      ->type_name("FILE")
      ->excludes(no_backup);
  auto* chart = command.app->add_option(
      "--chart", request.charts,
      "Render this chart, as `helm upgrade` takes it, instead of the stored manifest; the keys and passwords that the "
      "Secrets hold are passed in. Twice for two releases: platform first");
  command.app->add_option("--version", request.chart_version, "The chart's version; without it, the newest")
      ->needs(chart);
  command.app
      ->add_option("--values", request.values_files, "A file with values, over those that the release was given before")
      ->type_name("FILE")
      ->needs(chart)
      ->check(CLI::ExistingFile);
  add_timeout(*command.app, own->timeout_seconds,
              "Seconds for pods to end, to be ready, and for the proxy to answer: each");
  command.run = [flags = command.flags, own](ui::Reporter& reporter) {
    own->request.timeout = std::chrono::seconds(own->timeout_seconds);
    own->request.find = {flags->releases, flags->image};
    kube::HelmProgram helm = make_helm(*flags, reporter);
    kube::Kubectl cluster = make_cluster(*flags, reporter);
    reinstall(cluster, helm, own->request, reporter);
  };
  return command;
}

}  // namespace exastro::cli
