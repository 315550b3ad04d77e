// The kinds of music that are compared with each other: songs that no model was trained on, other songs,
// altered songs, pieces of models and of n-grams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "gruve/core/rng.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/piece/player.hpp"
#include "gruve/tokens/event_encoder.hpp"

/// Music of one kind.
struct Candidate {
  std::string name;
  std::vector<gruve::Song> songs;
  std::vector<std::size_t> groups;  // of each song: that of the real song it belongs to
  bool is_of_corpus = false;        // songs of the train split, which copy themselves
  double nats = std::numeric_limits<double>::quiet_NaN();  // per note, of the real songs by what made it
};

/// The first `count` of some indices in random order.
std::vector<std::size_t> drawn(std::vector<std::size_t> indices, std::size_t count, std::uint64_t seed);

/// "T 0.90" or "argmax 0.6".
std::string described(const gruve::SamplerOptions& sampler);

/// Real songs, and as many of other kinds, each as long as one of them.
class Candidates {
 public:
  /// At most `count` real songs, of the valid and test splits. Throws Error if the corpus is not of music, or
  /// has fewer than `least` such songs.
  Candidates(const std::string& corpus, std::size_t count, std::size_t least, std::uint64_t seed,
             int threads);

  const Candidate& real() const { return real_; }
  const gruve::Corpus& corpus() const { return corpus_; }
  gruve::ThreadPool& threads() { return threads_; }
  /// Of what is heard: notes, and what the corpus has of loudness and tempo; no tokens for the form.
  const gruve::EventEncoder& encoder() const { return encoder_; }

  /// All songs of a split.
  std::vector<gruve::Song> songs_of(gruve::Split split) const;
  /// Songs of the train split, for what any two sets of songs differ by.
  Candidate other_songs() const;
  /// Real songs, altered.
  Candidate altered(std::string name,
                    const std::function<gruve::Song(const gruve::Song&, gruve::Rng&)>& alter) const;
  /// Pieces drawn from the counts of the train split.
  Candidate ngrams(int order);
  /// New pieces of a model, as asked for, each as long as a real song and from a seed of its own.
  Candidate pieces(const std::string& file, std::string name, const gruve::PieceOptions& request);

 private:
  std::vector<gruve::Song> songs_of(const std::vector<std::size_t>& indices) const;

  std::uint64_t seed_;
  gruve::Corpus corpus_;
  gruve::ThreadPool threads_;
  gruve::EventEncoder encoder_;
  Candidate real_;
  std::vector<double> lengths_;  // seconds of each real song
};
