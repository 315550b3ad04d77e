// gruve judge --corpus CORPUS --model MODEL…: how well classifiers tell generated pieces from songs that the
// model has not seen, with the same for other songs, n-grams and altered songs beside it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/judge/alterations.hpp"
#include "gruve/judge/mauve.hpp"
#include "gruve/judge/song_vectors.hpp"
#include "gruve/judge/two_sample.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/piece/measured_corpus.hpp"
#include "gruve/piece/player.hpp"
#include "gruve/render/markup.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/ngram.hpp"
#include "manual.hpp"
#include "progress_bar.hpp"
#include "sampling.hpp"
#include "streams.hpp"
#include "verdict.hpp"

namespace {

using gruve::Measure;
using gruve::Song;

struct JudgeArguments : SamplingArguments {
  std::vector<std::string> files;
  std::vector<std::string> models;
  std::vector<double> temperatures;
  std::string corpus;
  std::string reader;
  bool ladder = false;
  int count = 100;
  int windows = 600;
  int folds = 5;
  std::uint64_t seed = 1;
  int threads = 0;
  bool json = false;
};

constexpr std::array<gruve::WindowLength, 2> kLengths{{{.bars = 8}, {.seconds = 60}}};
constexpr std::array<const char*, 2> kLengthNames{"8 bars", "a minute"};

// Music that is compared with the real songs.
struct Candidate {
  std::string name;
  std::vector<Song> songs;
  std::vector<std::size_t> groups;                         // of each song
  bool is_of_corpus = false;                               // songs of the train split, which copy themselves
  double nats = std::numeric_limits<double>::quiet_NaN();  // per note, of the real songs by what made it
};

// The numbers of a candidate.
struct Judgement {
  std::string name;
  std::array<gruve::TwoSample, 2> tests{};  // for kLengths
  double mauve = std::numeric_limits<double>::quiet_NaN();
  double frechet = std::numeric_limits<double>::quiet_NaN();
  double nats = std::numeric_limits<double>::quiet_NaN();
  std::size_t pieces = 0;
  gruve::Measures medians{};
  double home = 0;                                              // share that ends on the tonic
  std::array<std::size_t, gruve::kJudgedForm.size()> inside{};  // pieces in the range of the corpus's songs
  std::size_t formed = 0;                                       // pieces in all of these
  std::optional<std::size_t> copies = {};                       // pieces that copy more than the songs do
};

std::vector<Song> songs_of(const gruve::Corpus& corpus, const std::vector<std::size_t>& indices) {
  const gruve::MusicInfo music = corpus.music();
  std::vector<Song> songs;
  for (const std::size_t i : indices) {
    corpus.check_tokens(i);
    songs.push_back(corpus.encoder().decode_song(corpus.song(i).tokens, music.tempo_bpm));
    if (songs.back().time_signatures.empty()) songs.back().time_signatures = {music.time_signature};
  }
  return songs;
}

// The first `count` of some songs in random order.
std::vector<std::size_t> drawn(std::vector<std::size_t> songs, std::size_t count, std::uint64_t seed) {
  gruve::Rng rng(seed);
  for (std::size_t i = songs.size(); i > 1; --i)
    std::swap(songs[i - 1], songs[rng.below(static_cast<std::uint32_t>(i))]);
  songs.resize(std::min(songs.size(), count));
  return songs;
}

double seconds_of(const Song& song) { return gruve::on_grid(gruve::music_of(song).song).seconds; }

class Judge {
 public:
  explicit Judge(const JudgeArguments& options)
      : options_(options), corpus_(std::filesystem::path(options.corpus)), threads_(options.threads) {
    if (!corpus_.encoder().is_music()) throw gruve::Error(options.corpus, "is not a corpus of music");
    // The judge reads what is heard: notes, and what the corpus has of loudness and tempo; no tokens for the
    // form.
    gruve::EventOptions events{.steps_per_quarter = corpus_.encoder().steps_per_quarter()};
    if (const auto* const encoder = corpus_.encoder().get_if<gruve::EventEncoder>())
      events = encoder->options();
    events.form = false;
    encoder_ = gruve::EventEncoder(events);

    std::vector<std::size_t> held_out = corpus_.songs(gruve::Split::valid);
    const std::vector<std::size_t> test = corpus_.songs(gruve::Split::test);
    held_out.insert(held_out.end(), test.begin(), test.end());
    const auto count = static_cast<std::size_t>(options.count);
    real_.name = "the real songs";
    real_.songs = songs_of(corpus_, drawn(held_out, count, options.seed));
    if (real_.songs.size() < static_cast<std::size_t>(options.folds))
      throw gruve::Error(options.corpus, "has " + std::to_string(real_.songs.size()) +
                                             " songs in the valid and test splits, the judge needs " +
                                             std::to_string(options.folds) + " and more");
    for (std::size_t i = 0; i < real_.songs.size(); ++i) real_.groups.push_back(i);
    for (const Song& song : real_.songs) lengths_.push_back(seconds_of(song));
    if (!options.reader.empty()) reader_.emplace(gruve::load(options.reader));
  }

