// A run against a cluster in memory: however it ends, what it changed is put back, or said to be not.
#include "sequence/maintenance_run.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "../temporary_folder.h"
#include "memory_cluster.h"
#include "sequence/backup_target.h"
#include "sequence/maintenance.h"

namespace exastro {
namespace {

class Run : public testing::Test {
 protected:
  void SetUp() override {
    cluster_.workloads = {{"deployment/platform-auth", {2, false}},
                          {"deployment/ita-by-one", {1, false}},
                          {"deployment/ita-api-admin", {3, false}},
                          {"cronjob/ita-by-file-autoclean", {0, false}}};
    before_ = cluster_.workloads;
    system_.platform.namespace_ = system_.ita.namespace_ = "ns";
    system_.platform.release = "exastro";
    system_.storage.claim = "pvc-ita-global";
    system_.ita.image = "mariadb:10.11";
    system_.releases.emplace_back();
    system_.releases[0].namespace_ = "ns";
    system_.workloads = parse_workloads(cluster_.list("workloads", "ns", ""));
  }
  [[nodiscard]] bool is_as_before() const {
    return cluster_.workloads == before_ && cluster_.config_maps.empty() && cluster_.maintenance_pods.empty();
  }

  // One that waits to be fetched; gives its record.
  MaintenanceRecord hold_a_backup() {
    MaintenanceRun run(cluster_, system_, backup_, *reporter_);
    run.start_pods(std::chrono::seconds(1));
    run.hold_backup();
    return run.record();
  }
  // As another run does that takes it.
  void take_lease_away() {
    Json& lease = cluster_.leases.begin()->second;
    lease["spec"]["holderIdentity"] = "another";
    lease["metadata"]["resourceVersion"] = "another's";
  }

