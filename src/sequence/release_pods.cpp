#include "sequence/release_pods.h"

#include <algorithm>

namespace exastro {
namespace {

std::optional<kube::Pod> container_in(const Json& pod) {
  // One that is being ended is "Running" to its last moment, and takes no exec any more.
  const bool ends = pod.contains("/metadata/deletionTimestamp"_json_pointer);
  if (ends || pod.value("/status/phase"_json_pointer, "") != "Running") return std::nullopt;
  const Json containers = pod.value("/spec/containers"_json_pointer, Json::array());
  if (containers.empty()) return std::nullopt;
  return kube::Pod{pod.value("/metadata/namespace"_json_pointer, ""), pod.value("/metadata/name"_json_pointer, ""),
                   containers[0].value("name", "")};
}

}  // namespace

std::optional<kube::Pod> database_pod(const System& system, const std::vector<Json>& pods, const Side& side) {
  for (const auto& workload : system.workloads) {
    if (workload.role != Role::kStore || !workload.component.starts_with("mariadb")) continue;
    // A short name means another server in another namespace.
    const bool same_name = workload.namespace_ == side.namespace_ || side.host.find('.') != std::string::npos;
    if (!same_name) continue;
    for (const auto& pod : pods) {
      if (pod.value("/metadata/namespace"_json_pointer, "") != workload.namespace_ || !owns_pod(workload, pod))
        continue;
      if (auto container = container_in(pod)) return container;
    }
  }
  return std::nullopt;
}

std::optional<kube::Pod> files_pod(const System& system, const std::vector<Json>& pods) {
  for (const auto& pod : pods) {
    const auto claims = claims_of(pod);
    if (pod.value("/metadata/namespace"_json_pointer, "") != system.ita.namespace_) continue;
    if (std::find(claims.begin(), claims.end(), system.storage.claim) == claims.end()) continue;
    if (auto container = container_in(pod)) return container;
  }
  return std::nullopt;
}

}  // namespace exastro
