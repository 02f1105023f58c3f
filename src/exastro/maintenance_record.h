// What ran before the services were stopped, kept in one ConfigMap in the cluster from before the first change until
// after the last one is put back. It is the only truth about the replica counts: not a file, not a program's memory.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "exastro/workload.h"

namespace exastro {

struct StoppedWorkload {
  WorkloadKind kind = WorkloadKind::kDeployment;
  std::string namespace_;
  std::string name;
  int replicas = 0;        // what to go back to
  bool suspended = false;  // of CronJobs: what to go back to
};

struct MaintenancePodName {
  std::string namespace_;
  std::string name;
};

struct MaintenanceRecord {
  std::string namespace_;  // where the ConfigMap is
  std::string release;
  std::string run_id;
  std::string operation;     // "backup", "restore", "stop", "start" or "reinstall"
  std::string started_at;    // RFC 3339, UTC
  std::string started_by;    // user@host
  bool destructive = false;  // a restore that has begun to replace data, a reinstall that has begun to remove objects
  // Of a restore, on the machine of who started it; empty if there is no such file.
  std::string source;         // what it restores; of a reinstall, a backup: the flags that finish, that fetch it
  std::string safety_backup;  // what it replaces
  std::vector<StoppedWorkload> workloads;
  std::vector<MaintenancePodName> pods;
  // What a restore brings, the databases' names and the accounts' users: until its records and grants are there,
  // nothing else tells that it is Exastro's.
  std::set<std::string> brought_databases;
  std::set<std::string> brought_users;
  // Of the database servers whose global max_allowed_packet a restore has raised: the bytes to go back to, by server.
  std::map<std::string, std::uint64_t> packets;
  // Of a backup that the pods hold while the services run again: when the pods end, RFC 3339, UTC. Empty otherwise.
  std::string staged_until;
  // Of a backup, where what arrives of it is, until it is whole: folders of the machines of who started or fetched it.
  std::set<std::string> arrival_folders;
  // Of a backup: the record of an earlier one that waits to be fetched. It stays until this one is whole, and takes
  // this one's place if it does not become so. Null otherwise.
  std::shared_ptr<const MaintenanceRecord> held = nullptr;
  Json reinstall = Json();  // of a reinstall: how far it is, and what was there before; null otherwise

  // Whether nothing is stopped, and a backup waits to be fetched.
  [[nodiscard]] bool holds_backup() const { return !staged_until.empty(); }
  [[nodiscard]] bool is_reinstall() const { return operation == "reinstall"; }
  // Whether the record has stopped this workload, and made this pod, or keeps it for an earlier backup.
  [[nodiscard]] bool has_workload(WorkloadKind kind, const std::string& in_namespace, const std::string& name) const;
  [[nodiscard]] bool has_pod(const std::string& in_namespace, const std::string& name) const;
};

// The ConfigMap's name. It does not carry the release's label: neither helm nor a reinstall removes it.
std::string record_name(const std::string& release);

Json to_config_map(const MaintenanceRecord& record);

// Throws Error if the ConfigMap does not hold a record that this version understands.
MaintenanceRecord parse_config_map(const Json& config_map);

}  // namespace exastro
