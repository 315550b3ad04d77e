#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/aligned.hpp"
#include "gruve/core/once.hpp"
#include "gruve/core/progress.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/batch_stream.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/model/chunk_pass.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/safetensors.hpp"
#include "gruve/model/trained_model.hpp"
#include "gruve/tokens/chunk.hpp"
#include "gruve/train/divergence.hpp"
#include "gruve/train/gradient_mean.hpp"
#include "gruve/train/optimizer.hpp"
#include "gruve/train/ranks.hpp"
#include "gruve/train/teachers.hpp"
#include "gruve/train/train_callbacks.hpp"
#include "gruve/train/train_options.hpp"
#include "gruve/train/training_progress.hpp"

namespace gruve::inline v0_2 {

/// Trains a GruModel on the train split of a corpus by truncated backpropagation through time (Williams and
/// Peng 1990): a batch of B sequences in chunks of T timesteps. The state is carried from chunk to chunk and
/// is zero at a song's beginning.
///
///   Trainer trainer(corpus, {.hidden_size = 256}, {.epochs = 5});
///   trainer.run();
///   save(trainer.trained_model(), "model.safetensors");
///
/// The result is a function of corpus, configuration and options: it has the same bits for any number of
/// threads, and if the training is stopped at any step and resumed from its checkpoint.
///
/// With TrainOptions::shards the batch consists of shards, whose gradients are computed one after another,
/// and which Ranks share: then each process has a Trainer of the same corpus and options, they make the same
/// calls, and the result has the same bits for any number of processes. Only rank 0 writes files. An
/// exception of one rank leaves the others waiting: the program must end them (MPI_Abort).
class Trainer {
 public:
  /// A training from random parameters. The corpus must outlive the trainer. Throws Error if the train split
  /// has no song, if the precision is int8, if input dropout is requested for a model without input features,
  /// or if the corpus's encoder does not have the features. Allocates all memory of the training.
  ///
  /// config    its vocab_size is replaced by the corpus's
  /// teachers  models of the same vocabulary and features; their mean probabilities are the soft targets. If
  ///           empty, the tokens are the targets. With more than one shard there can be none
  /// ranks     the processes that share the shards, which must outlive the trainer; null for this one alone.
  ///           Throws Error if there are more ranks than shards, or fewer songs than shards
  Trainer(const Corpus& corpus, ModelConfig config, const TrainOptions& options,
          std::span<const GruModel<float>> teachers = {}, Ranks* ranks = nullptr);

  /// A training that begins with the parameters and the configuration of a model, without its initial state:
  /// the trained model begins in the zero state. Throws Error if the model's
  /// encoder is not the corpus's, and as the constructor above does.
  Trainer(const Corpus& corpus, const TrainedModel& model, const TrainOptions& options,
          std::span<const GruModel<float>> teachers = {}, Ranks* ranks = nullptr);

  Trainer(Corpus&&, ModelConfig, const TrainOptions&, std::span<const GruModel<float>> = {},
          Ranks* = nullptr) = delete;
  Trainer(Corpus&&, const TrainedModel&, const TrainOptions&, std::span<const GruModel<float>> = {},
          Ranks* = nullptr) = delete;

  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Trains on one chunk: forward, backward, update. If the training has diverged (Divergence), the model and
  /// the optimiser are rolled back to the last good state, the hidden state is set to zero, and all later
  /// learning rates are halved. A good state is taken every checkpoint_interval steps, once the step after it
  /// has shown that it is one.
  StepReport step();

  /// The loss of the current model over all songs of a split. Does not affect the training.
  ChunkLoss evaluate(Split split);

  /// Trains to the end. Throws Error if the checkpoint can't be written.
  ///
  /// checkpoint  file that is written every checkpoint_interval steps and at the end, for resume(); empty for
  ///             none
  StopReason run(const TrainCallbacks& callbacks = {}, const std::filesystem::path& checkpoint = {});

  /// The current model.
  const GruModel<float>& model() const noexcept { return model_; }
  /// The model with the lowest validation loss; before the first validation, or without a valid split, the
  /// current one (with a weight average, the average).
  const GruModel<float>& best_model() const noexcept {
    return progress_.has_best ? best_ : averages() ? average_ : model_;
  }

  /// best_model() with its encoder, its music information and its training settings and curve.
  TrainedModel trained_model() const;

  /// The number of steps done, those before a resume included.
  std::uint64_t steps_done() const noexcept { return progress_.step; }
  /// The number of steps in an epoch.
  std::uint64_t steps_per_epoch() const noexcept { return steps_per_epoch_; }
  /// The number of steps in all epochs.
  std::uint64_t total_steps() const noexcept {
    return steps_per_epoch_ * static_cast<std::uint64_t>(options_.epochs);
  }
  /// Seconds spent in steps and validations, those before a resume included.
  double seconds() const noexcept { return progress_.seconds; }
  /// The lowest validation loss in nats per token; infinite before the first validation.
  double best_validation_loss() const noexcept { return progress_.best_loss; }

