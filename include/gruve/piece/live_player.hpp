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

namespace gruve::inline v0_2 {

/// The settings that a LivePlayer begins with.
struct LivePlayerOptions {
  SamplerOptions sampler = {};                              // how tokens are drawn
  ControlOptions controls = {};                             // limits; their metre is replaced by the model's
  std::uint64_t seed = 1;                                   // of the random numbers
  LiveOptions live = {};                                    // its metre is replaced by the model's
  const kernels::Kernels<float>* implementation = nullptr;  // of the arithmetic: see PlayerOptions
};

/// Plays a model live, as a plug-in or a game does: a LiveGenerator that owns its model and whose encoder,
/// timestep or event, is that of the model.
///
///   // Not on the audio thread:
///   LivePlayer player(load("model.safetensors"), {.sampler = {.temperature = 0.9f}});
///
///   // On the audio thread:
///   std::array<LiveNote, 256> notes;
///   const LiveBlock block = {.num_samples = 256, .sample_rate = 48'000, .bpm = 120};
///   const std::size_t count = player.process(block, notes);
///
/// The constructor, hand_over() and collect() allocate and throw. All other functions are for the audio
/// thread, one thread at a time, and neither allocate, lock nor throw. See LiveGenerator for what each does
/// and costs. One that was moved from may only be destroyed or assigned to.
///
/// It has no state that can be saved: a session stores the seed, and begins again at a bar (docs/live.md).
class LivePlayer {
 public:
  /// Packs a model. Throws Error if its encoder is neither TimestepEncoder nor EventEncoder, and on options
  /// out of range.
  explicit LivePlayer(const TrainedModel& model, const LivePlayerOptions& options = {});

  /// Plays one block; see LiveGenerator::process().
  std::size_t process(const LiveBlock& block, std::span<LiveNote> out) noexcept {
    return music_->process(block, out);
  }
  /// What the channels sound with at the end of the last block; see LiveGenerator::channels().
  const std::array<LiveChannel, 16>& channels() const noexcept { return music_->channels(); }
  /// Takes the beginning of a musician's note; see LiveGenerator::note_on().
  bool note_on(int pitch, int velocity, int offset) noexcept {
    return music_->note_on(pitch, velocity, offset);
  }
  /// Takes the end of a musician's note.
  bool note_off(int pitch, int offset) noexcept { return music_->note_on(pitch, 0, offset); }
  /// Silences the model and begins a new sequence from played notes; see LiveGenerator::listen().
  void listen() noexcept { music_->listen(); }
  /// Lets the model continue the played notes; see LiveGenerator::answer().
  void answer() noexcept { music_->answer(); }
  /// Whether listen() was called, and answer() was not called after it.
  bool is_listening() const noexcept { return music_->is_listening(); }
  /// Ends all sounding notes at the beginning of the next block.
  void release() noexcept { music_->release(); }
  /// Sets how tokens are drawn; see LiveGenerator::set().
  bool set(const SamplerOptions& options) noexcept { return music_->set(options); }
  /// Sets the controls; see LiveGenerator::set().
  bool set(const ControlOptions& options) noexcept { return music_->set(options); }
  /// Continues with other random numbers.
  void reseed(std::uint64_t seed) noexcept { music_->reseed(seed); }
  /// The total number of samples for which the music has paused; see LiveGenerator::late_samples().
  std::int64_t late_samples() const noexcept { return music_->late_samples(); }

  /// Lets another model take over at the next bar line. One thread at a time may call it, while the audio
  /// thread plays. Throws Error if the model's encoder is another.
  void hand_over(const TrainedModel& model) { music_->hand_over(model); }
  /// Destroys the model that was replaced; hand_over() does so too. For the thread that calls hand_over().
  void collect() { music_->collect(); }

 private:
  // A LiveGenerator of some encoder.
  class Music {
   public:
    virtual ~Music() = default;
    virtual std::size_t process(const LiveBlock& block, std::span<LiveNote> out) noexcept = 0;
    virtual const std::array<LiveChannel, 16>& channels() const noexcept = 0;
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

  std::unique_ptr<Music> music_ = {};
};

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/piece/live_player.inc"
#endif
