// A reinstall against a cluster and a Helm in memory: what it removes and keeps, what it refuses, and that it can be
// killed at any change and finished by the next.
#include "sequence/reinstall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <sstream>

#include "helm_record.h"
#include "memory_cluster.h"
#include "sequence/maintenance_run.h"

namespace exastro {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// A cluster with one release, which can die at a change: from then on, nothing reaches it.
class ReleaseCluster : public MemoryCluster {
 public:
  std::map<std::string, Json> objects;  // "kind/name"
  std::vector<kube::HelmRecord> records;
  std::atomic<int> changes = 0;  // the lease is renewed by a thread of its own
  std::atomic<int> dies_at = -1;
  bool proxy_answers = true;
  // A pod that is being removed, and how many times it is seen until it is gone.
  std::string leaving;
  int looks_at_leaving = 0;

  void step() {
    if (dies_at >= 0 && changes >= dies_at) throw unreachable();
    ++changes;
  }
  void reach() const {
    if (dies_at >= 0 && changes >= dies_at) throw unreachable();
  }
  static kube::KubeError unreachable() { return {kube::Reason::kUnreachable, "killed", "", ExitStatus::kFailed}; }

  std::vector<Json> list(const std::string& kinds, const std::optional<std::string>&, const std::string&) override {
    reach();
    std::vector<Json> found;
    for (const auto& [reference, object] : objects) {
      const std::string kind = reference.substr(0, reference.find('/')) + "s";
      if (("," + kinds + ",").find("," + kind + ",") != std::string::npos) found.push_back(object);
    }
    if (!leaving.empty() && kinds == "pods" && --looks_at_leaving == 0) objects.erase(leaving);
    return found;
  }
  std::optional<Json> get(const std::string& kind, const std::string& namespace_, const std::string& name) override {
    reach();
    if (const auto found = objects.find(kind + "/" + name); found != objects.end()) return found->second;
    return MemoryCluster::get(kind, namespace_, name);
  }
  std::vector<kube::HelmRecord> helm_records(const std::optional<std::string>&) override {
    reach();
    return records;
  }
  Json create(const Json& object) override {
    object["kind"] == "Lease" ? reach() : step();
    return MemoryCluster::create(object);
  }
  Json replace(const Json& object) override {
    object["kind"] == "Lease" ? reach() : step();
    return MemoryCluster::replace(object);
  }
  void remove_if_unchanged(const Json& lease) override {
    reach();
    MemoryCluster::remove_if_unchanged(lease);
  }
  void remove(const std::string& kind, const std::string& namespace_, const std::string& name) override {
    step();
    if (kind == "secret") std::erase_if(records, [&](const auto& record) { return record.secret == name; });
    if (objects.erase(kind + "/" + name) == 0) MemoryCluster::remove(kind, namespace_, name);
  }
  std::vector<bool> allowed(const std::vector<kube::Access>& accesses) override {
    return std::vector<bool>(accesses.size(), true);
  }
  kube::HttpAnswer ask_service(const std::string&, const std::string&, const std::string&,
                               const std::string&) override {
    return {proxy_answers ? kube::HttpAnswer::Kind::kAnswers : kube::HttpAnswer::Kind::kFails, "500"};
  }

  void put(const std::string& kind, const std::string& name, Json rest = Json::object()) {
    rest["kind"] = kind;
    rest["metadata"]["name"] = name;
    rest["metadata"]["namespace"] = "ns";
    rest["metadata"]["uid"] = std::to_string(++uids_);
    rest["metadata"]["annotations"]["meta.helm.sh/release-name"] = "exastro";
    rest["metadata"]["labels"]["app.kubernetes.io/name"] = name;
    objects[lower(kind) + "/" + name] = std::move(rest);
  }

