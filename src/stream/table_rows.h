// Rows of a table, read from the statements that a dump program writes: CREATE TABLE and INSERT … VALUES.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stream/sql_lexer.h"

namespace exastro::stream {

// By column; absent is NULL. Text is in the dump's character set, what is binary as it was.
using TableRow = std::map<std::string, std::optional<std::string>>;

// The columns of a CREATE TABLE, in their order. Throws Error (kDamaged) if it cannot be read.
std::vector<std::string> column_names(std::string_view create_table, QuoteRules rules);

// Reads the rows of `INSERT INTO name [(columns)] VALUES (…),(…)`. Without a list, the columns are those given. Values
// are NULL, numbers, strings, 0x… and X'…', the last two as the bytes they mean; anything else throws Error (kDamaged),
// as does a row with another number of values than there are columns.
void for_each_row(std::string_view insert, const std::vector<std::string>& columns, QuoteRules rules,
                  const std::function<void(const TableRow&)>& take);

}  // namespace exastro::stream
