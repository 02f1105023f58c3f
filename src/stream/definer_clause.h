// Reading the beginning of a statement, as far as a DEFINER clause may stand in it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "stream/sql_lexer.h"

namespace exastro::stream {

struct DefinerClause {
  std::size_t begin = 0;  // of `DEFINER`, in the text that was read
  std::size_t end = 0;    // behind the account
  std::string account;    // without quotes: user@host, role, CURRENT_USER or CURRENT_ROLE
  bool joins = false;     // without it, the bytes on both sides would be one word
};

struct StatementHead {
  bool undecided = false;  // the text ends too early to tell; ask again with more of it
  bool sets = false;       // a SET statement
  std::optional<DefinerClause> definer;
};

// Reads a statement from its first byte. What is decided stays the same when more text follows.
StatementHead read_statement_head(std::string_view text, QuoteRules rules);

// What a SET statement makes of the rules: those of `text`, if it sets sql_mode, else `rules`. A mode from a variable
// is taken for the usual one, since dumps restore the mode that way.
QuoteRules rules_after_set(std::string_view text, QuoteRules rules);

}  // namespace exastro::stream
