#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/hash.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/core/once.hpp"
#include "gruve/midi/music_info.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/encoder_json.hpp"

namespace gruve::inline v0_2 {

// clang-format off
/// The split that a song belongs to.
enum class Split : std::uint8_t {
  train,  // learnt from
  valid,  // measured during training
  test,   // measured once, after training
};
// clang-format on

/// The number of splits.
inline constexpr int kNumSplits = 3;

/// The name of a split in files and options: "train", "valid" or "test".
constexpr std::string_view split_name(Split split) noexcept {
  constexpr std::string_view kNames[kNumSplits] = {"train", "valid", "test"};
  return kNames[static_cast<int>(split)];
}

/// The split with a name; empty if there is none.
constexpr std::optional<Split> split_from_name(std::string_view name) noexcept {
  for (const Split split : {Split::train, Split::valid, Split::test})
    if (name == split_name(split)) return split;
  return std::nullopt;
}

/// What is common to all songs of a corpus.
struct CorpusInfo {
  AnyEncoder encoder{};              // that produced the tokens
  std::optional<MusicInfo> music{};  // of a corpus of music; if empty, the defaults of MusicInfo
  std::string report{};              // accepted and refused songs with reasons, as JSON; may be empty
  std::string measures{};            // ranges of the songs' measures as JSON: see corpus_ranges(); may be
                                     // empty
};

/// One song of a corpus, or one document of text.
struct CorpusSong {
  std::span<const Token> tokens{};  // at least one
  std::uint64_t hash = 0;           // equal for duplicates: see fingerprint()
  std::uint64_t checksum = 0;       // content_hash of the tokens' bytes
  Split split = Split::train;       // that the song belongs to
};

/// Assigns each song to a split by its hash: 8 of 10 hashes to train, 1 to valid, 1 to test. The split of a
/// song does not depend on the other songs, except where it is a near copy of one, whose split it has.
///
/// A small corpus is the exception. If train would be empty, and then if valid would be, the song with the
/// lowest hash moves there with its duplicates: from test or, if test is empty, from the other of the two;
/// but never the only song of train. So two different songs give a train and a valid split.
GRUVE_ONCE void assign_splits(std::span<CorpusSong> songs);

namespace internal {

// The corpus file, little-endian. Tokens come before what is only known at the end, so that the file can be
// written sequentially.
//
//   byte 0    "GRUVECRP"
//        8    version          u32, 2
//        12   bytes of JSON    u32
//        16   tokens in all    u64
//        24   songs            u64
//        32   checksum         u64, content_hash of the bytes before it, xor that of the songs and the JSON
//        40   tokens           u16 each, song after song, then zeros to a multiple of 8 bytes
//             songs            {tokens u64, hash u64, checksum u64, split u8, zero u8[7]} each
//             JSON             {"encoder", "report"} and of music "tempo_bpm", "time_signature",
//                              "tempos", "tempo_change", "metres" and "measures"
struct CorpusHead {
  char magic[8] = {'G', 'R', 'U', 'V', 'E', 'C', 'R', 'P'};
  std::uint32_t version = 2;
  std::uint32_t json_size = 0;
  std::uint64_t num_tokens = 0;
  std::uint64_t num_songs = 0;
  std::uint64_t checksum = 0;
};
static_assert(sizeof(CorpusHead) == 40);

/// The checksum of a head and of what follows the tokens.
inline std::uint64_t corpus_checksum(const CorpusHead& head, std::span<const std::byte> tail) noexcept {
  return content_hash(std::as_bytes(std::span(&head, 1)).first(32)) ^ content_hash(tail);
}

/// The JSON of a corpus file. Report and measures, which may be large, are only checked: Error if they aren't JSON.
GRUVE_ONCE std::string corpus_json(const CorpusInfo& info);

struct CorpusEntry {
  std::uint64_t length = 0;
  std::uint64_t hash = 0;
  std::uint64_t checksum = 0;
  std::uint8_t split = 0;
  std::uint8_t zero[7] = {};
};
static_assert(sizeof(CorpusEntry) == 32);

/// Writes a corpus file sequentially. Sink has write(bytes) and overwrite(offset, bytes), as AtomicFile has.
template <class Sink>
class CorpusWriter {
 public:
  explicit CorpusWriter(Sink& sink) : sink_(sink) { sink_.write(std::as_bytes(std::span(&head_, 1))); }

