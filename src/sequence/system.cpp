#include "sequence/system.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "exastro/encoding.h"
#include "lower_case.h"
#include "sequence/services.h"
#include "sequence/side_by_side.h"

namespace exastro {
namespace {

// Where releases were looked for: first in one namespace, and then, if `everywhere`, in all.
struct Search {
  std::string namespace_;
  bool everywhere = false;
};

std::string where(const Search& searched) {
  return fmt::format("in namespace {}{}", searched.namespace_, searched.everywhere ? " and in all others" : "");
}

bool named(const std::vector<std::string>& wanted, const kube::HelmRecord& record) {
  if (wanted.empty()) return true;
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& name) {
    return name == record.release || name == record.namespace_ + "/" + record.release;
  });
}

// Of each release, the newest revision with status deployed; a newer one that failed is worth a warning. A rollback
// that fails leaves none deployed: then the one that was. What was never deployed, or is uninstalled, is none.
std::vector<kube::HelmRecord> deployed_revisions(const std::vector<kube::HelmRecord>& records) {
  std::map<std::pair<std::string, std::string>, std::map<std::string, kube::HelmRecord>> newest;  // by status
  for (const auto& record : records) {
    auto& kept = newest[{record.namespace_, record.release}][record.status];
    if (record.revision >= kept.revision) kept = record;
  }
  std::vector<kube::HelmRecord> deployed;
  for (auto& [key, by_status] : newest) {
    const bool uninstalled = by_status.contains("uninstalled") || by_status.contains("uninstalling");
    const char* status = by_status.contains("deployed") || uninstalled ? "deployed" : "superseded";
    if (const auto found = by_status.find(status); found != by_status.end()) deployed.push_back(found->second);
  }
  return deployed;
}

void warn_of_newer_revisions(const std::vector<kube::HelmRecord>& records, const Release& release,
                             ui::Reporter& reporter) {
  for (const auto& record : records) {
    if (record.namespace_ != release.namespace_ || record.release != release.name) continue;
    if (record.revision <= release.revision) continue;
    reporter.warning(
        fmt::format("Release {} has revision {} with status {}, newer than the deployed revision {}. What it changed "
                    "in the cluster "
                    "is not in the deployed manifest; look with: helm history {} -n {}",
                    release.name, record.revision, record.status, release.revision, release.name, release.namespace_));
  }
}

// Helm's records, and of some of them the objects, by "NAMESPACE/SECRET".
struct HelmRecords {
  std::vector<kube::HelmRecord> labels;
  std::map<std::string, Json> objects;
};

// Of one namespace, where nearly always one revision of few releases is wanted: the deployed, which are read at once.
HelmRecords records_in(kube::Cluster& cluster, const std::string& namespace_) {
  HelmRecords records;
  side_by_side({[&] { records.labels = cluster.helm_records(namespace_); },
                [&] {
                  for (auto& secret : cluster.list("secrets", namespace_, "owner=helm,status=deployed")) {
                    const std::string name = secret.at("metadata").at("name");
                    records.objects[namespace_ + "/" + name] = std::move(secret);
                  }
                }});
  return records;
}

std::vector<Release> read_exastro_releases(kube::Cluster& cluster, const HelmRecords& records,
                                           const std::vector<std::string>& wanted, const std::string& here) {
  std::vector<Release> releases;
  for (const auto& record : deployed_revisions(records.labels)) {
    if (!named(wanted, record)) continue;
    try {
      const auto known = records.objects.find(record.namespace_ + "/" + record.secret);
      const auto secret = known != records.objects.end() ? std::optional(known->second)
                                                         : cluster.get("secret", record.namespace_, record.secret);
      if (!secret) continue;  // an upgrade ran just now
      Release release = parse_release_record(secret->value("/data/release"_json_pointer, std::string()));
      release.namespace_ = record.namespace_;
      if (release.is_exastro()) releases.push_back(std::move(release));
    } catch (const Error& error) {
      // Somebody else's release may be closed to us, or strange; one that was asked for by name may not.
      if (!wanted.empty() || record.namespace_ == here) {
        throw Error(fmt::format("Release {} in namespace {}: {}", record.release, record.namespace_, error.what()),
                    error.next(), error.status());
      }
    }
  }
  return releases;
}

