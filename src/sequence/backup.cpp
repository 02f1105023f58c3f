#include "sequence/backup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>

#include "archive/backup_writer.h"
#include "archive/names.h"
#include "archive/partial_file.h"
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

fs::path target_path(const System& system, const BackupRequest& request, const std::string& time_text) {
  const std::string& target = request.target;
  const std::string name = archive::backup_file_name(system.namespace_(), system.release(), time_text) +
                           (request.recipients.empty() ? "" : ".age");
  if (target.empty()) return name;
  std::error_code ignored;
  if (target.back() == '/' || fs::is_directory(target, ignored)) return fs::path(target) / name;
  return target;
}

// Where the backup goes. Standard output gets it when it is whole, and so does age: until then it is in a temporary
// file that has no name, so that an encrypted backup is never on a disk in plain under one.
class Target {
 public:
  Target(const System& system, const BackupRequest& request, const std::string& time_text, ui::Reporter& reporter)
      : to_standard_output_(to_standard_output(request)) {
    if (to_standard_output_ && ::isatty(STDOUT_FILENO) == 1) {
      throw Error("A backup is not for a terminal.", "Redirect it: kubectl exastro backup -o - > FILE",
                  ExitStatus::kUsage);
    }
    if (!to_standard_output_) {
      path_ = target_path(system, request, time_text);
      const fs::path directory = path_.has_parent_path() ? path_.parent_path() : ".";
      archive::remove_partial_files(directory);
      if (const std::string text = archive::foreign_owner_warning(directory); !text.empty()) reporter.warning(text);
    }
    if (!request.recipients.empty()) {
      if (!to_standard_output_) encrypted_.emplace(path_, false);
      encryptor_.emplace(request.recipients);
    }
  }

  // For the plain backup.
  [[nodiscard]] archive::BackupWriter open_writer() const {
    if (to_standard_output_ || encryptor_) return archive::BackupWriter::unnamed(fs::temp_directory_path());
    return archive::BackupWriter(path_);
  }

  // Throws Error if neither the plain backup nor the encrypted one has room.
  void check_room(const archive::BackupWriter& writer, std::uint64_t estimate) const {
    check_local_room(writer, estimate);
    if (encrypted_) check_local_room(encrypted_->path(), estimate);
  }

  // The finished backup to where it belongs.
  void deliver(const archive::BackupWriter& writer) {
    bytes_ = writer.size();
    if (!to_standard_output_ && !encryptor_) return;
    std::optional<process::Interrupt::Plain> plain;  // who reads may never do so, and nothing is left to put back
    if (to_standard_output_) plain.emplace();
    if (!encryptor_) {
      writer.copy_to(STDOUT_FILENO);
      return;
    }
    std::uint64_t offset = 0;
    const auto pull = [&](std::span<std::byte> room) {
      const std::size_t count = writer.read_at(room, offset);
      offset += count;
      return count;
    };
    bytes_ = encryptor_->encrypt(pull, encrypted_ ? encrypted_->get() : STDOUT_FILENO,
                                 encrypted_ ? encrypted_->path().string() : "the output");
    if (encrypted_) encrypted_->publish();
  }

  [[nodiscard]] const fs::path& path() const { return path_; }  // empty: standard output
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] bool is_encrypted() const { return encryptor_.has_value(); }

 private:
  bool to_standard_output_;
  fs::path path_;
  std::optional<archive::PartialFile> encrypted_;
  std::optional<archive::Encryptor> encryptor_;
  std::uint64_t bytes_ = 0;
};

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

void report(const Target& target, const archive::Manifest& manifest, double seconds, ui::Reporter& reporter) {
  const std::string where = target.path().empty() ? "standard output" : target.path().string();
  std::string text =
      fmt::format("Backup {}{}\n  {} in {} databases{}\n  services stopped for {}, {} in all", where,
                  target.is_encrypted() ? ", encrypted" : "", ui::bytes_text(target.bytes()), manifest.databases.size(),
                  manifest.files ? fmt::format(" and {} files", manifest.files->entries) : "",
                  ui::duration_text(std::chrono::duration<double>(manifest.outage_seconds)),
                  ui::duration_text(std::chrono::duration<double>(seconds)));
  for (const auto& sentence : manifest.not_included) text += "\n  not included: " + sentence;
  reporter.result({{"file", target.path().string()},
                   {"bytes", target.bytes()},
                   {"encrypted", target.is_encrypted()},
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
    Target target(system_, request_, time_text, reporter_);
    archive::BackupWriter writer = target.open_writer();
    BackupContent content(writer, system_, time_text, reporter_);
    std::optional<Error> late;
    MaintenanceRun run(cluster_, system_, {"backup", false, "", {}},
                       reporter_);  // undone by put_back(), or after_failure()
    try {
      prepare(run, content.manifest());
      target.check_room(writer, estimated_bytes(stocked_, files_facts_));
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
    ui::Step step(reporter_, target.is_encrypted() ? "Encrypting the backup" : "Syncing the backup to the disk");
    writer.finish(manifest);
    deliver(target, writer, late);
    step.done();
    report(target, manifest, std::chrono::duration<double>(Clock::now() - begun_).count(), reporter_);
    if (late) throw Error(fmt::format("The backup is whole. {}", late->what()), late->next(), late->status());
  }

 private:
  // What was read at the price of an outage is not lost to a Ctrl-C while the services were being started again: a file
  // gets it all the same, encrypted or not. Who reads standard output may never do so; both are told then.
  static void deliver(Target& target, const archive::BackupWriter& writer, const std::optional<Error>& late) {
    std::optional<process::Interrupt::Shield> shield;
    if (late && !target.path().empty()) shield.emplace();
    try {
      target.deliver(writer);
    } catch (const Error& error) {
      if (!late) throw;
      throw Error(fmt::format("{} There is no backup either: {}", late->what(), error.what()), late->next(),
                  late->status());
    }
  }

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
      to_standard_output(request) ? "standard output" : target_path(system, request, time_text).string();
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
