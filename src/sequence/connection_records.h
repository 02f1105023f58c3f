// The records in the databases that the application logs in with, brought to the system that they now are on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sequence/server.h"

namespace exastro {

struct RecordChanges {
  std::map<std::string, std::uint64_t> moved;       // how many, by "host:port -> host:port"
  std::uint64_t administrators = 0;                 // that hold the administrator's present login now
  std::set<std::string> elsewhere;                  // host:port of those that lead to neither system, and were left
  std::map<std::string, std::uint64_t> unreadable;  // passwords that the side's key does not open, by side
};

// The ENCRYPT_KEY of a side as it will be.
using KeyOf = std::function<const std::string&(const Side&)>;

// Changes the records on this server that lead to one of the `former` addresses (host:port; none: the one address that
// all records of a side share) so that they lead to where the server is now, and the administrator's login that some
// hold (DB_ADMIN_USER, DB_ADMIN_PASSWORD) to the Secret's. `inventory` is of the server as it is now.
RecordChanges move_records(Server& server, const Inventory& inventory, const std::vector<std::string>& former,
                           const KeyOf& key_of);

}  // namespace exastro
