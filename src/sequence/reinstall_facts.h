// What must be the same after a reinstall as before it: keys, claims and data. Kept in the record in the cluster, so
// that a run that finishes another's can prove it, too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sequence/release_objects.h"
#include "sequence/system.h"

namespace exastro {

struct ClaimFacts {
  std::string name;  // NAMESPACE/NAME
  std::string uid;
  std::string volume;
  bool operator==(const ClaimFacts&) const = default;
};

struct DataFacts {
  std::map<std::string, std::string> schema;    // version, by side
  std::map<std::string, std::uint64_t> tables;  // by "SERVER DATABASE"
  std::map<std::string, std::string> records;   // rows and checksum of the logins, by "DATABASE.TABLE"
  std::optional<std::uint64_t> file_entries;    // of the shared files
};

struct ReinstallFacts {
  std::map<std::string, std::string> keys;  // fingerprint, by "NAMESPACE/SECRET"
  std::vector<ClaimFacts> claims;
  std::optional<DataFacts> data;
  std::string data_unknown;  // why there is no data
};

Json to_json(const ReinstallFacts& facts);
ReinstallFacts parse_facts(const Json& json);

// The keys and claims, from the cluster's objects.
ReinstallFacts take_facts(kube::Cluster& cluster, const std::vector<ReleaseState>& states);

// Asks the servers, through pods that run.
DataFacts take_data_facts(kube::Cluster& cluster, const System& system);

// Sentences about what is not as it was. A migration may have changed schema versions and added tables, and what has
// started again may have added files.
std::vector<std::string> losses(const ReinstallFacts& before, const ReinstallFacts& after);

}  // namespace exastro
