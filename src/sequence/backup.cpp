#include "sequence/backup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>

#include "archive/backup_writer.h"
#include "archive/names.h"
#include "process/interrupt.h"
#include "sequence/backup_content.h"
#include "sequence/backup_plan.h"
#include "sequence/maintenance_run.h"
#include "sequence/permissions.h"
#include "ui/format.h"
#include "ui/step.h"

namespace exastro {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

bool to_standard_output(const BackupRequest& request) { return request.target == "-"; }

fs::path target_path(const System& system, const std::string& target, const std::string& time_text) {
  const std::string name = archive::backup_file_name(system.namespace_(), system.release(), time_text);
  if (target.empty()) return name;
  std::error_code ignored;
  if (target.back() == '/' || fs::is_directory(target, ignored)) return fs::path(target) / name;
  return target;
}

archive::BackupWriter open_writer(const System& system, const BackupRequest& request, const std::string& time_text) {
  if (to_standard_output(request)) {
    if (::isatty(STDOUT_FILENO) == 1) {
      throw Error("A backup is not for a terminal.", "Redirect it: kubectl exastro backup -o - > FILE",
                  ExitStatus::kUsage);
    }
    return archive::BackupWriter::unnamed(fs::temp_directory_path());
  }
  const fs::path path = target_path(system, request.target, time_text);
  archive::remove_partial_files(path.has_parent_path() ? path.parent_path() : ".");
  return archive::BackupWriter(path);
}

void restart_and_wait(MaintenanceRun& run, const BackupRequest& request, ui::Reporter& reporter) {
  ui::Step step(reporter, "Starting the services again");
  run.put_back();
  const auto missing = run.wait_until_ready(request.timeout);
  if (!missing.empty()) {
    reporter.warning(fmt::format("Started, but not ready after {}: {}. Look with: kubectl get pods",
                                 ui::duration_text(request.timeout), fmt::join(missing, ", ")));
  }
  step.done("outage " + ui::duration_text(run.outage()));
}

void report(archive::BackupWriter& writer, const archive::Manifest& manifest, double seconds, ui::Reporter& reporter) {
  const std::string where = writer.path().empty() ? "standard output" : writer.path().string();
  std::string text = fmt::format("Backup {}\n  {} in {} databases{}\n  services stopped for {}, {} in all", where,
                                 ui::bytes_text(writer.size()), manifest.databases.size(),
                                 manifest.files ? fmt::format(" and {} files", manifest.files->entries) : "",
                                 ui::duration_text(std::chrono::duration<double>(manifest.outage_seconds)),
                                 ui::duration_text(std::chrono::duration<double>(seconds)));
  for (const auto& sentence : manifest.not_included) text += "\n  not included: " + sentence;
  reporter.result({{"file", writer.path().string()},
                   {"bytes", writer.size()},
                   {"databases", manifest.databases.size()},
                   {"outage_seconds", manifest.outage_seconds},
                   {"seconds", seconds},
                   {"warnings", manifest.warnings},
                   {"not_included", manifest.not_included}},
                  text);
}

class Backup {
 public:
  Backup(kube::Cluster& cluster, const System& system, const BackupRequest& request, ui::Reporter& reporter)
      : cluster_(cluster), system_(system), request_(request), reporter_(reporter) {}

