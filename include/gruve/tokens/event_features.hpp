#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/event_grammar.hpp"
#include "gruve/tokens/features.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/note_history.hpp"
#include "gruve/tokens/note_pointer.hpp"
#include "gruve/tokens/running_key.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_1 {

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
  EventFeatures(const std::string& description, const EventGrammar& grammar)
      : grammar_(grammar),
        parts_(parts_of(description)),
        inputs_(kNumKeys + 11),  // sounding; of the place 4, two pointers 2 each, form 2, tonality 1
        outputs_(4 * std::size_t{kNumKeys} + 4) {
    require_form(parts_, grammar);
    reset();
  }

  /// The numbers of rows of the features of a description. Throws Error as the constructor does.
  static FeatureShape shape(const std::string& description, const EventGrammar& grammar) {
    const unsigned parts = parts_of(description);
    require_form(parts, grammar);
    const int pointers =
        (has(parts, EventFeature::repeat) ? 1 : 0) + (has(parts, EventFeature::form) ? 1 : 0);
    FeatureShape shape;
    if (has(parts, EventFeature::place)) {
      shape.inputs += positions(grammar) + kBarNumbers;
      if (grammar.options().channels) shape.inputs += kChannels + EventGrammar::kNumPrograms;
    }
    if (has(parts, EventFeature::sounding)) shape.inputs += kNumKeys;
    shape.inputs += pointers * (NotePointer::kRows + grammar.vocab_size());
    if (has(parts, EventFeature::form)) shape.inputs += kBarsSince + kLeft;
    shape.outputs += pointers * NotePointer::kRows;
    if (has(parts, EventFeature::tonality)) {
      shape.inputs += RunningKey::kKeys + 1;
      shape.outputs += RunningKey::kKeys;
    }
    if (has(parts, EventFeature::relative)) shape.outputs += kRelative;
    return shape;
  }

  /// The canonical form of a description.
  static std::string canonical(const std::string& description) {
    const unsigned parts = parts_of(description);
    std::string text;
    for (unsigned part = 0; part < kEventFeatures.size(); ++part)
      if (has(parts, static_cast<EventFeature>(part)))
        text.append(text.empty() ? "" : ",").append(kEventFeatures[part]);
    return text;
  }

  /// Restores the state before the first token.
  void reset() noexcept {
    state_ = grammar_.start();
    bar_ = bar_number_ = since_ = 0;
    bars_[0] = {};
    ends_.fill(0);
    position_.fill({});
    before_.fill({});
    tonality_.reset();
    history_.reset();
    finder_.reset();
    repeat_.stop();
    form_.stop();
    describe();
  }

  /// Takes the next token.
  void advance(Token token) noexcept {
    const EventGrammar::Event event = grammar_.event(token);
    const bool has_repeat = has(parts_, EventFeature::repeat), has_form = has(parts_, EventFeature::form);
    repeat_.score(token, event.kind);
    form_.score(token, event.kind);
    const int bar_steps = state_.bar_steps;
    state_ = grammar_.advance(state_, token);
    switch (event.kind) {
      case Kind::end_of_bar:
        bar_ += static_cast<std::uint32_t>(bar_steps);
        bars_[++bar_number_ % kBars] = {bar_, history_.size()};
        ++since_;
        leave_position();
        if (has_form && form_.is_active()) point_to_bar(false);
        break;
      case Kind::position:
        leave_position();
        break;
      case Kind::key:
        history_.push({now(), static_cast<std::uint32_t>(state_.duration),
                       static_cast<std::int8_t>(event.value), static_cast<std::int8_t>(state_.velocity),
                       static_cast<std::int8_t>(state_.channel)});
        if (!plays_drums()) tonality_.advance((event.value + kLowestKey) % 12);
        if (of_channel(position_).highest < 0) of_channel(position_).highest = event.value;
        of_channel(position_).lowest = event.value;
        break;
      case Kind::duration:
        history_.back().duration = static_cast<std::uint32_t>(state_.duration);
        break;
      case Kind::velocity:
        history_.back().velocity = static_cast<std::int8_t>(state_.velocity);
        break;
      case Kind::repeat:
        since_ = 0;
        form_.stop();
        if (has_form && state_.lag > 0) point_to_bar(true);
        break;
      default:
        break;
    }
    // A file may hold tokens that the grammar does not allow, such as a duration without a key.
    if ((event.kind == Kind::key || event.kind == Kind::duration) && state_.key < kNumKeys && !plays_drums())
      ends_[static_cast<std::size_t>(state_.key)] = now() + static_cast<std::uint32_t>(state_.duration);
    if (has_repeat && event.kind == Kind::key) find();
    repeat_.advance(history_, grammar_, state_, now());
    form_.advance(history_, grammar_, state_, now());
    describe();
  }

  /// The features of the last token; valid until the next call of advance() or reset().
  FeatureRows rows() const noexcept {
    return {std::span(inputs_).first(num_inputs_), std::span(outputs_).first(num_outputs_)};
  }

  /// Writes or reads the state; reading needs an object of the same encoder and description.
  void transfer(StateBytes& state) noexcept {
    state.same(static_cast<std::uint32_t>(parts_));
    grammar_.transfer(state, state_);
    state.value(bar_);
    state.value(bar_number_);
    state.value(since_);
    for (BarStart& bar : bars_) {
      state.value(bar.step);
      state.value(bar.note);
    }
    state.values(std::span(ends_));
    const bool has_channels = grammar_.options().channels;
    for (std::size_t channel = 0; channel < (has_channels ? position_.size() : 1); ++channel)
      for (int* key : {&position_[channel].highest, &position_[channel].lowest, &before_[channel].highest,
                       &before_[channel].lowest})
        state.value(*key, [](int value) { return -1 <= value && value < kNumKeys; });
    tonality_.transfer(state);
    history_.transfer(state, has_channels);
    repeat_.transfer(state);
    form_.transfer(state);
    if (!state.is_reading()) return;
    finder_.take(history_);
    repeat_.renew(history_, grammar_, state_, now());
    form_.renew(history_, grammar_, state_, now());
    describe();
  }

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

  static unsigned parts_of(std::string_view description) {
    unsigned parts = 0;
    while (!description.empty()) {
      const std::size_t comma = description.find(',');
      const std::string_view name = description.substr(0, comma);
      description = comma == std::string_view::npos ? std::string_view() : description.substr(comma + 1);
      const auto found = std::find(kEventFeatures.begin(), kEventFeatures.end(), name);
      if (found == kEventFeatures.end())
        internal::raise(Error("the event format has no feature " + internal::shown_text(name) +
                              ": expected some of place, sounding, repeat, form, tonality, relative"));
      parts |= 1u << (found - kEventFeatures.begin());
    }
    return parts;
  }
  static void require_form(unsigned parts, const EventGrammar& grammar) {
    if (has(parts, EventFeature::form) && !grammar.options().form)
      internal::raise(Error("the feature form needs tokens for the form (EventOptions::form, --form)"));
  }

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

  void describe() noexcept {
    num_inputs_ = num_outputs_ = 0;
    int row = 0;
    const auto add = [&](int at) { inputs_[num_inputs_++] = static_cast<std::uint16_t>(row + at); };
    if (has(parts_, EventFeature::place)) {
      add((std::min)(state_.position, positions(grammar_) - 1));
      row += positions(grammar_);
      add(static_cast<int>(bar_number_ % kBarNumbers));
      row += kBarNumbers;
      if (grammar_.options().channels) {
        add(state_.channel + 1);
        row += kChannels;
        add(state_.program);
        row += EventGrammar::kNumPrograms;
      }
    }
    if (has(parts_, EventFeature::sounding)) {
      for (int key = 0; key < kNumKeys; ++key)
        if (static_cast<std::int32_t>(ends_[static_cast<std::size_t>(key)] - now()) > 0) add(key);
      row += kNumKeys;
    }
    int output = 0;
    const auto raise = [&](int token, int at) {
      outputs_[num_outputs_++] = {static_cast<Token>(token), static_cast<std::uint16_t>(output + at)};
    };
    const auto add_pointer = [&](const NotePointer& pointer) {
      add(pointer.row());
      row += NotePointer::kRows;
      if (const std::optional<Token> expected = pointer.expected()) {
        add(*expected);
        raise(*expected, 0);  // whatever the reliability
        raise(*expected, pointer.row());
      }
      row += grammar_.vocab_size();
      output += NotePointer::kRows;
    };
    if (has(parts_, EventFeature::repeat)) add_pointer(repeat_);
    if (has(parts_, EventFeature::form)) {
      add_pointer(form_);
      add(static_cast<int>((std::min)(since_, std::uint32_t{kBarsSince - 1})));
      row += kBarsSince;
      add(state_.left + 1);
      row += kLeft;
    }
    const int first = grammar_.token({Kind::key, 0});
    if (has(parts_, EventFeature::tonality)) {
      const int tonic = tonality_.key();
      add(tonic + 1);
      row += RunningKey::kKeys + 1;
      for (int key = 0; tonic >= 0 && key < state_.key && !plays_drums(); ++key)
        raise(first + key, (key + kLowestKey - tonic + 24) % 12 + (tonic < 12 ? 0 : 12));
      output += RunningKey::kKeys;
    }
    if (!has(parts_, EventFeature::relative)) return;
    const auto around = [](int key, int from) {
      return from < 0 ? kAround : std::clamp(key - from, -kFarthest, kFarthest) + kFarthest;
    };
    if (plays_drums()) return;  // have no intervals
    const Position before = of_channel(before_);
    for (int key = 0; key < state_.key; ++key) {
      raise(first + key, 0);
      raise(first + key, 1 + (state_.key < kNumKeys ? (std::min)(state_.key - key, kBelow) - 1
                                                    : kBelow + around(key, before.highest)));
      raise(first + key, 1 + kBelow + kAround + 1 + around(key, before.lowest));
    }
  }

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

}  // namespace gruve::inline v0_1
