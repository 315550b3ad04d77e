// work DIR: writes a model, tokens and gruve's results, for peers to show that they do the same work.
//   model.safetensors  the parameters, with PyTorch's names
//   work.json          sizes;
//                      inputs, targets [T, B];
//                      losses [4], the mean loss of the chunk before each of four updates by Adam (learning
//                        rate 1e-3, no clipping, the state carried over);
//                      logits_sum [T] and last_logits [B, V] of the same chunk from a zero state;
//                      generated [steps + 1, B], each token the most probable one after those before;
//                      margin [steps, B], the difference of its logit and the second largest
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "bench.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/model/chunk_pass.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/model/stepper.hpp"
#include "gruve/train/optimizer.hpp"

namespace {

using Json = nlohmann::json;

std::vector<double> losses_of_updates(gruve::GruModel<float> model, const gruve::Chunk& chunk) {
  gruve::ThreadPool threads(1);
  gruve::GruModel<float> gradient(model.config);
  gruve::Optimizer<float> optimizer({}, model, gradient);
  gruve::ChunkPass<float> pass(model.config, chunk.T, chunk.B, threads);
  std::vector<double> losses;
  for (int update = 0; update < 4; ++update) {
    pass.assign(model);
    losses.push_back(pass.backpropagate(chunk, gradient).mean());
    optimizer.update(1e-3, 1, threads);
  }
  return losses;
}

// One sequence after the other, a token at a time, by single steps: a path that no benchmark but `step` uses.
void add_logits(const gruve::PackedModel<float>& model, const gruve::Chunk& chunk, Json& work) {
  std::vector<double> sums(static_cast<std::size_t>(chunk.T));
  std::vector<float> last;
  for (std::size_t b = 0; b < static_cast<std::size_t>(chunk.B); ++b) {
    gruve::Stepper stepper(model);
    std::span<const float> logits;
    for (std::size_t t = 0; t < sums.size(); ++t) {
      logits = stepper.step(chunk.inputs[t * static_cast<std::size_t>(chunk.B) + b]);
      sums[t] += std::accumulate(logits.begin(), logits.end(), 0.0);
    }
    last.insert(last.end(), logits.begin(), logits.end());
  }
  work["logits_sum"] = sums;
  work["last_logits"] = last;
}

void add_generated(const gruve::PackedModel<float>& model, int B, Json& work) {
  constexpr std::size_t kSteps = 50;
  std::vector<std::vector<gruve::Token>> tokens(kSteps + 1,
                                                std::vector<gruve::Token>(static_cast<std::size_t>(B)));
  std::vector<std::vector<float>> margins(kSteps, std::vector<float>(static_cast<std::size_t>(B)));
  for (std::size_t b = 0; b < tokens[0].size(); ++b) {
    gruve::Stepper stepper(model);
    tokens[0][b] = static_cast<gruve::Token>(b % static_cast<std::size_t>(model.config().vocab_size));
    for (std::size_t step = 0; step < kSteps; ++step) {
      const std::span<const float> logits = stepper.step(tokens[step][b]);
      const auto best = std::max_element(logits.begin(), logits.end());
      float second = -1e30f;
      for (auto other = logits.begin(); other != logits.end(); ++other)
        if (other != best) second = std::max(second, *other);
      tokens[step + 1][b] = static_cast<gruve::Token>(best - logits.begin());
      margins[step][b] = *best - second;
    }
  }
  work["generated"] = tokens;
  work["margin"] = margins;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Writes a model, tokens and the results that gruve computes with them", "work");
  std::filesystem::path folder;
  gruve::ModelConfig config{.vocab_size = 89, .embedding_size = 128, .hidden_size = 512};
  int T = 128, B = 64;
  app.add_option("DIR", folder, "The folder to write to")->required();
  app.add_option("--hidden", config.hidden_size);
  app.add_option("--layers", config.num_layers);
  app.add_option("--batch", B);
  app.add_option("--unroll", T);
  CLI11_PARSE(app, argc, argv);
  try {
    const gruve::GruModel<float> model = gruve::bench::random_model(config);
    const gruve::Chunk chunk = gruve::bench::random_chunk(T, B, config.vocab_size);
    gruve::ThreadPool threads(1);
    gruve::PackedModel<float> packed(config);
    packed.assign(model, threads);
    Json work = {{"V", config.vocab_size},
                 {"E", config.embedding_size},
                 {"H", config.hidden_size},
                 {"L", config.num_layers},
                 {"T", T},
                 {"B", B},
                 {"inputs", chunk.inputs},
                 {"targets", chunk.targets},
                 {"losses", losses_of_updates(model, chunk)}};
    add_logits(packed, chunk, work);
    add_generated(packed, B, work);
    std::filesystem::create_directories(folder);
    gruve::save({.network = model, .encoder = gruve::TimestepEncoder{}},
                folder / "model.safetensors");
    std::ofstream file(folder / "work.json");  // last: its presence says that the folder is complete
    file << work.dump();
    file.close();
    if (!file) throw gruve::Error((folder / "work.json").string(), "cannot be written");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "work: %s\n", error.what());
    return 1;
  }
  return 0;
}
