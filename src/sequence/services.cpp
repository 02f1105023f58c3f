#include "sequence/services.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <random>

#include "archive/names.h"
#include "archive/partial_file.h"
#include "exastro/maintenance_pod.h"
#include "process/interrupt.h"
#include "sequence/maintenance.h"
#include "sequence/side_by_side.h"
#include "sequence/staging.h"
#include "shell_word.h"

namespace exastro {
namespace {

constexpr std::chrono::seconds kLongestLook{5};

std::vector<std::string> namespaces_of(const MaintenanceRecord& record) {
  std::vector<std::string> namespaces;
  for (const auto& workload : record.workloads) {
    if (std::find(namespaces.begin(), namespaces.end(), workload.namespace_) == namespaces.end()) {
      namespaces.push_back(workload.namespace_);
    }
  }
  return namespaces;
}

// The pods that still run and must not: of stopped workloads, and those that mount the shared files without being a
// workload's (a job that ita-by-ansible-execute has started).
std::vector<std::string> still_running(kube::Cluster& cluster, const System& system, const MaintenanceRecord& record) {
  std::vector<std::string> running;
  for (const auto& pod : list_pods(cluster, system.namespaces())) {
    if (!is_live(pod)) continue;
    const std::string namespace_ = pod.value("/metadata/namespace"_json_pointer, "");
    const std::string name = pod.value("/metadata/name"_json_pointer, "");
    if (record.has_pod(namespace_, name)) continue;
    const Workload* owner = nullptr;
    for (const auto& workload : system.workloads) {
      if (workload.namespace_ == namespace_ && owns_pod(workload, pod)) owner = &workload;
    }
    bool must_go = false;
    if (owner != nullptr) {
      must_go = record.has_workload(owner->kind, namespace_, owner->name);
    } else if (namespace_ == system.ita.namespace_) {
      const auto claims = claims_of(pod);
      must_go = std::find(claims.begin(), claims.end(), system.storage.claim) != claims.end();
    }
    if (must_go) running.push_back(namespace_ + "/" + name);
  }
  return running;
}

// One request after the other would take a far server a while.
void scale(kube::Cluster& cluster, const std::string& namespace_, const std::vector<std::string>& references,
           int replicas) {
  constexpr std::size_t kAtOnce = 5;
  std::vector<std::function<void()>> works;
  for (std::size_t at = 0; at < references.size(); at += kAtOnce) {
    const auto from = references.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = references.begin() + static_cast<std::ptrdiff_t>(std::min(at + kAtOnce, references.size()));
    works.emplace_back([&, some = std::vector<std::string>(from, end)] { cluster.scale(namespace_, some, replicas); });
  }
  side_by_side(works);
}

void suspend(kube::Cluster& cluster, const std::string& namespace_, const std::string& name, bool on) {
  cluster.patch("cronjob", namespace_, name, {{"spec", {{"suspend", on}}}});
}

// Tries everything, and throws the first error at the end.
class Refusals {
 public:
  template <typename Work>
  void attempt(Work work) {
    try {
      work();
    } catch (const Error&) {
      if (!first_) first_ = std::current_exception();
    }
  }
  void throw_first() const {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  std::exception_ptr first_;
};

}  // namespace

std::string reference(const StoppedWorkload& workload) {
  return fmt::format("{}/{}", kind_word(workload.kind), workload.name);
}

bool serves_people(const Workload& workload) { return workload.role == Role::kEntry || workload.role == Role::kClient; }

std::vector<Workload> to_stop(const std::vector<Workload>& workloads, Standstill standstill) {
  std::vector<Workload> stopped;
  for (const auto& workload : workloads) {
    const bool writer = workload.role == Role::kEntry || workload.role == Role::kWriter;
    const bool client = standstill == Standstill::kAllClients && workload.role == Role::kClient;
    if (writer || client || (workload.kind == WorkloadKind::kCronJob && workload.role != Role::kStore)) {
      stopped.push_back(workload);
    }
  }
  return stopped;
}

std::optional<MaintenanceRecord> find_record(kube::Cluster& cluster, const std::string& namespace_,
                                             const std::string& release) {
  const auto config_map = cluster.get("configmap", namespace_, record_name(release));
  if (!config_map) return std::nullopt;
  return parse_config_map(*config_map);
}

void require_no_reinstall(kube::Cluster& cluster, const std::vector<Release>& releases) {
  const auto record = find_record(cluster, releases.front().namespace_, releases.front().name);
  if (record && record->is_reinstall() && record->destructive) throw half_replaced(*record);
}

std::optional<MaintenanceRecord> find_record(kube::Cluster& cluster, const System& system) {
  return find_record(cluster, system.namespace_(), system.release());
}

Error stopped_on_purpose(const MaintenanceRecord& earlier) {
  return Error(fmt::format("The services were stopped by {}, {}, and are to be started first.", earlier.started_by,
                           earlier.started_at),
               fmt::format("Start them with: kubectl exastro start -n {}", earlier.namespace_), ExitStatus::kBusy);
}

bool still_holds(kube::Cluster& cluster, const MaintenanceRecord& record) {
  return record.holds_backup() && std::all_of(record.pods.begin(), record.pods.end(), [&](const auto& pod) {
           return is_there(cluster, {pod.namespace_, pod.name, kMaintenanceContainer});
         });
}

void require_nothing_held(kube::Cluster& cluster, const MaintenanceRecord& record) {
  if (!still_holds(cluster, record)) return;
  throw Error(fmt::format("A backup by {}, begun {}, is still in the cluster alone, in a pod that this would remove.",
                          record.started_by, record.started_at),
              fmt::format("Fetch it: {}. Or give it up: kubectl exastro fetch --discard -n {}", how_to_fetch(record),
                          record.namespace_),
              ExitStatus::kBusy);
}

std::string backup_of(const MaintenanceRecord& record) {
  return fmt::format("The backup that {} has begun {}", record.started_by, record.started_at);
}

std::string what_is_cleared(const MaintenanceRecord& earlier) {
  if (earlier.holds_backup()) {
    return backup_of(earlier) + " was not fetched in time; what is left of it is removed.";
  }
  return fmt::format("A {} by {}, begun {}, was cut off; what it left is put back first.", earlier.operation,
                     earlier.started_by, earlier.started_at);
}

std::vector<std::string> packet_warnings(const MaintenanceRecord& record) {
  std::vector<std::string> warnings;
  for (const auto& [server, bytes] : record.packets) {
    warnings.push_back(
        fmt::format("A restore has raised max_allowed_packet of the {} server. Put it back "
                    "there with: SET GLOBAL max_allowed_packet = {};",
                    server, bytes));
  }
  return warnings;
}

std::string how_to_finish(const MaintenanceRecord& record) {
  if (record.is_reinstall())
    return fmt::format("Finish it: kubectl exastro reinstall -n {}{}", record.namespace_, record.source);
  const std::string restore = "kubectl exastro restore -n " + record.namespace_;
  const std::string there = fmt::format(" (on the machine of {})", record.started_by);
  std::string text = fmt::format("Finish it with a restore of everything: {}{}", restore,
                                 record.source.empty() ? " --from FILE" : record.source + there);
  if (!record.safety_backup.empty())
    text += fmt::format(". Or go back: {}{}{}", restore, shell_flag("--from", record.safety_backup), there);
  return text;
}

std::string how_to_fetch(const MaintenanceRecord& record) {
  const std::string command = fmt::format("kubectl exastro fetch -n {}{}", record.namespace_, record.source);
  return record.source.empty() ? command : fmt::format("{} (on the machine of {})", command, record.started_by);
}

Error half_replaced(const MaintenanceRecord& earlier) {
  if (earlier.is_reinstall()) {
    return Error(fmt::format("A reinstall by {}, begun {}, was cut off after it had begun to remove the release's "
                             "objects. Data, keys and claims are untouched.",
                             earlier.started_by, earlier.started_at),
                 how_to_finish(earlier), ExitStatus::kServicesStopped);
  }
  return Error(fmt::format("A restore by {}, begun {}, was cut off after it had begun to replace data; Exastro would "
                           "work on half of it.",
                           earlier.started_by, earlier.started_at),
               how_to_finish(earlier), ExitStatus::kServicesStopped);
}

MaintenanceRecord new_record(const std::string& namespace_, const std::string& release, const std::string& operation) {
  std::random_device random;
  MaintenanceRecord record;
  record.namespace_ = namespace_;
  record.release = release;
  record.run_id = fmt::format("{:08x}", random());
  record.operation = operation;
  record.started_at = now_text();
  record.started_by = this_person();
  return record;
}

void create_record(kube::Cluster& cluster, const MaintenanceRecord& record) {
  // Interrupted in between, nobody would know whose it is.
  const process::Interrupt::Shield shield;
  try {
    cluster.create(to_config_map(record));
  } catch (const kube::KubeError& error) {
    if (error.reason() != kube::Reason::kAlreadyExists) throw;
    const auto earlier = find_record(cluster, record.namespace_, record.release);
    if (earlier && earlier->operation == "stop") throw stopped_on_purpose(*earlier);
    throw Error("Another run held the services stopped just now.", "Run the command again.", ExitStatus::kBusy);
  }
}

std::string arrival_name(const MaintenanceRecord& record) {
  return archive::waiting_file_name(record.namespace_, record.release, record.run_id);
}

void update_record(kube::Cluster& cluster, const MaintenanceRecord& record, const std::string& run_id) {
  const auto live = cluster.get("configmap", record.namespace_, record_name(record.release));
  if (!live) {
    throw Error("The record of this run is gone from the cluster: somebody has ended it.", "Run the command again.",
                ExitStatus::kBusy);
  }
  const MaintenanceRecord earlier = parse_config_map(*live);
  if (earlier.run_id != run_id) {
    throw Error(fmt::format("The record in the cluster is no longer this run's: a {} by {} has taken its place.",
                            earlier.operation, earlier.started_by),
                "Look with: kubectl exastro status", ExitStatus::kBusy);
  }
  Json object = to_config_map(record);
  object["metadata"]["resourceVersion"] = live->at("metadata").value("resourceVersion", "");
  cluster.replace(object);
}

void remove_record(kube::Cluster& cluster, const MaintenanceRecord& record) {
  const auto present = find_record(cluster, record.namespace_, record.release);
  if (!present || present->run_id != record.run_id) return;
  if (present->held) {
    update_record(cluster, *present->held, record.run_id);
  } else {
    cluster.remove("configmap", record.namespace_, record_name(record.release));
  }
}

std::vector<Workload> record_running(kube::Cluster& cluster, const System& system, Standstill standstill,
                                     MaintenanceRecord& record) {
  // As they are now: what was found when the program began may be minutes old.
  std::vector<Workload> stopped = to_stop(list_workloads(cluster, system.releases), standstill);
  std::stable_partition(stopped.begin(), stopped.end(),
                        [](const Workload& workload) { return workload.role == Role::kEntry; });
  std::stable_partition(stopped.begin(), stopped.end(),
                        [](const Workload& workload) { return serves_people(workload); });
  for (const auto& workload : stopped) {
    if (record.has_workload(workload.kind, workload.namespace_, workload.name)) continue;
    record.workloads.push_back(
        {workload.kind, workload.namespace_, workload.name, workload.replicas, workload.suspended});
  }
  update_record(cluster, record, record.run_id);
  return stopped;
}

void stop_workloads(kube::Cluster& cluster, const std::vector<Workload>& workloads) {
  std::map<std::string, std::vector<std::string>> running;  // by namespace
  for (const auto& workload : workloads) {
    if (workload.kind == WorkloadKind::kCronJob) {
      if (!workload.suspended) suspend(cluster, workload.namespace_, workload.name, true);
    } else if (workload.replicas > 0) {
      running[workload.namespace_].push_back(workload.reference());
    }
  }
  for (const auto& [namespace_, references] : running) scale(cluster, namespace_, references, 0);
}

std::vector<StoppedWorkload> not_ready(kube::Cluster& cluster, const MaintenanceRecord& record) {
  std::vector<StoppedWorkload> missing;
  for (const auto& namespace_ : namespaces_of(record)) {
    for (const auto& item : cluster.list("deployments,statefulsets", namespace_, "")) {
      const std::string name = item.value("/metadata/name"_json_pointer, "");
      const WorkloadKind kind =
          item.value("kind", "") == "Deployment" ? WorkloadKind::kDeployment : WorkloadKind::kStatefulSet;
      for (const auto& workload : record.workloads) {
        if (workload.kind != kind || workload.namespace_ != namespace_ || workload.name != name) continue;
        if (ready_replicas(item) < workload.replicas) missing.push_back(workload);
      }
    }
  }
  return missing;
}

void await_ready(kube::Cluster& cluster, const std::vector<StoppedWorkload>& workloads, std::chrono::seconds longest) {
  // One request knows one namespace.
  const std::string namespace_ = workloads.front().namespace_;
  std::map<std::string, int> wanted;
  std::vector<std::string> references;
  for (const auto& workload : workloads) {
    if (workload.namespace_ != namespace_) continue;
    references.push_back(reference(workload));
    wanted[references.back()] = workload.replicas;
  }
  const auto is_ready = [&](const std::string& which, const Json* now) {
    return now == nullptr || ready_replicas(*now) >= wanted.at(which);
  };
  cluster.await(namespace_, references, is_ready, longest);
}

void wait_until_stopped(kube::Cluster& cluster, const System& system, const MaintenanceRecord& record,
                        std::chrono::seconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    process::Interrupt::throw_if_requested();
    const auto running = still_running(cluster, system, record);
    if (running.empty()) return;
    const auto slash = running.front().find('/');
    const std::string namespace_ = running.front().substr(0, slash);
    if (std::chrono::steady_clock::now() >= deadline) {
      throw Error(
          fmt::format("After {} s these pods still run and may write: {}.", timeout.count(), fmt::join(running, ", ")),
          fmt::format("Wait for their jobs to end, or look at one with `kubectl describe pod -n {} {}`, and run the "
                      "command again; --timeout gives them longer.",
                      namespace_, running.front().substr(slash + 1)));
    }
    std::vector<std::string> pods;
    for (const auto& pod : running) {
      if (pod.starts_with(namespace_ + "/")) pods.push_back("pod" + pod.substr(namespace_.size()));
    }
    const auto has_ended = [](const std::string&, const Json* pod) { return pod == nullptr || !is_live(*pod); };
    cluster.await(namespace_, pods, has_ended, kLongestLook);
  }
}

void remove_pods(kube::Cluster& cluster, const MaintenanceRecord& record) {
  for (const auto& pod : record.pods) cluster.remove("pod", pod.namespace_, pod.name);
}

void remove_traces(kube::Cluster& cluster, const MaintenanceRecord& record) {
  remove_pods(cluster, record);
  // What has arrived on this machine, as far as no process writes to it.
  for (const auto& folder : record.arrival_folders) archive::remove_waiting_file(folder, arrival_name(record));
}

namespace {

// As they are now, by "NAMESPACE/kind/NAME".
std::map<std::string, Json> live_workloads(kube::Cluster& cluster, const MaintenanceRecord& record) {
  std::map<std::string, Json> live;
  for (const auto& namespace_ : namespaces_of(record)) {
    for (const auto& workload : parse_workloads(cluster.list("deployments,statefulsets,cronjobs", namespace_, ""))) {
      live[namespace_ + "/" + workload.reference()] = {{"replicas", workload.replicas},
                                                       {"suspended", workload.suspended}};
    }
  }
  return live;
}

// What ran before, and is stopped now.
std::vector<std::string> still_stopped(kube::Cluster& cluster, const MaintenanceRecord& record) {
  const auto live = live_workloads(cluster, record);
  std::vector<std::string> stopped;
  for (const auto& workload : record.workloads) {
    const auto found = live.find(workload.namespace_ + "/" + reference(workload));
    if (found == live.end()) continue;
    if (workload.kind == WorkloadKind::kCronJob) {
      if (!workload.suspended && found->second.at("suspended"))
        stopped.push_back(fmt::format("{} (was not suspended)", found->first));
    } else if (workload.replicas > 0 && found->second.at("replicas") == 0) {
      stopped.push_back(fmt::format("{} (had {})", found->first, workload.replicas));
    }
  }
  return stopped;
}

// Whether there is something to put back by the record, which is in the cluster then.
bool is_held(kube::Cluster& cluster, const MaintenanceRecord& record, ui::Reporter& reporter,
             const AskPossession& possession) {
  const auto present = find_record(cluster, record.namespace_, record.release);
  if (present && present->run_id == record.run_id) return true;
  if (!present && possession() == Possession::kOurs) {
    reporter.warning(
        "The record of what ran before is gone from the cluster: somebody has removed it. It is written again from "
        "what this run knows.");
    create_record(cluster, record);
    return true;
  }
  // A run that slept, say: somebody has put its things back, and may be at work.
  remove_pods(cluster, record);
  // Or the answer was lost when the one that it held took its place.
  if (present && record.held && present->run_id == record.held->run_id) return false;
  if (present) {
    throw Error(fmt::format("The services are held by a {} of {} now, so this run has started nothing.",
                            present->operation, present->started_by),
                "Look with: kubectl exastro status", ExitStatus::kBusy);
  }
  const auto stopped = still_stopped(cluster, record);
  if (stopped.empty()) return false;
  throw Error(
      fmt::format("Another run has taken this one's place and has ended; what this one had stopped is stopped now, "
                  "perhaps by somebody else since: {}.",
                  fmt::join(stopped, ", ")),
      fmt::format("If nobody wants it so, start it with kubectl scale -n {} --replicas=NUMBER, by these numbers.",
                  record.namespace_),
      ExitStatus::kServicesStopped);
}

// As start_workloads(), of a record that is held.
void start_recorded(kube::Cluster& cluster, const MaintenanceRecord& record, ui::Reporter& reporter) {
  const auto live = live_workloads(cluster, record);
  Refusals refusals;
  using Group = std::pair<std::pair<std::string, int>, std::vector<std::string>>;
  std::vector<Group> groups;  // in the order of the record
  std::vector<const StoppedWorkload*> resumed;
  for (const auto& workload : record.workloads) {
    const auto found = live.find(workload.namespace_ + "/" + reference(workload));
    if (found == live.end()) {
      reporter.warning(
          fmt::format("{} in namespace {} is gone, so it was not started.", reference(workload), workload.namespace_));
      continue;
    }
    if (workload.kind == WorkloadKind::kCronJob) {
      if (!workload.suspended && found->second.at("suspended")) resumed.push_back(&workload);
      continue;
    }
    const int now = found->second.at("replicas");
    if (now == workload.replicas) continue;
    if (now != 0) {
      reporter.warning(
          fmt::format("{} in namespace {} has {} replicas now, set by somebody else; before it had {}. It was "
                      "left as it is.",
                      reference(workload), workload.namespace_, now, workload.replicas));
      continue;
    }
    const std::pair key(workload.namespace_, workload.replicas);
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& one) { return one.first == key; });
    if (group == groups.end()) group = groups.insert(group, {key, {}});
    group->second.push_back(reference(workload));
  }
  // One that is refused does not keep the others down.
  for (const auto& [key, references] : groups) {
    refusals.attempt([&, &count = key.second, &namespace_ = key.first, &names = references] {
      scale(cluster, namespace_, names, count);
    });
  }
  for (const auto* workload : resumed) {
    refusals.attempt([&] { suspend(cluster, workload->namespace_, workload->name, false); });
  }
  refusals.throw_first();
}

}  // namespace

