#include "stream/dump_check.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "stream/definer_clause.h"
#include "stream/sql_lexer.h"
#include "stream/sql_tokens.h"

namespace exastro::stream {
namespace {

constexpr std::size_t kHeadSize = 48;  // of a line: more than any text that is looked for
constexpr std::size_t kTailSize = 32;  // of a line: more than a delimiter and the blanks behind it
constexpr std::size_t kMaxErrorLine = 256;
constexpr std::size_t kMaxSet = 4096;

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t last = text.find_last_not_of(kBlanks);
  return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

bool is_error(std::string_view line) {
  if (line.starts_with("ERROR ")) return line.size() > 6 && line[6] >= '0' && line[6] <= '9';
  constexpr std::array<std::string_view, 3> kPrograms{"mysqldump: ", "mariadb-dump: ", "mariadb-dump.exe: "};
  return std::any_of(kPrograms.begin(), kPrograms.end(), [&](auto program) { return line.starts_with(program); });
}

bool is_delimiter_command(std::string_view line) {
  return line.size() > 10 && is_word(line.substr(0, 9), "DELIMITER") && line[9] == ' ';
}

// Whether a line that begins so can be one that is looked for; all others go by without being held.
bool may_matter(char first) { return std::string_view("mEDd-Ss/").find(first) != std::string_view::npos; }

}  // namespace

// A line here ends at a line end outside strings and block comments, so rows with line ends in them are one line.
class DumpCheck::Watch {
 public:
  explicit Watch(DumpFacts& facts) : facts_(facts) {}

  void write(std::string_view text) {
    facts_.bytes += text.size();
    while (!text.empty()) {
      if (part_ == Part::kHead) {
        text.remove_prefix(read_head(text));
      } else {
        text.remove_prefix(read_rest(text));
      }
    }
  }

  void finish() {
    if (part_ == Part::kHead) decide();
    if (part_ == Part::kError) note_error();
    count_statement();
    facts_.longest_statement = std::max(facts_.longest_statement, statement_);
    facts_.complete = line_is_empty() ? last_was_mark_ : is_mark_;
    facts_.carriage_returns = lines_ > 0 && lines_ == cr_lines_;
  }

 private:
  enum class Part {
    kHead,  // the first bytes, held until it is clear what the line is
    kSql,
    kError,  // an error of a program: its quotes mean nothing
    kDelimiter,
  };

  // Takes bytes of a line's head, and decides when they are enough. Gives how many were taken.
  std::size_t read_head(std::string_view text) {
    if (head_.empty() && !first_line_ && !may_matter(text[0])) {
      part_ = Part::kSql;
      return 0;
    }
    const std::size_t line_end = text.find('\n');
    const std::size_t count = std::min({kHeadSize - head_.size(), text.size(), line_end});
    head_ += text.substr(0, count);
    if (count == line_end || head_.size() == kHeadSize) decide();
    return count;
  }

  void decide() {
    const std::string_view head = head_;
    part_ = Part::kSql;
    if (first_line_) {
      const bool sandbox = head.starts_with(R"(/*M!999999\-)");
      first_line_ = sandbox;
      is_sandbox_ = sandbox;
      facts_.looks_like_dump = head.starts_with("-- MariaDB dump") || head.starts_with("-- MySQL dump");
    }
    if (is_error(head)) part_ = Part::kError;
    if (statement_ == 0) {
      is_comment_ = head.starts_with("--");
      is_mark_ = head.starts_with("-- Dump completed");
      if (is_delimiter_command(head)) part_ = Part::kDelimiter;
      if (head.starts_with("-- Current Database: ")) note_database();
    }
    line_bytes_ += head.size();
    keep_tail(head);
    reads_set_ = part_ == Part::kSql && statement_ == 0 && read_statement_head(head, lexer_.rules).sets;
    if (reads_set_) set_text_ = head;
    if (part_ == Part::kSql) lexer_.find_plain(head.data(), head.data() + head.size(), '\n');
    if (part_ == Part::kError) error_ = head_;
    head_.clear();
  }