 private:
  int uids_ = 0;
};

struct Made {
  const char* kind;
  const char* name;
};
constexpr std::array<Made, 15> kMade{{{"StatefulSet", "keycloak"},
                                      {"ConfigMap", "platform-params-pf-database"},
                                      {"ConfigMap", "platform-params-keycloak"},
                                      {"ConfigMap", "ita-params-ita-database"},
                                      {"ConfigMap", "ita-params-ita-global"},
                                      {"Secret", "platform-secret-pf-database"},
                                      {"Secret", "platform-secret-pf-global"},
                                      {"Secret", "platform-secret-keycloak"},
                                      {"Secret", "ita-secret-ita-database"},
                                      {"Secret", "ita-secret-ita-global"},
                                      {"PersistentVolumeClaim", "pvc-ita-global"},
                                      {"Deployment", "platform-auth"},
                                      {"Deployment", "ita-by-menu-create"},
                                      {"Deployment", "mariadb"},
                                      {"Pod", "ita-migration-2.7.1-abcde"}}};

const std::map<std::string, std::string> kSecretData{
    {"DB_ADMIN_USER", "root"},         {"DB_ADMIN_PASSWORD", "hidden"}, {"DB_USER", "user"},
    {"DB_PASSWORD", "hidden"},         {"ENCRYPT_KEY", "a2V5"},         {"KEYCLOAK_DB_USER", "keycloak"},
    {"KEYCLOAK_DB_PASSWORD", "hidden"}};

std::string manifest() {
  std::string text;
  for (const auto& [kind, name] : kMade) {
    text += std::string("---\nkind: ") + kind + "\nmetadata:\n  name: " + name +
            "\n  labels: {app.kubernetes.io/name: " + name + "}\n";
    if (std::string_view(kind) != "Secret") continue;
    text += "data:\n";
    for (const auto& [field, value] : kSecretData) text += "  " + field + ": " + base64_encode(value) + "\n";
  }
  return text;
}

Json object_of(const std::string& kind, const std::string& name) {
  if (kind == "ConfigMap") {
    return {{"data",
             {{"DB_VENDOR", "mariadb"},
              {"DB_HOST", "mariadb"},
              {"DB_PORT", "3306"},
              {"DB_DATABASE", "db"},
              {"STORAGEPATH", "/storage/"}}}};
  }
  if (kind == "Secret") {
    Json data = Json::object();
    for (const auto& [field, value] : kSecretData) data[field] = base64_encode(value);
    return {{"data", data}};
  }
  if (kind == "PersistentVolumeClaim") return {{"spec", {{"accessModes", {"ReadWriteMany"}}, {"volumeName", "pv-1"}}}};
  if (kind == "Pod") return {{"status", {{"phase", "Succeeded"}}}};
  return {
      {"spec",
       {{"replicas", 1},
        {"template",
         {{"metadata", {{"labels", {{"app", name}}}}}, {"spec", {{"containers", {{{"image", "mariadb:10.11"}}}}}}}}}},
      {"status", {{"readyReplicas", 1}}}};
}

// Creates what is missing, one object after the other, as a process that can be killed in between.
class MemoryHelm : public kube::Helm {
 public:
  explicit MemoryHelm(ReleaseCluster& cluster) : cluster_(cluster) {}

  void add_revision(const std::string& status, const Json& config = Json::object()) {
    const int revision = cluster_.records.empty() ? 1 : cluster_.records.back().revision + 1;
    const std::string secret = "sh.helm.release.v1.exastro.v" + std::to_string(revision);
    cluster_.records.push_back({"ns", secret, "exastro", revision, status});
    cluster_.secrets[secret] = {
        {"metadata", {{"name", secret}}},
        {"data",
         {{"release", helm_encoded({{"name", "exastro"},
                                    {"namespace", "ns"},
                                    {"version", revision},
                                    {"config", config},
                                    {"manifest", manifest()},
                                    {"chart", {{"metadata", {{"name", "exastro"}, {"version", "1.7.5"}}}}}})}}}};
  }
  void rollback(const std::string&, const std::string&, int) override {
    ++rollbacks;
    cluster_.step();
    add_revision("pending-rollback");
    create_missing();
  }
  kube::HelmRendering render(const kube::HelmUpgrade& upgrade) override {
    rendered = upgrade;
    return {rendering.empty() ? manifest() : rendering, upgrade.last_values};
  }
  void upgrade(const kube::HelmUpgrade& upgrade) override {
    ++upgrades;
    EXPECT_FALSE(cluster_.records.back().status.starts_with("pending-")) << "Helm refuses this";
    rendered = upgrade;
    cluster_.step();
    add_revision("pending-upgrade");
    create_missing();
  }