  MaintenanceRun::Options backup_{.operation = "backup"};
  MaintenanceRun::Options restore_{.operation = "restore", .replaces_all = true, .source = "/backups/exastro.tar"};
  MaintenanceRun::Options stop_{.operation = "stop"};
  MemoryCluster cluster_;
  System system_;
  std::map<std::string, MemoryCluster::State> before_;
  std::ostringstream out_;
  std::ostringstream err_;
  std::unique_ptr<ui::Reporter> reporter_ = ui::text_reporter(out_, err_, {});
};

TEST_F(Run, RecordsItsPodsBeforeItMakesThemAndLeavesNothing) {
  MaintenanceRun run(cluster_, system_, backup_, *reporter_);
  run.start_pods(std::chrono::seconds(1));
  run.stop(Standstill::kWriters, std::chrono::seconds(1));
  EXPECT_EQ(cluster_.calls.at(0), "create ConfigMap");
  EXPECT_EQ(cluster_.calls.at(1), "create Pod");
  EXPECT_EQ(cluster_.workloads.at("deployment/platform-auth").replicas, 0);
  EXPECT_EQ(run.pod_of(system_.platform).name, "exastro-maintenance-" + run.id());
  run.put_back();
  EXPECT_TRUE(is_as_before());
  EXPECT_GE(run.outage().count(), 0);
}

TEST_F(Run, IsPutBackWhenItIsForgotten) {
  {
    MaintenanceRun run(cluster_, system_, backup_, *reporter_);
    run.start_pods(std::chrono::seconds(1));
    run.stop(Standstill::kWriters, std::chrono::seconds(1));
  }
  EXPECT_TRUE(is_as_before());
}

TEST_F(Run, AnErrorSaysThatTheServicesRunAgain) {
  {
    MaintenanceRun run(cluster_, system_, backup_, *reporter_);
    const Error before = run.after_failure(Error("The disk is full", "Make room.", ExitStatus::kFailed));
    EXPECT_STREQ(before.what(), "The disk is full. Nothing was stopped or changed.");
    EXPECT_TRUE(is_as_before());
  }
  MaintenanceRun second(cluster_, system_, backup_, *reporter_);
  second.stop(Standstill::kWriters, std::chrono::seconds(1));
  const Error after = second.after_failure(Error("The disk is full.", "Make room.", ExitStatus::kFailed));
  EXPECT_STREQ(after.what(), "The disk is full. The services were started again as they were.");
  EXPECT_EQ(after.next(), "Make room.");
  EXPECT_EQ(after.status(), ExitStatus::kFailed);
  EXPECT_TRUE(is_as_before());
}

TEST_F(Run, AnErrorInStartingIsNotHidden) {
  MaintenanceRun run(cluster_, system_, backup_, *reporter_);
  run.stop(Standstill::kWriters, std::chrono::seconds(1));
  cluster_.fail_at = static_cast<int>(cluster_.calls.size());
  cluster_.failure = kube::Reason::kForbidden;
  const Error error = run.after_failure(Error("The disk is full."));
  EXPECT_EQ(error.status(), ExitStatus::kServicesStopped);
  EXPECT_NE(error.next().find("exastro start"), std::string::npos);
  EXPECT_EQ(cluster_.config_maps.size(), 1U) << "the record is still there for the next run";
}

TEST_F(Run, AMomentsTroubleInTheNetworkLeavesNothingStopped) {
  MaintenanceRun run(cluster_, system_, backup_, *reporter_);
  run.stop(Standstill::kWriters, std::chrono::seconds(1));
  cluster_.fail_at = static_cast<int>(cluster_.calls.size()) + 1;
  run.put_back();
  EXPECT_TRUE(is_as_before());
}

TEST_F(Run, WhatPeopleSeeIsStoppedLastAndStartedFirst) {
  MaintenanceRun run(cluster_, system_, restore_, *reporter_);
  run.stop(Standstill::kAllClients, std::chrono::seconds(1));
  run.put_back();
  std::vector<std::string> scaled;
  for (const auto& call : cluster_.calls) {
    if (call.starts_with("scale ")) scaled.push_back(call.substr(call.find('/') + 1));
  }
  const std::vector<std::string> wanted{"ita-by-one",    "platform-auth", "ita-api-admin",
                                        "platform-auth", "ita-api-admin", "ita-by-one"};
  EXPECT_EQ(scaled, wanted);
}

TEST_F(Run, WhatPeopleSeeIsStartedWithTheRestIfItWouldNotStartBefore) {
  MaintenanceRun run(cluster_, system_, backup_, *reporter_);
  run.stop(Standstill::kWriters, std::chrono::seconds(1));
  cluster_.failure = kube::Reason::kOther;
  cluster_.fail_at = static_cast<int>(cluster_.calls.size());
  EXPECT_THROW(run.resume_serving(), Error);
  EXPECT_NE(cluster_.workloads, before_);
  run.resume_rest();
  EXPECT_EQ(cluster_.workloads, before_);
}

TEST_F(Run, WhatItHoldsStaysUntilAnotherFetchesIt) {
  const MaintenanceRun::Options fetch{.operation = "fetch", .fetches = true};
  std::string pod;
  {
    MaintenanceRun run(cluster_, system_, backup_, *reporter_);
    run.start_pods(std::chrono::seconds(1));
    run.stop(Standstill::kWriters, std::chrono::seconds(1));
    run.resume_serving();
    run.resume_rest();
    EXPECT_EQ(cluster_.workloads, before_);
    EXPECT_FALSE(find_record(cluster_, system_)->holds_backup()) << "what it holds may not be whole yet";
    run.hold_backup();
    pod = run.pod_of(system_.ita).name;
    const Error error = run.after_failure(Error("The line broke.", "", ExitStatus::kFailed));
    EXPECT_NE(error.next().find("kubectl exastro fetch -n ns"), std::string::npos);
    EXPECT_EQ(error.status(), ExitStatus::kFailed);
    EXPECT_TRUE(run.holds_backup());
  }
  ASSERT_TRUE(cluster_.maintenance_pods.contains(pod));
  EXPECT_EQ(cluster_.maintenance_pods.at(pod)["spec"]["activeDeadlineSeconds"], 72 * 3600);
  {
    const MaintenanceRun run(cluster_, system_, fetch, *reporter_);
    EXPECT_EQ(run.pod_of(system_.ita).name, pod);
    EXPECT_EQ(run.pod_of(system_.platform).name, pod);
  }
  EXPECT_TRUE(find_record(cluster_, system_)->holds_backup()) << "one that did not end well leaves it as it was";
  {
    MaintenanceRun run(cluster_, system_, fetch, *reporter_);
    run.put_back();
  }
  EXPECT_TRUE(is_as_before());
  try {
    const MaintenanceRun run(cluster_, system_, fetch, *reporter_);
    FAIL() << "there is nothing to fetch";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), ExitStatus::kNotFound);
  }
}

