#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/core/progress.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/screening.hpp"

namespace gruve {

/// What a corpus is built of: MIDI files for a TimestepEncoder, or text files for a CharEncoder.
enum class EncoderKind : std::uint8_t { timestep, text };

struct BuildOptions {
  EncoderKind encoder = EncoderKind::timestep;
  TimestepOptions timestep{};
  ScreeningOptions screening{};  // its steps_per_quarter is taken from timestep
  int threads = 0;               // 0: as many as the machine has; the corpus is the same for any number
};

/// A file that is not in the corpus, and why.
struct Refusal {
  std::string file{};
  Rule rule = Rule::not_readable;
  std::optional<std::uint64_t> byte{};  // at which an unreadable file fails, where it is known
  std::string reason{};
};

struct BuildReport {
  std::array<std::uint64_t, kNumRules> files{};  // how many came under each Rule
  std::vector<Refusal> refused;                  // folders that can't be listed, then files in order
  std::uint64_t songs = 0;                       // in the corpus: accepted files, or documents of text
  std::uint64_t duplicates = 0;                  // of them, those equal in tokens to an earlier one
  std::array<std::uint64_t, kNumSplits> songs_of_split{};
  std::array<std::uint64_t, kNumSplits> tokens_of_split{};
  double seconds = 0;  // that the build took

  std::uint64_t num_files() const noexcept {
    std::uint64_t count = 0;
    for (const std::uint64_t n : files) count += n;
    return count;
  }
};

/// {"files", "songs", "duplicates", "splits", "rules", "refused", "seconds"}; a file name that is not UTF-8
/// makes dump() throw unless it is told otherwise.
inline nlohmann::json to_json(const BuildReport& report) {
  nlohmann::json json = {{"files", report.num_files()},        {"songs", report.songs},
                         {"duplicates", report.duplicates},    {"rules", nlohmann::json::object()},
                         {"splits", nlohmann::json::object()}, {"refused", nlohmann::json::array()},
                         {"seconds", report.seconds}};
  for (std::size_t i = 0; i < kNumRules; ++i)
    json["rules"][std::string(rule_name(static_cast<Rule>(i)))] = report.files[i];
  for (std::size_t i = 0; i < kNumSplits; ++i)
    json["splits"][std::string(split_name(static_cast<Split>(i)))] = {{"songs", report.songs_of_split[i]},
                                                                      {"tokens", report.tokens_of_split[i]}};
  for (const Refusal& refusal : report.refused) {
    nlohmann::json byte;
    if (refusal.byte) byte = *refusal.byte;
    json["refused"].push_back({{"file", refusal.file},
                               {"rule", rule_name(refusal.rule)},
                               {"byte", std::move(byte)},
                               {"reason", refusal.reason}});
  }
  return json;
}

/// Where the documents of a text end: at the first blank line after min_size characters, again and again. A
/// rest that is shorter belongs to the document before it; a text without blank lines is one document.
inline std::vector<std::size_t> document_ends(std::string_view text, std::size_t min_size = 2000) {
  std::vector<std::size_t> ends;
  std::size_t begin = 0;
  for (std::size_t line = 0; line < text.size();) {
    const std::size_t next = std::min(text.find('\n', line), text.size() - 1) + 1;
    const bool is_blank =
        text.substr(line, next - line).find_first_not_of(" \t\r\n") == std::string_view::npos;
    if (is_blank && next - begin >= min_size) {
      ends.push_back(next);
      begin = next;
    }
    line = next;
  }
  if (begin == text.size()) return ends;
  if (ends.empty() || text.size() - begin >= min_size)
    ends.push_back(text.size());
  else
    ends.back() = text.size();
  return ends;
}

/// The files that build_corpus() would read: those named, and in each folder and its subfolders the ones with
/// the kind's extensions (.mid .midi .kar, or .txt; in capitals too). Ordered by the bytes of their paths,
/// each once. A link to a file is followed, a link to a folder only where it is named, so that a circle ends.
///
/// unreadable  gets the folders that can't be opened
/// Throws Error where a named path does not exist or is neither file nor folder.
inline std::vector<std::filesystem::path> find_sources(std::span<const std::filesystem::path> paths,
                                                       EncoderKind kind, std::vector<Refusal>& unreadable) {
  namespace fs = std::filesystem;
  const auto is_source = [kind](const fs::path& path) {
    std::string extension = path.extension().string();
    for (char& c : extension)
      if ('A' <= c && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (kind == EncoderKind::text) return extension == ".txt";
    return extension == ".mid" || extension == ".midi" || extension == ".kar";
  };
  std::map<std::string, fs::path> found;
  std::vector<fs::path> folders;
  std::error_code error;
  for (const fs::path& path : paths) {
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) throw Error(path.string(), "no such file or folder");
    if (fs::is_directory(status))
      folders.push_back(path);
    else if (fs::is_regular_file(status))
      found.emplace(path.lexically_normal().generic_string(), path);
    else
      throw Error(path.string(), "neither a file nor a folder");
  }
  while (!folders.empty()) {
    const fs::path folder = std::move(folders.back());
    folders.pop_back();
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      std::error_code ignored;
      const fs::path& path = entry->path();
      if (entry->is_directory(ignored)) {
        if (!entry->is_symlink(ignored)) folders.push_back(path);
      } else if (is_source(path) && entry->is_regular_file(ignored)) {
        found.emplace(path.lexically_normal().generic_string(), path);
      }
    }
    if (error)
      unreadable.push_back({folder.string(), Rule::not_readable, {}, "cannot list: " + error.message()});
  }
  std::vector<fs::path> sources;
  sources.reserve(found.size());
  for (auto& [name, path] : found) sources.push_back(std::move(path));
  return sources;
}