  // Goes on to the end of the line, or of the text.
  std::size_t read_rest(std::string_view text) {
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const char* at = end;
    if (part_ == Part::kSql) {
      at = lexer_.find_plain(begin, end, '\n');
    } else if (const void* found = std::memchr(begin, '\n', text.size())) {
      at = static_cast<const char*>(found);
    }
    const auto size = static_cast<std::size_t>(at - begin);
    const std::string_view piece = text.substr(0, size);
    line_bytes_ += size;
    if (part_ == Part::kError) error_ += piece.substr(0, kMaxErrorLine - std::min(kMaxErrorLine, error_.size()));
    if (reads_set_) set_text_ += piece.substr(0, kMaxSet - std::min(kMaxSet, set_text_.size()));
    keep_tail(piece);
    if (at == end) return size;
    end_line();
    return size + 1;
  }

  void keep_tail(std::string_view piece) {
    if (piece.size() >= kTailSize) {
      tail_ = piece.substr(piece.size() - kTailSize);
    } else {
      tail_ += piece;
      if (tail_.size() > kTailSize) tail_.erase(0, tail_.size() - kTailSize);
    }
  }

  void end_line() {
    ++line_bytes_;
    ++lines_;
    if (tail_.ends_with('\r')) ++cr_lines_;
    if (part_ == Part::kError) note_error();
    if (part_ == Part::kDelimiter) {
      const std::string_view line = trimmed(tail_);
      delimiter_ = line.substr(line.find_last_of(" \t") + 1);
    }
    if (reads_set_) lexer_.rules = rules_after_set(set_text_, lexer_.rules);
    reads_set_ = false;
    if (!line_is_empty()) last_was_mark_ = is_mark_;
    count_statement();
    part_ = Part::kHead;
    tail_.clear();
    line_begin_ += line_bytes_;
    line_bytes_ = 0;
    is_comment_ = is_mark_ = is_sandbox_ = false;
  }

  [[nodiscard]] bool line_is_empty() const { return trimmed(tail_).empty(); }

  // Comments and empty lines belong to a statement only inside it.
  void count_statement() {
    if (part_ != Part::kSql || is_sandbox_ || (statement_ == 0 && (is_comment_ || line_is_empty()))) return;
    statement_ += line_bytes_;
    if (!trimmed(tail_).ends_with(delimiter_)) return;
    facts_.longest_statement = std::max(facts_.longest_statement, statement_);
    statement_ = 0;
  }

  void note_database() {
    ++databases_;
    if (databases_ == 1) facts_.header_bytes = line_begin_;
    if (databases_ == 2) facts_.views_at = line_begin_;
  }

  void note_error() {
    if (facts_.error_line.empty()) facts_.error_line = trimmed(error_);
    error_.clear();
  }

  DumpFacts& facts_;
  SqlLexer lexer_;
  Part part_ = Part::kHead;
  std::string head_;      // of the line, while it is held
  std::string tail_;      // of the line so far
  std::string error_;     // the error line so far
  std::string set_text_;  // the SET statement so far
  std::string delimiter_ = ";";
  std::uint64_t line_begin_ = 0;  // offset of the line in the stream
  std::uint64_t line_bytes_ = 0;
  int databases_ = 0;            // heads of databases so far
  std::uint64_t statement_ = 0;  // bytes of the statement that has begun
  std::uint64_t lines_ = 0;
  std::uint64_t cr_lines_ = 0;
  bool first_line_ = true;  // the sandbox line not counted
  bool is_sandbox_ = false;
  bool reads_set_ = false;
  bool is_comment_ = false;
  bool is_mark_ = false;        // this line
  bool last_was_mark_ = false;  // the last line that is not empty
};

DumpCheck::DumpCheck(Sink* next) : next_(next), watch_(std::make_unique<Watch>(facts_)) {}
DumpCheck::~DumpCheck() = default;

void DumpCheck::write(std::span<const std::byte> bytes) {
  watch_->write(as_text(bytes));
  if (next_ != nullptr) next_->write(bytes);
}

void DumpCheck::finish() {
  watch_->finish();
  if (next_ != nullptr) next_->finish();
}

}  // namespace exastro::stream
