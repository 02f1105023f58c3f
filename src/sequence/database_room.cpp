#include "sequence/database_room.h"

#include <fmt/format.h>

#include <charconv>

#include "sequence/release_pods.h"
#include "ui/format.h"

namespace exastro {
namespace {

// The available column of POSIX df, in units of 1024 bytes.
constexpr const char* kFree = R"sh(
df -Pk "$1" | { read -r _ && read -r _ _ _ available _ && echo "$available"; }
)sh";

}  // namespace

std::optional<std::uint64_t> free_bytes(kube::Cluster& cluster, const System& system, Server& server) {
  const auto pod = database_pod(system, list_pods(cluster, system.namespaces()), *server.sides.front());
  if (!pod) return std::nullopt;
  try {
    const auto rows = server.database.query("SELECT @@hostname, @@datadir;");
    // A pod is named so inside; another name is another server.
    if (rows.at(0).at(0) != pod->name) return std::nullopt;
    const std::string text = cluster.run(*pod, {kFree, {rows.at(0).at(1)}, ""}, "");
    std::uint64_t kibibytes = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), kibibytes).ec != std::errc()) return std::nullopt;
    return kibibytes * 1024;
  } catch (const kube::KubeError&) {
    return std::nullopt;
  }
}

void require_room(const archive::Manifest& manifest, const StockedServer& stocked,
                  std::optional<std::uint64_t> free_bytes) {
  if (!free_bytes) return;
  std::uint64_t needed = 0;
  for (const auto& database : manifest.databases) {
    if (database.server == stocked.server.id) needed += database.plain_bytes_estimate;
  }
  const std::uint64_t room = *free_bytes + stocked.inventory.bytes();
  if (needed <= room) return;
  throw Error(fmt::format("The disk of the {} server has {} free, and {} when the present databases are gone; those of "
                          "the backup need about {}.",
                          stocked.server.id, ui::bytes_text(*free_bytes), ui::bytes_text(room), ui::bytes_text(needed)),
              "Make room on the server's volume, and run the restore again.");
}

}  // namespace exastro