  // The vendor's page from top to bottom.
  void run() {
    check_permissions(cluster_, system_, Standstill::kWriters);
    const std::string time_text = archive::format_timestamp(std::time(nullptr));
    archive::BackupWriter writer = open_writer(system_, request_, time_text);
    BackupContent content(writer, system_, time_text, reporter_);
    std::optional<Error> late;
    MaintenanceRun run(cluster_, system_, {"backup", false, "", {}},
                       reporter_);  // undone by put_back(), or after_failure()
    try {
      prepare(run, content.manifest());
      check_local_room(writer, estimated_bytes(stocked_, files_facts_));
      run.stop(Standstill::kWriters, request_.timeout);
      take_stock_again(stocked_);  // what was made while the services were being stopped belongs to the backup
      content.add_all(stocked_, *files_, files_facts_);
      run.confirm_standstill();
      is_whole_ = true;
      restart_and_wait(run, request_, reporter_);
    } catch (const Error& error) {
      if (!is_whole_) throw run.after_failure(error);
      // What was read is whole, whatever went wrong in starting the services or waiting for them.
      late = run.after_failure(error);
    }
    archive::Manifest& manifest = content.manifest();
    manifest.run_id = run.id();
    manifest.outage_seconds = run.outage().count();
    ui::Step step(reporter_, "Syncing the backup to the disk");
    writer.finish(manifest);
    if (to_standard_output(request_)) {
      const process::Interrupt::Plain plain;  // who reads may never do so, and nothing is left to put back
      writer.copy_to(STDOUT_FILENO);
    }
    step.done();
    report(writer, manifest, std::chrono::duration<double>(Clock::now() - begun_).count(), reporter_);
    if (late) throw Error(fmt::format("The backup is whole. {}", late->what()), late->next(), late->status());
  }

 private:
  // While everything still runs: the pods, and what there is to back up.
  void prepare(MaintenanceRun& run, archive::Manifest& manifest) {
    run.start_pods(request_.timeout);
    ui::Step step(reporter_, "Looking at databases and files");
    const auto pod_of = [&](const Side& side) { return run.pod_of(side); };
    auto servers = open_servers(cluster_, system_, pod_of, run.id());
    run.put_back_packets(servers);
    for (auto& server : servers) {
      InventoryRequest what = request_for(system_, server);
      stocked_.push_back(take_stock(std::move(server), std::move(what)));
    }
    files_.emplace(cluster_, run.pod_of(system_.ita), system_.storage.path);
    if (run.follows_restore()) files_->discard_unpacked();
    files_facts_ = files_->facts();
    require_readable(files_facts_);
    step.done(
        fmt::format("{} and {}", ui::bytes_text(estimated_bytes(stocked_, {})), ui::bytes_text(files_facts_.bytes)));
    for (const auto& [server, what, inventory] : stocked_) {
      require_databases(system_, server, inventory);
      warn_of(inventory, manifest.warnings);
      for (const auto& name : inventory.absent) {
        manifest.not_included.push_back(
            fmt::format("Database {}, which a connection record names, is not on the {} server.", name, server.id));
      }
    }
    warn_of(files_facts_, manifest.warnings);
    for (const auto& warning : manifest.warnings) reporter_.warning(warning);
    for (const auto& sentence : manifest.not_included) reporter_.warning(sentence);
    manifest.schema_versions = schema_versions(stocked_);
  }

  kube::Cluster& cluster_;
  const System& system_;
  const BackupRequest& request_;
  ui::Reporter& reporter_;
  const Clock::time_point begun_ = Clock::now();
  std::vector<StockedServer> stocked_;
  std::optional<SharedFiles> files_;
  FilesFacts files_facts_;
  bool is_whole_ = false;
};

// A dry run makes no pod of its own: it asks through those that run anyway.
void show_plan(kube::Cluster& cluster, const System& system, const BackupRequest& request, ui::Reporter& reporter) {
  check_permissions(cluster, system, Standstill::kWriters);
  const BackupPlan plan = plan_backup(cluster, system);
  const std::string time_text = archive::format_timestamp(std::time(nullptr));
  const std::string target =
      to_standard_output(request) ? "standard output" : target_path(system, request.target, time_text).string();
  reporter.result(plan_json(system, plan, target), plan_text(system, plan, target));
}

}  // namespace

void back_up(kube::Cluster& cluster, const System& system, const BackupRequest& request, ui::Reporter& reporter) {
  if (request.dry_run) {
    show_plan(cluster, system, request, reporter);
  } else {
    Backup(cluster, system, request, reporter).run();
  }
}

}  // namespace exastro