std::string listed(const std::vector<Release>& releases) {
  std::vector<std::string> names;
  for (const auto& release : releases)
    names.push_back(fmt::format("{}/{} ({})", release.namespace_, release.name, release.component()));
  return fmt::format("{}", fmt::join(names, ", "));
}

// A whole system out of the releases that were found: one umbrella, or one of each half.
std::optional<std::vector<Release>> one_system(const std::vector<Release>& releases) {
  std::vector<Release> platform;
  std::vector<Release> ita;
  for (const auto& release : releases) {
    if (release.has_platform()) platform.push_back(release);
    if (release.has_it_automation()) ita.push_back(release);
  }
  if (platform.size() != 1 || ita.size() != 1) return std::nullopt;
  if (platform[0].name == ita[0].name && platform[0].namespace_ == ita[0].namespace_) return platform;
  return std::vector<Release>{platform[0], ita[0]};
}

// Throws the error that fits what was found.
[[noreturn]] void refuse(const std::vector<Release>& releases, const Search& searched,
                         const std::vector<std::string>& wanted) {
  const std::string name = wanted.empty() ? "a deployed Helm release of Exastro"
                                          : fmt::format("the deployed Helm release {}", fmt::join(wanted, ", "));
  if (releases.empty()) {
    throw Error(fmt::format("Looked for {} {} and found none.", name, where(searched)),
                "Check the kube context (kubectl config current-context) and name the namespace with -n; "
                "`helm list -A` shows what is installed.",
                ExitStatus::kNotFound);
  }
  const bool half = releases.size() == 1;
  if (half) {
    throw Error(fmt::format("Found only one half of Exastro {}: {}. The release of the other half was not found.",
                            where(searched), listed(releases)),
                "If it is in another namespace, name both: --release NAMESPACE/NAME --release NAMESPACE/NAME",
                ExitStatus::kNotFound);
  }
  throw Error(fmt::format("Found several releases of Exastro {}: {}.", where(searched), listed(releases)),
              "Choose with -n NAMESPACE, or with --release NAMESPACE/NAME (twice, if platform and IT Automation are "
              "two releases).",
              ExitStatus::kNotFound);
}

// Objects that the release's values name, read in one request for each namespace.
class NamedObjects {
 public:
  explicit NamedObjects(kube::Cluster& cluster) : cluster_(cluster) {}

  void want(const std::string& namespace_, const std::string& kind, const std::string& name) {
    if (!objects_.contains(key(namespace_, kind, name))) wanted_[namespace_].push_back({kind, name});
  }
  // Will probably be wanted: it is read along, and may be missing.
  void expect(const std::string& namespace_, const std::string& kind, const std::string& name) {
    expected_[namespace_].push_back({kind, name});
  }
  // All that is wanted since the last time. Throws Error that names what is not there.
  void read() {
    for (const auto& [namespace_, names] : std::exchange(wanted_, {})) {
      auto also = std::exchange(expected_[namespace_], {});
      also.insert(also.begin(), names.begin(), names.end());
      for (auto& object : cluster_.get_all(namespace_, also)) {
        const std::string kind = object.value("kind", "");
        const std::string name = object.at("metadata").at("name");
        objects_[key(namespace_, kind, name)] = std::move(object);
      }
      for (const auto& [kind, name] : names) static_cast<void>(at(namespace_, kind, name));
    }
  }
  [[nodiscard]] const Json& at(const std::string& namespace_, const std::string& kind, const std::string& name) const {
    const auto found = objects_.find(key(namespace_, kind, name));
    if (found != objects_.end()) return found->second;
    throw Error(
        fmt::format("Looked for the {} {} in namespace {}, as the release's values name it, and it is not there.", kind,
                    name, namespace_),
        fmt::format("See what there is with: kubectl get {} -n {}", kind, namespace_), ExitStatus::kNotFound);
  }

 private:
  // The kind as an object has it, or as kubectl takes it.
  static std::string key(const std::string& namespace_, const std::string& kind, const std::string& name) {
    return lower_case(kind) + "/" + namespace_ + "/" + name;
  }

  kube::Cluster& cluster_;
  std::map<std::string, std::vector<kube::ObjectName>> wanted_;  // by namespace
  std::map<std::string, std::vector<kube::ObjectName>> expected_;
  std::map<std::string, Json> objects_;
};

