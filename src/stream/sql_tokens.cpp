#include "stream/sql_tokens.h"

#include <algorithm>

namespace exastro::stream {
namespace {

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

}  // namespace

bool is_word_byte(char byte) {
  return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '$' ||
         static_cast<unsigned char>(byte) >= 0x80;
}

char upper(char byte) { return byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 'a' + 'A') : byte; }

bool is_word(std::string_view text, std::string_view capitals) {
  return std::equal(text.begin(), text.end(), capitals.begin(), capitals.end(),
                    [](char byte, char capital) { return upper(byte) == capital; });
}

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

bool Tokenizer::is_keyword(const Token& token, std::string_view capitals) const {
  return token.kind == Token::Kind::kWord && is_word(text(token), capitals);
}

Token Tokenizer::next() {
  if (!skip_blanks_and_comments()) return {};
  const std::size_t begin = at_;
  const char byte = text_[at_];
  if (is_word_byte(byte)) return word(begin, "");
  if (byte == '`' || byte == '\'' || byte == '"') return quoted(begin);
  return {Token::Kind::kSymbol, begin, ++at_};
}

Token Tokenizer::next_host() {
  if (!skip_blanks_and_comments()) return {};
  if (is_word_byte(text_[at_])) return word(at_, ".");
  return next();
}

// False if the text ends in them.
bool Tokenizer::skip_blanks_and_comments() {
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

Token Tokenizer::word(std::size_t begin, std::string_view also) {
  while (at_ < text_.size() && (is_word_byte(text_[at_]) || also.find(text_[at_]) != std::string_view::npos)) ++at_;
  return at_ < text_.size() ? Token{Token::Kind::kWord, begin, at_} : Token{};
}

Token Tokenizer::quoted(std::size_t begin) {
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

}  // namespace exastro::stream
