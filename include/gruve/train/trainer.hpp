#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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
#include "gruve/train/curve.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/optimizer.hpp"
#include "gruve/train/teachers.hpp"
#include "gruve/train/train_options.hpp"

namespace gruve::inline v0_1 {

/// The result of one training step.
struct StepReport {
  std::uint64_t step = 0;    // number of steps done, this one included
  double loss = 0;           // nats per token
  double gradient_norm = 0;  // Euclidean norm over all parameters, before clipping
  double learning_rate = 0;  // of this step
  bool finite = true;        // false if the step was undone, since loss or gradient was not finite
};

/// The result of a validation at the end of an epoch.
struct ValidationReport {
  std::uint64_t step = 0;   // number of steps done
  std::uint64_t epoch = 0;  // number of epochs done
  ChunkLoss loss;           // of the valid split
  bool improved = false;    // whether it is the lowest loss so far
};

// clang-format off
/// Why a training ended.
enum class StopReason {
  epochs,    // all epochs are done
  minutes,   // the time limit is reached
  patience,  // no better validation loss for TrainOptions::patience epochs
  diverged,  // the loss or the gradient was not finite too often
  callback,  // TrainCallbacks::on_step returned false
};
// clang-format on

/// The reason as words of a message.
constexpr std::string_view stop_reason_name(StopReason reason) noexcept {
  constexpr std::string_view kNames[] = {"all epochs done", "time is up",
                                         "no better validation loss for a while",
                                         "the loss was not a number too often", "stopped"};
  return kNames[static_cast<int>(reason)];
}

// clang-format off
/// What Trainer::run() calls; each may be empty.
struct TrainCallbacks {
  std::function<bool(const StepReport&)> on_step = {};              // after each step; false ends it
  std::function<void(const ValidationReport&)> on_validation = {};  // after each validation
  ProgressCallback on_progress = {};                                // after each step, with the losses
};
// clang-format on

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
        good_{GruModel<float>(model_.config), {}, {}, 0},
        optimizer_(options.optimizer, model_, gradient_),
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