std::string field(const Json& object, const std::string& key) {
  const Json data = object.value("data", Json::object());
  const auto found = data.find(key);
  if (found == data.end() || !found->is_string()) {
    throw Error(
        fmt::format("The {} {} has no field {}.", object.value("kind", ""), object["metadata"].value("name", ""), key),
        "", ExitStatus::kNotFound);
  }
  return *found;
}

std::string secret_field(const Json& secret, const std::string& key) { return base64_decode(field(secret, key)); }

Side named_side(const Release& release, std::string id, ObjectNames names, NamedObjects& objects) {
  Side side;
  side.id = std::move(id);
  side.namespace_ = release.namespace_;
  side.release = release.name;
  side.names = std::move(names);
  objects.want(side.namespace_, "configmap", side.names.database_params);
  objects.want(side.namespace_, "secret", side.names.database_secret);
  objects.want(side.namespace_, "secret", side.names.global_secret);
  return side;
}

void fill_side(Side& side, const NamedObjects& objects) {
  const Json& params = objects.at(side.namespace_, "configmap", side.names.database_params);
  const std::string vendor = params.value("/data/DB_VENDOR"_json_pointer, "mariadb");
  if (vendor != "mariadb") {
    throw Error(fmt::format("{} says DB_VENDOR: {}. This program is made for and tested with MariaDB alone, so it does "
                            "not touch this system.",
                            side.names.database_params, vendor),
                "Use the backup of your database service.");
  }
  side.host = field(params, "DB_HOST");
  side.port = field(params, "DB_PORT");
  side.database = field(params, "DB_DATABASE");
  const Json& secret = objects.at(side.namespace_, "secret", side.names.database_secret);
  side.admin_user = secret_field(secret, "DB_ADMIN_USER");
  side.admin_password = secret_field(secret, "DB_ADMIN_PASSWORD");
  side.user = secret_field(secret, "DB_USER");
  side.password = secret_field(secret, "DB_PASSWORD");
  side.encrypt_key = secret_field(objects.at(side.namespace_, "secret", side.names.global_secret), "ENCRYPT_KEY");
}

// The pod template of a workload that mounts the claim at the path.
bool mounts(const Json& pod_template, const std::string& path, std::string& claim) {
  const Json spec = pod_template.value("spec", Json::object());
  for (const auto& container : spec.value("containers", Json::array())) {
    for (const auto& mount : container.value("volumeMounts", Json::array())) {
      std::string mount_path = mount.value("mountPath", "");
      while (mount_path.size() > 1 && mount_path.back() == '/') mount_path.pop_back();
      if (mount_path != path) continue;
      for (const auto& volume : spec.value("volumes", Json::array())) {
        if (volume.value("name", "") != mount.value("name", "")) continue;
        const auto name = volume.value("/persistentVolumeClaim/claimName"_json_pointer, std::string());
        if (!name.empty()) {
          claim = name;
          return true;
        }
      }
    }
  }
  return false;
}

std::string usual_claim(const Release& it_automation) {
  return "pvc-" + definition_name(it_automation.values, "itaGlobalDefinition", "ita-global");
}

Storage read_storage(kube::Cluster& cluster, const System& system, const Release& release, NamedObjects& objects) {
  Storage storage;
  storage.path = field(objects.at(system.ita.namespace_, "configmap", system.ita.names.global_params), "STORAGEPATH");
  while (storage.path.size() > 1 && storage.path.back() == '/') storage.path.pop_back();
  storage.claim = usual_claim(release);
  for (const auto& workload : system.workloads) {
    if (workload.namespace_ != system.ita.namespace_ || workload.role == Role::kStore) continue;
    if (!mounts(workload.pod_template, storage.path, storage.claim)) continue;
    const Json context = workload.pod_template.value("/spec/securityContext"_json_pointer, Json::object());
    const Json containers = workload.pod_template.value("/spec/containers"_json_pointer, Json::array());
    const Json own = containers.empty() ? Json::object() : containers[0].value("securityContext", Json::object());
    const auto id = [&](const char* key, std::int64_t fallback) {
      const std::int64_t found = own.value(key, context.value(key, fallback));
      return found == 0 ? fallback : found;  // the restricted standard admits no root
    };
    storage.user = id("runAsUser", 1000);
    storage.group = id("runAsGroup", 1000);
    storage.tolerations = workload.pod_template.value("/spec/tolerations"_json_pointer, Json::array());
    break;
  }
  objects.want(system.ita.namespace_, "persistentvolumeclaim", storage.claim);
  objects.read();
  const Json& claim = objects.at(system.ita.namespace_, "persistentvolumeclaim", storage.claim);
  const Json modes = claim.value("/spec/accessModes"_json_pointer, Json::array());
  if (std::find(modes.begin(), modes.end(), Json("ReadWriteOncePod")) != modes.end()) {
    throw Error(
        fmt::format("The claim {} is ReadWriteOncePod: no second pod can mount it beside its user.", storage.claim),
        "Use a ReadWriteMany volume for the shared files, as Exastro's own pods need.");
  }
  if (std::find(modes.begin(), modes.end(), Json("ReadWriteMany")) == modes.end()) {
    for (const auto& pod : list_pods(cluster, {system.ita.namespace_})) {
      const auto claims = claims_of(pod);
      if (!is_live(pod) || std::find(claims.begin(), claims.end(), storage.claim) == claims.end()) continue;
      storage.node = pod.value("/spec/nodeName"_json_pointer, "");
    }
  }
  return storage;
}

