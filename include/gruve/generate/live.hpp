#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/handover.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/tokens/note_decoder.hpp"
#include "gruve/tokens/note_encoder.hpp"

namespace gruve::inline v0_2 {

/// Settings of a LiveGenerator.
struct LiveOptions {
  double lookahead = 1;      // quarter notes, 0 to 1024, that are drawn before they sound, to spread the load
  int max_tokens = 64;       // the maximum number of steps of each model in one call of process(); at least 1
  int max_holds = 4;         // event format: a note lasts at most 4 (max_holds + 1) quarter notes; 0 to 1024
  TimeSignature metre = {};  // of the bars of an encoder whose tokens have no metre
};

/// One block of an audio callback.
struct LiveBlock {
  int num_samples;     // at least 0
  double sample_rate;  // Hz, above 0
  double bpm;          // quarter notes per minute in this block, above 0
};

/// The beginning or the end of a note in a block.
struct LiveNote {
  int offset = 0;             // samples from the block's beginning
  std::uint8_t pitch = 0;     // MIDI key number
  std::uint8_t velocity = 0;  // 1 to 127 if the note begins, 0 if it ends
  std::uint8_t channel = 0;  // 0 to 15; 9 has drums. 0 but for a model with channels (EventOptions::channels)

  friend bool operator==(const LiveNote&, const LiveNote&) = default;
};

/// What a channel sounds with.
struct LiveChannel {
  std::uint8_t program = 0;    // sound of General MIDI, 0 to 127; 0 is a piano
  bool is_pedal_down = false;  // the sustain pedal

  friend bool operator==(const LiveChannel&, const LiveChannel&) = default;
};

namespace internal {

/// A generator of music, the decoder of its tokens, and a queue of the note changes that have not sounded
/// yet.
template <MusicEncoder Encoder>
class LiveMusic {
 public:
  /// A change, or the beginning of a bar.
  struct Entry {
    NoteChange change = {};
    bool is_bar = false;

    /// In timesteps.
    double time() const noexcept {
      return static_cast<double>(change.step) + static_cast<double>(change.shift);
    }
  };

  /// owner  keeps alive the models that the generator refers to; may be null
  LiveMusic(Generator<Encoder> generator, const LiveOptions& options, std::shared_ptr<const void> owner)
      : owner_(std::move(owner)),
        max_holds_(options.max_holds),
        generator_(std::move(generator)),
        start_(generator_),
        begin_(generator_.encoder(), options.metre),
        decoder_(begin_),
        entries_(kTimesteps * decoder_.max_changes()) {}

  /// Draws at most max_tokens tokens, until all changes before timestep `until` are known. Returns the number
  /// of tokens drawn.
  int draw(std::int64_t until, int max_tokens) noexcept {
    int count = 0;
    for (; count < max_tokens && decoder_.known() < until && has_room(); ++count) {
      const auto state = generator_.state();
      const Token token = generator_.next([&](Token next) {
        return !decoder_.is_before(state, next, audible_from_) && !is_held_too_long(state, next) &&
               !internal::begins_ending(generator_.encoder(), next);
      });
      follow(state, token);
    }
    return count;
  }

  /// Reads a token that was encoded from played notes.
  void take(Token token) noexcept {
    const auto state = generator_.state();
    generator_.prime(std::span(&token, 1));
    follow(state, token);
  }

  /// Restores the beginning, with the current random numbers; silent until sound_from() is called.
  void restart() noexcept {
    generator_.restore(start_);
    decoder_ = begin_;
    first_ = count_ = 0;
    audible_from_ = kNever;
  }

  /// What the channels sound with at the beginning, after whatever the generator was primed with.
  std::array<LiveChannel, 16> channels() const noexcept {
    std::array<LiveChannel, 16> channels;
    if constexpr (std::is_same_v<Encoder, EventEncoder>) {
      const EventEncoder::State& state = start_.state();
      for (std::size_t i = 0; i < channels.size(); ++i)
        channels[i] = {state.others[i].program, state.others[i].pedal == 1};
      if (state.channel >= 0)
        channels[static_cast<std::size_t>(state.channel)] = {static_cast<std::uint8_t>(state.program),
                                                             state.pedal == 1};
    }
    return channels;
  }