  int rollbacks = 0;
  int upgrades = 0;
  kube::HelmUpgrade rendered;
  std::string rendering;

 private:
  void create_missing() {
    for (const auto& [kind, name] : kMade) {
      if (cluster_.objects.contains(lower(kind) + "/" + name)) continue;
      cluster_.step();
      cluster_.put(kind, name, object_of(kind, name));
    }
    cluster_.step();
    for (auto& record : cluster_.records) {
      if (record.status == "deployed") record.status = "superseded";
    }
    cluster_.records.back().status = "deployed";
  }

  ReleaseCluster& cluster_;
};

// A system, and what is asked of it.
struct Site {
  Site() {
    for (const auto& [kind, name] : kMade) cluster.put(kind, name, object_of(kind, name));
    // Not the release's: in no manifest, or marked as another's.
    cluster.put("ConfigMap", "hand-made");
    cluster.put("Secret", "tls");
    cluster.put("Deployment", "somebodys", object_of("Deployment", "somebodys"));
    helm.add_revision("deployed");
    request.yes = true;
    request.back_up = false;
    request.timeout = std::chrono::seconds(5);
    request.lease = {std::chrono::milliseconds(30), std::chrono::milliseconds(10)};
  }

  void run() { reinstall(cluster, helm, request, *reporter); }
  Error refusal() {
    const auto before = cluster.objects;
    try {
      run();
    } catch (const Error& error) {
      EXPECT_EQ(cluster.objects, before) << "a refusal must change nothing";
      EXPECT_TRUE(cluster.config_maps.empty());
      return error;
    }
    ADD_FAILURE() << "not refused";
    return Error("");
  }
  // Everything is there once; of the release, workloads, pods and ConfigMaps are new ones, the rest the ones from
  // before.
  void expect_reinstalled(const std::map<std::string, Json>& before) {
    ASSERT_EQ(cluster.objects.size(), before.size());
    for (const auto& [reference, object] : before) {
      ASSERT_TRUE(cluster.objects.contains(reference)) << reference;
      const bool kept = reference.starts_with("secret/") || reference.starts_with("persistentvolumeclaim/") ||
                        reference == "configmap/hand-made" || reference == "deployment/somebodys";
      EXPECT_EQ(cluster.objects.at(reference)["metadata"]["uid"] == object["metadata"]["uid"], kept) << reference;
    }
    EXPECT_TRUE(cluster.config_maps.empty()) << "the record is left";
    EXPECT_TRUE(cluster.leases.empty());
    EXPECT_EQ(cluster.records.back().status, "deployed");
    for (const auto& record : cluster.records) EXPECT_FALSE(record.status.starts_with("pending-upgrade"));
  }