  void run() {
    std::vector<std::function<Candidate()>> candidates;
    candidates.push_back([&] { return other_songs(); });
    add_models(candidates);
    if (!options_.files.empty()) candidates.push_back([&] { return files(); });
    if (options_.ladder) add_ladder(candidates);

    ProgressBar bar("judging", options_.json);
    const auto total = candidates.size() + 1;
    bar({.done = 0, .total = total, .message = "measuring the songs"});
    measured_ = gruve::measure_corpus(corpus_, threads_);
    real_windows_ = windows_of(real_);
    if (reader_) real_vectors_ = vectors_of(real_);
    judgements_.push_back(form_of(real_));
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const Candidate candidate = candidates[i]();
      bar({.done = i + 1, .total = total, .message = candidate.name});
      judgements_.push_back(judged(candidate));
    }
    bar.finish();
    if (options_.json)
      print_json();
    else
      print();
  }

 private:
  // Songs of the train split, for what any two sets of songs differ by.
  Candidate other_songs() const {
    Candidate other{.name = "other real songs", .songs = {}, .groups = {}, .is_of_corpus = true};
    other.songs =
        songs_of(corpus_, drawn(corpus_.songs(gruve::Split::train), real_.songs.size(), options_.seed + 1));
    for (std::size_t i = 0; i < other.songs.size(); ++i) other.groups.push_back(real_.songs.size() + i);
    return other;
  }

  void add_models(std::vector<std::function<Candidate()>>& candidates) {
    std::vector<double> temperatures = options_.temperatures;
    if (temperatures.empty()) temperatures.push_back(static_cast<double>(options_.sampler.temperature));
    for (const std::string& file : options_.models)
      for (const double temperature : temperatures) {
        gruve::SamplerOptions sampler = options_.sampler;
        sampler.temperature = static_cast<float>(temperature);
        const std::string name = std::filesystem::path(file).stem().string() + ", " + described(sampler);
        candidates.push_back([this, file, name, sampler] { return pieces(file, name, sampler, false); });
        if (options_.is_within)
          candidates.push_back(
              [this, file, name, sampler] { return pieces(file, name + ", within", sampler, true); });
      }
  }

  static std::string described(const gruve::SamplerOptions& sampler) {
    if (sampler.argmax > 0)
      return std::string("argmax ") + gruve::decimal(static_cast<double>(sampler.argmax), 1);
    std::string text = std::string("T ") + gruve::decimal(static_cast<double>(sampler.temperature), 2);
    if (sampler.top_p < 1) text += ", top-p " + gruve::decimal(static_cast<double>(sampler.top_p), 2);
    return text;
  }