TEST_F(Run, WhoFetchesLaterIsToldWithWhichFlags) {
  MaintenanceRun::Options options = backup_;
  options.source = flags_text({"/backups/of me/", {{"age1x"}, {}, false}});
  EXPECT_EQ(options.source, " -o '/backups/of me/' --encrypt age1x");
  EXPECT_EQ(flags_text({"", {}}), " -o " + std::filesystem::current_path().string() + "/");
  EXPECT_EQ(flags_text({"-", {{}, {"/keys"}, true}}), " -o - --encrypt-to /keys --passphrase");
  EXPECT_EQ(flags_text({"a/../b", {}}), " -o " + (std::filesystem::current_path() / "a/../b").string());
  {
    MaintenanceRun run(cluster_, system_, options, *reporter_);
    run.start_pods(std::chrono::seconds(1));
    run.hold_backup();
    EXPECT_NE(run.after_failure(Error("Cut.")).next().find(options.source), std::string::npos);
  }
  try {
    const MaintenanceRun run(cluster_, system_, restore_, *reporter_);
    FAIL() << "it took away the only copy";
  } catch (const Error& error) {
    EXPECT_NE(error.next().find("fetch -n ns" + options.source + " (on the machine of "), std::string::npos);
  }
  MaintenanceRun fetch(cluster_, system_, {.operation = "fetch", .source = " -o other", .fetches = true}, *reporter_);
  EXPECT_NE(fetch.after_failure(Error("Cut.")).next().find("fetch -n ns -o other"), std::string::npos);
  EXPECT_NE(find_record(cluster_, system_)->source, " -o other") << "it is as the backup has left it";
}

// What has arrived of a backup is of use as long as the pods hold the rest.
TEST_F(Run, WhatHasArrivedGoesWithItsBackup) {
  const TemporaryFolder here;
  const TemporaryFolder there;
  MaintenanceRun::Options options = backup_;
  options.arrival_folder = here.path().string();
  const auto hold = [&] {
    MaintenanceRun run(cluster_, system_, options, *reporter_);
    run.start_pods(std::chrono::seconds(1));
    run.hold_backup();
    for (const auto* folder : {&here, &there}) std::ofstream(folder->path() / arrival_name(run.record())) << "x";
    std::ofstream(here.path() / "another") << "x";
  };
  const auto left = [](const TemporaryFolder& folder) {
    return std::distance(std::filesystem::directory_iterator(folder.path()), {});
  };
  hold();
  start_after_maintenance(cluster_, system_, false, *reporter_);
  EXPECT_EQ(left(here), 2);
  {
    MaintenanceRun fetch(cluster_, system_, {.operation = "fetch", .fetches = true}, *reporter_);
    fetch.note_arrival("");
    fetch.note_arrival(there.path().string());
    EXPECT_EQ(find_record(cluster_, system_)->arrival_folders.size(), 2U);
    EXPECT_TRUE(find_record(cluster_, system_)->holds_backup());
    fetch.after_failure(Error("Cut."));
    EXPECT_EQ(left(there), 1);
  }
  {
    MaintenanceRun fetch(cluster_, system_, {.operation = "fetch", .fetches = true}, *reporter_);
    fetch.put_back();  // it was fetched, or is not wanted
  }
  EXPECT_EQ(left(here), 1);
  EXPECT_EQ(left(there), 0);
  hold();
  MaintenanceRun next(cluster_, system_, backup_, *reporter_);
  EXPECT_EQ(left(here), 2) << "until another is whole";
  next.start_pods(std::chrono::seconds(1));
  next.hold_backup();
  EXPECT_EQ(left(here), 1) << "given up";
  next.put_back();
}

