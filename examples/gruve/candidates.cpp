#include "candidates.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "gruve/core/error.hpp"
#include "gruve/measure/grid_song.hpp"
#include "gruve/midi/music.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/render/markup.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/ngram.hpp"

using gruve::Song;

std::vector<std::size_t> drawn(std::vector<std::size_t> indices, std::size_t count, std::uint64_t seed) {
  gruve::Rng rng(seed);
  for (std::size_t i = indices.size(); i > 1; --i)
    std::swap(indices[i - 1], indices[rng.below(static_cast<std::uint32_t>(i))]);
  indices.resize(std::min(indices.size(), count));
  return indices;
}

std::string described(const gruve::SamplerOptions& sampler) {
  if (sampler.argmax > 0)
    return std::string("argmax ") + gruve::decimal(static_cast<double>(sampler.argmax), 1);
  std::string text = std::string("T ") + gruve::decimal(static_cast<double>(sampler.temperature), 2);
  if (sampler.return_temperature != 1)
    text += ", of returns " + gruve::decimal(static_cast<double>(sampler.return_temperature), 2);
  if (sampler.top_p < 1) text += ", top-p " + gruve::decimal(static_cast<double>(sampler.top_p), 2);
  return text;
}

Candidates::Candidates(const std::string& corpus, std::size_t count, std::size_t least, std::uint64_t seed,
                       int threads)
    : seed_(seed), corpus_(std::filesystem::path(corpus)), threads_(threads) {
  if (!corpus_.encoder().is_music())
    throw gruve::Error(corpus, std::string("is a corpus of type \"") + std::string(corpus_.encoder().type()) +
                                   "\", expected music");
  gruve::EventOptions events{.steps_per_quarter = corpus_.encoder().steps_per_quarter()};
  if (const auto* const encoder = corpus_.encoder().get_if<gruve::EventEncoder>())
    events = encoder->options();
  events.form = false;
  encoder_ = gruve::EventEncoder(events);

  std::vector<std::size_t> held_out = corpus_.songs(gruve::Split::valid);
  const std::vector<std::size_t> test = corpus_.songs(gruve::Split::test);
  held_out.insert(held_out.end(), test.begin(), test.end());
  real_.name = "the real songs";
  real_.songs = songs_of(drawn(std::move(held_out), count, seed));
  if (real_.songs.size() < least)
    throw gruve::Error(corpus, "has " + std::to_string(real_.songs.size()) +
                                   " songs in the valid and test splits, expected " + std::to_string(least) +
                                   " and more");
  for (const Song& song : real_.songs) {
    real_.groups.push_back(real_.groups.size());
    lengths_.push_back(gruve::on_grid(gruve::music_of(song).song).seconds);
  }
}

std::vector<Song> Candidates::songs_of(const std::vector<std::size_t>& indices) const {
  const gruve::MusicInfo music = corpus_.music();
  std::vector<Song> songs;
  for (const std::size_t i : indices) {
    corpus_.check_tokens(i);
    songs.push_back(corpus_.encoder().decode_song(corpus_.song(i).tokens, music.tempo_bpm));
    if (songs.back().time_signatures.empty()) songs.back().time_signatures = {music.time_signature};
  }
  return songs;
}

std::vector<Song> Candidates::songs_of(gruve::Split split) const { return songs_of(corpus_.songs(split)); }

Candidate Candidates::other_songs() const {
  Candidate other{.name = "other real songs", .songs = {}, .groups = {}, .is_of_corpus = true};
  other.songs = songs_of(drawn(corpus_.songs(gruve::Split::train), real_.songs.size(), seed_ + 1));
  for (std::size_t i = 0; i < other.songs.size(); ++i) other.groups.push_back(real_.songs.size() + i);
  return other;
}

Candidate Candidates::altered(std::string name,
                              const std::function<Song(const Song&, gruve::Rng&)>& alter) const {
  Candidate other{.name = std::move(name), .songs = {}, .groups = real_.groups};
  for (std::size_t i = 0; i < real_.songs.size(); ++i) {
    gruve::Rng rng(seed_, i);
    other.songs.push_back(alter(real_.songs[i], rng));
  }
  return other;
}

Candidate Candidates::ngrams(int order) {
  gruve::NgramModel counts(encoder_.vocab_size(), order);
  const gruve::AnyEncoder any(encoder_);
  for (const Song& song : songs_of(gruve::Split::train)) counts.add(any.start_token(), any.encode_song(song));
  Candidate made{.name = std::to_string(order) + std::string("-grams"),
                 .songs = std::vector<Song>(real_.songs.size()),
                 .groups = real_.groups};
  threads_.for_each(made.songs.size(), [&](std::size_t i) {
    gruve::Rng rng(seed_, i);
    const Song& as_long = real_.songs[i];
    std::int64_t rest = as_long.length * encoder_.steps_per_quarter() / as_long.ticks_per_quarter;
    const std::vector<gruve::Token> tokens =
        counts.generate(any, rng, 1'000'000, [&](const gruve::AnyEncoder::State& state, gruve::Token token) {
          return (rest -= any.steps(state, token)) <= 0;
        });
    made.songs[i] = any.decode_song(tokens, corpus_.music().tempo_bpm);
    if (made.songs[i].time_signatures.empty())
      made.songs[i].time_signatures = {corpus_.music().time_signature};
  });
  return made;
}

Candidate Candidates::pieces(const std::string& file, std::string name, const gruve::PieceOptions& request) {
  const gruve::TrainedModel model = gruve::load(file);
  if (!model.encoder.is_music()) throw gruve::Error(file, "is not a model of music");
  Candidate made{
      .name = std::move(name), .songs = std::vector<Song>(real_.songs.size()), .groups = real_.groups};
  const auto num_threads = static_cast<std::size_t>(threads_.size());
  threads_.for_each(num_threads, [&](std::size_t thread) {
    gruve::Player player(model, {.threads = 1});
    gruve::PieceOptions piece = request;
    for (std::size_t i = thread; i < made.songs.size(); i += num_threads) {
      piece.seconds = std::max(5.0, lengths_[i]);
      piece.seed = seed_ * 1'000'003 + i;
      made.songs[i] = player.generate(piece);
    }
  });
  // Of the draws without a filter: the others give real songs no probability.
  const gruve::SamplerOptions& sampler = request.sampler;
  const bool is_plain = sampler.argmax == 0 && sampler.top_k == 0 && sampler.top_p == 1 && sampler.min_p == 0;
  if (is_plain && model.encoder == corpus_.encoder() && !corpus_.songs(gruve::Split::test).empty()) {
    const gruve::ChunkLoss loss = gruve::tempered_loss(
        model.network, corpus_, gruve::Split::test, static_cast<double>(sampler.temperature),
        static_cast<double>(sampler.return_temperature), threads_);
    std::size_t notes = 0;
    for (const Song& song : songs_of(gruve::Split::test)) notes += song.notes.size();
    made.nats = loss.nats / static_cast<double>(notes);
  }
  return made;
}
