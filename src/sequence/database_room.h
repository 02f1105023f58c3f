// Whether a server has room for the databases of a backup.
#pragma once

#include <cstdint>
#include <optional>

#include "archive/manifest.h"
#include "sequence/server.h"
#include "sequence/system.h"

namespace exastro {

// Bytes free on the disk of a server that runs in a pod of the release. Absent if it runs elsewhere or its pod cannot
// be asked: SQL does not tell.
std::optional<std::uint64_t> free_bytes(kube::Cluster& cluster, const System& system, Server& server);

// Throws Error if the backup's databases on this server need more room than is free and will be, when the present ones
// are dropped. `free_bytes` absent, or sizes that the manifest does not know, are passed over.
void require_room(const archive::Manifest& manifest, const StockedServer& stocked,
                  std::optional<std::uint64_t> free_bytes);

}  // namespace exastro