  /// Writes the whole state of the training to a file, atomically, with a checksum. The checkpoint before is
  /// kept as `<path>.previous`. Throws Error if it can't be written, or if something else is there.
  void save_checkpoint(const std::filesystem::path& path);

  /// The file that keeps the checkpoint before the last one.
  static std::filesystem::path previous_checkpoint(std::filesystem::path path) {
    path += ".previous";
    return path;
  }

  /// Resumes from a checkpoint, or, if that is damaged or missing, from the one before it. Epochs, minutes,
  /// patience, threads, the learning rate and its schedule, clipping, dropout, weight decay, the batch size
  /// and the BPTT length may differ from those that it was written with. Returns what is not as it was, such
  /// as "learning_rate is 0.0005, it was 0.002"; without any the training ends with the same bits as one that
  /// was not stopped. Steps are counted in those of the new sizes; with another batch size each sequence
  /// begins with a new song. Throws Error, and changes nothing, if both files are damaged, or if the
  /// checkpoint was written with another corpus, another model or other settings than these.
  std::vector<std::string> resume(const std::filesystem::path& path);

 private:
  // Where the checkpoint before the next one is: nowhere, or another training's; at previous_checkpoint(), as
  // the last one is damaged or missing; or it is the last one.
  enum class Before : std::uint8_t { none, kept, last };

  static const kernels::Kernels<float>& kernels_for(kernels::Precision precision);

  static const TrainOptions& checked(const TrainOptions& options) {
    check(options);
    return options;
  }

  static ModelConfig completed(ModelConfig config, const Corpus& corpus);

  // B of a shard.
  int shard_size() const noexcept { return options_.batch_size / options_.shards; }
  // The streams of this rank's shards, before their first chunks.
  std::vector<BatchStream> streams() const;
  // The state [L, B, H] of a shard's sequences before the next chunk.
  std::span<float> state_of(std::size_t shard) noexcept {
    return std::span(state_).subspan(shard * pass_.state().size(), pass_.state().size());
  }
  // The gradient of the mean loss over the chunks of all shards, of all ranks, in gradient_.
  ChunkLoss backpropagate();
  // The sum over all shards of what those of this rank have, one each, in the order of shards.
  ChunkLoss total(std::span<const ChunkLoss> losses);
  // What rank 0 has.
  template <class T>
  T of_rank_0(T value);
  // What the ranks have of the state, on all of them.
  void collect_state();

  // Begins the training with the parameters of model_.
  void start();

  // Array by array, since the optimiser and the pass refer to the memory of model_.
  static void copy_parameters(const GruModel<float>& from, GruModel<float>& to);

  // With a time limit the total is an estimate from the time per step.
  Progress progress_of(const StepReport& report);

  double fraction_done() const;
  double learning_rate() const;
  std::optional<StopReason> finished() const;
  void validate(const TrainCallbacks& callbacks);

  bool averages() const noexcept { return options_.average > 0; }

  // Early weights get less weight: after n updates the decay is at most n / (n + 9).
  void average();

  void remember();
  void roll_back();

  // All arrays of the state but for the current model and the best one, which have names and shapes of their
  // own.
  std::vector<std::pair<std::string, std::span<float>>> arrays();

  // The text of a checkpoint.
  nlohmann::json state();

  // Throws Error on settings that may not differ. Returns those that may and do.
  std::vector<std::string> changed_options(const nlohmann::json& saved, const nlohmann::json& now,
                                           const std::string& file) const;

  // All of the file is checked before anything is changed.
  std::vector<std::string> resume(const SafetensorsFile& file);

  const Corpus* corpus_;
  TrainOptions options_;
  ThreadPool threads_;
  GruModel<float> model_;
  GruModel<float> gradient_;
  GruModel<float> best_;
  GruModel<float> average_;  // the weight average, if enabled
  GruModel<float> dropped_;  // the model after weight dropout
  // What a roll-back returns to: a model, its average, and the optimiser's moments.
  GruModel<float> good_;
  GruModel<float> good_average_;
  std::vector<float> good_first_ = {};
  std::vector<float> good_second_ = {};
  Optimizer<float> optimizer_;
  Divergence divergence_;
  Ranks* ranks_;
  GradientMean gradient_mean_;
  std::vector<BatchStream> streams_;  // of the shards of this rank
  Chunk chunk_;                       // of one shard
  ChunkPass<float> pass_;             // of one shard
  AlignedVector<float> state_;        // [shards, L, B, H]: see state_of(); of other ranks, as last collected
  Teachers teachers_;
  bool validates_;
  std::uint64_t steps_per_epoch_ = 1;
  internal::TrainingProgress progress_ = {};
  Before before_ = Before::none;
  std::uint64_t last_validation_ = 0;  // number of steps before the last validation
  double recent_loss_ = 0;             // exponential moving average, for progress messages
};

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/train/trainer.inc"
#endif
