#include "sequence/restore.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ctime>
#include <filesystem>
#include <optional>

#include "archive/backup_writer.h"
#include "archive/names.h"
#include "process/interrupt.h"
#include "sequence/backup_plan.h"
#include "sequence/dump_source.h"
#include "sequence/maintenance_run.h"
#include "sequence/permissions.h"
#include "sequence/proxy_check.h"
#include "sequence/restore_check.h"
#include "sequence/restore_server.h"
#include "ui/format.h"
#include "ui/prompt.h"
#include "ui/step.h"
#include "version.h"

namespace exastro {
namespace {

using archive::Manifest;
using Clock = std::chrono::steady_clock;

// The files of the backup, unpacked beside the present ones; gone again unless they have taken their place.
class UnpackedFiles {
 public:
  UnpackedFiles(SharedFiles& files, std::string run_id, ui::Reporter& reporter)
      : files_(files), run_id_(std::move(run_id)), reporter_(reporter) {}
  ~UnpackedFiles() {
    if (!unpacked_) return;
    const process::Interrupt::Shield shield;
    try {
      files_.discard_unpacked();
    } catch (const Error& error) {
      reporter_.warning(fmt::format("What was unpacked beside the shared files (.exastro-restore-*) is left there: {}",
                                    error.what()));
    }
  }
  UnpackedFiles(const UnpackedFiles&) = delete;
  UnpackedFiles& operator=(const UnpackedFiles&) = delete;

  void unpack(const archive::BackupReader& reader, const std::string& member) {
    files_.discard_unpacked();
    unpacked_ = true;
    DumpSource source(reader, member, {});
    const std::uint64_t size = source.size();
    ui::Step step(reporter_, "Unpacking the shared files beside the present ones", size);
    files_.unpack_beside(
        run_id_, size,
        [&](std::span<std::byte> room) {
          const std::size_t count = source.read(room);
          step.add(count);
          return count;
        },
        [&] { return source.digest(); });
    step.done();
  }

  void take_their_place(bool keep_extra) {
    ui::Step step(reporter_, "Putting the shared files in place");
    const auto kept = files_.replace(run_id_, keep_extra);
    unpacked_ = false;
    if (!kept.empty()) {
      reporter_.warning(fmt::format(
          "The backup has something else in the place of these directories; they were kept: {}", some_of(kept)));
    }
    try {
      files_.discard_all(run_id_);
    } catch (const Error& error) {
      reporter_.warning(fmt::format("The old shared files (.exastro-old-*) could not be removed: {}", error.what()));
    }
    step.done();
  }

 private:
  SharedFiles& files_;
  std::string run_id_;
  ui::Reporter& reporter_;
  bool unpacked_ = false;
};

std::string parts_text(const Manifest& manifest, const RestoreRequest& request) {
  std::vector<std::string> parts;
  if (request.parts.databases) parts.push_back(fmt::format("{} databases", manifest.databases.size()));
  if (request.parts.accounts) {
    std::size_t count = 0;
    for (const auto& accounts : manifest.accounts) count += accounts.names.size();
    parts.push_back(fmt::format("{} database accounts", count));
  }
  if (request.parts.files && manifest.files)
    parts.push_back(fmt::format("the shared files ({} entries)", manifest.files->entries));
  return fmt::format("{}", fmt::join(parts, ", "));
}

class Restore {
 public:
  Restore(kube::Cluster& cluster, const System& system, const RestoreRequest& request, ui::Reporter& reporter)
      : cluster_(cluster), system_(system), request_(request), reporter_(reporter) {}

