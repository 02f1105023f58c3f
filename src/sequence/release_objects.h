// What of a release lives in the cluster: what a reinstall removes, and what it must find again.
#pragma once

#include <string>
#include <vector>

#include "exastro/release.h"
#include "exastro/release_values.h"
#include "kube/cluster.h"

namespace exastro {

struct LiveObject {
  std::string kind;  // as manifests say: "Deployment"
  std::string name;
  bool is_store = false;  // a workload that keeps data

  // As kubectl takes it: "deployment/NAME".
  [[nodiscard]] std::string reference() const;
};

// A release, and what a newer revision of it, one that failed or was cut off, may have made besides.
struct ReleaseState {
  Release release;
  kube::HelmRecord newest;                 // of all its revisions
  std::vector<ManifestObject> newer_only;  // in the newest revision's manifest and not in the release's

  [[nodiscard]] bool has(std::string_view kind, std::string_view name) const;  // in either manifest
  [[nodiscard]] std::vector<std::string> names_of(std::string_view kind) const;
  [[nodiscard]] std::string text() const { return release.namespace_ + "/" + release.name; }
};

ReleaseState read_state(kube::Cluster& cluster, const Release& release);

// The workloads, pods and ConfigMaps of the release that are there: those that its manifest names and that Helm has not
// marked as another's.
std::vector<LiveObject> live_objects(kube::Cluster& cluster, const ReleaseState& state);

// Whether a pod is the release's: named in its manifest, or made by one of its workloads.
bool is_pod_of(const ReleaseState& state, const Json& pod);

// Of the release's namespace: its pods that are not gone yet, and those of others that work on its claims (a job that
// a back-yard has started, say), each in one of the lists.
struct ReleasePods {
  std::vector<std::string> own;
  std::vector<std::string> guests;
  std::vector<std::string> leaving_guests;  // that are being removed, as a backup's maintenance pod is at its end
};
ReleasePods live_pods(kube::Cluster& cluster, const ReleaseState& state, const std::vector<LiveObject>& of);

// What the Secrets of the manifest hold now. Those that are gone are not in it.
SecretData live_secrets(kube::Cluster& cluster, const ReleaseState& state);

// Of the release's pods that have to complete, and its workloads, those that have not, or are not ready. Throws Error
// if one has failed for good.
std::vector<std::string> unready(kube::Cluster& cluster, const Release& release);

}  // namespace exastro
