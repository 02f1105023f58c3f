// Finding the system, against a scripted cluster: what is there, what is missing, what there are several of.
#include "sequence/system.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "helm_record.h"
#include "sequence/describe.h"

namespace exastro {
namespace {

class ScriptedCluster : public kube::Cluster {
 public:
  std::map<std::string, Json> objects;  // "kind/namespace/name"
  std::vector<Json> workloads;
  std::vector<kube::HelmRecord> records;
  std::optional<std::string> chosen;
  bool may_list_all = true;

  void add_release(const std::string& namespace_, const std::string& name, int revision, const std::string& status,
                   const std::string& manifest, const Json& config = Json::object()) {
    const std::string secret = "sh.helm.release.v1." + name + ".v" + std::to_string(revision);
    records.push_back({namespace_, secret, name, revision, status});
    const Json record = {{"name", name},
                         {"namespace", namespace_},
                         {"version", revision},
                         {"config", config},
                         {"manifest", manifest},
                         {"chart",
                          {{"metadata", {{"name", "exastro"}, {"version", "1.7.5"}, {"appVersion", "2.7.1"}}},
                           {"values", {{"global", {{"pfDatabaseDefinition", {{"name", "pf-database"}}}}}}}}}};
    objects["secret/" + namespace_ + "/" + secret] = {{"data", {{"release", helm_encoded(record)}}}};
  }
  void add_config_map(const std::string& namespace_, const std::string& name, const Json& data) {
    objects["configmap/" + namespace_ + "/" + name] = {
        {"kind", "ConfigMap"}, {"metadata", {{"name", name}}}, {"data", data}};
  }
  void add_secret(const std::string& namespace_, const std::string& name,
                  const std::map<std::string, std::string>& data) {
    Json encoded = Json::object();
    for (const auto& [key, value] : data) encoded[key] = base64_encode(value);
    objects["secret/" + namespace_ + "/" + name] = {
        {"kind", "Secret"}, {"metadata", {{"name", name}}}, {"data", encoded}};
  }

