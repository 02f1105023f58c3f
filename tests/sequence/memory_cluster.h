// A cluster in memory that counts its changes and fails at one of them.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kube/cluster.h"

namespace exastro {

using kube::Json;

class MemoryCluster : public kube::Cluster {
 public:
  struct State {
    int replicas = 0;
    bool suspended = false;
    bool operator==(const State&) const = default;
  };

  std::map<std::string, State> workloads;  // "deployment/NAME"
  std::map<std::string, Json> config_maps;
  std::map<std::string, Json> leases;
  std::map<std::string, Json> secrets;
  std::vector<Json> pods;
  std::map<std::string, Json> maintenance_pods;  // as created
  Json pod_status = {{"status", {{"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})}}}};  // of these
  std::optional<Json> managed;  // what get_with_managers() gives
  std::vector<std::string> removed;
  int commands = 0;                // that were run in pods
  std::vector<std::string> calls;  // changes, in their order
  int fail_at = -1;                // the change with this number fails
  int lose_answer_at = -1;         // this replacement, of those of a record, is done, and its answer lost
  kube::Reason failure = kube::Reason::kUnreachable;

  void be_patient(std::chrono::seconds) override {}
  [[nodiscard]] std::optional<std::string> chosen_namespace() const override { return std::nullopt; }
  std::string context_namespace() override { return "ns"; }
  std::vector<Json> list(const std::string& kinds, const std::optional<std::string>&, const std::string&) override {
    if (kinds == "pods") return pods;
    std::vector<Json> items;
    for (const auto& [reference, state] : workloads) {
      const auto slash = reference.find('/');
      const std::string kind = reference.substr(0, slash);
      items.push_back({{"kind", kind == "cronjob"       ? "CronJob"
                                : kind == "statefulset" ? "StatefulSet"
                                                        : "Deployment"},
                       {"metadata", {{"name", reference.substr(slash + 1)}, {"namespace", "ns"}}},
                       {"spec",
                        {{"replicas", state.replicas},
                         {"suspend", state.suspended},
                         {"selector", {{"matchLabels", {{"app", reference.substr(slash + 1)}}}}}}}});
    }
    return items;
  }
  std::optional<Json> get(const std::string& kind, const std::string&, const std::string& name) override {
    if (kind.starts_with("lease")) {
      const std::scoped_lock lock(mutex_);
      const auto found = leases.find(name);
      return found == leases.end() ? std::nullopt : std::optional(found->second);
    }
    if (kind == "pod") {
      if (!maintenance_pods.contains(name)) return std::nullopt;
      return pod_status;
    }
    const auto& objects = kind == "secret" ? secrets : config_maps;
    const auto found = objects.find(name);
    if (found == objects.end()) return std::nullopt;
    return found->second;
  }
  std::vector<Json> get_all(const std::string& namespace_, const std::vector<kube::ObjectName>& names) override {
    std::vector<Json> found;
    for (const auto& [kind, name] : names) {
      if (auto object = get(kind, namespace_, name)) found.push_back(std::move(*object));
    }
    return found;
  }
  std::optional<Json> get_with_managers(const std::string&, const std::string&, const std::string&) override {
    return managed;
  }
  std::vector<kube::HelmRecord> helm_records(const std::optional<std::string>&) override { return {}; }
  Json create(const Json& object) override {
    if (object["kind"] == "Lease") return put(leases, object, true);
    change("create " + object["kind"].get<std::string>());
    const std::string name = object["metadata"]["name"];
    if (object["kind"] == "Pod") {
      return maintenance_pods[name] = object;
    }
    return put(object["kind"] == "Secret" ? secrets : config_maps, object, true);
  }
  Json replace(const Json& object) override {
    if (object["kind"] == "Lease") return put(leases, object, false);
    change("replace");
    Json answer = put(object["kind"] == "Secret" ? secrets : config_maps, object, false);
    if (lose_answer_at-- == 0)
      throw kube::KubeError(kube::Reason::kUnreachable, "the answer was lost", "", ExitStatus::kFailed);
    return answer;
  }
  void remove_if_unchanged(const Json& lease) override {
    const std::scoped_lock lock(mutex_);
    const auto found = leases.find(lease["metadata"]["name"]);
    if (found == leases.end() || found->second["metadata"]["resourceVersion"] != lease["metadata"]["resourceVersion"]) {
      throw kube::KubeError(kube::Reason::kConflict, "changed meanwhile", "", ExitStatus::kFailed);
    }
    leases.erase(found);
  }
  void remove(const std::string& kind, const std::string&, const std::string& name) override {
    change("remove " + kind);
    if (kind == "configmap") config_maps.erase(name);
    if (kind == "secret") secrets.erase(name);
    if (kind == "pod") maintenance_pods.erase(name);
    removed.push_back(kind + "/" + name);
  }
  void await(const std::string&, const std::vector<std::string>&, const Met&, std::chrono::seconds) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  void scale(const std::string&, const std::vector<std::string>& references, int replicas) override {
    for (const auto& reference : references) {
      change("scale " + reference);
      workloads.at(reference).replicas = replicas;
    }
  }
  void patch(const std::string& kind, const std::string&, const std::string& name, const Json& merge_patch) override {
    change("patch " + name);
    workloads.at(kind + "/" + name).suspended = merge_patch["spec"]["suspend"];
  }
  std::vector<bool> allowed(const std::vector<kube::Access>&) override { return {}; }
  kube::HttpAnswer ask_service(const std::string&, const std::string&, const std::string&,
                               const std::string&) override {
    return {};
  }
  std::string run(const kube::Pod&, const kube::Script&, const std::string&) override {
    ++commands;
    return "";
  }
  void converse(const kube::Pod&, const kube::Script&, const std::string&, const Next&) override {}
  kube::StreamReport download(const kube::Pod&, const kube::Script&, const kube::ByteHandler&,
                              const kube::DigestOf&) override {
    return {};
  }
  kube::StreamReport upload(const kube::Pod&, const kube::Script&, std::uint64_t, const kube::ByteSource&,
                            const kube::DigestOf&) override {
    return {};
  }

 private:
  void change(const std::string& what) {
    if (fail_at == static_cast<int>(calls.size())) {
      fail_at = -1;
      throw kube::KubeError(failure, "the network went away", "", ExitStatus::kFailed);
    }
    calls.push_back(what);
  }
  // As the API server does: against the resourceVersion, if one is given.
  Json put(std::map<std::string, Json>& objects, const Json& object, bool is_new) {
    const std::scoped_lock lock(mutex_);
    const std::string name = object["metadata"]["name"];
    if (is_new && objects.contains(name))
      throw kube::KubeError(kube::Reason::kAlreadyExists, "exists", "", ExitStatus::kBusy);
    if (!is_new && !objects.contains(name))
      throw kube::KubeError(kube::Reason::kNotFound, "gone", "", ExitStatus::kFailed);
    if (!is_new && objects[name]["metadata"]["resourceVersion"] != object["metadata"]["resourceVersion"]) {
      throw kube::KubeError(kube::Reason::kConflict, "changed meanwhile", "", ExitStatus::kFailed);
    }
    objects[name] = object;
    objects[name]["metadata"]["resourceVersion"] = std::to_string(++version_);
    return objects[name];
  }
  std::mutex mutex_;  // a lease is renewed by a thread of its own
  int version_ = 0;
};

}  // namespace exastro