  void run() {
    const ProvedBackup backup = prove_backup(request_.from, reporter_);
    const Manifest& manifest = backup.reader.manifest();
    check_fits(manifest, system_, reporter_);
    check_permissions(cluster_, system_, Standstill::kAllClients);
    if (request_.dry_run) {
      show_plan(manifest);
      return;
    }
    if (!request_.yes && !ui::confirm(question(manifest))) {
      throw Error("Nothing was changed, as you did not answer yes.", "", ExitStatus::kDeclined);
    }
    begun_ = Clock::now();
    MaintenanceRun run(cluster_, system_, {"restore", replaces_all(), {}},
                       reporter_);  // undone by put_back(), or after_failure()
    std::vector<std::string> missing;
    std::string proxy;
    try {
      replace_all(run, backup);
      ui::Step step(reporter_, "Starting the services again");
      run.put_back();
      missing = run.wait_until_ready(request_.timeout);
      proxy = wait_for_proxy(cluster_, system_, request_.timeout, reporter_);
      step.done("outage " + ui::duration_text(run.outage()));
    } catch (const Error& error) {
      const Error told = run.after_failure(error);
      if (!is_replaced_) throw told;
      throw Error(fmt::format("The data was restored. {}", told.what()), told.next(), told.status());
    }
    report(run, manifest, missing, proxy);
  }

 private:
  [[nodiscard]] bool replaces_all() const {
    return request_.parts.databases && request_.parts.files && request_.parts.accounts && !request_.keep_extra;
  }

  [[nodiscard]] std::string question(const Manifest& manifest) const {
    return fmt::format("This stops {}/{} and replaces {} with those of {}.", system_.namespace_(), system_.release(),
                       parts_text(manifest, request_), manifest.created_at);
  }

  void show_plan(const Manifest& manifest) {
    Json databases = Json::array();
    std::string text = fmt::format(
        "Plan of a restore into {}/{}; nothing was changed.\n\nFrom the backup of {} ({}/{}, application {}):\n",
        system_.namespace_(), system_.release(), manifest.created_at,
        manifest.releases.empty() ? "" : manifest.releases[0].namespace_,
        manifest.releases.empty() ? "" : manifest.releases[0].name,
        manifest.releases.empty() ? "" : manifest.releases[0].app_version);
    text += "  " + parts_text(manifest, request_) + "\n";
    if (request_.parts.databases) {
      for (const auto& database : manifest.databases) {
        text += fmt::format("  {:<45} {:>4} tables\n", database.name, database.tables);
        databases.push_back(database.name);
      }
    }
    text += "\nStop every client of the databases and start it again:\n";
    Json stopped = Json::array();
    for (const auto& workload : to_stop(system_.workloads, Standstill::kAllClients)) {
      text += fmt::format("  {:<45} {}\n", workload.reference(), workload.namespace_);
      stopped.push_back({{"namespace", workload.namespace_}, {"workload", workload.reference()}});
    }
    text += request_.keep_extra
                ? "\nWhat the backup does not have is kept.\n"
                : "\nWhat is Exastro's and not in the backup will be gone afterwards (--keep-extra keeps it).\n";
    reporter_.result({{"plan", "restore"},
                      {"from", request_.from},
                      {"created_at", manifest.created_at},
                      {"databases", std::move(databases)},
                      {"stopped", std::move(stopped)}},
                     text);
  }

  // The page from "stop service" to before "start service".
  void replace_all(MaintenanceRun& run, const ProvedBackup& backup) {
    const Manifest& manifest = backup.reader.manifest();
    {
      ui::Step step(reporter_, "Starting the maintenance pod");
      run.start_pods(request_.timeout);
      step.done();
    }
    SharedFiles files(cluster_, run.pod_of(system_.ita), system_.storage.path);
    std::vector<StockedServer> stocked = take_stock(run, manifest, {});
    std::vector<std::unique_ptr<ServerRestore>> servers;
    for (auto& entry : stocked) {
      servers.push_back(std::make_unique<ServerRestore>(backup, system_, entry, request_, reporter_));
      servers.back()->prepare();
    }
    const bool with_files = request_.parts.files && manifest.files;
    if (with_files) check_files(files, backup);
    {
      ui::Step step(reporter_, "Stopping the proxy and every client of the databases");
      run.stop(Standstill::kAllClients, request_.timeout);
      step.done();
    }
    const std::string safety = request_.safety_backup ? take_safety_backup(run, stocked, files) : "";
    UnpackedFiles unpacked(files, run.id(), reporter_);
    if (with_files) unpacked.unpack(backup.reader, manifest.files->member);
    for (auto& server : servers) server->end_sessions();
    run.begin_destruction(safety);
    try {
      replace_databases(run, servers, request_.parts, request_.keep_extra);
      run.confirm();
      if (with_files) unpacked.take_their_place(request_.keep_extra);
    } catch (const Error& error) {
      if (safety.empty()) throw;
      go_back(run, manifest, safety, error);
    }
    run.end_destruction();
    is_replaced_ = true;
    look_back(run, servers);
  }

