// The plug-in apart from its format: what is between a host's events and a LivePlayer.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bitset>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "clock.hpp"
#include "gruve/core/handover.hpp"
#include "gruve/generate/scale.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/piece/live_player.hpp"
#include "model.hpp"
#include "parameters.hpp"

namespace companion {

/// A MIDI effect that plays alone, or answers what is played, in time with the host.
///
/// *Alone*, it plays while the transport runs. *Answering*, it listens; at the first bar line at which
/// something was played, no key is down and none has been for half a quarter note, it continues what was
/// played for some bars, and then listens again. Whoever plays into an answer ends it. What is played always
/// sounds too.
///
/// Music begins where the transport starts or jumps to, with random numbers of the seed and the number of the
/// bar. So the same place of a song has the same music each time, and a session needs to store the parameters
/// and the name of the model only. Without a transport the bars follow each other from the first sample on.
///
/// load() allocates, throws and may lock; set() is for any thread. All other functions are for the audio
/// thread and do none of this. They take `out`, the host's list of events, which has
///
///   std::size_t room() const noexcept;                                  // number of messages it can take
///   void put(int offset, std::span<const std::uint8_t> message) noexcept;  // in the order of offsets
///
/// A block is played by calls in the order of its events:
///
///   companion.advance(0, 10, out);
///   companion.midi(10, message, out);
///   companion.advance(10, 256, out);
class Companion {
 public:
  /// Without a model, it passes on what is played.
  explicit Companion(double sample_rate) : sample_rate_(sample_rate) {
    for (std::size_t i = 0; i < kNumParameters; ++i) values_[i] = kParameters[i].initial;
    for (std::size_t i = 1; i < scales_.size(); ++i) scales_[i] = gruve::scale_from_name(kKeys[i]);
  }

  /// Begins anew, at another sample rate or the same; not while the audio thread plays.
  void reset(double sample_rate) noexcept {
    stop();
    has_transport_ = false;
    sample_rate_ = sample_rate;
  }
  double sample_rate() const noexcept { return sample_rate_; }

  /// Lets the model of a file play as soon as it is loaded. Without a path it is that which the environment
  /// variable GRUVE_MODEL names, or else the one that is compiled in. Throws gruve::Error.
  void load(const std::string& path = "") {
    if (!path.empty())
      offer(gruve::load(std::filesystem::path(path)), path);
    else if (const char* usual = std::getenv("GRUVE_MODEL"); usual != nullptr)
      offer(gruve::load(std::filesystem::path(usual)), "");
    else if (!built_in_model().empty())
      offer(gruve::load(built_in_model()), "");
  }
  /// The file that was loaded last; empty if there was none.
  std::string path() const {
    const std::lock_guard lock(loading_);
    return path_;
  }
  /// Whether there is a model to play.
  bool has_model() const noexcept { return loaded_ != nullptr; }
  /// The file of the model that plays; for the audio thread.
  const char* playing_path() const noexcept { return loaded_ ? loaded_->path.c_str() : ""; }

  /// Sets a parameter to the nearest value in its range.
  void set(std::size_t parameter, double value) noexcept {
    if (parameter >= kNumParameters || !std::isfinite(value)) return;
    const Parameter& range = kParameters[parameter];
    const float found = std::clamp(static_cast<float>(value), range.lowest, range.highest);
    values_[parameter].store(range.is_integer ? std::round(found) : found, std::memory_order_relaxed);
  }
  float get(std::size_t parameter) const noexcept {
    return values_[parameter].load(std::memory_order_relaxed);
  }

  /// Takes what the host says of its transport here.
  void transport(const Transport& host) noexcept {
    const Transport now = in_range(host);
    has_transport_ = true;
    const double speed = quarters_per_sample(now);
    const double behind = clock_.behind(now);
    if (!now.is_playing) {
      stop();
    } else if (!is_running_ || std::abs(behind) > kJump) {
      clock_.start(now, speed);
      is_running_ = true;
      begin();
    } else if (std::abs(behind) > kInTime || now.bar_length != clock_.bar_length()) {
      clock_.start(now, speed);
      behind_ += behind;
      follow_bars();
    } else if (speed != clock_.quarters_per_sample()) {
      clock_.set_speed(speed);
    }
    transport_ = now;
  }

  /// Ends the music, as when the transport stops.
  void stop() noexcept {
    if (is_running_ && loaded_) loaded_->player.listen();  // it is silent
    is_running_ = false;
  }

  /// Where the song is.
  const Clock& place() const noexcept { return clock_; }

