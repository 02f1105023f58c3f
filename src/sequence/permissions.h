// Whether the person may do what a run will do, asked before it begins.
#pragma once

#include "sequence/services.h"
#include "sequence/system.h"

namespace exastro {

// Throws Error (kForbidden) that lists every permission that is missing, for a run with this standstill and for `also`.
void check_permissions(kube::Cluster& cluster, const System& system, Standstill standstill,
                       const std::vector<kube::Access>& also = {});

}  // namespace exastro
