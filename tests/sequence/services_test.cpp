// Stopping and starting against a cluster in memory: the counts from before come back, whatever happens between.
#include "sequence/services.h"

#include <gtest/gtest.h>

#include <sstream>

#include "memory_cluster.h"
#include "sequence/backup_target.h"
#include "sequence/release_pods.h"

namespace exastro {
namespace {

class Services : public testing::Test {
 protected:
  void SetUp() override {
    cluster_.workloads = {{"deployment/platform-auth", {2, false}},
                          {"deployment/ita-by-one", {1, false}},
                          {"deployment/ita-by-zero", {0, false}},
                          {"deployment/platform-job", {1, false}},
                          {"deployment/ita-api-admin", {3, false}},
                          {"deployment/ita-web-server", {1, false}},
                          {"deployment/mariadb", {1, false}},
                          {"statefulset/keycloak", {1, false}},
                          {"cronjob/ita-by-file-autoclean", {0, false}},
                          {"cronjob/ita-by-off", {0, true}}};
    for (auto& [reference, state] : cluster_.workloads) {
      if (reference.starts_with("cronjob/")) state.replicas = 0;
    }
    before_ = cluster_.workloads;
    system_.platform.namespace_ = system_.ita.namespace_ = "ns";
    system_.platform.release = "exastro";
    system_.storage.claim = "pvc-ita-global";
    system_.releases.emplace_back();
    system_.releases[0].namespace_ = "ns";
    system_.releases[0].name = "exastro";
    system_.workloads = parse_workloads(cluster_.list("workloads", "ns", ""));
  }
  MaintenanceRecord stop() {
    MaintenanceRecord record;
    record.namespace_ = "ns";
    record.release = "exastro";
    record.run_id = "run";
    record.operation = "backup";
    record.started_by = "me@here";
    record.pods = {{"ns", "exastro-maintenance-run"}};
    create_record(cluster_, record);
    stop_workloads(cluster_, record_running(cluster_, system_, standstill_, record));
    return record;
  }
  int replicas(const std::string& reference) { return cluster_.workloads.at(reference).replicas; }

  MemoryCluster cluster_;
  System system_;
  Standstill standstill_ = Standstill::kWriters;
  std::map<std::string, MemoryCluster::State> before_;
  std::ostringstream out_;
  std::ostringstream err_;
  std::unique_ptr<ui::Reporter> reporter_ = ui::text_reporter(out_, err_, {});
};

TEST_F(Services, ABackupStopsTheEntryAndAllWritersAndNoMore) {
  stop();
  for (const char* stopped : {"deployment/platform-auth", "deployment/ita-by-one", "deployment/platform-job"}) {
    EXPECT_EQ(replicas(stopped), 0) << stopped;
  }
  for (const char* kept : {"deployment/mariadb", "deployment/ita-web-server", "statefulset/keycloak"}) {
    EXPECT_EQ(replicas(kept), 1) << kept;
  }
  EXPECT_EQ(replicas("deployment/ita-api-admin"), 3);
  EXPECT_TRUE(cluster_.workloads.at("cronjob/ita-by-file-autoclean").suspended);
}

TEST_F(Services, ARestoreStopsEveryClientAndNeverAStore) {
  standstill_ = Standstill::kAllClients;
  stop();
  EXPECT_EQ(replicas("deployment/ita-api-admin"), 0);
  EXPECT_EQ(replicas("statefulset/keycloak"), 0);
  EXPECT_EQ(replicas("deployment/mariadb"), 1);
}

TEST_F(Services, TheRecordIsThereBeforeTheFirstChangeAndGoneAfterTheLast) {
  const auto record = stop();
  ASSERT_GT(cluster_.calls.size(), 2U);
  EXPECT_EQ(cluster_.calls[0], "create ConfigMap") << "the run, before it does anything";
  EXPECT_EQ(cluster_.calls[1], "replace") << "what ran, before anything is stopped";
  start_services(cluster_, record, *reporter_);
  EXPECT_EQ(cluster_.calls.back(), "remove configmap");
  EXPECT_TRUE(cluster_.config_maps.empty());
  EXPECT_EQ(cluster_.workloads, before_) << "zero stays zero, suspended stays suspended";
  EXPECT_EQ(cluster_.removed.front(), "pod/exastro-maintenance-run");
}

TEST_F(Services, ASecondStopDoesNotWriteOverTheRecord) {
  stop();
  const Json record = cluster_.config_maps.begin()->second;
  system_.workloads = parse_workloads(cluster_.list("workloads", "ns", ""));
  try {
    stop();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), ExitStatus::kBusy);
  }
  EXPECT_EQ(cluster_.config_maps.begin()->second, record);
}