  /// Takes a MIDI message, and passes it on.
  template <class Out>
  void midi(int offset, std::span<const std::uint8_t> message, Out& out) noexcept {
    const int kind = message.size() == 3 ? message[0] & 0xF0 : 0;
    const bool begins = kind == 0x90 && message[2] > 0;
    if (begins || kind == 0x80 || kind == 0x90) {
      const int pitch = message[1] & 0x7F;
      held_[static_cast<std::size_t>(pitch)] = begins;
      if (is_running_ && loaded_ && get(kFollow) > 0) hear(offset, pitch, begins ? message[2] : 0, out);
    } else if (kind == 0xB0 && message[1] >= 120) {  // all notes off
      held_.reset();
    }
    if (out.room() > 0) out.put(offset, message);
  }

  /// Plays from one sample of the block to another.
  template <class Out>
  void advance(int begin_offset, int end_offset, Out& out) noexcept {
    if (!has_transport_) transport({});
    change_model(begin_offset, out);
    change_parameters();
    if (!is_running_) play(begin_offset, 0, out);
    // At most a quarter note at once, so that the time that is made up for is never overshot.
    for (int offset = begin_offset; is_running_ && offset < end_offset;) {
      const auto longest = std::max<std::int64_t>(1, std::llround(1 / clock_.quarters_per_sample()));
      const auto samples =
          static_cast<int>(std::min({std::int64_t{end_offset} - offset, longest, clock_.samples_to_bar()}));
      play(offset, samples, out);
      clock_.advance(samples);
      offset += samples;
      if (held_.none()) quiet_ += samples;
      if (clock_.samples_to_bar() > 0) continue;
      clock_.begin_bar();
      follow_bars();
    }
  }

 private:
  struct Loaded {
    gruve::LivePlayer player;
    double bpm;
    std::string path;
  };

  static constexpr double kJump = 0.125;   // quarter notes: what is further away is another place
  static constexpr double kInTime = 1e-3;  // quarter notes: what is nearer is the host's rounding
  static constexpr double kPause = 0.5;    // quarter notes without a key that end a phrase

  void offer(const gruve::TrainedModel& model, const std::string& path) {
    // Tokens are drawn half a quarter note ahead: that long a parameter takes to be heard.
    auto next = std::make_unique<Loaded>(Loaded{gruve::LivePlayer(model, {.live = {.lookahead = 0.5}}),
                                                model.music.value_or(gruve::MusicInfo()).tempo_bpm, path});
    const std::lock_guard lock(loading_);
    path_ = path;
    next_.offer(std::move(next));
  }

  double quarters_per_sample(const Transport& transport) const noexcept {
    const double bpm = transport.bpm > 0 ? transport.bpm : loaded_ ? loaded_->bpm : 120;
    return std::clamp(bpm, 1.0, 2000.0) / (60 * sample_rate_);
  }

  // Begins the music of the present bar: as if nothing had been played since its bar line.
  void begin() noexcept {
    heard_ = false;
    behind_ = 0;
    bar_ = clock_.bar();
    if (!loaded_) return;
    loaded_->player.reseed(static_cast<std::uint64_t>(get(kSeed)) << 32 ^
                           static_cast<std::uint64_t>(clock_.bar()));
    loaded_->player.listen();
    const auto since = std::llround(clock_.beat() / clock_.quarters_per_sample());
    loaded_->player.process({static_cast<int>(since), sample_rate_, bpm()}, {});
    if (get(kFollow) == 0) loaded_->player.answer();
  }

  // Listens or answers, at each bar line once.
  void follow_bars() noexcept {
    if (clock_.bar() <= bar_) return;
    bar_ = clock_.bar();
    if (get(kFollow) == 0 || !loaded_) return;
    if (!loaded_->player.is_listening()) {
      if (--bars_left_ <= 0) begin();
    } else if (!heard_) {
      begin();
    } else if (held_.none() && static_cast<double>(quiet_) * clock_.quarters_per_sample() >= kPause) {
      loaded_->player.answer();
      bars_left_ = static_cast<int>(get(kBars));
    }
  }

  template <class Out>
  void hear(int offset, int pitch, int velocity, Out& out) noexcept {
    if (velocity > 0 && !loaded_->player.is_listening()) {
      begin();
      play(offset, 0, out);  // ends the answer's notes
    }
    loaded_->player.note_on(pitch, velocity, 0);
    heard_ = heard_ || velocity > 0;
    quiet_ = 0;
  }

  // In quarter notes per minute, of the clock.
  double bpm() const noexcept { return clock_.quarters_per_sample() * 60 * sample_rate_; }

