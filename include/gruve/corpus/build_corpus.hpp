#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/hash.hpp"
#include "gruve/core/json.hpp"
#include "gruve/core/progress.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/build_report.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/corpus/encoded_source.hpp"
#include "gruve/corpus/fingerprint.hpp"
#include "gruve/corpus/polyphonic_json.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/read_song.hpp"
#include "gruve/tokens/screening.hpp"

namespace gruve::inline v0_1 {

// clang-format off
/// The encoder of a corpus that build_corpus() builds. Corpus::encode() builds corpora of other encoders.
enum class EncoderKind : std::uint8_t {
  timestep,  // TimestepEncoder: MIDI files
  event,     // EventEncoder: MIDI files
  text,      // CharEncoder: text files
  ids,       // IdEncoder: files of numbers, one sequence per line; see read_ids()
};

/// Settings of build_corpus().
struct BuildOptions {
  EncoderKind encoder = EncoderKind::timestep;  // ignored if a corpus is merged: its encoder is used
  TimestepOptions timestep{};                   // of EncoderKind::timestep
  EventOptions event{};                         // of EncoderKind::event
  int vocab_size = 0;                           // of EncoderKind::ids: V, 1 to kMaxVocabSize; 0 for the
                                                // largest id in the files plus 1
  SongOptions song{};                           // of music: how files are read; the grid is the encoder's
  std::optional<Split> split{};                 // that all songs are put in; if empty, see assign_splits()
  std::function<std::string(const std::filesystem::path&)> piece_of{};  // names the piece that a file has a
                                                // version of: versions are put in one split. May return an
                                                // empty text; then, as without it, the contents decide. Called
                                                // by several threads at once
  int threads = 0;                              // 0 for one per hardware thread; does not affect the result
};
// clang-format on

/// The options that encode as an encoder of gruve does, such as a model's; other settings have their
/// defaults. A text is to have the encoder's characters, which come from the text itself.
inline BuildOptions build_options_for(const AnyEncoder& encoder) {
  BuildOptions build;
  if (const auto* timesteps = encoder.get_if<TimestepEncoder>()) {
    build.timestep = timesteps->options();
  } else if (const auto* events = encoder.get_if<EventEncoder>()) {
    build.encoder = EncoderKind::event;
    build.event = events->options();
  } else if (const auto* ids = encoder.get_if<IdEncoder>()) {
    build.encoder = EncoderKind::ids;
    build.vocab_size = ids->vocab_size();
  } else {
    build.encoder = EncoderKind::text;
  }
  return build;
}

/// The files that build_corpus() reads: those in `paths`, and in each folder of `paths` and its subfolders
/// those with the extensions of the kind (.mid .midi .kar .rmi .smf, .txt, or .ids; in any case). Each file
/// is listed once, in the order of the bytes of the paths. Links to files are followed. Links to folders are
/// followed only if they are in `paths`, so that cycles end.
///
/// Throws Error if one of `paths` does not exist or is neither a file nor a folder.
///
/// unreadable  receives the folders that can't be opened, the linked folders that are not entered, and what
/// has
///             the extension but is no file: links to nothing, pipes
inline std::vector<std::filesystem::path> find_sources(std::span<const std::filesystem::path> paths,
                                                       EncoderKind kind, std::vector<Refusal>& unreadable) {
  namespace fs = std::filesystem;
  const auto is_source = [kind](const fs::path& path) {
    std::string extension = internal::utf8(path.extension());
    for (char& c : extension)
      if ('A' <= c && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (kind == EncoderKind::text) return extension == ".txt";
    if (kind == EncoderKind::ids) return extension == ".ids";
    return extension == ".mid" || extension == ".midi" || extension == ".kar" || extension == ".rmi" ||
           extension == ".smf";
  };
  std::map<std::string, fs::path> found;
  std::vector<fs::path> folders;
  std::error_code error;
  for (const fs::path& path : paths) {
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) throw Error(internal::utf8(path), "no such file or folder");
    if (fs::is_directory(status))
      folders.push_back(path);
    else if (fs::is_regular_file(status))
      found.emplace(path.lexically_normal().generic_string(), path);
    else
      throw Error(internal::utf8(path), "neither a file nor a folder");
  }
  while (!folders.empty()) {
    const fs::path folder = std::move(folders.back());
    folders.pop_back();
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      std::error_code ignored;
      const fs::path& path = entry->path();
      if (entry->is_directory(ignored)) {
        if (!entry->is_symlink(ignored))
          folders.push_back(path);
        else
          unreadable.push_back(
              {internal::utf8(path), Rule::not_readable, {}, "a linked folder, which is not entered"});
      } else if (is_source(path)) {
        if (entry->is_regular_file(ignored))
          found.emplace(path.lexically_normal().generic_string(), path);
        else
          unreadable.push_back({internal::utf8(path),
                                Rule::not_readable,
                                {},
                                entry->exists(ignored) ? "not a file" : "a link to nothing"});
      }
    }
    if (error)
      unreadable.push_back(
          {internal::utf8(folder), Rule::not_readable, {}, "cannot list: " + error.message()});
  }
  std::sort(unreadable.begin(), unreadable.end(),
            [](const Refusal& a, const Refusal& b) { return a.file < b.file; });
  std::vector<fs::path> sources;
  sources.reserve(found.size());
  for (auto& [name, path] : found) sources.push_back(std::move(path));
  return sources;
}