  // The data is whole: what goes wrong from here on is told, and is no failure of the restore.
  void look_back(MaintenanceRun& run, std::vector<std::unique_ptr<ServerRestore>>& servers) {
    try {
      for (auto& server : servers) server->look_back();
      run.confirm_standstill();
    } catch (const Error& error) {
      reporter_.warning(error.what());
    }
  }

  // All that there is now, into a file of its own; gives its path.
  std::string take_safety_backup(MaintenanceRun& run, std::vector<StockedServer>& stocked, SharedFiles& files) {
    const std::string time_text = archive::format_timestamp(std::time(nullptr));
    const auto path =
        safety_directory() / archive::safety_file_name(system_.namespace_(), system_.release(), time_text);
    archive::BackupWriter writer = safety_writer(path);
    BackupContent content(writer, system_, time_text, reporter_);
    const FilesFacts facts = readable_files(files);
    std::uint64_t estimate = facts.bytes;
    for (const auto& [server, inventory] : stocked) estimate += inventory.bytes();
    check_local_room(writer, estimate);
    reporter_.info("Backing up first what is about to be replaced");
    for (auto& entry : stocked) content.add_databases(entry);
    for (auto& entry : stocked) content.add_accounts(entry);
    content.add_files(files, facts);
    content.add_keys();
    content.add_values();
    content.manifest().run_id = run.id();
    content.manifest().tool_version = kVersion;
    writer.finish(content.manifest());
    reporter_.info(fmt::format("What is there now is kept in {}", path.string()));
    return path.string();
  }

  [[nodiscard]] std::filesystem::path safety_directory() const {
    namespace fs = std::filesystem;
    if (!request_.safety_directory.empty()) return fs::absolute(request_.safety_directory);
    return request_.from == "-" ? fs::current_path() : fs::absolute(request_.from).lexically_normal().parent_path();
  }

  static archive::BackupWriter safety_writer(const std::filesystem::path& path) {
    try {
      return archive::BackupWriter(path);
    } catch (const Error& error) {
      throw Error(fmt::format("What is about to be replaced cannot be kept: {}", error.what()),
                  "Name another directory with --safety-dir, or do without: --no-safety-backup", error.status());
    }
  }

  // The databases as they were, from the safety backup; the files are the last to be replaced, and go back by
  // themselves. Always throws: what went wrong, and what became of it.
  [[noreturn]] void go_back(MaintenanceRun& run, const Manifest& failed, const std::string& safety,
                            const Error& error) {
    const process::Interrupt::Shield shield;
    reporter_.warning(fmt::format("{} Going back to what was there, from {}", sentence(error), safety));
    RestoreRequest everything;
    everything.strip_definers = request_.strip_definers;
    try {
      const ProvedBackup before = prove_backup(safety, reporter_);
      std::vector<StockedServer> stocked = take_stock(run, before.reader.manifest(), names_of(failed));
      std::vector<std::unique_ptr<ServerRestore>> servers;
      for (auto& entry : stocked) {
        servers.push_back(std::make_unique<ServerRestore>(before, system_, entry, everything, reporter_));
        servers.back()->prepare();
      }
      replace_databases(run, servers, RestoreParts{true, false, true}, false);
    } catch (const Error& second) {
      throw Error(fmt::format("{} Going back to what was there failed as well: {}", sentence(error), second.what()), "",
                  ExitStatus::kServicesStopped);
    }
    run.end_destruction();
    throw Error(fmt::format("{} The data is what it was before, from {}.", sentence(error), safety), error.next(),
                error.status());
  }

  static std::vector<std::string> names_of(const Manifest& manifest) {
    std::vector<std::string> names;
    for (const auto& database : manifest.databases) names.push_back(database.name);
    return names;
  }

