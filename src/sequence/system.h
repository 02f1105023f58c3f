// The Exastro system that a command works on: found from the kube context and Helm's records, read-only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "exastro/release.h"
#include "exastro/workload.h"
#include "kube/cluster.h"
#include "ui/reporter.h"

namespace exastro {

// One half of Exastro: platform or IT Automation.
struct Side {
  std::string id;  // "platform" or "ita", as the vendor's file names say
  std::string namespace_;
  std::string release;
  ObjectNames names;
  // From the ConfigMap and Secret of the database.
  std::string host;
  std::string port;
  std::string database;
  std::string admin_user;
  std::string admin_password;
  std::string user;
  std::string password;
  std::string encrypt_key;  // as the Secret holds it, that is, base64 of 32 bytes
  std::string image;        // with a MariaDB client that fits the server
  Json image_pull_secrets = Json::array();
};

// The shared files of IT Automation.
struct Storage {
  std::string claim;
  std::string path;  // STORAGEPATH, where the pods mount the claim
  std::int64_t user = 1000;
  std::int64_t group = 1000;
  std::string node;  // where a claim that is not ReadWriteMany is in use
  Json tolerations = Json::array();
};

struct System {
  std::vector<Release> releases;  // one umbrella, or platform and IT Automation
  Side platform;
  Side ita;
  std::string keycloak_database;
  std::string keycloak_user;
  std::string keycloak_password;
  Storage storage;
  std::vector<Workload> workloads;  // of all releases
  bool has_mongo = false;

  // The namespace and release that file names and the maintenance record carry: those of the platform.
  [[nodiscard]] const std::string& namespace_() const { return platform.namespace_; }
  [[nodiscard]] const std::string& release() const { return platform.release; }
  [[nodiscard]] std::vector<std::string> namespaces() const;
  // Every password and key that must not be seen in an error.
  [[nodiscard]] std::vector<std::string> confidential() const;
};

struct FindOptions {
  std::vector<std::string> releases;  // NAME or NAMESPACE/NAME; empty: whatever is found, if it is one system
  std::string image;                  // of the maintenance pod; empty: taken from the release
};

// The releases of one system: one umbrella, or the platform's and IT Automation's. Their newest deployed revisions; of
// a release that has none, because a rollback was cut off or failed, the newest that was. Throws as find_system() does.
std::vector<Release> find_releases(kube::Cluster& cluster, const FindOptions& options, ui::Reporter& reporter);

// What else is asked of the cluster while a system is read.
using Beside = std::function<void(const std::vector<Release>&)>;

// Throws Error that says what was looked for, where, and what to type, if there is no release, several, or a part of
// it is missing or may not be read.
System find_system(kube::Cluster& cluster, const FindOptions& options, ui::Reporter& reporter,
                   const Beside& beside = {});

// The same of releases that were found before.
System read_system(kube::Cluster& cluster, const std::vector<Release>& releases, const FindOptions& options,
                   const Beside& beside = {});

// The workloads as they are now.
std::vector<Workload> list_workloads(kube::Cluster& cluster, const std::vector<Release>& releases);

// The pods of the namespaces, as they are now.
std::vector<Json> list_pods(kube::Cluster& cluster, const std::vector<std::string>& namespaces);

}  // namespace exastro
