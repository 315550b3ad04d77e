#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/hash.hpp"
#include "gruve/core/progress.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/batch_stream.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/model/chunk_pass.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/model_json.hpp"
#include "gruve/model/trained_model.hpp"
#include "gruve/train/checkpoint_file.hpp"
#include "gruve/train/divergence.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/optimizer.hpp"
#include "gruve/train/teachers.hpp"
#include "gruve/train/train_callbacks.hpp"
#include "gruve/train/train_options.hpp"
#include "gruve/train/training_progress.hpp"

namespace gruve::inline v0_1 {

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
class Trainer {
 public:
  /// A training from random parameters. The corpus must outlive the trainer. Throws Error if the train split
  /// has no song, if the precision is int8, if input dropout is requested for a model without input features,
  /// or if the corpus's encoder does not have the features. Allocates all memory of the training.
  ///
  /// config    its vocab_size is replaced by the corpus's
  /// teachers  models of the same vocabulary and features; their mean probabilities are the soft targets. If
  ///           empty, the tokens are the targets
  Trainer(const Corpus& corpus, ModelConfig config, const TrainOptions& options,
          std::span<const GruModel<float>> teachers = {})
      : corpus_(&corpus),
        options_(checked(options)),
        threads_(options.threads),
        model_(completed(std::move(config), corpus)),
        gradient_(model_.config),
        best_(model_.config),
        average_(model_.config),
        dropped_(model_.config),
        good_(model_.config),
        good_average_(model_.config),
        optimizer_(options.optimizer, model_, gradient_),
        divergence_(model_.config.vocab_size),
        stream_(corpus, Split::train, options.batch_size, BatchStream::Passes::endless, options.seed,
                options.augment, model_.config.features),
        chunk_(options.unroll, options.batch_size),
        pass_(model_.config, options.unroll, options.batch_size, threads_, kernels_for(options.precision)),
        teachers_(teachers, model_.config, options.unroll, options.batch_size, threads_),
        validates_(!corpus.songs(Split::valid).empty()) {
    const auto tokens_per_step =
        static_cast<std::uint64_t>(options.batch_size) * static_cast<std::uint64_t>(options.unroll);
    steps_per_epoch_ = (corpus.num_tokens(Split::train) + tokens_per_step - 1) / tokens_per_step;
    if (options.input_dropout > 0 && model_.config.features.shape.inputs == 0)
      throw Error("input dropout needs a model with input features");
    initialize(model_, options.seed);
    start();
  }

  /// A training that begins with the parameters and the configuration of a model, without its initial state:
  /// the trained model begins in the zero state. Throws Error if the model's
  /// encoder is not the corpus's, and as the constructor above does.
  Trainer(const Corpus& corpus, const TrainedModel& model, const TrainOptions& options,
          std::span<const GruModel<float>> teachers = {})
      : Trainer(corpus, model.network.config, options, teachers) {
    if (!(model.encoder == corpus.encoder()))
      throw Error(corpus.file(), "has a different encoder than the model that the training begins with");
    copy_parameters(model.network, model_);
    start();
  }

  Trainer(Corpus&&, ModelConfig, const TrainOptions&, std::span<const GruModel<float>> = {}) = delete;
  Trainer(Corpus&&, const TrainedModel&, const TrainOptions&, std::span<const GruModel<float>> = {}) = delete;

  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Trains on one chunk: forward, backward, update. If the training has diverged (Divergence), the model and
  /// the optimiser are rolled back to the last good state, the hidden state is set to zero, and all later
  /// learning rates are halved. A good state is taken every checkpoint_interval steps, once the step after it
  /// has shown that it is one.
  StepReport step() {
    const auto begin = std::chrono::steady_clock::now();
    stream_.next(chunk_);
    StepReport report{.step = ++progress_.step, .learning_rate = learning_rate()};
    if (options_.weights.any()) {
      dropped_ = model_;
      drop_weights(dropped_, options_.weights, options_.seed, progress_.step);
      pass_.assign(dropped_);
    }
    const ChunkLoss loss = pass_.backpropagate(chunk_, gradient_,
                                               {.probability = options_.dropout,
                                                .input = options_.input_dropout,
                                                .variational = options_.variational,
                                                .seed = options_.seed,
                                                .step = progress_.step},
                                               teachers_.probabilities(chunk_));
    if (options_.weights.any()) drop_weights(gradient_, options_.weights, options_.seed, progress_.step);
    report.loss = loss.mean();
    report.gradient_norm = optimizer_.gradient_norm(threads_);
    report.undone = divergence_.add(report.loss, report.gradient_norm);
    if (!report.undone) {
      const auto interval = static_cast<std::uint64_t>(options_.checkpoint_interval);
      if ((progress_.step - 1) % interval == 0 && divergence_.steps_above() == 0) remember();
      const bool clips = options_.clip_norm > 0;
      const double scale = clips ? (std::min)(1.0, options_.clip_norm / (report.gradient_norm + 1e-6)) : 1.0;
      optimizer_.update(report.learning_rate, scale, threads_);
      if (averages()) average();
      progress_.curve.add_step(progress_.step, report.loss);
    } else {
      roll_back();
    }
    pass_.assign(model_);
    progress_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return report;
  }

