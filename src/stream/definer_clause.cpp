#include "stream/definer_clause.h"

#include <algorithm>
#include <array>

namespace exastro::stream {
namespace {

bool is_space(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }
bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
bool is_word_byte(char byte) {
  return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '$' ||
         static_cast<unsigned char>(byte) >= 0x80;
}
char upper(char byte) { return byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 'a' + 'A') : byte; }

struct Token {
  enum class Kind { kWord, kQuoted, kSymbol, kCut };  // kCut: the text ends before the token's end is sure
  Kind kind = Kind::kCut;
  std::size_t begin = 0;
  std::size_t end = 0;
};

class Tokenizer {
 public:
  Tokenizer(std::string_view text, QuoteRules rules) : text_(text), rules_(rules) {}

  Token next() {
    if (!skip_blanks_and_comments()) return {};
    const std::size_t begin = at_;
    const char byte = text_[at_];
    if (is_word_byte(byte)) return word(begin, "");
    if (byte == '`' || byte == '\'' || byte == '"') return quoted(begin);
    return {Token::Kind::kSymbol, begin, ++at_};
  }

  // The host behind an @: unlike other words it holds dots.
  Token next_host() {
    if (!skip_blanks_and_comments()) return {};
    if (is_word_byte(text_[at_])) return word(at_, ".");
    return next();
  }

  [[nodiscard]] std::string_view text(const Token& token) const {
    return text_.substr(token.begin, token.end - token.begin);
  }
  [[nodiscard]] bool is_symbol(const Token& token, char symbol) const {
    return token.kind == Token::Kind::kSymbol && text_[token.begin] == symbol;
  }
  [[nodiscard]] bool is_keyword(const Token& token, std::string_view capitals) const {
    return token.kind == Token::Kind::kWord && is_word(text(token), capitals);
  }
  // How many marks of executable comments were passed.
  [[nodiscard]] int marks() const { return marks_; }

 private:
  // False if the text ends in them.
  bool skip_blanks_and_comments() {
    while (at_ < text_.size()) {
      const std::string_view rest = text_.substr(at_);
      if (is_space(rest[0])) {
        ++at_;
      } else if (rest[0] == '#' || (rest.starts_with("--") && rest.size() > 2 && is_space(rest[2]))) {
        at_ = text_.find('\n', at_);
      } else if (rest[0] == '/' || rest[0] == '*' || rest[0] == '-') {
        if (rest.size() < 4) return false;
        if (rest.starts_with("*/")) {
          at_ += 2;
          ++marks_;
        } else if (rest.starts_with("/*!") || rest.starts_with("/*M!")) {
          at_ += rest[2] == '!' ? 3 : 4;
          for (int digits = 0; digits < 6 && at_ < text_.size() && is_digit(text_[at_]); ++digits) ++at_;
          ++marks_;
        } else if (rest.starts_with("/*")) {
          at_ = text_.find("*/", at_ + 2);
          if (at_ != std::string_view::npos) at_ += 2;
        } else {
          return true;
        }
      } else {
        return true;
      }
    }
    return false;
  }

  Token word(std::size_t begin, std::string_view also) {
    while (at_ < text_.size() && (is_word_byte(text_[at_]) || also.find(text_[at_]) != std::string_view::npos)) ++at_;
    return at_ < text_.size() ? Token{Token::Kind::kWord, begin, at_} : Token{};
  }

  Token quoted(std::size_t begin) {
    const char quote = text_[begin];
    const bool escapes = rules_.backslash_escapes && (quote == '\'' || (quote == '"' && !rules_.ansi_quotes));
    for (++at_; at_ < text_.size(); ++at_) {
      if (escapes && text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == quote) {
        if (at_ + 1 == text_.size()) break;  // the next byte may double it
        if (text_[++at_] != quote) return {Token::Kind::kQuoted, begin, at_};
      }
    }
    return {};
  }

  std::string_view text_;
  QuoteRules rules_;
  std::size_t at_ = 0;
  int marks_ = 0;
};

// The name in a word or a quoted token.
std::string name_of(std::string_view token) {
  const char quote = token.front();
  if (is_word_byte(quote)) return std::string(token);
  std::string name;
  for (std::size_t i = 1; i + 1 < token.size(); ++i) {
    if (token[i] == quote) ++i;  // doubled
    name += token[i];
  }
  return name;
}

bool is_name(const Token& token) { return token.kind == Token::Kind::kWord || token.kind == Token::Kind::kQuoted; }

StatementHead undecided() {
  StatementHead head;
  head.undecided = true;
  return head;
}

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

bool is_word(std::string_view text, std::string_view capitals) {
  return std::equal(text.begin(), text.end(), capitals.begin(), capitals.end(),
                    [](char byte, char capital) { return upper(byte) == capital; });
}

StatementHead read_statement_head(std::string_view text, QuoteRules rules) {
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
