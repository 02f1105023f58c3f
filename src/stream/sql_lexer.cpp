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

// Bit i: an odd number of bits below i and at i is set.
std::uint64_t prefix_xor(std::uint64_t bits) {
  for (unsigned shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

// Bit i: a backslash that is not itself escaped stands before byte i. `carry` says so of the first byte, and afterwards
// of the byte behind the block. A run of backslashes escapes by turns; the subtraction carries through a whole run.
std::uint64_t escaped_bytes(std::uint64_t backslash, std::uint64_t& carry) {
  if (backslash == 0) {
    const std::uint64_t escaped = carry;
    carry = 0;
    return escaped;
  }
  constexpr std::uint64_t kOddBits = 0xaaaaaaaaaaaaaaaaU;
  const std::uint64_t may_escape = backslash & ~carry;
  const std::uint64_t escape_and_end = (((may_escape << 1U) | kOddBits) - may_escape) ^ kOddBits;
  const std::uint64_t escaped = escape_and_end ^ (backslash | carry);
  carry = (escape_and_end & backslash) >> 63U;
  return escaped;
}

bool is_blank_or_control(char byte) { return static_cast<unsigned char>(byte) <= ' ' || byte == 127; }

}  // namespace

// Whole blocks at a time through plain SQL and single-quoted strings, which is what INSERT statements are made of.
// Stops at a byte that needs `step`, in plain SQL, or with less than a block left.
const char* SqlLexer::skip_blocks(const char* at, const char* end, char stop) {
  std::uint64_t in_string = state_ == State::kSingle ? ~std::uint64_t{0} : 0;
  std::uint64_t escape = 0;
  const std::uint64_t backslash_mask = rules.backslash_escapes ? ~std::uint64_t{0} : 0;
  while (end - at >= static_cast<std::ptrdiff_t>(kBlockSize)) {
    const ByteBlock block = classify(at, stop);
    const std::uint64_t backslash = block.backslash & backslash_mask;
    const std::uint64_t quotes = block.quote & ~escaped_bytes(backslash, escape);
    const std::uint64_t strings = prefix_xor(quotes) ^ in_string;  // from the opening quote to before the closing one
    const std::uint64_t dashes = block.minus & ((block.minus >> 1U) | (std::uint64_t{1} << 63U));
    const std::uint64_t stops = (block.other | backslash | dashes) & ~strings;
    if (stops != 0) {
      state_ = State::kPlain;
      return at + std::countr_zero(stops);
    }
    in_string = (strings >> 63U) != 0 ? ~std::uint64_t{0} : 0;
    at += kBlockSize;
  }
  state_ = in_string == 0 ? State::kPlain : escape != 0 ? State::kSingleEscape : State::kSingle;
  return at;
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
