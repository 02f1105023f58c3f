#include "sequence/describe.h"

#include <fmt/format.h>

#include <algorithm>

namespace exastro {
namespace {

std::string_view role_word(Role role) {
  switch (role) {
    case Role::kEntry:
      return "entry";
    case Role::kWriter:
      return "back-yard";
    case Role::kClient:
      return "client";
    case Role::kStatic:
      return "static";
    case Role::kStore:
      return "store";
  }
  return "";
}

std::string count_of(const Workload& workload) {
  if (workload.kind == WorkloadKind::kCronJob) return workload.suspended ? "suspended" : "scheduled";
  return fmt::format("{}{}", workload.replicas, workload.autoscaled ? " (autoscaled)" : "");
}

Json side_json(const Side& side) {
  return {{"namespace", side.namespace_}, {"release", side.release}, {"host", side.host}, {"port", side.port},
          {"database", side.database},    {"image", side.image}};
}

}  // namespace

std::string describe_text(const System& system) {
  std::string text;
  for (const auto& release : system.releases) {
    text += fmt::format("Release    {}/{}  revision {}, chart {} {}, application {} ({})\n", release.namespace_,
                        release.name, release.revision, release.chart, release.chart_version, release.app_version,
                        release.component());
  }
  for (const Side* side : {&system.platform, &system.ita}) {
    text += fmt::format("Database   {:<9} {} at {}:{}, client image {}\n", side->id, side->database, side->host,
                        side->port, side->image);
  }
  text += fmt::format("Keycloak   {}\n", system.keycloak_database);
  text += fmt::format("Files      claim {} in namespace {}, mounted at {}, owner {}:{}\n", system.storage.claim,
                      system.ita.namespace_, system.storage.path, system.storage.user, system.storage.group);
  if (system.has_mongo) text += "MongoDB    is part of the release; this program does not back it up\n";
  std::size_t name_width = 8;
  std::size_t namespace_width = 9;
  for (const auto& workload : system.workloads) {
    name_width = std::max(name_width, workload.reference().size());
    namespace_width = std::max(namespace_width, workload.namespace_.size());
  }
  const auto line = [&](std::string_view name, std::string_view namespace_, std::string_view role,
                        std::string_view count) {
    text += fmt::format("{:<{}}  {:<{}}  {:<9}  {}\n", name, name_width, namespace_, namespace_width, role, count);
  };
  text += '\n';
  line("WORKLOAD", "NAMESPACE", "ROLE", "REPLICAS");
  for (const auto& workload : system.workloads) {
    line(workload.reference(), workload.namespace_, role_word(workload.role), count_of(workload));
  }
  return text;
}

Json describe_json(const System& system) {
  Json releases = Json::array();
  for (const auto& release : system.releases) {
    releases.push_back({{"namespace", release.namespace_},
                        {"name", release.name},
                        {"revision", release.revision},
                        {"chart", release.chart},
                        {"chart_version", release.chart_version},
                        {"app_version", release.app_version},
                        {"component", release.component()}});
  }
  Json workloads = Json::array();
  for (const auto& workload : system.workloads) {
    workloads.push_back({{"kind", kind_word(workload.kind)},
                         {"namespace", workload.namespace_},
                         {"name", workload.name},
                         {"role", role_word(workload.role)},
                         {"replicas", workload.replicas},
                         {"suspended", workload.suspended},
                         {"autoscaled", workload.autoscaled}});
  }
  return {{"releases", std::move(releases)},
          {"platform", side_json(system.platform)},
          {"ita", side_json(system.ita)},
          {"keycloak_database", system.keycloak_database},
          {"files", {{"claim", system.storage.claim}, {"path", system.storage.path}}},
          {"mongo", system.has_mongo},
          {"workloads", std::move(workloads)}};
}

}  // namespace exastro