namespace internal {

[[noreturn]] inline void fail_without_songs(std::span<const std::filesystem::path> paths,
                                            const BuildOptions& options, const BuildReport& report) {
  std::string names;
  for (const auto& path : paths) names += (names.empty() ? "" : ", ") + internal::utf8(path);
  if (report.num_files() == 0)
    throw Error(names, options.encoder == EncoderKind::text ? "holds no text file (.txt)"
                       : options.encoder == EncoderKind::ids
                           ? "holds no file of ids (.ids)"
                           : "holds no MIDI file (.mid, .midi, .kar, .rmi or .smf)");
  if (report.num_files() == 1) {
    const Refusal& only = report.refused.front();
    if (only.byte) throw Error(only.file, *only.byte, only.reason);
    throw Error(only.file, only.reason);
  }
  const auto main = std::max_element(report.files.begin(), report.files.end());
  const auto rule = static_cast<Rule>(main - report.files.begin());
  const auto first = std::find_if(report.refused.begin(), report.refused.end(),
                                  [&](const Refusal& refusal) { return refusal.rule == rule; });
  throw Error(names, "none of " + std::to_string(report.num_files()) + " files can be used, " +
                         std::to_string(*main) + " for the reason \"" + std::string(rule_name(rule)) +
                         "\", the first being " + first->file + ": " + first->reason);
}

/// The median tempo and the most common metre of a corpus's songs.
class Consensus {
 public:
  void add(double bpm, const std::vector<std::pair<std::pair<int, int>, double>>& metres) {
    tempos_.push_back(bpm);
    for (const auto& [metre, quarters] : metres) metres_[metre] += quarters;
  }

  /// Adds a corpus: each of its songs with the corpus's tempo and 200 quarter notes in the corpus's metre.
  void add(const Corpus& corpus) {
    if (!corpus.info().music) return;
    tempos_.insert(tempos_.end(), corpus.num_songs(), corpus.info().music->tempo_bpm);
    const TimeSignature& metre = corpus.info().music->time_signature;
    metres_[{metre.numerator, metre.denominator}] += 200.0 * static_cast<double>(corpus.num_songs());
  }

