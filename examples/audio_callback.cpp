// Usage: example_audio_callback MODEL — plays a model of music inside an audio callback, changes it while it
// plays, and measures how long a block takes.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/piece/live_player.hpp"

int main(int argc, char** argv) try {
  if (argc != 2) throw gruve::Error("usage: example_audio_callback MODEL");
  const gruve::TrainedModel model = gruve::load(argv[1]);
  gruve::LivePlayer player(model, {.sampler = {.temperature = 0.9f, .top_p = 0.95f}});
  const double bpm = model.music->tempo_bpm;

  // What a plug-in does in its audio thread: nothing here allocates, locks or throws.
  std::array<gruve::LiveNote, 256> notes;
  std::vector<double> micros;
  int begun = 0;
  for (int block = 0; block < 48'000 * 20 / 256; ++block) {  // twenty seconds in blocks of 256 samples
    const auto begin = std::chrono::steady_clock::now();
    if (block == 1000) player.set(gruve::SamplerOptions{.temperature = 1.1f});
    const std::size_t count = player.process({.num_samples = 256, .sample_rate = 48'000, .bpm = bpm}, notes);
    for (std::size_t i = 0; i < count; ++i)
      begun += notes[i].velocity > 0 ? 1 : 0;  // a synthesizer plays them
    micros.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(micros.begin(), micros.end());
  std::printf(
      "%d notes; a block of 5333 us takes %.0f us in the median, %.0f us at the 99.9th percentile, %lld "
      "late\n",
      begun, micros[micros.size() / 2], micros[micros.size() * 999 / 1000],
      static_cast<long long>(player.late_samples()));
} catch (const gruve::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