  /// The loss of the current model over all songs of a split. Does not affect the training.
  ChunkLoss evaluate(Split split) {
    return gruve::evaluate(pass_, *corpus_, split, options_.unroll, options_.batch_size);
  }

  /// Trains to the end. Throws Error if the checkpoint can't be written.
  ///
  /// checkpoint  file that is written every checkpoint_interval steps and at the end, for resume(); empty for
  ///             none
  StopReason run(const TrainCallbacks& callbacks = {}, const std::filesystem::path& checkpoint = {}) {
    for (;;) {
      if (const auto reason = finished()) return *reason;
      const StepReport report = step();
      const bool continues = !callbacks.on_step || callbacks.on_step(report);
      if (callbacks.on_progress) callbacks.on_progress(progress_of(report));
      const std::uint64_t steps = progress_.step;
      if (steps % steps_per_epoch_ == 0) validate(callbacks);
      // No validation if the callback stops the training, so that a resumed training has the same bits.
      if (continues && finished() && last_validation_ != steps) validate(callbacks);
      if (!checkpoint.empty() &&
          (!continues || finished() || steps % static_cast<std::uint64_t>(options_.checkpoint_interval) == 0))
        save_checkpoint(checkpoint);
      if (!continues) return StopReason::callback;
    }
  }

  /// The current model.
  const GruModel<float>& model() const noexcept { return model_; }
  /// The model with the lowest validation loss; before the first validation, or without a valid split, the
  /// current one (with a weight average, the average).
  const GruModel<float>& best_model() const noexcept {
    return progress_.has_best ? best_ : averages() ? average_ : model_;
  }

  /// best_model() with its encoder, its music information and its training settings and curve.
  TrainedModel trained_model() const {
    nlohmann::json settings = to_json(options_);
    settings["tokens"] = corpus_->num_tokens(Split::train);
    nlohmann::json training = internal::JsonObject<>()
                                  .add("settings", std::move(settings))
                                  .add("curve", progress_.curve.to_json())
                                  .take();
    return {.network = best_model(),
            .encoder = corpus_->encoder(),
            .music = corpus_->info().music,
            .training = internal::text_of(std::move(training)),
            .measures = corpus_->info().measures};
  }

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
  void save_checkpoint(const std::filesystem::path& path) {
    std::vector<NamedTensor> tensors = internal::named_tensors(model_);
    for (NamedTensor& tensor : internal::named_tensors(best_))
      tensors.push_back({"best." + tensor.name, std::move(tensor.view)});
    for (auto& [name, values] : arrays())
      tensors.push_back({name, {{static_cast<int>(values.size())}, values}});
    std::error_code ignored;
    if (before_ == Before::none) internal::remove_checkpoint(previous_checkpoint(path));
    if (before_ == Before::last) std::filesystem::rename(path, previous_checkpoint(path), ignored);
    before_ = Before::kept;  // if this one can't be written
    write_safetensors(path, tensors,
                      {{"gruve.config", internal::text_of(internal::to_json(model_.config))},
                       {"gruve.checkpoint", internal::text_of(state())}});
    before_ = Before::last;
  }

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
  std::vector<std::string> resume(const std::filesystem::path& path) {
    const std::filesystem::path previous = previous_checkpoint(path);
    std::optional<SafetensorsFile> file;
    std::string damage;
    try {
      file.emplace(path);
    } catch (const Error& error) {
      std::error_code ignored;
      if (!std::filesystem::exists(previous, ignored)) throw;
      damage = error.what();
    }
    if (!file) file.emplace(previous);
    std::vector<std::string> changes = resume(*file);
    before_ = damage.empty() ? Before::last : Before::kept;
    if (!damage.empty()) changes.push_back("resumed from " + file->path() + ", the one before: " + damage);
    return changes;
  }