  /// Changes before a timestep were played by the musician and are not played again.
  void sound_from(std::int64_t step) noexcept { audible_from_ = step; }

  /// All changes before this timestep are known.
  std::int64_t known() const noexcept { return decoder_.known(); }

  const Entry* front() const noexcept { return count_ > 0 ? &entries_[first_] : nullptr; }
  void pop() noexcept {
    first_ = (first_ + 1) % entries_.size();
    --count_;
  }

  template <class Options>
  bool set(const Options& options) noexcept {
    return start_.set(options) && generator_.set(options);
  }

  Generator<Encoder>& generator() noexcept { return generator_; }
  const Generator<Encoder>& generator() const noexcept { return generator_; }

 private:
  static constexpr std::size_t kTimesteps = 20;  // of the most changes for which there is room
  static constexpr std::int64_t kNever = std::int64_t{1} << 48;

  // Whether the changes of one more token fit. The capacity exceeds the changes of any timestep, so that
  // there is room once a timestep has passed.
  bool has_room() const noexcept { return count_ + decoder_.max_changes() + 1 <= entries_.size(); }

  bool is_held_too_long(const typename Encoder::State& state, Token token) const noexcept {
    if constexpr (std::is_same_v<Encoder, EventEncoder>) {
      const EventEncoder& encoder = generator_.encoder();
      return state.held >= max_holds_ * encoder.longest() &&
             encoder.event(token).kind == EventEncoder::Kind::hold;
    } else {
      return false;
    }
  }

  void follow(const typename Encoder::State& state, Token token) noexcept {
    const std::int64_t bar = decoder_.bar();
    decoder_.push(state, token, [&](const NoteChange& change) {
      if (change.step >= audible_from_) push({change});
    });
    if (decoder_.bar() != bar && decoder_.bar() >= audible_from_)
      push({NoteChange{.step = decoder_.bar()}, true});
  }

  // Adds an entry in the order of their times, nearly always as the last.
  void push(const Entry& entry) noexcept {
    std::size_t place = count_++;
    const auto at = [&](std::size_t i) -> Entry& { return entries_[(first_ + i) % entries_.size()]; };
    for (; place > 0 && entry.time() < at(place - 1).time(); --place) at(place) = at(place - 1);
    at(place) = entry;
  }

