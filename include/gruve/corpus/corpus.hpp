#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
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
#include "gruve/core/hash.hpp"
#include "gruve/core/json.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/corpus/corpus_json.hpp"
#include "gruve/midi/music_info.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/encoder_json.hpp"

namespace gruve::inline v0_1 {

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
  std::string measures{};            // ranges of the songs' measures as JSON: see corpus_measures(); may be
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
inline void assign_splits(std::span<CorpusSong> songs) {
  for (CorpusSong& song : songs) {
    const std::uint64_t tenth = ((song.hash >> 32) * 10) >> 32;
    song.split = tenth < 8 ? Split::train : tenth == 8 ? Split::valid : Split::test;
  }
  const auto holds_any = [&](Split split) {
    return std::any_of(songs.begin(), songs.end(),
                       [&](const CorpusSong& song) { return song.split == split; });
  };
  for (const Split empty : {Split::train, Split::valid}) {
    if (holds_any(empty)) continue;
    Split giver = empty == Split::train ? Split::valid : Split::train;
    if (holds_any(Split::test)) giver = Split::test;
    std::set<std::uint64_t> hashes;
    for (const CorpusSong& song : songs)
      if (song.split == giver) hashes.insert(song.hash);
    if (hashes.size() < (giver == Split::train ? 2u : 1u)) continue;
    for (CorpusSong& song : songs)
      if (song.hash == *hashes.begin()) song.split = empty;
  }
}

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
//             JSON             {"encoder", "report"} and of music "tempo_bpm", "time_signature" and
//                              "measures"
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

/// The JSON of a corpus file.
inline std::string corpus_json(const CorpusInfo& info) {
  nlohmann::json json =
      internal::JsonObject<>().add("encoder", to_json(info.encoder)).add("report", nullptr).take();
  if (!info.report.empty()) json["report"] = nlohmann::json::parse(info.report);
  if (!info.measures.empty()) json["measures"] = nlohmann::json::parse(info.measures);
  if (info.encoder.is_music()) {
    const MusicInfo music = info.music.value_or(MusicInfo());
    json["tempo_bpm"] = music.tempo_bpm;
    json["time_signature"] =
        internal::list_of(music.time_signature.numerator, music.time_signature.denominator);
  }
  return text_of(std::move(json));
}

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
inline bool is_corpus(const std::filesystem::path& path) {
  const internal::CorpusHead head;
  char magic[sizeof head.magic] = {};
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) &&
         std::ifstream(path, std::ios::binary).read(magic, sizeof magic) &&
         std::memcmp(magic, head.magic, sizeof magic) == 0;
}

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
  explicit Corpus(const std::filesystem::path& path, EncoderTypes types = {})
      : storage_(MappedFile(path)), file_(internal::utf8(path)) {
    open(std::get<MappedFile>(storage_).bytes(), types);
  }

  /// A corpus from the bytes of its file. `name` is used in place of the file's name in an Error.
  static Corpus from_bytes(std::vector<std::byte> bytes, std::string name = "corpus in memory",
                           EncoderTypes types = {}) {
    return Corpus(std::move(bytes), std::move(name), types);
  }

  /// A corpus in memory from encoded songs. Throws Error if there is none, if one is empty, or if a token is
  /// outside the encoder's vocabulary.
  ///
  /// splits  one for each song; if empty, assign_splits() assigns them
  /// name    used in place of a file's name in an Error
  static Corpus from_songs(const CorpusInfo& info, std::span<const std::vector<Token>> songs,
                           std::span<const Split> splits = {}, std::string name = "corpus in memory") {
    if (!splits.empty() && splits.size() != songs.size())
      throw Error(name, std::to_string(splits.size()) + " splits for " + std::to_string(songs.size()) +
                            " songs, expected one for each");
    internal::MemorySink sink;
    internal::CorpusWriter writer(sink);
    for (const auto& song : songs) writer.add(song);
    writer.finish(info, splits);
    Corpus corpus(std::move(sink.bytes), std::move(name), {}, &info.encoder);
    for (std::size_t i = 0; i < corpus.num_songs(); ++i) corpus.check_tokens(i);
    return corpus;
  }

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
  void save(const std::filesystem::path& path) const {
    AtomicFile file(path);
    file.write(bytes());
    file.commit();
  }

  /// Writes it with other measures (CorpusInfo::measures), which may be empty.
  void save(const std::filesystem::path& path, const std::string& measures) const {
    CorpusInfo info = info_;
    info.measures = measures;
    const std::string text = internal::corpus_json(info);
    internal::CorpusHead head;
    std::memcpy(&head, bytes().data(), sizeof head);
    const std::span<const std::byte> kept = bytes().first(bytes().size() - head.json_size);
    head.json_size = static_cast<std::uint32_t>(text.size());
    const auto entries = kept.last(head.num_songs * sizeof(internal::CorpusEntry));
    std::vector<std::byte> tail(entries.begin(), entries.end());
    const auto json = std::as_bytes(std::span(text.data(), text.size()));
    tail.insert(tail.end(), json.begin(), json.end());
    head.checksum = internal::corpus_checksum(head, tail);
    AtomicFile file(path);
    file.write(std::as_bytes(std::span(&head, 1)));
    file.write(kept.subspan(sizeof head, kept.size() - sizeof head - entries.size()));
    file.write(tail);
    file.commit();
  }

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
  std::vector<std::size_t> songs(Split split) const {
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < songs_.size(); ++i)
      if (songs_[i].split == split) indices.push_back(i);
    return indices;
  }

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
  void check_tokens(std::size_t i) const {
    const std::span<const Token> tokens = songs_[i].tokens;
    const auto byte_of = [&](const Token* token) {
      return sizeof(internal::CorpusHead) +
             static_cast<std::size_t>(token - songs_[0].tokens.data()) * sizeof(Token);
    };
    const auto outside =
        std::find_if(tokens.begin(), tokens.end(), [&](Token token) { return token >= vocab_size(); });
    if (outside != tokens.end())
      throw Error(file_, byte_of(&*outside),
                  "token " + std::to_string(*outside) + " is outside the vocabulary of " +
                      std::to_string(vocab_size()));
    if (content_hash(std::as_bytes(tokens)) != songs_[i].checksum)
      throw Error(file_, byte_of(tokens.data()),
                  "the tokens of song " + std::to_string(i) + " don't have its checksum: they are damaged");
    if (count_violations(encoder(), tokens) > 0)
      throw Error(file_, byte_of(tokens.data()),
                  "the tokens of song " + std::to_string(i) + " break the encoder's grammar");
  }

 private:
  // encoder  that the bytes name, if the caller has it; otherwise null
  Corpus(std::vector<std::byte> bytes, std::string name, EncoderTypes types,
         const AnyEncoder* encoder = nullptr)
      : storage_(std::move(bytes)), file_(std::move(name)) {
    open(std::get<std::vector<std::byte>>(storage_), types, encoder);
  }

  std::span<const std::byte> bytes() const noexcept {
    if (const auto* file = std::get_if<MappedFile>(&storage_)) return file->bytes();
    return *std::get_if<std::vector<std::byte>>(&storage_);
  }

  void open(std::span<const std::byte> bytes, EncoderTypes types, const AnyEncoder* encoder = nullptr) {
    using internal::corpus_checksum, internal::CorpusEntry, internal::CorpusHead;
    CorpusHead head;
    if (bytes.size() < sizeof head || std::memcmp(bytes.data(), head.magic, sizeof head.magic) != 0)
      throw Error(
          file_, 0,
          "not a gruve corpus: it does not begin with the 40 bytes of GRUVECRP, version, sizes and checksum");
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.version != 2)
      throw Error(file_, 8, "corpus of version " + std::to_string(head.version) + ", expected 2");

    // Each count is compared with the file's size before it is multiplied, so nothing overflows.
    const std::uint64_t size = bytes.size();
    const std::uint64_t padded =
        head.num_tokens <= size ? (head.num_tokens + 3) / 4 * 4 * sizeof(Token) : size;
    const std::uint64_t table = head.num_songs <= size ? head.num_songs * sizeof(CorpusEntry) : size;
    const std::uint64_t expected = sizeof head + padded + table + head.json_size;
    if (head.num_tokens > size || head.num_songs > size || expected != size)
      throw Error(file_, 12,
                  std::to_string(head.num_tokens) + " tokens, " + std::to_string(head.num_songs) +
                      " songs and " + std::to_string(head.json_size) +
                      " bytes of JSON don't make a file of " + std::to_string(size) +
                      " bytes: it is cut short or damaged");
    if (head.num_songs == 0) throw Error(file_, 24, "the corpus holds no song");

    if (corpus_checksum(head, bytes.subspan(sizeof head + padded)) != head.checksum)
      throw Error(file_, 32, "the checksum is not that of the file: it is damaged");

    const std::uint64_t json_begin = sizeof head + padded + table;
    read_info(bytes.subspan(json_begin), json_begin, types, encoder);

    const auto* tokens = reinterpret_cast<const Token*>(bytes.data() + sizeof head);
    std::uint64_t left = head.num_tokens;
    songs_.reserve(head.num_songs);
    for (std::uint64_t i = 0; i < head.num_songs; ++i) {
      const std::uint64_t at = sizeof head + padded + i * sizeof(CorpusEntry);
      CorpusEntry entry;
      std::memcpy(&entry, bytes.data() + at, sizeof entry);
      if (entry.length == 0 || entry.length > left)
        throw Error(file_, at,
                    "song " + std::to_string(i) + " has " + std::to_string(entry.length) +
                        " tokens, expected 1 to the " + std::to_string(left) + " that are left");
      if (entry.split >= kNumSplits)
        throw Error(file_, at + 24,
                    "song " + std::to_string(i) + " is of split " + std::to_string(entry.split) +
                        ", expected 0 to 2");
      songs_.push_back({.tokens = {tokens, static_cast<std::size_t>(entry.length)},
                        .hash = entry.hash,
                        .checksum = entry.checksum,
                        .split = static_cast<Split>(entry.split)});
      tokens += entry.length;
      left -= entry.length;
    }
    if (left != 0)
      throw Error(
          file_, 16,
          std::to_string(left) + " of " + std::to_string(head.num_tokens) + " tokens belong to no song");
  }

  void read_info(std::span<const std::byte> bytes, std::uint64_t at, EncoderTypes types,
                 const AnyEncoder* encoder) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::string what = "the text of encoder and report";
    const auto members = internal::members_of(text, file_, what, at);
    // What is only kept is not parsed: a parsed value takes up to twenty times as much memory as its text.
    const auto keep = [&](const char* name, std::string& kept) {
      const auto found = members.find(name);
      if (found != members.end() && found->second != "null") kept = found->second;
    };
    keep("report", info_.report);
    keep("measures", info_.measures);
    constexpr std::size_t kMost = std::size_t{1} << 22;  // 65,536 tokens of 64 bytes
    std::string used;
    for (const char* name : {"encoder", "tempo_bpm", "time_signature"})
      if (const auto found = members.find(name); found != members.end())
        used.append(used.empty() ? "{\"" : ",\"").append(name).append("\":").append(found->second);
    if (!members.contains("encoder")) throw Error(file_, at, "no JSON object with an encoder");
    if (used.size() > kMost)
      throw Error(file_, at,
                  "the encoder has " + std::to_string(used.size()) + " bytes, expected at most " +
                      std::to_string(kMost));
    const internal::JsonTree tree = internal::parse_json(used + '}', file_, what, at);
    const nlohmann::json& json = *tree;
    info_.encoder = encoder != nullptr ? *encoder : encoder_from_json(json["encoder"], file_, types);
    if (!info_.encoder.is_music()) return;
    info_.music.emplace();
    const auto tempo = json.find("tempo_bpm");
    if (tempo == json.end() || !tempo->is_number() ||
        !(tempo->get<double>() >= 4 && tempo->get<double>() <= 60e6))
      throw Error(file_, at, "tempo_bpm is not a number from 4 to 60000000");
    info_.music->tempo_bpm = tempo->get<double>();
    const auto metre = json.find("time_signature");
    const auto is_metre = [](const nlohmann::json& value) {
      return value.is_number_integer() && value.get<double>() >= 1 && value.get<double>() <= 256;
    };
    if (metre == json.end() || !metre->is_array() || metre->size() != 2 || !is_metre((*metre)[0]) ||
        !is_metre((*metre)[1]) || (*metre)[0] == 256 || !std::has_single_bit((*metre)[1].get<unsigned>()))
      throw Error(file_, at, "time_signature is not [1 to 255, a power of two up to 256]");
    info_.music->time_signature = {
        .tick = 0, .numerator = (*metre)[0].get<int>(), .denominator = (*metre)[1].get<int>()};
  }

  std::variant<MappedFile, std::vector<std::byte>> storage_;
  std::string file_;
  CorpusInfo info_ = {};
  std::vector<CorpusSong> songs_ = {};  // their tokens are in storage_
};

}  // namespace gruve::inline v0_1
