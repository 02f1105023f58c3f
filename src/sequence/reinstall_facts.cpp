#include "sequence/reinstall_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "exastro/encryption_key.h"
#include "sequence/backup_plan.h"

namespace exastro {
namespace {

constexpr const char* kKey = "ENCRYPT_KEY";

// Read side by side with the application, which may be changing other columns: only what it logs in with counts.
std::map<std::string, std::string> record_checksums(StockedServer& stocked) {
  std::set<std::pair<std::string, std::string>> tables;
  for (const auto& record : stocked.inventory.records) tables.emplace(record.kept_in, record.table);
  std::map<std::string, std::string> checksums;
  for (const auto& [database, table] : tables) {
    const auto rows = stocked.server.database.query(
        fmt::format("SELECT COUNT(*), COALESCE(BIT_XOR(CRC32(CONCAT_WS('/', DB_HOST, DB_PORT, DB_DATABASE, DB_USER, "
                    "DB_PASSWORD))), 0) FROM {}.{};",
                    quote_identifier(database), quote_identifier(table)));
    checksums[database + "." + table] = fmt::format("{} rows, checksum {}", rows.at(0).at(0), rows.at(0).at(1));
  }
  return checksums;
}

template <typename Map>
void compare(const Map& before, const Map& after, const char* what, std::vector<std::string>& losses) {
  for (const auto& [name, value] : before) {
    const auto found = after.find(name);
    if (found == after.end()) {
      losses.push_back(fmt::format("{} {} is gone.", what, name));
    } else if (found->second != value) {
      losses.push_back(fmt::format("{} {} was {} and is {}.", what, name, value, found->second));
    }
  }
}

void compare_data(const DataFacts& before, const DataFacts& after, std::vector<std::string>& losses) {
  for (const auto& [name, tables] : before.tables) {
    const auto found = after.tables.find(name);
    if (found == after.tables.end()) {
      losses.push_back(fmt::format("Database {} is gone.", name));
    } else if (found->second < tables) {
      losses.push_back(fmt::format("Database {} had {} tables and has {}.", name, tables, found->second));
    }
  }
  compare(before.records, after.records, "Connection records", losses);
  if (!before.file_entries) return;
  if (!after.file_entries || *after.file_entries < *before.file_entries) {
    losses.push_back(fmt::format("There were {} shared files and directories, and now there are {}.",
                                 *before.file_entries, after.file_entries.value_or(0)));
  }
}

}  // namespace

Json to_json(const ReinstallFacts& facts) {
  Json claims = Json::array();
  for (const auto& claim : facts.claims)
    claims.push_back({{"name", claim.name}, {"uid", claim.uid}, {"volume", claim.volume}});
  Json json = {{"keys", facts.keys}, {"claims", std::move(claims)}, {"dataUnknown", facts.data_unknown}};
  if (facts.data) {
    json["data"] = {{"schema", facts.data->schema}, {"tables", facts.data->tables}, {"records", facts.data->records}};
    if (facts.data->file_entries) json["data"]["fileEntries"] = *facts.data->file_entries;
  }
  return json;
}

ReinstallFacts parse_facts(const Json& json) {
  ReinstallFacts facts;
  json.at("keys").get_to(facts.keys);
  json.at("dataUnknown").get_to(facts.data_unknown);
  for (const auto& claim : json.at("claims"))
    facts.claims.push_back({claim.at("name"), claim.at("uid"), claim.at("volume")});
  if (!json.contains("data")) return facts;
  const Json& data = json.at("data");
  facts.data.emplace();
  data.at("schema").get_to(facts.data->schema);
  data.at("tables").get_to(facts.data->tables);
  data.at("records").get_to(facts.data->records);
  if (data.contains("fileEntries")) facts.data->file_entries = data.at("fileEntries").get<std::uint64_t>();
  return facts;
}

ReinstallFacts take_facts(kube::Cluster& cluster, const std::vector<ReleaseState>& states) {
  ReinstallFacts facts;
  for (const auto& state : states) {
    const std::string place = state.release.namespace_ + "/";
    for (const auto& [name, fields] : live_secrets(cluster, state)) {
      const auto key = fields.find(kKey);
      if (key != fields.end()) facts.keys[place + name] = key_fingerprint(key->second);
    }
    const std::string own_label = "app.kubernetes.io/instance";
    for (const auto& claim : cluster.list("persistentvolumeclaims", state.release.namespace_, "")) {
      const std::string name = claim.value("/metadata/name"_json_pointer, "");
      const Json labels = claim.value("/metadata/labels"_json_pointer, Json::object());
      // Those that a StatefulSet has made are in no manifest.
      if (!state.has("PersistentVolumeClaim", name) && labels.value(own_label, "") != state.release.name) continue;
      facts.claims.push_back({place + name, claim.value("/metadata/uid"_json_pointer, ""),
                              claim.value("/spec/volumeName"_json_pointer, "")});
    }
  }
  return facts;
}

DataFacts take_data_facts(kube::Cluster& cluster, const System& system) {
  BackupPlan plan = plan_backup(cluster, system, list_pods(cluster, system.namespaces()));
  DataFacts facts;
  for (auto& stocked : plan.servers) {
    for (const auto& database : stocked.inventory.databases)
      facts.tables[stocked.server.id + " " + database.name] = database.tables;
    facts.records.merge(record_checksums(stocked));
  }
  if (plan.servers.empty())
    throw Error(fmt::format("No pod of the release can ask {}:{}.", system.platform.host, system.platform.port));
  facts.schema = schema_versions(plan.servers);
  if (plan.files) facts.file_entries = plan.files->entries;
  return facts;
}

std::vector<std::string> losses(const ReinstallFacts& before, const ReinstallFacts& after) {
  std::vector<std::string> losses;
  compare(before.keys, after.keys, "The fingerprint of ENCRYPT_KEY in", losses);
  for (const auto& claim : before.claims) {
    if (std::find(after.claims.begin(), after.claims.end(), claim) == after.claims.end())
      losses.push_back(fmt::format("Claim {} is not the one that it was (volume {}).", claim.name, claim.volume));
  }
  if (before.data && after.data) compare_data(*before.data, *after.data, losses);
  return losses;
}

}  // namespace exastro