 private:
  // Where the checkpoint before the next one is: nowhere, or another training's; at previous_checkpoint(), as
  // the last one is damaged or missing; or it is the last one.
  enum class Before : std::uint8_t { none, kept, last };

  static const kernels::Kernels<float>& kernels_for(kernels::Precision precision) {
    if (precision == kernels::Precision::int8)
      throw Error("int8 is for generation: a model is trained with fp32 or bf16");
    return kernels::active(precision);
  }

  static const TrainOptions& checked(const TrainOptions& options) {
    check(options);
    return options;
  }

  static ModelConfig completed(ModelConfig config, const Corpus& corpus) {
    config.vocab_size = corpus.vocab_size();
    config.features = corpus.encoder().features(config.features.description);
    for (const int size : {config.embedding_size, config.hidden_size, config.num_layers})
      if (size < 1 || size > 1 << 20)
        throw Error("a model of embedding size " + std::to_string(config.embedding_size) + ", hidden size " +
                    std::to_string(config.hidden_size) + " and " + std::to_string(config.num_layers) +
                    " layers: expected at least 1 of each");
    return config;
  }

  // Begins the training with the parameters of model_.
  void start() {
    average_ = model_;
    pass_.assign(model_);
    remember();
  }

  // Array by array, since the optimiser and the pass refer to the memory of model_.
  static void copy_parameters(const GruModel<float>& from, GruModel<float>& to) {
    const auto targets = parameter_spans(to);
    std::size_t i = 0;
    from.for_each_parameter([&](const std::string&, const Parameter<float>& parameter) {
      std::copy_n(parameter.data(), parameter.size(), targets[i++].begin());
    });
  }

  // With a time limit the total is an estimate from the time per step.
  Progress progress_of(const StepReport& report) {
    if (!report.undone)
      recent_loss_ = recent_loss_ == 0 ? report.loss : 0.95 * recent_loss_ + 0.05 * report.loss;
    std::uint64_t total = total_steps();
    if (options_.minutes > 0)
      total = (std::min)(
          total, static_cast<std::uint64_t>(static_cast<double>(progress_.step) * 60 * options_.minutes /
                                            (std::max)(progress_.seconds, 1e-3)) +
                     1);
    std::array<char, 80> message{};
    if (std::isfinite(progress_.best_loss))
      std::snprintf(message.data(), message.size(), "loss %.4f, best validation %.4f", recent_loss_,
                    progress_.best_loss);
    else
      std::snprintf(message.data(), message.size(), "loss %.4f", recent_loss_);
    return {.done = progress_.step, .total = (std::max)(total, progress_.step), .message = message.data()};
  }

  double fraction_done() const {
    const double by_steps = static_cast<double>(progress_.step) / static_cast<double>(total_steps());
    return options_.minutes > 0 ? (std::max)(by_steps, progress_.seconds / 60 / options_.minutes) : by_steps;
  }

  double learning_rate() const {
    return options_.learning_rate * progress_.rate_scale *
           schedule_factor(options_.schedule, fraction_done());
  }

  std::optional<StopReason> finished() const {
    constexpr double kSmallestScale = 1.0 / 256;  // eight halvings
    if (progress_.rate_scale < kSmallestScale) return StopReason::diverged;
    if (progress_.step >= total_steps()) return StopReason::epochs;
    if (options_.minutes > 0 && progress_.seconds >= 60 * options_.minutes) return StopReason::minutes;
    if (options_.patience > 0 && progress_.epochs_without_gain >= options_.patience)
      return StopReason::patience;
    return std::nullopt;
  }

  void validate(const TrainCallbacks& callbacks) {
    if (!validates_) return;
    const auto begin = std::chrono::steady_clock::now();
    last_validation_ = progress_.step;
    if (averages()) pass_.assign(average_);
    ValidationReport report{
        .step = progress_.step, .epoch = progress_.step / steps_per_epoch_, .loss = evaluate(Split::valid)};
    if (averages()) pass_.assign(model_);
    const double loss = report.loss.mean();
    report.improved = loss < progress_.best_loss && divergence_.is_sane(loss);  // false for NaN
    if (std::isfinite(loss)) progress_.curve.add_validation(progress_.step, loss);
    if (report.improved) {
      progress_.best_loss = loss;
      best_ = averages() ? average_ : model_;
      progress_.has_best = true;
      progress_.epochs_without_gain = 0;
    } else {
      ++progress_.epochs_without_gain;
    }
    progress_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (callbacks.on_validation) callbacks.on_validation(report);
  }