TEST_F(Services, CountsThatARecordHasAreNotThoseOfAStoppedSystem) {
  MaintenanceRecord record = stop();
  stop_workloads(cluster_, record_running(cluster_, system_, Standstill::kAllClients, record));
  start_services(cluster_, record, *reporter_);
  EXPECT_EQ(cluster_.workloads, before_);
}

TEST_F(Services, ARecordOfAnotherRunIsNotWrittenOver) {
  const MaintenanceRecord record = stop();
  EXPECT_THROW(update_record(cluster_, record, "another"), Error);
  cluster_.config_maps.clear();
  EXPECT_THROW(update_record(cluster_, record, record.run_id), Error);
}

// Whichever change fails, in stopping or in starting, what another run reads from the record brings all back.
TEST_F(Services, AfterAFailureAtAnyChangeTheRecordBringsAllBack) {
  int changes = 0;
  {
    const auto record = stop();
    start_services(cluster_, record, *reporter_);
    changes = static_cast<int>(cluster_.calls.size());
  }
  ASSERT_GT(changes, 8);
  for (int failing = 1; failing < changes; ++failing) {
    cluster_.workloads = before_;
    cluster_.calls.clear();
    cluster_.fail_at = failing;
    try {
      const auto record = stop();
      start_services(cluster_, record, *reporter_);
      FAIL() << "no failure at change " << failing;
    } catch (const Error&) {
      const auto record = find_record(cluster_, system_);
      ASSERT_TRUE(record) << "change " << failing;
      start_services(cluster_, *record, *reporter_);
    }
    EXPECT_EQ(cluster_.workloads, before_) << "change " << failing;
    EXPECT_TRUE(cluster_.config_maps.empty());
  }
}

TEST_F(Services, WhatSomebodyChangedMeanwhileIsLeftAndNamed) {
  const auto record = stop();
  cluster_.workloads.at("deployment/ita-by-one").replicas = 5;
  cluster_.workloads.erase("deployment/platform-job");
  start_services(cluster_, record, *reporter_);
  EXPECT_EQ(replicas("deployment/ita-by-one"), 5);
  EXPECT_NE(err_.str().find("ita-by-one"), std::string::npos);
  EXPECT_NE(err_.str().find("platform-job"), std::string::npos);
  EXPECT_EQ(replicas("deployment/platform-auth"), 2);
}

Json pod(const std::string& name, const std::string& app, const std::string& phase, const std::string& claim = "") {
  Json result = {{"metadata", {{"name", name}, {"namespace", "ns"}, {"labels", {{"app", app}}}}},
                 {"status", {{"phase", phase}}}};
  if (!claim.empty()) result["spec"]["volumes"] = Json::array({{{"persistentVolumeClaim", {{"claimName", claim}}}}});
  return result;
}

TEST_F(Services, WhoStartsAStoppedWorkloadAgainIsNamed) {
  const auto record = stop();
  EXPECT_TRUE(started_meanwhile(cluster_, system_, record).empty());
  cluster_.workloads.at("deployment/ita-by-one").replicas = 1;
  const Json field = {{"manager", "argocd-controller"},
                      {"time", "2026-02-01T00:00:00Z"},
                      {"fieldsV1", {{"f:spec", {{"f:replicas", Json::object()}}}}}};
  cluster_.managed = Json{{"metadata", {{"managedFields", Json::array({field})}}}};
  EXPECT_EQ(started_meanwhile(cluster_, system_, record),
            std::vector<std::string>{"ns/deployment/ita-by-one (by argocd-controller)"});
}