// The image of the release's own database server has the client that fits; where the server is outside, the values
// still name one.
void choose_image(const System& system, const FindOptions& options, Side& side) {
  if (!options.image.empty()) {
    side.image = options.image;
    return;
  }
  const Workload* chosen = nullptr;
  for (const auto& workload : system.workloads) {
    if (workload.role != Role::kStore || !workload.component.starts_with("mariadb")) continue;
    const bool own = workload.namespace_ == side.namespace_ && side.host.starts_with(workload.name);
    if (chosen == nullptr || own) chosen = &workload;
  }
  if (chosen != nullptr) {
    side.image = chosen->pod_template.value("/spec/containers/0/image"_json_pointer, "");
    side.image_pull_secrets = chosen->pod_template.value("/spec/imagePullSecrets"_json_pointer, Json::array());
    return;
  }
  for (const auto& release : system.releases) {
    for (const char* path : {"/mariadb/image", "/exastro-platform/mariadb/image"}) {
      const Json::json_pointer pointer(path);
      if (!release.values.contains(pointer)) continue;
      const Json image = release.values.at(pointer);
      const std::string repository = image.value("repository", "");
      if (repository.empty()) continue;
      const std::string tag =
          image.contains("tag") && image["tag"].is_string() ? image["tag"].get<std::string>() : "latest";
      side.image = repository + ":" + tag;
      return;
    }
  }
  throw Error("The release runs no database server of its own, so there is no image to take the MariaDB client from.",
              "Name one that the cluster can pull: --image mariadb:10.11", ExitStatus::kUsage);
}

}  // namespace

std::vector<std::string> System::namespaces() const {
  if (platform.namespace_ == ita.namespace_) return {platform.namespace_};
  return {platform.namespace_, ita.namespace_};
}

std::vector<std::string> System::confidential() const {
  std::vector<std::string> values;
  for (const auto& value : {platform.admin_password, platform.password, platform.encrypt_key, ita.admin_password,
                            ita.password, ita.encrypt_key, keycloak_password}) {
    if (!value.empty()) values.push_back(value);
  }
  return values;
}

std::vector<Workload> list_workloads(kube::Cluster& cluster, const std::vector<Release>& releases) {
  std::vector<Json> items;
  for (const auto& release : releases) {
    auto found = cluster.list("deployments,statefulsets,cronjobs,horizontalpodautoscalers", release.namespace_,
                              "app.kubernetes.io/instance=" + release.name);
    std::move(found.begin(), found.end(), std::back_inserter(items));
  }
  return parse_workloads(items);
}

std::vector<Json> list_pods(kube::Cluster& cluster, const std::vector<std::string>& namespaces) {
  std::vector<Json> pods;
  for (const auto& namespace_ : namespaces) {
    auto found = cluster.list("pods", namespace_, "");
    std::move(found.begin(), found.end(), std::back_inserter(pods));
  }
  return pods;
}