  void be_patient(std::chrono::seconds) override {}
  [[nodiscard]] std::optional<std::string> chosen_namespace() const override { return chosen; }
  std::string context_namespace() override { return "exastro"; }
  std::vector<Json> list(const std::string& kinds, const std::optional<std::string>&, const std::string&) override {
    return kinds == "pods" ? std::vector<Json>{} : workloads;
  }
  std::optional<Json> get(const std::string& kind, const std::string& namespace_, const std::string& name) override {
    const auto found = objects.find(kind + "/" + namespace_ + "/" + name);
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
  std::optional<Json> get_with_managers(const std::string& kind, const std::string& namespace_,
                                        const std::string& name) override {
    return get(kind, namespace_, name);
  }
  std::vector<kube::HelmRecord> helm_records(const std::optional<std::string>& namespace_) override {
    if (!namespace_ && !may_list_all) {
      throw kube::KubeError(kube::Reason::kForbidden, "forbidden", "", ExitStatus::kForbidden);
    }
    std::vector<kube::HelmRecord> found;
    for (const auto& record : records) {
      if (!namespace_ || record.namespace_ == *namespace_) found.push_back(record);
    }
    return found;
  }

  // Finding reads only: every call that would change something, or run something, fails the test.
  Json create(const Json&) override { return changed(), Json(); }
  Json replace(const Json&) override { return changed(), Json(); }
  void remove_if_unchanged(const Json&) override { changed(); }
  void await(const std::string&, const std::vector<std::string>&, const Met&, std::chrono::seconds) override {
    changed();
  }
  void remove(const std::string&, const std::string&, const std::string&) override { changed(); }
  void scale(const std::string&, const std::vector<std::string>&, int) override { changed(); }
  void patch(const std::string&, const std::string&, const std::string&, const Json&) override { changed(); }
  std::vector<bool> allowed(const std::vector<kube::Access>&) override { return changed(), std::vector<bool>{}; }
  kube::HttpAnswer ask_service(const std::string&, const std::string&, const std::string&,
                               const std::string&) override {
    return {};
  }
  std::string run(const kube::Pod&, const kube::Script&, const std::string&) override { return changed(), ""; }
  void converse(const kube::Pod&, const kube::Script&, const std::string&, const Next&) override { changed(); }
  kube::StreamReport download(const kube::Pod&, const kube::Script&, const kube::ByteHandler&,
                              const kube::DigestOf&) override {
    return changed(), kube::StreamReport();
  }
  kube::StreamReport upload(const kube::Pod&, const kube::Script&, std::uint64_t, const kube::ByteSource&,
                            const kube::DigestOf&) override {
    return changed(), kube::StreamReport();
  }

 private:
  static void changed() { ADD_FAILURE() << "finding the system must change nothing"; }
};

constexpr const char* kPlatform = R"(---
kind: Deployment
metadata:
  name: platform-auth
  labels:
    app.kubernetes.io/name: platform-auth
)";
constexpr const char* kIta = R"(---
kind: Deployment
metadata:
  name: ita-by-menu-create
  labels:
    app.kubernetes.io/name: ita-by-menu-create
)";

class FindSystem : public testing::Test {
 protected:
  void add_platform(const std::string& namespace_, const std::string& database = "pf-database") {
    cluster_.add_config_map(
        namespace_, "platform-params-" + database,
        {{"DB_VENDOR", "mariadb"}, {"DB_HOST", "mariadb"}, {"DB_PORT", "3306"}, {"DB_DATABASE", "platform"}});
    cluster_.add_secret(namespace_, "platform-secret-" + database, account_);
    cluster_.add_secret(namespace_, "platform-secret-pf-global", {{"ENCRYPT_KEY", "a2V5"}});
    cluster_.add_config_map(namespace_, "platform-params-keycloak", {{"KEYCLOAK_DB_DATABASE", "keycloak"}});
    cluster_.add_secret(namespace_, "platform-secret-keycloak",
                        {{"KEYCLOAK_DB_USER", "keycloak"}, {"KEYCLOAK_DB_PASSWORD", "kc-hidden"}});
  }
  void add_ita(const std::string& namespace_) {
    cluster_.add_config_map(
        namespace_, "ita-params-ita-database",
        {{"DB_VENDOR", "mariadb"}, {"DB_HOST", "mariadb"}, {"DB_PORT", "3306"}, {"DB_DATABASE", "ITA_DB"}});
    cluster_.add_secret(namespace_, "ita-secret-ita-database", account_);
    cluster_.add_config_map(namespace_, "ita-params-ita-global", {{"STORAGEPATH", "/storage/"}});
    cluster_.add_secret(namespace_, "ita-secret-ita-global", {{"ENCRYPT_KEY", "a2V5"}});
    cluster_.objects["persistentvolumeclaim/" + namespace_ + "/pvc-ita-global"] = {
        {"kind", "PersistentVolumeClaim"},
        {"metadata", {{"name", "pvc-ita-global"}}},
        {"spec", {{"accessModes", {"ReadWriteMany"}}}}};
  }
  void add_umbrella() {
    cluster_.add_release("exastro", "exastro", 3, "deployed", std::string(kPlatform) + kIta);
    add_platform("exastro");
    add_ita("exastro");
    cluster_.workloads = {
        {{"kind", "Deployment"},
         {"metadata",
          {{"name", "mariadb"}, {"namespace", "exastro"}, {"labels", {{"app.kubernetes.io/name", "mariadb"}}}}},
         {"spec", {{"template", {{"spec", {{"containers", {{{"image", "mariadb:10.11"}}}}}}}}}}}};
  }
  System find(const FindOptions& options = {}) { return find_system(cluster_, options, *reporter_); }
  // The error of a search that must fail: its text and what to do.
  Error error_of(const FindOptions& options = {}) {
    try {
      find(options);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return Error("");
  }

  std::map<std::string, std::string> account_ = {{"DB_ADMIN_USER", "root"},
                                                 {"DB_ADMIN_PASSWORD", "root-hidden"},
                                                 {"DB_USER", "user"},
                                                 {"DB_PASSWORD", "user-hidden"}};
  ScriptedCluster cluster_;
  std::ostringstream out_;
  std::ostringstream err_;
  std::unique_ptr<ui::Reporter> reporter_ = ui::text_reporter(out_, err_, {});
};

TEST_F(FindSystem, AnUmbrellaReleaseWithItsParts) {
  add_umbrella();
  const System system = find();
  ASSERT_EQ(system.releases.size(), 1U);
  EXPECT_EQ(system.releases[0].revision, 3);
  EXPECT_EQ(system.releases[0].component(), "umbrella");
  EXPECT_EQ(system.platform.database, "platform");
  EXPECT_EQ(system.ita.admin_password, "root-hidden");
  EXPECT_EQ(system.storage.claim, "pvc-ita-global");
  EXPECT_EQ(system.storage.path, "/storage");
  EXPECT_EQ(system.platform.image, "mariadb:10.11");
  EXPECT_EQ(system.namespaces(), std::vector<std::string>{"exastro"});
}

TEST_F(FindSystem, ADescriptionShowsNoSecret) {
  add_umbrella();
  const System system = find();
  for (const std::string& text : {describe_text(system), describe_json(system).dump()}) {
    EXPECT_EQ(text.find("hidden"), std::string::npos);
    EXPECT_EQ(text.find("a2V5"), std::string::npos);
  }
}

TEST_F(FindSystem, NamesComeFromTheValuesOfTheSite) {
  add_umbrella();
  cluster_.records.clear();
  cluster_.objects.erase("configmap/exastro/platform-params-pf-database");
  cluster_.add_release("exastro", "exastro", 4, "deployed", std::string(kPlatform) + kIta,
                       {{"global", {{"pfDatabaseDefinition", {{"name", "our-db"}}}}}});
  EXPECT_NE(std::string(error_of().what()).find("platform-params-our-db"), std::string::npos);
  add_platform("exastro", "our-db");
  EXPECT_EQ(find().platform.names.database_secret, "platform-secret-our-db");
}

TEST_F(FindSystem, TwoReleasesInTwoNamespaces) {
  cluster_.add_release("exastro-platform", "pf", 1, "deployed", kPlatform);
  cluster_.add_release("exastro-it-automation", "ita", 1, "deployed", kIta);
  add_platform("exastro-platform");
  add_ita("exastro-it-automation");
  const System system = find({{}, "mariadb:10.11"});
  EXPECT_EQ(system.namespaces(), (std::vector<std::string>{"exastro-platform", "exastro-it-automation"}));
  EXPECT_EQ(system.release(), "pf");
  cluster_.chosen = "exastro-it-automation";
  EXPECT_EQ(find({{}, "mariadb:10.11"}).namespaces().size(), 2U);
}

TEST_F(FindSystem, NoneIsSaidWithWhereItWasLookedFor) {
  cluster_.chosen = "elsewhere";
  const Error error = error_of();
  EXPECT_EQ(error.status(), ExitStatus::kNotFound);
  EXPECT_NE(std::string(error.what()).find("namespace elsewhere"), std::string::npos);
  EXPECT_FALSE(error.next().empty());
}

TEST_F(FindSystem, SeveralAreListed) {
  cluster_.add_release("one", "exastro", 1, "deployed", std::string(kPlatform) + kIta);
  cluster_.add_release("two", "exastro", 1, "deployed", std::string(kPlatform) + kIta);
  const Error error = error_of();
  EXPECT_NE(std::string(error.what()).find("one/exastro"), std::string::npos);
  EXPECT_NE(std::string(error.what()).find("two/exastro"), std::string::npos);
  EXPECT_NE(error.next().find("--release"), std::string::npos);
}

TEST_F(FindSystem, HalfASystemIsRefusedAlsoWhereTheRestMayNotBeSeen) {
  cluster_.add_release("exastro", "pf", 1, "deployed", kPlatform);
  cluster_.may_list_all = false;
  EXPECT_NE(std::string(error_of().what()).find("one half"), std::string::npos);
}

TEST_F(FindSystem, AFailedNewerRevisionIsAWarningAndTheDeployedOneCounts) {
  add_umbrella();
  cluster_.add_release("exastro", "exastro", 4, "failed", kPlatform);
  cluster_.add_release("exastro", "exastro", 2, "superseded", kPlatform);
  EXPECT_EQ(find().releases[0].revision, 3);
  EXPECT_NE(err_.str().find("revision 4 with status failed"), std::string::npos);
  EXPECT_EQ(err_.str().find("revision 2"), std::string::npos);
}

TEST_F(FindSystem, MysqlIsRefused) {
  add_umbrella();
  cluster_.objects["configmap/exastro/ita-params-ita-database"]["data"]["DB_VENDOR"] = "mysql";
  EXPECT_NE(std::string(error_of().what()).find("DB_VENDOR: mysql"), std::string::npos);
}

TEST_F(FindSystem, AMissingPartIsNamed) {
  for (const char* missing : {"secret/exastro/ita-secret-ita-global", "persistentvolumeclaim/exastro/pvc-ita-global",
                              "configmap/exastro/platform-params-keycloak"}) {
    cluster_ = ScriptedCluster();
    add_umbrella();
    cluster_.objects.erase(missing);
    const Error error = error_of();
    EXPECT_NE(std::string(error.what()).find(std::string(missing).substr(std::string(missing).rfind('/') + 1)),
              std::string::npos);
    EXPECT_EQ(error.status(), ExitStatus::kNotFound);
  }
}

TEST_F(FindSystem, AnotherApplicationsReleaseIsPassedOver) {
  add_umbrella();
  cluster_.add_release("exastro", "grafana", 1, "deployed", "---\nkind: Deployment\nmetadata:\n  name: grafana\n");
  EXPECT_EQ(find().release(), "exastro");
}

TEST(Release, ARecordThatCannotBeReadIsAnError) {
  for (const char* text : {"", "!", "YWJj", "WVdKag=="}) EXPECT_THROW(parse_release_record(text), Error) << text;
}

TEST(Release, VersionsCompareByNumber) {
  EXPECT_TRUE(version_older("2.7.1", "2.10.0"));
  EXPECT_FALSE(version_older("2.10.0", "2.7.1"));
  EXPECT_FALSE(version_older("2.7.1", "2.7.1"));
  EXPECT_TRUE(version_older("v2.7", "2.7.1"));
  EXPECT_FALSE(version_older("latest", "2.7.1"));
}

}  // namespace
}  // namespace exastro
