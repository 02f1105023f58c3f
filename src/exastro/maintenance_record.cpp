#include "exastro/maintenance_record.h"

#include <fmt/format.h>

#include <algorithm>

#include "error.h"
#include "stream/json_text.h"

namespace exastro {
namespace {
constexpr int kRecordVersion = 1;
constexpr const char* kField = "record.json";

Error unreadable(const std::exception& reason) {
  return Error(fmt::format("The maintenance record in the cluster cannot be read: {}", reason.what()));
}

Json body_of(const MaintenanceRecord& record) {
  Json workloads = Json::array();
  for (const auto& workload : record.workloads) {
    workloads.push_back({{"kind", kind_word(workload.kind)},
                         {"namespace", workload.namespace_},
                         {"name", workload.name},
                         {"replicas", workload.replicas},
                         {"suspended", workload.suspended}});
  }
  Json pods = Json::array();
  for (const auto& pod : record.pods) pods.push_back({{"namespace", pod.namespace_}, {"name", pod.name}});
  return {{"version", kRecordVersion},
          {"release", record.release},
          {"runId", record.run_id},
          {"operation", record.operation},
          {"startedAt", record.started_at},
          {"startedBy", record.started_by},
          {"destructive", record.destructive},
          {"source", record.source},
          {"safetyBackup", record.safety_backup},
          {"workloads", std::move(workloads)},
          {"pods", std::move(pods)},
          {"broughtDatabases", record.brought_databases},
          {"broughtUsers", record.brought_users},
          {"packets", record.packets},
          {"stagedUntil", record.staged_until},
          {"arrivalFolders", record.arrival_folders},
          {"held", record.held ? body_of(*record.held) : Json()},
          {"reinstall", record.reinstall}};
}

MaintenanceRecord record_of(const Json& body, const std::string& namespace_) {
  MaintenanceRecord record;
  record.namespace_ = namespace_;
  record.release = body.at("release");
  record.run_id = body.at("runId");
  record.operation = body.at("operation");
  record.started_at = body.at("startedAt");
  record.started_by = body.at("startedBy");
  record.destructive = body.at("destructive");
  record.source = body.value("source", "");
  record.safety_backup = body.value("safetyBackup", "");
  record.reinstall = body.value("reinstall", Json());
  for (const auto& item : body.at("workloads")) {
    record.workloads.push_back({parse_kind(item.at("kind").get<std::string>()), item.at("namespace"), item.at("name"),
                                stream::int_at(item, "replicas"), item.at("suspended")});
  }
  record.brought_databases = body.value("broughtDatabases", record.brought_databases);
  record.brought_users = body.value("broughtUsers", record.brought_users);
  record.packets = body.value("packets", record.packets);
  record.staged_until = body.value("stagedUntil", "");
  record.arrival_folders = body.value("arrivalFolders", record.arrival_folders);
  for (const auto& item : body.at("pods")) record.pods.push_back({item.at("namespace"), item.at("name")});
  if (const Json held = body.value("held", Json()); held.is_object())
    record.held = std::make_shared<const MaintenanceRecord>(record_of(held, namespace_));
  return record;
}

}  // namespace

bool MaintenanceRecord::has_workload(WorkloadKind kind, const std::string& in_namespace,
                                     const std::string& name) const {
  return std::any_of(workloads.begin(), workloads.end(), [&](const StoppedWorkload& workload) {
    return workload.kind == kind && workload.namespace_ == in_namespace && workload.name == name;
  });
}

bool MaintenanceRecord::has_pod(const std::string& in_namespace, const std::string& name) const {
  return (held && held->has_pod(in_namespace, name)) ||
         std::any_of(pods.begin(), pods.end(),
                     [&](const MaintenancePodName& pod) { return pod.namespace_ == in_namespace && pod.name == name; });
}

std::string record_name(const std::string& release) { return "kubectl-exastro-" + release; }

Json to_config_map(const MaintenanceRecord& record) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata",
           {{"name", record_name(record.release)},
            {"namespace", record.namespace_},
            {"labels", {{"app.kubernetes.io/managed-by", "kubectl-exastro"}}}}},
          {"data", {{kField, body_of(record).dump(1)}}}};
}

MaintenanceRecord parse_config_map(const Json& config_map) {
  try {
    const Json body = stream::parse_json(config_map.at("data").at(kField).get<std::string>());
    if (body.at("version") != kRecordVersion) {
      throw Error(fmt::format("The maintenance record {} is of a version that this program does not know.",
                              config_map.at("metadata").value("name", "")),
                  "Use the version of kubectl-exastro that made it, or a newer one.");
    }
    return record_of(body, config_map.at("metadata").at("namespace"));
  } catch (const Json::exception& error) {
    throw unreadable(error);
  } catch (const stream::JsonError& error) {
    throw unreadable(error);
  }
}

}  // namespace exastro
