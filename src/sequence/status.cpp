#include "sequence/status.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sequence/describe.h"
#include "sequence/services.h"
#include "sequence/side_by_side.h"
#include "ui/format.h"

namespace exastro {
namespace {

// Longer than a living run lets its lease go unrenewed, also where a renewal takes its time.
constexpr std::chrono::milliseconds kWatch = Lease::Options{}.renewal + std::chrono::seconds(2);

std::vector<std::string> not_ready_now(const System& system) {
  std::vector<std::string> missing;
  for (const auto& workload : system.workloads) {
    if (workload.ready < workload.replicas) missing.push_back(workload.reference());
  }
  return missing;
}

std::vector<std::string> pods_without_record(const std::vector<Json>& pods,
                                             const std::optional<MaintenanceRecord>& record) {
  std::vector<std::string> left;
  for (const auto& pod : pods) {
    if (pod.value(Json::json_pointer("/metadata/labels/app.kubernetes.io~1name"), "") != "exastro-maintenance")
      continue;
    const std::string namespace_ = pod.value("/metadata/namespace"_json_pointer, "");
    const std::string name = pod.value("/metadata/name"_json_pointer, "");
    const bool ending = pod.contains("/metadata/deletionTimestamp"_json_pointer);
    if (!(record && record->has_pod(namespace_, name)) && !ending) left.push_back(namespace_ + "/" + name);
  }
  return left;
}

std::string line(std::string_view name, std::string_view text) { return fmt::format("{:<10} {}\n", name, text); }

std::string who(const MaintenanceRecord& record) {
  return fmt::format("by {}, begun {},", record.started_by, record.started_at);
}

std::size_t stopped_count(const MaintenanceRecord& record) {
  return static_cast<std::size_t>(std::count_if(record.workloads.begin(), record.workloads.end(),
                                                [](const StoppedWorkload& workload) { return workload.replicas > 0; }));
}

}  // namespace

std::string Status::state() const {
  if (holder && holder->alive) return holder->name + ", runs now";
  if (record) {
    if (record->holds_backup() && lapsed)
      return fmt::format("running; a backup {} was not fetched in time and is gone", who(*record));
    if (record->holds_backup())
      return fmt::format("running; a backup {} waits to be fetched until {}", who(*record), record->staged_until);
    if (record->operation == "stop") return fmt::format("stopped by {}, {}", record->started_by, record->started_at);
    if (record->destructive && record->is_reinstall())
      return "partly removed: a reinstall " + who(*record) + " was cut off";
    if (record->destructive) return "stopped: a restore " + who(*record) + " was cut off while it replaced data";
    return fmt::format("a {} {} was cut off", record->operation, who(*record));
  }
  return not_ready.empty() ? "running" : "running, not all of it ready";
}

std::string Status::next(const System& system) const {
  if (holder && holder->alive) return "wait until it has ended";
  if (record && record->destructive) return half_replaced(*record).next();
  if (record && record->holds_backup()) return lapsed ? "kubectl exastro backup" : how_to_fetch(*record);
  if (record) return "kubectl exastro start";
  if (!left_pods.empty()) {
    const auto& pod = left_pods.front();
    return fmt::format("kubectl delete pod -n {} {}", pod.substr(0, pod.find('/')), pod.substr(pod.find('/') + 1));
  }
  if (!not_ready.empty()) return "kubectl get pods -n " + system.namespace_();
  return "kubectl exastro backup";
}

Surroundings look_around(kube::Cluster& cluster, const std::vector<Release>& releases) {
  const Release& first = releases.front();
  std::vector<std::string> namespaces{first.namespace_};
  if (releases.back().namespace_ != first.namespace_) namespaces.push_back(releases.back().namespace_);
  Surroundings around;
  side_by_side({[&] {
                  const kube::ObjectName record{"configmap", record_name(first.name)};
                  for (auto& object : cluster.get_all(first.namespace_, {record, Lease::object(first.name)})) {
                    if (object.value("kind", "") == "Lease") {
                      around.lease = std::move(object);
                    } else {
                      around.record = parse_config_map(object);
                    }
                  }
                },
                [&] { around.pods = list_pods(cluster, namespaces); }});
  return around;
}

Status look_at(kube::Cluster& cluster, const System& system, Surroundings around) {
  Status status;
  status.record = std::move(around.record);
  if (around.lease) status.holder = Lease::look(cluster, *around.lease, kWatch);
  status.not_ready = not_ready_now(system);
  if (status.record && status.record->operation == "stop")
    status.started = started_meanwhile(cluster, system, *status.record);
  status.lapsed = status.record && status.record->holds_backup() && !still_holds(cluster, *status.record);
  status.left_pods = pods_without_record(around.pods, status.record);
  try {
    status.stock = plan_backup(cluster, system, around.pods);
  } catch (const Error& error) {
    status.stock_error = error.what();
  }
  return status;
}

std::string status_text(const System& system, const Status& status) {
  std::string text;
  for (const auto& release : system.releases) {
    text +=
        line("Release", fmt::format("{}/{}, application {}, chart {} {}, revision {}", release.namespace_, release.name,
                                    release.app_version, release.chart, release.chart_version, release.revision));
  }
  text += line("State", status.state());
  std::string workloads = fmt::format("{}", system.workloads.size());
  if (status.record) workloads += fmt::format(", {} of them recorded as stopped", stopped_count(*status.record));
  const char* ready = status.record ? ", the others ready" : ", all ready";
  workloads += status.not_ready.empty() ? ready : ", not ready: " + some_of(status.not_ready);
  text += line("Workloads", workloads);
  if (!status.started.empty()) text += line("Warning", "recorded as stopped, but running: " + some_of(status.started));
  if (status.stock) {
    for (const auto& [server, request, inventory] : status.stock->servers) {
      text += line("Server",
                   fmt::format("{} ({}) at {}:{}, {} databases, {}, {} accounts", server.id, inventory.server.version,
                               server.sides.front()->host, server.sides.front()->port, inventory.databases.size(),
                               ui::bytes_text(inventory.bytes()), inventory.accounts.size()));
    }
    if (const auto& files = status.stock->files) {
      text +=
          line("Files", fmt::format("{}, {} in {} entries, {} free", system.storage.claim, ui::bytes_text(files->bytes),
                                    files->entries, ui::bytes_text(files->available)));
    }
    for (const auto& warning : status.stock->warnings) text += line("Warning", warning);
  } else {
    text += line("Servers", "could not be asked: " + status.stock_error);
  }
  if (!status.left_pods.empty()) text += line("Left over", some_of(status.left_pods));
  return text + line("Next", status.next(system));
}

Json status_json(const System& system, const Status& status) {
  Json json = describe_json(system);
  json["state"] = status.state();
  json["next"] = status.next(system);
  json["not_ready"] = status.not_ready;
  json["started_meanwhile"] = status.started;
  json["left_pods"] = status.left_pods;
  if (status.stock) json["stock"] = plan_json(system, *status.stock, "");
  if (!status.stock_error.empty()) json["stock_error"] = status.stock_error;
  return json;
}

}  // namespace exastro