TEST_F(Run, WhatIsGoneWithItsPodIsNotSaidToWait) {
  hold_a_backup();
  cluster_.maintenance_pods.clear();
  MaintenanceRun run(cluster_, system_, {.operation = "fetch", .fetches = true}, *reporter_);
  const Error error = run.after_failure(Error("The stream broke."));
  EXPECT_NE(error.next().find("kubectl exastro backup"), std::string::npos) << error.next();
  EXPECT_FALSE(run.holds_backup());
  EXPECT_TRUE(is_as_before());
}

TEST_F(Run, WhatARestoreHasRaisedIsNotForgottenByTheSecondBackupAfterIt) {
  {
    MaintenanceRun run(cluster_, system_, backup_, *reporter_);
    run.start_pods(std::chrono::seconds(1));
    run.note_packet("shared", 16 << 20);
    run.hold_backup();
  }
  MaintenanceRun next(cluster_, system_, backup_, *reporter_);
  EXPECT_EQ(next.record().packets.at("shared"), 16U << 20);
}

TEST_F(Run, WhatWasNotFetchedInTimeStandsInNobodysWay) {
  hold_a_backup();
  cluster_.pod_status = {{"status", {{"phase", "Failed"}, {"reason", "DeadlineExceeded"}}}};
  MaintenanceRun run(cluster_, system_, restore_, *reporter_);
  EXPECT_NE(err_.str().find("was not fetched in time"), std::string::npos);
  run.put_back();
  EXPECT_TRUE(is_as_before());
}

