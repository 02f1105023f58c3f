#include "stream/definer_clause.h"

#include <algorithm>
#include <array>

#include "stream/sql_tokens.h"

namespace exastro::stream {
namespace {

StatementHead undecided() {
  StatementHead head;
  head.undecided = true;
  return head;
}

bool is_letter(char byte) { return upper(byte) >= 'A' && upper(byte) <= 'Z'; }
// CREATE, ALTER, SET.
bool begins_a_word_of_interest(char byte) { return upper(byte) == 'C' || upper(byte) == 'A' || upper(byte) == 'S'; }

// From behind the word DEFINER, which `definer` is.
StatementHead read_clause(Tokenizer& tokens, const Token& definer, std::string_view text) {
  const int marks = tokens.marks();
  const Token equals = tokens.next();
  if (equals.kind == Token::Kind::kCut) return undecided();
  if (!tokens.is_symbol(equals, '=')) return {};

  const Token user = tokens.next();
  if (user.kind == Token::Kind::kCut) return undecided();
  if (!is_name(user) || tokens.marks() != marks) return {};
  DefinerClause clause{definer.begin, user.end, name_of(tokens.text(user)), false};

  const bool current = tokens.is_keyword(user, "CURRENT_USER") || tokens.is_keyword(user, "CURRENT_ROLE");
  if (current) std::transform(clause.account.begin(), clause.account.end(), clause.account.begin(), upper);
  const Token behind = tokens.next();
  if (behind.kind == Token::Kind::kCut) return undecided();
  if (tokens.is_symbol(behind, current ? '(' : '@')) {
    const Token last = current ? tokens.next() : tokens.next_host();
    if (last.kind == Token::Kind::kCut) return undecided();
    const bool as_expected = current ? tokens.is_symbol(last, ')') : is_name(last);
    if (!as_expected || tokens.marks() != marks) return {};
    if (!current) clause.account += "@" + name_of(tokens.text(last));
    clause.end = last.end;
  }
  if (clause.end == text.size()) return undecided();  // the byte behind it tells whether it joins
  clause.joins = is_word_byte(text[clause.begin - 1]) && is_word_byte(text[clause.end]);
  StatementHead head;
  head.definer = std::move(clause);
  return head;
}

}  // namespace

StatementHead read_statement_head(std::string_view text, QuoteRules rules) {
  // Most statements are INSERT: their first letter is enough.
  if (!text.empty() && is_letter(text[0]) && !begins_a_word_of_interest(text[0])) return {};

  Tokenizer tokens(text, rules);
  Token token = tokens.next();
  if (token.kind == Token::Kind::kCut) return undecided();
  if (tokens.is_keyword(token, "SET")) {
    StatementHead head;
    head.sets = true;
    return head;
  }
  if (!tokens.is_keyword(token, "CREATE") && !tokens.is_keyword(token, "ALTER")) return {};

  // What may stand between CREATE and DEFINER. ALGORITHM = x and SQL SECURITY x are three tokens each.
  constexpr std::array<std::string_view, 2> kOne{"OR", "REPLACE"};
  constexpr std::array<std::string_view, 2> kThree{"ALGORITHM", "SQL"};
  const auto is_one_of = [&](const auto& words) {
    return std::any_of(words.begin(), words.end(), [&](auto word) { return tokens.is_keyword(token, word); });
  };
  for (;;) {
    token = tokens.next();
    if (token.kind == Token::Kind::kCut) return undecided();
    if (tokens.is_keyword(token, "DEFINER")) return read_clause(tokens, token, text);
    if (is_one_of(kThree)) {
      tokens.next();
      if (tokens.next().kind == Token::Kind::kCut) return undecided();
    } else if (!is_one_of(kOne)) {
      return {};
    }
  }
}

QuoteRules rules_after_set(std::string_view text, QuoteRules rules) {
  std::string capitals(text);
  std::transform(capitals.begin(), capitals.end(), capitals.begin(), upper);
  const std::string_view all = capitals;
  constexpr std::string_view kName = "SQL_MODE";
  for (std::size_t at = all.find(kName); at != std::string_view::npos; at = all.find(kName, at + 1)) {
    const std::string_view before = all.substr(0, at);
    const bool user_variable = before.ends_with('@') && !before.ends_with("@@");
    if (user_variable || (!before.empty() && is_word_byte(before.back()))) continue;
    std::string_view value = all.substr(at + kName.size());
    const auto skip = [&value](std::string_view bytes) {
      value.remove_prefix(std::min(value.find_first_not_of(bytes), value.size()));
    };
    skip(" \t\r\n");
    if (!value.starts_with('=') && !value.starts_with(":=")) continue;
    skip(":= \t\r\n");
    if (!value.starts_with('\'') && !value.starts_with('"')) {
      rules = {};
      continue;
    }
    const std::string_view modes = value.substr(1, value.find(value[0], 1) - 1);
    rules.backslash_escapes = modes.find("NO_BACKSLASH_ESCAPES") == std::string_view::npos;
    rules.ansi_quotes = modes.find("ANSI") != std::string_view::npos;
  }
  return rules;
}

}  // namespace exastro::stream
