// The words, names and symbols of a piece of SQL.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "stream/sql_lexer.h"

namespace exastro::stream {

struct Token {
  enum class Kind { kWord, kQuoted, kSymbol, kCut };  // kCut: the text ends before the token's end is sure
  Kind kind = Kind::kCut;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Goes through a text that begins outside strings and comments. Comments are passed over; the marks of executable ones
// (`/*!50003`, `*/`) are too, so that what stands inside them is read like the rest. What was read stays the same when
// more text follows.
class Tokenizer {
 public:
  Tokenizer(std::string_view text, QuoteRules rules) : text_(text), rules_(rules) {}

  Token next();
  // The host behind an @: unlike other words it holds dots.
  Token next_host();

  [[nodiscard]] std::string_view text(const Token& token) const {
    return text_.substr(token.begin, token.end - token.begin);
  }
  [[nodiscard]] bool is_symbol(const Token& token, char symbol) const {
    return token.kind == Token::Kind::kSymbol && text_[token.begin] == symbol;
  }
  // `capitals` is a word in capitals; the token's letters may be of any case.
  [[nodiscard]] bool is_keyword(const Token& token, std::string_view capitals) const;
  // How many marks of executable comments were passed.
  [[nodiscard]] int marks() const { return marks_; }

 private:
  bool skip_blanks_and_comments();
  Token word(std::size_t begin, std::string_view also);
  Token quoted(std::size_t begin);

  std::string_view text_;
  QuoteRules rules_;
  std::size_t at_ = 0;
  int marks_ = 0;
};

[[nodiscard]] inline bool is_space(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }
// Of a word without quotes.
[[nodiscard]] bool is_word_byte(char byte);
// ASCII alone.
[[nodiscard]] char upper(char byte);

// Compares a word of SQL, ASCII letters of any case, with one in capitals.
[[nodiscard]] bool is_word(std::string_view text, std::string_view capitals);

[[nodiscard]] inline bool is_name(const Token& token) {
  return token.kind == Token::Kind::kWord || token.kind == Token::Kind::kQuoted;
}

// The name in a word or a quoted token.
[[nodiscard]] std::string name_of(std::string_view token);

}  // namespace exastro::stream
