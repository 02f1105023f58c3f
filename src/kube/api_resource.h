// Where the API server keeps the kinds of objects that this program deals with.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exastro::kube {

struct ApiResource {
  std::string_view kind;                       // "Deployment"
  std::string_view plural;                     // "deployments"
  std::vector<std::string_view> api_versions;  // the newest first; Kubernetes 1.20 has CronJobs in the second only
  bool namespaced = true;

  // The path of the collection, of one namespace or of all; `api_version` is one of the above.
  [[nodiscard]] std::string path(std::string_view api_version, const std::optional<std::string>& namespace_) const;
};

// By what kubectl takes, in small letters: "deployment", "deployments", "lease.coordination.k8s.io". Null for a kind
// that is not in the list.
const ApiResource* resource_of(std::string_view word);

// Text for a part of an URL.
std::string percent_encoded(std::string_view text);

}  // namespace exastro::kube