  // New pieces, each as long as one of the real songs.
  Candidate pieces(const std::string& file, const std::string& name, const gruve::SamplerOptions& sampler,
                   bool within) {
    const gruve::TrainedModel model = gruve::load(file);
    if (!model.encoder.is_music()) throw gruve::Error(file, "is not a model of music");
    Candidate made{.name = name, .songs = std::vector<Song>(real_.songs.size()), .groups = real_.groups};
    threads_.for_each(static_cast<std::size_t>(threads_.size()), [&](std::size_t thread) {
      gruve::Player player(model, {.threads = 1});
      for (std::size_t i = thread; i < made.songs.size(); i += static_cast<std::size_t>(threads_.size())) {
        gruve::PieceOptions piece{.seconds = std::max(5.0, lengths_[i]),
                                  .sampler = sampler,
                                  .controls = controls_of(options_),
                                  .seed = options_.seed * 1'000'003 + i};
        if (within) piece.within = measured_.ranges.minutes;
        made.songs[i] = player.generate(piece);
      }
    });
    if (model.encoder == corpus_.encoder()) {
      const gruve::ChunkLoss loss = gruve::tempered_loss(model.network, corpus_, gruve::Split::test,
                                                         static_cast<double>(sampler.temperature), threads_);
      std::size_t notes = 0;
      for (const Song& song : songs_of(corpus_, corpus_.songs(gruve::Split::test)))
        notes += song.notes.size();
      made.nats = loss.nats / static_cast<double>(notes);
    }
    return made;
  }

  Candidate files() const {
    Candidate read{.name = options_.files.size() == 1 ? input_name(options_.files.front())
                                                      : std::to_string(options_.files.size()) + " files",
                   .songs = {},
                   .groups = {}};
    for (const std::string& file : options_.files) {
      read.songs.push_back(read_midi_input(file).song);
      read.groups.push_back(real_.songs.size() + read.groups.size());
    }
    return read;
  }

  // What is worse than real songs for a reason that is known.
  void add_ladder(std::vector<std::function<Candidate()>>& candidates) {
    for (const double share : {0.01, 0.03, 0.1, 0.3})
      candidates.push_back([this, share] {
        return altered(
            gruve::decimal(100 * share, 0) + " % of notes moved",
            [share](const Song& song, gruve::Rng& rng) { return gruve::with_moved_notes(song, share, rng); });
      });
    candidates.push_back([this] {
      return altered("a tenth of the bars in other keys", [](const Song& song, gruve::Rng& rng) {
        return gruve::with_shifted_keys(song, 0.1, rng);
      });
    });
    candidates.push_back([this] { return altered("bars shuffled", gruve::with_shuffled_bars); });
    candidates.push_back([this] { return ngrams(4); });
    for (const std::string& file : options_.models)
      candidates.push_back([this, file] {
        const gruve::SamplerOptions sampler{.argmax = 0.6f};
        return pieces(file, std::filesystem::path(file).stem().string() + ", " + described(sampler), sampler,
                      false);
      });
  }

  template <class Alter>
  Candidate altered(std::string name, Alter&& alter) const {
    Candidate other{.name = std::move(name), .songs = {}, .groups = real_.groups};
    for (std::size_t i = 0; i < real_.songs.size(); ++i) {
      gruve::Rng rng(options_.seed, i);
      other.songs.push_back(alter(real_.songs[i], rng));
    }
    return other;
  }

  Candidate ngrams(int order) {
    gruve::NgramModel counts(encoder_.vocab_size(), order);
    const gruve::AnyEncoder any(encoder_);
    for (const Song& song : songs_of(corpus_, corpus_.songs(gruve::Split::train)))
      counts.add(any.start_token(), any.encode_song(song));
    Candidate made{.name = std::to_string(order) + "-grams",
                   .songs = std::vector<Song>(real_.songs.size()),
                   .groups = real_.groups};
    threads_.for_each(made.songs.size(), [&](std::size_t i) {
      gruve::Rng rng(options_.seed, i);
      const Song& as_long = real_.songs[i];
      std::int64_t rest = as_long.length * encoder_.steps_per_quarter() / as_long.ticks_per_quarter;
      const std::vector<gruve::Token> tokens = counts.generate(
          any, rng, 1'000'000, [&](const gruve::AnyEncoder::State& state, gruve::Token token) {
            return (rest -= any.steps(state, token)) <= 0;
          });
      made.songs[i] = any.decode_song(tokens, corpus_.music().tempo_bpm);
      if (made.songs[i].time_signatures.empty())
        made.songs[i].time_signatures = {corpus_.music().time_signature};
    });
    return made;
  }