  void put_into(CorpusInfo& info) {
    if (tempos_.empty()) return;
    const auto middle = tempos_.begin() + static_cast<std::ptrdiff_t>((tempos_.size() - 1) / 2);
    std::nth_element(tempos_.begin(), middle, tempos_.end());
    info.music.emplace().tempo_bpm = *middle;
    // Some files have 1/4 in place of no metre: it is used only if there is no other.
    const auto most = std::max_element(metres_.begin(), metres_.end(), [](const auto& a, const auto& b) {
      return std::pair(a.first.first > 1, a.second) < std::pair(b.first.first > 1, b.second);
    });
    info.music->time_signature = {
        .tick = 0, .numerator = most->first.first, .denominator = most->first.second};
  }

 private:
  std::vector<double> tempos_ = {};
  std::map<std::pair<int, int>, double> metres_ = {};
};

/// Removes the corpora from the paths and opens them. Throws Error if two have different encoders.
inline std::vector<Corpus> take_corpora(std::vector<std::filesystem::path>& paths) {
  std::vector<Corpus> corpora;
  std::erase_if(paths, [&](const std::filesystem::path& path) {
    if (!is_corpus(path)) return false;
    corpora.emplace_back(path);
    if (!(corpora.back().encoder() == corpora.front().encoder()))
      throw Error(internal::utf8(path),
                  "can't be merged with " + corpora.front().file() + ", which has a different encoder");
    return true;
  });
  return corpora;
}

/// Throws Error unless the corpus's encoder has all characters of the texts.
inline void require_characters_of(const CharEncoder& texts, const Corpus& corpus) {
  const auto* known = corpus.encoder().get_if<CharEncoder>();
  for (const char c : texts.vocabulary())
    if (known == nullptr || known->vocabulary().find(c) == std::string::npos)
      throw Error(corpus.file(), "has no token for the character " +
                                     std::to_string(static_cast<unsigned char>(c)) +
                                     ", which is in the texts to be added");
}

/// Throws Error unless the corpus's vocabulary has all ids.
inline void require_ids_of(const IdEncoder& ids, const Corpus& corpus) {
  if (corpus.vocab_size() < ids.vocab_size())
    throw Error(corpus.file(), "has no token for the id " + std::to_string(ids.vocab_size() - 1) +
                                   ", which is in the files to be added");
}

inline EncoderKind kind_of(const AnyEncoder& encoder) noexcept {
  return encoder.get_if<CharEncoder>() != nullptr    ? EncoderKind::text
         : encoder.get_if<IdEncoder>() != nullptr    ? EncoderKind::ids
         : encoder.get_if<EventEncoder>() != nullptr ? EncoderKind::event
                                                     : EncoderKind::timestep;
}

template <class Sink>
BuildReport build_into(Sink& sink, std::span<const std::filesystem::path> paths, const BuildOptions& options,
                       const ProgressCallback& progress) {
  const auto began = std::chrono::steady_clock::now();
  BuildReport report;
  std::vector<std::filesystem::path> other_paths(paths.begin(), paths.end());
  const std::vector<Corpus> corpora = take_corpora(other_paths);
  const EncoderKind kind = corpora.empty() ? options.encoder : kind_of(corpora[0].encoder());
  const bool is_music = kind == EncoderKind::timestep || kind == EncoderKind::event;
  const std::vector<std::filesystem::path> files = find_sources(other_paths, kind, report.refused);
  report.files[static_cast<std::size_t>(Rule::not_readable)] = report.refused.size();

  ThreadPool pool(options.threads);
  CorpusInfo info;
  std::vector<Source> sources;
  if (kind == EncoderKind::ids) {
    if (const auto encoder = read_id_files(files, options.vocab_size, pool, sources, report)) {
      if (!corpora.empty()) require_ids_of(*encoder, corpora[0]);
      info.encoder = *encoder;
    }
  } else if (kind == EncoderKind::text) {
    if (const auto encoder = read_texts(files, pool, sources, report)) {
      if (!corpora.empty()) require_characters_of(*encoder, corpora[0]);
      info.encoder = *encoder;
    }
  } else {
    if (kind == EncoderKind::event)
      info.encoder = EventEncoder(options.event);
    else
      info.encoder = TimestepEncoder(options.timestep);
    for (std::size_t i = 0; i < files.size(); ++i) sources.push_back({.file = i});
  }
  if (!corpora.empty()) info.encoder = corpora[0].encoder();
  SongOptions reading = options.song;
  if (info.encoder.is_music())
    reading.screening = screening_for(AnyMusicEncoder(info.encoder), reading.screening);

  CorpusWriter writer(sink);
  Consensus consensus;
  NearCopies near_copies;
  std::map<std::string, std::uint64_t> pieces;  // the hash of each that has a name
  // Versions of a piece and near copies have the hash of the first of them, so that they are of one split.
  const auto add_song = [&](std::span<const Token> tokens, std::uint64_t hash, std::uint64_t checksum,
                            const SongSketch& sketch, const std::string& piece) {
    const std::size_t first = near_copies.add(sketch);
    if (first < writer.songs().size())
      hash = writer.songs()[first].hash;
    else if (!piece.empty())
      hash = content_hash(std::as_bytes(std::span(piece)));
    if (!piece.empty()) hash = pieces.emplace(piece, hash).first->second;
    writer.add(tokens, hash, checksum);
  };
  for (const Corpus& corpus : corpora) {
    for (std::size_t i = 0; i < corpus.num_songs(); ++i) {
      corpus.check_tokens(i);
      const CorpusSong& song = corpus.song(i);
      add_song(song.tokens, song.hash, song.checksum,
               is_music ? SongSketch::of(corpus.encoder().decode_song(song.tokens)) : SongSketch(), "");
    }
    report.merged_songs += corpus.num_songs();
    consensus.add(corpus);
  }
  const auto take = [&](EncodedSource& encoded) {
    const bool is_accepted = !encoded.tokens.empty();
    if (is_music)
      ++report.files[static_cast<std::size_t>(is_accepted ? Rule::accepted : encoded.refusal.rule)];
    if (encoded.repaired.count > 0) report.repaired.push_back(std::move(encoded.repaired));
    if (!is_accepted) {
      report.refused.push_back(std::move(encoded.refusal));
      return;
    }
    report.changes += encoded.changes;
    report.changed_songs.drums += encoded.changes.drums > 0;
    report.changed_songs.out_of_range += encoded.changes.out_of_range > 0;
    report.changed_songs.too_short += encoded.changes.too_short > 0;
    report.changed_songs.notes += encoded.changes.notes > 0;
    report.performances += encoded.is_performance;
    add_song(encoded.tokens, encoded.hash, encoded.checksum, encoded.sketch, encoded.piece);
    if (!is_music) return;
    consensus.add(encoded.bpm, encoded.metres);
    report.statistics.add(encoded.statistics);
  };
  SourceFile text;
  const auto encode = [&](const Source& source) {
    EncodedSource encoded = is_music ? encode_midi(files[source.file], info.encoder, reading)
                                     : encode_text(text, files[source.file], source, info.encoder);
    if (options.piece_of) encoded.piece = options.piece_of(files[source.file]);
    return encoded;
  };
  // All threads encode a batch of files while one of them writes the previous batch in order. So memory holds
  // only two batches, and the file does not depend on the threads' timing.
  const std::size_t batch_size = 4 * static_cast<std::size_t>(pool.size());
  std::vector<EncodedSource> batch, before;
  for (std::size_t done = 0; done < sources.size() || !before.empty();) {
    batch.clear();
    batch.resize((std::min)(batch_size, sources.size() - done));
    pool.for_each(batch.size() + 1, [&](std::size_t i) {
      if (i == 0)
        for (EncodedSource& encoded : before) take(encoded);
      else
        batch[i - 1] = encode(sources[done + i - 1]);
    });
    done += batch.size();
    before.swap(batch);
    if (progress && !before.empty()) progress({.done = done, .total = sources.size(), .message = ""});
  }
  report.songs = writer.songs().size();
  if (report.songs == 0) fail_without_songs(paths, options, report);
  std::set<std::uint64_t> distinct;
  for (const CorpusSong& song : writer.songs()) distinct.insert(song.hash);
  report.duplicates = report.songs - distinct.size();

  consensus.put_into(info);
  // The corpus has only those parts of the report that depend on the files' contents alone.
  nlohmann::json all = to_json(report), kept = nlohmann::json::object();
  for (const auto& [name, value] : all.items())
    if (name != "refused" && name != "repaired" && name != "seconds" && name != "splits")
      kept[name] = std::move(value);
  const internal::JsonTree left(std::move(all));
  info.report = internal::text_of(std::move(kept));
  writer.finish(info,
                options.split ? std::vector<Split>(report.songs, *options.split) : std::vector<Split>());
  for (std::size_t i = 0; i < report.songs; ++i) {
    const auto split = static_cast<std::size_t>(writer.songs()[i].split);
    ++report.songs_of_split[split];
    report.tokens_of_split[split] += writer.lengths()[i];
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return report;
}

}  // namespace internal

/// Builds a corpus file from files and folders (see find_sources()). Returns a report on each file. A corpus
/// file among the paths is merged: its songs come first, unchanged, and the other files are encoded with its
/// encoder. So files are added to a corpus by passing it both in `paths` and as `out`.
///
/// Music: every file that screen() accepts is a song, with the changes that it makes. Text: the vocabulary is
/// all characters of all files, and each file is cut into documents at blank lines (see document_ends()), so
/// that even a single long file gives a train and a valid split.
///
/// The bytes of the corpus depend on the paths, the files' contents and the options, not on the number of
/// threads or the order in which the system lists a folder.
///
/// Memory: the tokens of eight files per thread, at most 4 million each as timesteps (a song of more is
/// refused as too long), and some 100 bytes per file.
///
/// Throws Error if a path does not exist, if no file can be used (with the number of files and the main
/// reason), or if `out` can't be written.
///
/// out       replaced at the end; a build that fails does not change it
/// progress  called after each batch with the number of files (documents of text) done
inline BuildReport build_corpus(std::span<const std::filesystem::path> paths,
                                const std::filesystem::path& out, const BuildOptions& options = {},
                                const ProgressCallback& progress = {}) {
  AtomicFile file(out);
  BuildReport report = internal::build_into(file, paths, options, progress);
  file.commit();
  return report;
}

/// Builds a corpus in memory; otherwise as build_corpus().
inline std::pair<Corpus, BuildReport> build_corpus_in_memory(std::span<const std::filesystem::path> paths,
                                                             const BuildOptions& options = {},
                                                             const ProgressCallback& progress = {}) {
  internal::MemorySink sink;
  BuildReport report = internal::build_into(sink, paths, options, progress);
  return {Corpus::from_bytes(std::move(sink.bytes)), std::move(report)};
}

/// Opens or builds a corpus from one path: maps a corpus file, reads a polyphonic data set in JSON, or
/// encodes a folder or a file of music, text or ids in memory with the options. Throws Error as
/// build_corpus_in_memory() does.
///
///   const Corpus corpus = build_corpus("my-midi-folder", {.encoder = EncoderKind::event});
///
/// report  receives the report if files are encoded; may be null
inline Corpus build_corpus(const std::filesystem::path& path, const BuildOptions& options = {},
                           const ProgressCallback& progress = {}, BuildReport* report = nullptr) {
  if (is_corpus(path)) return Corpus(path);
  if (is_polyphonic_json(path)) return read_polyphonic_json(path, options.timestep.steps_per_quarter);
  auto [corpus, built] = build_corpus_in_memory(std::span(&path, 1), options, progress);
  if (report != nullptr) *report = std::move(built);
  return std::move(corpus);
}

}  // namespace gruve::inline v0_1
