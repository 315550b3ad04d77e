#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/hash.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/build_report.hpp"
#include "gruve/corpus/fingerprint.hpp"
#include "gruve/corpus/statistics.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/read_song.hpp"
#include "gruve/tokens/screening.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

namespace gruve::inline v0_1 {

/// The ends of a text's documents, in bytes. A document ends at the first blank line after min_size bytes. A
/// shorter remainder belongs to the document before it; a text without blank lines is one document.
inline std::vector<std::size_t> document_ends(std::string_view text, std::size_t min_size = 2000) {
  std::vector<std::size_t> ends;
  std::size_t begin = 0;
  for (std::size_t line = 0; line < text.size();) {
    const std::size_t next = (std::min)(text.find('\n', line), text.size() - 1) + 1;
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

namespace internal {

/// The result of encoding a file or a document of it.
struct EncodedSource {
  std::vector<Token> tokens = {};  // empty where refused
  std::uint64_t hash = 0;
  std::uint64_t checksum = 0;
  Refusal refusal = {};
  RepairedFile repaired = {};
  SongSketch sketch = {};  // music
  std::string piece = {};  // see BuildOptions::piece_of
  NoteChanges changes = {};
  bool is_performance = false;
  SongStatistics statistics = {};
  double bpm = 0;  // music: mean tempo in quarter notes per minute
  std::vector<std::pair<std::pair<int, int>, double>> metres = {};  // music: quarter notes in each metre
};

/// A song of more tokens is refused. Timesteps repeat what is held: a file of a few hundred bytes can hold 88
/// keys for hours, which is forty million tokens. Three hours of six keys at once are 3.6 million.
inline constexpr std::uint64_t kMostTokensOfSong = 4'000'000;

inline EncodedSource encode_midi(const std::filesystem::path& path, const AnyEncoder& encoder,
                                 const SongOptions& options) {
  EncodedSource result;
  result.refusal.file = internal::utf8(path);
  try {
    MidiFile midi = read_midi(path, options.midi);
    result.repaired = {internal::utf8(path), midi.num_repairs, std::move(midi.repairs)};
    if (result.repaired.repairs.size() > kMaxReportedRepairs)
      result.repaired.repairs.resize(kMaxReportedRepairs);
    result.statistics.add_sounds(midi.song);
    Screening screening = screen(std::move(midi), options);
    result.changes = screening.changes;
    if (!screening.accepted()) {
      result.refusal.rule = screening.rule;
      result.refusal.reason = std::move(screening.detail);
      return result;
    }
    const Song song = std::move(screening.song);
    if (const auto* timesteps = encoder.get_if<TimestepEncoder>()) {
      if (const std::uint64_t size = timesteps->encoded_size(song); size > kMostTokensOfSong) {
        result.refusal.rule = Rule::too_long;
        result.refusal.reason = "the music would take " + std::to_string(size) +
                                " tokens as timesteps, expected at most " + std::to_string(kMostTokensOfSong);
        return result;
      }
    }
    result.is_performance = is_performance(song);
    result.tokens = encoder.encode_song(song);
    result.checksum = content_hash(std::as_bytes(std::span(result.tokens)));
    result.hash = fingerprint(song).value_or(result.checksum);
    result.sketch = SongSketch::of(song);

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
    result.statistics.add(song, result.bpm);
  } catch (const Error& error) {
    result.refusal.byte = error.byte();
    result.refusal.reason = error.reason();
  }
  return result;
}

/// A part of a file: all of a MIDI file, a document of a text, a line of ids.
struct Source {
  std::size_t file = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

inline std::string_view as_text(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

/// The documents of all texts and the encoder of all their characters. Null if there is no character.
inline std::unique_ptr<CharEncoder> read_texts(std::span<const std::filesystem::path> files, ThreadPool& pool,
                                               std::vector<Source>& sources, BuildReport& report) {
  struct Text {
    std::string vocabulary = {};
    std::vector<std::size_t> ends = {};
    Refusal refusal = {};
  };
  std::vector<Text> texts(files.size());
  pool.for_each(files.size(), [&](std::size_t i) {
    texts[i].refusal = {internal::utf8(files[i]), Rule::not_readable, std::nullopt, "the file is empty"};
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

/// The lines of all files of ids and the encoder of all their ids. Null if there is no id.
inline std::unique_ptr<IdEncoder> read_id_files(std::span<const std::filesystem::path> files, int vocab_size,
                                                ThreadPool& pool, std::vector<Source>& sources,
                                                BuildReport& report) {
  struct Ids {
    std::vector<Source> lines = {};
    int vocab_size = 0;
    Refusal refusal = {};
  };
  std::vector<Ids> ids(files.size());
  pool.for_each(files.size(), [&](std::size_t i) {
    ids[i].refusal = {internal::utf8(files[i]), Rule::not_readable, std::nullopt, "the file has no number"};
    try {
      const MappedFile file(files[i]);
      const std::string_view text = as_text(file);
      for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = (std::min)(text.find('\n', begin), text.size() - 1) + 1;
        std::vector<std::vector<Token>> line;
        try {
          line = read_ids(text.substr(begin, end - begin));
        } catch (const Error& error) {
          ids[i].lines.clear();
          ids[i].refusal.byte = begin + error.byte().value_or(0);
          ids[i].refusal.reason = error.reason();
          return;
        }
        if (!line.empty()) {
          ids[i].lines.push_back({i, begin, end});
          ids[i].vocab_size =
              (std::max)(ids[i].vocab_size, *std::max_element(line[0].begin(), line[0].end()) + 1);
        }
        begin = end;
      }
    } catch (const Error& error) {
      ids[i].refusal.reason = error.reason();
    }
  });
  int found = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (vocab_size > 0 && ids[i].vocab_size > vocab_size) {
      ids[i].lines.clear();
      ids[i].refusal.reason = "has the id " + std::to_string(ids[i].vocab_size - 1) +
                              ", which is outside the vocabulary of " + std::to_string(vocab_size);
    }
    ++report.files[static_cast<std::size_t>(ids[i].lines.empty() ? Rule::not_readable : Rule::accepted)];
    if (ids[i].lines.empty()) {
      report.refused.push_back(std::move(ids[i].refusal));
      continue;
    }
    found = (std::max)(found, ids[i].vocab_size);
    sources.insert(sources.end(), ids[i].lines.begin(), ids[i].lines.end());
  }
  if (found == 0) return nullptr;
  return std::make_unique<IdEncoder>(vocab_size > 0 ? vocab_size : found);
}

/// The file that sources are read from, which stays open for those that follow: a file of a million lines is
/// opened once. For any number of threads.
class SourceFile {
 public:
  std::shared_ptr<const MappedFile> open(const std::filesystem::path& path) {
    const std::scoped_lock lock(mutex_);
    if (file_ == nullptr || file_->path() != internal::utf8(path)) file_ = std::make_shared<const MappedFile>(path);
    return file_;
  }

 private:
  std::mutex mutex_ = {};
  std::shared_ptr<const MappedFile> file_ = {};
};

/// Encodes a document of a text, or a line of ids. Throws Error with the file if that is no longer what it
/// was when its sources were found.
inline EncodedSource encode_text(SourceFile& files, const std::filesystem::path& path, const Source& source,
                                 const AnyEncoder& encoder) {
  const std::shared_ptr<const MappedFile> file = files.open(path);
  EncodedSource result;
  try {
    if (file->bytes().size() < source.end) throw Error("it is shorter");
    const std::string_view text = as_text(*file).substr(source.begin, source.end - source.begin);
    if (const auto* ids = encoder.get_if<IdEncoder>()) {
      const std::vector<std::vector<Token>> lines = read_ids(text);
      if (lines.size() != 1) throw Error("a line has become " + std::to_string(lines.size()));
      result.tokens = ids->encode(lines[0]);
    } else {
      result.tokens = encoder.as<CharEncoder>().encode(text);
    }
  } catch (const Error& error) {
    throw Error(internal::utf8(path), source.begin + error.byte().value_or(0),
                "the file was changed while it was being read: " + std::string(error.reason()));
  }
  result.hash = result.checksum = content_hash(std::as_bytes(std::span(result.tokens)));
  return result;
}

}  // namespace internal

}  // namespace gruve::inline v0_1