namespace internal {

/// A file or one document of it, as it comes out of a thread.
struct EncodedSource {
  std::vector<Token> tokens;  // empty where refused
  Refusal refusal;
  double bpm = 0;  // music: quarter notes per minute of playing
  std::vector<std::pair<std::pair<int, int>, double>> metres = {};  // music: quarter notes in each metre
};

inline EncodedSource encode_midi(const std::filesystem::path& path, const TimestepEncoder& encoder,
                                 const ScreeningOptions& screening) {
  EncodedSource result;
  result.refusal.file = path.string();
  try {
    const Song song = read_midi(path).song;
    if (Screening verdict = screen(song, screening); !verdict.accepted()) {
      result.refusal.rule = verdict.rule;
      result.refusal.reason = std::move(verdict.detail);
      return result;
    }
    result.tokens = encoder.encode(screened(song, screening));

    const auto quarters = [&](std::int64_t ticks) {
      return static_cast<double>(ticks) / static_cast<double>(song.ticks_per_quarter);
    };
    result.bpm = std::clamp(60 * quarters(song.length) / duration_seconds(song), 4.0, 60e6);
    TimeSignature metre;
    for (const TimeSignature& change : song.time_signatures) {
      result.metres.push_back({{metre.numerator, metre.denominator}, quarters(change.tick - metre.tick)});
      metre = change;
    }
    result.metres.push_back({{metre.numerator, metre.denominator}, quarters(song.length - metre.tick)});
  } catch (const Error& error) {
    result.refusal.byte = error.byte();
    result.refusal.reason = error.reason();
  }
  return result;
}

/// Some of a file's bytes: all of a MIDI file, a document of a text.
struct Source {
  std::size_t file = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

inline std::string_view as_text(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

/// The documents of all texts and the encoder of all their characters. Null where there is no character.
inline std::unique_ptr<CharEncoder> read_texts(std::span<const std::filesystem::path> files, ThreadPool& pool,
                                               std::vector<Source>& sources, BuildReport& report) {
  struct Text {
    std::string vocabulary;
    std::vector<std::size_t> ends;
    Refusal refusal;
  };
  std::vector<Text> texts(files.size());
  pool.for_each(files.size(), [&](std::size_t i) {
    texts[i].refusal = {files[i].string(), Rule::not_readable, std::nullopt, "the file is empty"};
    try {
      const MappedFile file(files[i]);
      if (file.bytes().empty()) return;
      texts[i].ends = document_ends(as_text(file));
      texts[i].vocabulary = CharEncoder::from_text(as_text(file)).vocabulary();
    } catch (const Error& error) {
      texts[i].refusal.reason = error.reason();
    }
  });
  std::string characters;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    characters += texts[i].vocabulary;
    ++report.files[static_cast<std::size_t>(texts[i].ends.empty() ? Rule::not_readable : Rule::accepted)];
    if (texts[i].ends.empty()) report.refused.push_back(std::move(texts[i].refusal));
    std::size_t begin = 0;
    for (const std::size_t end : texts[i].ends) sources.push_back({i, std::exchange(begin, end), end});
  }
  if (characters.empty()) return nullptr;
  return std::make_unique<CharEncoder>(CharEncoder::from_text(characters));
}

inline EncodedSource encode_text(const std::filesystem::path& path, const Source& source,
                                 const CharEncoder& encoder) {
  const MappedFile file(path);
  if (file.bytes().size() < source.end)
    throw Error(path.string(), "the file became shorter while it was read");
  EncodedSource result;
  result.tokens = encoder.encode(as_text(file).substr(source.begin, source.end - source.begin));
  return result;
}

[[noreturn]] inline void fail_without_songs(std::span<const std::filesystem::path> paths,
                                            const BuildOptions& options, const BuildReport& report) {
  std::string names;
  for (const auto& path : paths) names += (names.empty() ? "" : ", ") + path.string();
  if (report.num_files() == 0)
    throw Error(names, options.encoder == EncoderKind::text ? "holds no text file (.txt)"
                                                            : "holds no MIDI file (.mid, .midi or .kar)");
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

template <class Sink>
BuildReport build_into(Sink& sink, std::span<const std::filesystem::path> paths, const BuildOptions& options,
                       const ProgressCallback& progress) {
  const auto began = std::chrono::steady_clock::now();
  BuildReport report;
  const std::vector<std::filesystem::path> files = find_sources(paths, options.encoder, report.refused);
  report.files[static_cast<std::size_t>(Rule::not_readable)] = report.refused.size();

  ThreadPool pool(options.threads);
  CorpusInfo info;
  std::vector<Source> sources;
  const bool is_text = options.encoder == EncoderKind::text;
  ScreeningOptions screening = options.screening;
  screening.steps_per_quarter = options.timestep.steps_per_quarter;
  if (is_text) {
    if (const auto encoder = read_texts(files, pool, sources, report)) info.encoder = *encoder;
  } else {
    info.encoder = TimestepEncoder(options.timestep);
    for (std::size_t i = 0; i < files.size(); ++i) sources.push_back({.file = i});
  }

  CorpusWriter writer(sink);
  std::vector<double> tempos;
  std::map<std::pair<int, int>, double> metres;
  // A batch at a time is encoded by all threads, then written in order: memory holds a batch, whatever there
  // is to read, and no thread's haste shows in the file.
  std::vector<EncodedSource> batch(4 * static_cast<std::size_t>(pool.size()));
  for (std::size_t done = 0; done < sources.size();) {
    const std::size_t count = std::min(batch.size(), sources.size() - done);
    pool.for_each(count, [&](std::size_t i) {
      const Source& source = sources[done + i];
      batch[i] = is_text
                     ? encode_text(files[source.file], source, std::get<CharEncoder>(info.encoder))
                     : encode_midi(files[source.file], std::get<TimestepEncoder>(info.encoder), screening);
    });
    for (std::size_t i = 0; i < count; ++i) {
      EncodedSource& encoded = batch[i];
      const bool is_accepted = !encoded.tokens.empty();
      if (!is_text)
        ++report.files[static_cast<std::size_t>(is_accepted ? Rule::accepted : encoded.refusal.rule)];
      if (!is_accepted) {
        report.refused.push_back(std::move(encoded.refusal));
        continue;
      }
      writer.add(encoded.tokens);
      if (!is_text) tempos.push_back(encoded.bpm);
      for (const auto& [metre, quarters] : encoded.metres) metres[metre] += quarters;
    }
    done += count;
    if (progress) progress({.done = done, .total = sources.size(), .message = ""});
  }
  report.songs = writer.songs().size();
  if (report.songs == 0) fail_without_songs(paths, options, report);
  std::set<std::uint64_t> distinct;
  for (const CorpusSong& song : writer.songs()) distinct.insert(song.hash);
  report.duplicates = report.songs - distinct.size();

  if (!tempos.empty()) {
    const auto middle = tempos.begin() + static_cast<std::ptrdiff_t>((tempos.size() - 1) / 2);
    std::nth_element(tempos.begin(), middle, tempos.end());
    info.tempo_bpm = *middle;
    // Some files put 1/4 where no metre is meant: it counts only where there is no other.
    const auto most = std::max_element(metres.begin(), metres.end(), [](const auto& a, const auto& b) {
      return std::pair(a.first.first > 1, a.second) < std::pair(b.first.first > 1, b.second);
    });
    info.time_signature = {.tick = 0, .numerator = most->first.first, .denominator = most->first.second};
  }
  // Only what depends on the files' contents stands in the corpus, so that its bytes do too.
  info.report = to_json(report);
  for (const char* name : {"refused", "seconds", "splits"}) info.report.erase(name);
  writer.finish(info);
  for (std::size_t i = 0; i < report.songs; ++i) {
    const auto split = static_cast<std::size_t>(writer.songs()[i].split);
    ++report.songs_of_split[split];
    report.tokens_of_split[split] += writer.lengths()[i];
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return report;
}

}  // namespace internal

/// Builds a corpus file from files and folders (see find_sources) and reports what became of each.
///
/// Music: every file that screen() accepts is a song. Text: the vocabulary is all characters of all files,
/// and a file is cut into documents at blank lines (see document_ends), so that a single long file has a
/// train and a valid too.
///
/// out       replaced only when all is done; a build that fails leaves what stood there
/// progress  called after each batch with the number of files (documents of text) done
///
/// The file's bytes depend on the paths, their files' contents and the options, never on threads or the order
/// in which a system lists a folder. Memory holds the tokens of four files a thread, each at most 89 *
/// kMaxTimesteps whatever it claims, beside some 100 bytes a file.
///
/// Throws Error where a path does not exist, no file can be used (how many there were, and the main reason),
/// or out can't be written.
inline BuildReport build_corpus(std::span<const std::filesystem::path> paths,
                                const std::filesystem::path& out, const BuildOptions& options = {},
                                const ProgressCallback& progress = {}) {
  AtomicFile file(out);
  BuildReport report = internal::build_into(file, paths, options, progress);
  file.commit();
  return report;
}

/// As build_corpus, with the corpus in memory.
inline std::pair<Corpus, BuildReport> build_corpus_in_memory(std::span<const std::filesystem::path> paths,
                                                             const BuildOptions& options = {},
                                                             const ProgressCallback& progress = {}) {
  internal::MemorySink sink;
  BuildReport report = internal::build_into(sink, paths, options, progress);
  return {Corpus::from_bytes(std::move(sink.bytes)), std::move(report)};
}

}  // namespace gruve