  void add(std::span<const Token> tokens) {
    const std::uint64_t checksum = content_hash(std::as_bytes(tokens));
    add(tokens, checksum, checksum);
  }

  /// checksum must be that of the tokens.
  void add(std::span<const Token> tokens, std::uint64_t hash, std::uint64_t checksum) {
    if (tokens.empty()) throw Error("a corpus can't contain a song without tokens");
    sink_.write(std::as_bytes(tokens));
    songs_.push_back({.hash = hash, .checksum = checksum});
    lengths_.push_back(tokens.size());
    head_.num_tokens += tokens.size();
  }

  /// Assigns the splits, if none are given, and writes the rest of the file.
  void finish(const CorpusInfo& info, std::span<const Split> splits = {}) {
    assign_splits(songs_);
    for (std::size_t i = 0; i < splits.size(); ++i) songs_[i].split = splits[i];
    const std::array<std::byte, 8> zeros{};
    sink_.write(std::span(zeros).first((4 - head_.num_tokens % 4) % 4 * sizeof(Token)));
    std::vector<std::byte> tail;
    const auto put = [&](std::span<const std::byte> bytes) {
      tail.insert(tail.end(), bytes.begin(), bytes.end());
    };
    for (std::size_t i = 0; i < songs_.size(); ++i) {
      const CorpusEntry entry{.length = lengths_[i],
                              .hash = songs_[i].hash,
                              .checksum = songs_[i].checksum,
                              .split = static_cast<std::uint8_t>(songs_[i].split)};
      put(std::as_bytes(std::span(&entry, 1)));
    }
    const std::string text = corpus_json(info);
    put(std::as_bytes(std::span(text.data(), text.size())));
    sink_.write(tail);
    head_.json_size = static_cast<std::uint32_t>(text.size());
    head_.num_songs = songs_.size();
    head_.checksum = corpus_checksum(head_, tail);
    sink_.overwrite(0, std::as_bytes(std::span(&head_, 1)));
  }

  /// The songs without their tokens; their splits are valid after finish().
  std::span<const CorpusSong> songs() const noexcept { return songs_; }
  std::span<const std::uint64_t> lengths() const noexcept { return lengths_; }

 private:
  Sink& sink_;
  CorpusHead head_ = {};
  std::vector<CorpusSong> songs_ = {};
  std::vector<std::uint64_t> lengths_ = {};
};

/// Throws Error with song and position if there is no song, or if one is empty, or has a token that is
/// outside the encoder's vocabulary or that its grammar does not allow there.
///
/// name  of the songs, for an Error
/// noun  what one of them is called in it
GRUVE_ONCE void require_songs(const AnyEncoder& encoder, std::span<const std::vector<Token>> songs,
                              const std::string& name, const std::string& noun);

/// The sink of a corpus in memory.
struct MemorySink {
  std::vector<std::byte> bytes = {};