  bool averages() const noexcept { return options_.average > 0; }

  // Early weights get less weight: after n updates the decay is at most n / (n + 9).
  void average() {
    const auto n = static_cast<double>(optimizer_.step());
    const auto old = static_cast<float>((std::min)(options_.average, n / (n + 9)));
    const auto from = parameter_spans(model_), to = parameter_spans(average_);
    threads_.for_each(to.size(), [&](std::size_t i) {
      for (std::size_t at = 0; at < to[i].size(); ++at) to[i][at] = old * to[i][at] + (1 - old) * from[i][at];
    });
  }

  void remember() {
    good_ = model_;
    if (averages()) good_average_ = average_;
    good_first_.assign(optimizer_.first().begin(), optimizer_.first().end());
    good_second_.assign(optimizer_.second().begin(), optimizer_.second().end());
    progress_.good_updates = optimizer_.step();
  }

  void roll_back() {
    copy_parameters(good_, model_);
    if (averages()) copy_parameters(good_average_, average_);
    std::copy(good_first_.begin(), good_first_.end(), optimizer_.first().begin());
    std::copy(good_second_.begin(), good_second_.end(), optimizer_.second().begin());
    optimizer_.set_step(progress_.good_updates);
    std::fill(pass_.state().begin(), pass_.state().end(), 0.0f);
    progress_.rate_scale /= 2;
  }

  // All arrays of the state but for the current model and the best one, which have names and shapes of their
  // own.
  std::vector<std::pair<std::string, std::span<float>>> arrays() {
    std::vector<std::pair<std::string, std::span<float>>> arrays = {{"state", pass_.state()}};
    for (const std::span<float> state : teachers_.states())
      arrays.emplace_back("teacher." + std::to_string(arrays.size() - 1) + ".state", state);
    const auto add = [&](const std::string& name, GruModel<float>& model) {
      std::size_t i = 0;
      for (const std::span<float> parameter : parameter_spans(model))
        arrays.emplace_back(name + "." + std::to_string(i++), parameter);
    };
    const auto add_moments = [&](const std::string& name, std::span<float> first, std::span<float> second) {
      if (!first.empty()) arrays.emplace_back(name + ".first", first);
      if (!second.empty()) arrays.emplace_back(name + ".second", second);
    };
    if (averages()) add("average", average_);
    add_moments("optimizer", optimizer_.first(), optimizer_.second());
    add("good", good_);
    if (averages()) add("good.average", good_average_);
    add_moments("good.optimizer", good_first_, good_second_);
    return arrays;
  }

  // The text of a checkpoint.
  nlohmann::json state() {
    std::vector<std::uint64_t> songs;
    for (std::size_t i = 0; i < corpus_->num_songs(); ++i) {
      songs.push_back(corpus_->song(i).hash);
      songs.push_back(static_cast<std::uint64_t>(corpus_->song(i).split));
    }
    progress_.updates = optimizer_.step();
    progress_.first_loss = divergence_.first_loss();
    progress_.steps_above = divergence_.steps_above();
    progress_.position = stream_.position();
    nlohmann::json json = internal::to_json(progress_);
    json["options"] = to_json(options_);
    json["corpus"] = content_hash(std::as_bytes(std::span(songs)));
    json["teachers"] = teachers_.hashes();
    return json;
  }

  // Throws Error on settings that may not differ. Returns those that may and do.
  std::vector<std::string> changed_options(const nlohmann::json& saved, const nlohmann::json& now,
                                           const std::string& file) const {
    constexpr std::array<std::string_view, 12> kMayChange = {"batch_size",        "unroll",
                                                             "learning_rate",     "schedule",
                                                             "clip_norm",         "dropout",
                                                             "input_dropout",     "variational",
                                                             "weight_decay",      "recurrent_dropout",
                                                             "embedding_dropout", "checkpoint_interval"};
    std::vector<std::string> changes;
    if (!saved.is_object() || !saved.contains("options") || !saved["options"].is_object())
      throw Error(file, "the state lacks the settings of the training");
    for (const auto& [name, value] : now.at("options").items()) {
      const auto was = saved["options"].find(name);
      if (was == saved["options"].end() || was->is_structured() ||
          was->type_name() != std::string(value.type_name()))
        throw Error(file, "the state's settings lack " + name + ", or have it in another type");
      if (*was == value) continue;
      if (std::find(kMayChange.begin(), kMayChange.end(), name) == kMayChange.end())
        throw Error(file, "the checkpoint was written with " + name + " " +
                              internal::printable(was->dump(), 60) + ", now it is " + value.dump() +
                              "; to begin anew from its model, train with that as the initial model");
      changes.push_back(name + " is " + value.dump() + ", it was " + internal::printable(was->dump(), 60));
    }
    if (!saved.contains("corpus") || saved["corpus"] != now.at("corpus"))
      throw Error(file, "the checkpoint was written with another corpus");
    if (!saved.contains("teachers") || saved["teachers"] != now.at("teachers"))
      throw Error(file, "the checkpoint was written with other teachers");
    return changes;
  }

