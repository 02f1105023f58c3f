#include "sequence/restore.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>

#include "process/interrupt.h"
#include "sequence/backup_plan.h"
#include "sequence/compression.h"
#include "sequence/database_room.h"
#include "sequence/delivery.h"
#include "sequence/key_adoption.h"
#include "sequence/maintenance_run.h"
#include "sequence/permissions.h"
#include "sequence/proxy_check.h"
#include "sequence/restore_check.h"
#include "sequence/restore_server.h"
#include "sequence/safety_backup.h"
#include "sequence/side_by_side.h"
#include "sequence/unpacked_files.h"
#include "shell_word.h"
#include "ui/format.h"
#include "ui/prompt.h"
#include "ui/step.h"

namespace exastro {
namespace {

using archive::Manifest;
using Clock = std::chrono::steady_clock;

// For pods to end and to start, and for a server to answer, when a failed restore goes back.
constexpr std::chrono::seconds kGoingBack{120};
// Into the cluster, at the same time.
constexpr unsigned kStreams = 2;

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
      : cluster_(cluster), system_(system), request_(request), reporter_(reporter), keys_(cluster, system) {}

  void run() {
    const ProvedBackup backup = prove_backup(request_.from, reporter_, {request_.identities, exastro_names(system_)});
    const Manifest& manifest = backup.reader.manifest();
    check_fits(manifest, system_, reporter_);
    if (request_.parts.databases) keys_.compare(backup.reader);
    require_adoption();
    check_permissions(cluster_, system_, Standstill::kAllClients, keys_.accesses());
    if (request_.dry_run) {
      show_plan(manifest);
      return;
    }
    if (!request_.yes && !ui::confirm(question(manifest))) {
      throw Error("Nothing was changed, as you did not answer yes.", "", ExitStatus::kDeclined);
    }
    begun_ = Clock::now();
    MaintenanceRun run(cluster_, system_,
                       {.operation = "restore",
                        .replaces_all = is_whole(manifest) && replaces_all(),
                        .replaces_files = replaced_parts(manifest).files && !request_.keep_extra,
                        .source = is_whole(manifest) || manifest.servers.empty() ? source() : ""},
                       reporter_);  // undone by put_back(), or after_failure()
    std::vector<std::string> missing;
    std::string proxy;
    try {
      replace_all(run, backup);
      ui::Step step(reporter_, "Starting the services again");
      run.resume_serving();
      run.resume_rest();
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
  // What a person types to finish this run if it is cut off; nothing if the backup came through a pipe.
  [[nodiscard]] std::string source() const {
    if (request_.from == "-") return "";
    const auto anywhere = [](const std::string& file) {
      return std::filesystem::absolute(file).lexically_normal().string();
    };
    std::string flags = shell_flag("--from", anywhere(request_.from));
    for (const auto& identity : request_.identities) flags += shell_flag("--identity", anywhere(identity));
    if (keys_.is_needed()) flags += " --adopt-keys";
    return flags;
  }

  [[nodiscard]] bool replaces_all() const {
    return request_.parts.databases && request_.parts.files && request_.parts.accounts && !request_.keep_extra;
  }

  // A set made by hand may lack the databases, the accounts or the files.
  static bool is_whole(const Manifest& manifest) {
    return !manifest.servers.empty() && manifest.accounts.size() == manifest.servers.size() && manifest.files;
  }

  // Of what was asked for, what the backup has.
  [[nodiscard]] RestoreParts replaced_parts(const Manifest& manifest) const {
    return {request_.parts.databases && !manifest.databases.empty(), request_.parts.files && manifest.files,
            request_.parts.accounts && !manifest.accounts.empty()};
  }

  // What the databases keep encrypted can be read under the backup's keys alone.
  void require_adoption() {
    if (!keys_.is_needed()) return;
    if (!request_.adopt_keys && !puts_keys_back()) {
      throw Error(
          fmt::format(
              "The backup was made under another ENCRYPT_KEY than is in {}: every password that its databases keep "
              "would be unreadable, and the screens would answer 500.",
              keys_.secrets_text()),
          "If this system is to become the one of the backup, add --adopt-keys: it sets the backup's keys there. What "
          "is "
          "encrypted under the present ones is replaced anyway.");
    }
    keys_.require_possible();
  }

  // What a restore has kept that nobody finished says nothing any more once its record is gone.
  bool puts_keys_back() {
    const auto record = find_record(cluster_, system_);
    return record && record->destructive && keys_.puts_back();
  }

  [[nodiscard]] std::string question(const Manifest& manifest) const {
    return fmt::format("This stops {}/{} and replaces {} with those of {}.{}", system_.namespace_(), system_.release(),
                       parts_text(manifest, request_), manifest.created_at,
                       keys_.is_needed() ? " ENCRYPT_KEY is replaced in " + keys_.secrets_text() + "." : "");
  }

  void show_plan(const Manifest& manifest) {
    Json databases = Json::array();
    const std::string source = manifest.releases.empty()
                                   ? ""
                                   : fmt::format(" ({}/{}, application {})", manifest.releases[0].namespace_,
                                                 manifest.releases[0].name, manifest.releases[0].app_version);
    std::string text = fmt::format("Plan of a restore into {}/{}; nothing was changed.\n\nFrom the backup of {}{}:\n",
                                   system_.namespace_(), system_.release(), manifest.created_at, source);
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
    if (keys_.is_needed()) text += fmt::format("\nSet the backup's ENCRYPT_KEY in {}.\n", keys_.secrets_text());
    text += request_.keep_extra
                ? "\nWhat the backup does not have is kept.\n"
                : "\nWhat is Exastro's and not in the backup will be gone afterwards (--keep-extra keeps it).\n";
    reporter_.result({{"plan", "restore"},
                      {"from", request_.from},
                      {"created_at", manifest.created_at},
                      {"databases", std::move(databases)},
                      {"adopts_keys", keys_.is_needed()},
                      {"stopped", std::move(stopped)}},
                     text);
  }

  // The page from "stop service" to before "start service".
  void replace_all(MaintenanceRun& run, const ProvedBackup& backup) {
    const Manifest& manifest = backup.reader.manifest();
    run.start_pods(request_.timeout);
    SharedFiles files = shared_files(run);
    FilesFacts facts;
    std::vector<StockedServer> stocked;
    std::vector<StagingRoom> rooms;
    side_by_side({[&] { stocked = look_at_servers(run, manifest); },
                  [&] {
                    encoding_ = best_encoding(cluster_, run.pods());
                    if (request_.staging == StagingMode::kNever) return;
                    for (const auto& pod : run.pods()) rooms.push_back(look_at_room(cluster_, pod));
                  },
                  [&] {
                    // What a restore that was cut off has unpacked takes the room that this one needs.
                    if (run.finishes_another() || run.follows_restore()) files.discard_unpacked();
                    facts = files.facts();
                  }});
    for (auto& entry : stocked) {
      check_names(manifest, system_, entry);
      check_collations(manifest, entry);
      if (request_.parts.accounts) check_accounts(backup, entry);
      if (request_.parts.databases) require_room(manifest, entry, free_bytes(cluster_, system_, entry.server));
    }
    auto servers = prepare_servers(run, backup, stocked, request_);
    const bool with_files = replaced_parts(manifest).files;
    if (with_files) require_replaceable(facts, backup.reader.member(manifest.files->member).plain_size);
    std::optional<SafetyBackup> safety;
    if (request_.safety_backup && !run.finishes_another()) {
      safety.emplace(system_, safety_directory(request_.safety_directory, request_.from), encoding_, reporter_);
      safety->require_possible(stocked, facts);
    }
    const auto delivered_files = deliver(run, backup, servers, with_files, rooms);
    run.stop(Standstill::kAllClients, request_.timeout);
    take_stock_again(stocked);
    if (safety) safety->take(run, stocked, files, facts);
    UnpackedFiles unpacked(files, run.id(), reporter_, [&] {
      run.renew_pods(kGoingBack);
      put_back_packets(run, servers);
      return shared_files(run);
    });
    if (with_files) unpacked.unpack(backup.reader, manifest.files->member, encoding_, delivered_files);
    for (auto& server : servers) server->end_sessions();
    // What was kept is not at rest, and what is replaced would have clients again.
    run.confirm_standstill();
    begin_destruction(run, servers, manifest, safety ? safety->path() : "");
    try {
      replace_databases(run, servers, request_);
      for (auto& server : servers)
        server->move_records([&](const Side& side) -> const std::string& { return keys_.key_of(side); });
      run.confirm();
      keys_.apply(run.finishes_another());
      if (with_files) unpacked.take_their_place(request_.keep_extra);
    } catch (const Error& error) {
      if (!safety) throw;
      for (auto& server : servers) server->leave_packet_to_record();  // look_at_servers() puts it back
      go_back(run, safety->path(), replaced_parts(manifest), unpacked, error);
    }
    end_destruction(run);
    put_back_packets(run, servers);
    if (with_files) unpacked.settle(request_.keep_extra);
    look_back(run, servers);
  }

  // While everything still runs, if the pods have room: first all of it is there, and only then is anything stopped.
  // Databases may grow on the disk that the pods keep it on. Gives what the files are then.
  std::optional<Delivered> deliver(MaintenanceRun& run, const ProvedBackup& backup,
                                   std::vector<std::unique_ptr<ServerRestore>>& servers, bool with_files,
                                   const std::vector<StagingRoom>& rooms) {
    const Manifest& manifest = backup.reader.manifest();
    std::uint64_t stored = 0;
    std::uint64_t needed = 0;
    std::uint64_t grown = 0;  // what the databases take on their disk, with indexes
    for (const auto& server : servers) {
      stored += server->stored_bytes();
      needed += server->plain_bytes();
    }
    for (const auto& database : manifest.databases) grown += database.plain_bytes_estimate;
    grown = std::max(grown, needed);
    const std::string member = with_files ? manifest.files->member : "";
    if (with_files) {
      stored += backup.reader.member(member).size;
      needed += backup.reader.member(member).plain_size;
      grown += backup.reader.member(member).plain_size;
    }
    if (stored == 0) return std::nullopt;
    std::string why;
    const auto plan = plan_staging(rooms, stored + needed, request_.staging, request_.jobs, why);
    if (!why.empty()) reporter_.warning(why + " It is loaded as it arrives, while the services are stopped.");
    if (!plan) return std::nullopt;
    // Unpacked, the dumps lie beside what becomes of them.
    const bool unpacked = std::all_of(rooms.begin(), rooms.end(), [&](const StagingRoom& room) {
      return form_that_fits(room, stored + grown) == StagedForm::kPlain;
    });
    const auto form = unpacked ? StagedForm::kPlain : StagedForm::kCompressed;
    std::vector<Transfer> deliveries;
    for (auto& server : servers) {
      for (auto& delivery : server->deliveries(cluster_, run.pod_of(server->side()), form, plan->jobs(server->facts())))
        deliveries.push_back(std::move(delivery));
    }
    std::optional<Delivered> files;
    if (with_files) {
      deliveries.emplace_back([&](const Passed& passed) {
        MemberSource source(backup.reader, member, {}, encoding_);
        files = exastro::deliver(cluster_, run.pod_of(system_.ita), "files", source, passed);
      });
    }
    ui::Step step(reporter_, "Bringing the backup into the cluster", stored);
    make_all(deliveries, step, kStreams);
    step.done();
    return files;
  }

  // While the pods that reach the servers are there. A connection that was cut has renewed them.
  void put_back_packets(MaintenanceRun& run, std::vector<std::unique_ptr<ServerRestore>>& servers) {
    if (!run.has_renewed_pods()) {
      for (auto& server : servers) server->put_back_packet();
      return;
    }
    for (auto& server : servers) server->leave_packet_to_record();
    try {
      auto reached = run.open_servers();
      run.put_back_packets(reached);
    } catch (const Error& error) {
      reporter_.warning(error.what());  // put_back() tells how to do it by hand
    }
  }

  SharedFiles shared_files(const MaintenanceRun& run) {
    return {cluster_, run.pod_of(system_.ita), system_.storage.path};
  }

  // The data is whole: what goes wrong from here on is told, and is no failure of the restore.
  void look_back(MaintenanceRun& run, std::vector<std::unique_ptr<ServerRestore>>& servers) {
    try {
      for (auto& server : servers) server->look_back();
      for (const auto& warning : keys_.warnings()) reporter_.warning(warning);
      run.confirm_standstill();
    } catch (const Error& error) {
      reporter_.warning(error.what());
    }
  }

  // The databases as they were, from the safety backup; the old files are still beside the new ones. Always throws:
  // what went wrong, and what became of it.
  [[noreturn]] void go_back(MaintenanceRun& run, const std::string& safety, const RestoreParts& parts,
                            UnpackedFiles& unpacked, const Error& error) {
    const process::Interrupt::Shield shield;
    reporter_.warning(fmt::format("{} Going back to what was there, from {}", sentence(error), safety));
    try {
      // The load that failed may still be at work in its pod, or the pod or the server be what failed.
      run.renew_pods(kGoingBack);
      if (parts.databases || parts.accounts) bring_databases_back(run, safety, parts);
      keys_.undo();
      unpacked.put_back(shared_files(run));
    } catch (const Error& second) {
      throw Error(fmt::format("{} Going back to what was there failed as well: {}", sentence(error), second.what()), "",
                  ExitStatus::kServicesStopped);
    }
    run.end_destruction();
    throw Error(fmt::format("{} The data is what it was before, from {}.", sentence(error), safety), error.next(),
                error.status());
  }

  void bring_databases_back(MaintenanceRun& run, const std::string& safety, const RestoreParts& parts) {
    RestoreRequest databases;
    databases.parts = {parts.databases, false, parts.accounts};
    databases.strip_definers = request_.strip_definers;
    const ProvedBackup before = prove_backup(safety, reporter_);
    auto stocked = look_at_servers_patiently(run, before.reader.manifest());
    auto servers = prepare_servers(run, before, stocked, databases);
    replace_databases(run, servers, databases);
  }

  // The record says it first: the keys that were kept are of no use from then on.
  void end_destruction(MaintenanceRun& run) {
    const process::Interrupt::Shield shield;  // all is in place: an interrupt must not leave it stopped
    run.end_destruction();
    is_replaced_ = true;
    if (!keys_.is_needed() && !run.finishes_another()) return;
    try {
      keys_.settle();
    } catch (const Error& error) {
      reporter_.warning(fmt::format("The former keys are still kept in a Secret of this program: {}", error.what()));
    }
  }

  // From here on the data is no longer what it was.
  void begin_destruction(MaintenanceRun& run, const std::vector<std::unique_ptr<ServerRestore>>& servers,
                         const Manifest& manifest, const std::string& safety) const {
    std::vector<std::string> databases;
    std::vector<std::string> users;
    if (request_.parts.databases) {
      for (const auto& database : manifest.databases) databases.push_back(database.name);
    }
    if (request_.parts.accounts) {
      for (const auto& server : servers) {
        for (const auto& user : server->users()) users.push_back(user);
      }
    }
    run.begin_destruction(safety, databases, users);
  }

  std::vector<StockedServer> look_at_servers(MaintenanceRun& run, const Manifest& manifest) {
    ui::Step step(reporter_, "Looking at the databases");
    auto servers = run.open_servers();
    check_layout(manifest, servers);
    run.put_back_packets(servers);
    std::vector<StockedServer> stocked;
    for (auto& server : servers) {
      InventoryRequest what = request_for_restore(system_, server, manifest, run.record());
      stocked.push_back({std::move(server), std::move(what), {}});
    }
    take_stock_again(stocked);
    step.done();
    return stocked;
  }

  // Going back does not end at a server that is being restarted.
  std::vector<StockedServer> look_at_servers_patiently(MaintenanceRun& run, const Manifest& manifest) {
    const auto deadline = Clock::now() + kGoingBack;
    while (true) {
      try {
        return look_at_servers(run, manifest);
      } catch (const Error&) {
        if (Clock::now() >= deadline) throw;
      }
      std::this_thread::sleep_for(std::chrono::seconds(2));
    }
  }

  std::vector<std::unique_ptr<ServerRestore>> prepare_servers(MaintenanceRun& run, const ProvedBackup& backup,
                                                              std::vector<StockedServer>& stocked,
                                                              const RestoreRequest& request) {
    const PacketNotes notes{[&run](const std::string& server, std::uint64_t bytes) { run.note_packet(server, bytes); },
                            [&run](const std::string& server) { run.forget_packet(server); }};
    std::vector<std::unique_ptr<ServerRestore>> servers;
    for (auto& entry : stocked) {
      servers.push_back(std::make_unique<ServerRestore>(backup, system_, entry, request, encoding_, reporter_, notes));
      servers.back()->prepare();
    }
    return servers;
  }

  // Throws Error if the files could not be replaced, which must not turn out when the databases are. `needed` is in
  // bytes.
  void require_replaceable(const FilesFacts& facts, std::uint64_t needed) {
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
                         const RestoreRequest& request) {
    run.confirm();
    // First: when the records that name it are replaced, nobody could tell any more that it was Exastro's.
    if (!request.keep_extra) {
      for (auto& server : servers) server->drop_extra();
    }
    if (request.parts.accounts) {
      ui::Step step(reporter_, "Creating the accounts");
      for (auto& server : servers) server->create_accounts();
      step.done();
    }
    if (request.parts.databases) {
      for (auto& server : servers) server->load_databases([&] { run.confirm(); });
    }
    if (request.parts.accounts) {
      ui::Step step(reporter_, "Granting what the accounts may do");
      for (auto& server : servers) server->grant();
      step.done();
    }
    if (request.parts.databases) {
      for (auto& server : servers) server->load_views();
    }
  }

  void report(const MaintenanceRun& run, const Manifest& manifest, const std::vector<std::string>& missing,
              const std::string& proxy) {
    const std::chrono::duration<double> seconds = Clock::now() - begun_;
    if (!missing.empty()) {
      reporter_.warning(fmt::format("Started, but not ready: {}. Look with: kubectl get pods -n {}",
                                    fmt::join(missing, ", "), system_.namespace_()));
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
                  fmt::format("Look at its log: kubectl logs -n {0} deployment/platform-auth. If the backup is of an "
                              "older version, or objects of the release are missing or were changed: kubectl exastro "
                              "reinstall -n {0}",
                              system_.namespace_()));
    }
  }

  kube::Cluster& cluster_;
  const System& system_;
  const RestoreRequest& request_;
  ui::Reporter& reporter_;
  KeyAdoption keys_;
  Clock::time_point begun_ = Clock::now();
  bool is_replaced_ = false;
  archive::Encoding encoding_ = archive::Encoding::kGzip;  // that the pods make and unpack
};

}  // namespace

void restore(kube::Cluster& cluster, const System& system, const RestoreRequest& request, ui::Reporter& reporter) {
  Restore(cluster, system, request, reporter).run();
}

}  // namespace exastro
