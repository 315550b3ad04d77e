#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gruve/core/rng.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// An interpolated n-gram model, the baseline of every network: how often each token followed the last n
/// tokens, for each n up to an order. With c(h w) the count of token w after history h, d(h) the number of
/// different tokens after h, and h' the history h without its first token,
///
///   p(w | h) = (c(h w) + d(h) p(w | h')) / (c(h) + d(h))      with 1 / V in place of p(w | h') if h is empty
///
/// Tokens that an encoder's grammar forbids get probability 0, and the rest is scaled to sum to 1. Memory:
/// some 50 bytes per token and order.
///
/// Source: Witten and Bell 1991; PPM-C (Moffat 1990) has the same estimate.
class NgramModel {
 public:
  /// A model without counts.
  ///
  /// order  the longest history, in tokens
  NgramModel(int vocab_size, int order) : vocab_size_(vocab_size), order_(static_cast<std::size_t>(order)) {}

  /// Counts a song. Histories begin with its start token.
  void add(Token start, std::span<const Token> song) {
    std::deque<Token> history = {start};
    for (const Token token : song) {
      for_each_history(history, [&](std::uint64_t hash) {
        Followers& followers = followers_[hash];
        ++followers.total;
        const auto found = std::find_if(followers.counts.begin(), followers.counts.end(),
                                        [&](const auto& entry) { return entry.first == token; });
        if (found == followers.counts.end())
          followers.counts.emplace_back(token, 1u);
        else
          ++found->second;
        return true;
      });
      push(history, token);
    }
  }

  /// −ln p of each token of a song, in nats.
  template <Grammar Encoder>
  std::vector<double> nats(const Encoder& encoder, std::span<const Token> song) const {
    std::vector<double> result, p(static_cast<std::size_t>(vocab_size_));
    result.reserve(song.size());
    std::deque<Token> history = {encoder.start_token()};
    auto state = encoder.start();
    for (const Token token : song) {
      const double allowed = predict(encoder, state, history, p);
      result.push_back(std::log(allowed) - std::log(p[token]));
      state = encoder.advance(state, token);
      push(history, token);
    }
    return result;
  }

  /// Draws a sequence of at most `most` tokens. It ends with the token for which done(state, token) is true,
  /// the state being the grammar's before that token, and where the grammar allows no token.
  template <Grammar Encoder, class Done>
  std::vector<Token> generate(const Encoder& encoder, Rng& rng, std::size_t most, Done&& done) const {
    std::vector<Token> tokens;
    std::vector<double> p(static_cast<std::size_t>(vocab_size_));
    std::deque<Token> history = {encoder.start_token()};
    auto state = encoder.start();
    while (tokens.size() < most) {
      double rest = static_cast<double>(rng.uniform()) * predict(encoder, state, history, p);
      std::size_t drawn = p.size();
      for (std::size_t v = 0; v < p.size() && (drawn == p.size() || rest >= 0); ++v) {
        if (p[v] == 0) continue;
        drawn = v;
        rest -= p[v];
      }
      if (drawn == p.size()) break;  // the grammar allows nothing
      tokens.push_back(static_cast<Token>(drawn));
      if (done(state, tokens.back())) break;
      state = encoder.advance(state, tokens.back());
      push(history, tokens.back());
    }
    return tokens;
  }

 private:
  struct Followers {
    std::uint64_t total = 0;
    std::vector<std::pair<Token, std::uint32_t>> counts = {};
  };

  // Fills p [V] with the probabilities of the next token, 0 where the grammar forbids it; returns their sum.
  template <Grammar Encoder>
  double predict(const Encoder& encoder, const typename Encoder::State& state,
                 const std::deque<Token>& history, std::vector<double>& p) const {
    std::fill(p.begin(), p.end(), 1.0 / vocab_size_);
    for_each_history(history, [&](std::uint64_t hash) {
      const auto found = followers_.find(hash);
      if (found == followers_.end()) return false;  // nor was any longer one
      const Followers& followers = found->second;
      const auto distinct = static_cast<double>(followers.counts.size());
      const double sum = static_cast<double>(followers.total) + distinct;
      for (double& value : p) value *= distinct / sum;
      for (const auto& [follower, count] : followers.counts) p[follower] += static_cast<double>(count) / sum;
      return true;
    });
    double allowed = 0;
    for (std::size_t v = 0; v < p.size(); ++v) {
      if (!encoder.allowed(state, static_cast<Token>(v))) p[v] = 0;
      allowed += p[v];
    }
    return allowed;
  }

  void push(std::deque<Token>& history, Token token) const {
    history.push_back(token);
    if (history.size() > order_) history.pop_front();
  }

  /// Calls visit(hash) for the last 0, 1, … tokens, until it returns false.
  template <class Visit>
  void for_each_history(const std::deque<Token>& history, Visit&& visit) const {
    std::uint64_t hash = 0x9E3779B97F4A7C15u;
    if (!visit(hash)) return;
    for (std::size_t n = 0; n < (std::min)(order_, history.size()); ++n) {
      hash = (hash ^ (history[history.size() - 1 - n] + 1u)) * 0xD6E8FEB86659FD93u;
      hash ^= hash >> 32;
      if (!visit(hash)) return;
    }
  }

  int vocab_size_;
  std::size_t order_;
  std::unordered_map<std::uint64_t, Followers> followers_ = {};  // by the hash of a history
};

}  // namespace gruve::inline v0_2
