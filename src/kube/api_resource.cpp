#include "kube/api_resource.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lower_case.h"

namespace exastro::kube {
namespace {

const std::array<ApiResource, 13> kResources{{
    {"Pod", "pods", {"v1"}},
    {"Secret", "secrets", {"v1"}},
    {"ConfigMap", "configmaps", {"v1"}},
    {"Service", "services", {"v1"}},
    {"PersistentVolumeClaim", "persistentvolumeclaims", {"v1"}},
    {"Namespace", "namespaces", {"v1"}, false},
    {"Deployment", "deployments", {"apps/v1"}},
    {"StatefulSet", "statefulsets", {"apps/v1"}},
    {"DaemonSet", "daemonsets", {"apps/v1"}},
    {"Job", "jobs", {"batch/v1"}},
    {"CronJob", "cronjobs", {"batch/v1", "batch/v1beta1"}},
    {"HorizontalPodAutoscaler", "horizontalpodautoscalers", {"autoscaling/v1"}},
    {"Lease", "leases", {"coordination.k8s.io/v1"}},
}};

}  // namespace

std::string ApiResource::path(std::string_view api_version, const std::optional<std::string>& namespace_) const {
  const std::string root =
      fmt::format("/{}/{}", api_version.find('/') == std::string_view::npos ? "api" : "apis", api_version);
  return namespaced && namespace_ ? fmt::format("{}/namespaces/{}/{}", root, percent_encoded(*namespace_), plural)
                                  : fmt::format("{}/{}", root, plural);
}

const ApiResource* resource_of(std::string_view word) {
  const std::string name = lower_case(word.substr(0, word.find('.')));
  const auto found = std::find_if(kResources.begin(), kResources.end(), [&](const ApiResource& resource) {
    return name == resource.plural || name == lower_case(resource.kind);
  });
  if (found == kResources.end()) return nullptr;
  // "jobs.example.com" is somebody else's kind.
  const auto dot = word.find('.');
  if (dot != std::string_view::npos) {
    const std::string_view version = found->api_versions.front();
    const std::string group(version.substr(0, version.find('/')));
    if (word.substr(dot + 1) != group || version.find('/') == std::string_view::npos) return nullptr;
  }
  return &*found;
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const unsigned char c : text) {
    if (std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      encoded.push_back(static_cast<char>(c));
    } else {
      encoded += fmt::format("%{:02X}", c);
    }
  }
  return encoded;
}

}  // namespace exastro::kube
