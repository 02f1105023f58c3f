#include "sequence/maintenance_pods.h"

#include <fmt/format.h>

#include <set>

#include "process/interrupt.h"

namespace exastro {
namespace {

// Until it is seen that an image cannot be had, say.
constexpr std::chrono::seconds kLongestLook{2};

MaintenancePodSpec base_spec(const System& system, const Side& side, const std::string& run_id) {
  MaintenancePodSpec spec;
  spec.namespace_ = side.namespace_;
  spec.name = "exastro-maintenance-" + run_id;
  spec.run_id = run_id;
  spec.image = side.image;
  spec.user = system.storage.user;
  spec.group = system.storage.group;
  spec.image_pull_secrets = side.image_pull_secrets;
  return spec;
}

bool is_ready(const Json& pod) {
  for (const auto& condition : pod.value("/status/conditions"_json_pointer, Json::array())) {
    if (condition.value("type", "") == "Ready") return condition.value("status", "") == "True";
  }
  return false;
}

// Why it does not run yet, in the cluster's words.
struct Obstacle {
  std::string text;
  bool final = false;  // waiting will not help
};

Obstacle obstacle_of(const Json& pod) {
  static const std::set<std::string> kFinal{
      "ErrImagePull",         "ImagePullBackOff",  "InvalidImageName",  "CreateContainerConfigError",
      "CreateContainerError", "ErrImageNeverPull", "RunContainerError", "CrashLoopBackOff"};
  const std::string phase = pod.value("/status/phase"_json_pointer, "");
  if (phase == "Failed" || phase == "Succeeded") {
    return {fmt::format("it has ended ({} {})", phase, pod.value("/status/reason"_json_pointer, "")), true};
  }
  for (const auto& status : pod.value("/status/containerStatuses"_json_pointer, Json::array())) {
    const std::string reason = status.value("/state/waiting/reason"_json_pointer, "");
    if (reason.empty() || reason == "ContainerCreating") continue;
    return {fmt::format("{}: {}", reason, status.value("/state/waiting/message"_json_pointer, "")),
            kFinal.contains(reason)};
  }
  for (const auto& condition : pod.value("/status/conditions"_json_pointer, Json::array())) {
    if (condition.value("type", "") == "PodScheduled" && condition.value("status", "") == "False") {
      return {condition.value("reason", "") + ": " + condition.value("message", ""), false};
    }
  }
  return {"its container is being created", false};
}

Error will_not_start(const MaintenancePodSpec& spec, const std::string& why) {
  return Error(fmt::format("The maintenance pod {} in namespace {} (image {}) does not start: {}.", spec.name,
                           spec.namespace_, spec.image, why),
               "If the image is the reason, name another with a MariaDB client: --image IMAGE");
}

void wait_for(kube::Cluster& cluster, const MaintenancePodSpec& spec, std::chrono::steady_clock::time_point deadline) {
  while (true) {
    process::Interrupt::throw_if_requested();
    const auto pod = cluster.get("pod", spec.namespace_, spec.name);
    if (!pod) throw will_not_start(spec, "somebody has deleted it");
    if (is_ready(*pod)) return;
    const Obstacle obstacle = obstacle_of(*pod);
    if (obstacle.final) throw will_not_start(spec, obstacle.text);
    if (std::chrono::steady_clock::now() >= deadline)
      throw will_not_start(spec, "in the time given to it, " + obstacle.text);
    const auto is_decided = [](const std::string&, const Json* now) {
      return now == nullptr || is_ready(*now) || obstacle_of(*now).final;
    };
    cluster.await(spec.namespace_, {"pod/" + spec.name}, is_decided, kLongestLook);
  }
}

}  // namespace

std::vector<MaintenancePodSpec> plan_pods(const System& system, const std::string& run_id) {
  MaintenancePodSpec with_files = base_spec(system, system.ita, run_id);
  with_files.claim = system.storage.claim;
  with_files.mount_path = system.storage.path;
  with_files.node = system.storage.node;
  with_files.tolerations = system.storage.tolerations;
  std::vector<MaintenancePodSpec> specs{std::move(with_files)};
  if (system.platform.namespace_ != system.ita.namespace_) specs.push_back(base_spec(system, system.platform, run_id));
  return specs;
}

kube::Pod container_of(const MaintenancePodSpec& spec) { return {spec.namespace_, spec.name, kMaintenanceContainer}; }

void start_pods(kube::Cluster& cluster, const std::vector<MaintenancePodSpec>& specs, std::chrono::seconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (const auto& spec : specs) {
    try {
      cluster.create(maintenance_pod(spec));
    } catch (const kube::KubeError& error) {
      // Its name is this run's: the answer to an earlier try was lost.
      if (error.reason() != kube::Reason::kAlreadyExists) throw;
    }
  }
  for (const auto& spec : specs) wait_for(cluster, spec, deadline);
}

std::vector<std::string> wait_until_gone(kube::Cluster& cluster, const std::vector<MaintenancePodName>& pods,
                                         std::chrono::seconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    std::vector<std::string> left;
    for (const auto& pod : pods) {
      if (cluster.get("pod", pod.namespace_, pod.name)) left.push_back(pod.namespace_ + "/" + pod.name);
    }
    if (left.empty() || std::chrono::steady_clock::now() >= deadline) return left;
    process::Interrupt::throw_if_requested();
    const auto slash = left.front().find('/');
    const auto is_gone = [](const std::string&, const Json* now) { return now == nullptr; };
    cluster.await(left.front().substr(0, slash), {"pod" + left.front().substr(slash)}, is_gone, kLongestLook);
  }
}

}  // namespace exastro
