#include "exastro/workload.h"

#include <gtest/gtest.h>

#include "error.h"
#include "exastro/maintenance_pod.h"
#include "exastro/maintenance_record.h"

namespace exastro {
namespace {

TEST(Workload, RolesFollowTheComponent) {
  EXPECT_EQ(role_of("platform-auth"), Role::kEntry);
  EXPECT_EQ(role_of("ita-by-ansible-execute"), Role::kWriter);
  EXPECT_EQ(role_of("platform-job"), Role::kWriter);
  EXPECT_EQ(role_of("ita-api-admin"), Role::kClient);
  EXPECT_EQ(role_of("keycloak"), Role::kClient);
  EXPECT_EQ(role_of("ita-web-server"), Role::kStatic);
  EXPECT_EQ(role_of("mariadb"), Role::kStore);
  EXPECT_EQ(role_of("mariadb-ita"), Role::kStore);
  EXPECT_EQ(role_of("something-new"), Role::kWriter) << "what is not known may write";
}

Json deployment(const char* name, Json spec) {
  return {{"kind", "Deployment"},
          {"metadata", {{"name", name}, {"namespace", "ns"}, {"labels", {{"app.kubernetes.io/name", name}}}}},
          {"spec", std::move(spec)}};
}

TEST(Workload, CountsAreTheWantedOnes) {
  const Json hpa = {{"kind", "HorizontalPodAutoscaler"},
                    {"metadata", {{"name", "x"}, {"namespace", "ns"}}},
                    {"spec", {{"scaleTargetRef", {{"kind", "Deployment"}, {"name", "scaled"}}}}}};
  const Json cron = {
      {"kind", "CronJob"}, {"metadata", {{"name", "c"}, {"namespace", "ns"}}}, {"spec", {{"suspend", true}}}};
  const auto workloads = parse_workloads({deployment("zero", {{"replicas", 0}}),
                                          deployment("default", Json::object()),
                                          deployment("scaled", {{"replicas", 4}}),
                                          hpa,
                                          cron,
                                          {{"kind", "Pod"}}});
  ASSERT_EQ(workloads.size(), 4U);
  EXPECT_EQ(workloads[0].replicas, 0);
  EXPECT_EQ(workloads[1].replicas, 1) << "the API's default";
  EXPECT_EQ(workloads[2].replicas, 4);
  EXPECT_TRUE(workloads[2].autoscaled);
  EXPECT_FALSE(workloads[1].autoscaled);
  EXPECT_TRUE(workloads[3].suspended);
  EXPECT_EQ(workloads[3].reference(), "cronjob/c");
}

TEST(Workload, TellsWhoSetItsCountLast) {
  Json scaled = deployment("d", {{"replicas", 2}});
  EXPECT_EQ(last_set_by(scaled), "");
  const Json replicas = {{"f:spec", {{"f:replicas", Json::object()}}}};
  scaled["metadata"]["managedFields"] = {
      {{"manager", "helm"}, {"time", "2026-01-01T00:00:00Z"}, {"fieldsV1", replicas}},
      {{"manager", "argocd-controller"}, {"time", "2026-02-01T00:00:00Z"}, {"fieldsV1", replicas}},
      {{"manager", "kube-controller-manager"},
       {"time", "2026-03-01T00:00:00Z"},
       {"fieldsV1", {{"f:status", Json::object()}}}}};
  EXPECT_EQ(last_set_by(scaled), "argocd-controller");
}

TEST(Workload, OwnsThePodsThatItsSelectorTakes) {
  const auto workloads =
      parse_workloads({deployment("d", {{"selector", {{"matchLabels", {{"app", "d"}, {"instance", "r"}}}}}}),
                       deployment("none", Json::object())});
  EXPECT_TRUE(owns_pod(workloads[0], {{"metadata", {{"labels", {{"app", "d"}, {"instance", "r"}, {"more", "1"}}}}}}));
  EXPECT_FALSE(owns_pod(workloads[0], {{"metadata", {{"labels", {{"app", "d"}}}}}}));
  EXPECT_FALSE(owns_pod(workloads[1], {{"metadata", {{"labels", {{"app", "d"}}}}}}));
}

TEST(MaintenanceRecord, GoesThereAndBack) {
  MaintenanceRecord record{"ns",
                           "exastro",
                           "run-1",
                           "restore",
                           "2026-11-23T00:00:00Z",
                           "me@here",
                           true,
                           "/x/backup.tar",
                           "/x/safety.tar",
                           {},
                           {},
                           {"platform", "ITA_DB"},
                           {"pf-user"},
                           {{"shared", 1048576}},
                           "2026-11-26T00:00:00Z",
                           {"/backups", "/home/me"}};
  record.workloads = {{WorkloadKind::kDeployment, "ns", "platform-auth", 2, false},
                      {WorkloadKind::kCronJob, "ns2", "clean", 0, true}};
  record.pods = {{"ns", "exastro-maintenance-1"}};
  const Json config_map = to_config_map(record);
  EXPECT_FALSE(config_map["metadata"]["labels"].contains("app.kubernetes.io/instance"));
  const MaintenanceRecord back = parse_config_map(config_map);
  EXPECT_EQ(to_config_map(back), config_map);
  ASSERT_EQ(back.workloads.size(), 2U);
  EXPECT_EQ(back.workloads[0].replicas, 2);
  EXPECT_TRUE(back.workloads[1].suspended);
  EXPECT_TRUE(back.destructive);
  EXPECT_EQ(back.source, record.source);
  EXPECT_EQ(back.safety_backup, record.safety_backup);
  EXPECT_EQ(back.staged_until, record.staged_until);
  EXPECT_EQ(back.arrival_folders, record.arrival_folders);
  EXPECT_TRUE(back.holds_backup());
}

TEST(MaintenanceRecord, OneThatCannotBeReadIsAnError) {
  EXPECT_THROW(parse_config_map({{"metadata", {{"name", "x"}, {"namespace", "n"}}}}), Error);
  EXPECT_THROW(parse_config_map({{"metadata", {{"name", "x"}, {"namespace", "n"}}}, {"data", {{"record.json", "{"}}}}),
               Error);
  EXPECT_THROW(parse_config_map({{"metadata", {{"name", "x"}, {"namespace", "n"}}},
                                 {"data", {{"record.json", "{\"version\": 2}"}}}}),
               Error);
}

// Pod Security Standards, level restricted, as Kubernetes documents it; the test cluster is too old to check it itself.
TEST(MaintenancePod, IsAdmittedByTheRestrictedStandard) {
  MaintenancePodSpec spec;
  spec.namespace_ = "ns";
  spec.name = "pod";
  spec.image = "image";
  spec.claim = "pvc-ita-global";
  spec.mount_path = "/storage";
  const Json pod = maintenance_pod(spec);
  const Json& context = pod["spec"]["securityContext"];
  EXPECT_EQ(context["runAsNonRoot"], true);
  EXPECT_NE(context["runAsUser"], 0);
  EXPECT_EQ(context["seccompProfile"]["type"], "RuntimeDefault");
  EXPECT_FALSE(context.contains("fsGroup")) << "it would rewrite modes on the volume";
  for (const char* host : {"hostNetwork", "hostPID", "hostIPC"}) EXPECT_FALSE(pod["spec"].contains(host));
  for (const auto& container : pod["spec"]["containers"]) {
    EXPECT_EQ(container["securityContext"]["allowPrivilegeEscalation"], false);
    EXPECT_EQ(container["securityContext"]["capabilities"]["drop"], Json::array({"ALL"}));
    EXPECT_FALSE(container["securityContext"].contains("privileged"));
    EXPECT_FALSE(container.contains("env"));
  }
  for (const auto& volume : pod["spec"]["volumes"]) {
    EXPECT_TRUE(volume.contains("emptyDir") || volume.contains("persistentVolumeClaim"));
  }
  EXPECT_FALSE(pod["metadata"]["labels"].contains("app.kubernetes.io/instance"));
}

}  // namespace
}  // namespace exastro
