#include "stream/table_rows.h"

#include <fmt/format.h>

#include <cctype>

#include "error.h"
#include "stream/sql_tokens.h"

namespace exastro::stream {
namespace {

Error unreadable(std::string_view what) {
  return Error(fmt::format("a statement of it cannot be read: {}", what), "", ExitStatus::kDamaged);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char big = upper(c);
  return big >= 'A' && big <= 'F' ? big - 'A' + 10 : -1;
}

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2) {
    const int high = hex_digit(digits[at]);
    const int low = hex_digit(digits[at + 1]);
    if (high < 0 || low < 0) throw unreadable("a value in hexadecimal digits");
    bytes += static_cast<char>(high * 16 + low);
  }
  if (digits.size() % 2 != 0) throw unreadable("a value in hexadecimal digits");
  return bytes;
}

// What a backslash and this byte stand for in a string.
void append_escaped(std::string& text, char byte) {
  switch (byte) {
    case '0':
      text += '\0';
      return;
    case 'n':
      text += '\n';
      return;
    case 'r':
      text += '\r';
      return;
    case 't':
      text += '\t';
      return;
    case 'b':
      text += '\b';
      return;
    case 'Z':
      text += '\x1a';
      return;
    case '%':
    case '_':
      text += '\\';
      [[fallthrough]];
    default:
      text += byte;
  }
}

// The values behind the word VALUES.
class Values {
 public:
  Values(std::string_view text, QuoteRules rules) : text_(text), rules_(rules) {}

  // Whether there is another row; goes behind its bracket.
  bool begin_row() {
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == ',') {
      ++at_;
      skip_blanks();
    }
    if (at_ == text_.size() || text_[at_] != '(') return false;
    ++at_;
    return true;
  }

  // Whether another value follows in the row.
  bool end_value() {
    skip_blanks();
    if (at_ == text_.size()) throw unreadable("a row that does not end");
    const char byte = text_[at_++];
    if (byte != ',' && byte != ')') throw unreadable("a row with something other than values in it");
    return byte == ',';
  }

  std::optional<std::string> value() {
    skip_blanks();
    if (at_ == text_.size()) throw unreadable("a row that does not end");
    if (text_[at_] == '\'') return string();
    const std::string_view word = take_word();
    if (is_word(word, "NULL")) return std::nullopt;
    if (word.starts_with("0x")) return from_hex(word.substr(2));
    if (is_word(word, "X") && next_is_string()) return from_hex(string());
    if (word.starts_with('_')) {  // the character set of the string that follows
      skip_blanks();
      if (next_is_string()) return string();
    }
    if (word.find_first_not_of("+-.0123456789eE") != std::string_view::npos || word.empty()) {
      throw unreadable(fmt::format("a value that is neither text nor a number: {}", word.substr(0, 40)));
    }
    return std::string(word);
  }

 private:
  [[nodiscard]] bool next_is_string() const { return at_ < text_.size() && text_[at_] == '\''; }

  void skip_blanks() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  std::string_view take_word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() &&
           (is_word_byte(text_[at_]) || std::string_view("+-.").find(text_[at_]) != std::string_view::npos))
      ++at_;
    return text_.substr(begin, at_ - begin);
  }

  std::string string() {
    std::string result;
    for (++at_; at_ < text_.size(); ++at_) {
      const char byte = text_[at_];
      if (byte == '\\' && rules_.backslash_escapes) {
        if (++at_ == text_.size()) break;
        append_escaped(result, text_[at_]);
      } else if (byte == '\'') {
        if (at_ + 1 == text_.size() || text_[at_ + 1] != '\'') {
          ++at_;
          return result;
        }
        result += text_[++at_];
      } else {
        result += byte;
      }
    }
    throw unreadable("a string that does not end");
  }

  std::string_view text_;
  QuoteRules rules_;
  std::size_t at_ = 0;
};

// Names in brackets, up to the closing one; `tokens` is behind the opening one.
std::vector<std::string> name_list(Tokenizer& tokens) {
  std::vector<std::string> names;
  for (Token token = tokens.next(); token.kind != Token::Kind::kCut; token = tokens.next()) {
    if (tokens.is_symbol(token, ')')) return names;
    if (!tokens.is_symbol(token, ',')) names.push_back(name_of(tokens.text(token)));
  }
  throw unreadable("a list of columns that does not end");
}

}  // namespace

std::vector<std::string> column_names(std::string_view create_table, QuoteRules rules) {
  Tokenizer tokens(create_table, rules);
  Token token = tokens.next();
  while (token.kind != Token::Kind::kCut && !tokens.is_symbol(token, '(')) token = tokens.next();
  // A definition begins behind the bracket and behind each comma of this level; a column's begins with its name in
  // quotes, as the dump programs write it, a key's or constraint's with a word.
  std::vector<std::string> names;
  int depth = 1;
  bool begins = true;
  for (token = tokens.next(); token.kind != Token::Kind::kCut; token = tokens.next()) {
    if (begins && token.kind == Token::Kind::kQuoted) names.push_back(name_of(tokens.text(token)));
    begins = depth == 1 && tokens.is_symbol(token, ',');
    if (tokens.is_symbol(token, '(')) ++depth;
    if (tokens.is_symbol(token, ')') && --depth == 0) {
      if (names.empty()) break;
      return names;
    }
  }
  throw unreadable("a CREATE TABLE without an end, or without columns");
}

void for_each_row(std::string_view insert, const std::vector<std::string>& columns, QuoteRules rules,
                  const std::function<void(const TableRow&)>& take) {
  Tokenizer tokens(insert, rules);
  std::vector<std::string> listed;
  Token token = tokens.next();
  for (; !tokens.is_keyword(token, "VALUES"); token = tokens.next()) {
    if (token.kind == Token::Kind::kCut) throw unreadable("an INSERT without VALUES");
    if (tokens.is_symbol(token, '(')) listed = name_list(tokens);
  }
  const std::vector<std::string>& names = listed.empty() ? columns : listed;
  Values values(insert.substr(token.end), rules);
  while (values.begin_row()) {
    TableRow row;
    std::size_t count = 0;
    do {
      auto value = values.value();
      if (count < names.size()) row[names[count]] = std::move(value);
      ++count;
    } while (values.end_value());
    if (count != names.size()) {
      throw unreadable(fmt::format("a row of {} values for {} columns", count, names.size()));
    }
    take(row);
  }
}

}  // namespace exastro::stream