std::vector<Release> find_releases(kube::Cluster& cluster, const FindOptions& options, ui::Reporter& reporter) {
  // First where the person is; then, if that is not a whole system, everywhere.
  const std::string here = cluster.chosen_namespace() ? *cluster.chosen_namespace() : cluster.context_namespace();
  const auto records_here = records_in(cluster, here);
  const auto releases_here = read_exastro_releases(cluster, records_here, options.releases, here);
  if (auto system = one_system(releases_here)) {
    for (const auto& release : *system) warn_of_newer_revisions(records_here.labels, release, reporter);
    return *system;
  }
  HelmRecords records;
  try {
    records = {cluster.helm_records(std::nullopt), records_here.objects};
  } catch (const kube::KubeError& error) {
    if (error.reason() != kube::Reason::kForbidden) throw;
    refuse(releases_here, {here}, options.releases);
  }
  std::vector<Release> releases = read_exastro_releases(cluster, records, options.releases, here);
  // A chosen namespace narrows: what is in it must take part.
  if (cluster.chosen_namespace() && options.releases.empty()) {
    if (releases_here.empty()) refuse({}, {here}, options.releases);
    const bool has_platform = releases_here.size() == 1 && releases_here[0].has_platform();
    if (releases_here.size() == 1) {
      std::erase_if(releases, [&](const Release& release) {
        const bool same_half = has_platform ? release.has_platform() : release.has_it_automation();
        return same_half && release.namespace_ != here;
      });
    }
  }
  auto system = one_system(releases);
  if (!system) refuse(releases, {here, true}, options.releases);
  for (const auto& release : *system) warn_of_newer_revisions(records.labels, release, reporter);
  return *system;
}

System read_system(kube::Cluster& cluster, const std::vector<Release>& releases, const FindOptions& options,
                   const Beside& beside) {
  System system;
  system.releases = releases;
  const Release& platform = system.releases.front();
  const Release& ita = system.releases.back();
  NamedObjects objects(cluster);
  system.platform = named_side(platform, "platform", platform_names(platform), objects);
  system.ita = named_side(ita, "ita", it_automation_names(ita), objects);
  objects.want(system.platform.namespace_, "configmap", keycloak_params_name(platform));
  objects.want(system.platform.namespace_, "secret", keycloak_secret_name(platform));
  objects.want(system.ita.namespace_, "configmap", system.ita.names.global_params);
  objects.expect(system.ita.namespace_, "persistentvolumeclaim", usual_claim(ita));
  std::vector<std::function<void()>> works{[&] { system.workloads = list_workloads(cluster, system.releases); },
                                           [&] { objects.read(); }};
  if (beside) works.emplace_back([&] { beside(releases); });
  side_by_side(works);
  fill_side(system.platform, objects);
  fill_side(system.ita, objects);
  const Json& keycloak_params = objects.at(system.platform.namespace_, "configmap", keycloak_params_name(platform));
  system.keycloak_database = keycloak_params.value("/data/KEYCLOAK_DB_DATABASE"_json_pointer, "keycloak");
  const Json& keycloak_secret = objects.at(system.platform.namespace_, "secret", keycloak_secret_name(platform));
  system.keycloak_user = secret_field(keycloak_secret, "KEYCLOAK_DB_USER");
  system.keycloak_password = secret_field(keycloak_secret, "KEYCLOAK_DB_PASSWORD");
  system.storage = read_storage(cluster, system, ita, objects);
  choose_image(system, options, system.platform);
  choose_image(system, options, system.ita);
  system.has_mongo = std::any_of(system.workloads.begin(), system.workloads.end(),
                                 [](const Workload& workload) { return workload.component.starts_with("mongo"); });
  return system;
}

System find_system(kube::Cluster& cluster, const FindOptions& options, ui::Reporter& reporter, const Beside& beside) {
  const std::vector<Release> releases = find_releases(cluster, options, reporter);
  try {
    return read_system(cluster, releases, options, beside);
  } catch (const kube::KubeError&) {
    throw;
  } catch (const Error& error) {
    // Objects are missing: perhaps a reinstall was cut off between removing and creating them.
    require_no_reinstall(cluster, releases);
    if (error.status() != ExitStatus::kNotFound) throw;
    throw Error(error.what(),
                fmt::format("{}{}What of the release is missing, `kubectl exastro reinstall -n {}` creates again.",
                            error.next(), error.next().empty() ? "" : ". ", releases.front().namespace_),
                error.status());
  }
}

}  // namespace exastro
