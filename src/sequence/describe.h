// What was found, for people and for programs. Never a password or a key.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "sequence/system.h"

namespace exastro {

std::string describe_text(const System& system);
Json describe_json(const System& system);

}  // namespace exastro
