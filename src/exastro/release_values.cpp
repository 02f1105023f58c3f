#include "exastro/release_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace exastro {
namespace {

struct Definition {
  const char* values;
  const char* default_name;
};
// The definitions of the vendor's chart that have a `secret`.
constexpr std::array<Definition, 7> kDefinitions{{{"pfGlobalDefinition", "pf-global"},
                                                  {"pfDatabaseDefinition", "pf-database"},
                                                  {"keycloakDefinition", "keycloak"},
                                                  {"itaGlobalDefinition", "ita-global"},
                                                  {"itaDatabaseDefinition", "ita-database"},
                                                  {"gitlabDefinition", "gitlab"},
                                                  {"mongoDefinition", "mongo"}}};

// Templates ask for truth as Go does, and people write it in quotes.
bool is_on(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value != 0;
  return value.is_string() && !value.get<std::string>().empty() && value != "false";
}

void find_wiping(const Json& values, const std::string& path, std::vector<std::string>& found) {
  for (const auto& [key, value] : values.items()) {
    const std::string here = path.empty() ? key : path + "." + key;
    if (!value.is_object()) continue;
    if (key == "persistence" && is_on(value.value("reinstall", Json()))) found.push_back(here + ".reinstall");
    find_wiping(value, here, found);
  }
}

}  // namespace

std::vector<std::string> wiping_values(const Json& values) {
  std::vector<std::string> found;
  if (values.is_object()) find_wiping(values, "", found);
  return found;
}

Json values_of_secrets(const Json& values, const SecretData& live) {
  Json result = Json::object();
  for (const auto& definition : kDefinitions) {
    const std::string name = definition_name(values, definition.values, definition.default_name);
    for (const char* prefix : {"platform-secret-", "ita-secret-"}) {
      const auto found = live.find(prefix + name);
      if (found == live.end()) continue;
      for (const auto& [field, value] : found->second) result["global"][definition.values]["secret"][field] = value;
    }
  }
  return result;
}

std::vector<std::string> changed_secrets(const std::vector<ManifestObject>& wanted, const SecretData& live) {
  std::vector<std::string> changed;
  for (const auto& object : wanted) {
    const auto found = live.find(object.name);
    if (object.kind != "Secret" || found == live.end()) continue;
    std::vector<std::string> fields;
    for (const auto& [field, value] : object.secret_data) {
      const auto now = found->second.find(field);
      if (now != found->second.end() && now->second != value) fields.push_back(field);
    }
    if (!fields.empty()) changed.push_back(fmt::format("{}: {}", object.name, fmt::join(fields, ", ")));
  }
  return changed;
}

}  // namespace exastro
