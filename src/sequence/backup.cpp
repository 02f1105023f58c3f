#include "sequence/backup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <atomic>
#include <ctime>
#include <thread>

#include "archive/names.h"
#include "process/interrupt.h"
#include "sequence/backup_content.h"
#include "sequence/backup_plan.h"
#include "sequence/compression.h"
#include "sequence/maintenance_run.h"
#include "sequence/permissions.h"
#include "sequence/side_by_side.h"
#include "ui/format.h"
#include "ui/step.h"

namespace exastro {
namespace {

using Clock = std::chrono::steady_clock;

// Ten seconds between tries to start what would not start.
constexpr std::chrono::milliseconds kBetweenLooks{500};
constexpr int kLooksBetweenTries = 20;

double seconds_since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

void warn_of_missing(const std::vector<std::string>& missing, const std::string& namespace_,
                     std::chrono::seconds timeout, ui::Reporter& reporter) {
  if (missing.empty()) return;
  reporter.warning(fmt::format("Started, but not ready after {}: {}. Look with: kubectl get pods -n {}",
                               ui::duration_text(timeout), fmt::join(missing, ", "), namespace_));
}

void finish(archive::BackupWriter& writer, const archive::Manifest& manifest, BackupTarget& target,
            const std::optional<Error>& late, ui::Reporter& reporter) {
  ui::Step step(reporter, target.is_encrypted() ? "Encrypting the backup" : "Syncing the backup to the disk");
  writer.finish(manifest);
  target.deliver(writer, late);
  step.done();
}

// What the pods hold is not needed any more. Gives what went wrong with that.
std::optional<Error> remove_staged(MaintenanceRun& run) {
  try {
    run.put_back();
    return std::nullopt;
  } catch (const Error& error) {
    run.leave_to_the_next();
    return Error(fmt::format("What it left in the cluster could not be removed: {}", error.what()),
                 fmt::format("Remove it: kubectl exastro fetch --discard -n {}", run.record().namespace_),
                 error.status());
  }
}

// When the file has its name.
std::optional<Error> end_staging(MaintenanceRun& run, std::chrono::seconds timeout, ui::Reporter& reporter) {
  if (auto error = remove_staged(run)) return error;
  try {
    warn_of_missing(run.wait_until_ready(timeout), run.record().namespace_, timeout, reporter);
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

// To be thrown instead of what went wrong in the transfer. What has arrived is kept for the run that fetches what the
// pods still hold. A disk that is full gets back its room, but for what was here before.
Error after_transfer(MaintenanceRun& run, archive::BackupWriter& writer, const Error& error) {
  const Error told = run.after_failure(error);
  if (!run.holds_backup()) {
    writer.drop();
  } else if (dynamic_cast<const archive::NoRoom*>(&error) == nullptr) {
    writer.keep();
  }
  return told;
}

Error whole_but(const Error& late) {
  return Error(fmt::format("The backup is whole. {}", late.what()), late.next(), late.status());
}

class Backup {
 public:
  Backup(kube::Cluster& cluster, const System& system, const BackupRequest& request, ui::Reporter& reporter)
      : cluster_(cluster),
        system_(system),
        request_(request),
        reporter_(reporter),
        draft_(begin_draft(system, archive::format_timestamp(std::time(nullptr)))) {}

  // The vendor's page from top to bottom.
  void run() {
    check_permissions(cluster_, system_, Standstill::kWriters);
    BackupTarget target(system_, request_.target, draft_.time_text, reporter_);
    archive::BackupWriter writer = target.open_writer();
    MaintenanceRun run(
        cluster_, system_,
        {.operation = "backup", .source = flags_text(request_.target), .arrival_folder = target.arrival_folder()},
        reporter_);  // undone by put_back(), or after_failure()
    std::optional<Error> late;
    try {
      prepare(run);
      target.check_room(writer, estimated_bytes(stocked_, files_facts_));
      run.stop(Standstill::kWriters, request_.timeout);
      take_stock_again(stocked_);  // what was made while the services were being stopped belongs to the backup
      draft_.manifest.run_id = run.id();
      draft_.manifest.created_at = archive::format_utc(std::time(nullptr));
      complete_draft(draft_, system_, stocked_, files_facts_);
      if (plan_) {
        read_into_pods(run, writer);
      } else {
        read_from_here(run, writer);
      }
    } catch (const Error& error) {
      if (!is_whole_) throw after_transfer(run, writer, error);
      // What was read is whole, whatever went wrong in starting the services or waiting for them.
      late = run.holds_backup() ? error : run.after_failure(error);
    }
    archive::Manifest& manifest = draft_.manifest;
    manifest.outage_seconds = run.outage().count();
    try {
      finish(writer, manifest, target, late, reporter_);
    } catch (const Error& error) {
      if (late && !run.holds_backup())
        throw Error(fmt::format("{} {}", sentence(error), late->what()), late->next(), late->status());
      throw after_transfer(run, writer, error);
    }
    if (plan_ && !late) {
      late = end_staging(run, request_.timeout, reporter_);
    } else if (run.holds_backup()) {
      if (const auto error = remove_staged(run)) late = error;
    }
    run.give_up_earlier();
    report_backup(target, manifest, seconds_since(begun_), reporter_);
    if (late) throw whole_but(*late);
  }

 private:
  // While everything still runs: the pods, and what there is to back up.
  void prepare(MaintenanceRun& run) {
    archive::Manifest& manifest = draft_.manifest;
    run.start_pods(request_.timeout);
    ui::Step step(reporter_, "Looking at databases and files");
    auto servers = run.open_servers();
    run.put_back_packets(servers);
    files_.emplace(cluster_, run.pod_of(system_.ita), system_.storage.path);
    std::vector<StagingRoom> rooms;
    side_by_side({[&] {
                    stocked_ = take_stock(system_, std::move(servers));
                    manifest.schema_versions = schema_versions(stocked_);
                  },
                  [&] {
                    draft_.encoding = best_encoding(cluster_, run.pods());
                    if (request_.staging == StagingMode::kNever) return;
                    for (const auto& pod : run.pods()) rooms.push_back(look_at_room(cluster_, pod));
                  },
                  [&] {
                    if (run.follows_restore()) {
                      if (const auto trees = files_->discard_unpacked(); !trees.empty())
                        reporter_.warning(old_trees_text(trees));
                    }
                    files_facts_ = files_->facts();
                  }});
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
    std::string why;
    plan_ = plan_staging(rooms, estimated_bytes(stocked_, files_facts_), request_.staging, request_.jobs, why);
    if (!why.empty())
      reporter_.warning(why + (run.record().held ? " A backup that was not fetched takes room there, too." : "") +
                        " The services wait for the transfer.");
  }

  // The services stand still until everything is in the pods, and run again while it is fetched.
  void read_into_pods(MaintenanceRun& run, archive::BackupWriter& writer) {
    StagedBackup staged;
    {
      ui::Step step(reporter_, "Reading databases and files in the cluster");
      std::vector<std::string> warnings;
      // The first takes the large members' names from the draft, the second adds small ones.
      side_by_side({[&] { staged.files = stage_content(draft_, stocked_, *files_, *plan_, warnings); },
                    [&] { draft_accounts(draft_, stocked_); }});
      for (auto& warning : warnings) {
        reporter_.warning(warning);
        draft_.manifest.warnings.push_back(std::move(warning));
      }
      run.confirm_standstill();
      step.done(ui::bytes_text(bytes_of(staged.files)));
    }
    start_serving(run);
    draft_.manifest.outage_seconds = run.outage().count();
    staged.draft = draft_;
    writer.wait_as(arrival_name(run.record()));
    StagedContent content(cluster_, staged.files);
    std::atomic<bool> transferred = false;
    side_by_side({[&] {
                    try {
                      write_members(writer, draft_, content, reporter_);
                    } catch (...) {
                      transferred = true;
                      throw;
                    }
                    is_whole_ = true;
                    transferred = true;
                  },
                  [&] { start_rest(run, staged, transferred); }});
  }

  // What people see gets a head start; whatever goes wrong with it, start_rest() does it again.
  void start_serving(MaintenanceRun& run) {
    ui::Step step(reporter_, "Starting the proxy again");
    try {
      const auto missing = run.resume_serving();
      const std::string outage = ui::duration_text(run.outage());
      step.done(missing.empty() ? "outage " + outage : "not ready yet, after " + outage);
    } catch (const process::Interrupted&) {
      throw;
    } catch (const Error& error) {
      reporter_.warning(error.what());
    }
  }

  // Beside the transfer, until that has ended: to throw sooner would throw away what was read.
  void start_rest(MaintenanceRun& run, StagedBackup staged, const std::atomic<bool>& transferred) {
    for (bool started = false; !started;) {
      try {
        run.resume_rest();
        started = true;
      } catch (const Error& error) {
        if (transferred) throw;
        reporter_.warning(fmt::format("{} It is tried again until the transfer has ended.", sentence(error)));
        for (int looks = 0; looks < kLooksBetweenTries && !transferred; ++looks) {
          process::Interrupt::throw_if_requested();
          std::this_thread::sleep_for(kBetweenLooks);
        }
      }
    }
    hold(run, staged);
    const auto missing = run.wait_until_ready(request_.timeout, MaintenanceRun::Which::kServingPeople);
    warn_of_missing(missing, run.record().namespace_, request_.timeout, reporter_);
    if (staged.draft.manifest.outage_seconds == run.outage().count()) return;
    staged.draft.manifest.outage_seconds = run.outage().count();
    hold(run, staged);
  }

  // The transfer needs none of it: it is for another run, should this one fail.
  void hold(MaintenanceRun& run, const StagedBackup& staged) {
    const process::Interrupt::Shield shield;  // interrupted, what was read is still to wait for a fetch
    try {
      keep(cluster_, run.pod_of(system_.ita), staged);
      run.hold_backup();
    } catch (const Error& error) {
      reporter_.warning(fmt::format("If this run fails, its backup cannot be fetched later: {}", error.what()));
    }
  }

  // The services stand still until everything is here. One database after another, for as long as the line takes: a
  // lock would keep Keycloak and the APIs waiting that long.
  void read_from_here(MaintenanceRun& run, archive::BackupWriter& writer) {
    draft_.manifest.warnings.push_back(fmt::format("Nothing was kept in the cluster, so {}.", kMomentsApart));
    reporter_.warning(draft_.manifest.warnings.back());
    draft_accounts(draft_, stocked_);
    LiveContent content(stocked_, *files_, draft_.encoding);
    write_members(writer, draft_, content, reporter_);
    run.confirm_standstill();
    is_whole_ = true;
    ui::Step step(reporter_, "Starting the services again");
    run.put_back();
    warn_of_missing(run.wait_until_ready(request_.timeout), run.record().namespace_, request_.timeout, reporter_);
    step.done("outage " + ui::duration_text(run.outage()));
  }

  kube::Cluster& cluster_;
  const System& system_;
  const BackupRequest& request_;
  ui::Reporter& reporter_;
  const Clock::time_point begun_ = Clock::now();
  BackupDraft draft_;
  std::optional<StagingPlan> plan_;  // absent: everything is read from here
  std::vector<StockedServer> stocked_;
  std::optional<SharedFiles> files_;
  FilesFacts files_facts_;
  bool is_whole_ = false;
};

// A dry run makes no pod of its own: it asks through those that run anyway.
void show_plan(kube::Cluster& cluster, const System& system, const BackupRequest& request, ui::Reporter& reporter) {
  check_permissions(cluster, system, Standstill::kWriters);
  const BackupPlan plan = plan_backup(cluster, system, list_pods(cluster, system.namespaces()));
  const std::string time_text = archive::format_timestamp(std::time(nullptr));
  const std::string target =
      request.target.is_standard_output() ? "standard output" : target_path(system, request.target, time_text).string();
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

void fetch_backup(kube::Cluster& cluster, const System& system, const TargetRequest& request, ui::Reporter& reporter) {
  const Clock::time_point begun = Clock::now();
  MaintenanceRun run(cluster, system, {.operation = "fetch", .source = flags_text(request), .fetches = true},
                     reporter);  // undone by put_back()
  std::optional<archive::BackupWriter> writer;
  std::optional<Error> late;
  try {
    StagedBackup staged = find_kept(cluster, run.pod_of(system.ita));
    BackupTarget target(system, request, staged.draft.time_text, reporter);
    run.note_arrival(target.arrival_folder());
    writer.emplace(target.reopen_writer(arrival_name(run.record()), reporter));
    target.check_room(*writer, bytes_of(staged.files));
    if (writer->earlier_bytes() > 0)
      reporter.info(fmt::format("An earlier run has left {} of it here; what is right of that is not fetched again.",
                                ui::bytes_text(writer->earlier_bytes())));
    StagedContent content(cluster, staged.files);
    write_members(*writer, staged.draft, content, reporter);
    finish(*writer, staged.draft.manifest, target, std::nullopt, reporter);
    late = end_staging(run, {}, reporter);
    report_backup(target, staged.draft.manifest, seconds_since(begun), reporter);
  } catch (const Error& error) {
    if (!writer) throw run.after_failure(error);
    throw after_transfer(run, *writer, error);
  }
  if (late) throw whole_but(*late);
}

void discard_backup(kube::Cluster& cluster, const System& system, ui::Reporter& reporter) {
  MaintenanceRun run(cluster, system, {.operation = "fetch", .fetches = true}, reporter);
  const std::string text = backup_of(run.record()) + " was removed from the cluster.";
  if (const auto error = remove_staged(run)) throw Error(*error);
  reporter.result({{"state", "discarded"}}, text);
}

}  // namespace exastro
