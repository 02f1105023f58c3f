// Where the statements, the comments between them and the client's own commands begin and end in a dump.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "stream/definer_clause.h"
#include "stream/sql_lexer.h"

namespace exastro::stream {

// Follows a dump by the rules of the command line client: quotes, the current DELIMITER, sql_mode as the dump sets it.
// What derives from it is given all bytes in their order, and may take some of them out at the beginning of a statement
// or a comment. Keeps at most 64 KiB of a stream; a beginning that is not clear by then passes as it is.
class StatementScanner {
 public:
  StatementScanner() = default;
  StatementScanner(const StatementScanner&) = delete;
  StatementScanner& operator=(const StatementScanner&) = delete;
  virtual ~StatementScanner() = default;

  void write(std::string_view text);
  // Passes on what is still held.
  void finish();

 protected:
  // Takes the next bytes.
  virtual void pass(std::string_view text) = 0;

  // Reads a statement from its first byte; `undecided` asks for more of it.
  [[nodiscard]] virtual StatementHead read_head(std::string_view text, QuoteRules rules) const;

  // A statement begins at `at`, of which `text` is here. Gives where to go on: `at`, or behind what was cut.
  virtual const char* statement_begins(const char* at, std::string_view text, const StatementHead& head);

  // Its last byte, the delimiter included, is before `at`.
  virtual void statement_ends(const char* at);

  // Whether line comments between statements are to be shown whole, and such a comment: to its line end or the end of
  // the stream. Gives where to go on.
  [[nodiscard]] virtual bool wants_comments() const { return false; }
  virtual const char* comment(const char* at, std::string_view line);

  // Passes on what comes before `at`, a place in the chunk at hand.
  void pass_up_to(const char* at);
  // Passes on what comes before `begin`, and not what is from there to `end`. Gives `end`.
  const char* cut(const char* begin, const char* end);

  [[nodiscard]] QuoteRules rules() const { return lexer_.rules; }
  [[nodiscard]] bool in_statement() const { return in_statement_; }

 private:
  // What stands where a statement may begin.
  struct Beginning {
    enum class Kind { kUndecided, kLineComment, kWholeComment, kBlockComment, kDelimiterLine, kDelimiter, kStatement };
    Kind kind = Kind::kUndecided;
    std::size_t length = 0;  // of what is read and settled
    std::string delimiter;   // of a DELIMITER line; empty if it names none
    StatementHead head;
  };

  void scan(std::string_view text);
  [[nodiscard]] Beginning read_beginning(std::string_view text) const;
  [[nodiscard]] Beginning read_short_beginning(std::string_view text) const;
  const char* begin(const char* at, std::string_view rest, const Beginning& beginning);
  const char* scan_statement(const char* at, const char* end);
  void fall_back();
  void end_statement();

  SqlLexer lexer_;
  std::string delimiter_ = ";";
  std::string held_;      // the beginning of a statement whose kind is not known yet
  std::string set_text_;  // of the SET statement that passes
  const char* passed_ = nullptr;
  std::size_t matched_ = 0;  // bytes of the delimiter that have come
  bool in_statement_ = false;
  bool reads_set_ = false;
  bool line_start_ = true;  // only blanks since the line's start
  bool at_end_ = false;     // no more text will come
};

}  // namespace exastro::stream
