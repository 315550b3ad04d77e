#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/hash.hpp"
#include "gruve/core/progress.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/batch_stream.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/model/chunk_pass.hpp"
#include "gruve/model/safetensors.hpp"
#include "gruve/model/trained_model.hpp"
#include "gruve/train/optimizer.hpp"
#include "gruve/train/schedule.hpp"

namespace gruve::inline v0_1 {

/// What a model learns from a few songs besides its weight matrices: how pieces begin, and the biases of all
/// layers. A few kilobytes, where the model takes megabytes.
struct Style {
  std::vector<float> initial_state = {};  // [L, H]
  std::vector<float> biases =
      {};                   // of each layer [3H] of the input and [3H] of the state, then output [V + R]
  std::uint64_t model = 0;  // hash of the weight matrices that they belong to

  friend bool operator==(const Style&, const Style&) = default;
};

namespace internal {

// The initial state, if there is one, and the biases of a model or of its gradient.
inline std::vector<std::span<float>> style_spans(GruModel<float>& model) {
  std::vector<std::span<float>> spans = {model.initial_state};
  model.for_each_parameter([&](const std::string&, Parameter<float>& parameter) {
    if (parameter.shape().size() == 1) spans.emplace_back(parameter.data(), parameter.size());
  });
  return spans;
}

inline std::uint64_t hash_of_matrices(const GruModel<float>& model) {
  std::vector<std::uint64_t> hashes;
  model.for_each_parameter([&](const std::string&, const Parameter<float>& parameter) {
    if (parameter.shape().size() == 2)
      hashes.push_back(content_hash(std::as_bytes(std::span(parameter.data(), parameter.size()))));
  });
  return content_hash(std::as_bytes(std::span(hashes)));
}

// Gives a model without an initial state one of zeros, which is the same.
inline void require_initial_state(GruModel<float>& model) {
  model.initial_state.resize(static_cast<std::size_t>(model.config.num_layers) *
                             static_cast<std::size_t>(model.config.hidden_size));
}

}  // namespace internal

/// The initial state and the biases of a model.
inline Style style_of(TrainedModel model) {
  internal::require_initial_state(model.network);
  Style style{.model = internal::hash_of_matrices(model.network)};
  const auto spans = internal::style_spans(model.network);
  style.initial_state.assign(spans.front().begin(), spans.front().end());
  for (const std::span<float> bias : std::span(spans).subspan(1))
    style.biases.insert(style.biases.end(), bias.begin(), bias.end());
  return style;
}

/// The model with the initial state and the biases of a style. Throws Error if the style was learnt for other
/// weight matrices.
inline TrainedModel with_style(TrainedModel model, const Style& style) {
  if (style.model != internal::hash_of_matrices(model.network))
    throw Error("the style was learnt for another model");
  internal::require_initial_state(model.network);
  const auto spans = internal::style_spans(model.network);
  std::size_t size = 0;
  for (const std::span<float> bias : std::span(spans).subspan(1)) size += bias.size();
  if (style.initial_state.size() != spans.front().size() || style.biases.size() != size)
    throw Error("the style has " + std::to_string(style.initial_state.size()) + " and " +
                std::to_string(style.biases.size()) + " numbers, expected " +
                std::to_string(spans.front().size()) + " and " + std::to_string(size));
  std::copy(style.initial_state.begin(), style.initial_state.end(), spans.front().begin());
  const float* from = style.biases.data();
  for (const std::span<float> bias : std::span(spans).subspan(1)) {
    std::copy_n(from, bias.size(), bias.begin());
    from += bias.size();
  }
  return model;
}

/// Writes a style as a safetensors file, atomically. Throws Error if it can't be written.
inline void save_style(const Style& style, const std::filesystem::path& path) {
  const auto size = [](const std::vector<float>& values) {
    return std::vector<int>{static_cast<int>(values.size())};
  };
  write_safetensors(path,
                    {{.name = "biases", .view = {size(style.biases), style.biases}},
                     {.name = "initial_state", .view = {size(style.initial_state), style.initial_state}}},
                    {{"gruve.style", std::to_string(style.model)}});
}

/// Reads a style. Throws Error with the file and the reason if it is missing or damaged, if it belongs to
/// another model than this, or if a number in it is none that a model has.
inline Style load_style(const std::filesystem::path& path, const TrainedModel& model) {
  const SafetensorsFile file(path);
  if (!file.metadata().contains("gruve.style")) throw Error(file.path(), "is no style that gruve wrote");
  Style style = style_of(model);
  if (file.metadata("gruve.style") != std::to_string(style.model))
    throw Error(file.path(), "is a style of another model");
  const auto read = [&](const char* name, std::vector<float>& values) {
    const auto from = file.tensor(name, {static_cast<int>(values.size())});
    values.assign(from.begin(), from.end());
  };
  read("initial_state", style.initial_state);
  read("biases", style.biases);
  if (!std::all_of(style.initial_state.begin(), style.initial_state.end(),
                   [](float h) { return h >= -1 && h <= 1; }))
    throw Error(file.path(), "has an initial state with a number outside -1 to 1, which no GRU has");
  return style;
}

// clang-format off
/// Settings of learn_style().
struct StyleOptions {
  int unroll = 128;             // T, timesteps of truncated backpropagation through time
  int batch_size = 8;           // B, songs at a time; at most as many as the train split has
  int updates = 300;            // from chunks of T tokens of B songs, in passes over the train split's songs
  double learning_rate = 0.01;  // η of Adam at first; it falls to 0 as a cosine
  int threads = 0;              // 0 for one per hardware thread; does not affect the result
};
// clang-format on

/// Throws Error naming the option that is out of its range.
inline void check(const StyleOptions& options) {
  const auto require = [](bool holds, const char* name, const char* range) {
    if (!holds) throw Error(std::string(name) + " must be " + range);
  };
  require(options.unroll >= 1, "unroll", "at least 1");
  require(options.batch_size >= 1, "batch_size", "at least 1");
  require(options.updates >= 1, "updates", "at least 1");
  require(options.learning_rate > 0 && std::isfinite(options.learning_rate), "learning_rate",
          "a number above 0");
}

/// Learns a style from the songs of a corpus's train split: Adam on the initial state and the biases, by
/// truncated backpropagation through time over whole songs; the weight matrices stay as they are. A few songs
/// take seconds. A program that plays meanwhile learns on a thread of its own and hands the model with the
/// style over: `player.hand_over(with_style(model, style))`.
///
/// progress  called after each update with the loss; what it throws ends the learning
///
/// Throws Error on options out of range, if the train split has no song, and if the corpus's encoder is not
/// the model's. The result has the same bits for any number of threads.
///
/// Cost: a forward and a backward pass over B·T tokens per update.
///
/// Source: bias terms alone, as in BitFit (Ben Zaken et al. 2022), and the state, as in tune_initial_state().
inline Style learn_style(TrainedModel model, const Corpus& corpus, const StyleOptions& options = {},
                         const ProgressCallback& progress = {}) {
  check(options);
  if (!(model.encoder == corpus.encoder()))
    throw Error(corpus.file(), "has a different encoder than the model whose style is learnt");
  const ModelConfig& config = model.network.config;
  const std::size_t songs = corpus.songs(Split::train).size();
  const int B =
      static_cast<int>(std::clamp<std::size_t>(songs, 1, static_cast<std::size_t>(options.batch_size)));
  ThreadPool threads(options.threads);
  ChunkPass<float> pass(config, options.unroll, B, threads);
  Chunk chunk(options.unroll, B);
  GruModel<float> gradient(config);
  internal::require_initial_state(model.network);
  internal::require_initial_state(gradient);
  Optimizer<float> optimizer({}, internal::style_spans(model.network), internal::style_spans(gradient));
  const auto pass_over_songs = [&] {
    return BatchStream(corpus, Split::train, B, BatchStream::Passes::once_apart, 0, {}, config.features);
  };
  BatchStream stream = pass_over_songs();
  pass.assign(model.network);
  double recent_loss = 0;
  for (int update = 0; update < options.updates; ++update) {
    if (!stream.next(chunk)) {
      stream = pass_over_songs();
      stream.next(chunk);
    }
    const ChunkLoss loss = pass.backpropagate(chunk, gradient);
    const double fraction = static_cast<double>(update) / options.updates;
    const double norm = optimizer.gradient_norm(threads);
    optimizer.update(options.learning_rate * schedule_factor(Schedule::cosine, fraction),
                     (std::min)(1.0, 1 / (norm + 1e-6)), threads);
    for (float& h : model.network.initial_state) h = std::clamp(h, -1.0f, 1.0f);
    pass.assign(model.network);
    recent_loss = update == 0 ? loss.mean() : 0.9 * recent_loss + 0.1 * loss.mean();
    if (progress) {
      std::array<char, 40> message{};
      std::snprintf(message.data(), message.size(), "loss %.4f", recent_loss);
      progress({.done = static_cast<std::uint64_t>(update) + 1,
                .total = static_cast<std::uint64_t>(options.updates),
                .message = message.data()});
    }
  }
  return style_of(std::move(model));
}

}  // namespace gruve::inline v0_1