void start_workloads(kube::Cluster& cluster, const MaintenanceRecord& record, ui::Reporter& reporter,
                     const AskPossession& possession) {
  // What is being put back is not given up half-way.
  const process::Interrupt::Shield shield;
  if (is_held(cluster, record, reporter, possession)) start_recorded(cluster, record, reporter);
}

void start_services(kube::Cluster& cluster, const MaintenanceRecord& record, ui::Reporter& reporter,
                    const AskPossession& possession) {
  const process::Interrupt::Shield shield;
  if (!is_held(cluster, record, reporter, possession)) return;
  start_recorded(cluster, record, reporter);
  remove_traces(cluster, record);
  // Last, so that whatever failed above can be done again from it.
  remove_record(cluster, record);
}

std::vector<std::string> started_meanwhile(kube::Cluster& cluster, const System& system,
                                           const MaintenanceRecord& record) {
  std::vector<std::string> started;
  std::vector<Workload> workloads;
  std::vector<std::string> running;
  side_by_side({[&] { workloads = list_workloads(cluster, system.releases); },
                [&] { running = still_running(cluster, system, record); }});
  for (const auto& workload : workloads) {
    if (!record.has_workload(workload.kind, workload.namespace_, workload.name)) continue;
    const bool runs = workload.kind == WorkloadKind::kCronJob ? !workload.suspended : workload.replicas > 0;
    if (!runs) continue;
    const auto live =
        cluster.get_with_managers(std::string(kind_word(workload.kind)), workload.namespace_, workload.name);
    const std::string who = live ? last_set_by(*live) : "";
    started.push_back(fmt::format("{}/{}{}", workload.namespace_, workload.reference(),
                                  who.empty() ? "" : fmt::format(" (by {})", who)));
  }
  for (const auto& pod : running) started.push_back("pod " + pod);
  return started;
}

}  // namespace exastro
