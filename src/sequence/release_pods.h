// Pods of the release that run anyway, and what they can be asked.
#pragma once

#include <optional>
#include <vector>

#include "sequence/system.h"

namespace exastro {

// A pod of a database server of the release that is likely to be the side's: it has the client programs.
std::optional<kube::Pod> database_pod(const System& system, const std::vector<Json>& pods, const Side& side);

// A pod that mounts the shared files.
std::optional<kube::Pod> files_pod(const System& system, const std::vector<Json>& pods);

}  // namespace exastro
