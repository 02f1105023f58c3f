// The pod that dumps, packs and loads: its manifest, from what the release itself runs.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace exastro {

using Json = nlohmann::json;

struct MaintenancePodSpec {
  std::string namespace_;
  std::string name;
  std::string run_id;
  std::string image;
  std::int64_t user = 1000;  // owner of the shared files, from the pods that use them
  std::int64_t group = 1000;
  std::string claim;       // of the shared files; empty for a pod that works on databases only
  std::string mount_path;  // where to mount it
  std::string node;        // where a ReadWriteOnce claim is in use, or empty
  Json image_pull_secrets = Json::array();
  Json tolerations = Json::array();
  std::int64_t deadline_seconds = 0;  // from its start, after which it ends; 0: never
};

inline constexpr const char* kMaintenanceContainer = "maintenance";

// Admitted by the `restricted` pod security standard. It holds no password: those come on standard input.
Json maintenance_pod(const MaintenancePodSpec& spec);

// Bytes of its node's disk after which the pod, as the API server has it, is evicted: a LimitRange of the namespace may
// have given it such a limit. Absent if there is none.
std::optional<std::uint64_t> most_on_disk(const Json& pod);

}  // namespace exastro
