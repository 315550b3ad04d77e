// gruve generate --model M… --out piece.mid: new music from models, from nothing or continuing a primer.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "choosing.hpp"
#include "commands.hpp"
#include "generate_options.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/json.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/midi/write_midi.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/piece/form.hpp"
#include "gruve/piece/measured_corpus.hpp"
#include "gruve/piece/player.hpp"
#include "gruve/render/markup.hpp"
#include "gruve/render/piano_roll.hpp"
#include "gruve/render/report.hpp"
#include "models.hpp"
#include "outputs.hpp"
#include "sampling.hpp"
#include "sound.hpp"
#include "sources.hpp"
#include "streams.hpp"

namespace {

using gruve::Token;

// A written piece, for the summary.
struct Piece {
  std::vector<std::string> files;  // of its own, the MIDI file first
  std::size_t tokens = 0;
  std::size_t violations = 0;
  std::size_t notes = 0;
  double seconds = 0;
  std::optional<gruve::PieceScore> score = {};
  std::string why = {};    // in words
  std::string synth = {};  // that played it
};

// "piece.mid" as it is for one piece, "piece-3.mid" for the third of several.
std::string numbered(const std::string& path, int number, int count) {
  if (count == 1) return path;
  const std::filesystem::path whole(path);
  const std::string name =
      whole.stem().string() + "-" + std::to_string(number + 1) + whole.extension().string();
  return (whole.parent_path() / name).string();
}

std::string stem(const std::string& path) {
  return path == "-" ? "piece" : std::filesystem::path(path).stem().string();
}

gruve::TableRows settings(const GenerateArguments& options, const std::vector<gruve::TrainedModel>& models) {
  const auto number = [](double value) { return nlohmann::json(std::round(value * 1e4) / 1e4).dump(); };
  gruve::TableRows rows;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const gruve::GruModel<float>& network = models[i].network;
    const int layers = network.config.num_layers;
    rows.emplace_back("Model", options.models[i]);
    rows.emplace_back("Network", std::to_string(layers) +
                                     (layers == 1 ? " GRU layer of " : " GRU layers of ") +
                                     std::to_string(network.config.hidden_size) + ", " +
                                     std::to_string(network.num_parameters()) + " parameters");
  }
  rows.emplace_back("Encoder", describe(models.front().encoder));
  rows.emplace_back("Seed", std::to_string(options.seed));
  rows.emplace_back("Argmax share", number(options.sampler.argmax));
  rows.emplace_back("Temperature", number(options.sampler.temperature));
  if (options.sampler.return_temperature != 1)
    rows.emplace_back("Return temperature", number(options.sampler.return_temperature));
  if (options.sampler.top_k > 0) rows.emplace_back("Top-k", std::to_string(options.sampler.top_k));
  if (options.sampler.top_p < 1) rows.emplace_back("Top-p", number(options.sampler.top_p));
  if (options.sampler.min_p > 0) rows.emplace_back("Min-p", number(options.sampler.min_p));
  const gruve::EntropyOptions& entropy = options.sampler.entropy;
  const gruve::LimitOptions& limits = options.controls.limits;
  if (entropy.min_entropy > 0) rows.emplace_back("Least entropy", number(entropy.min_entropy) + " nats");
  if (std::isfinite(entropy.max_entropy))
    rows.emplace_back("Most entropy", number(entropy.max_entropy) + " nats");
  if (options.controls.max_repeats > 0)
    rows.emplace_back("Most repeats", std::to_string(options.controls.max_repeats));
  if (limits.max_silence > 0) rows.emplace_back("Longest silence", number(limits.max_silence) + " quarters");
  if (limits.max_held > 0) rows.emplace_back("Longest note", number(limits.max_held) + " quarters");
  if (limits.max_keys > 0) rows.emplace_back("Most keys at once", std::to_string(limits.max_keys));
  if (limits.max_notes_per_quarter > 0)
    rows.emplace_back("Most notes a quarter", std::to_string(limits.max_notes_per_quarter));
  if (!options.scale.empty()) rows.emplace_back("Scale", options.scale);
  if (limits.lowest > gruve::kLowestKey || limits.highest < gruve::kHighestKey)
    rows.emplace_back("Keys", std::to_string(limits.lowest) + " to " + std::to_string(limits.highest));
  if (options.is_within)
    rows.emplace_back("Minutes like those of",
                      options.within.empty() ? "the training songs" : options.within);
  if (!options.form.empty()) rows.emplace_back("Form", options.form);
  if (options.livelier || options.calmer)
    rows.emplace_back("Character", options.livelier ? "livelier" : "calmer");
  if (options.louder || options.softer) rows.emplace_back("Loudness", options.louder ? "louder" : "softer");
  if (!options.primer.empty()) rows.emplace_back("Primer", options.primer);
  return rows;
}

