// A small host of one plug-in, for tests: the same for each format.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "realtime.hpp"

namespace gruve::tests {

/// Three bytes of MIDI in a block.
struct Message {
  std::int64_t sample;  // from the block's beginning, or from that of the music
  std::array<std::uint8_t, 3> bytes;

  friend auto operator<=>(const Message&, const Message&) = default;
};

/// The transport at the beginning of a block. Bars have four quarter notes.
struct Place {
  double beat = 0;  // quarter notes since the beginning of the song
  double bpm = 120;
  bool is_playing = true;
};

/// An instance of the plug-in.
class Host {
 public:
  static constexpr double kSampleRate = 44'100;

  virtual ~Host() = default;
  /// Sets a parameter of parameters.hpp from the next block on.
  virtual void set(std::size_t parameter, float value) = 0;
  /// Runs a block, and returns what the plug-in has put; valid until the next one. Adds to counts().
  virtual std::span<const Message> run(int num_samples, const Place& place,
                                       std::span<const Message> played) = 0;
  /// Asks for a model as a user does. Returns false if the plug-in says that it failed.
  virtual bool load_model(const std::string& path) = 0;
  /// What a session file has of the plug-in.
  virtual std::string save() = 0;
  virtual bool restore(const std::string& state) = 0;

  /// What the plug-in did on the audio thread that it may not do there.
  const RealtimeCounts& counts() const { return counts_; }

 protected:
  template <class F>
  void watch(F&& f) {
    const RealtimeCounts found = counted(f);
    counts_.memory += found.memory, counts_.locks += found.locks, counts_.system_calls += found.system_calls;
  }

 private:
  RealtimeCounts counts_;
};

/// Loads a plug-in; throws std::runtime_error. `room` is what fits into the host's list of events: LV2 only.
std::unique_ptr<Host> open_lv2(const std::string& file, std::size_t room = 256);
std::unique_ptr<Host> open_clap(const std::string& file);

}  // namespace gruve::tests