  // Plays some samples. Returns whether all notes had room.
  template <class Out>
  bool play(int offset, int samples, Out& out) noexcept {
    if (!loaded_) return true;
    gruve::LivePlayer& player = loaded_->player;
    // What the music is behind the host's time, if the tempo changed within a block or the music had to
    // pause, is made up for within about a quarter note; but for a little, so that it is never before a bar
    // line.
    const double speed = behind_ != 0 ? 1 + std::clamp(behind_ - 2 * kInTime, -0.5, 0.5) : 1;
    const std::int64_t late_before = player.late_samples();
    const std::span room(notes_.data(), std::min(notes_.size(), out.room()));
    const std::size_t count = player.process({samples, sample_rate_, bpm() * speed}, room);
    for (const gruve::LiveNote& note : room.first(count)) {
      const int status = (note.velocity > 0 ? 0x90 : 0x80) | note.channel;
      put(out, offset + note.offset, {status, note.pitch, note.velocity});
    }
    const auto late = static_cast<double>(player.late_samples() - late_before);
    behind_ += clock_.quarters_per_sample() * (samples * (1 - speed) + late * speed);
    put_channels(offset + std::max(0, samples - 1), out);
    return count < room.size();
  }

  // The sounds and pedals of a model that has them.
  template <class Out>
  void put_channels(int offset, Out& out) noexcept {
    const auto& channels = loaded_->player.channels();
    for (std::size_t i = 0; i < channels.size(); ++i) {
      if (channels[i] == channels_[i] || out.room() < 2) continue;
      const int channel = static_cast<int>(i);
      if (channels[i].program != channels_[i].program)
        put(out, offset, {0xC0 | channel, channels[i].program});
      if (channels[i].is_pedal_down != channels_[i].is_pedal_down)
        put(out, offset, {0xB0 | channel, 64, channels[i].is_pedal_down ? 127 : 0});
      channels_[i] = channels[i];
    }
  }

  template <class Out>
  static void put(Out& out, int offset, std::initializer_list<int> message) noexcept {
    std::array<std::uint8_t, 3> bytes{};
    std::size_t size = 0;
    for (const int byte : message) bytes[size++] = static_cast<std::uint8_t>(byte);
    out.put(offset, std::span(bytes).first(size));
  }

  // Takes the model that was loaded, once all notes of the one before have ended.
  template <class Out>
  void change_model(int offset, Out& out) noexcept {
    if (!next_.is_waiting()) return;
    if (loaded_) {
      loaded_->player.release();
      if (!play(offset, 0, out)) return;
    }
    if (!next_.take(loaded_)) return;
    changed_ = true;
    if (transport_.bpm == 0) clock_.set_speed(quarters_per_sample(transport_));
    if (is_running_)
      begin();
    else
      loaded_->player.listen();
  }

  void change_parameters() noexcept {
    const float follow = applied_[kFollow], seed = applied_[kSeed];
    for (std::size_t i = 0; i < kNumParameters; ++i) {
      changed_ = changed_ || get(i) != applied_[i];
      applied_[i] = get(i);
    }
    if (!changed_ || !loaded_) return;
    changed_ = false;
    gruve::ControlOptions controls;
    controls.limits.scale = scales_[static_cast<std::size_t>(applied_[kKey])];
    if (applied_[kDensity] < kParameters[kDensity].highest)
      controls.limits.max_notes_per_quarter = static_cast<int>(applied_[kDensity]);
    loaded_->player.set(gruve::SamplerOptions{.temperature = applied_[kTemperature], .top_p = 0.95f});
    loaded_->player.set(controls);
    if (is_running_ && (follow != applied_[kFollow] || seed != applied_[kSeed])) begin();
  }

  double sample_rate_;
  std::array<std::atomic<float>, kNumParameters> values_;
  std::array<float, kNumParameters> applied_{};
  bool changed_ = true;
  std::array<gruve::PitchClasses, std::size(kKeys)> scales_{gruve::kAllPitchClasses};

  mutable std::mutex loading_;  // for path_ and next_.offer()
  std::string path_;
  gruve::Handover<Loaded> next_;
  std::unique_ptr<Loaded> loaded_;  // of the audio thread

  Transport transport_;
  Clock clock_;
  bool has_transport_ = false;  // whether transport() was called
  bool is_running_ = false;
  std::int64_t bar_ = 0;    // whose beginning was followed last
  double behind_ = 0;       // quarter notes that the music is behind the clock
  std::bitset<128> held_;   // keys that are down
  std::int64_t quiet_ = 0;  // samples since one was down
  bool heard_ = false;      // whether something was played since begin()
  int bars_left_ = 0;       // of an answer
  std::array<gruve::LiveNote, 256> notes_{};
  std::array<gruve::LiveChannel, 16> channels_{};  // as they were put last
};

}  // namespace companion
