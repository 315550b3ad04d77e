// Usage: example_anomalies — finds faults in the readings of a sensor by their loss under a model, in nats.
// The readings are synthetic: the current of a motor with noise, and faults that no single reading shows.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <vector>

#include "gruve/core/rng.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/train/losses.hpp"
#include "gruve/train/trainer.hpp"

constexpr int kLevels = 40, kLength = 2000;

// Readings in levels. From kLength / 2 on, for a tenth of the time, a fault: 1, the motor runs a fifth
// slower; 2, a harmonic is missing.
std::vector<gruve::Token> readings(std::uint64_t machine, int fault) {
  gruve::Rng rng(7, machine);
  double phase = 6.28 * static_cast<double>(rng.uniform());
  std::vector<gruve::Token> levels;
  for (int i = 0; i < kLength; ++i) {
    const bool is_faulty = fault > 0 && i >= kLength / 2 && i < kLength / 2 + kLength / 10;
    phase += 2 * std::numbers::pi / 25 * (is_faulty && fault == 1 ? 0.8 : 1.0);
    const double harmonic = is_faulty && fault == 2 ? 0 : 0.35 * std::sin(3 * phase + 1);
    const double current = std::sin(phase) + harmonic + 0.05 * static_cast<double>(rng.normal());
    levels.push_back(
        static_cast<gruve::Token>(std::clamp((current + 1.6) / 3.2 * kLevels, 0.0, kLevels - 1.0)));
  }
  return levels;
}

int main() {
  std::vector<std::vector<gruve::Token>> normal, suspect;
  for (std::uint64_t i = 0; i < 40; ++i) normal.push_back(readings(i, 0));
  for (int fault = 0; fault < 3; ++fault) suspect.push_back(readings(100, fault));
  const gruve::Corpus corpus = gruve::Corpus::encode(gruve::IdEncoder(kLevels), normal);
  gruve::Trainer trainer(corpus, {.embedding_size = 32, .hidden_size = 64}, {.epochs = 6});
  trainer.run();

  const gruve::TokenNats nats = gruve::token_nats(trainer.trained_model(), suspect);
  for (std::size_t fault = 0; fault < nats.size(); ++fault) {
    constexpr std::size_t kWindow = kLength / 20;
    double worst = 0, sum = 0;
    std::size_t worst_at = 0;
    for (std::size_t at = 0; at + kWindow <= nats[fault].size(); at += kWindow / 2) {
      double mean = 0;
      for (std::size_t i = 0; i < kWindow; ++i) mean += nats[fault][at + i] / kWindow;
      if (mean > worst) worst_at = at;
      worst = std::max(worst, mean);
    }
    for (const double cost : nats[fault]) sum += cost;
    std::printf("fault %zu: %.2f nats a reading, at most %.2f from reading %zu on\n", fault, sum / kLength,
                worst, worst_at);
  }
}