  std::array<gruve::JudgedWindows, 2> windows_of(const Candidate& candidate) {
    std::array<gruve::JudgedWindows, 2> windows;
    for (std::size_t l = 0; l < kLengths.size(); ++l)
      windows[l] = gruve::sampled(gruve::judged_windows(candidate.songs, candidate.groups, kLengths[l],
                                                        gruve::AnyEncoder(encoder_), threads_),
                                  static_cast<std::size_t>(options_.windows), options_.seed);
    return windows;
  }

  // Of the windows of eight bars, at most as many as the judge takes.
  Eigen::MatrixXd vectors_of(const Candidate& candidate) {
    std::vector<Song> windows;
    for (const Song& song : candidate.songs)
      for (Song& window : gruve::song_windows(song, kLengths[0])) windows.push_back(std::move(window));
    std::vector<std::size_t> indices(windows.size());
    for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = i;
    std::vector<Song> some;
    for (const std::size_t i : drawn(indices, static_cast<std::size_t>(options_.windows), options_.seed))
      some.push_back(std::move(windows[i]));
    return gruve::song_vectors(some, *reader_, threads_);
  }

  Judgement form_of(const Candidate& candidate) {
    Judgement result{.name = candidate.name, .nats = candidate.nats};
    std::vector<std::optional<gruve::MeasuredSong>> songs(candidate.songs.size());
    threads_.for_each(songs.size(), [&](std::size_t i) {
      try {
        songs[i] = gruve::measure_song(candidate.songs[i]);
      } catch (const gruve::Error&) {
        songs[i].reset();
      }
    });
    std::erase_if(songs, [](const auto& song) { return !song; });
    result.pieces = songs.size();
    std::vector<gruve::NoteSteps> steps;
    for (const auto& song : songs) steps.push_back(song->steps);
    const std::vector<gruve::Copied> copied =
        gruve::find_copied(steps, measured_.steps, measured_.identities);
    const gruve::CorpusRanges& ranges = measured_.ranges;
    for (std::size_t i = 0; i < songs.size(); ++i) {
      gruve::set_copied(*songs[i], copied[i]);
      const gruve::Verdict verdict = gruve::judge(*songs[i], ranges);
      bool formed = true;
      for (std::size_t f = 0; f < result.inside.size(); ++f) {
        result.inside[f] += verdict.form_outside[f] ? 0 : 1;
        formed = formed && !verdict.form_outside[f];
      }
      result.formed += formed ? 1 : 0;
      if (!candidate.is_of_corpus) result.copies = result.copies.value_or(0) + (verdict.copies ? 1 : 0);
      result.home +=
          songs[i]->whole[Measure::ends_on_tonic] == 1 ? 1.0 / static_cast<double>(songs.size()) : 0;
    }
    for (std::size_t m = 0; m < gruve::kNumMeasures; ++m) {
      std::vector<double> values;
      for (const auto& song : songs) values.push_back(song->whole.values[m]);
      result.medians.values[m] = gruve::percentile(std::move(values), 0.5);
    }
    return result;
  }

  Judgement judged(const Candidate& candidate) {
    Judgement result = form_of(candidate);
    const auto windows = windows_of(candidate);
    gruve::TwoSampleOptions test{.folds = options_.folds};
    test.classifier.seed = options_.seed + 77;  // of no generator
    const std::vector<gruve::TwoSample> tests =
        gruve::two_sample_test(real_windows_, windows, gruve::AnyEncoder(encoder_), test, threads_);
    std::copy(tests.begin(), tests.end(), result.tests.begin());
    if (reader_) {
      const Eigen::MatrixXd vectors = vectors_of(candidate);
      const Eigen::Index n = std::min(vectors.rows(), real_vectors_.rows());
      result.mauve =
          gruve::mauve(Eigen::MatrixXd(real_vectors_.topRows(n)), Eigen::MatrixXd(vectors.topRows(n)));
      result.frechet = gruve::frechet_distance(real_vectors_, vectors);
    }
    return result;
  }

  static std::string share_text(const gruve::TestAccuracy& accuracy) {
    return gruve::decimal(100 * accuracy.value, 0) + " (" + gruve::decimal(100 * accuracy.low, 0) + "-" +
           gruve::decimal(100 * accuracy.high, 0) + ")";
  }

