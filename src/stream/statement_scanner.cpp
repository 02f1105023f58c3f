#include "stream/statement_scanner.h"

#include <algorithm>
#include <utility>

#include "stream/sql_tokens.h"

namespace exastro::stream {
namespace {

constexpr std::size_t kMaxHead = std::size_t{64} * 1024;
constexpr std::size_t kMaxSet = 4096;
constexpr std::size_t kFirstTake = 256;  // how much a held head takes from a chunk at first, so as not to copy rows

// The word behind DELIMITER, in quotes or up to a blank.
std::string delimiter_of(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
  if (line.empty()) return {};
  const bool quoted = line[0] == '\'' || line[0] == '"' || line[0] == '`';
  const std::size_t end = quoted ? line.find(line[0], 1) : line.find_first_of(" \t\r");
  return std::string(quoted ? line.substr(1, end - 1) : line.substr(0, end));
}

}  // namespace

StatementHead StatementScanner::read_head(std::string_view text, QuoteRules rules) const {
  return read_statement_head(text, rules);
}

const char* StatementScanner::statement_begins(const char* at, std::string_view, const StatementHead&) { return at; }
void StatementScanner::statement_ends(const char*) {}
const char* StatementScanner::comment(const char* at, std::string_view) { return at; }

void StatementScanner::write(std::string_view text) {
  while (!held_.empty() && !text.empty()) {
    const std::size_t count = std::min(text.size(), std::max(held_.size(), kFirstTake));
    held_ += text.substr(0, count);
    text.remove_prefix(count);
    if (read_beginning(held_).kind != Beginning::Kind::kUndecided) {
      const std::string head = std::move(held_);
      held_.clear();
      scan(head);
    }
  }
  if (!text.empty()) scan(text);
}

void StatementScanner::finish() {
  at_end_ = true;
  const std::string rest = std::move(held_);
  held_.clear();
  if (!rest.empty()) scan(rest);
  pass(held_);
  held_.clear();
}

// Goes through a chunk. [passed_, at) is to be passed on as it is, in as few writes as can be.
void StatementScanner::scan(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  passed_ = at;
  while (at != end) {
    if (in_statement_) {
      at = scan_statement(at, end);
    } else if (lexer_.in_comment()) {
      at = lexer_.skip_comment(at, end);
    } else if (is_space(*at)) {
      line_start_ = line_start_ || *at == '\n';
      ++at;
    } else {
      const std::string_view rest(at, static_cast<std::size_t>(end - at));
      const Beginning beginning = read_beginning(rest);
      if (beginning.kind == Beginning::Kind::kUndecided) {
        held_ = rest;
        break;
      }
      at = begin(at, rest, beginning);
    }
  }
  pass_up_to(at);
}

StatementScanner::Beginning StatementScanner::read_beginning(std::string_view text) const {
  text = text.substr(0, kMaxHead);
  Beginning beginning = read_short_beginning(text);
  if (beginning.kind == Beginning::Kind::kUndecided && text.size() == kMaxHead) {
    const bool is_comment = text.starts_with("--") || text[0] == '#';
    beginning.kind = is_comment ? Beginning::Kind::kLineComment : Beginning::Kind::kStatement;
    beginning.length = is_comment ? 1 : 0;
  }
  return beginning;
}

StatementScanner::Beginning StatementScanner::read_short_beginning(std::string_view text) const {
  using Kind = Beginning::Kind;
  Beginning beginning;
  const auto found = [&](Kind kind, std::size_t length) {
    beginning.kind = kind;
    beginning.length = length;
    return std::move(beginning);
  };
  const auto may_become = [&](std::string_view what) { return text.size() < what.size() && what.starts_with(text); };

  if (text.starts_with(delimiter_)) return found(Kind::kDelimiter, delimiter_.size());
  if (may_become(delimiter_)) return beginning;
  if (text[0] == '#' || text.starts_with("--")) {  // at a statement's start it needs no blank
    if (!wants_comments()) return found(Kind::kLineComment, text[0] == '#' ? 1 : 2);
    const std::size_t line_end = text.find('\n');
    if (line_end != std::string_view::npos) return found(Kind::kWholeComment, line_end);
    return at_end_ ? found(Kind::kWholeComment, text.size()) : beginning;
  }
  if (may_become("--")) return beginning;
  // The sandbox line has no delimiter behind it: for the client it is a command, for a server a comment.
  constexpr std::string_view kSandbox = R"(/*M!999999\-)";
  if (may_become("/*!") || may_become(kSandbox)) return beginning;
  if (text.starts_with("/*") && (text.starts_with(kSandbox) || !(text[2] == '!' || text.starts_with("/*M!")))) {
    return found(Kind::kBlockComment, 2);
  }
  if (line_start_) {
    constexpr std::string_view kCommand = "DELIMITER";
    if (is_word(text, kCommand.substr(0, text.size()))) return beginning;
    if (is_word(text.substr(0, kCommand.size()), kCommand) && is_space(text[kCommand.size()])) {
      const std::size_t line_end = text.find('\n');
      if (line_end == std::string_view::npos) return beginning;
      beginning.delimiter = delimiter_of(text.substr(kCommand.size(), line_end - kCommand.size()));
      return found(Kind::kDelimiterLine, line_end);
    }
  }
  beginning.head = read_head(text, lexer_.rules);
  return beginning.head.undecided ? beginning : found(Kind::kStatement, 0);
}

// Acts on what stands at `at`; gives where to go on.
const char* StatementScanner::begin(const char* at, std::string_view rest, const Beginning& beginning) {
  line_start_ = false;
  lexer_.reset();
  switch (beginning.kind) {
    case Beginning::Kind::kLineComment:
      lexer_.enter_line_comment();
      break;
    case Beginning::Kind::kWholeComment:
      lexer_.enter_line_comment();
      if (const char* behind = comment(at, rest.substr(0, beginning.length)); behind != at) return behind;
      break;
    case Beginning::Kind::kBlockComment:
      lexer_.enter_block_comment();
      break;
    case Beginning::Kind::kDelimiterLine:
      if (!beginning.delimiter.empty()) delimiter_ = beginning.delimiter;
      break;
    case Beginning::Kind::kStatement:
      in_statement_ = true;
      reads_set_ = beginning.head.sets;
      return statement_begins(at, rest, beginning.head);
    case Beginning::Kind::kDelimiter:
    case Beginning::Kind::kUndecided:
      break;
  }
  return at + beginning.length;
}

// Goes behind the delimiter that ends the statement, or to `end`.
const char* StatementScanner::scan_statement(const char* at, const char* end) {
  const char* const begin = at;
  while (at != end) {
    if (matched_ == 0) {
      at = lexer_.find_plain(at, end, delimiter_[0]);
      if (at == end) break;
      // One byte of a delimiter of two, as at the end of each line of a routine.
      if (delimiter_.size() > 1 && end - at > 1 && at[1] != delimiter_[1]) {
        lexer_.step(*at++);
        continue;
      }
    } else if (*at != delimiter_[matched_]) {
      fall_back();
      continue;
    }
    ++at;
    if (++matched_ == delimiter_.size()) {
      in_statement_ = false;
      break;
    }
  }
  if (reads_set_) set_text_.append(begin, std::min(static_cast<std::size_t>(at - begin), kMaxSet - set_text_.size()));
  if (!in_statement_) {
    end_statement();
    statement_ends(at);
  }
  return at;
}

// Part of a delimiter came, and then something else: it was SQL, up to where it may begin anew.
void StatementScanner::fall_back() {
  const std::string_view came = std::string_view(delimiter_).substr(0, matched_);
  std::size_t skipped = 1;
  while (!came.starts_with(came.substr(skipped))) ++skipped;
  for (const char byte : came.substr(0, skipped)) lexer_.step(byte);
  matched_ -= skipped;
}

void StatementScanner::end_statement() {
  matched_ = 0;
  if (reads_set_) lexer_.rules = rules_after_set(set_text_, lexer_.rules);
  reads_set_ = false;
  set_text_.clear();
}

void StatementScanner::pass_up_to(const char* at) {
  if (at != passed_) pass({passed_, static_cast<std::size_t>(at - passed_)});
  passed_ = at;
}

const char* StatementScanner::cut(const char* begin, const char* end) {
  pass_up_to(begin);
  passed_ = end;
  return end;
}

}  // namespace exastro::stream