std::optional<gruve::TrainingCurve> curve_of(const std::vector<gruve::TrainedModel>& models) try {
  if (models.size() > 1) return std::nullopt;
  const gruve::internal::JsonTree training =
      gruve::internal::parse_json(models.front().training, "the model", "the training");
  const nlohmann::json& curve = training->at("curve");
  return gruve::TrainingCurve{.step = curve.at("step"),
                              .train_loss = curve.at("train_loss"),
                              .valid_step = curve.at("valid_step"),
                              .valid_loss = curve.at("valid_loss")};
} catch (const nlohmann::json::exception&) {
  return std::nullopt;  // a model that was not trained here
} catch (const gruve::Error&) {
  return std::nullopt;
}

// The facts that a page gives about one piece.
gruve::TableRows facts(const GenerateArguments& options, int number, const Piece& piece) {
  gruve::TableRows rows = {{"Tokens", std::to_string(piece.tokens)}};
  if (options.count > 1)
    rows.emplace_back("Rank", std::to_string(number + 1) + " of " + std::to_string(options.count));
  if (!piece.score) return rows;
  rows.emplace_back("Score", gruve::decimal(piece.score->score, 0) + " of 100");
  rows.emplace_back("Why", piece.why);
  return rows;
}

void write_piece(const GenerateArguments& options, const gruve::Song& song, int number, Piece& piece) {
  const auto path = [&](const std::string& name) {
    piece.files.push_back(numbered(name, number, options.count));
    return piece.files.back();
  };
  const std::string midi = path(options.out);
  write_output(midi, gruve::midi_bytes(song));
  if (!options.wav.empty()) {
    const PlayedSong played = play(song, options.builtin_tone);
    write_sound(played.sound, path(options.wav));
    piece.synth = played.synth;
  }
  if (!options.svg.empty()) gruve::write_piano_roll(song, path(options.svg), {.title = stem(midi)});
}

// The bars of --form, for a piece of the length that is asked for.
std::vector<int> form_bars_of(const GenerateArguments& options, const gruve::MusicInfo& music) {
  constexpr int kMostBars = 4096, kSection = 8;
  const std::string song = "of:";
  if (options.form.empty()) return {};
  if (options.form == "none") return std::vector<int>(kMostBars, 0);
  if (options.form.starts_with(song)) {
    const std::string path = options.form.substr(song.size());
    const gruve::Screening read =
        gruve::screen(gruve::read_midi(path, options.reading.midi).song, options.reading.screening);
    if (!read.accepted()) throw gruve::Error(path, "has no form: " + read.detail);
    return gruve::form_of(read.song);
  }
  const double bar = 4.0 * music.time_signature.numerator / music.time_signature.denominator;  // quarters
  const double bars = options.bars
                          ? *options.bars
                          : options.seconds.value_or(60) / 60 * options.tempo.value_or(music.tempo_bpm) / bar;
  const int section = static_cast<int>(bars / static_cast<double>(options.form.size()) + 0.5);
  return gruve::form_bars(options.form, std::clamp(section, 1, kSection), kMostBars);
}

