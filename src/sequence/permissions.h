// Whether the person may do what a run will do, asked before it begins.
#pragma once

#include "sequence/services.h"
#include "sequence/system.h"

namespace exastro {

// Throws Error (kForbidden) that lists every permission that is missing, for a run with this standstill and for `also`.
void check_permissions(kube::Cluster& cluster, const System& system, Standstill standstill,
                       const std::vector<kube::Access>& also = {});

// Throws Error that lists those of the accesses which the person does not have.
void require_allowed(kube::Cluster& cluster, const std::vector<kube::Access>& accesses);

}  // namespace exastro