  ReleaseCluster cluster;
  MemoryHelm helm{cluster};
  ReinstallRequest request;
  std::ostringstream out;
  std::ostringstream err;
  std::unique_ptr<ui::Reporter> reporter = ui::text_reporter(out, err, {});
};

TEST(Reinstall, RemovesAndCreatesWhatIsTheReleasesAndNothingElse) {
  Site site;
  const auto before = site.cluster.objects;
  site.run();
  site.expect_reinstalled(before);
  EXPECT_EQ(site.helm.rollbacks, 1);
  EXPECT_THAT(site.out.str(), HasSubstr("Reinstalled ns/exastro"));
}

TEST(Reinstall, CreatesWhatSomebodyHasDeleted) {
  Site site;
  const auto before = site.cluster.objects;
  for (const char* gone : {"deployment/mariadb", "deployment/platform-auth", "configmap/platform-params-pf-database",
                           "configmap/ita-params-ita-global"}) {
    site.cluster.objects.erase(gone);
  }
  site.request.back_up = true;
  EXPECT_THAT(site.refusal().next(), HasSubstr("--no-backup"));
  site.request.back_up = false;
  site.run();
  site.expect_reinstalled(before);
}

TEST(Reinstall, KilledAtAnyChangeItIsFinishedByTheNext) {
  for (const bool with_chart : {false, true}) {
    for (int at = 0;; ++at) {
      SCOPED_TRACE(testing::Message() << (with_chart ? "chart" : "rollback") << ", killed at change " << at);
      Site site;
      if (with_chart) site.request.charts = {"exastro/exastro"};
      const auto before = site.cluster.objects;
      site.cluster.dies_at = at;
      bool died = false;
      try {
        site.run();
      } catch (const Error&) {
        died = true;
      }
      site.cluster.dies_at = -1;
      if (!died) {
        EXPECT_GT(at, 20) << "too few changes for a reinstall";
        break;
      }
      site.run();
      site.expect_reinstalled(before);
    }
  }
}

TEST(Reinstall, OthersAreRefusedMeanwhileWithTheCommandThatFinishesIt) {
  Site site;
  site.request.charts = {"./my charts/exastro"};
  site.cluster.dies_at = 8;
  EXPECT_THROW(site.run(), Error);
  site.cluster.dies_at = -1;
  try {
    find_system(site.cluster, {}, *site.reporter);
    FAIL() << "the ConfigMaps are there still";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), ExitStatus::kServicesStopped);
    EXPECT_THAT(error.next(), HasSubstr("kubectl exastro reinstall -n ns --chart './my charts/exastro'"));
  }
  System system;
  system.platform.namespace_ = system.ita.namespace_ = "ns";
  system.platform.release = "exastro";
  try {
    MaintenanceRun run(site.cluster, system,
                       {.operation = "restore", .replaces_all = true, .lease = site.request.lease}, *site.reporter);
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), ExitStatus::kServicesStopped);
    EXPECT_THAT(error.next(), HasSubstr("reinstall"));
  }
}

// The backup that a reinstall begins with would give it up.
TEST(Reinstall, LeavesABackupThatWasNotFetched) {
  for (const bool back_up : {true, false}) {
    Site site;
    site.request.back_up = back_up;
    MaintenanceRecord record = new_record("ns", "exastro", "backup");
    record.staged_until = "2036-01-31T12:34:56Z";
    create_record(site.cluster, record);
    const auto before = site.cluster.objects;
    try {
      site.run();
      ADD_FAILURE() << "not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), ExitStatus::kBusy);
      EXPECT_THAT(error.next(), HasSubstr("kubectl exastro fetch --discard -n ns"));
    }
    EXPECT_EQ(site.cluster.objects, before);
    EXPECT_TRUE(find_record(site.cluster, "ns", "exastro")->holds_backup());
  }
}

TEST(Reinstall, RefusesValuesThatWipeTheData) {
  Site site;
  site.helm.add_revision("deployed", {{"exastro-platform", {{"mariadb", {{"persistence", {{"reinstall", true}}}}}}}});
  EXPECT_THAT(site.refusal().what(), HasSubstr("exastro-platform.mariadb.persistence.reinstall"));
}

TEST(Reinstall, RefusesAReleaseInTheMiddleOfAnother) {
  Site site;
  site.helm.add_revision("pending-upgrade");
  const Error error = site.refusal();
  EXPECT_EQ(error.status(), ExitStatus::kBusy);
  EXPECT_THAT(error.what(), HasSubstr("pending-upgrade"));
}

TEST(Reinstall, RefusesARollbackThatBringsOldKeysBackAndTakesTheChart) {
  Site site;
  site.cluster.objects["secret/ita-secret-ita-global"]["data"]["ENCRYPT_KEY"] = base64_encode("bmV3");
  const Error error = site.refusal();
  EXPECT_THAT(error.what(), HasSubstr("ita-secret-ita-global: ENCRYPT_KEY"));
  EXPECT_THAT(error.what(), Not(HasSubstr("bmV3")));
  EXPECT_THAT(error.next(), HasSubstr("--chart"));
  EXPECT_EQ(site.helm.rollbacks, 0);

  site.request.charts = {"exastro/exastro"};
  EXPECT_THAT(site.refusal().what(), HasSubstr("would change Secrets")) << "the chart renders the old key";

  site.helm.rendering = manifest();
  const std::string name = "name: ita-secret-ita-global";
  const auto at = site.helm.rendering.find(base64_encode("a2V5"), site.helm.rendering.find(name));
  site.helm.rendering.replace(at, base64_encode("a2V5").size(), base64_encode("bmV3"));
  site.run();
  EXPECT_EQ(site.helm.rendered.last_values["global"]["itaGlobalDefinition"]["secret"]["ENCRYPT_KEY"], "bmV3");
  EXPECT_EQ(site.helm.upgrades, 1);
}