  void print() const {
    std::size_t width = 10;
    for (const Judgement& each : judgements_) width = std::max(width, each.name.size());
    const auto column = static_cast<int>(width);
    std::printf(
        "How well a classifier tells music from %zu songs that no model was trained on, in %% of windows;\n"
        "50 is chance. In brackets 95 %% intervals over songs.\n\n",
        real_.songs.size());
    std::printf("%-*s   %-26s %-26s", column, "", kLengthNames[0], kLengthNames[1]);
    std::printf("%s\n", reader_ ? " MAUVE  Frechet" : "");
    std::printf("%-*s   %-12s %-13s %-12s %-13s", column, "against", "GRU", "measures", "GRU", "measures");
    std::printf("%16s  nats/note\n", "");
    for (const Judgement& each : std::span(judgements_).subspan(1)) {
      std::printf("%-*s  ", column, each.name.c_str());
      for (const gruve::TwoSample& test : each.tests)
        std::printf(" %-12s %-13s", share_text(test.by_tokens).c_str(), share_text(test.by_measures).c_str());
      if (reader_)
        std::printf(" %5.2f %9.2f", each.mauve, each.frechet);
      else
        std::printf("%16s", "");
      std::printf("  %s\n", std::isnan(each.nats) ? "-" : gruve::decimal(each.nats, 3).c_str());
    }
    print_form(column);
  }

  void print_form(int column) const {
    struct Column {
      const char* title;
      Measure measure;
      int judged = -1;  // index in kJudgedForm, of those that the verdict counts
    };
    constexpr std::array<Column, 9> kColumns{{{"returning", Measure::returning_bars, 0},
                                              {"phrases", Measure::returning_phrases},
                                              {"longest", Measure::longest_return},
                                              {"3-8 s", Measure::structure_short, 1},
                                              {"8-15 s", Measure::structure_middle, 2},
                                              {"15+ s", Measure::structure_long, 3},
                                              {"velocities", Measure::velocities},
                                              {"tempos", Measure::tempos},
                                              {"loudness", Measure::loudness_range}}};
    std::printf(
        "\nForm: medians of whole pieces, and in brackets how many %% of them are in the range of nine in "
        "ten\n"
        "songs of the corpus. Returning bars and phrases, the longest return in bars, structure in parts of\n"
        "three lengths, velocities, tempos, the loudness range of phrases; the pieces that end on the tonic, "
        "that\n"
        "are in all these ranges, and that copy more notes in a row than the corpus's songs.\n\n");
    std::printf("%-*s", column, "");
    for (const Column& each : kColumns) std::printf(" %11s", each.title);
    std::printf(" %9s %8s %7s\n", "on tonic", "in all", "copy");
    for (const Judgement& each : judgements_) {
      const double percent = 100 / static_cast<double>(std::max<std::size_t>(1, each.pieces));
      std::printf("%-*s", column, each.name.c_str());
      for (const Column& of : kColumns) {
        std::string text = value_text(of.measure, each.medians[of.measure]);
        if (of.judged >= 0)
          text += std::string(" (") +
                  gruve::decimal(
                      percent * static_cast<double>(each.inside[static_cast<std::size_t>(of.judged)]), 0) +
                  ")";
        std::printf(" %11s", text.c_str());
      }
      std::printf(" %7.0f %% %6.0f %%", 100 * each.home, percent * static_cast<double>(each.formed));
      if (each.copies)
        std::printf(" %5.0f %%\n", percent * static_cast<double>(*each.copies));
      else
        std::printf(" %7s\n", "-");
    }
  }

  static nlohmann::ordered_json accuracy_json(const gruve::TestAccuracy& accuracy) {
    return {{"accuracy", accuracy.value}, {"low", accuracy.low}, {"high", accuracy.high}};
  }

