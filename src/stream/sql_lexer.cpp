#include "stream/sql_lexer.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "stream/byte_block.h"

namespace exastro::stream {
namespace {

const char* find_or_end(const char* at, const char* end, char byte) {
  const void* found = std::memchr(at, byte, static_cast<std::size_t>(end - at));
  return found != nullptr ? static_cast<const char*>(found) : end;
}

// Bit i: a backslash that is not itself escaped stands before byte i. `carry` says so of the first byte, and afterwards
// of the byte behind the block. A run of backslashes escapes by turns; the subtraction carries through a whole run.
// Without a branch: where rows hold backslashes now and then, a branch took a third of the scan's time.
std::uint64_t escaped_bytes(std::uint64_t backslash, std::uint64_t& carry) {
  constexpr std::uint64_t kOddBits = 0xaaaaaaaaaaaaaaaaU;
  const std::uint64_t may_escape = backslash & ~carry;
  const std::uint64_t escape_and_end = (((may_escape << 1U) | kOddBits) - may_escape) ^ kOddBits;
  const std::uint64_t escaped = escape_and_end ^ (backslash | carry);
  carry = 0;
  if ((backslash >> 63U) != 0) [[unlikely]]
    carry = escape_and_end >> 63U;
  return escaped;
}

// The bits above bit `i`.
std::uint64_t behind(int i) { return ~std::uint64_t{1} << static_cast<unsigned>(i); }

bool is_blank_or_control(char byte) { return static_cast<unsigned char>(byte) <= ' ' || byte == 127; }

}  // namespace

struct SqlLexer::Blocks {
  // Inlined into functions that are compiled for one kind of processor each.
  template <typename Block>
  [[gnu::always_inline]] static inline const char* skip(SqlLexer& lexer, const char* at, const char* end, char stop) {
    std::uint64_t in_string = lexer.state_ == State::kSingle ? ~std::uint64_t{0} : 0;
    std::uint64_t escape = 0;
    const std::uint64_t backslash_mask = lexer.rules.backslash_escapes ? ~std::uint64_t{0} : 0;
    while (end - at >= static_cast<std::ptrdiff_t>(kBlockSize)) {
      const ByteBlock block = Block::classify(at, stop);
      const std::uint64_t backslash = block.backslash & backslash_mask;
      std::uint64_t quotes = block.quote & ~escaped_bytes(backslash, escape);
      std::uint64_t strings =
          Block::prefix_xor(quotes) ^ in_string;  // from the opening quote to before the closing one
      const std::uint64_t dashes = block.minus & ((block.minus >> 1U) | (std::uint64_t{1} << 63U));
      const std::uint64_t may_stop = block.other | backslash | dashes;
      std::uint64_t stops = may_stop & ~strings;
      const char* next = at + kBlockSize;
      while (stops != 0) {
        const int first = std::countr_zero(stops);
        const char* const found = at + first;
        lexer.state_ = State::kPlain;
        if (*found != '`' || stop == '`') return found;
        // A name: on from behind it, in this block if it ends here.
        const std::uint64_t name_ends = Block::backticks(at) & behind(first);
        if (name_ends == 0) {
          const char* const name_end = find_or_end(next, end, '`');
          if (name_end == end) return found;
          next = name_end + 1;
          strings = escape = 0;
          break;
        }
        const std::uint64_t rest = behind(std::countr_zero(name_ends));
        quotes &= rest;
        strings = Block::prefix_xor(quotes);
        stops = may_stop & rest & ~strings;
      }
      in_string = (strings >> 63U) != 0 ? ~std::uint64_t{0} : 0;
      at = next;
    }
    lexer.state_ = in_string == 0 ? State::kPlain : escape != 0 ? State::kSingleEscape : State::kSingle;
    return at;
  }

