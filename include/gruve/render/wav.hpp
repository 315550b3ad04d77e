#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include <Eigen/Core>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/midi/timeline.hpp"

namespace gruve::inline v0_2 {

/// Options of synthesize() and write_wav().
struct WavOptions {
  int sample_rate = 44'100;   // frames per second, 8000 to 192000
  float peak_dbfs = -1;       // of the loudest sample, in dB of full scale, -60 to 0
  float tail_seconds = 1.5f;  // seconds after the song's end, in which it fades to silence; 0 to 60
  float room = 0.2f;          // level of the reverberation, 0 (dry) to 1
};

/// The longest duration of a song with its tail, in seconds.
inline constexpr double kMaxWavSeconds = 4 * 3600;

namespace internal {

/// Frames per block, so that a note's buffers stay in the first-level cache.
inline constexpr int kToneBlock = 1024;

/// Samples of a sine that are computed at a time.
inline constexpr int kToneLanes = 16;

/// A decaying sine, kToneLanes successive samples at a time: the lanes are independent, so that the loop is
/// plain vector arithmetic, and one step rotates the phase by kToneLanes frames.
class DecayingSine {
 public:
  /// radians  phase per frame
  /// decay    factor of the amplitude per frame
  DecayingSine(double amplitude, double phase, double radians, double decay) {
    for (std::size_t lane = 0; lane < kToneLanes; ++lane) {
      const double at = static_cast<double>(lane);
      const double level = amplitude * std::pow(decay, at);
      cosine_[static_cast<Eigen::Index>(lane)] = static_cast<float>(level * std::cos(phase + radians * at));
      sine_[static_cast<Eigen::Index>(lane)] = static_cast<float>(level * std::sin(phase + radians * at));
    }
    const double step = static_cast<double>(kToneLanes);
    step_cosine_ = static_cast<float>(std::pow(decay, step) * std::cos(radians * step));
    step_sine_ = static_cast<float>(std::pow(decay, step) * std::sin(radians * step));
  }

  /// Adds the next frames to out, whose size is a multiple of kToneLanes.
  void add_to(std::span<float> out) noexcept {
    // Locals, because as far as the compiler knows out could point into *this. Eigen rather than a loop over
    // lanes, which g++ 12 unrolls into scalars.
    Lanes cosine = cosine_;
    Lanes sine = sine_;
    const float c = step_cosine_;
    const float s = step_sine_;
    for (std::size_t frame = 0; frame + kToneLanes <= out.size(); frame += kToneLanes) {
      Eigen::Map<Lanes>(out.data() + frame) += sine;
      const Lanes turned = c * cosine - s * sine;
      sine = s * cosine + c * sine;
      cosine = turned;
    }
    cosine_ = cosine;
    sine_ = sine;
  }

  bool is_audible() const noexcept {
    return cosine_[0] * cosine_[0] + sine_[0] * sine_[0] > 1e-9f;  // -90 dB
  }

 private:
  using Lanes = Eigen::Array<float, kToneLanes, 1>;

