#pragma once

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

#include "gruve/core/mapped_file.hpp"
#include "gruve/core/once.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/build_report.hpp"
#include "gruve/corpus/fingerprint.hpp"
#include "gruve/corpus/statistics.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/read_song.hpp"
#include "gruve/tokens/screening.hpp"

namespace gruve::inline v0_2 {

/// The ends of a text's documents, in bytes. A document ends at the first blank line after min_size bytes. A
/// shorter remainder belongs to the document before it; a text without blank lines is one document.
GRUVE_ONCE std::vector<std::size_t> document_ends(std::string_view text, std::size_t min_size = 2000);

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

GRUVE_ONCE EncodedSource encode_midi(const std::filesystem::path& path, const AnyEncoder& encoder,
                                     const SongOptions& options);

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
GRUVE_ONCE std::unique_ptr<CharEncoder> read_texts(std::span<const std::filesystem::path> files,
                                                   ThreadPool& pool, std::vector<Source>& sources,
                                                   BuildReport& report);

/// The lines of all files of ids and the encoder of all their ids. Null if there is no id.
GRUVE_ONCE std::unique_ptr<IdEncoder> read_id_files(std::span<const std::filesystem::path> files,
                                                    int vocab_size, ThreadPool& pool,
                                                    std::vector<Source>& sources, BuildReport& report);

/// The file that sources are read from, which stays open for those that follow: a file of a million lines is
/// opened once. For any number of threads.
class SourceFile {
 public:
  std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);

 private:
  std::mutex mutex_ = {};
  std::shared_ptr<const MappedFile> file_ = {};
};

/// Encodes a document of a text, or a line of ids. Throws Error with the file if that is no longer what it
/// was when its sources were found.
GRUVE_ONCE EncodedSource encode_text(SourceFile& files, const std::filesystem::path& path,
                                     const Source& source, const AnyEncoder& encoder);

}  // namespace internal

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/corpus/encoded_source.inc"
#endif