TEST(Reinstall, RefusesAChartThatLacksAClaim) {
  Site site;
  site.request.charts = {"exastro/exastro"};
  site.helm.rendering = manifest();
  const std::string claim = "name: pvc-ita-global";
  site.helm.rendering.replace(site.helm.rendering.find(claim), claim.size(), "name: pvc-other");
  EXPECT_THAT(site.refusal().what(), HasSubstr("pvc-ita-global: Helm would delete it"));
}

TEST(Reinstall, RefusesWhileAJobWorksOnTheFiles) {
  Site site;
  const Json volumes = {{{"persistentVolumeClaim", {{"claimName", "pvc-ita-global"}}}}};
  site.cluster.put("Pod", "job-of-ansible", {{"spec", {{"volumes", volumes}}}, {"status", {{"phase", "Running"}}}});
  EXPECT_THAT(site.refusal().what(), HasSubstr("job-of-ansible"));
}

TEST(Reinstall, WaitsForTheEndOfAPodThatIsBeingRemoved) {
  Site site;
  const auto before = site.cluster.objects;
  const Json volumes = {{{"persistentVolumeClaim", {{"claimName", "pvc-ita-global"}}}}};
  site.cluster.put("Pod", "exastro-maintenance-1",
                   {{"metadata", {{"deletionTimestamp", "2026-01-31T12:34:56Z"}}},
                    {"spec", {{"volumes", volumes}}},
                    {"status", {{"phase", "Running"}}}});
  site.cluster.leaving = "pod/exastro-maintenance-1";
  site.cluster.looks_at_leaving = 2;
  site.run();
  EXPECT_LE(site.cluster.looks_at_leaving, 0) << "it was seen and did not matter";
  site.expect_reinstalled(before);
}

TEST(Reinstall, RefusesAStatefulSetThatTakesItsClaimsWithItUnlessItIsAnothers) {
  const Json deletes = {{"whenDeleted", "Delete"}};
  Site site;
  site.cluster.put("StatefulSet", "somebodys", object_of("StatefulSet", "somebodys"));
  site.cluster.objects["statefulset/somebodys"]["spec"]["persistentVolumeClaimRetentionPolicy"] = deletes;
  site.run();
  site.cluster.objects["statefulset/keycloak"]["spec"]["persistentVolumeClaimRetentionPolicy"] = deletes;
  EXPECT_THAT(site.refusal().what(), HasSubstr("StatefulSet keycloak"));
}

TEST(Reinstall, ADryRunTellsThePlanAndChangesNothing) {
  Site site;
  site.request.dry_run = true;
  const auto before = site.cluster.objects;
  site.run();
  EXPECT_EQ(site.cluster.objects, before);
  EXPECT_EQ(site.cluster.changes, 0);
  for (const char* text :
       {"deployment/mariadb", "persistentvolumeclaim/pvc-ita-global", "helm rollback exastro 1 -n ns"})
    EXPECT_THAT(site.out.str(), HasSubstr(text));
  EXPECT_THAT(site.out.str(), Not(HasSubstr("hand-made")));
}

TEST(Reinstall, SaysWhenTheProxyDoesNotAnswer) {
  Site site;
  site.cluster.put("Service", "platform-auth",
                   {{"spec", {{"selector", {{"app", "platform-auth"}}}, {"ports", {{{"port", 80}}}}}}});
  site.cluster.proxy_answers = false;
  site.request.timeout = std::chrono::seconds(1);
  try {
    site.run();
    FAIL() << "nothing was said";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("the proxy does not answer well"));
  }
  EXPECT_TRUE(site.cluster.config_maps.empty()) << "nothing is left to finish";
}

}  // namespace
}  // namespace exastro