  std::shared_ptr<const void> owner_;
  int max_holds_;
  Generator<Encoder> generator_;
  Generator<Encoder> start_;    // the generator as it was at first
  NoteDecoder<Encoder> begin_;  // the decoder as it was at first
  NoteDecoder<Encoder> decoder_;
  std::int64_t audible_from_ = 0;  // timestep
  std::vector<Entry> entries_;     // ring buffer, by timestep
  std::size_t first_ = 0, count_ = 0;
};

}  // namespace internal

/// Plays a model live in an audio callback. Each block gives the notes that begin or end in it, with sample
/// offsets; a musician's notes can be fed in the same form, and the model continues them; another model can
/// take over at a bar line.
///
///   LiveGenerator live(Generator(packed, encoder, {.temperature = 0.9f}, 1));   // not on the audio thread
///
///   std::array<LiveNote, 256> notes;                                           // on the audio thread
///   const std::size_t count = live.process({.num_samples = 256, .sample_rate = 48'000, .bpm = 120}, notes);
///   for (const LiveNote& note : std::span(notes).first(count)) play(note.offset, note.pitch, note.velocity);
///
/// *Time.* Each block has a tempo. Music is on the encoder's grid, and each change is rounded to the nearest
/// sample. Tokens are drawn ahead, up to `lookahead` quarter notes, at most `max_tokens` in one call. If
/// these do not suffice for a block, the music pauses until the next block rather than delaying the callback;
/// see late_samples(). A timestep takes at most max_tokens_per_step() tokens, usually a few.
///
/// *Playing along.* After listen() the model is silent. Notes that are played until answer(), rounded to the
/// nearest timestep, are the beginning of a new sequence, which the model then continues. listen() restores
/// the generator's state as it was when it was passed to this object.
///
/// *Another model.* hand_over(), called from another thread, passes a generator that plays from the next bar
/// line on, or from the next listen().
///
/// The constructor and hand_over() allocate and throw. hand_over() and collect() are for one other thread at
/// a time. All other functions are for the audio thread, one thread at a time, and neither allocate, lock nor
/// throw.
///
/// Cost of process(): at most max_tokens times Generator::next(), and a few operations per note.
template <MusicEncoder Encoder>
class LiveGenerator {
 public:
  /// Draws the lookahead. Throws Error on options out of range.
  ///
  /// generator  must be at a boundary (Generator::at_boundary()), or Error; may be primed
  /// owner      is kept as long as the generator; may own the models that the generator refers to
  explicit LiveGenerator(Generator<Encoder> generator, const LiveOptions& options = {},
                         std::shared_ptr<const void> owner = nullptr)
      : options_(checked(options)),
        lookahead_(std::llround(options.lookahead * generator.encoder().steps_per_quarter())),
        steps_per_quarter_(generator.encoder().steps_per_quarter()),
        encoder_(generator.encoder()),
        played_(encoder_),
        played_notes_(kMaxPlayed),
        music_(prepared(std::move(generator), std::move(owner))),
        channels_(music_->channels()) {}

  /// The maximum number of tokens in a timestep.
  int max_tokens_per_step() const noexcept {
    if constexpr (std::is_same_v<Encoder, EventEncoder>)
      return max_tokens_per_step(music_->generator().encoder().options());
    else
      return kNumKeys + 1;
  }

  /// What the channels sound with at the end of the last block: of a model whose tokens have programs or the
  /// pedal. It changes within a block at its end.
  const std::array<LiveChannel, 16>& channels() const noexcept { return channels_; }

  /// Plays one block. Writes the notes that begin or end in it to `out`, ordered by offset, and returns their
  /// number. Notes that do not fit into `out` are moved to the next block. No note begins or ends twice.
  std::size_t process(const LiveBlock& block, std::span<LiveNote> out) noexcept {
    const double steps_per_sample = block.bpm * steps_per_quarter_ / (60 * block.sample_rate);
    // No time passes in a block of no samples or of a tempo or sample rate out of range.
    const bool passes =
        block.num_samples > 0 && steps_per_sample > 0 && steps_per_sample <= kMaxStepsPerQuarter;
    if (passes && steps_per_sample != clock_.steps_per_sample)
      clock_ = {.origin = clock_.time(), .steps_per_sample = steps_per_sample};
    Output output{passes ? block.num_samples : 0, out};
    release_some(output);
    int tokens_left = options_.max_tokens;
    if (mode_ == Mode::listening) {
      take_notes(output, tokens_left);
    } else {
      // Notes that are played outside of listening are dropped.
      num_played_ = 0;
      if (mode_ == Mode::catching_up) catch_up(tokens_left);
      if (mode_ == Mode::playing) play(output, tokens_left);
    }
    return output.count;
  }

  /// Takes the beginning of a musician's note. Offsets may come in any order. Returns false, and ignores the
  /// note, if the model is not listening, if pitch or velocity is not 0 to 127, or after 256 calls of
  /// note_on() and note_off() for one block. Keys outside the piano are ignored.
  ///
  /// offset  samples from the beginning of the next block
  bool note_on(int pitch, int velocity, int offset) noexcept {
    if (pitch < 0 || pitch > 127 || velocity < 0 || velocity > 127) return false;
    return play_note({offset, static_cast<std::uint8_t>(pitch), static_cast<std::uint8_t>(velocity)});
  }
  /// Takes the end of a musician's note; see note_on().
  bool note_off(int pitch, int offset) noexcept { return note_on(pitch, 0, offset); }

