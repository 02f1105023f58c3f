// The database servers of a system: one that both sides share, or one each.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sequence/database.h"
#include "sequence/inventory.h"
#include "sequence/system.h"

namespace exastro {

struct Server {
  std::string id;                  // "shared", "platform" or "ita", as in the names of members
  std::vector<const Side*> sides;  // whose databases are there; of a System that must outlive this
  Database database;

  [[nodiscard]] bool holds(const std::string& side_id) const;
};

// A server, and what was found on it.
struct StockedServer {
  Server server;
  InventoryRequest request;
  Inventory inventory;
};

// All of them, side by side.
std::vector<StockedServer> take_stock(const System& system, std::vector<Server> servers);
// Looks, or looks again: what was made meanwhile counts, too.
void take_stock_again(std::vector<StockedServer>& stocked);

// Where commands reach a side's server from; absent if there is no such pod.
using PodOf = std::function<std::optional<kube::Pod>(const Side&)>;

// Asks the servers themselves whether they are two. Sides that no pod reaches are left out.
std::vector<Server> open_servers(kube::Cluster& cluster, const System& system, const PodOf& pod_of,
                                 const std::string& run_id);

// Throws Error if a database that a ConfigMap names is not there, or a view or an event cannot be dumped: a backup
// would lack it, or fail when the services are stopped.
void require_databases(const System& system, const Server& server, const Inventory& inventory);
// The second half of it. `or_else` is one more way out, with a blank before it.
void require_dumpable(const Inventory& inventory, const std::string& or_else);

// Sets the global max_allowed_packet, in bytes: there is none of a session's own. Throws Error.
void set_largest_packet(Server& server, std::uint64_t bytes);

// Versions of the stored data, by side, of those that have one.
std::map<std::string, std::string> schema_versions(std::vector<StockedServer>& stocked);

// What the system's ConfigMaps and Secrets name on this server.
InventoryRequest request_for(const System& system, const Server& server);

}  // namespace exastro