  void print_json() const {
    nlohmann::ordered_json json = {{"songs", real_.songs.size()}, {"rows", nlohmann::ordered_json::array()}};
    for (std::size_t i = 0; i < judgements_.size(); ++i) {
      const Judgement& each = judgements_[i];
      nlohmann::ordered_json row = {{"name", each.name}, {"pieces", each.pieces}};
      if (i > 0) {
        constexpr std::array<const char*, 2> kKeys{"bars_8", "minute"};
        for (std::size_t l = 0; l < kKeys.size(); ++l)
          row[kKeys[l]] = {{"windows", each.tests[l].windows},
                           {"gru", accuracy_json(each.tests[l].by_tokens)},
                           {"measures", accuracy_json(each.tests[l].by_measures)}};
        row["mauve"] = each.mauve;
        row["frechet"] = each.frechet;
        row["nats_per_note"] = each.nats;
      }
      for (std::size_t m = 0; m < gruve::kNumMeasures; ++m)
        row["medians"][gruve::kMeasureNames[m].name] = each.medians.values[m];
      row["on_tonic"] = each.home;
      for (std::size_t f = 0; f < each.inside.size(); ++f)
        row["inside"][gruve::kMeasureNames[static_cast<std::size_t>(gruve::kJudgedForm[f])].name] =
            each.inside[f];
      row["formed"] = each.formed;
      row["copies"] = each.copies ? nlohmann::ordered_json(*each.copies) : nlohmann::ordered_json();
      json["rows"].push_back(std::move(row));
    }
    std::printf("%s\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  }

  const JudgeArguments& options_;
  gruve::Corpus corpus_;
  gruve::ThreadPool threads_;
  gruve::EventEncoder encoder_;                // the judge's own
  std::optional<gruve::TrainedModel> reader_;  // whose states are compared
  Candidate real_;
  std::vector<double> lengths_;  // seconds of each real song
  gruve::MeasuredCorpus measured_;
  std::array<gruve::JudgedWindows, 2> real_windows_;
  Eigen::MatrixXd real_vectors_;
  std::vector<Judgement> judgements_;  // the first of the real songs
};

}  // namespace

void add_judge(CLI::App& app) {
  const auto options = std::make_shared<JudgeArguments>();
  CLI::App* command = app.add_subcommand(
      "judge", "How well classifiers tell pieces from the songs that their model has not seen");
  command->add_option("FILE", options->files, "MIDI files of pieces to be judged together");
  command
      ->add_option("--corpus", options->corpus,
                   "The corpus file; its valid and test splits are the real songs")
      ->required();
  command->add_option(
      "--model", options->models,
      "Judge new pieces of this model, each as long as a real song; several are judged one by one");
  command->add_option("--temperatures", options->temperatures, "Judge pieces at each of these temperatures")
      ->check(CLI::Range(0.05, 10.0));
  command->add_flag(
      "--ladder", options->ladder,
      "Also judge what is known to be worse: real songs with moved notes, keys and bars, n-grams, and "
      "argmax mixing");
  command->add_option("--reader", options->reader,
                      "A model of other music: MAUVE and the Frechet distance of its states are computed");
  command->add_option("--count", options->count, "The most real songs, and as many pieces")
      ->check(CLI::Range(5, 10'000))
      ->capture_default_str();
  command->add_option("--windows", options->windows, "The most windows of each kind that a classifier sees")
      ->check(CLI::Range(10, 1'000'000))
      ->capture_default_str();
  command->add_option("--folds", options->folds, "Folds of the cross-validation")
      ->check(CLI::Range(3, 100))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "The same seed gives the same numbers")->capture_default_str();
  add_sampling(*command, *options);
  command->add_option("--threads", options->threads, "Threads, 0 for as many as the machine has")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print one JSON object");
  group(*command, "New pieces", {"--model", "--temperatures", "--seed", "--within"});
  group(*command, "Drawing of new pieces",
        {"--argmax", "--temperature", "--top-k", "--top-p", "--min-p", "--min-entropy", "--max-entropy",
         "--entropy-window"});
  group(*command, "Limits of new pieces",
        {"--max-repeats", "--max-silence", "--max-held", "--max-keys", "--max-notes", "--lowest", "--highest",
         "--key"});
  add_examples(
      *command,
      {"gruve judge --corpus corpus.gruve --model model.safetensors --ladder",
       "gruve judge --corpus corpus.gruve --model model.safetensors --temperatures 0.7 0.8 0.9 1 1.1 1.2"});
  command->callback([options] { Judge(*options).run(); });
}
