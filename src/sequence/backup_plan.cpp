#include "sequence/backup_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sequence/release_pods.h"
#include "sequence/services.h"
#include "sequence/side_by_side.h"
#include "ui/format.h"

namespace exastro {
namespace {

constexpr std::size_t kShownNames = 10;

}  // namespace

std::string some_of(const std::vector<std::string>& names) {
  const std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(kShownNames, names.size())));
  return fmt::format("{}{}", fmt::join(shown, ", "), names.size() > kShownNames ? ", …" : "");
}

void warn_of(const Inventory& inventory, std::vector<std::string>& warnings) {
  if (!inventory.absent.empty()) {
    warnings.push_back(fmt::format("Databases that Exastro's records name and the server does not have: {}.",
                                   some_of(inventory.absent)));
  }
  if (!inventory.not_transactional.empty()) {
    warnings.push_back(fmt::format("Tables that a consistent read does not cover, right only if nobody writes: {}.",
                                   some_of(inventory.not_transactional)));
  }
  if (!inventory.foreign_definers.empty()) {
    warnings.push_back(
        fmt::format("Views or routines run as accounts that are not Exastro's and not in the backup: {}.",
                    some_of(inventory.foreign_definers)));
  }
}

void warn_of(const FilesFacts& files, std::vector<std::string>& warnings) {
  if (!files.special.empty()) {
    warnings.push_back(
        fmt::format("Sockets, pipes or devices among the shared files are left out: {}.", some_of(files.special)));
  }
  if (files.of_others > 0) {
    warnings.push_back(
        fmt::format("{} of the shared files belong to another user than Exastro's pods; a restore, which runs "
                    "as these do, will give them to that user.",
                    files.of_others));
  }
}

BackupPlan plan_backup(kube::Cluster& cluster, const System& system, const std::vector<Json>& pods) {
  BackupPlan plan;
  plan.stopped = to_stop(system.workloads, Standstill::kWriters);
  const auto with_files = files_pod(system, pods);
  side_by_side({[&] {
                  auto servers = open_servers(
                      cluster, system, [&](const Side& side) { return database_pod(system, pods, side); }, "plan");
                  plan.servers = take_stock(system, std::move(servers));
                },
                [&] {
                  if (with_files) plan.files = SharedFiles(cluster, *with_files, system.storage.path).facts();
                }});
  for (const auto& stocked : plan.servers) warn_of(stocked.inventory, plan.warnings);
  for (const Side* side : {&system.platform, &system.ita}) {
    const bool asked = std::any_of(plan.servers.begin(), plan.servers.end(),
                                   [&](const StockedServer& stocked) { return stocked.server.holds(side->id); });
    if (asked) continue;
    plan.warnings.push_back(fmt::format(
        "No pod that runs can ask {}:{}, so its databases are not known before the backup.", side->host, side->port));
  }
  if (plan.files) {
    warn_of(*plan.files, plan.warnings);
    if (!plan.files->unreadable.empty()) {
      plan.warnings.push_back(fmt::format("Shared files that cannot be read, which will stop the backup: {}.",
                                          some_of(plan.files->unreadable)));
    }
  } else {
    plan.warnings.emplace_back(
        "No pod that runs mounts the shared files, so their size is not known before the backup.");
  }
  if (system.has_mongo) plan.warnings.emplace_back("MongoDB is part of this system and will not be in the backup.");
  return plan;
}

std::string plan_text(const System& system, const BackupPlan& plan, const std::string& target) {
  std::string text = fmt::format("Plan of a backup of {}/{}; nothing was changed.\n\nStop and start again:\n",
                                 system.namespace_(), system.release());
  for (const auto& workload : plan.stopped) {
    const std::string now = workload.kind == WorkloadKind::kCronJob
                                ? (workload.suspended ? "suspended already" : "to be suspended")
                                : fmt::format("{} replicas", workload.replicas);
    text += fmt::format("  {:<45} {:<20} {}\n", workload.reference(), workload.namespace_, now);
  }
  for (const auto& [server, request, inventory] : plan.servers) {
    text += fmt::format("\nDump from the {} server ({}), {} by its own estimate:\n", server.id,
                        inventory.server.version, ui::bytes_text(inventory.bytes()));
    for (const auto& database : inventory.databases) {
      text += fmt::format("  {:<45} {:>4} tables  {:>10}\n", database.name, database.tables,
                          ui::bytes_text(database.bytes));
    }
    text += fmt::format("  and {} accounts\n", inventory.accounts.size());
  }
  if (plan.files) {
    text += fmt::format("\nPack the claim {}: {} in {} entries\n", system.storage.claim,
                        ui::bytes_text(plan.files->bytes), plan.files->entries);
  }
  text += fmt::format("\nWrite {}\n", target);
  for (const auto& warning : plan.warnings) text += "\nwarning: " + warning;
  return text;
}

Json plan_json(const System& system, const BackupPlan& plan, const std::string& target) {
  Json stopped = Json::array();
  for (const auto& workload : plan.stopped) {
    stopped.push_back({{"namespace", workload.namespace_},
                       {"workload", workload.reference()},
                       {"replicas", workload.replicas},
                       {"suspended", workload.suspended}});
  }
  Json servers = Json::array();
  for (const auto& [server, request, inventory] : plan.servers) {
    Json databases = Json::array();
    for (const auto& database : inventory.databases) {
      databases.push_back({{"name", database.name}, {"bytes", database.bytes}, {"tables", database.tables}});
    }
    servers.push_back({{"id", server.id},
                       {"version", inventory.server.version},
                       {"databases", std::move(databases)},
                       {"accounts", inventory.accounts.size()}});
  }
  Json files;
  if (plan.files)
    files = {{"claim", system.storage.claim}, {"bytes", plan.files->bytes}, {"entries", plan.files->entries}};
  return {{"plan", "backup"},          {"namespace", system.namespace_()}, {"release", system.release()},
          {"target", target},          {"stopped", std::move(stopped)},    {"servers", std::move(servers)},
          {"files", std::move(files)}, {"warnings", plan.warnings}};
}

}  // namespace exastro
