// The pod's manifest against the `restricted` pod security standard, rule by rule, as the test cluster has no admission
// of its own for it: https://kubernetes.io/docs/concepts/security/pod-security-standards/
#include "exastro/maintenance_pod.h"

#include <gtest/gtest.h>

#include <set>

namespace exastro {
namespace {

MaintenancePodSpec spec() {
  MaintenancePodSpec spec;
  spec.namespace_ = "ns";
  spec.name = "exastro-maintenance-1";
  spec.run_id = "1";
  spec.image = "mariadb:10.11";
  spec.user = 1000;
  spec.group = 1000;
  spec.claim = "pvc-ita-global";
  spec.mount_path = "/storage";
  spec.node = "node-7";
  spec.image_pull_secrets = Json::array({{{"name", "pull"}}});
  spec.tolerations = Json::array({{{"key", "only"}, {"operator", "Exists"}}});
  return spec;
}

TEST(MaintenancePod, IsAdmittedByTheRestrictedStandard) {
  const Json pod_spec = maintenance_pod(spec())["spec"];
  for (const char* host : {"hostNetwork", "hostPID", "hostIPC"}) EXPECT_FALSE(pod_spec.value(host, false)) << host;
  const std::set<std::string> admitted{
      "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"};
  for (const auto& volume : pod_spec["volumes"]) {
    for (const auto& [key, value] : volume.items()) EXPECT_TRUE(key == "name" || admitted.contains(key)) << key;
  }
  EXPECT_EQ(pod_spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
  EXPECT_FALSE(pod_spec.contains("initContainers"));
  for (const auto& container : pod_spec["containers"]) {
    const Json& context = container["securityContext"];
    EXPECT_EQ(context["allowPrivilegeEscalation"], false);
    EXPECT_EQ(context["capabilities"], (Json{{"drop", {"ALL"}}}));
    EXPECT_FALSE(context.value("privileged", false));
    EXPECT_FALSE(context.contains("runAsUser")) << "the pod's holds";
    for (const auto& port : container.value("ports", Json::array())) EXPECT_FALSE(port.contains("hostPort"));
  }
  EXPECT_EQ(pod_spec["securityContext"]["runAsNonRoot"], true);
  EXPECT_NE(pod_spec["securityContext"]["runAsUser"], 0);
  for (const char* rewriting : {"fsGroup", "sysctls", "seLinuxOptions"})
    EXPECT_FALSE(pod_spec["securityContext"].contains(rewriting)) << rewriting;
}

TEST(MaintenancePod, RunsWhereTheFilesAreAndAsTheirOwner) {
  const Json pod = maintenance_pod(spec());
  EXPECT_EQ(pod["spec"]["nodeSelector"]["kubernetes.io/hostname"], "node-7");
  EXPECT_EQ(pod["spec"]["securityContext"]["runAsUser"], 1000);
  EXPECT_EQ(pod["spec"]["imagePullSecrets"][0]["name"], "pull");
  EXPECT_EQ(pod["spec"]["tolerations"].size(), 1U);
  EXPECT_EQ(pod["spec"]["containers"][0]["volumeMounts"][1]["mountPath"], "/storage");
  EXPECT_FALSE(pod["metadata"]["labels"].contains("app.kubernetes.io/instance")) << "not the release's";
}

TEST(MaintenancePod, WithoutFilesMountsNoClaim) {
  MaintenancePodSpec plain = spec();
  plain.claim = "";
  plain.node = "";
  const Json pod = maintenance_pod(plain);
  EXPECT_EQ(pod.dump().find("persistentVolumeClaim"), std::string::npos);
  EXPECT_FALSE(pod["spec"].contains("nodeSelector"));
}

TEST(MaintenancePod, HoldsNoEnvironmentAndNoToken) {
  const Json pod_spec = maintenance_pod(spec())["spec"];
  EXPECT_FALSE(pod_spec["containers"][0].contains("env"));
  EXPECT_FALSE(pod_spec["containers"][0].contains("envFrom"));
  EXPECT_EQ(pod_spec["automountServiceAccountToken"], false);
}

TEST(MaintenancePod, IsEvictedWhereALimitRangeSaysSo) {
  EXPECT_EQ(most_on_disk(Json::object()), std::nullopt);
  Json pod = maintenance_pod(spec());
  EXPECT_EQ(most_on_disk(pod), std::nullopt);
  pod["spec"]["containers"][0]["resources"]["limits"] = {{"memory", "1Gi"}, {"ephemeral-storage", "2Gi"}};
  EXPECT_EQ(most_on_disk(pod), std::uint64_t{2} << 30);
  pod["spec"]["containers"].push_back({{"resources", {{"limits", {{"ephemeral-storage", "1M"}}}}}});
  EXPECT_EQ(most_on_disk(pod), (std::uint64_t{2} << 30) + 1000000);
}

}  // namespace
}  // namespace exastro
