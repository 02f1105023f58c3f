// A Helm release of Exastro, as its record tells it, and the names of things that its values give.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exastro {

using Json = nlohmann::json;

// An object of the stored manifest: enough to know what the release made.
struct ManifestObject {
  std::string kind;
  std::string name;
  std::string component;                                // the label app.kubernetes.io/name, or empty
  std::map<std::string, std::string> secret_data = {};  // of a Secret: what each field holds, decoded
};

// The objects of a manifest as Helm stores or renders it. Throws Error if it cannot be read.
std::vector<ManifestObject> read_manifest(const std::string& manifest);

struct Release {
  std::string name;
  std::string namespace_;
  int revision = 0;
  std::string chart;
  std::string chart_version;
  std::string app_version;
  Json config = Json::object();  // what the person set (helm get values)
  Json values = Json::object();  // the chart's defaults with `config` merged over them
  std::vector<ManifestObject> objects;

  [[nodiscard]] bool has_object(std::string_view kind, std::string_view object_name) const;
  // Whether the release holds that half of Exastro. The umbrella chart holds both.
  [[nodiscard]] bool has_platform() const;
  [[nodiscard]] bool has_it_automation() const;
  [[nodiscard]] bool is_exastro() const { return has_platform() || has_it_automation(); }
  // "umbrella", "platform" or "it-automation".
  [[nodiscard]] std::string component() const;
};

// From `.data.release` of the record's Secret: base64(base64(gzip(JSON))). Throws Error if it cannot be read.
Release parse_release_record(std::string_view secret_data);

// `global.<definition>.name`, e.g. definition_name(values, "pfDatabaseDefinition", "pf-database").
std::string definition_name(const Json& values, const std::string& definition, const std::string& default_name);

// ConfigMaps and Secrets of one half.
struct ObjectNames {
  std::string database_params;
  std::string database_secret;
  std::string global_params;
  std::string global_secret;
};
ObjectNames platform_names(const Release& release);
ObjectNames it_automation_names(const Release& release);
std::string keycloak_params_name(const Release& release);
std::string keycloak_secret_name(const Release& release);

// Whether version `left` ("2.7.1") is older than `right`, number by number; texts that are no versions are not older.
bool version_older(std::string_view left, std::string_view right);

// Over `defaults`, field by field; null removes, as in Helm.
void merge_values(Json& defaults, const Json& overrides);

}  // namespace exastro
