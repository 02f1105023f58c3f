// What a release's values say about its data and its secrets.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "exastro/release.h"

namespace exastro {

// Where the values ask for the data to be wiped when the pods start: paths such as
// "exastro-platform.mariadb.persistence.reinstall".
std::vector<std::string> wiping_values(const Json& values);

// What Secrets hold, by name and field.
using SecretData = std::map<std::string, std::map<std::string, std::string>>;

// Values that make the chart write into its Secrets what they hold now: global.<X>Definition.secret.<FIELD>. Only of
// Secrets that come from a definition; confidential.
Json values_of_secrets(const Json& values, const SecretData& live);

// Secrets' fields as "NAME: FIELD, FIELD" that `wanted` would change; those that `live` does not have are no change.
std::vector<std::string> changed_secrets(const std::vector<ManifestObject>& wanted, const SecretData& live);

}  // namespace exastro
