// Where the bytes that matter in SQL sit among 64 bytes, as bit masks: the inner loop of the dump filters.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace exastro::stream {

inline constexpr std::size_t kBlockSize = 64;

// Bit i tells of byte i of the block.
struct ByteBlock {
  std::uint64_t quote = 0;      // '
  std::uint64_t backslash = 0;  // a backslash
  std::uint64_t minus = 0;      // -
  std::uint64_t other = 0;      // " ` / # and the caller's own byte
};

// For any processor: eight bytes at a time in one register.
struct PortableBlock {
  // Bit i of the result: byte i of `word` equals `byte`. Exact; `word` holds the first byte lowest.
  static std::uint64_t equal(std::uint64_t word, char byte) {
    constexpr std::uint64_t kLow7 = 0x7f7f7f7f7f7f7f7fU;
    const std::uint64_t differ = word ^ (0x0101010101010101U * static_cast<unsigned char>(byte));
    const std::uint64_t zero = ~(((differ & kLow7) + kLow7) | differ | kLow7);  // 0x80 in each byte that is equal
    return ((zero >> 7U) * 0x0102040810204080U) >> 56U;
  }

  static ByteBlock classify(const char* bytes, char own) {
    ByteBlock block;
    for (unsigned i = 0; i < kBlockSize; i += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes + i, sizeof word);
      if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
      block.quote |= equal(word, '\'') << i;
      block.backslash |= equal(word, '\\') << i;
      block.minus |= equal(word, '-') << i;
      block.other |= (equal(word, '"') | equal(word, '`') | equal(word, '/') | equal(word, '#') | equal(word, own))
                     << i;
    }
    return block;
  }
};

#ifdef __SSE2__
struct Sse2Block {
  static ByteBlock classify(const char* bytes, char own) {
    ByteBlock block;
    const __m128i own_byte = _mm_set1_epi8(own);
    for (unsigned i = 0; i < kBlockSize; i += 16) {
      const __m128i word = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + i));
      const auto equal = [word](char byte) { return _mm_cmpeq_epi8(word, _mm_set1_epi8(byte)); };
      const auto mask = [i](__m128i bits) {
        return std::uint64_t{static_cast<unsigned>(_mm_movemask_epi8(bits))} << i;
      };
      block.quote |= mask(equal('\''));
      block.backslash |= mask(equal('\\'));
      block.minus |= mask(equal('-'));
      block.other |=
          mask(_mm_or_si128(_mm_or_si128(_mm_or_si128(equal('"'), equal('`')), _mm_cmpeq_epi8(word, own_byte)),
                            _mm_or_si128(equal('/'), equal('#'))));
    }
    return block;
  }
};
using NativeBlock = Sse2Block;
#else
using NativeBlock = PortableBlock;
#endif

// Looks at 64 bytes.
inline ByteBlock classify(const char* bytes, char own) { return NativeBlock::classify(bytes, own); }

}  // namespace exastro::stream
