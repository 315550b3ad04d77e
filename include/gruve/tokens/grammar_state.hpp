#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "gruve/core/hash.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// Writes or reads a grammar's state. An encoder can check ranges in a member function
/// `void transfer(StateBytes&, State&) const noexcept`; without it all bytes are accepted as a state.
template <Grammar Encoder>
void transfer_grammar(StateBytes& bytes, const Encoder& encoder, typename Encoder::State& state) noexcept {
  if constexpr (requires { encoder.transfer(bytes, state); }) {
    encoder.transfer(bytes, state);
  } else if constexpr (!std::is_empty_v<typename Encoder::State>) {
    static_assert(std::is_trivially_copyable_v<typename Encoder::State>,
                  "Encoder::State must be trivially copyable");
    std::array<unsigned char, sizeof(state)> raw;
    std::memcpy(raw.data(), &state, sizeof(state));
    bytes.values(std::span(raw));
    if (bytes.is_reading()) std::memcpy(&state, raw.data(), sizeof(state));
  }
}

/// Writes or reads the grammar's state of the timestep format.
inline void transfer_grammar(StateBytes& bytes, const TimestepEncoder&, int& state) noexcept {
  bytes.value(state, [](int last) { return 0 <= last && last <= TimestepEncoder::kEndOfStep; });
}

/// Writes the kind of encoder; when reading, fails if the state is that of another kind.
template <Grammar Encoder>
void transfer_kind(StateBytes& bytes, const Encoder& encoder) noexcept {
  if constexpr (requires { encoder.transfer_kind(bytes); }) return encoder.transfer_kind(bytes);
  bytes.same(static_cast<std::int32_t>(encoder.vocab_size()));
  bytes.same(static_cast<std::uint16_t>(encoder.start_token()));
  bytes.same(static_cast<std::uint32_t>(sizeof(typename Encoder::State)));
  if constexpr (MusicEncoder<Encoder>) bytes.same(static_cast<std::int32_t>(encoder.steps_per_quarter()));
  if constexpr (std::is_same_v<Encoder, TimestepEncoder>) bytes.same(encoder.options().repeat_held);
  // Vocabularies of different options may be equally large.
  if constexpr (std::is_same_v<Encoder, EventEncoder>) {
    const EventOptions& options = encoder.options();
    bytes.same(static_cast<std::uint32_t>((options.velocities ? 1 : 0) | (options.tempos ? 2 : 0) |
                                          (options.form ? 4 : 0) | (options.channels ? 8 : 0) |
                                          (options.pedal ? 16 : 0) | options.microtiming << 8));
  }
  if constexpr (requires { std::span<const char>(encoder.vocabulary()); })
    bytes.same(content_hash(std::as_bytes(std::span<const char>(encoder.vocabulary()))));
}

}  // namespace gruve::inline v0_2