  // All of the file is checked before anything is changed.
  std::vector<std::string> resume(const SafetensorsFile& file) {
    if (file.metadata().contains("gruve.checkpoint") && !file.metadata().contains(internal::kChecksum))
      throw Error(file.path(), "is a checkpoint of an earlier version: train its model further instead");
    const ModelConfig config = internal::model_config_from_json(
        *internal::parse_metadata(file, "gruve.config"), corpus_->encoder(), file.path());
    if (config != model_.config) throw Error(file.path(), "the checkpoint is of a model of other sizes");
    const internal::JsonTree tree = internal::parse_metadata(file, "gruve.checkpoint");
    const nlohmann::json& saved = *tree;
    const internal::JsonTree current(state());
    const nlohmann::json& now = *current;
    std::vector<std::string> changes = changed_options(saved, now, file.path());
    internal::TrainingProgress progress = internal::progress_from_json(saved, file.path());
    internal::check_parameters(file, config);
    for (const NamedTensor& tensor : internal::named_tensors(best_))
      file.tensor("best." + tensor.name, tensor.view.shape);
    const auto was = [&](const char* name) {
      return internal::number_in(saved.at("options"), name, 1, 1 << 20, file.path(), "the settings");
    };
    const bool has_other_batch = was("batch_size") != options_.batch_size;
    // The state of sequences of another batch is none of these.
    const auto is_kept = [&](const std::string& name) {
      return !has_other_batch || !name.ends_with("state");
    };
    for (const auto& [name, values] : arrays())
      if (is_kept(name)) file.tensor(name, {static_cast<int>(values.size())});

    const double ratio =
        static_cast<double>(was("batch_size")) * was("unroll") / options_.batch_size / options_.unroll;
    progress.curve.scale_steps(ratio);
    const double scaled = static_cast<double>(progress.step) * ratio;  // of a foreign file, any number
    progress.step = static_cast<std::uint64_t>(std::llround((std::min)(scaled, 0x1p53)));
    // A rate that was halved after a divergence is not where another one is asked for.
    if (saved["options"]["learning_rate"] != now.at("options").at("learning_rate")) progress.rate_scale = 1;
    BatchStream stream(*corpus_, Split::train, options_.batch_size, BatchStream::Passes::endless,
                       options_.seed, options_.augment, model_.config.features);
    if (has_other_batch)
      progress.position.sequences.assign(static_cast<std::size_t>(options_.batch_size), {});
    stream.seek(progress.position, file.path());

    internal::read_parameters(file, model_);
    best_.for_each_parameter([&](const std::string& name, Parameter<float>& parameter) {
      const auto values = file.tensor("best." + name, parameter.shape());
      std::copy(values.begin(), values.end(), parameter.data());
    });
    for (auto& [name, values] : arrays()) {
      if (!is_kept(name)) {
        std::fill(values.begin(), values.end(), 0.0f);
        continue;
      }
      const auto from = file.tensor(name, {static_cast<int>(values.size())});
      std::copy(from.begin(), from.end(), values.begin());
    }
    stream_ = std::move(stream);
    optimizer_.set_step(progress.updates);
    divergence_.resume(progress.first_loss, progress.steps_above);
    progress_ = std::move(progress);
    pass_.assign(model_);
    return changes;
  }

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
  BatchStream stream_;
  Chunk chunk_;
  ChunkPass<float> pass_;
  Teachers teachers_;
  bool validates_;
  std::uint64_t steps_per_epoch_ = 1;
  internal::TrainingProgress progress_ = {};
  Before before_ = Before::none;
  std::uint64_t last_validation_ = 0;  // number of steps before the last validation
  double recent_loss_ = 0;             // exponential moving average, for progress messages
};

}  // namespace gruve::inline v0_1