  // `also` are databases that are Exastro's although no record may name them now.
  std::vector<StockedServer> take_stock(MaintenanceRun& run, const Manifest& manifest,
                                        const std::vector<std::string>& also) {
    ui::Step step(reporter_, "Looking at the databases");
    std::vector<StockedServer> stocked;
    auto servers = open_servers(
        cluster_, system_, [&](const Side& side) { return run.pod_of(side); }, run.id());
    check_layout(manifest, servers);
    for (auto& server : servers) {
      InventoryRequest request = request_for(system_, server);
      for (const auto& database : manifest.databases) {
        if (database.server == server.id) request.also_exastros.push_back(database.name);
      }
      request.databases.insert(request.databases.end(), also.begin(), also.end());
      Inventory inventory = take_inventory(server.database, request);
      stocked.push_back({std::move(server), std::move(inventory)});
    }
    step.done();
    return stocked;
  }

  // Throws if the files could not be replaced, which must not turn out when the databases are.
  void check_files(SharedFiles& files, const ProvedBackup& backup) {
    const std::uint64_t needed = backup.reader.member(backup.reader.manifest().files->member).plain_size;
    const FilesFacts facts = files.facts();
    if (!facts.immovable.empty()) {
      throw Error(
          fmt::format("Among the shared files are some that the user of Exastro's pods ({}) may not replace: {}.",
                      system_.storage.user, some_of(facts.immovable)),
          "Give them to that user (chown -R) or remove them, or restore the databases alone: --skip files");
    }
    if (facts.available >= needed) return;
    throw Error(
        fmt::format("The volume of the shared files has {} free, and the backup's files, which are unpacked beside the "
                    "present ones, need {}.",
                    ui::bytes_text(facts.available), ui::bytes_text(needed)),
        "Make room on the volume, or restore the databases alone: --skip files");
  }

  void replace_databases(MaintenanceRun& run, std::vector<std::unique_ptr<ServerRestore>>& servers,
                         const RestoreParts& parts, bool keep_extra) {
    run.confirm();
    // First: when the records that name it are replaced, nobody could tell any more that it was Exastro's.
    if (!keep_extra) {
      for (auto& server : servers) server->drop_extra();
    }
    if (parts.accounts) {
      ui::Step step(reporter_, "Creating the accounts");
      for (auto& server : servers) server->create_accounts();
      step.done();
    }
    if (parts.databases) {
      for (auto& server : servers) server->load_databases([&] { run.confirm(); });
    }
    if (parts.accounts) {
      ui::Step step(reporter_, "Granting what the accounts may do");
      for (auto& server : servers) server->grant();
      step.done();
    }
    if (parts.databases) {
      for (auto& server : servers) server->load_views();
    }
  }

  void report(const MaintenanceRun& run, const Manifest& manifest, const std::vector<std::string>& missing,
              const std::string& proxy) {
    const std::chrono::duration<double> seconds = Clock::now() - begun_;
    if (!missing.empty()) {
      reporter_.warning(
          fmt::format("Started, but not ready: {}. Look with: kubectl get pods", fmt::join(missing, ", ")));
    }
    reporter_.result(
        {{"from", request_.from},
         {"databases", manifest.databases.size()},
         {"outage_seconds", run.outage().count()},
         {"seconds", seconds.count()},
         {"not_ready", missing},
         {"proxy_answers", proxy.empty()}},
        fmt::format("Restored {} as of {}\n  services stopped for {}, {} in all", parts_text(manifest, request_),
                    manifest.created_at, ui::duration_text(run.outage()), ui::duration_text(seconds)));
    if (!proxy.empty()) {
      throw Error(fmt::format("Everything was restored and started, but the proxy does not answer well: {}", proxy),
                  "Look at its log: kubectl logs deployment/platform-auth");
    }
  }

  kube::Cluster& cluster_;
  const System& system_;
  const RestoreRequest& request_;
  ui::Reporter& reporter_;
  Clock::time_point begun_ = Clock::now();
  bool is_replaced_ = false;
};

}  // namespace

void restore(kube::Cluster& cluster, const System& system, const RestoreRequest& request, ui::Reporter& reporter) {
  Restore(cluster, system, request, reporter).run();
}

}  // namespace exastro
