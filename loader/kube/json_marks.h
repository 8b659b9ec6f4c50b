// SPDX-License-Identifier: Apache-2.0
// JsonMarks: 64 bytes of JSON as bits, so that brackets are counted by the word instead of looked at byte by byte.
//
// Bit i stands for byte i. Nothing here knows of strings: which quotes and brackets count is for the reader to say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace sp::kube {

struct JsonMarks {
  static constexpr std::size_t kBytes = 64;

  std::uint64_t quotes = 0;
  std::uint64_t escapes = 0;  // backslashes
  std::uint64_t opens = 0;    // '{' and '['
  std::uint64_t closes = 0;   // '}' and ']'

  bool operator==(const JsonMarks&) const = default;
};

// With no more than the language has. Of `text`, kBytes bytes are read.
[[nodiscard]] inline JsonMarks portable_marks_of(const char* text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kLow = 0x7f * kOnes;
  const auto bits = [](std::uint64_t word, char c) -> std::uint64_t {
    const std::uint64_t zero_there = word ^ (kOnes * static_cast<unsigned char>(c));
    const std::uint64_t top_bits = ~(((zero_there & kLow) + kLow) | zero_there | kLow);
    return (top_bits >> 7U) * 0x0102040810204080 >> 56U;  // one bit of each byte, side by side
  };
  JsonMarks marks;
  for (unsigned at = 0; at < JsonMarks::kBytes; at += 8) {
    std::uint64_t word = 0;
    for (unsigned i = 0; i < 8; ++i) word |= std::uint64_t{static_cast<unsigned char>(text[at + i])} << (8 * i);
    const std::uint64_t either = word | 0x20 * kOnes;  // makes '[' a '{' and ']' a '}', and nothing else
    marks.quotes |= bits(word, '"') << at;
    marks.escapes |= bits(word, '\\') << at;
    marks.opens |= bits(either, '{') << at;
    marks.closes |= bits(either, '}') << at;
  }
  return marks;
}

#ifdef __SSE2__
[[nodiscard]] inline JsonMarks marks_of(const char* text) {
  const auto bits = [](__m128i bytes, char c) -> std::uint64_t {
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c))));
  };
  JsonMarks marks;
  for (unsigned at = 0; at < JsonMarks::kBytes; at += 16) {
    __m128i bytes;
    std::memcpy(&bytes, text + at, sizeof bytes);
    const __m128i either = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    marks.quotes |= bits(bytes, '"') << at;
    marks.escapes |= bits(bytes, '\\') << at;
    marks.opens |= bits(either, '{') << at;
    marks.closes |= bits(either, '}') << at;
  }
  return marks;
}
#else
[[nodiscard]] inline JsonMarks marks_of(const char* text) {
  return portable_marks_of(text);
}
#endif

// Which bytes of a text are inside strings, block after block.
class StringMask {
 public:
  // Of the next block, which has `size` bytes and no marks beyond: the bytes inside a string, its first quote included
  // and its last one not.
  [[nodiscard]] std::uint64_t next(const JsonMarks& marks, std::size_t size = JsonMarks::kBytes) {
    std::uint64_t inside = marks.quotes & ~escaped(marks.escapes, size);
    // Each bit becomes the parity of itself and all below: an odd number of quotes so far means inside.
    for (unsigned width = 1; width < JsonMarks::kBytes; width *= 2) inside ^= inside << width;
    inside ^= in_string_;
    in_string_ = inside >> 63U != 0 ? ~std::uint64_t{0} : 0;
    return inside;
  }

 private:
  // The bytes that a backslash makes mean themselves.
  [[nodiscard]] std::uint64_t escaped(std::uint64_t escapes, std::size_t size) {
    const std::uint64_t last = std::uint64_t{1} << (size - 1);
    std::uint64_t found = first_is_escaped_ ? 1 : 0;
    first_is_escaped_ = false;
    for (escapes &= ~found; escapes != 0;) {
      const std::uint64_t lowest = escapes & -escapes;
      first_is_escaped_ = lowest == last;
      found |= lowest << 1U;
      escapes &= ~(lowest | lowest << 1U);
    }
    return found;
  }

  std::uint64_t in_string_ = 0;  // all bits, or none
  bool first_is_escaped_ = false;
};

}  // namespace sp::kube