  /// Silences the model from the next block on and begins a new sequence, to which played notes are added.
  void listen() noexcept {
    if (handover_.take(music_)) adopt();
    music_->restart();
    channels_ = music_->channels();
    played_.reset(music_->generator().state());
    release();
    clock_ = {.steps_per_sample = clock_.steps_per_sample};
    num_played_ = 0;
    mode_ = Mode::listening;
  }

  /// Ends listening: from the next block on the model continues the notes that were played.
  void answer() noexcept {
    if (mode_ != Mode::listening) return;
    const std::int64_t now = nearest(clock_.time());
    played_.finish(now);
    music_->sound_from(now);
    mode_ = Mode::catching_up;
  }

  /// Whether listen() was called, and answer() was not called after it.
  bool is_listening() const noexcept { return mode_ == Mode::listening; }

  /// Ends all sounding notes at the beginning of the next block, as when a player is stopped.
  void release() noexcept { releasing_ = sounding_; }

  /// Sets how tokens are drawn by this generator and by those that are handed over later; see
  /// Generator::set(). The music that is already drawn, `lookahead` quarter notes, does not change.
  bool set(const SamplerOptions& options) noexcept {
    if (!music_->set(options)) return false;
    sampler_options_ = options;
    return true;
  }
  /// Sets the controls of this generator and of those that are handed over later; see Generator::set().
  bool set(const ControlOptions& options) noexcept {
    if (!music_->set(options)) return false;
    control_options_ = options;
    return true;
  }
  /// Continues with other random numbers; see Generator::reseed().
  void reseed(std::uint64_t seed, std::uint64_t stream = 0) noexcept {
    music_->generator().reseed(seed, stream);
  }

  /// The generator that plays. Its tokens are ahead of the sounding music.
  const Generator<Encoder>& generator() const noexcept { return music_->generator(); }

  /// The total number of samples for which the music has paused because max_tokens did not suffice.
  std::int64_t late_samples() const noexcept { return late_samples_; }

  /// Lets another generator take over at the next bar line, where its first bar begins. Draws the lookahead
  /// in the calling thread, so that there is no gap. Replaces a generator that was handed over earlier and
  /// does not play yet. Throws Error if the generator is not at a boundary or its grid is another.
  void hand_over(Generator<Encoder> generator, std::shared_ptr<const void> owner = nullptr) {
    handover_.offer(prepared(std::move(generator), std::move(owner)));
  }

  /// Destroys the generator that was replaced; hand_over() does so too.
  void collect() { handover_.collect(); }

 private:
  using Music = internal::LiveMusic<Encoder>;

  using Keys = std::array<KeySet, 16>;  // of each channel

  enum class Mode : std::uint8_t { playing, listening, catching_up };

  static constexpr std::size_t kMaxPlayed = 256;  // notes on and off in a block

  // The time of the music, in timesteps. Samples are counted from one whose time is known, so that a change
  // is at the same sample whatever the sizes of the blocks.
  struct Clock {
    double origin = 0;         // time of that sample
    std::int64_t samples = 0;  // from there to the beginning of the next block
    double steps_per_sample = 1;

    // Of a sample of the next block.
    double time(int offset = 0) const noexcept {
      return origin + static_cast<double>(samples + offset) * steps_per_sample;
    }
    // The sample at a time, from the beginning of the next block.
    double offset(double time) const noexcept {
      return std::round((time - origin) / steps_per_sample) - static_cast<double>(samples);
    }
  };

  struct Output {
    int num_samples;
    std::span<LiveNote> out;
    std::size_t count = 0;

    bool is_full() const noexcept { return count == out.size(); }
    // At a handover the new music may begin before the end of the old.
    void put(int offset, std::uint8_t channel, int key, std::uint8_t velocity) noexcept {
      if (count > 0) offset = (std::max)(offset, out[count - 1].offset);
      out[count++] = {offset, static_cast<std::uint8_t>(kLowestKey + key), velocity, channel};
    }
  };

