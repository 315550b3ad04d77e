#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gruve/core/once.hpp"
#include "gruve/corpus/augment.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/tokens/chunk.hpp"
#include "gruve/tokens/chunk_rules.hpp"
#include "gruve/tokens/features.hpp"

namespace gruve::inline v0_2 {

/// Cuts the songs of a split into chunks of B sequences. Each sequence consists of complete songs, one after
/// another, and continues in the next chunk where it stopped in this one. At a song's first token the chunk
/// resets the state, and the input is the encoder's start token. The chunk also has the mask of the encoder's
/// grammar, so that a model gives forbidden tokens no probability, and the model's features.
class BatchStream {
 public:
  // clang-format off
  /// The order of songs, and where the stream ends.
  enum class Passes {
    endless,          // endless passes, each over all songs in a new random order: for training
    once,             // one pass, the longest song first; ended sequences are padded with kNoToken targets
    once_apart,       // the same, with one song per sequence and chunk: padded from the song's end to the chunk's
    beginnings,       // endless passes over the songs' beginnings: a chunk has the first T tokens of each of B songs
    beginnings_once,  // one pass over them
  };
  // clang-format on

  /// A stream before its first chunk. Throws Error if the split has no song, if `augment` is out of range or
  /// the corpus is no music that it could change, or if the corpus's encoder does not have the features. The
  /// corpus must outlive the stream.
  ///
  /// augment   how songs are augmented, anew in each pass: a function of the seed, the pass and the song
  /// features  that chunks have in addition to the tokens
  BatchStream(const Corpus& corpus, Split split, int batch_size, Passes passes, std::uint64_t seed = 0,
              const AugmentOptions& augment = {}, const Features& features = {});
  /// A stream over these songs of the corpus, such as those of songs_of_shard(). Otherwise as above.
  BatchStream(const Corpus& corpus, std::vector<std::size_t> songs, int batch_size, Passes passes,
              std::uint64_t seed = 0, const AugmentOptions& augment = {}, const Features& features = {});
  BatchStream(Corpus&&, std::vector<std::size_t>, int, Passes, std::uint64_t = 0, const AugmentOptions& = {},
              const Features& = {}) = delete;
  BatchStream(Corpus&&, Split, int, Passes, std::uint64_t = 0, const AugmentOptions& = {},
              const Features& = {}) = delete;  // the corpus must outlive the stream

  BatchStream(const BatchStream&) = delete;
  BatchStream(BatchStream&&) = default;
  BatchStream& operator=(const BatchStream&) = delete;
  BatchStream& operator=(BatchStream&&) = default;

  /// Fills a chunk, whose B must be the batch size. Returns false if no song was left.
  bool next(Chunk& chunk);

  /// A position in the stream, for a checkpoint.
  struct Position {
    /// The position of one sequence.
    struct Sequence {
      std::size_t song = kNone;  // index in the corpus, or kNone between songs
      std::size_t offset = 0;    // number of the song's tokens that were targets already
      std::uint64_t pass = 0;    // pass in which the song was taken
    };
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);  // no song

    std::uint64_t pass = 0;                // number of the current pass
    std::size_t next = 0;                  // number of songs of the pass that were taken
    std::vector<Sequence> sequences = {};  // [B]
  };

  /// The position before the next chunk.
  Position position() const;

  /// Continues at a position of a stream over the same corpus with the same settings. Throws Error with the
  /// name of the file that the position was read from if it does not fit the corpus.
  void seek(const Position& position, const std::string& file);

 private:
  static constexpr std::size_t kNone = Position::kNone;
  static constexpr std::uint64_t kAugmentation = 0xA56E17;  // a stream of its own, apart from the order's

  struct Sequence {
    std::size_t song = kNone;           // index in the corpus
    std::size_t offset = 0;             // number of its tokens that were targets already
    std::uint64_t pass = 0;             // pass in which the song was taken
    std::vector<Token> augmented = {};  // its tokens, if songs are augmented
  };

  std::span<const Token> tokens_of(const Sequence& sequence) const {
    if (augment_.any()) return sequence.augmented;
    return corpus_->song(sequence.song).tokens;
  }

  // Checks, and if necessary augments, the tokens of the sequence's song.
  void begin(Sequence& sequence) const;

  bool is_endless() const { return passes_ == Passes::endless || passes_ == Passes::beginnings; }

  // Sets the order of songs in pass_.
  void arrange();
  void take_song(Sequence& sequence);

  const Corpus* corpus_;
  std::vector<std::size_t> songs_;
  Passes passes_;
  std::uint64_t seed_;
  AugmentOptions augment_;
  Token start_token_;
  std::vector<Sequence> sequences_;
  std::unique_ptr<ChunkRules> rules_;
  std::uint64_t pass_ = 0;
  std::size_t next_ = 0;
};

/// The songs of one of `num_shards` parts of a split, each song in one part, about as many tokens in each:
/// the songs are taken longest first, each for the part that has the fewest tokens. Empty if there are fewer
/// songs than parts.
GRUVE_ONCE std::vector<std::size_t> songs_of_shard(const Corpus& corpus, Split split, std::size_t shard,
                                                   std::size_t num_shards);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/corpus/batch_stream.inc"
#endif