TEST_F(Services, WaitingNamesThePodsThatWillNotGo) {
  const auto record = stop();
  cluster_.pods = {pod("gone", "ita-by-one", "Succeeded"), pod("api", "ita-api-admin", "Running", "pvc-ita-global"),
                   pod("exastro-maintenance-run", "x", "Running", "pvc-ita-global")};
  wait_until_stopped(cluster_, system_, record, std::chrono::seconds(0));
  cluster_.pods.push_back(pod("stuck", "ita-by-one", "Running"));
  cluster_.pods.push_back(pod("ansible-job", "y", "Running", "pvc-ita-global"));
  try {
    wait_until_stopped(cluster_, system_, record, std::chrono::seconds(0));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("ns/stuck"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("ns/ansible-job"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find("ns/api"), std::string::npos);
  }
}

TEST(Texts, WhatFinishesACutOffRunCanBeTypedAsItStands) {
  MaintenanceRecord record;
  record.namespace_ = "ns";
  record.started_by = "me@here";
  record.operation = "restore";
  record.destructive = true;
  EXPECT_EQ(half_replaced(record).next(),
            "Finish it with a restore of everything: kubectl exastro restore -n ns --from FILE");
  record.source = " --from '/my backups/x.tar.age' --identity /key --adopt-keys";
  record.safety_backup = "/my backups/safety.tar";
  EXPECT_EQ(half_replaced(record).next(),
            "Finish it with a restore of everything: kubectl exastro restore -n ns --from '/my backups/x.tar.age' "
            "--identity /key --adopt-keys (on the machine of me@here). Or go back: kubectl exastro restore -n ns "
            "--from '/my backups/safety.tar' (on the machine of me@here)");
  record.operation = "reinstall";
  record.source = " --chart x --values /v.yaml";
  EXPECT_EQ(half_replaced(record).next(), "Finish it: kubectl exastro reinstall -n ns --chart x --values /v.yaml");
}

TEST(Texts, AnotherCommandsFlagForTheFile) {
  const auto told = [](const char* next) { return with_flag_for_file(Error("x", next), "--safety-dir").next(); };
  EXPECT_EQ(told("Write it elsewhere, with -o DIRECTORY/."), "Write it elsewhere, with --safety-dir DIRECTORY/.");
  EXPECT_EQ(told("give another place with -o."), "give another place with --safety-dir.");
  EXPECT_EQ(told("Fetch it: kubectl exastro fetch -o /x"), "Fetch it: kubectl exastro fetch -o /x");
  EXPECT_EQ(told("a-o is no flag"), "a-o is no flag");
  EXPECT_EQ(with_flag_for_file(Error("x", "", ExitStatus::kDamaged), "-y").status(), ExitStatus::kDamaged);
}

TEST(ReleasePods, OneThatIsBeingEndedIsAskedNothing) {
  System system;
  system.ita.namespace_ = "ns";
  system.storage.claim = "pvc-ita-global";
  const auto mounting = [](const char* name) {
    Json pod = {{"metadata", {{"name", name}, {"namespace", "ns"}}}, {"status", {{"phase", "Running"}}}};
    pod["spec"]["containers"] = Json::array({{{"name", "c"}}});
    pod["spec"]["volumes"] = Json::array({{{"persistentVolumeClaim", {{"claimName", "pvc-ita-global"}}}}});
    return pod;
  };
  Json ending = mounting("exastro-maintenance-1");
  ending["metadata"]["deletionTimestamp"] = "2026-11-28T03:51:12Z";
  EXPECT_FALSE(files_pod(system, {ending}));
  const auto found = files_pod(system, {ending, mounting("ita-by-one-1")});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "ita-by-one-1");
}

}  // namespace
}  // namespace exastro
