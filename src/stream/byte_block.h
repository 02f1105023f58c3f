// Where the bytes that matter in SQL sit among 64 bytes, as bit masks: the inner loop of the dump filters.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
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
  // Bit i: an odd number of bits below i and at i is set.
  static std::uint64_t prefix_xor(std::uint64_t bits) {
    for (unsigned shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
    return bits;
  }

  // Bit i of the result: byte i of `word` equals `byte`. Exact; `word` holds the first byte lowest.
  static std::uint64_t equal(std::uint64_t word, char byte) {
    constexpr std::uint64_t kLow7 = 0x7f7f7f7f7f7f7f7fU;
    const std::uint64_t differ = word ^ (0x0101010101010101U * static_cast<unsigned char>(byte));
    const std::uint64_t zero = ~(((differ & kLow7) + kLow7) | differ | kLow7);  // 0x80 in each byte that is equal
    return ((zero >> 7U) * 0x0102040810204080U) >> 56U;
  }

  static std::uint64_t backticks(const char* bytes) {
    std::uint64_t found = 0;
    for (unsigned i = 0; i < kBlockSize; i += 8) found |= equal(load(bytes + i), '`') << i;
    return found;
  }

  static std::uint64_t load(const char* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return std::endian::native == std::endian::big ? __builtin_bswap64(word) : word;
  }

  static ByteBlock classify(const char* bytes, char own) {
    ByteBlock block;
    for (unsigned i = 0; i < kBlockSize; i += 8) {
      const std::uint64_t word = load(bytes + i);
      block.quote |= equal(word, '\'') << i;
      block.backslash |= equal(word, '\\') << i;
      block.minus |= equal(word, '-') << i;
      block.other |= (equal(word, '"') | equal(word, '`') | equal(word, '/') | equal(word, '#') | equal(word, own))
                     << i;
    }
    return block;
  }
};

#if defined(__x86_64__)
// Every processor of this kind has it.
struct Sse2Block {
  static std::uint64_t prefix_xor(std::uint64_t bits) { return PortableBlock::prefix_xor(bits); }

  static std::uint64_t backticks(const char* bytes) {
    std::uint64_t found = 0;
    for (unsigned i = 0; i < kBlockSize; i += 16) {
      const __m128i word = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + i));
      const int bits = _mm_movemask_epi8(_mm_cmpeq_epi8(word, _mm_set1_epi8('`')));
      found |= std::uint64_t{static_cast<unsigned>(bits)} << i;
    }
    return found;
  }

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

// Twice the bytes at once. What calls these functions must be compiled for the same processors, or they are not
// inlined.
#define EXASTRO_AVX2 [[gnu::target("avx2,pclmul,bmi")]]
struct Avx2Block {
  static bool is_here() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi");
  }

  EXASTRO_AVX2 static std::uint64_t prefix_xor(std::uint64_t bits) {
    const __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(bits)), _mm_set1_epi8(-1), 0);
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
  }
  EXASTRO_AVX2 static __m256i equal(__m256i word, char byte) { return _mm256_cmpeq_epi8(word, _mm256_set1_epi8(byte)); }
  EXASTRO_AVX2 static std::uint64_t mask(__m256i low, __m256i high) {
    return static_cast<unsigned>(_mm256_movemask_epi8(low)) |
           std::uint64_t{static_cast<unsigned>(_mm256_movemask_epi8(high))} << 32U;
  }
  // " ` / # differ in their low four bits: the table, which those select from, gives the byte that it must be. A byte
  // above 127 selects 0.
  EXASTRO_AVX2 static __m256i others(__m256i word, char own) {
    const __m256i table =
        _mm256_broadcastsi128_si256(_mm_setr_epi8('`', 0, '"', '#', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '/'));
    return _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, word), word), equal(word, own));
  }

  EXASTRO_AVX2 static __m256i load(const char* bytes) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
  }

  EXASTRO_AVX2 static std::uint64_t backticks(const char* bytes) {
    return mask(equal(load(bytes), '`'), equal(load(bytes + 32), '`'));
  }

  EXASTRO_AVX2 static ByteBlock classify(const char* bytes, char own) {
    const __m256i low = load(bytes);
    const __m256i high = load(bytes + 32);
    return {mask(equal(low, '\''), equal(high, '\'')), mask(equal(low, '\\'), equal(high, '\\')),
            mask(equal(low, '-'), equal(high, '-')), mask(others(low, own), others(high, own))};
  }
};
#endif

}  // namespace exastro::stream