// Livelier: a sixth faster, and each minute with more notes per second than the pieces have otherwise.
// Calmer: the opposite. A primer keeps its tempo, as does --tempo.
//
// plain  the pieces that the request gives as it is
void change_character(const GenerateArguments& options, const std::vector<RankedPiece>& plain,
                      double model_bpm, gruve::PieceOptions& request, gruve::CorpusRanges& ranges) {
  constexpr double kFaster = 7.0 / 6, kDenser = 1.15, kMost = 1.6;
  std::vector<double> densities;
  for (const RankedPiece& piece : plain) {
    if (piece.piece.song.notes.empty()) continue;
    for (const gruve::WindowMeasures& minute : gruve::measure_song(piece.piece.song).minutes)
      densities.push_back(minute.measures[gruve::Measure::density]);
  }
  const double usual = gruve::percentile(std::move(densities), 0.5);
  gruve::MeasureRange& density = ranges.minutes.values[static_cast<std::size_t>(gruve::Measure::density)];
  density = options.livelier ? gruve::MeasureRange{usual * kDenser, std::max(density.high, usual * kMost)}
                             : gruve::MeasureRange{std::min(density.low, usual / kMost), usual / kDenser};
  if (options.primer.empty() && !options.tempo)
    request.tempo_bpm = model_bpm * (options.livelier ? kFaster : 1 / kFaster);
  request.within = ranges.minutes;
}

// Generates pieces with the library and writes the files of each.
std::vector<Piece> generate_music(const GenerateArguments& options, gruve::PieceOptions request,
                                  const std::vector<gruve::TrainedModel>& models, gruve::Player& player,
                                  gruve::ThreadPool& threads) {
  const std::string name = input_name(options.primer);
  if (!options.primer.empty()) {
    gruve::MidiFile midi = read_midi_input(options.primer, options.reading.midi);
    for (const gruve::Repair& repair : midi.repairs)
      std::fprintf(stderr, "%s, byte %llu: repaired: %s\n", shown(name).c_str(),
                   static_cast<unsigned long long>(repair.byte), shown(repair.what).c_str());
    if (options.reading.sustain) apply_sustain(midi.song);
    // What is heard of it, but read by the model otherwise.
    const gruve::ScreeningOptions rules =
        gruve::screening_for(gruve::AnyMusicEncoder(player.encoder()), options.reading.screening);
    const gruve::NoteChanges changes = gruve::screen(midi.song, rules).changes;
    const auto say = [&](std::uint64_t count, const char* what) {
      if (count > 0)
        std::fprintf(stderr, "%s: %llu notes %s\n", shown(name).c_str(),
                     static_cast<unsigned long long>(count), what);
    };
    say(changes.drums, "of drums are heard, and not read by the model");
    say(changes.out_of_range,
        options.reading.screening.drop_out_of_range
            ? "outside the piano's keys are heard, and not read by the model"
            : "outside the piano's keys are heard, and read by the model in other octaves");
    request.primer = std::move(midi.song);
  }
  const auto* const events = player.encoder().get_if<gruve::EventEncoder>();
  if (!options.form.empty() && (events == nullptr || !events->options().form))
    throw gruve::Error(options.models.front(),
                       "has no tokens for bars that return, which --form needs: its corpus was prepared with "
                       "--no-form or without events");
  request.form = form_bars_of(options, player.music());
  Yardstick yardstick = yardstick_of(options, models.front(), options.models.front(), threads, options.json);
  const bool has_character = options.livelier || options.calmer;
  // Without ranges there is nothing to choose by.
  if (!yardstick.ranges && (options.best_of > 1 || has_character))
    throw gruve::Error(options.models.front(),
                       "keeps no measures of its songs, which --best-of, --livelier and "
                       "--calmer need: give --within a corpus file or a folder");
  if (options.is_within) request.within = yardstick.ranges->minutes;

  // Of several pieces the listener chooses; a single one is chosen here.
  constexpr int kOfOne = 4;
  const int candidates = !yardstick.ranges     ? 1
                         : options.best_of > 0 ? options.best_of
                         : options.count == 1  ? kOfOne
                                               : 1;
  const auto make = [&] {
    return best_of(player.generate_pieces(request, options.count * candidates),
                   static_cast<std::size_t>(options.count), yardstick, models, threads);
  };
  std::vector<RankedPiece> generated = make();
  if (has_character) {
    change_character(options, generated, player.music().tempo_bpm, request, *yardstick.ranges);
    generated = make();
  }
  if (!options.primer.empty() && !options.json) {
    const std::optional<gruve::KeyEstimate>& key = generated.front().piece.key;
    if (key)
      std::fprintf(stderr, "%s: in %s, and so are the new notes (--key free lifts that)\n",
                   shown(name).c_str(), gruve::key_name(*key).c_str());
    else if (options.scale.empty())
      std::fprintf(stderr, "%s: in no clear key, so the new notes may be of any\n", shown(name).c_str());
  }
  std::vector<Piece> pieces(generated.size());
  std::vector<gruve::ReportPiece> of_report(options.report.empty() ? 0 : pieces.size());
  threads.for_each(pieces.size(), [&](std::size_t i) {
    Piece& piece = pieces[i];
    gruve::Piece& made = generated[i].piece;
    gruve::Song& song = made.song;
    std::vector<Token> tokens = made.primer;
    tokens.insert(tokens.end(), made.tokens.begin(), made.tokens.end());
    piece.tokens = made.tokens.size();
    piece.score = generated[i].score;
    piece.why = generated[i].why;
    piece.violations = gruve::count_violations(player.encoder(), std::span<const Token>(tokens));
    piece.notes = song.notes.size();
    piece.seconds = gruve::duration_seconds(song);
    const int number = static_cast<int>(i);
    write_piece(options, song, number, piece);
    if (!of_report.empty())
      of_report[i] = {.title = stem(piece.files.front()),
                      .song = std::move(song),
                      .verdict = piece.score ? std::string(i == 0 ? "the best, " : "") + "score\u00a0" +
                                                   gruve::decimal(piece.score->score, 0)
                                             : "",
                      .facts = facts(options, number, piece)};
  });
  if (!of_report.empty())
    gruve::write_report({.title = stem(options.out),
                         .subtitle = "Generated by gruve",
                         .pieces = std::move(of_report),
                         .settings = settings(options, models),
                         .curve = curve_of(models)},
                        options.report);
  return pieces;
}