  void write(std::span<const std::byte> more) {
    const std::size_t size = bytes.size();
    bytes.resize(size + more.size());
    std::copy(more.begin(), more.end(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
  }
  void overwrite(std::int64_t offset, std::span<const std::byte> over) {
    std::copy(over.begin(), over.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  }
};

}  // namespace internal

/// Whether a path is a regular file that begins like a corpus.
GRUVE_ONCE bool is_corpus(const std::filesystem::path& path);

/// Songs as tokens, split into train, valid and test: a mapped file, which may be larger than memory, or the
/// same bytes in memory. build_corpus() builds one from files.
///
///   Corpus corpus("corpus.gruve");
///   for (std::size_t i : corpus.songs(Split::train)) use(corpus.song(i).tokens);
///
/// Opening checks everything except the tokens, whose pages stay on disk: call check_tokens() before reading
/// a song. A corpus can be moved, and its spans stay valid; it can't be copied.
class Corpus {
 public:
  /// Maps a corpus file. Throws Error with the byte at fault if the file is missing, incomplete or damaged.
  ///
  /// types  the program's own encoders that the file may name: encoder_types<MyEncoder>()
  explicit Corpus(const std::filesystem::path& path, EncoderTypes types = {});

  /// A corpus from the bytes of its file. `name` is used in place of the file's name in an Error.
  static Corpus from_bytes(std::vector<std::byte> bytes, std::string name = "corpus in memory",
                           EncoderTypes types = {}) {
    return Corpus(std::move(bytes), std::move(name), types);
  }

  /// A corpus in memory from encoded songs. Throws Error if there is none, and with song and position if one
  /// is empty, or has a token that is outside the encoder's vocabulary or that its grammar does not allow.
  ///
  /// splits  one for each song; if empty, assign_splits() assigns them
  /// name    used in place of a file's name in an Error
  static Corpus from_songs(const CorpusInfo& info, std::span<const std::vector<Token>> songs,
                           std::span<const Split> splits = {}, std::string name = "corpus in memory");

  /// Encodes sources (songs, texts, lists of numbers) into a corpus in memory, with a program's own encoder
  /// or one of gruve's. Throws Error as the encoder does, and if there is no source or one has no token.
  template <TokenEncoder Encoder>
  static Corpus encode(const Encoder& encoder, std::span<const typename Encoder::Source> sources,
                       const std::string& name = "corpus in memory") {
    std::vector<std::vector<Token>> songs;
    for (const auto& source : sources) {
      songs.push_back(encoder.encode(source));
      if (count_violations(encoder, std::span<const Token>(songs.back())) > 0)
        throw Error(name, "source " + std::to_string(songs.size() - 1) +
                              " is encoded to tokens that the encoder's own grammar does not allow");
    }
    return from_songs({.encoder = encoder}, songs, {}, name);
  }

  /// Writes the corpus to a file atomically. Throws Error if it can't be written.
  void save(const std::filesystem::path& path) const;

  /// Writes it with other measures (CorpusInfo::measures), which may be empty.
  void save(const std::filesystem::path& path, const std::string& measures) const;

  /// What is common to all songs.
  const CorpusInfo& info() const noexcept { return info_; }
  /// The encoder that produced the tokens.
  const AnyEncoder& encoder() const noexcept { return info_.encoder; }
  /// V, the encoder's number of tokens.
  int vocab_size() const noexcept { return info_.encoder.vocab_size(); }
  /// Tempo and metre of a corpus of music; the defaults of MusicInfo if it has none.
  MusicInfo music() const noexcept { return info_.music.value_or(MusicInfo()); }

  /// The path that the corpus was opened with, or the name that it was given.
  const std::string& file() const noexcept { return file_; }

  /// The number of songs in all splits.
  std::size_t num_songs() const noexcept { return songs_.size(); }
  /// Song i, below num_songs().
  const CorpusSong& song(std::size_t i) const noexcept { return songs_[i]; }

  /// The indices of a split's songs, ascending.
  std::vector<std::size_t> songs(Split split) const;

  /// The total number of tokens in a split's songs.
  std::uint64_t num_tokens(Split split) const noexcept {
    std::uint64_t count = 0;
    for (const CorpusSong& song : songs_)
      if (song.split == split) count += song.tokens.size();
    return count;
  }

  /// Checks the tokens of song i. Throws Error with the byte of the first token outside the vocabulary, or if
  /// the tokens do not match the song's checksum or break the encoder's grammar. Cost: reads the tokens three
  /// times.
  void check_tokens(std::size_t i) const;

 private:
  // encoder  that the bytes name, if the caller has it; otherwise null
  Corpus(std::vector<std::byte> bytes, std::string name, EncoderTypes types,
         const AnyEncoder* encoder = nullptr);

  std::span<const std::byte> bytes() const noexcept {
    if (const auto* file = std::get_if<MappedFile>(&storage_)) return file->bytes();
    return *std::get_if<std::vector<std::byte>>(&storage_);
  }

  void open(std::span<const std::byte> bytes, EncoderTypes types, const AnyEncoder* encoder = nullptr);
  void read_info(std::span<const std::byte> bytes, std::uint64_t at, EncoderTypes types,
                 const AnyEncoder* encoder);

  std::variant<MappedFile, std::vector<std::byte>> storage_;
  std::string file_;
  CorpusInfo info_ = {};
  std::vector<CorpusSong> songs_ = {};  // their tokens are in storage_
};

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/corpus/corpus.inc"
#endif
