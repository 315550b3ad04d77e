#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/once.hpp"
#include "gruve/core/progress.hpp"
#include "gruve/corpus/build_report.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/read_song.hpp"

namespace gruve::inline v0_2 {

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
GRUVE_ONCE BuildOptions build_options_for(const AnyEncoder& encoder);

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
GRUVE_ONCE std::vector<std::filesystem::path> find_sources(std::span<const std::filesystem::path> paths,
                                                           EncoderKind kind,
                                                           std::vector<Refusal>& unreadable);

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
GRUVE_ONCE BuildReport build_corpus(std::span<const std::filesystem::path> paths,
                                    const std::filesystem::path& out, const BuildOptions& options = {},
                                    const ProgressCallback& progress = {});

/// Builds a corpus in memory; otherwise as build_corpus().
GRUVE_ONCE std::pair<Corpus, BuildReport> build_corpus_in_memory(std::span<const std::filesystem::path> paths,
                                                                 const BuildOptions& options = {},
                                                                 const ProgressCallback& progress = {});

/// Opens or builds a corpus from one path: maps a corpus file, reads a polyphonic data set in JSON, or
/// encodes a folder or a file of music, text or ids in memory with the options. Throws Error as
/// build_corpus_in_memory() does.
///
///   const Corpus corpus = build_corpus("my-midi-folder", {.encoder = EncoderKind::event});
///
/// report  receives the report if files are encoded; may be null
GRUVE_ONCE Corpus build_corpus(const std::filesystem::path& path, const BuildOptions& options = {},
                               const ProgressCallback& progress = {}, BuildReport* report = nullptr);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/corpus/build_corpus.inc"
#endif
