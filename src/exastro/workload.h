// The workloads of a release: what they are for, and so when a sequence stops them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace exastro {

using Json = nlohmann::json;

enum class Role {
  kEntry,   // platform-auth, the reverse proxy: the way in
  kWriter,  // writes without being asked: ita-by-*, platform-job, and what we do not know
  kClient,  // works when asked, keeps connections and caches: ita-api-*, platform-api, keycloak
  kStatic,  // serves files only: ita-web-server, platform-web
  kStore,   // keeps data: mariadb, mongo, gitlab
};

enum class WorkloadKind { kDeployment, kStatefulSet, kCronJob };

struct Workload {
  WorkloadKind kind = WorkloadKind::kDeployment;
  std::string namespace_;
  std::string name;
  std::string component;  // the label app.kubernetes.io/name
  Role role = Role::kWriter;
  int replicas = 0;                    // wanted, of Deployments and StatefulSets
  int ready = 0;                       // pods that are ready, of what is wanted now
  bool suspended = false;              // of CronJobs
  bool autoscaled = false;             // a HorizontalPodAutoscaler owns the count
  Json selector = Json::object();      // spec.selector.matchLabels
  Json pod_template = Json::object();  // spec.template (of a CronJob: its job's)

  // As kubectl takes it: "deployment/NAME".
  [[nodiscard]] std::string reference() const;
};

// The role that a component of this name has. A component that is not known is taken for a writer: to stop one too
// many costs seconds, to read beside one that writes costs the backup.
Role role_of(std::string_view component);

// From the items of `get deployments,statefulsets,cronjobs,horizontalpodautoscalers`; other kinds are passed over.
std::vector<Workload> parse_workloads(const std::vector<Json>& items);

// How many pods of a Deployment or StatefulSet are ready; 0 if its status is of an earlier generation.
int ready_replicas(const Json& workload);

// The kind as kubectl names it, and back. Throws Error for another text.
std::string_view kind_word(WorkloadKind kind);
WorkloadKind parse_kind(std::string_view word);

// Who set the count or the suspend flag of a workload last, by its metadata.managedFields: "argocd-controller", say;
// empty if that is not told.
std::string last_set_by(const Json& workload);

// Whether a pod belongs to the workload, by its labels.
bool owns_pod(const Workload& workload, const Json& pod);

// Whether a pod still runs, that is, neither Succeeded nor Failed.
bool is_live(const Json& pod);

// The claims that a pod (or a pod template) mounts.
std::vector<std::string> claims_of(const Json& pod_or_template);

}  // namespace exastro
