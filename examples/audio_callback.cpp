// Usage: example_audio_callback MODEL — plays a model inside an audio callback, and measures how long that
// takes.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/model/model_file.hpp"

// What a plug-in would own. process() may be called by an audio thread: it neither allocates, locks nor
// throws.
class Player {
 public:
  Player(const gruve::PackedModel<float>& model, const gruve::TimestepEncoder& encoder, double bpm,
         double sample_rate)
      : generator_(model, encoder, {.temperature = 0.9f, .top_p = 0.95f}, 1),
        samples_per_step_(sample_rate * 60 / bpm / encoder.steps_per_quarter()) {}

  // Moves on by a block of samples; keys()[k] says afterwards whether piano key k sounds.
  void process(int num_samples) noexcept {
    for (until_step_ -= num_samples; until_step_ <= 0; until_step_ += samples_per_step_) {
      keys_.fill(false);
      for (gruve::Token key; (key = generator_.next()) != gruve::TimestepEncoder::kEndOfStep;)
        keys_[key] = true;
    }
  }
  const std::array<bool, 88>& keys() const noexcept { return keys_; }

 private:
  gruve::Generator<gruve::TimestepEncoder> generator_;
  double samples_per_step_;
  double until_step_ = 0;
  std::array<bool, 88> keys_{};
};

int main(int argc, char** argv) try {
  if (argc != 2) throw gruve::Error("usage: example_audio_callback MODEL");
  const gruve::TrainedModel model = gruve::load(argv[1]);
  gruve::ThreadPool threads(1);
  gruve::PackedModel<float> packed(model.network.config);
  packed.assign(model.network, threads);
  Player player(packed, model.encoder.as<gruve::TimestepEncoder>(), model.music->tempo_bpm, 48'000);
  std::vector<double> micros;
  for (int block = 0; block < 48'000 * 20 / 256; ++block) {  // twenty seconds in blocks of 256 samples
    const auto begin = std::chrono::steady_clock::now();
    player.process(256);
    micros.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(micros.begin(), micros.end());
  std::printf("a block of 5333 us takes %.0f us in the median, %.0f us at the 99.9th percentile\n",
              micros[micros.size() / 2], micros[micros.size() * 999 / 1000]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