  /// Trains on one chunk: forward, backward, update. If the loss or the gradient is not finite, the model and
  /// the optimiser are restored from the last checkpoint, the state is set to zero, and all later learning
  /// rates are halved.
  StepReport step() {
    const auto begin = std::chrono::steady_clock::now();
    stream_.next(chunk_);
    StepReport report{.step = ++step_, .learning_rate = learning_rate()};
    if (options_.weights.any()) {
      dropped_ = model_;
      drop_weights(dropped_, options_.weights, options_.seed, step_);
      pass_.assign(dropped_);
    }
    const ChunkLoss loss = pass_.backpropagate(chunk_, gradient_,
                                               {.probability = options_.dropout,
                                                .input = options_.input_dropout,
                                                .variational = options_.variational,
                                                .seed = options_.seed,
                                                .step = step_},
                                               teachers_.probabilities(chunk_));
    if (options_.weights.any()) drop_weights(gradient_, options_.weights, options_.seed, step_);
    report.loss = loss.mean();
    report.gradient_norm = optimizer_.gradient_norm(threads_);
    report.finite = std::isfinite(report.loss) && std::isfinite(report.gradient_norm);
    if (report.finite) {
      const bool clips = options_.clip_norm > 0;
      const double scale = clips ? std::min(1.0, options_.clip_norm / (report.gradient_norm + 1e-6)) : 1.0;
      optimizer_.update(report.learning_rate, scale, threads_);
      if (averages()) average();
      curve_.add_step(step_, report.loss);
    } else {
      restore();
    }
    pass_.assign(model_);
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
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
      if (step_ % steps_per_epoch_ == 0) validate(callbacks);
      // No validation if the callback stops the training, so that a resumed training has the same bits.
      if (continues && finished() && last_validation_ != step_) validate(callbacks);
      if (!continues || finished() || step_ % static_cast<std::uint64_t>(options_.checkpoint_interval) == 0) {
        remember();
        if (!checkpoint.empty()) save_checkpoint(checkpoint);
      }
      if (!continues) return StopReason::callback;
    }
  }

  /// The current model.
  const GruModel<float>& model() const noexcept { return model_; }
  /// The model with the lowest validation loss; before the first validation, or without a valid split, the
  /// current one (with a weight average, the average).
  const GruModel<float>& best_model() const noexcept {
    return has_best_ ? best_ : averages() ? average_ : model_;
  }

  /// best_model() with its encoder, its music information and its training settings and curve.
  TrainedModel trained_model() const {
    nlohmann::json settings = to_json(options_);
    settings["tokens"] = corpus_->num_tokens(Split::train);
    const nlohmann::json training = {{"settings", std::move(settings)}, {"curve", curve_.to_json()}};
    return {.network = best_model(),
            .encoder = corpus_->encoder(),
            .music = corpus_->info().music,
            .training = training.dump(),
            .measures = corpus_->info().measures};
  }

  /// The number of steps done, those before a resume included.
  std::uint64_t steps_done() const noexcept { return step_; }
  /// The number of steps in an epoch.
  std::uint64_t steps_per_epoch() const noexcept { return steps_per_epoch_; }
  /// The number of steps in all epochs.
  std::uint64_t total_steps() const noexcept {
    return steps_per_epoch_ * static_cast<std::uint64_t>(options_.epochs);
  }
  /// Seconds spent in steps and validations, those before a resume included.
  double seconds() const noexcept { return seconds_; }
  /// The lowest validation loss in nats per token; infinite before the first validation.
  double best_validation_loss() const noexcept { return best_loss_; }

  /// Writes the whole state of the training to a file, atomically. Throws Error if it can't be written.
  void save_checkpoint(const std::filesystem::path& path) {
    std::vector<NamedTensor> tensors = internal::named_tensors(model_);
    for (NamedTensor& tensor : internal::named_tensors(best_))
      tensors.push_back({"best." + tensor.name, std::move(tensor.view)});
    for (auto& [name, values] : arrays())
      tensors.push_back({name, {{static_cast<int>(values.size())}, values}});
    write_safetensors(
        path, tensors,
        {{"gruve.config", internal::to_json(model_.config).dump()}, {"gruve.checkpoint", progress().dump()}});
  }

  /// Resumes from a checkpoint. Epochs, minutes, patience, threads, the learning rate and its schedule,
  /// clipping, dropout, weight decay, the batch size and the BPTT length may differ from those that it was
  /// written with. Returns what of the settings is not as it was, such as "learning_rate is 0.0005, it was
  /// 0.002"; without any the training ends with the same bits as one that was not stopped. Steps are counted
  /// in those of the new sizes; with another batch size each sequence begins with a new song. Throws Error,
  /// and changes nothing, if the file is damaged, or was written with another corpus, another model or other
  /// settings than these.
  std::vector<std::string> resume(const std::filesystem::path& path) {
    constexpr std::array<std::string_view, 12> kMayChange = {"batch_size",        "unroll",
                                                             "learning_rate",     "schedule",
                                                             "clip_norm",         "dropout",
                                                             "input_dropout",     "variational",
                                                             "weight_decay",      "recurrent_dropout",
                                                             "embedding_dropout", "checkpoint_interval"};
    std::vector<std::string> changes;
    const SafetensorsFile file(path);
    const ModelConfig config = internal::model_config_from_json(
        internal::parse_metadata(file, "gruve.config"), corpus_->encoder(), file.path());
    if (config != model_.config) throw Error(file.path(), "the checkpoint is of a model of other sizes");
    const nlohmann::json saved = internal::parse_metadata(file, "gruve.checkpoint");
    try {
      const nlohmann::json now = progress();
      for (const auto& [name, value] : now.at("options").items())
        if (const nlohmann::json& was = saved.at("options").at(name); was != value) {
          if (std::find(kMayChange.begin(), kMayChange.end(), name) == kMayChange.end())
            throw Error(file.path(),
                        "the checkpoint was written with " + name + " " + was.dump() + ", now it is " +
                            value.dump() +
                            "; to begin anew from its model, train with that as the initial model");
          changes.push_back(name + " is " + value.dump() + ", it was " + was.dump());
        }
      if (saved.at("corpus") != now.at("corpus"))
        throw Error(file.path(), "the checkpoint was written with another corpus");
      if (saved.at("teachers") != now.at("teachers"))
        throw Error(file.path(), "the checkpoint was written with other teachers");
      internal::check_parameters(file, config);
      for (const NamedTensor& tensor : internal::named_tensors(best_))
        file.tensor("best." + tensor.name, tensor.view.shape);
      const auto option = [&](const char* name) { return saved.at("options").at(name).get<double>(); };
      const bool has_other_batch = option("batch_size") != options_.batch_size;
      // The state of sequences of another batch is none of these.
      const auto is_kept = [&](const std::string& name) {
        return !has_other_batch || !name.ends_with("state");
      };
      for (const auto& [name, values] : arrays())
        if (is_kept(name)) file.tensor(name, {static_cast<int>(values.size())});

      Curve curve = Curve::from_json(saved.at("curve"));
      const auto best_loss = saved.at("best_loss").is_null() ? std::numeric_limits<double>::infinity()
                                                             : saved.at("best_loss").get<double>();
      const double ratio = option("batch_size") * option("unroll") / options_.batch_size / options_.unroll;
      if (!(ratio > 0 && ratio < 1e6)) throw Error(file.path(), "the checkpoint has no batch size");
      curve.scale_steps(ratio);
      const auto step = static_cast<std::uint64_t>(
          std::llround(static_cast<double>(saved.at("step").get<std::uint64_t>()) * ratio));
      const auto updates = saved.at("updates").get<std::uint64_t>();
      const auto epochs_without_gain = saved.at("epochs_without_gain").get<int>();
      const auto rate_scale = saved.at("rate_scale").get<double>();
      const auto seconds = saved.at("seconds").get<double>();
      const auto has_best = saved.at("has_best").get<bool>();
      BatchStream stream(*corpus_, Split::train, options_.batch_size, BatchStream::Passes::endless,
                         options_.seed, options_.augment, model_.config.features);
      BatchStream::Position position = position_of(saved.at("stream"));
      if (has_other_batch) position.sequences.assign(static_cast<std::size_t>(options_.batch_size), {});
      stream.seek(position, file.path());

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
      curve_ = std::move(curve);
      best_loss_ = best_loss;
      step_ = step;
      epochs_without_gain_ = epochs_without_gain;
      // A rate that was halved after a divergence is not where another one is asked for.
      const bool has_other_rate =
          saved.at("options").at("learning_rate") != now.at("options").at("learning_rate");
      rate_scale_ = has_other_rate ? 1 : rate_scale;
      seconds_ = seconds;
      has_best_ = has_best;
      optimizer_.set_step(updates);
    } catch (const nlohmann::json::exception&) {
      throw Error(file.path(), "the checkpoint's state is incomplete: not written by gruve, or damaged");
    }
    pass_.assign(model_);
    remember();
    return changes;
  }

 private:
  // What is restored after a step that was not finite.
  struct Snapshot {
    GruModel<float> model;
    std::vector<float> first;
    std::vector<float> second;
    std::uint64_t updates;
  };

  static const kernels::Kernels<float>& kernels_for(kernels::Precision precision) {
    if (precision == kernels::Precision::int8)
      throw Error("int8 is for generation: a model is trained with fp32 or bf16");
    return kernels::active(precision);
  }

  // The configuration with the corpus's vocabulary and the shape of the features.
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
    if (report.finite)
      recent_loss_ = recent_loss_ == 0 ? report.loss : 0.95 * recent_loss_ + 0.05 * report.loss;
    std::uint64_t total = total_steps();
    if (options_.minutes > 0)
      total = std::min(total, static_cast<std::uint64_t>(static_cast<double>(step_) * 60 * options_.minutes /
                                                         std::max(seconds_, 1e-3)) +
                                  1);
    std::array<char, 80> message{};
    if (std::isfinite(best_loss_))
      std::snprintf(message.data(), message.size(), "loss %.4f, best validation %.4f", recent_loss_,
                    best_loss_);
    else
      std::snprintf(message.data(), message.size(), "loss %.4f", recent_loss_);
    return {.done = step_, .total = std::max(total, step_), .message = message.data()};
  }

  static nlohmann::json json_of(const BatchStream::Position& position) {
    nlohmann::json sequences = nlohmann::json::array();
    for (const auto& sequence : position.sequences)
      sequences.push_back({sequence.song, sequence.offset, sequence.pass});
    return {{"pass", position.pass}, {"next", position.next}, {"sequences", std::move(sequences)}};
  }

  // Throws nlohmann::json::exception on JSON that json_of() did not write.
  static BatchStream::Position position_of(const nlohmann::json& json) {
    BatchStream::Position position{.pass = json.at("pass").get<std::uint64_t>(),
                                   .next = json.at("next").get<std::size_t>()};
    for (const nlohmann::json& sequence : json.at("sequences"))
      position.sequences.push_back({.song = sequence.at(0).get<std::size_t>(),
                                    .offset = sequence.at(1).get<std::size_t>(),
                                    .pass = sequence.at(2).get<std::uint64_t>()});
    return position;
  }

  double fraction_done() const {
    const double by_steps = static_cast<double>(step_) / static_cast<double>(total_steps());
    return options_.minutes > 0 ? std::max(by_steps, seconds_ / 60 / options_.minutes) : by_steps;
  }

  double learning_rate() const {
    return options_.learning_rate * rate_scale_ * schedule_factor(options_.schedule, fraction_done());
  }

  std::optional<StopReason> finished() const {
    constexpr double kSmallestScale = 1.0 / 256;  // eight halvings
    if (rate_scale_ < kSmallestScale) return StopReason::diverged;
    if (step_ >= total_steps()) return StopReason::epochs;
    if (options_.minutes > 0 && seconds_ >= 60 * options_.minutes) return StopReason::minutes;
    if (options_.patience > 0 && epochs_without_gain_ >= options_.patience) return StopReason::patience;
    return std::nullopt;
  }

  void validate(const TrainCallbacks& callbacks) {
    if (!validates_) return;
    const auto begin = std::chrono::steady_clock::now();
    last_validation_ = step_;
    if (averages()) pass_.assign(average_);
    ValidationReport report{.step = step_, .epoch = step_ / steps_per_epoch_, .loss = evaluate(Split::valid)};
    if (averages()) pass_.assign(model_);
    const double loss = report.loss.mean();
    report.improved = loss < best_loss_;  // false for NaN
    if (std::isfinite(loss)) curve_.add_validation(step_, loss);
    if (report.improved) {
      best_loss_ = loss;
      best_ = averages() ? average_ : model_;
      has_best_ = true;
      epochs_without_gain_ = 0;
    } else {
      ++epochs_without_gain_;
    }
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (callbacks.on_validation) callbacks.on_validation(report);
  }

  bool averages() const noexcept { return options_.average > 0; }

  // Early weights get less weight: after n updates the decay is at most n / (n + 9).
  void average() {
    const auto n = static_cast<double>(optimizer_.step());
    const auto old = static_cast<float>(std::min(options_.average, n / (n + 9)));
    const auto from = parameter_spans(model_), to = parameter_spans(average_);
    threads_.for_each(to.size(), [&](std::size_t i) {
      for (std::size_t at = 0; at < to[i].size(); ++at) to[i][at] = old * to[i][at] + (1 - old) * from[i][at];
    });
  }

  void remember() {
    good_ = {model_,
             {optimizer_.first().begin(), optimizer_.first().end()},
             {optimizer_.second().begin(), optimizer_.second().end()},
             optimizer_.step()};
  }

  void restore() {
    copy_parameters(good_.model, model_);
    std::copy(good_.first.begin(), good_.first.end(), optimizer_.first().begin());
    std::copy(good_.second.begin(), good_.second.end(), optimizer_.second().begin());
    optimizer_.set_step(good_.updates);
    std::fill(pass_.state().begin(), pass_.state().end(), 0.0f);
    rate_scale_ /= 2;
  }

  std::vector<std::pair<std::string, std::span<float>>> arrays() {
    std::vector<std::pair<std::string, std::span<float>>> arrays = {{"state", pass_.state()}};
    for (const std::span<float> state : teachers_.states())
      arrays.emplace_back("teacher." + std::to_string(arrays.size() - 1) + ".state", state);
    if (averages()) {
      std::size_t i = 0;
      for (const std::span<float> parameter : parameter_spans(average_))
        arrays.emplace_back("average." + std::to_string(i++), parameter);
    }
    if (!optimizer_.first().empty()) arrays.emplace_back("optimizer.first", optimizer_.first());
    if (!optimizer_.second().empty()) arrays.emplace_back("optimizer.second", optimizer_.second());
    return arrays;
  }

  nlohmann::json progress() const {
    std::vector<std::uint64_t> songs;
    for (std::size_t i = 0; i < corpus_->num_songs(); ++i) {
      songs.push_back(corpus_->song(i).hash);
      songs.push_back(static_cast<std::uint64_t>(corpus_->song(i).split));
    }
    return {{"options", to_json(options_)},
            {"corpus", content_hash(std::as_bytes(std::span(songs)))},
            {"teachers", teachers_.hashes()},
            {"step", step_},
            {"updates", optimizer_.step()},
            // Infinity, before the first validation, is null in JSON.
            {"best_loss", best_loss_},
            {"has_best", has_best_},
            {"epochs_without_gain", epochs_without_gain_},
            {"rate_scale", rate_scale_},
            {"seconds", seconds_},
            {"stream", json_of(stream_.position())},
            {"curve", curve_.to_json()}};
  }

  const Corpus* corpus_;
  TrainOptions options_;
  ThreadPool threads_;
  GruModel<float> model_;
  GruModel<float> gradient_;
  GruModel<float> best_;
  GruModel<float> average_;  // the weight average, if enabled
  GruModel<float> dropped_;  // the model after weight dropout
  Snapshot good_;
  Optimizer<float> optimizer_;
  BatchStream stream_;
  Chunk chunk_;
  ChunkPass<float> pass_;
  Teachers teachers_;
  bool validates_;
  std::uint64_t steps_per_epoch_ = 1;
  std::uint64_t step_ = 0;
  Curve curve_;
  double best_loss_ = std::numeric_limits<double>::infinity();
  bool has_best_ = false;
  std::uint64_t last_validation_ = 0;  // number of steps before the last validation
  int epochs_without_gain_ = 0;
  double rate_scale_ = 1;
  double seconds_ = 0;
  double recent_loss_ = 0;  // exponential moving average, for progress messages
};

}  // namespace gruve::inline v0_1
