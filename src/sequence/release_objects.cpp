#include "sequence/release_objects.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "exastro/encoding.h"
#include "exastro/workload.h"
#include "lower_case.h"

namespace exastro {
namespace {

// What a reinstall removes. Not Secrets (the keys), claims (the data) or Services (addresses and node ports).
constexpr std::array<std::string_view, 8> kRemovedKinds{
    "HorizontalPodAutoscaler", "CronJob", "Job", "Deployment", "StatefulSet", "DaemonSet", "Pod", "ConfigMap"};

std::string text_at(const Json& object, const Json::json_pointer& at) {
  const Json value = object.value(at, Json());
  return value.is_string() ? value.get<std::string>() : "";
}

// Helm marks what it has made.
bool is_anothers(const Json& object, const Release& release) {
  const Json annotations = object.value("/metadata/annotations"_json_pointer, Json::object());
  const std::string owner = annotations.value("meta.helm.sh/release-name", release.name);
  const std::string place = annotations.value("meta.helm.sh/release-namespace", release.namespace_);
  return owner != release.name || place != release.namespace_;
}

// "exastro-web-5d8f7c9b6" is of Deployment "exastro-web", and so on.
bool made_by(const Json& pod, const ReleaseState& state, const std::string& kind, const std::string& workload) {
  for (const auto& owner : pod.value("/metadata/ownerReferences"_json_pointer, Json::array())) {
    const std::string owner_kind = owner.value("kind", "");
    const std::string name = owner.value("name", "");
    const bool numbered = name.starts_with(workload + "-") && name.find('-', workload.size() + 1) == std::string::npos;
    if (kind == "Deployment" && owner_kind == "ReplicaSet" && numbered) return state.has(kind, workload);
    if (kind == "CronJob" && owner_kind == "Job" && numbered) return state.has(kind, workload);
    if (owner_kind == kind && name == workload) return state.has(kind, workload);
  }
  return false;
}

std::string ready_text(std::string_view kind, const Json& item) {
  const int wanted = item.value("/spec/replicas"_json_pointer, 1);
  const int ready = item.value("/status/readyReplicas"_json_pointer, 0);
  const bool seen =
      item.value("/status/observedGeneration"_json_pointer, 0) >= item.value("/metadata/generation"_json_pointer, 0);
  if (seen && ready >= wanted) return "";
  return fmt::format("{}/{} ({} of {} pods ready)", lower_case(kind), text_at(item, "/metadata/name"_json_pointer),
                     ready, wanted);
}

}  // namespace

std::string LiveObject::reference() const { return lower_case(kind) + "/" + name; }

bool ReleaseState::has(std::string_view kind, std::string_view name) const {
  return release.has_object(kind, name) ||
         std::any_of(newer_only.begin(), newer_only.end(),
                     [&](const ManifestObject& object) { return object.kind == kind && object.name == name; });
}

std::vector<std::string> ReleaseState::names_of(std::string_view kind) const {
  std::vector<std::string> names;
  for (const auto* objects : {&release.objects, &newer_only}) {
    for (const auto& object : *objects) {
      if (object.kind == kind) names.push_back(object.name);
    }
  }
  return names;
}

ReleaseState read_state(kube::Cluster& cluster, const Release& release) {
  ReleaseState state{release, {}, {}};
  for (const auto& record : cluster.helm_records(release.namespace_)) {
    if (record.release == release.name && record.revision >= state.newest.revision) state.newest = record;
  }
  if (state.newest.revision <= release.revision) return state;
  const auto secret = cluster.get("secret", release.namespace_, state.newest.secret);
  if (!secret) return state;
  const Release newest = parse_release_record(secret->value("/data/release"_json_pointer, std::string()));
  for (const auto& object : newest.objects) {
    if (!release.has_object(object.kind, object.name)) state.newer_only.push_back(object);
  }
  return state;
}

std::vector<LiveObject> live_objects(kube::Cluster& cluster, const ReleaseState& state) {
  std::string kinds;
  for (const auto& kind : kRemovedKinds) {
    if (!state.names_of(kind).empty()) kinds += (kinds.empty() ? "" : ",") + lower_case(kind) + "s";
  }
  std::vector<LiveObject> objects;
  if (kinds.empty()) return objects;
  for (const auto& item : cluster.list(kinds, state.release.namespace_, "")) {
    LiveObject object{item.value("kind", ""), text_at(item, "/metadata/name"_json_pointer)};
    if (!state.has(object.kind, object.name) || is_anothers(item, state.release)) continue;
    const Json labels = item.value("/metadata/labels"_json_pointer, Json::object());
    object.is_store = (object.kind == "Deployment" || object.kind == "StatefulSet") &&
                      role_of(labels.value("app.kubernetes.io/name", object.name)) == Role::kStore;
    objects.push_back(std::move(object));
  }
  return objects;
}

bool is_pod_of(const ReleaseState& state, const Json& pod) {
  if (state.has("Pod", text_at(pod, "/metadata/name"_json_pointer))) return true;
  for (const char* kind : {"Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"}) {
    for (const auto& name : state.names_of(kind)) {
      if (made_by(pod, state, kind, name)) return true;
    }
  }
  return false;
}

ReleasePods live_pods(kube::Cluster& cluster, const ReleaseState& state, const std::vector<LiveObject>& of) {
  ReleasePods pods;
  const auto claims = state.names_of("PersistentVolumeClaim");
  for (const auto& pod : cluster.list("pods", state.release.namespace_, "")) {
    const std::string name = text_at(pod, "/metadata/name"_json_pointer);
    const bool own = std::any_of(of.begin(), of.end(), [&](const LiveObject& object) {
      return object.kind == "Pod" ? object.name == name : made_by(pod, state, object.kind, object.name);
    });
    // One that has completed holds no file open; a bare one has to go all the same, or Helm would find it there.
    if (own && (is_live(pod) || state.has("Pod", name))) pods.own.push_back(name);
    if (own || !is_live(pod) || is_pod_of(state, pod)) continue;
    const auto mounted = claims_of(pod);
    const bool guest = std::any_of(mounted.begin(), mounted.end(), [&](const std::string& claim) {
      return std::find(claims.begin(), claims.end(), claim) != claims.end();
    });
    if (!guest) continue;
    (pod.contains("/metadata/deletionTimestamp"_json_pointer) ? pods.leaving_guests : pods.guests).push_back(name);
  }
  return pods;
}

SecretData live_secrets(kube::Cluster& cluster, const ReleaseState& state) {
  SecretData data;
  for (const auto& name : state.names_of("Secret")) {
    const auto secret = cluster.get("secret", state.release.namespace_, name);
    if (!secret) continue;
    auto& fields = data[name];
    const Json held = secret->value("data", Json::object());
    for (const auto& [field, value] : held.items()) fields[field] = base64_decode(value.get<std::string>());
  }
  return data;
}

std::vector<std::string> unready(kube::Cluster& cluster, const Release& release) {
  std::set<std::pair<std::string, std::string>> missing;
  std::string kinds;
  for (const auto& object : release.objects) {
    if (object.kind != "Deployment" && object.kind != "StatefulSet" && object.kind != "Pod") continue;
    missing.emplace(object.kind, object.name);
  }
  std::vector<std::string> waiting;
  for (const auto& item : cluster.list("deployments,statefulsets,pods", release.namespace_, "")) {
    const std::string kind = item.value("kind", "");
    const std::string name = text_at(item, "/metadata/name"_json_pointer);
    if (missing.erase({kind, name}) == 0) continue;
    if (kind != "Pod") {
      if (const std::string text = ready_text(kind, item); !text.empty()) waiting.push_back(text);
      continue;
    }
    const std::string phase = text_at(item, "/status/phase"_json_pointer);
    if (phase == "Failed") {
      throw Error(fmt::format("Pod {}, which has to complete, has failed.", name),
                  fmt::format("Look at its log: kubectl logs -n {} {}", release.namespace_, name));
    }
    if (phase != "Succeeded") waiting.push_back(fmt::format("pod/{} ({})", name, lower_case(phase)));
  }
  for (const auto& [kind, name] : missing) waiting.push_back(fmt::format("{}/{} (not there)", lower_case(kind), name));
  return waiting;
}

}  // namespace exastro
