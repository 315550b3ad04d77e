#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/once.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/event_grammar.hpp"
#include "gruve/tokens/features.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/note_history.hpp"
#include "gruve/tokens/note_pointer.hpp"
#include "gruve/tokens/running_key.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

// clang-format off
/// The features of a model of the event format, in addition to the last token.
enum class EventFeature : unsigned {
  place,     // position in the bar, and the number of the bar; the channel and the program of its notes
  sounding,  // the keys that sound, but for drums
  repeat,    // the token that comes next if the music continues to repeat the place where its last four notes
             // were played before, and how reliable that was: a match model (Mahoney 2005) of notes
  form,      // the same of the bar that the tokens of EventOptions::form return to; for how many bars they
             // have; the number of bars left
  tonality,  // the key of the last notes, by RunningKey; adds terms to the logits of keys by their degree in it
  relative,  // adds terms to the logits of keys: by their interval from the last key at this position, or from
             // the highest key at the position before, and from the lowest key at that position, all of the
             // channel, so that what is learnt about an interval applies to all keys (after Johnson 2017)
};
// clang-format on

/// The names of the features in descriptions, in the order of EventFeature.
inline constexpr std::array<std::string_view, 6> kEventFeatures = {"place", "sounding", "repeat",
                                                                   "form",  "tonality", "relative"};

/// Tracks the features of a sequence of the event format. A pointer of `repeat` or `form` adds a row to the
/// embedding for each token that it can expect and each reliability, and rows for the latter to the output
/// layer, which are added to the logit of the expected token. docs/formats.md has the tables.
///
/// Only the constructor and copying allocate. Cost of advance(): O(keys).
class EventFeatures {
 public:
  /// The state before the first token.
  ///
  /// description  names of kEventFeatures, separated by commas, in any order
  /// grammar      of the encoder; not referred to
  ///
  /// Throws Error on any other text, and on `form` without EventOptions::form.
  EventFeatures(const std::string& description, const EventGrammar& grammar);

  /// The numbers of rows of the features of a description. Throws Error as the constructor does.
  static FeatureShape shape(const std::string& description, const EventGrammar& grammar);

  /// The canonical form of a description.
  static std::string canonical(const std::string& description);

  /// Restores the state before the first token.
  void reset() noexcept;

  /// Takes the next token.
  void advance(Token token) noexcept;

  /// The features of the last token; valid until the next call of advance() or reset().
  FeatureRows rows() const noexcept {
    return {std::span(inputs_).first(num_inputs_), std::span(outputs_).first(num_outputs_)};
  }

  /// Writes or reads the state; reading needs an object of the same encoder and description.
  void transfer(StateBytes& state) noexcept;

 private:
  using Kind = EventGrammar::Kind;

  // The highest and the lowest key of a channel that begins at a position, or -1.
  struct Position {
    int highest = -1, lowest = -1;
  };
  using Positions = std::array<Position, EventGrammar::kNumChannels>;
  struct BarStart {
    std::uint32_t step = 0;  // timestep at which it begins
    std::uint32_t note = 0;  // index of its first note
  };

  static constexpr int kBarNumbers = 16;                               // counted modulo that
  static constexpr int kChannels = EventGrammar::kNumChannels + 1;     // and: none yet
  static constexpr int kBarsSince = 16;                                // 15 and more alike
  static constexpr int kLeft = EventGrammar::kMostLeft + 2;            // and: over, not known
  static constexpr std::uint32_t kBars = 2 * EventGrammar::kFarthest;  // more than can be returned to
  static constexpr int kMostMisses = 10;  // of the last 16 tokens, with which a repeat is given up
  // For every key; by the distance below the last key at this position, 1 to 48 semitones and more; by the
  // distance from the highest key at the position before, −24 to 24 and beyond; without one.
  static constexpr int kBelow = 48, kFarthest = 24, kAround = 2 * kFarthest + 1;
  static constexpr int kRelative = 1 + kBelow + kAround + 1 + kAround + 1;

  static bool has(unsigned parts, EventFeature part) noexcept {
    return (parts >> static_cast<unsigned>(part) & 1) != 0;
  }
  static int positions(const EventGrammar& grammar) noexcept { return 6 * grammar.steps_per_quarter(); }

  static unsigned parts_of(std::string_view description);
  static void require_form(unsigned parts, const EventGrammar& grammar);

  // Timestep of the music.
  std::uint32_t now() const noexcept { return bar_ + static_cast<std::uint32_t>(state_.position); }

  void leave_position() noexcept {
    const std::size_t count = grammar_.options().channels ? position_.size() : 1;
    for (std::size_t channel = 0; channel < count; ++channel) {
      if (position_[channel].highest < 0) continue;
      before_[channel] = position_[channel];
      position_[channel] = {};
    }
  }

  Position& of_channel(Positions& positions) const noexcept {
    return positions[static_cast<std::size_t>((std::max)(0, state_.channel))];
  }
  bool plays_drums() const noexcept { return grammar_.options().channels && state_.channel == kDrumChannel; }

  // Points to the bar that this one returns to.
  void point_to_bar(bool begins) noexcept {
    const auto lag = static_cast<std::uint32_t>(state_.lag);
    const BarStart& from = bars_[(bar_number_ - lag) % kBars];
    if (begins)
      form_.follow(bar_ - from.step, from.note, 1);
    else
      form_.move_to(bar_ - from.step, from.note);
  }

  // Follows the place where the last notes were played before if more of them are equal than those since the
  // last miss of the place that is followed.
  void find() noexcept {
    if (repeat_.is_active() && repeat_.misses() > kMostMisses) repeat_.stop();
    const NoteFinder::Match match = finder_.advance(history_);
    if (match.length == 0) return;
    const std::uint32_t lag = now() - history_[match.next - 1].step;
    if (lag == 0 || (repeat_.is_active() && (repeat_.lag() == lag || repeat_.run() >= match.length))) return;
    repeat_.follow(lag, match.next - 1, match.length);
  }

  void describe() noexcept;

  EventGrammar grammar_;
  unsigned parts_;  // a bit for each feature
  EventGrammar::State state_{};
  std::uint32_t bar_ = 0;                       // timestep at which the bar begins, modulo 2^32
  std::uint32_t bar_number_ = 0;                // bars before this one
  std::uint32_t since_ = 0;                     // bars since the last token for a return
  std::array<BarStart, kBars> bars_{};          // of the last bars, by their number
  std::array<std::uint32_t, kNumKeys> ends_{};  // timestep at which each key ends
  Positions position_ = {}, before_ = {};       // of this position, and of the last one before with keys
  RunningKey tonality_ = {};
  NoteHistory history_ = {};
  NoteFinder finder_ = {};
  NotePointer repeat_ = {}, form_ = {};
  std::size_t num_inputs_ = 0;  // of inputs_, those in use
  std::vector<std::uint16_t> inputs_;
  std::size_t num_outputs_ = 0;  // of outputs_, likewise
  std::vector<OutputFeature> outputs_;
};

static_assert(FeatureSource<EventFeatures>);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/tokens/event_features.inc"
#endif
