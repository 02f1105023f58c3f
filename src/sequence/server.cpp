#include "sequence/server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <mutex>

#include "process/interrupt.h"
#include "sequence/side_by_side.h"

namespace exastro {
namespace {

Database connect(kube::Cluster& cluster, const System& system, const Side& side, const kube::Pod& pod) {
  return {cluster, pod, {side.host, side.port, side.admin_user, side.admin_password}, system.confidential()};
}

}  // namespace

bool Server::holds(const std::string& side_id) const {
  return std::any_of(sides.begin(), sides.end(), [&](const Side* side) { return side->id == side_id; });
}

std::vector<StockedServer> take_stock(const System& system, std::vector<Server> servers) {
  std::vector<StockedServer> stocked;
  for (auto& server : servers) {
    InventoryRequest request = request_for(system, server);
    stocked.push_back({std::move(server), std::move(request), {}});
  }
  take_stock_again(stocked);
  return stocked;
}

void take_stock_again(std::vector<StockedServer>& stocked) {
  std::vector<std::function<void()>> works;
  for (auto& entry : stocked)
    works.emplace_back([&entry] { entry.inventory = take_inventory(entry.server.database, entry.request); });
  side_by_side(works);
}

std::vector<Server> open_servers(kube::Cluster& cluster, const System& system, const PodOf& pod_of,
                                 const std::string& run_id) {
  std::vector<Server> servers;
  for (const Side* side : {&system.platform, &system.ita}) {
    if (const auto pod = pod_of(*side)) servers.push_back({side->id, {side}, connect(cluster, system, *side, *pod)});
  }
  // One name in one namespace is one server; two names may be.
  const auto one_name = [](const Side& a, const Side& b) {
    return a.namespace_ == b.namespace_ && a.host == b.host && a.port == b.port;
  };
  if (servers.size() == 2 && (one_name(system.platform, system.ita) ||
                              servers[0].database.is_same_server(servers[1].database, "kubectl-exastro-" + run_id))) {
    servers.pop_back();
    servers[0].id = "shared";
    servers[0].sides.push_back(&system.ita);
  }
  return servers;
}

void require_databases(const System& system, const Server& server, const Inventory& inventory) {
  for (const auto& name : request_for(system, server).databases) {
    if (std::find(inventory.absent.begin(), inventory.absent.end(), name) == inventory.absent.end()) continue;
    throw Error(
        fmt::format(
            "The {} server at {}:{} has no database {}, which Exastro's ConfigMaps name, or the administrator may not "
            "see it.",
            server.id, server.sides.front()->host, server.sides.front()->port, name),
        "Look at the server; if its data is lost, restore it from a backup: kubectl exastro restore --from FILE");
  }
  require_dumpable(inventory, "");
}

void require_dumpable(const Inventory& inventory, const std::string& or_else) {
  if (!inventory.broken_views.empty()) {
    throw Error(fmt::format("Views that name what is not there, on which a dump stops: {}.",
                            fmt::join(inventory.broken_views, ", ")),
                "Drop or mend them, and run the command again." + or_else);
  }
  if (!inventory.endless_events.empty()) {
    throw Error(
        fmt::format("Events whose text holds `;;`, on which mariadb-dump never ends: {}.",
                    fmt::join(inventory.endless_events, ", ")),
        "Change them (ALTER EVENT) so that no two semicolons follow each other, and run the command again." + or_else);
  }
}

void set_largest_packet(Server& server, std::uint64_t bytes) {
  server.database.query(fmt::format("SET GLOBAL max_allowed_packet = {};", bytes));
}

std::map<std::string, std::string> schema_versions(std::vector<StockedServer>& stocked) {
  std::mutex mutex;
  std::map<std::string, std::string> versions;
  std::vector<std::function<void()>> works;
  for (auto& entry : stocked) {
    for (const Side* side : entry.server.sides) {
      works.emplace_back([&, side, &database = entry.server.database] {
        const char* table = side->id == "platform" ? "T_PLATFORM_VERSION" : "T_COMN_VERSION";
        try {
          const auto rows = database.query(
              fmt::format("SELECT VERSION FROM {}.{};", quote_identifier(side->database), quote_identifier(table)));
          const std::scoped_lock lock(mutex);
          if (!rows.empty()) versions[side->id] = rows.at(0).at(0);
        } catch (const process::Interrupted&) {
          throw;
        } catch (const Error&) {
          // An older application has no such table: its version is not known, and not needed.
        }
      });
    }
  }
  side_by_side(works);
  return versions;
}

InventoryRequest request_for(const System& system, const Server& server) {
  InventoryRequest request;
  request.administrators = {system.platform.admin_user, system.ita.admin_user};
  for (const Side* side : server.sides) {
    request.databases.push_back(side->database);
    request.users.push_back(side->user);
    if (side->id == "platform") {
      request.databases.push_back(system.keycloak_database);
      request.users.push_back(system.keycloak_user);
    }
  }
  return request;
}

}  // namespace exastro
