#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2::internal {

/// Writes timesteps as tokens, given where keys begin and end: the held keys from the highest down, then the
/// end of the timestep. When keys change and how many are held is unpredictable, so the code has no branch
/// on either. It writes eight timesteps of eight tokens at a time; what was too many is overwritten by the
/// next ones.
class TimestepWriter {
 public:
  /// steps    timesteps of the song
  /// highest  the highest key of the song, 0 to kNumKeys - 1
  TimestepWriter(std::size_t steps, int highest)
      : steps_(steps), highest_(highest), changes_(2 * steps + 2), marks_(steps / 64 + 2) {
    mark(steps);
  }

  /// From this timestep on, at most the song's end, a key is held if it was not, and not held if it was.
  void flip(std::size_t step, int key) noexcept {
    const auto place = static_cast<std::size_t>(highest_ - key);
    changes_[2 * step + place / 64] ^= std::uint64_t{1} << place % 64;
    mark(step);
  }

  /// The tokens of all timesteps.
  ///
  /// num_tokens  their number, which follows from the flips
  std::vector<Token> write(std::size_t num_tokens) const {
    // Locals, in registers: as far as the compiler knows, writing tokens might change the members.
    const std::size_t steps = steps_;
    const int highest = highest_;
    const std::uint64_t *changes = changes_.data(), *marks = marks_.data();
    std::vector<Token> tokens(num_tokens + kAlike * kBlock);
    Token* out = tokens.data();
    Keys keys;
    for (std::size_t step = 0; step < steps;) {
      keys.upper ^= changes[2 * step];
      keys.lower ^= changes[2 * step + 1];
      const Block block = spell(keys, highest);
      if (block.size > kBlock) {
        out = spell_all(keys, highest, out);
        ++step;
        continue;
      }
      const std::size_t alike = next_mark(marks, step);
      for (std::size_t i = 0; i < kAlike; ++i) {
        std::memcpy(out + i * block.size, &block.first, sizeof block.first);
        std::memcpy(out + i * block.size + kBlock / 2, &block.second, sizeof block.second);
      }
      out += alike * block.size;
      step += alike;
    }
    tokens.resize(num_tokens);
    return tokens;
  }

 private:
  static constexpr std::uint64_t kEnd = kNumKeys;  // the token after a timestep's keys
  static constexpr std::size_t kBlock = 8;         // tokens that are written at once
  static constexpr std::size_t kAlike = 8;         // timesteps that are written at once

  // The held keys: the song's highest key at the lowest bit, and so on down.
  struct Keys {
    std::uint64_t upper = 0;  // 64 keys
    std::uint64_t lower = 0;  // the others
  };

  // A timestep's tokens in registers, with the byte order of memory. If there are more than kBlock of them,
  // or keys more than 55 semitones apart, size is only known to be above kBlock.
  struct Block {
    std::uint64_t first;   // four tokens
    std::uint64_t second;  // four more
    std::size_t size;
  };

  void mark(std::size_t step) noexcept { marks_[step / 64] |= std::uint64_t{1} << step % 64; }

  // The number of timesteps from this one to the next mark, at most kAlike.
  static std::size_t next_mark(const std::uint64_t* marks, std::size_t step) noexcept {
    const std::size_t word = (step + 1) / 64, bit = (step + 1) % 64;
    const std::uint64_t next = marks[word] >> bit | marks[word + 1] << 1 << (63 - bit);
    return static_cast<std::size_t>(std::countr_zero(next | std::uint64_t{1} << (kAlike - 1))) + 1;
  }

  static Block spell(Keys keys, int highest_key) noexcept {
    std::uint64_t window = keys.upper;  // 56 keys, the highest at the lowest bit
    std::uint64_t highest = static_cast<std::uint64_t>(highest_key);
    bool is_wide = false;
    if ((keys.upper >> 56 | keys.lower) != 0) {  // then the window begins at the highest held key
      const int shift = std::countr_zero(keys.upper | std::uint64_t{1} << 63);
      window = keys.upper >> shift | keys.lower << 1 << (63 - shift);
      is_wide = (window >> 56 | keys.lower >> shift) != 0;
      highest -= static_cast<std::uint64_t>(shift);
    }
    window |= std::uint64_t{0xFF} << 56;  // after the keys the end of the timestep, eight times
    std::size_t size = is_wide ? 2 * kBlock : kBlock + 1;
    const auto next_four = [&] {
      constexpr std::uint64_t kOnes = 0x0001'0001'0001'0001;
      std::uint64_t bits = 0;
      for (int i = 0; i < 4; ++i) {
        bits |= static_cast<std::uint64_t>(std::countr_zero(window)) << place(i);
        window &= window - 1;
      }
      const std::uint64_t ends = (bits + 8 * kOnes) >> 6 & kOnes;  // 1 where the bit is 56 to 63
      size -= ends * kOnes >> 48;                                  // their sum
      return highest * kOnes + (kEnd - highest) * ends - (bits & ~(63 * ends));
    };
    const std::uint64_t first = next_four();
    const std::uint64_t second = next_four();
    return {first, second, size};
  }

  // The lowest bit of token i of four.
  static constexpr int place(int i) noexcept { return 16 * i; }

  // As spell(), for any keys. Returns the end of the written tokens.
  static Token* spell_all(Keys keys, int highest, Token* out) noexcept {
    for (; keys.upper != 0; keys.upper &= keys.upper - 1)
      *out++ = static_cast<Token>(highest - std::countr_zero(keys.upper));
    for (; keys.lower != 0; keys.lower &= keys.lower - 1)
      *out++ = static_cast<Token>(highest - 64 - std::countr_zero(keys.lower));
    *out++ = static_cast<Token>(kEnd);
    return out;
  }

  std::size_t steps_;
  int highest_;
  std::vector<std::uint64_t> changes_;  // two words per timestep, as Keys
  std::vector<std::uint64_t> marks_;    // one bit per timestep: a change, or the end
};

}  // namespace gruve::inline v0_2::internal