TEST_F(Run, WhatWasNotFetchedIsGivenUpForTheNext) {
  hold_a_backup();
  start_after_maintenance(cluster_, system_, false, *reporter_);
  EXPECT_NE(out_.str().find("kubectl exastro fetch"), std::string::npos);
  for (const auto& options : {restore_, stop_}) {
    try {
      const MaintenanceRun run(cluster_, system_, options, *reporter_);
      ADD_FAILURE() << options.operation << " took away the only copy";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), ExitStatus::kBusy);
      EXPECT_NE(error.next().find("fetch --discard"), std::string::npos);
    }
  }
  const auto first = *find_record(cluster_, system_);
  const auto waits = [&] {
    const auto record = find_record(cluster_, system_);
    return record && record->run_id == first.run_id && record->holds_backup() && cluster_.workloads == before_ &&
           cluster_.maintenance_pods.size() == 1;
  };
  {
    MaintenanceRun failing(cluster_, system_, backup_, *reporter_);
    EXPECT_NE(err_.str().find("was not fetched; it is given up once this one is whole"), std::string::npos);
    failing.start_pods(std::chrono::seconds(1));
    failing.stop(Standstill::kWriters, std::chrono::seconds(1));
    EXPECT_EQ(cluster_.maintenance_pods.size(), 2U);
    const Error error = failing.after_failure(Error("The disk is full."));
    EXPECT_NE(std::string(error.what()).find("still waits to be fetched"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(waits());
  {
    MaintenanceRun failing(cluster_, system_, backup_, *reporter_);
    failing.stop(Standstill::kWriters, std::chrono::seconds(1));
    cluster_.config_maps.clear();
    const Error error = failing.after_failure(Error("Somebody has removed the record."));
    EXPECT_NE(std::string(error.what()).find("still waits to be fetched"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(waits());
  {
    MaintenanceRun failing(cluster_, system_, backup_, *reporter_);
    cluster_.lose_answer_at = 0;
    const Error error = failing.after_failure(Error("x", "y", ExitStatus::kDamaged));
    EXPECT_EQ(error.status(), ExitStatus::kDamaged) << error.what();
    EXPECT_EQ(error.next(), "y");
  }
  EXPECT_TRUE(waits());
  {
    MaintenanceRun direct(cluster_, system_, backup_, *reporter_);
    direct.start_pods(std::chrono::seconds(1));
    direct.put_back();
    EXPECT_TRUE(waits()) << "its file is not whole yet";
    direct.give_up_earlier();
  }
  EXPECT_TRUE(is_as_before());
}

// As killed at a point: what it has written stays.
TEST_F(Run, WhatWasNotFetchedOutlivesACutOffBackup) {
  const auto first = hold_a_backup();
  const MemoryCluster::State stopped{0, false};
  const auto kill_another = [&] {
    const auto config_maps = [&] {
      MaintenanceRun run(cluster_, system_, backup_, *reporter_);
      run.start_pods(std::chrono::seconds(1));
      run.stop(Standstill::kWriters, std::chrono::seconds(1));
      auto as_killed = cluster_.config_maps;
      run.put_back();
      return as_killed;
    }();
    cluster_.config_maps = config_maps;
    cluster_.workloads.at("deployment/platform-auth") = stopped;
  };
  kill_another();
  start_after_maintenance(cluster_, system_, false, *reporter_);
  EXPECT_EQ(find_record(cluster_, system_)->run_id, first.run_id);
  EXPECT_EQ(cluster_.workloads, before_);
  kill_another();
  EXPECT_THROW(MaintenanceRun(cluster_, system_, restore_, *reporter_), Error);
  EXPECT_EQ(find_record(cluster_, system_)->run_id, first.run_id) << "what was cut off is put back all the same";
  EXPECT_EQ(cluster_.workloads, before_);
  kill_another();
  {
    MaintenanceRun next(cluster_, system_, backup_, *reporter_);
    EXPECT_EQ(next.record().held->run_id, first.run_id);
    next.put_back();
  }
  kill_another();
  MaintenanceRun fetch(cluster_, system_, {.operation = "fetch", .fetches = true}, *reporter_);
  EXPECT_EQ(fetch.id(), first.run_id);
  EXPECT_EQ(cluster_.workloads, before_);
  fetch.put_back();
  EXPECT_TRUE(is_as_before());
}

TEST_F(Run, ARecordThatSomebodyRemovesLeavesNothingStopped) {
  for (const bool with_lease : {false, true}) {
    MaintenanceRun run(cluster_, system_, backup_, *reporter_);
    run.start_pods(std::chrono::seconds(1));
    run.stop(Standstill::kWriters, std::chrono::seconds(1));
    cluster_.config_maps.clear();
    if (with_lease) cluster_.leases.clear();
    if (with_lease) {
      run.resume_serving();
      EXPECT_EQ(cluster_.workloads.at("deployment/platform-auth").replicas, 2);
      EXPECT_EQ(cluster_.maintenance_pods.size(), 1U) << "what they hold is wanted";
      cluster_.config_maps.clear();
    }
    EXPECT_EQ(run.after_failure(Error("x")).status(), ExitStatus::kFailed);
    EXPECT_TRUE(is_as_before());
    EXPECT_NE(err_.str().find("somebody has removed it"), std::string::npos);
  }
}

TEST_F(Run, WhatAnotherMayHaveStoppedSinceIsToldAndNotStarted) {
  MaintenanceRun run(cluster_, system_, backup_, *reporter_);
  run.stop(Standstill::kWriters, std::chrono::seconds(1));
  // Another run has taken its place, and has ended.
  cluster_.config_maps.clear();
  take_lease_away();
  const Error error = run.after_failure(Error("x"));
  EXPECT_EQ(error.status(), ExitStatus::kServicesStopped);
  EXPECT_NE(std::string(error.what()).find("ns/deployment/platform-auth (had 2)"), std::string::npos) << error.what();
  EXPECT_NE(error.next().find("kubectl scale"), std::string::npos);
  EXPECT_EQ(cluster_.workloads.at("deployment/platform-auth").replicas, 0);
}

TEST_F(Run, WhatAnotherHoldsIsNotToBeStarted) {
  MaintenanceRun run(cluster_, system_, backup_, *reporter_);
  run.stop(Standstill::kWriters, std::chrono::seconds(1));
  auto others = *find_record(cluster_, system_);
  others.run_id = "another";
  others.operation = "stop";
  cluster_.config_maps.clear();
  create_record(cluster_, others);
  const Error error = run.after_failure(Error("x"));
  EXPECT_EQ(error.status(), ExitStatus::kBusy);
  EXPECT_EQ(error.next().find("exastro start"), std::string::npos) << error.next();
}

TEST_F(Run, NothingIsStoppedOnceAnotherHasTakenItsPlace) {
  MaintenanceRun run(cluster_, system_, backup_, *reporter_);
  take_lease_away();
  EXPECT_THROW(run.stop(Standstill::kWriters, std::chrono::seconds(1)), Error);
  EXPECT_EQ(cluster_.workloads, before_);
}

TEST_F(Run, PastItsFirstDestructionItLeavesTheServicesStopped) {
  {
    MaintenanceRun run(cluster_, system_, restore_, *reporter_);
    run.start_pods(std::chrono::seconds(1));
    run.stop(Standstill::kAllClients, std::chrono::seconds(1));
    run.begin_destruction("");
    const Error error = run.after_failure(Error("The load failed."));
    EXPECT_EQ(error.status(), ExitStatus::kServicesStopped);
    EXPECT_NE(error.next().find("exastro restore"), std::string::npos);
  }
  EXPECT_EQ(cluster_.workloads.at("deployment/platform-auth").replicas, 0);
  EXPECT_TRUE(cluster_.maintenance_pods.empty());
  ASSERT_TRUE(find_record(cluster_, system_)->destructive);

  // Nobody else goes on from there by accident.
  EXPECT_THROW(MaintenanceRun(cluster_, system_, backup_, *reporter_), Error);
  MaintenanceRun::Options part = restore_;
  part.replaces_all = false;
  EXPECT_THROW(MaintenanceRun(cluster_, system_, part, *reporter_), Error);
  MaintenanceRun again(cluster_, system_, restore_, *reporter_);
  again.stop(Standstill::kAllClients, std::chrono::seconds(1));
  again.end_destruction();
  again.put_back();
  EXPECT_TRUE(is_as_before()) << "with the counts from before the first run";
}

TEST_F(Run, ARunThatFailsAfterTakingOverLeavesTheServicesStopped) {
  {
    MaintenanceRun run(cluster_, system_, restore_, *reporter_);
    run.stop(Standstill::kAllClients, std::chrono::seconds(1));
    run.begin_destruction("");
    static_cast<void>(run.after_failure(Error("The load failed.")));
  }
  MaintenanceRun again(cluster_, system_, restore_, *reporter_);
  EXPECT_EQ(again.after_failure(Error("No pod.")).status(), ExitStatus::kServicesStopped);
  EXPECT_EQ(cluster_.workloads.at("deployment/platform-auth").replicas, 0);
  EXPECT_TRUE(find_record(cluster_, system_)->destructive);
}

TEST_F(Run, ARestoreOfTheFilesAloneIsFinishedByAnotherOfTheFiles) {
  MaintenanceRun::Options of_files = restore_;
  of_files.replaces_all = false;
  of_files.replaces_files = true;
  for (const bool with_databases : {false, true}) {
    {
      MaintenanceRun run(cluster_, system_, of_files, *reporter_);
      run.stop(Standstill::kAllClients, std::chrono::seconds(1));
      run.begin_destruction("", with_databases ? std::vector<std::string>{"ITA_DB"} : std::vector<std::string>{});
      static_cast<void>(run.after_failure(Error("Killed.")));
    }
    if (with_databases) {
      EXPECT_THROW(MaintenanceRun(cluster_, system_, of_files, *reporter_), Error);
      break;
    }
    MaintenanceRun again(cluster_, system_, of_files, *reporter_);
    EXPECT_TRUE(again.finishes_another());
    again.end_destruction();
    again.put_back();
    EXPECT_TRUE(is_as_before());
  }
}

TEST_F(Run, WhoFinishesAnothersRestoreKeepsTheNameOfWhatThatOneKept) {
  {
    MaintenanceRun run(cluster_, system_, restore_, *reporter_);
    EXPECT_FALSE(run.finishes_another());
    run.stop(Standstill::kAllClients, std::chrono::seconds(1));
    run.begin_destruction("/backups/safety.tar", {"ITA_DB"}, {"ITA_USER"});
    static_cast<void>(run.after_failure(Error("Killed.")));
  }
  MaintenanceRun again(cluster_, system_, restore_, *reporter_);
  EXPECT_TRUE(again.finishes_another()) << "what is there now is not worth a safety backup";
  again.stop(Standstill::kAllClients, std::chrono::seconds(1));
  again.begin_destruction("", {"keycloak"}, {"keycloak"});
  const auto record = find_record(cluster_, system_);
  EXPECT_EQ(record->safety_backup, "/backups/safety.tar");
  EXPECT_EQ(record->brought_databases, (std::set<std::string>{"ITA_DB", "keycloak"}));
  EXPECT_EQ(record->brought_users, (std::set<std::string>{"ITA_USER", "keycloak"}));
  const Error error = again.after_failure(Error("The load failed."));
  EXPECT_NE(error.next().find("--from /backups/safety.tar"), std::string::npos) << error.next();
}

TEST_F(Run, WhatARunThatWasKilledLeftIsPutBackFirst) {
  MaintenanceRecord record;
  record.namespace_ = "ns";
  record.release = "exastro";
  record.run_id = "killed";
  record.operation = "backup";
  create_record(cluster_, record);
  stop_workloads(cluster_, record_running(cluster_, system_, Standstill::kWriters, record));
  cluster_.maintenance_pods["exastro-maintenance-killed"] = {};
  record.pods = {{"ns", "exastro-maintenance-killed"}};
  update_record(cluster_, record, record.run_id);
  MaintenanceRun run(cluster_, system_, backup_, *reporter_);
  EXPECT_EQ(cluster_.workloads, before_);
  EXPECT_TRUE(cluster_.maintenance_pods.empty());
  EXPECT_NE(err_.str().find("was cut off"), std::string::npos);
  run.put_back();
  EXPECT_TRUE(is_as_before());
}

// It raised max_allowed_packet, and no run since then has reached the server to put it back.
TEST_F(Run, WhatARunThatWasKilledHasRaisedIsNeverForgotten) {
  MaintenanceRecord record = new_record("ns", "exastro", "restore");
  record.packets = {{"shared", 16777216}};
  create_record(cluster_, record);
  cluster_.calls.clear();
  MaintenanceRun run(cluster_, system_, backup_, *reporter_);
  EXPECT_EQ(find_record(cluster_, system_)->packets, record.packets);
  EXPECT_EQ(cluster_.calls, std::vector<std::string>{"replace"}) << "there is a record at every moment";
  run.put_back();
  EXPECT_NE(err_.str().find("SET GLOBAL max_allowed_packet = 16777216"), std::string::npos) << err_.str();
  EXPECT_TRUE(is_as_before());
}

TEST_F(Run, RenewedPodsAreRecordedBeforeTheyAreMadeAndTheFormerAreGone) {
  MaintenanceRun run(cluster_, system_, restore_, *reporter_);
  run.start_pods(std::chrono::seconds(1));
  const std::string former = run.pod_of(system_.ita).name;
  cluster_.calls.clear();
  run.renew_pods(std::chrono::seconds(1));
  EXPECT_EQ(cluster_.calls, (std::vector<std::string>{"remove pod", "replace", "create Pod"}));
  const std::string present = run.pod_of(system_.ita).name;
  EXPECT_NE(present, former);
  ASSERT_EQ(find_record(cluster_, system_)->pods.size(), 1U);
  EXPECT_EQ(find_record(cluster_, system_)->pods[0].name, present);
  EXPECT_FALSE(cluster_.maintenance_pods.contains(former));
  run.put_back();
  EXPECT_TRUE(is_as_before());
}

TEST_F(Run, StartAfterARestoreThatWasCutOffCleansUpInAPod) {
  MaintenanceRecord record;
  record.namespace_ = "ns";
  record.release = "exastro";
  record.run_id = "killed";
  record.operation = "restore";
  create_record(cluster_, record);
  stop_workloads(cluster_, record_running(cluster_, system_, Standstill::kAllClients, record));
  start_after_maintenance(cluster_, system_, false, *reporter_);
  EXPECT_TRUE(is_as_before());
  EXPECT_EQ(cluster_.commands, 1) << "what was unpacked beside the files is removed";
  EXPECT_NE(out_.str().find("Started 4 workloads"), std::string::npos) << out_.str();
}

TEST_F(Run, ASecondOneIsToldWhoHoldsTheRelease) {
  backup_.lease.duration = std::chrono::milliseconds(400);
  backup_.lease.renewal = std::chrono::milliseconds(50);
  MaintenanceRun run(cluster_, system_, backup_, *reporter_);
  try {
    const MaintenanceRun second(cluster_, system_, backup_, *reporter_);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), ExitStatus::kBusy);
    EXPECT_NE(std::string(error.what()).find("backup by " + this_person()), std::string::npos);
  }
  run.put_back();
}

TEST_F(Run, ALeaseThatNobodyRenewsIsTakenAndTheSleeperDestroysNothing) {
  backup_.lease.duration = std::chrono::milliseconds(100);
  restore_.lease.renewal = std::chrono::hours(1);  // it sleeps
  MaintenanceRun sleeper(cluster_, system_, restore_, *reporter_);
  sleeper.stop(Standstill::kAllClients, std::chrono::seconds(1));
  {
    MaintenanceRun second(cluster_, system_, backup_, *reporter_);
    second.put_back();
  }
  EXPECT_EQ(cluster_.workloads, before_);
  EXPECT_THROW(sleeper.begin_destruction(""), Error);
  EXPECT_FALSE(find_record(cluster_, system_));
}

TEST_F(Run, TheLeaseEndsWithTheRun) {
  { MaintenanceRun(cluster_, system_, backup_, *reporter_).put_back(); }
  EXPECT_TRUE(cluster_.leases.empty());
  { MaintenanceRun(cluster_, system_, stop_, *reporter_).leave_stopped(); }
  EXPECT_TRUE(cluster_.leases.empty());
}

TEST_F(Run, WhatWasStoppedOnPurposeStaysStopped) {
  {
    MaintenanceRun run(cluster_, system_, stop_, *reporter_);
    run.stop(Standstill::kWriters, std::chrono::seconds(1));
    run.leave_stopped();
  }
  try {
    const MaintenanceRun run(cluster_, system_, backup_, *reporter_);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), ExitStatus::kBusy);
    EXPECT_NE(error.next().find("exastro start"), std::string::npos);
  }
  EXPECT_EQ(cluster_.workloads.at("deployment/platform-auth").replicas, 0);
}

TEST_F(Run, LeftStoppedItCanBeStartedByAnother) {
  {
    MaintenanceRun run(cluster_, system_, stop_, *reporter_);
    run.stop(Standstill::kWriters, std::chrono::seconds(1));
    run.leave_stopped();
  }
  const auto record = find_record(cluster_, system_);
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->destructive);
  start_services(cluster_, *record, *reporter_);
  EXPECT_TRUE(is_as_before());
}

Json status_of_container(const std::string& reason, const std::string& message) {
  return {
      {"status",
       {{"containerStatuses", Json::array({{{"state", {{"waiting", {{"reason", reason}, {"message", message}}}}}}})}}}};
}

TEST_F(Run, APodThatCannotStartSaysWhy) {
  cluster_.pod_status = status_of_container("ImagePullBackOff", "no such image");
  MaintenanceRun run(cluster_, system_, backup_, *reporter_);
  try {
    run.start_pods(std::chrono::seconds(60));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("no such image"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("mariadb:10.11"), std::string::npos);
  }
}

TEST_F(Run, APodThatIsNotReadyInTimeSaysWhatItWaitsFor) {
  cluster_.pod_status = {{"status",
                          {{"conditions", Json::array({{{"type", "PodScheduled"},
                                                        {"status", "False"},
                                                        {"reason", "Unschedulable"},
                                                        {"message", "no node fits"}}})}}}};
  MaintenanceRun run(cluster_, system_, backup_, *reporter_);
  try {
    run.start_pods(std::chrono::seconds(0));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("no node fits"), std::string::npos);
  }
}

}  // namespace
}  // namespace exastro
