// Which bytes of a dump are SQL, and which are inside a string, a quoted name or a comment.
#pragma once

namespace exastro::stream {

// What sql_mode changes in the reading of strings.
struct QuoteRules {
  bool backslash_escapes = true;  // false under NO_BACKSLASH_ESCAPES
  bool ansi_quotes = false;       // "…" is a name, without backslash escapes
};

// Follows SQL text through chunks that may be cut anywhere, by the rules of the mariadb command line client. Executable
// comments (`/*! … */`, `/*M! … */`) are SQL like the rest; their marks have no meaning here.
class SqlLexer {
 public:
  // Goes on to the next `stop` byte that is plain SQL. Gives its place, not consumed, or `end`. A line comment ends
  // before its line end, so that `\n` as the stop is found there too.
  const char* find_plain(const char* at, const char* end, char stop);

  // Goes on to the end of the comment that `enter_…_comment` began, if it is here, or to `end`.
  const char* skip_comment(const char* at, const char* end);

  // Takes one byte, one that `find_plain` stopped at and that means nothing to the caller after all.
  void step(char byte);

  // Plain SQL from here on.
  void reset() { state_ = State::kPlain; }
  void enter_line_comment() { state_ = State::kLineComment; }
  void enter_block_comment() { state_ = State::kComment; }

  [[nodiscard]] bool in_comment() const {
    return state_ == State::kLineComment || state_ == State::kComment || state_ == State::kCommentStar;
  }
  QuoteRules rules;

 private:
  enum class State : unsigned char {
    kPlain,
    kDash,         // -
    kDashes,       // --, which a blank makes a comment
    kSlash,        // /
    kLineComment,  // up to the line end
    kSlashStar,    // /*
    kSlashStarM,   // /*M
    kComment,
    kCommentStar,  // * in a comment
    kSingle,       // '…
    kSingleEscape,
    kDouble,
    kDoubleEscape,
    kBacktick,
  };

  struct Blocks;

  [[nodiscard]] bool is_plain_so_far() const { return state_ <= State::kSlash; }
  void step_plain(char byte);
  const char* skip_blocks(const char* at, const char* end, char stop);

  State state_ = State::kPlain;
};

}  // namespace exastro::stream