  using Skip = const char* (*)(SqlLexer&, const char*, const char*, char);

#if defined(__x86_64__)
  static const char* skip_sse2(SqlLexer& lexer, const char* at, const char* end, char stop) {
    return skip<Sse2Block>(lexer, at, end, stop);
  }
  EXASTRO_AVX2 static const char* skip_avx2(SqlLexer& lexer, const char* at, const char* end, char stop) {
    return skip<Avx2Block>(lexer, at, end, stop);
  }
  static Skip best() { return Avx2Block::is_here() ? skip_avx2 : skip_sse2; }
#else
  static const char* skip_portable(SqlLexer& lexer, const char* at, const char* end, char stop) {
    return skip<PortableBlock>(lexer, at, end, stop);
  }
  static Skip best() { return skip_portable; }
#endif
};

// Whole blocks at a time through plain SQL and single-quoted strings, which is what INSERT statements are made of, and
// through names in backticks. Stops at a byte that needs `step`, in plain SQL, or with less than a block left.
const char* SqlLexer::skip_blocks(const char* at, const char* end, char stop) {
  static const Blocks::Skip skip = Blocks::best();
  return skip(*this, at, end, stop);
}

const char* SqlLexer::find_plain(const char* at, const char* end, char stop) {
  while (at != end) {
    switch (state_) {
      case State::kPlain:
      case State::kSingle:
        at = skip_blocks(at, end, stop);
        break;
      case State::kBacktick:
        at = find_or_end(at, end, '`');
        break;
      case State::kLineComment:
        at = find_or_end(at, end, '\n');
        break;
      case State::kComment:
        at = find_or_end(at, end, '*');
        break;
      default:
        break;
    }
    if (at == end) break;
    if (state_ == State::kLineComment) {
      state_ = State::kPlain;  // before the line end
      continue;
    }
    if (is_plain_so_far() && *at == stop) {
      state_ = State::kPlain;
      return at;
    }
    step(*at++);
  }
  return end;
}

const char* SqlLexer::skip_comment(const char* at, const char* end) {
  while (at != end && in_comment()) {
    if (state_ == State::kLineComment) {
      at = find_or_end(at, end, '\n');
      if (at != end) state_ = State::kPlain;
    } else {
      if (state_ == State::kComment) at = find_or_end(at, end, '*');
      if (at != end) step(*at++);
    }
  }
  return at;
}

void SqlLexer::step(char byte) {
  switch (state_) {
    case State::kPlain:
      return step_plain(byte);
    case State::kDash:
      if (byte == '-') {
        state_ = State::kDashes;
        return;
      }
      return step_plain(byte);
    case State::kDashes:
      if (byte == '-') return;
      if (byte == '\n') {
        state_ = State::kPlain;
      } else if (is_blank_or_control(byte)) {
        state_ = State::kLineComment;
      } else {
        step_plain(byte);
      }
      return;
    case State::kSlash:
      if (byte == '*') {
        state_ = State::kSlashStar;
        return;
      }
      return step_plain(byte);
    case State::kLineComment:
      if (byte == '\n') state_ = State::kPlain;
      return;
    case State::kSlashStar:
      state_ = byte == '!'   ? State::kPlain
               : byte == 'M' ? State::kSlashStarM
               : byte == '*' ? State::kCommentStar
                             : State::kComment;
      return;
    case State::kSlashStarM:
      state_ = byte == '!' ? State::kPlain : byte == '*' ? State::kCommentStar : State::kComment;
      return;
    case State::kComment:
      if (byte == '*') state_ = State::kCommentStar;
      return;
    case State::kCommentStar:
      state_ = byte == '/' ? State::kPlain : byte == '*' ? State::kCommentStar : State::kComment;
      return;
    case State::kSingle:
      if (byte == '\'') state_ = State::kPlain;
      if (byte == '\\' && rules.backslash_escapes) state_ = State::kSingleEscape;
      return;
    case State::kSingleEscape:
      state_ = State::kSingle;
      return;
    case State::kDouble:
      if (byte == '"') state_ = State::kPlain;
      if (byte == '\\' && rules.backslash_escapes && !rules.ansi_quotes) state_ = State::kDoubleEscape;
      return;
    case State::kDoubleEscape:
      state_ = State::kDouble;
      return;
    case State::kBacktick:
      if (byte == '`') state_ = State::kPlain;
      return;
  }
}

void SqlLexer::step_plain(char byte) {
  switch (byte) {
    case '\'':
      state_ = State::kSingle;
      break;
    case '"':
      state_ = State::kDouble;
      break;
    case '`':
      state_ = State::kBacktick;
      break;
    case '#':
      state_ = State::kLineComment;
      break;
    case '-':
      state_ = State::kDash;
      break;
    case '/':
      state_ = State::kSlash;
      break;
    default:
      state_ = State::kPlain;
  }
}

}  // namespace exastro::stream