  Lanes cosine_ = {};
  Lanes sine_ = {};
  float step_cosine_ = 0;
  float step_sine_ = 0;
};

/// The frames of both channels from some instant on, of equal size.
struct StereoSpan {
  std::span<float> left;
  std::span<float> right;
};

/// From 0 at frame 0 to 1 at frame size, smoothly at both ends.
inline float rise(std::size_t frame, std::size_t size) noexcept {
  return static_cast<float>(
      0.5 - 0.5 * std::cos(std::numbers::pi * static_cast<double>(frame) / static_cast<double>(size)));
}

/// White noise in [-1, 1).
inline float white(Rng& rng) noexcept { return 2 * rng.uniform() - 1; }

/// Adds one note of a piano-like tone to frames that begin with the note's onset.
///
/// Each key has two strings, one more to the left and one to the right, of slightly inharmonic partials f_k =
/// k f sqrt((1 + B k²) / (1 + B)). The first five partials are on both, 0.4 cents below and above the pitch,
/// so that they beat slowly as a piano's unisons do; the others, whose beating is inaudible, are on the two
/// strings alternately. A hammer at 1/8 of the string shapes the partials by |sin(π k / 8)|; harder blows and
/// higher keys are brighter; higher partials and higher keys decay sooner. hold is the number of frames until
/// the damper falls. Source: Fletcher and Rossing, The Physics of Musical Instruments, chapter 12 (orders of
/// magnitude, not a model).
inline void add_piano_note(StereoSpan out, const Note& note, std::size_t hold, double rate, Rng rng) {
  const double pitch = note.pitch;
  const double velocity = std::clamp(note.velocity, 1, 127) / 127.0;
  const double frequency = 440 * std::exp2((pitch - 69) / 12);
  const double level = 0.25 * std::pow(velocity, 1.7) * std::exp2((60 - pitch) / 60);
  const double brightness = 500 + 2600 * std::pow(velocity, 1.5) + 0.6 * frequency;  // Hz
  const double t60 = 0.5 + 14 * std::exp2((21 - pitch) / 24);                        // seconds
  const double inharmonicity = 1e-4 * std::exp2((pitch - 48) / 10);
  const double highest = (std::min)(0.45 * rate, 10'000.0);

  const double detune = std::exp2(0.4 / 1200);

  std::vector<DecayingSine> low_string;
  std::vector<DecayingSine> high_string;
  for (int k = 1; k <= 24; ++k) {
    const double partial = frequency * k * std::sqrt((1 + inharmonicity * k * k) / (1 + inharmonicity));
    if (partial > highest) break;
    const double struck = std::abs(std::sin(std::numbers::pi * k / 8.0)) + 0.06;
    const double amplitude =
        level * struck / std::pow(k, 0.7) * std::exp(-(partial - frequency) / brightness);
    if (amplitude < 1e-3 * level) continue;
    const double radians = 2 * std::numbers::pi * partial / rate;
    const double decay = std::exp(-std::log(1000.0) / t60 * (1 + 0.22 * (k - 1)) / rate);
    const double phase = 0.7 * k * k;  // spread, so that the partials' crests don't meet
    if (k <= 5) {
      low_string.emplace_back(amplitude, phase, radians / detune, decay);
      high_string.emplace_back(amplitude, phase + 0.9, radians * detune, decay);
    } else {
      (k % 2 == 0 ? low_string : high_string).emplace_back(1.4 * amplitude, phase, radians, decay);
    }
  }

  const double pan = std::clamp((pitch - 64) / 88, -0.45, 0.45);
  const auto left_gain = static_cast<float>(std::cos(std::numbers::pi / 4 * (1 + pan)));
  const auto right_gain = static_cast<float>(std::sin(std::numbers::pi / 4 * (1 + pan)));
  const auto attack = static_cast<std::size_t>(rate * 0.0025) + 1;
  const auto release =
      static_cast<float>(std::exp(-1 / (rate * (0.055 + 0.07 * std::exp2((40 - pitch) / 12)))));
  const auto thump_decay = static_cast<float>(std::exp(-1 / (0.012 * rate)));
  const auto thump_filter =
      static_cast<float>(1 - std::exp(-2 * std::numbers::pi * (300 + 1.5 * frequency) / rate));
  auto thump = static_cast<float>(0.6 * level * velocity);
  const float thump_end = 1e-3f * thump;
  float thump_smooth = 0;
  float damper = 1;

  Eigen::Array<float, kToneBlock, 1> low, high, gain;
  for (std::size_t begin = 0; begin < out.left.size(); begin += kToneBlock) {
    low.setZero();
    high.setZero();
    gain.setOnes();
    bool audible = false;
    const auto play = [&audible](std::vector<DecayingSine>& string, auto& block) {
      for (DecayingSine& partial : string) {
        if (!partial.is_audible()) continue;
        partial.add_to(std::span(block.data(), kToneBlock));
        audible = true;
      }
    };
    play(low_string, low);
    play(high_string, high);
    for (int i = 0; i < kToneBlock && thump > thump_end; ++i) {
      thump_smooth += thump_filter * (thump * white(rng) - thump_smooth);
      thump *= thump_decay;
      low[i] += thump_smooth;
      high[i] += thump_smooth;
    }
    for (std::size_t i = begin; i < (std::min)(begin + kToneBlock, attack); ++i) {
      gain[static_cast<int>(i - begin)] = rise(i, attack);
    }
    for (std::size_t i = (std::max)(begin, hold); i < begin + kToneBlock; ++i) {
      gain[static_cast<int>(i - begin)] *= damper;
      damper *= release;
    }
    const auto frames = static_cast<Eigen::Index>(std::min<std::size_t>(kToneBlock, out.left.size() - begin));
    using Frames = Eigen::Map<Eigen::ArrayXf>;
    const auto l = low.head(frames);
    const auto h = high.head(frames);
    Frames(out.left.data() + begin, frames) += left_gain * gain.head(frames) * (0.8f * l + 0.4f * h);
    Frames(out.right.data() + begin, frames) += right_gain * gain.head(frames) * (0.4f * l + 0.8f * h);
    if (!audible || damper < 3e-4f) return;
  }
}

/// Adds one hit of a small drum kit, by General MIDI's key numbers: bass drums and toms are a falling sine,
/// cymbals and all others short noise. A hit decays independently of its note's length.
inline void add_drum_hit(StereoSpan out, const Note& note, double rate, Rng rng) {
  const int key = note.pitch;
  const double level = 0.35 * std::pow(std::clamp(note.velocity, 1, 127) / 127.0, 1.5);
  const bool is_bass = key <= 36;
  const bool is_tom = key == 41 || key == 43 || key == 45 || key == 47 || key == 48 || key == 50;
  const bool is_snare = key >= 37 && key <= 40;
  const bool is_long =
      key == 46 || key == 49 || key == 51 || key == 52 || key == 55 || key == 57 || key == 59;
  const bool is_drum = is_bass || is_tom;
  const double seconds = is_bass ? 0.11 : is_tom ? 0.16 : is_snare ? 0.07 : is_long ? 0.35 : 0.03;
  const double tone = is_bass ? 52 : is_tom ? 75 + 9.0 * (key - 41) : is_snare ? 185 : 0;  // Hz, in the end
  const auto amount = static_cast<float>(is_drum ? 0.06 : is_snare ? 0.6 : is_long ? 0.22 : 0.3);
  const auto brightness = static_cast<float>(1 - std::exp(-2 * std::numbers::pi *
                                                          (std::min)(0.4 * rate, is_drum    ? 1500.0
                                                                                 : is_snare ? 5000.0
                                                                                            : 14'000.0) /
                                                          rate));
  float smooth = 0;
  float last = 0;
  double phase = 0;
  const auto frames = (std::min)(out.left.size(), static_cast<std::size_t>(seconds * 9 * rate));  // to -78 dB
  for (std::size_t frame = 0; frame < frames; ++frame) {
    const double time = static_cast<double>(frame) / rate;
    const double attack = (std::min)(1.0, time / 0.001);
    const auto envelope = static_cast<float>(level * attack * std::exp(-time / seconds));
    phase += 2 * std::numbers::pi * tone * (1 + 2 * std::exp(-time / 0.018)) / rate;
    smooth += brightness * (white(rng) - smooth);
    const float noise = is_drum ? smooth : smooth - last;  // the difference removes low frequencies
    last = smooth;
    const float sample = envelope * (amount * noise + static_cast<float>(tone > 0 ? std::sin(phase) : 0));
    out.left[frame] += sample;
    out.right[frame] += sample;
  }
}

/// A small room: eight delay lines that feed each other through a Hadamard matrix, damped at the top; 1.1 s
/// to -60 dB. Source: Jot and Chaigne 1991, "Digital delay networks for designing artificial reverberators".
class Room {
 public:
  Room(double rate, float level) : level_(level) {
    constexpr std::array<double, 8> kSeconds{0.0227, 0.0281, 0.0331, 0.0373, 0.0419, 0.0467, 0.0523, 0.0571};
    for (std::size_t i = 0; i < 8; ++i) {
      lines_[i].assign(static_cast<std::size_t>(kSeconds[i] * rate) + 1, 0.0f);
      // 1 / sqrt(8) makes the Hadamard matrix orthogonal.
      gains_[i] = static_cast<float>(std::pow(10.0, -3 * kSeconds[i] / 1.1) / std::sqrt(8.0));
    }
    damping_ = static_cast<float>(1 - std::exp(-2 * std::numbers::pi * 3800 / rate));
  }

  /// Adds the room to one stereo frame.
  void process(float& left, float& right) noexcept {
    std::array<float, 8> x{};
    for (std::size_t i = 0; i < 8; ++i) {
      smooth_[i] += damping_ * (lines_[i][at_[i]] - smooth_[i]);
      x[i] = smooth_[i];
    }
    const float wet_left = x[0] - x[2] + x[4] - x[6];
    const float wet_right = x[1] - x[3] + x[5] - x[7];
    for (std::size_t half = 1; half < 8; half *= 2) {
      for (std::size_t i = 0; i < 8; ++i) {
        if ((i & half) != 0) continue;
        const float a = x[i];
        const float b = x[i + half];
        x[i] = a + b;
        x[i + half] = a - b;
      }
    }
    for (std::size_t i = 0; i < 8; ++i) {
      // The constant, far below audibility, keeps the lines from becoming subnormal, and slow, in silence.
      lines_[i][at_[i]] = gains_[i] * x[i] + (i % 2 == 0 ? left : right) + 1e-15f;
      if (++at_[i] == lines_[i].size()) at_[i] = 0;
    }
    left += level_ * wet_left;
    right += level_ * wet_right;
  }

 private:
  std::array<std::vector<float>, 8> lines_ = {};
  std::array<std::size_t, 8> at_{};
  std::array<float, 8> gains_{};
  std::array<float, 8> smooth_{};
  float damping_ = 0;
  float level_;
};

/// The number of frames of the rendered song. Throws Error if an option is out of its range or the song is
/// too long.
inline std::size_t wav_frames(const Song& song, const WavOptions& options) {
  if (options.sample_rate < 8000 || options.sample_rate > 192'000) {
    throw Error("sample rate " + std::to_string(options.sample_rate) + " is outside 8000 to 192000");
  }
  if (!(options.peak_dbfs >= -60 && options.peak_dbfs <= 0)) {
    throw Error("peak level " + std::to_string(options.peak_dbfs) + " dBFS is outside -60 to 0");
  }
  if (!(options.tail_seconds >= 0 && options.tail_seconds <= 60)) {
    throw Error("tail of " + std::to_string(options.tail_seconds) + " s is outside 0 to 60");
  }
  if (!(options.room >= 0 && options.room <= 1)) {
    throw Error("room level " + std::to_string(options.room) + " is outside 0 to 1");
  }
  const double seconds = duration_seconds(song) + static_cast<double>(options.tail_seconds);
  // RIFF holds its size in 32 bits: 4 bytes a frame and 36 of header have to fit.
  const double limit = (std::min)(kMaxWavSeconds, (0x1p32 - 64) / 4 / options.sample_rate);
  if (!(seconds >= 0 && seconds <= limit)) {
    throw Error("the song lasts " + std::to_string(static_cast<long long>(std::clamp(seconds, 0.0, 9e18))) +
                " s with its tail, more than the " + std::to_string(static_cast<long long>(limit)) +
                " s that a WAV file may have here");
  }
  return static_cast<std::size_t>(std::llround(seconds * options.sample_rate));
}

}  // namespace internal

/// Stereo sound.
struct Sound {
  int sample_rate = 44'100;  // frames per second
  std::vector<float> left;   // samples in [-1, 1]
  std::vector<float> right;  // samples in [-1, 1], as many as left
};

/// Synthesises a song with the built-in instrument: a soft piano (a small drum kit on the drum channel) with
/// the reverberation of a small room. The sound lasts duration_seconds(song) + options.tail_seconds, and its
/// loudest sample is at options.peak_dbfs; a song without notes gives zeros. The same song gives the same
/// samples.
///
/// Throws Error, before it allocates, if an option is out of its range or the song is longer than
/// kMaxWavSeconds or than a RIFF file can be. Memory: 8 bytes per frame.
inline Sound synthesize(const Song& song, const WavOptions& options = {}) {
  const std::size_t frames = internal::wav_frames(song, options);
  Sound sound{options.sample_rate, std::vector<float>(frames), std::vector<float>(frames)};
  if (song.notes.empty()) return sound;

  const double rate = options.sample_rate;
  const Timeline timeline(song);
  std::uint64_t index = 0;
  for (const Note& note : song.notes) {
    const Rng rng(index++);
    const double start = timeline.seconds(std::max<std::int64_t>(0, note.start));
    const double end = (std::max)(timeline.seconds(std::max<std::int64_t>(0, note.end)), start + 0.03);
    const auto first = static_cast<std::size_t>((std::min)(start * rate, static_cast<double>(frames)));
    const auto hold = static_cast<std::size_t>((std::min)((end - start) * rate, static_cast<double>(frames)));
    const internal::StereoSpan rest{std::span(sound.left).subspan(first),
                                    std::span(sound.right).subspan(first)};
    if (note.channel == kDrumChannel) {
      internal::add_drum_hit(rest, note, rate, rng);
    } else {
      internal::add_piano_note(rest, note, hold, rate, rng);
    }
  }

  // The reverberation, a gentle low-pass, a high-pass at 15 Hz against a constant offset, the fade of the
  // tail.
  internal::Room room(rate, 0.5f * options.room);
  const auto fade = static_cast<std::size_t>(static_cast<double>(options.tail_seconds) * rate * 0.8) + 1;
  const auto low_pass =
      static_cast<float>(1 - std::exp(-2 * std::numbers::pi * (std::min)(9000.0, 0.4 * rate) / rate));
  const auto high_pass = static_cast<float>(1 - std::exp(-2 * std::numbers::pi * 15 / rate));
  std::array<float, 2> low{};
  std::array<float, 2> mean{};
  float peak = 0;
  for (std::size_t frame = 0; frame < frames; ++frame) {
    room.process(sound.left[frame], sound.right[frame]);
    const std::size_t left = frames - frame - 1;
    const float gain = left >= fade ? 1.0f : internal::rise(left, fade);
    for (std::size_t side = 0; side < 2; ++side) {
      float& sample = (side == 0 ? sound.left : sound.right)[frame];
      low[side] += low_pass * (sample - low[side]);
      mean[side] += high_pass * (low[side] - mean[side]);
      sample = gain * (low[side] - mean[side]);
      peak = (std::max)(peak, std::abs(sample));
    }
  }
  const float gain = peak > 1e-9f ? std::pow(10.0f, options.peak_dbfs / 20) / peak : 0.0f;
  for (float& sample : sound.left) sample *= gain;
  for (float& sample : sound.right) sample *= gain;
  return sound;
}

namespace internal {

inline void write_wav(AtomicFile& file, const Sound& sound) {
  std::string bytes;
  const auto put = [&bytes](std::uint64_t value, int size) {  // little endian
    for (int i = 0; i < size; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFF);
  };
  const auto rate = static_cast<std::uint64_t>(sound.sample_rate);
  const std::uint64_t data_size = std::uint64_t{4} * sound.left.size();
  bytes += "RIFF";
  put(36 + data_size, 4);
  bytes += "WAVEfmt ";
  put(16, 4);        // size of the format chunk
  put(1, 2);         // PCM
  put(2, 2);         // channels
  put(rate, 4);      // frames per second
  put(4 * rate, 4);  // bytes per second
  put(4, 2);         // bytes per frame
  put(16, 2);        // bits per sample
  bytes += "data";
  put(data_size, 4);
  const auto sample = [](float value) {
    return static_cast<std::uint64_t>(std::lround(std::clamp(value, -1.0f, 1.0f) * 32'767));
  };
  for (std::size_t frame = 0; frame < sound.left.size(); ++frame) {
    put(sample(sound.left[frame]), 2);
    put(sample(sound.right[frame]), 2);
    if (bytes.size() >= (std::size_t{1} << 20)) {
      file.write(bytes);
      bytes.clear();
    }
  }
  file.write(bytes);
  file.commit();
}

}  // namespace internal

/// Writes a sound as a WAV file: RIFF, PCM, 16 bit, stereo; samples beyond full scale are clipped. Throws
/// Error if the file cannot be written, or if the sound is longer than a RIFF file can be; then an existing
/// file stays as it was. Source: Microsoft and IBM 1991, "Multimedia Programming Interface and Data
/// Specifications 1.0".
inline void write_wav(const Sound& sound, const std::filesystem::path& path) {
  if (sound.left.size() > (std::size_t{0xFFFF'FFFF} - 64) / 4)
    throw Error(internal::utf8(path), "the sound has more frames than a WAV file can hold");
  AtomicFile file(path);
  internal::write_wav(file, sound);
}

/// Writes a song, as synthesize() renders it, as a WAV file. Throws Error as synthesize() does, or if the
/// file cannot be written.
inline void write_wav(const Song& song, const std::filesystem::path& path, const WavOptions& options = {}) {
  internal::wav_frames(song, options);
  AtomicFile file(path);  // finds an unwritable path before the work
  internal::write_wav(file, synthesize(song, options));
}

}  // namespace gruve::inline v0_2
