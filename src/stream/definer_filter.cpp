#include "stream/definer_filter.h"

#include <algorithm>
#include <string_view>

#include "stream/definer_clause.h"
#include "stream/sql_lexer.h"

namespace exastro::stream {
namespace {

constexpr std::size_t kMaxHead = std::size_t{64} * 1024;
constexpr std::size_t kMaxSet = 4096;
constexpr std::size_t kFirstTake = 256;  // how much a held head takes from a chunk at first, so as not to copy rows

bool is_space(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

// What stands where a statement may begin.
struct Beginning {
  enum class Kind { kUndecided, kLineComment, kBlockComment, kDelimiterLine, kDelimiter, kStatement };
  Kind kind = Kind::kUndecided;
  std::size_t length = 0;  // of what is read and settled
  std::string delimiter;   // of a DELIMITER line; empty if it names none
  StatementHead head;
};

using Kind = Beginning::Kind;

// The word behind DELIMITER, in quotes or up to a blank.
std::string delimiter_of(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
  if (line.empty()) return {};
  const bool quoted = line[0] == '\'' || line[0] == '"' || line[0] == '`';
  const std::size_t end = quoted ? line.find(line[0], 1) : line.find_first_of(" \t\r");
  return std::string(quoted ? line.substr(1, end - 1) : line.substr(0, end));
}

}  // namespace

class DefinerFilter::Scanner {
 public:
  explicit Scanner(Sink& next) : next_(next) {}

  void write(std::string_view text) {
    while (!held_.empty() && !text.empty()) {
      const std::size_t count = std::min(text.size(), std::max(held_.size(), kFirstTake));
      held_ += text.substr(0, count);
      text.remove_prefix(count);
      if (read_beginning(held_).kind != Kind::kUndecided) {
        const std::string head = std::move(held_);
        held_.clear();
        scan(head);
      }
    }
    if (!text.empty()) scan(text);
  }

  void finish() {
    pass(held_);
    next_.finish();
  }

  [[nodiscard]] const std::map<std::string, std::uint64_t>& removed() const { return removed_; }

 private:
  // Goes through a chunk. [passed_, at) is to be passed on as it is, in as few writes as can be.
  void scan(std::string_view text) {
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
        if (beginning.kind == Kind::kUndecided) {
          held_ = rest;
          break;
        }
        at = begin(at, beginning);
      }
    }
    pass_up_to(at);
  }

  [[nodiscard]] Beginning read_beginning(std::string_view text) const {
    text = text.substr(0, kMaxHead);
    Beginning beginning = read_short_beginning(text);
    if (beginning.kind == Kind::kUndecided && text.size() == kMaxHead) beginning.kind = Kind::kStatement;
    return beginning;
  }

  [[nodiscard]] Beginning read_short_beginning(std::string_view text) const {
    Beginning beginning;
    const auto found = [&](Kind kind, std::size_t length) {
      beginning.kind = kind;
      beginning.length = length;
      return beginning;
    };
    const auto may_become = [&](std::string_view what) { return text.size() < what.size() && what.starts_with(text); };

    if (text.starts_with(delimiter_)) return found(Kind::kDelimiter, delimiter_.size());
    if (may_become(delimiter_)) return beginning;
    if (text[0] == '#') return found(Kind::kLineComment, 1);
    if (may_become("--")) return beginning;
    if (text.starts_with("--")) return found(Kind::kLineComment, 2);  // at a statement's start it needs no blank
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
    beginning.head = read_statement_head(text, lexer_.rules);
    return beginning.head.undecided ? beginning : found(Kind::kStatement, 0);
  }

  // Acts on what stands at `at`; gives where to go on.
  const char* begin(const char* at, const Beginning& beginning) {
    line_start_ = false;
    lexer_.reset();
    switch (beginning.kind) {
      case Kind::kLineComment:
        lexer_.enter_line_comment();
        break;
      case Kind::kBlockComment:
        lexer_.enter_block_comment();
        break;
      case Kind::kDelimiterLine:
        if (!beginning.delimiter.empty()) delimiter_ = beginning.delimiter;
        break;
      case Kind::kStatement:
        in_statement_ = true;
        reads_set_ = beginning.head.sets;
        if (beginning.head.definer) return cut(at, *beginning.head.definer);
        break;
      case Kind::kDelimiter:
      case Kind::kUndecided:
        break;
    }
    return at + beginning.length;
  }

  const char* cut(const char* at, const DefinerClause& clause) {
    pass_up_to(at + clause.begin);
    if (clause.joins) pass(" ");
    ++removed_[clause.account];
    passed_ = at + clause.end;
    return passed_;
  }

  // Goes behind the delimiter that ends the statement, or to `end`.
  const char* scan_statement(const char* at, const char* end) {
    const char* const begin = at;
    while (at != end) {
      if (matched_ == 0) {
        at = lexer_.find_plain(at, end, delimiter_[0]);
        if (at == end) break;
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
    if (!in_statement_) end_statement();
    return at;
  }

  // Part of a delimiter came, and then something else: it was SQL, up to where it may begin anew.
  void fall_back() {
    const std::string_view came = std::string_view(delimiter_).substr(0, matched_);
    std::size_t skipped = 1;
    while (!came.starts_with(came.substr(skipped))) ++skipped;
    for (const char byte : came.substr(0, skipped)) lexer_.step(byte);
    matched_ -= skipped;
  }

  void end_statement() {
    matched_ = 0;
    if (reads_set_) lexer_.rules = rules_after_set(set_text_, lexer_.rules);
    reads_set_ = false;
    set_text_.clear();
  }

  void pass_up_to(const char* at) {
    pass({passed_, static_cast<std::size_t>(at - passed_)});
    passed_ = at;
  }
  void pass(std::string_view text) {
    if (!text.empty()) next_.write(as_bytes(text));
  }

  Sink& next_;
  std::map<std::string, std::uint64_t> removed_;
  SqlLexer lexer_;
  std::string delimiter_ = ";";
  std::string held_;      // the beginning of a statement whose kind is not known yet
  std::string set_text_;  // of the SET statement that passes
  const char* passed_ = nullptr;
  std::size_t matched_ = 0;  // bytes of the delimiter that have come
  bool in_statement_ = false;
  bool reads_set_ = false;
  bool line_start_ = true;  // only blanks since the line's start
};

DefinerFilter::DefinerFilter(Sink& next) : scanner_(std::make_unique<Scanner>(next)) {}
DefinerFilter::~DefinerFilter() = default;
void DefinerFilter::write(std::span<const std::byte> bytes) { scanner_->write(as_text(bytes)); }
void DefinerFilter::finish() { scanner_->finish(); }
const std::map<std::string, std::uint64_t>& DefinerFilter::removed() const { return scanner_->removed(); }

}  // namespace exastro::stream
