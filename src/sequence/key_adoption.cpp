#include "sequence/key_adoption.h"

#include <fmt/format.h>

#include <algorithm>

#include "archive/damaged.h"
#include "exastro/encoding.h"
#include "exastro/encryption_key.h"
#include "exastro/maintenance_record.h"
#include "stream/json_text.h"

namespace exastro {
namespace {

using archive::Manifest;

constexpr const char* kKey = "ENCRYPT_KEY";

std::vector<const Side*> sides_of(const System& system) { return {&system.platform, &system.ita}; }

// The value of the key that the manifest names.
std::string stored_key(const archive::BackupReader& backup, const Manifest::Key& key) {
  for (const auto& member : backup.manifest().members) {
    if (member.kind != archive::MemberKind::kKeys) continue;
    const Json stored = stream::parse_json(backup.read_text(member.name));
    if (!stored.is_object()) continue;
    for (const auto& entry : stored.value("keys", Json::array())) {
      if (!entry.is_object() || entry.value("side", Json()) != key.side || entry.value("key", Json()) != key.name)
        continue;
      const Json value = entry.value("value", Json());
      if (value.is_string() && key_fingerprint(value.get<std::string>()) == key.fingerprint) return value;
    }
  }
  throw archive::damaged(fmt::format("The backup names an {} of side {} and does not hold it.", key.name, key.side));
}

}  // namespace

void KeyAdoption::compare(const archive::BackupReader& backup) {
  for (const Side* side : sides_of(system_)) {
    for (const auto& key : backup.manifest().keys) {
      if (key.side != side->id || key.name != kKey || key.fingerprint == key_fingerprint(side->encrypt_key)) continue;
      adopted_[side->id] = stored_key(backup, key);
    }
  }
}

std::string KeyAdoption::secrets_text() const {
  std::string text;
  for (const Side* side : sides_of(system_)) {
    if (!adopted_.contains(side->id)) continue;
    text += fmt::format("{}Secret {} in namespace {}", text.empty() ? "" : ", and ", side->names.global_secret,
                        side->namespace_);
  }
  return text;
}

const std::string& KeyAdoption::key_of(const Side& side) const {
  const auto found = adopted_.find(side.id);
  return found == adopted_.end() ? side.encrypt_key : found->second;
}

std::vector<kube::Access> KeyAdoption::accesses() const {
  std::vector<kube::Access> accesses;
  if (!is_needed()) return accesses;
  for (const char* verb : {"create", "get", "delete"})
    accesses.push_back({system_.namespace_(), verb, "", "secrets", ""});
  for (const auto& namespace_ : system_.namespaces()) accesses.push_back({namespace_, "update", "", "secrets", ""});
  return accesses;
}

bool KeyAdoption::puts_back() {
  const auto kept = kept_keys();
  if (kept.empty()) return false;
  return std::all_of(adopted_.begin(), adopted_.end(), [&](const auto& adopted) {
    const auto found = kept.find(adopted.first);
    return found != kept.end() && found->second == adopted.second;
  });
}

void KeyAdoption::require_possible() {
  for (const Side* side : sides_of(system_)) {
    if (!adopted_.contains(side->id)) continue;
    const auto secret = cluster_.get("secret", side->namespace_, side->names.global_secret);
    if (secret && !secret->value("immutable", false)) continue;
    throw Error(fmt::format("The Secret {} in namespace {} cannot be changed: it is {}.", side->names.global_secret,
                            side->namespace_, secret ? "immutable" : "gone"),
                "Nothing was stopped. Make the Secret again without `immutable`, with the backup's key.");
  }
}

std::string KeyAdoption::kept_name() const { return record_name(system_.release()) + "-keys"; }

std::map<std::string, std::string> KeyAdoption::kept_keys() {
  const auto kept = cluster_.get("secret", system_.namespace_(), kept_name());
  std::map<std::string, std::string> keys;
  if (!kept) return keys;
  const Json data = kept->value("data", Json::object());
  for (const auto& [side, value] : data.items()) {
    keys[side] = base64_decode(value.is_string() ? value.get<std::string>() : "");
  }
  return keys;
}

void KeyAdoption::keep_present(bool finishes_another) {
  if (!kept_keys().empty()) {
    if (finishes_another) return;
    settle();
  }
  Json data = Json::object();
  for (const Side* side : sides_of(system_)) data[side->id] = base64_encode(side->encrypt_key);
  cluster_.create({{"apiVersion", "v1"},
                   {"kind", "Secret"},
                   {"type", "Opaque"},
                   {"metadata",
                    {{"name", kept_name()},
                     {"namespace", system_.namespace_()},
                     {"labels", {{"app.kubernetes.io/managed-by", "kubectl-exastro"}}}}},
                   {"data", std::move(data)}});
}

void KeyAdoption::set_key(const std::string& namespace_, const std::string& secret, const std::string& value) {
  auto object = cluster_.get("secret", namespace_, secret);
  if (!object) throw Error(fmt::format("The Secret {} in namespace {} is gone.", secret, namespace_));
  Json& held = (*object)["data"][kKey];
  if (held == base64_encode(value)) return;
  held = base64_encode(value);
  // `kubectl replace` would copy the values into it.
  if (object->contains("/metadata/annotations"_json_pointer))
    (*object)["metadata"]["annotations"].erase("kubectl.kubernetes.io/last-applied-configuration");
  cluster_.replace(*object);
}

void KeyAdoption::apply(bool finishes_another) {
  if (!is_needed()) return;
  keep_present(finishes_another);
  was_applied_ = true;
  for (const Side* side : sides_of(system_)) {
    if (adopted_.contains(side->id)) set_key(side->namespace_, side->names.global_secret, adopted_.at(side->id));
  }
}

void KeyAdoption::undo() {
  if (!was_applied_) return;
  const auto kept = kept_keys();
  for (const Side* side : sides_of(system_)) {
    if (const auto found = kept.find(side->id); found != kept.end())
      set_key(side->namespace_, side->names.global_secret, found->second);
  }
  settle();
}

void KeyAdoption::settle() { cluster_.remove("secret", system_.namespace_(), kept_name()); }

std::vector<std::string> KeyAdoption::warnings() const {
  std::vector<std::string> warnings;
  if (!is_needed()) return warnings;
  for (const auto& release : system_.releases) {
    for (const char* definition : {"pfGlobalDefinition", "itaGlobalDefinition"}) {
      const Json::json_pointer path(fmt::format("/global/{}/secret/{}", definition, kKey));
      if (!release.config.contains(path) || release.config.at(path) == "") continue;
      warnings.push_back(fmt::format(
          "The values of release {} set global.{}.secret.{}: give it the value that the Secret has now, or the "
          "next `helm upgrade` puts the former key back and nothing in the databases can be decrypted.",
          release.name, definition, kKey));
    }
  }
  warnings.emplace_back(
      "`helm rollback` to a revision from before this restore would put the former keys back: run `helm upgrade` once, "
      "so "
      "that a revision has the present ones.");
  return warnings;
}

}  // namespace exastro