  // End of bar, metre or position, tempo, the number of bars left and the repeat; of each channel two of the
  // pedal, its program and itself; of each of their keys the holds, a duration and a velocity, onset and
  // release.
  int max_tokens_per_step(const EventOptions& event) const noexcept {
    const int note = 3 + options_.max_holds + (event.microtiming > 1 ? 2 : 0);
    const int channels = event.channels ? EventEncoder::kNumChannels : 1;
    return 3 + (event.form ? 2 : 0) +
           channels * (kNumKeys * note + (event.pedal ? 2 : 0) + (event.channels ? 2 : 0));
  }

  static const LiveOptions& checked(const LiveOptions& options) {
    const auto require = [](bool holds, const char* sentence, auto value) {
      if (!holds) internal::raise(Error(sentence + std::to_string(value)));
    };
    require(options.lookahead >= 0 && options.lookahead <= 1024,
            "the lookahead must be 0 to 1024 quarter notes, not ", options.lookahead);
    require(options.max_tokens >= 1, "max-tokens must be a number of tokens from 1, not ",
            options.max_tokens);
    require(options.max_holds >= 0 && options.max_holds <= 1024, "max-holds must be 0 to 1024, not ",
            options.max_holds);
    return options;
  }

  std::unique_ptr<Music> prepared(Generator<Encoder> generator, std::shared_ptr<const void> owner) const {
    if (!generator.at_boundary())
      internal::raise(Error("music that is played live must begin at a bar line or the end of a timestep"));
    if (generator.encoder().steps_per_quarter() != steps_per_quarter_)
      internal::raise(Error("music on a grid of " + std::to_string(generator.encoder().steps_per_quarter()) +
                            " timesteps a quarter note, after music of " +
                            std::to_string(steps_per_quarter_)));
    if (!(generator.encoder() == encoder_))
      internal::raise(Error("music that takes over must have the encoder of the music before"));
    auto music = std::make_unique<Music>(std::move(generator), options_, std::move(owner));
    while (music->draw(lookahead_, options_.max_tokens) == options_.max_tokens) {
    }
    return music;
  }

  static std::int64_t nearest(double time) noexcept {
    return static_cast<std::int64_t>(std::floor(time + 0.5));
  }

  bool play_note(const LiveNote& note) noexcept {
    if (mode_ != Mode::listening || num_played_ == played_notes_.size()) return false;
    // Sorted by offset; notes of equal offset stay in the order of the calls.
    std::size_t place = num_played_++;
    for (; place > 0 && played_notes_[place - 1].offset > note.offset; --place)
      played_notes_[place] = played_notes_[place - 1];
    played_notes_[place] = note;
    return true;
  }

  void take_notes(const Output& output, int& tokens_left) noexcept {
    for (std::size_t i = 0; i < num_played_; ++i) {
      const LiveNote& note = played_notes_[i];
      if (!on_piano(note.pitch)) continue;
      const int offset = std::clamp(note.offset, 0, output.num_samples);
      const std::int64_t step = nearest(clock_.time(offset));
      if (note.velocity > 0)
        played_.note_on(step, note.pitch - kLowestKey, note.velocity);
      else
        played_.note_off(step, note.pitch - kLowestKey);
    }
    num_played_ = 0;
    clock_.samples += output.num_samples;
    played_.advance(nearest(clock_.time()));
    take_played(tokens_left);
  }

  // Feeds the tokens of played notes to the generator. Returns whether none is left.
  bool take_played(int& tokens_left) noexcept {
    Token token;
    for (; tokens_left > 0; --tokens_left) {
      if (!played_.next(token)) return true;
      music_->take(token);
    }
    return false;
  }

  void catch_up(int& tokens_left) noexcept {
    if (take_played(tokens_left)) mode_ = Mode::playing;
  }

