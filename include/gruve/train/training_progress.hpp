#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/json.hpp"
#include "gruve/corpus/batch_stream.hpp"
#include "gruve/train/curve.hpp"
#include "gruve/train/divergence.hpp"

namespace gruve::inline v0_1::internal {

// How far a training is: all of its state but for the arrays.
struct TrainingProgress {
  std::uint64_t step = 0;     // steps done
  std::uint64_t updates = 0;  // of the optimiser; steps that were undone are none
  double seconds = 0;
  double rate_scale = 1;  // halved at each roll-back
  double best_loss = std::numeric_limits<double>::infinity();
  bool has_best = false;
  int epochs_without_gain = 0;
  double first_loss = 0;                // Divergence's
  int steps_above = 0;                  // likewise
  std::uint64_t good_updates = 0;       // of the state that a roll-back returns to
  BatchStream::Position position = {};  // in the corpus
  Curve curve = {};
};

inline nlohmann::json to_json(const TrainingProgress& progress) {
  nlohmann::json sequences = nlohmann::json::array();
  for (const auto& sequence : progress.position.sequences)
    sequences.push_back({sequence.song, sequence.offset, sequence.pass});
  return internal::JsonObject<>()
      .add("step", progress.step)
      .add("updates", progress.updates)
      .add("seconds", progress.seconds)
      .add("rate_scale", progress.rate_scale)
      // Infinity, before the first validation, is null in JSON.
      .add("best_loss", progress.best_loss)
      .add("has_best", progress.has_best)
      .add("epochs_without_gain", progress.epochs_without_gain)
      .add("first_loss", progress.first_loss)
      .add("steps_above", progress.steps_above)
      .add("good_updates", progress.good_updates)
      .add("stream", internal::JsonObject<>()
                         .add("pass", progress.position.pass)
                         .add("next", progress.position.next)
                         .add("sequences", std::move(sequences))
                         .take())
      .add("curve", progress.curve.to_json())
      .take();
}

// What to_json() wrote. Throws Error on what is missing, of another type or out of range. Whether the
// position is one of the corpus, BatchStream::seek() checks.
inline TrainingProgress progress_from_json(const nlohmann::json& json, const std::string& file) {
  constexpr std::uint64_t kMostSteps = std::uint64_t{1} << 53;  // what JSON's numbers hold
  constexpr double kLargest = (std::numeric_limits<double>::max)();
  const std::string what = "the state";
  const auto member = [&](const nlohmann::json& object, const char* key) -> const nlohmann::json& {
    if (!object.is_object() || !object.contains(key)) throw Error(file, what + "'s " + key + " is missing");
    return object.at(key);
  };
  TrainingProgress progress;
  progress.step = number_in(json, "step", std::uint64_t{0}, kMostSteps, file, what);
  progress.updates = number_in(json, "updates", std::uint64_t{0}, kMostSteps, file, what);
  progress.seconds = number_in(json, "seconds", 0.0, kLargest, file, what);
  progress.rate_scale = number_in(json, "rate_scale", 0x1p-60, 1.0, file, what);
  const nlohmann::json& has_best = member(json, "has_best");
  if (!has_best.is_boolean()) throw Error(file, what + "'s has_best is not true or false");
  progress.has_best = has_best.get<bool>();
  if (progress.has_best) progress.best_loss = number_in(json, "best_loss", 0.0, kLargest, file, what);
  progress.epochs_without_gain =
      number_in(json, "epochs_without_gain", 0, (std::numeric_limits<int>::max)() / 2, file, what);
  progress.first_loss = number_in(json, "first_loss", 0.0, kLargest, file, what);
  progress.steps_above = number_in(json, "steps_above", 0, Divergence::kSteps, file, what);
  progress.good_updates = number_in(json, "good_updates", std::uint64_t{0}, progress.updates, file, what);
  const nlohmann::json& stream = member(json, "stream");
  progress.position.pass = number_in(stream, "pass", std::uint64_t{0}, kMostSteps, file, what);
  progress.position.next = number_in(stream, "next", std::uint64_t{0}, kMostSteps, file, what);
  const nlohmann::json& sequences = member(stream, "sequences");
  if (!sequences.is_array()) throw Error(file, what + "'s sequences are not a list");
  for (const nlohmann::json& sequence : sequences) {
    if (!sequence.is_array() || sequence.size() != 3 || !sequence[0].is_number_unsigned() ||
        !sequence[1].is_number_unsigned() || !sequence[2].is_number_unsigned())
      throw Error(file, what + "'s sequences are not three numbers each");
    progress.position.sequences.push_back({.song = sequence[0].get<std::size_t>(),
                                           .offset = sequence[1].get<std::size_t>(),
                                           .pass = sequence[2].get<std::uint64_t>()});
  }
  progress.curve = Curve::from_json(member(json, "curve"), file);
  return progress;
}

}  // namespace gruve::inline v0_1::internal