// Text, or lines of ids.
std::vector<Piece> generate_text(const GenerateArguments& options, gruve::PieceOptions request,
                                 gruve::Player& player) {
  const auto* chars = player.encoder().get_if<gruve::CharEncoder>();
  if (chars == nullptr && player.encoder().get_if<gruve::IdEncoder>() == nullptr)
    throw gruve::Error(options.models.front(), "has tokens of type \"" +
                                                   std::string(player.encoder().type()) +
                                                   "\", which this program can't decode");
  if (options.seconds || options.bars || options.whole_bars || !options.scale.empty() || options.is_within ||
      options.livelier || options.calmer || options.louder || options.softer || !options.wav.empty() ||
      !options.svg.empty() || !options.report.empty())
    throw gruve::Error(options.models.front(),
                       "is not a model of music: use --tokens, without options for music, sound or pictures");
  std::string text;
  if (!options.primer.empty()) {
    const std::vector<std::byte> bytes = read_bytes(options.primer);
    text.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (chars != nullptr)
      request.primer_tokens = chars->encode(text);
    else
      for (const std::vector<Token>& line :
           gruve::read_ids(std::string_view(text), input_name(options.primer)))
        request.primer_tokens.insert(request.primer_tokens.end(), line.begin(), line.end());
  }
  std::vector<gruve::Piece> generated = player.generate_pieces(request, options.count);
  std::vector<Piece> pieces(generated.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    std::vector<Token> tokens = generated[i].primer;
    tokens.insert(tokens.end(), generated[i].tokens.begin(), generated[i].tokens.end());
    pieces[i].tokens = generated[i].tokens.size();
    pieces[i].files.push_back(numbered(options.out, static_cast<int>(i), options.count));
    const std::string made = chars != nullptr ? chars->decode(tokens) : gruve::ids_to_text(tokens);
    write_output(pieces[i].files.back(), std::as_bytes(std::span(made)));
  }
  return pieces;
}

// How much harder or softer notes are struck, of velocities to 127.
constexpr int kLouder = 20;

