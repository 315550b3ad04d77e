#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/corpus/augment.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/tokens/chunk.hpp"
#include "gruve/tokens/context.hpp"

namespace gruve {

namespace internal {

/// Where each sequence of a stream stands: in the encoder's grammar, with what that forbids, and in the
/// context that the model is told.
template <class Encoder>
class StreamState {
 public:
  StreamState(const Encoder& encoder, const ContextOptions& context, std::size_t num_sequences)
      : encoder_(encoder),
        has_context_(context.any()),
        states_(num_sequences, encoder.start()),
        contexts_(has_context_ ? num_sequences : 0, Context<Encoder>(context)) {}

  void resume(std::size_t sequence, std::span<const Token> tokens) {
    auto& state = states_[sequence];
    state = encoder_.start();
    for (const Token token : tokens) state = encoder_.advance(state, token);
    if (!has_context_) return;
    contexts_[sequence].reset();
    for (const Token token : tokens) contexts_[sequence].advance(token);
  }

  /// Fills in what follows from a chunk's tokens.
  void describe(Chunk& chunk) {
    mask(chunk);
    if (!has_context_) return;
    chunk.context.clear();
    chunk.relative.clear();
    chunk.context_begin.assign(1, 0);
    for (std::size_t at = 0; at < chunk.targets.size(); ++at) {
      Context<Encoder>& context = contexts_[at % contexts_.size()];
      if (chunk.reset[at] != 0) context.reset();
      const ContextRows rows = context.rows();
      chunk.context.insert(chunk.context.end(), rows.inputs.begin(), rows.inputs.end());
      chunk.context_begin.push_back(static_cast<std::uint32_t>(chunk.context.size()));
      chunk.relative.insert(chunk.relative.end(), rows.relative.begin(), rows.relative.end());
      if (chunk.targets[at] != kNoToken) context.advance(chunk.targets[at]);
    }
  }

 private:
  void mask(Chunk& chunk) {
    if constexpr (MusicEncoder<Encoder>) {
      const auto V = static_cast<std::size_t>(encoder_.vocab_size());
      chunk.forbidden.resize(chunk.targets.size() * V);
      for (std::size_t at = 0; at < chunk.targets.size(); ++at) {
        auto& state = states_[at % states_.size()];
        if (chunk.reset[at] != 0) state = encoder_.start();
        std::uint8_t* forbidden = chunk.forbidden.data() + at * V;
        for (std::size_t token = 0; token < V; ++token)
          forbidden[token] = encoder_.allowed(state, static_cast<Token>(token)) ? 0 : 1;
        if (chunk.targets[at] != kNoToken) state = encoder_.advance(state, chunk.targets[at]);
      }
    } else {
      chunk.forbidden.clear();  // in a text anything may follow anything
    }
  }

  Encoder encoder_;
  bool has_context_;
  std::vector<typename Encoder::State> states_;
  std::vector<Context<Encoder>> contexts_;  // empty without a context
};

}  // namespace internal

/// Cuts the songs of a split into chunks of B sequences side by side. Each sequence plays one song after
/// another from its beginning to its end, going on in the next chunk where it stopped in this one; where a
/// song begins, the chunk says to reset the state, and the encoder's start token stands before the song's
/// first. The chunk says which tokens the encoder's grammar forbids, so that a model spends no probability on
/// them, and the context that a model may be told.
class BatchStream {
 public:
  enum class Passes {
    endless,  // all songs in a new random order for each pass, one pass after another: for training
    once,  // all songs once, the longest first; sequences that have ended are filled up with kNoToken targets
    once_apart,  // likewise, and so is the rest of a chunk in which a song has ended
  };

  /// augment  how songs are varied, anew in each pass; a function of the seed, the pass and the song
  /// context  what chunks tell a model beside the tokens
  /// Throws Error where the split has no song, augment is out of its range, or the corpus's format has no
  /// context. The corpus must outlive the stream.
  BatchStream(const Corpus& corpus, Split split, int batch_size, Passes passes, std::uint64_t seed = 0,
              const AugmentOptions& augment = {}, const ContextOptions& context = {})
      : corpus_(&corpus),
        songs_(corpus.songs(split)),
        passes_(passes),
        seed_(seed),
        augment_(augment),
        start_token_(std::visit([](const auto& encoder) { return encoder.start_token(); }, corpus.encoder())),
        sequences_(static_cast<std::size_t>(batch_size)),
        states_(std::visit(
            [&]<class Encoder>(const Encoder& encoder) -> decltype(states_) {
              return internal::StreamState<Encoder>(encoder, context, sequences_.size());
            },
            corpus.encoder())) {
    if (songs_.empty())
      throw Error(corpus.file(), "no song stands in the split \"" + std::string(split_name(split)) + "\"");
    if (context.any() && !std::holds_alternative<TimestepEncoder>(corpus.encoder()))
      throw Error(corpus.file(), "only the timestep format has a context that a model can be told");
    check(augment);
    arrange();
  }

