#include "exastro/maintenance_pod.h"

#include "exastro/quantity.h"

namespace exastro {

Json maintenance_pod(const MaintenancePodSpec& spec) {
  Json container = {
      {"name", kMaintenanceContainer},
      {"image", spec.image},
      {"imagePullPolicy", "IfNotPresent"},
      // Sleeps in slices and obeys SIGTERM at once, so that deleting the pod takes no grace period.
      {"command", {"sh", "-c", "trap 'exit 0' TERM; while :; do sleep 60 & wait $!; done"}},
      {"securityContext",
       {{"allowPrivilegeEscalation", false}, {"capabilities", {{"drop", {"ALL"}}}}, {"readOnlyRootFilesystem", true}}},
      {"resources", {{"requests", {{"cpu", "100m"}, {"memory", "128Mi"}}}}},
      {"volumeMounts", Json::array({{{"name", "tmp"}, {"mountPath", "/tmp"}}})}};
  Json volumes = Json::array({{{"name", "tmp"}, {"emptyDir", Json::object()}}});
  if (!spec.claim.empty()) {
    container["volumeMounts"].push_back({{"name", "storage"}, {"mountPath", spec.mount_path}});
    volumes.push_back({{"name", "storage"}, {"persistentVolumeClaim", {{"claimName", spec.claim}}}});
  }
  Json pod_spec = {{"restartPolicy", "Never"},
                   {"automountServiceAccountToken", false},
                   {"enableServiceLinks", false},
                   {"terminationGracePeriodSeconds", 5},
                   {"securityContext",
                    {{"runAsNonRoot", true},
                     {"runAsUser", spec.user},
                     {"runAsGroup", spec.group},
                     {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
                   {"containers", Json::array({std::move(container)})},
                   {"volumes", std::move(volumes)}};
  if (spec.deadline_seconds > 0) pod_spec["activeDeadlineSeconds"] = spec.deadline_seconds;
  if (!spec.node.empty()) pod_spec["nodeSelector"] = {{"kubernetes.io/hostname", spec.node}};
  if (!spec.image_pull_secrets.empty()) pod_spec["imagePullSecrets"] = spec.image_pull_secrets;
  if (!spec.tolerations.empty()) pod_spec["tolerations"] = spec.tolerations;
  // Not labelled as the release's: its selectors and `helm uninstall` must not see it.
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata",
           {{"name", spec.name},
            {"namespace", spec.namespace_},
            {"labels",
             {{"app.kubernetes.io/name", "exastro-maintenance"}, {"app.kubernetes.io/managed-by", "kubectl-exastro"}}},
            {"annotations", {{"exastro.kubectl/run-id", spec.run_id}}}}},
          {"spec", std::move(pod_spec)}};
}

std::optional<std::uint64_t> most_on_disk(const Json& pod) {
  std::optional<std::uint64_t> sum;  // of all containers, as the kubelet takes it
  for (const auto& container : pod.value("/spec/containers"_json_pointer, Json::array())) {
    const auto limit = parse_quantity(container.value("/resources/limits/ephemeral-storage"_json_pointer, ""));
    if (limit) sum = sum.value_or(0) + *limit;
  }
  return sum;
}

}  // namespace exastro