void generate(const GenerateArguments& options) {
  std::vector<std::string> inputs = options.models, outputs = {options.report};
  inputs.insert(inputs.end(), {options.style, options.primer, options.within});
  for (const std::string& file : {options.out, options.wav, options.svg})
    for (int i = 0; !file.empty() && i < options.count; ++i)
      outputs.push_back(numbered(file, i, options.count));
  constexpr std::string_view kOf = "of:";
  if (options.form.starts_with(kOf)) inputs.push_back(options.form.substr(kOf.size()));
  require_not_read(outputs, inputs);
  if (options.out == "-" && options.count > 1)
    throw gruve::Error("--out - writes one piece to the standard output, not " +
                       std::to_string(options.count));
  if (!options.wav.empty()) require_sound_format(options.wav);
  const std::vector<gruve::TrainedModel> models = load_models(options.models, options.style);
  const auto first = [&](const std::string& file) {
    return file.empty() || file == "-" ? file : numbered(file, 0, options.count);
  };
  const bool is_music = models.front().encoder.is_music();
  const Outputs reserved({{first(options.out), is_music ? FileKind::midi : FileKind::other},
                          {first(options.wav)},
                          {first(options.svg)},
                          {options.report}},
                         inputs);
  gruve::ThreadPool threads(options.threads);
  gruve::Player player(
      models, {.implementation = &gruve::kernels::active(options.precision), .threads = options.threads});
  const gruve::PieceOptions request = {
      .bars = options.bars,
      .seconds = options.seconds,
      .tokens = options.tokens,
      .whole_bars = options.whole_bars,
      .tempo_bpm = options.tempo,
      .louder = options.louder   ? kLouder
                : options.softer ? -kLouder
                                 : 0,
      .metre = options.metre.empty() ? std::nullopt : std::optional(metre_of(options.metre)),
      .whole_primer = options.whole_primer,
      .keep_key = options.scale != "free",
      .primer_name = input_name(options.primer),
      .primer_screening = options.reading.screening,
      .sampler = options.sampler,
      .controls = controls_of(options),
      .seed = options.seed};
  const std::vector<Piece> pieces = player.encoder().is_music()
                                        ? generate_music(options, request, models, player, threads)
                                        : generate_text(options, request, player);

  // Beside a piece on the standard output the summary would be a part of it.
  std::FILE* const out = options.out == "-" ? stderr : stdout;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    if (options.json) {
      std::vector<std::string> files = piece.files;
      if (!options.report.empty()) files.push_back(options.report);
      nlohmann::ordered_json json = {{"files", files},
                                     {"tokens", piece.tokens},
                                     {"violations", piece.violations},
                                     {"notes", piece.notes},
                                     {"seconds", piece.seconds}};
      if (!piece.synth.empty()) json["synth"] = piece.synth;
      if (piece.score) {
        json["rank"] = i + 1;
        json["score"] = piece.score->score;
        json["nats"] = piece.score->nats;
        json["minutes"] = piece.score->minutes;
        json["minutes_missed"] = piece.score->missed;
        json["why"] = piece.why;
      }
      std::fprintf(out, "%s\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
      continue;
    }
    for (const std::string& file : piece.files) std::fprintf(out, "%s\n", shown(file).c_str());
    if (piece.notes > 0)
      std::fprintf(out, "  %.2f s, %zu notes, %zu tokens, %zu grammar violations\n", piece.seconds,
                   piece.notes, piece.tokens, piece.violations);
    if (!piece.synth.empty()) std::fprintf(out, "  played by %s\n", shown(piece.synth).c_str());
    if (piece.score)
      std::fprintf(out, "  %sscore %.0f of 100: %s\n",
                   i > 0               ? ""
                   : pieces.size() > 1 ? "the best, "
                                       : "",
                   piece.score->score, piece.why.c_str());
  }
  if (!options.report.empty() && !options.json) std::fprintf(out, "%s\n", shown(options.report).c_str());
}

}  // namespace

void add_generate(CLI::App& app) {
  const auto options = std::make_shared<GenerateArguments>();
  CLI::App* command = app.add_subcommand("generate", "Generate new pieces from a model, or from several");
  add_generate_options(*command, *options);
  command->callback([options] {
    if (options->models.empty()) options->models = {kBuiltInModel};
    generate(*options);
  });
}