  /// Fills the chunk, whose B is the batch size; false where no song was left to put into it.
  bool next(Chunk& chunk) {
    bool any = false;
    const auto B = sequences_.size();
    for (std::size_t b = 0; b < B; ++b) {
      Sequence& sequence = sequences_[b];
      for (std::size_t t = 0; t < static_cast<std::size_t>(chunk.T); ++t) {
        if (sequence.song != kNone && sequence.offset == tokens_of(sequence).size()) sequence.song = kNone;
        if (sequence.song == kNone && (t == 0 || passes_ != Passes::once_apart)) take_song(sequence);
        const std::size_t at = t * B + b;
        if (sequence.song == kNone) {
          chunk.inputs[at] = start_token_;
          chunk.targets[at] = kNoToken;
          chunk.reset[at] = 1;
          continue;
        }
        const std::span<const Token> tokens = tokens_of(sequence);
        chunk.songs[at] = static_cast<std::uint32_t>(sequence.song);
        chunk.inputs[at] = sequence.offset == 0 ? start_token_ : tokens[sequence.offset - 1];
        chunk.targets[at] = tokens[sequence.offset];
        chunk.reset[at] = sequence.offset == 0 ? 1 : 0;
        ++sequence.offset;
        any = true;
      }
    }
    std::visit([&](auto& states) { states.describe(chunk); }, states_);
    return any;
  }

  /// Where the stream stands, for a checkpoint.
  nlohmann::json position() const {
    nlohmann::json sequences = nlohmann::json::array();
    for (const Sequence& sequence : sequences_)
      sequences.push_back({sequence.song, sequence.offset, sequence.pass});
    return {{"pass", pass_}, {"next", next_}, {"sequences", std::move(sequences)}};
  }

  /// Goes to a position of a stream over the same corpus with the same settings; Error naming the file it
  /// came from where it can't be one.
  void seek(const nlohmann::json& position, const std::string& file) {
    try {
      pass_ = position.at("pass").get<std::uint64_t>();
      arrange();
      next_ = position.at("next").get<std::size_t>();
      const nlohmann::json& sequences = position.at("sequences");
      bool sound = next_ <= songs_.size() && sequences.size() == sequences_.size();
      for (std::size_t b = 0; sound && b < sequences_.size(); ++b) {
        Sequence& sequence = sequences_[b];
        sequence = {.song = sequences[b].at(0).get<std::size_t>(),
                    .offset = sequences[b].at(1).get<std::size_t>(),
                    .pass = sequences[b].at(2).get<std::uint64_t>()};
        if (sequence.song == kNone) continue;
        sound = sequence.song < corpus_->num_songs();
        if (!sound) break;
        begin(sequence);
        sound = sequence.offset <= tokens_of(sequence).size();
        if (!sound) break;
        std::visit([&](auto& states) { states.resume(b, tokens_of(sequence).first(sequence.offset)); },
                   states_);
      }
      if (!sound) throw Error(file, "its place in the corpus does not fit this corpus");
    } catch (const nlohmann::json::exception&) {
      throw Error(file, "its place in the corpus can't be read");
    }
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::uint64_t kAugmentation = 0xA56E17;  // other random numbers than those of the order

  struct Sequence {
    std::size_t song = kNone;           // of the corpus
    std::size_t offset = 0;             // tokens that were targets already
    std::uint64_t pass = 0;             // in which the song was taken
    std::vector<Token> augmented = {};  // its tokens, where songs are varied
  };

  std::span<const Token> tokens_of(const Sequence& sequence) const {
    if (augment_.any()) return sequence.augmented;
    return corpus_->song(sequence.song).tokens;
  }

  // Makes the tokens of the sequence's song.
  void begin(Sequence& sequence) const {
    corpus_->check_tokens(sequence.song);
    if (!augment_.any()) return;
    const std::span<const Token> tokens = corpus_->song(sequence.song).tokens;
    Rng rng(seed_ ^ kAugmentation, sequence.pass * corpus_->num_songs() + sequence.song);
    sequence.augmented = augmented(corpus_->encoder(), tokens, augment_, rng);
  }

  // The order of songs in pass_.
  void arrange() {
    next_ = 0;
    std::sort(songs_.begin(), songs_.end());
    if (passes_ != Passes::endless) {
      std::stable_sort(songs_.begin(), songs_.end(), [&](std::size_t a, std::size_t b) {
        return corpus_->song(a).tokens.size() > corpus_->song(b).tokens.size();
      });
      return;
    }
    Rng rng(seed_, pass_);
    for (std::size_t i = songs_.size(); i > 1; --i)  // Fisher and Yates
      std::swap(songs_[i - 1], songs_[rng.below(static_cast<std::uint32_t>(i))]);
  }

  void take_song(Sequence& sequence) {
    sequence.song = kNone;
    sequence.offset = 0;
    if (next_ == songs_.size()) {
      if (passes_ != Passes::endless) return;
      ++pass_;
      arrange();
    }
    sequence.song = songs_[next_++];
    sequence.pass = pass_;
    begin(sequence);
  }

  const Corpus* corpus_;
  std::vector<std::size_t> songs_;
  Passes passes_;
  std::uint64_t seed_;
  AugmentOptions augment_;
  Token start_token_;
  std::vector<Sequence> sequences_;
  std::variant<internal::StreamState<TimestepEncoder>, internal::StreamState<EventEncoder>,
               internal::StreamState<CharEncoder>>
      states_;
  std::uint64_t pass_ = 0;
  std::size_t next_ = 0;
};

}  // namespace gruve
