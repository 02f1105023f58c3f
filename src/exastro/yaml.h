// JSON as YAML that people read.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace exastro {

// Block style; strings are always quoted, so that "1.10" and "no" come back as what they were.
std::string to_yaml(const nlohmann::json& json);

}  // namespace exastro