  void play(Output& output, int& tokens_left) noexcept {
    double end = clock_.time(output.num_samples);
    const auto draw = [&] {
      tokens_left -= music_->draw(static_cast<std::int64_t>(std::ceil(end)) + lookahead_, tokens_left);
    };
    draw();
    for (;;) {
      const auto* entry = music_->front();
      // Changes at `known` may be incomplete.
      if (entry == nullptr || entry->time() >= static_cast<double>(music_->known())) break;
      const double sample = clock_.offset(entry->time());
      if (sample >= output.num_samples) break;
      const auto offset = static_cast<int>((std::max)(0.0, sample));
      if (entry->is_bar) {
        const auto bar = static_cast<double>(entry->change.step);
        music_->pop();
        if (!handover_.take(music_)) continue;
        adopt();
        clock_.origin -= bar;
        end -= bar;
        release();
        release_some(output, offset);
        channels_ = music_->channels();
        draw();
      } else if (entry->change.kind != NoteChange::Kind::note) {
        LiveChannel& channel = channels_[entry->change.channel];
        if (entry->change.kind == NoteChange::Kind::program)
          channel.program = entry->change.pitch;
        else
          channel.is_pedal_down = entry->change.pitch == 1;
        music_->pop();
      } else {
        if (!put(output, offset, entry->change)) break;
        music_->pop();
      }
    }
    const double reached = (std::max)(clock_.time(), (std::min)(end, static_cast<double>(music_->known())));
    clock_.samples += output.num_samples;
    if (reached < end) {
      late_samples_ += std::llround((end - reached) / clock_.steps_per_sample);
      clock_ = {.origin = reached, .steps_per_sample = clock_.steps_per_sample};
    }
  }

  // Writes a change. Returns false if `out` has no room.
  bool put(Output& output, int offset, const NoteChange& change) noexcept {
    const int key = change.pitch - kLowestKey;
    const bool sounds = sounding_[change.channel].contains(key);
    // If the key still sounds, as after a handover, its note is ended first.
    const std::size_t needed = change.velocity > 0 && sounds ? 2 : change.velocity > 0 || sounds ? 1 : 0;
    if (output.out.size() - output.count < needed) return false;
    if (sounds) output.put(offset, change.channel, key, 0);
    sounding_[change.channel].erase(key);
    releasing_[change.channel].erase(key);
    if (change.velocity == 0) return true;
    sounding_[change.channel].insert(key);
    output.put(offset, change.channel, key, change.velocity);
    return true;
  }

  void release_some(Output& output, int offset = 0) noexcept {
    for (std::size_t channel = 0; channel < releasing_.size(); ++channel)
      for (int key; !output.is_full() && (key = releasing_[channel].below(kNumKeys)) >= 0;) {
        output.put(offset, static_cast<std::uint8_t>(channel), key, 0);
        releasing_[channel].erase(key);
        sounding_[channel].erase(key);
      }
  }

  // Applies the options that were set here to the music that takes over.
  void adopt() noexcept {
    if (sampler_options_) music_->set(*sampler_options_);
    if (control_options_) music_->set(*control_options_);
  }

  LiveOptions options_;
  std::int64_t lookahead_;  // timesteps
  int steps_per_quarter_;
  Encoder encoder_;
  NoteEncoder<Encoder> played_;
  std::vector<LiveNote> played_notes_;  // of the next block, by offset
  std::size_t num_played_ = 0;
  std::unique_ptr<Music> music_;
  Handover<Music> handover_ = {};
  std::optional<SamplerOptions> sampler_options_ = {};
  std::optional<ControlOptions> control_options_ = {};
  Mode mode_ = Mode::playing;
  Clock clock_ = {};
  Keys sounding_{};   // that sound
  Keys releasing_{};  // that are to be ended as soon as `out` has room
  std::array<LiveChannel, 16> channels_{};
  std::int64_t late_samples_ = 0;
};

}  // namespace gruve::inline v0_2
