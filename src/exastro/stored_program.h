// Routines and events as rows of mysql.proc and mysql.event have them, and the SQL that creates them.
#pragma once

#include <string>

#include "stream/table_rows.h"

namespace exastro {

// The statements that create what a row of mysql.proc describes, in the form in which the dump programs write routines:
// under its own sql_mode and character sets, by its definer, in the current database. Throws Error (kDamaged) if the
// row lacks what it takes.
std::string routine_sql(const stream::TableRow& row);

// The same for a row of mysql.event; its times, which the table has in UTC, are in the event's own time zone then.
std::string event_sql(const stream::TableRow& row);

// The database of such a row.
std::string database_of(const stream::TableRow& row);

}  // namespace exastro
