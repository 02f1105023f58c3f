#include "sequence/permissions.h"

#include <fmt/format.h>

#include <set>

namespace exastro {
namespace {

std::string words(const kube::Access& access) {
  const std::string resource =
      access.subresource.empty() ? access.resource : access.resource + "/" + access.subresource;
  return fmt::format("{} {} in namespace {}", access.verb, resource, access.namespace_);
}

std::vector<kube::Access> needed(const System& system, Standstill standstill) {
  std::vector<kube::Access> accesses;
  for (const auto& namespace_ : system.namespaces()) {
    for (const char* verb : {"create", "get", "list", "delete"}) accesses.push_back({namespace_, verb, "", "pods", ""});
    accesses.push_back({namespace_, "create", "", "pods", "exec"});
  }
  for (const char* verb : {"create", "get", "update", "delete"}) {
    accesses.push_back({system.namespace_(), verb, "", "configmaps", ""});
  }
  for (const char* verb : {"create", "get", "update", "delete"}) {
    accesses.push_back({system.namespace_(), verb, "coordination.k8s.io", "leases", ""});
  }
  std::set<std::pair<std::string, WorkloadKind>> kinds;
  for (const auto& workload : to_stop(system.workloads, standstill)) kinds.emplace(workload.namespace_, workload.kind);
  for (const auto& [namespace_, kind] : kinds) {
    if (kind == WorkloadKind::kCronJob) {
      accesses.push_back({namespace_, "patch", "batch", "cronjobs", ""});
    } else {
      accesses.push_back({namespace_, "patch", "apps", std::string(kind_word(kind)) + "s", "scale"});
    }
  }
  return accesses;
}

}  // namespace

void check_permissions(kube::Cluster& cluster, const System& system, Standstill standstill,
                       const std::vector<kube::Access>& also) {
  auto accesses = needed(system, standstill);
  accesses.insert(accesses.end(), also.begin(), also.end());
  require_allowed(cluster, accesses);
}

void require_allowed(kube::Cluster& cluster, const std::vector<kube::Access>& accesses) {
  const auto answers = cluster.allowed(accesses);
  std::string missing;
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    if (!answers.at(i)) missing += "\n  " + words(accesses[i]);
  }
  if (missing.empty()) return;
  throw Error("You lack permissions that this needs, so nothing was begun:" + missing,
              "Ask the cluster's administrator for them, or use another context: --context NAME",
              ExitStatus::kForbidden);
}

}  // namespace exastro
