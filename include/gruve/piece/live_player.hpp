#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "gruve/generate/controls.hpp"
#include "gruve/generate/live.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/model/trained_model.hpp"

namespace gruve::inline v0_1 {

/// How a LivePlayer begins.
struct LivePlayerOptions {
  SamplerOptions sampler = {};
  ControlOptions controls = {};  // their metre is filled in
  std::uint64_t seed = 1;
  LiveOptions live = {};                                    // its metre is filled in
  kernels::Precision precision = kernels::Precision::fp32;  // of the weights
};

/// Plays a model of either music format live, as a plug-in or a game does: a LiveGenerator that owns its
/// model and is of whatever encoder the model is.
///
///   LivePlayer player(load("model.safetensors"), {.sampler = {.temperature = 0.9f}});   // not on the audio
///   thread
///
///   std::array<LiveNote, 256> notes;                                                   // on the audio
///   thread const std::size_t count = player.process({.num_samples = 256, .sample_rate = 48'000, .bpm = 120},
///   notes);
///
/// The constructor, hand_over() and collect() allocate and throw. All others are for the audio thread, one
/// thread at a time, and neither allocate, lock nor throw; see LiveGenerator for what each does and costs.
class LivePlayer {
 public:
  /// Throws Error where the model's encoder is neither TimestepEncoder nor EventEncoder, and on options out
  /// of range.
  explicit LivePlayer(const TrainedModel& model, const LivePlayerOptions& options = {});

  std::size_t process(const LiveBlock& block, std::span<LiveNote> out) noexcept {
    return music_->process(block, out);
  }
  bool note_on(int pitch, int velocity, int offset) noexcept {
    return music_->note_on(pitch, velocity, offset);
  }
  bool note_off(int pitch, int offset) noexcept { return music_->note_on(pitch, 0, offset); }
  void listen() noexcept { music_->listen(); }
  void answer() noexcept { music_->answer(); }
  bool is_listening() const noexcept { return music_->is_listening(); }
  void release() noexcept { music_->release(); }
  bool set(const SamplerOptions& options) noexcept { return music_->set(options); }
  bool set(const ControlOptions& options) noexcept { return music_->set(options); }
  void reseed(std::uint64_t seed) noexcept { music_->reseed(seed); }
  std::int64_t late_samples() const noexcept { return music_->late_samples(); }

  /// Lets another model take over at the next bar line; from one other thread at a time, while the audio
  /// thread plays. Throws Error where its encoder is another.
  void hand_over(const TrainedModel& model) { music_->hand_over(model); }
  /// Destroys the model that was replaced, as the next hand_over() does too; from that thread.
  void collect() { music_->collect(); }

 private:
  // A LiveGenerator of some encoder.
  class Music {
   public:
    virtual ~Music() = default;
    virtual std::size_t process(const LiveBlock& block, std::span<LiveNote> out) noexcept = 0;
    virtual bool note_on(int pitch, int velocity, int offset) noexcept = 0;
    virtual void listen() noexcept = 0;
    virtual void answer() noexcept = 0;
    virtual bool is_listening() const noexcept = 0;
    virtual void release() noexcept = 0;
    virtual bool set(const SamplerOptions& options) noexcept = 0;
    virtual bool set(const ControlOptions& options) noexcept = 0;
    virtual void reseed(std::uint64_t seed) noexcept = 0;
    virtual std::int64_t late_samples() const noexcept = 0;
    virtual void hand_over(const TrainedModel& model) = 0;
    virtual void collect() = 0;
  };
  template <MusicEncoder Encoder>
  class MusicOf;

  std::unique_ptr<Music> music_;
};

}  // namespace gruve::inline v0_1

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/piece/live_player.inc"
#endif
