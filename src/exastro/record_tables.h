// The tables in which Exastro keeps what it logs in with.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace exastro {

// A table of connection records, and the database that holds it: one that is known from the start, or one of those that
// the records before it name.
struct RecordTable {
  std::string_view name;
  std::string_view side;
  bool of_organization;  // kept in the organizations' databases
};

inline constexpr std::array<RecordTable, 4> kRecordTables{{{"T_ORGANIZATION_DB", "platform", false},
                                                           {"T_COMN_ORGANIZATION_DB_INFO", "ita", false},
                                                           {"T_WORKSPACE_DB", "platform", true},
                                                           {"T_COMN_WORKSPACE_DB_INFO", "ita", true}}};

// The one of this name, whose case depends on the server; nullptr if there is none.
inline const RecordTable* find_record_table(std::string_view name) {
  const auto* found = std::find_if(kRecordTables.begin(), kRecordTables.end(), [&](const RecordTable& table) {
    return std::equal(name.begin(), name.end(), table.name.begin(), table.name.end(),
                      [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; });
  });
  return found == kRecordTables.end() ? nullptr : found;
}

}  // namespace exastro
