#include "exastro/release.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>

#include "error.h"
#include "exastro/encoding.h"
#include "stream/json_text.h"

namespace exastro {
namespace {

// Helm's records are limited to 1 MiB by the API server, and compress about tenfold.
constexpr std::size_t kLargestRecord = 256U << 20U;

std::string text_at(const YAML::Node& node, const char* key) {
  const YAML::Node child = node[key];
  return child && child.IsScalar() ? child.Scalar() : std::string{};
}

std::map<std::string, std::string> secret_data_of(const YAML::Node& secret) {
  std::map<std::string, std::string> fields;
  for (const char* part : {"data", "stringData"}) {
    const YAML::Node node = secret[part];
    if (!node || !node.IsMap()) continue;
    for (const auto& field : node) {
      const std::string value = field.second.IsScalar() ? field.second.Scalar() : std::string{};
      fields[field.first.Scalar()] = part == std::string_view("data") ? base64_decode(value) : value;
    }
  }
  return fields;
}

std::vector<ManifestObject> parse_manifest(const std::string& manifest) {
  std::vector<ManifestObject> objects;
  for (const YAML::Node& document : YAML::LoadAll(manifest)) {
    if (!document.IsMap()) continue;
    const YAML::Node metadata = document["metadata"];
    if (!metadata || !metadata.IsMap()) continue;
    ManifestObject object{text_at(document, "kind"), text_at(metadata, "name"), ""};
    if (const YAML::Node labels = metadata["labels"]; labels && labels.IsMap()) {
      object.component = text_at(labels, "app.kubernetes.io/name");
    }
    if (object.kind == "Secret") object.secret_data = secret_data_of(document);
    objects.push_back(std::move(object));
  }
  return objects;
}

bool has_component(const Release& release, std::string_view prefix) {
  return std::any_of(release.objects.begin(), release.objects.end(), [&](const ManifestObject& object) {
    return object.kind == "Deployment" && (object.component.starts_with(prefix) || object.name.starts_with(prefix));
  });
}

ObjectNames names_of(const Release& release, const std::string& prefix, const std::string& short_name) {
  const std::string database =
      definition_name(release.values, short_name + "DatabaseDefinition", short_name + "-database");
  const std::string global = definition_name(release.values, short_name + "GlobalDefinition", short_name + "-global");
  return {prefix + "-params-" + database, prefix + "-secret-" + database, prefix + "-params-" + global,
          prefix + "-secret-" + global};
}

std::vector<int> version_numbers(std::string_view text) {
  std::vector<int> numbers;
  if (text.starts_with('v')) text.remove_prefix(1);
  while (!text.empty()) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) break;
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  return numbers;
}

}  // namespace

bool Release::has_object(std::string_view kind, std::string_view object_name) const {
  return std::any_of(objects.begin(), objects.end(),
                     [&](const ManifestObject& object) { return object.kind == kind && object.name == object_name; });
}

bool Release::has_platform() const { return has_component(*this, "platform-auth"); }
bool Release::has_it_automation() const { return has_component(*this, "ita-by-") || has_component(*this, "ita-api-"); }

std::string Release::component() const {
  if (has_platform() && has_it_automation()) return "umbrella";
  return has_platform() ? "platform" : "it-automation";
}

std::vector<ManifestObject> read_manifest(const std::string& manifest) {
  try {
    return parse_manifest(manifest);
  } catch (const YAML::Exception& error) {
    throw Error(fmt::format("A manifest of Helm's cannot be read: {}", error.what()));
  }
}

Release parse_release_record(std::string_view secret_data) {
  try {
    const Json record = stream::parse_json(gunzip_text(base64_decode(base64_decode(secret_data)), kLargestRecord));
    Release release;
    release.name = record.at("name");
    release.namespace_ = record.at("namespace");
    release.revision = stream::int_at(record, "version");
    const Json& chart = record.at("chart");
    const Json& metadata = chart.at("metadata");
    release.chart = metadata.at("name");
    release.chart_version = metadata.value("version", "");
    release.app_version = metadata.value("appVersion", "");
    if (const auto values = chart.find("values"); values != chart.end() && values->is_object())
      release.values = *values;
    if (const auto config = record.find("config"); config != record.end() && config->is_object())
      release.config = *config;
    merge_values(release.values, release.config);
    release.objects = parse_manifest(record.value("manifest", ""));
    return release;
  } catch (const Json::exception& error) {
    throw Error(fmt::format("Helm's record of a release cannot be read: {}", error.what()));
  } catch (const stream::JsonError& error) {
    throw Error(fmt::format("Helm's record of a release cannot be read: {}", error.what()));
  } catch (const YAML::Exception& error) {
    throw Error(fmt::format("The manifest in Helm's record of a release cannot be read: {}", error.what()));
  }
}

std::string definition_name(const Json& values, const std::string& definition, const std::string& default_name) {
  const auto global = values.find("global");
  if (global == values.end() || !global->is_object()) return default_name;
  const auto found = global->find(definition);
  if (found == global->end() || !found->is_object()) return default_name;
  const auto name = found->find("name");
  return name != found->end() && name->is_string() && !name->get<std::string>().empty() ? name->get<std::string>()
                                                                                        : default_name;
}

ObjectNames platform_names(const Release& release) { return names_of(release, "platform", "pf"); }
ObjectNames it_automation_names(const Release& release) { return names_of(release, "ita", "ita"); }

std::string keycloak_params_name(const Release& release) {
  return "platform-params-" + definition_name(release.values, "keycloakDefinition", "keycloak");
}
std::string keycloak_secret_name(const Release& release) {
  return "platform-secret-" + definition_name(release.values, "keycloakDefinition", "keycloak");
}

bool version_older(std::string_view left, std::string_view right) {
  const std::vector<int> a = version_numbers(left);
  const std::vector<int> b = version_numbers(right);
  if (a.empty() || b.empty()) return false;
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

void merge_values(Json& defaults, const Json& overrides) {
  for (const auto& [key, value] : overrides.items()) {
    if (value.is_null()) {
      defaults.erase(key);
    } else if (value.is_object() && defaults.contains(key) && defaults[key].is_object()) {
      merge_values(defaults[key], value);
    } else {
      defaults[key] = value;
    }
  }
}

}  // namespace exastro
