#include "exastro/workload.h"

#include <fmt/format.h>

#include <array>
#include <set>
#include <utility>

#include "error.h"
#include "stream/json_text.h"

namespace exastro {
namespace {

constexpr std::string_view kComponentLabel = "app.kubernetes.io/name";

Json at(const Json& object, const char* pointer) {
  const Json::json_pointer path(pointer);
  return object.contains(path) ? object.at(path) : Json();
}

// What the API server says is taken to be of the types that it documents; what is not ends here.
template <typename Read>
auto reading(const char* what, Read read) {
  try {
    return read();
  } catch (const Json::exception& error) {
    throw Error(
        fmt::format("The cluster describes {} in a way that this program does not understand: {}", what, error.what()));
  } catch (const stream::JsonError& error) {
    throw Error(
        fmt::format("The cluster describes {} in a way that this program does not understand: {}", what, error.what()));
  }
}

Workload parse_workload(const Json& item, WorkloadKind kind) {
  Workload workload;
  workload.kind = kind;
  const Json& metadata = item.at("metadata");
  workload.namespace_ = metadata.value("namespace", "");
  workload.name = metadata.at("name");
  workload.component = metadata.value("labels", Json::object()).value(std::string(kComponentLabel), workload.name);
  workload.role = role_of(workload.component);
  const Json& spec = item.at("spec");
  if (kind == WorkloadKind::kCronJob) {
    workload.suspended = spec.value("suspend", false);
    workload.pod_template = at(spec, "/jobTemplate/spec/template");
  } else {
    workload.replicas = spec.contains("replicas") ? stream::int_at(spec, "replicas") : 1;
    workload.ready = ready_replicas(item);
    workload.selector = at(spec, "/selector/matchLabels");
    workload.pod_template = spec.value("template", Json::object());
  }
  return workload;
}

}  // namespace

std::string Workload::reference() const { return fmt::format("{}/{}", kind_word(kind), name); }

Role role_of(std::string_view component) {
  if (component == "platform-auth") return Role::kEntry;
  if (component.starts_with("ita-api-") || component == "platform-api" || component == "keycloak") return Role::kClient;
  if (component == "ita-web-server" || component == "platform-web") return Role::kStatic;
  for (const std::string_view store : {"mariadb", "mongo", "gitlab"}) {
    if (component == store || component.starts_with(std::string(store) + "-")) return Role::kStore;
  }
  return Role::kWriter;
}

int ready_replicas(const Json& workload) {
  const bool seen = workload.value("/status/observedGeneration"_json_pointer, 0) >=
                    workload.value("/metadata/generation"_json_pointer, 0);
  return seen ? workload.value("/status/readyReplicas"_json_pointer, 0) : 0;
}

std::vector<Workload> parse_workloads(const std::vector<Json>& items) {
  return reading("a workload", [&] {
    std::vector<Workload> workloads;
    std::set<std::pair<std::string, std::string>> autoscaled;  // namespace, "Kind/name"
    for (const auto& item : items) {
      const std::string kind = item.value("kind", "");
      if (kind == "Deployment") workloads.push_back(parse_workload(item, WorkloadKind::kDeployment));
      if (kind == "StatefulSet") workloads.push_back(parse_workload(item, WorkloadKind::kStatefulSet));
      if (kind == "CronJob") workloads.push_back(parse_workload(item, WorkloadKind::kCronJob));
      if (kind == "HorizontalPodAutoscaler") {
        const Json target = at(item, "/spec/scaleTargetRef");
        if (target.is_object()) {
          autoscaled.emplace(item.at("metadata").value("namespace", ""),
                             target.value("kind", "") + "/" + target.value("name", ""));
        }
      }
    }
    for (auto& workload : workloads) {
      const std::string kind = workload.kind == WorkloadKind::kDeployment ? "Deployment/" : "StatefulSet/";
      workload.autoscaled = autoscaled.contains({workload.namespace_, kind + workload.name});
    }
    return workloads;
  });
}

std::string_view kind_word(WorkloadKind kind) {
  switch (kind) {
    case WorkloadKind::kDeployment:
      return "deployment";
    case WorkloadKind::kStatefulSet:
      return "statefulset";
    case WorkloadKind::kCronJob:
      return "cronjob";
  }
  return "";
}

WorkloadKind parse_kind(std::string_view word) {
  for (const auto kind : {WorkloadKind::kDeployment, WorkloadKind::kStatefulSet, WorkloadKind::kCronJob}) {
    if (kind_word(kind) == word) return kind;
  }
  throw Error(fmt::format("'{}' is no kind of workload that this program knows.", word));
}

std::string last_set_by(const Json& workload) {
  return reading("a workload", [&] {
    std::string manager;
    std::string latest;
    for (const auto& entry : workload.value("/metadata/managedFields"_json_pointer, Json::array())) {
      const bool sets = entry.contains("/fieldsV1/f:spec/f:replicas"_json_pointer) ||
                        entry.contains("/fieldsV1/f:spec/f:suspend"_json_pointer);
      const std::string time = entry.value("time", "");  // RFC 3339 in UTC: compares as text
      if (!sets || time < latest) continue;
      latest = time;
      manager = entry.value("manager", "");
    }
    return manager;
  });
}

bool owns_pod(const Workload& workload, const Json& pod) {
  return reading("a pod", [&] {
    const Json labels = at(pod, "/metadata/labels");
    if (!labels.is_object()) return false;
    if (workload.kind == WorkloadKind::kCronJob) {
      // A job's pod is named <cronjob>-<time>-<rand> and owned by a Job.
      const Json owners = at(pod, "/metadata/ownerReferences");
      if (!owners.is_array()) return false;
      for (const auto& owner : owners) {
        if (owner.value("kind", "") == "Job" && owner.value("name", "").starts_with(workload.name + "-")) return true;
      }
      return false;
    }
    if (!workload.selector.is_object() || workload.selector.empty()) return false;
    for (const auto& [key, value] : workload.selector.items()) {
      if (labels.value(key, Json()) != value) return false;
    }
    return true;
  });
}

bool is_live(const Json& pod) {
  return reading("a pod", [&] {
    const std::string phase = pod.value("/status/phase"_json_pointer, "");
    return phase != "Succeeded" && phase != "Failed";
  });
}

std::vector<std::string> claims_of(const Json& pod_or_template) {
  return reading("a pod", [&] {
    std::vector<std::string> claims;
    const Json volumes = at(pod_or_template, "/spec/volumes");
    if (!volumes.is_array()) return claims;
    for (const auto& volume : volumes) {
      const Json claim = at(volume, "/persistentVolumeClaim/claimName");
      if (claim.is_string()) claims.push_back(claim);
    }
    return claims;
  });
}

}  // namespace exastro
