#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "gruve/core/aligned.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/train/ranks.hpp"

namespace gruve::inline v0_2 {

/// The mean of the gradients of shards, which are spread over ranks. The gradients are added in a binary tree
/// over the numbers of the shards, whichever rank has them: the mean has the same bits on all ranks, and for
/// any number of ranks and threads.
///
/// Each rank adds what its shards have of the tree, then sums one slice of the parameters over all ranks, and
/// sends its slice to the others: with R ranks each sends and receives 2 (R − 1) / R gradients, where R is a
/// power of two that divides the number of shards (Rabenseifner 2004), else some more.
class GradientMean {
 public:
  /// ranks  must outlive it; null for one process
  GradientMean(std::size_t num_shards, Ranks* ranks)
      : num_shards_(num_shards), ranks_(num_shards > 1 ? ranks : nullptr) {
    const std::size_t size = ranks_ == nullptr ? 1 : static_cast<std::size_t>(ranks_->size());
    nodes_.resize(size);
    for (std::size_t rank = 0; rank < size; ++rank) add_nodes(rank, {0, num_shards});
  }

  GradientMean(const GradientMean&) = delete;
  GradientMean& operator=(const GradientMean&) = delete;

  /// The shards of this rank: from first to before last.
  std::size_t first_shard() const noexcept { return shards_of(rank()).first; }
  /// The number of the shard after them.
  std::size_t last_shard() const noexcept { return shards_of(rank()).second; }

  /// Calls add_shard(i) for each shard of this rank, in order, which must leave the shard's gradient in the
  /// spans; then leaves the mean of all shards there. The first call allocates.
  template <class AddShard>
  void mean(std::span<const std::span<float>> gradient, ThreadPool& threads, AddShard&& add_shard) {
    if (num_shards_ == 1) return add_shard(std::size_t{0});
    std::size_t size = 0;
    for (const std::span<float> part : gradient) size += part.size();
    sums_.resize(nodes_[rank()].size());
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      sums_[i].resize(size);
      sum_shards(nodes_[rank()][i], 0, sums_[i], gradient, threads, add_shard);
    }
    if (ranks_ != nullptr) sum_ranks(size, threads);
    const float scale = 1 / static_cast<float>(num_shards_);
    std::vector<std::size_t> offsets(gradient.size() + 1);
    for (std::size_t i = 0; i < gradient.size(); ++i) offsets[i + 1] = offsets[i] + gradient[i].size();
    threads.for_each(gradient.size(), [&](std::size_t i) {
      for (std::size_t at = 0; at < gradient[i].size(); ++at)
        gradient[i][at] = scale * sums_[0][offsets[i] + at];
    });
  }

 private:
  using Node = std::pair<std::size_t, std::size_t>;  // the shards from first to before second
  using Floats = AlignedVector<float>;

  std::size_t rank() const noexcept {
    return ranks_ == nullptr ? 0 : static_cast<std::size_t>(ranks_->rank());
  }
  Node shards_of(std::size_t rank) const noexcept {
    return {num_shards_ * rank / nodes_.size(), num_shards_ * (rank + 1) / nodes_.size()};
  }
  static std::pair<Node, Node> halves(Node node) noexcept {
    const std::size_t middle = node.first + (node.second - node.first) / 2;
    return {{node.first, middle}, {middle, node.second}};
  }

  // The largest nodes of the tree of which a rank has all shards.
  void add_nodes(std::size_t rank, Node node) {
    const Node shards = shards_of(rank);
    if (node.second <= shards.first || node.first >= shards.second) return;
    if (node.first >= shards.first && node.second <= shards.second) return nodes_[rank].push_back(node);
    add_nodes(rank, halves(node).first);
    add_nodes(rank, halves(node).second);
  }

  static void add(std::span<float> sum, std::span<const float> other, ThreadPool& threads) {
    constexpr std::size_t kBlock = 16'384;
    threads.for_each((sum.size() + kBlock - 1) / kBlock, [&](std::size_t block) {
      const std::size_t end = (std::min)((block + 1) * kBlock, sum.size());
      for (std::size_t i = block * kBlock; i < end; ++i) sum[i] += other[i];
    });
  }

  Floats& buffer(std::size_t depth, std::size_t size) {
    if (depth >= buffers_.size()) buffers_.resize(depth + 1);
    buffers_[depth].resize((std::max)(size, buffers_[depth].size()));
    return buffers_[depth];
  }

  // The sum of a node of this rank's shards.
  template <class AddShard>
  void sum_shards(Node node, std::size_t depth, std::span<float> sum,
                  std::span<const std::span<float>> gradient, ThreadPool& threads, AddShard& add_shard) {
    if (node.second - node.first == 1) {
      add_shard(node.first);
      auto to = sum.begin();
      for (const std::span<float> part : gradient) to = std::copy(part.begin(), part.end(), to);
      return;
    }
    const auto [left, right] = halves(node);
    sum_shards(left, depth + 1, sum, gradient, threads, add_shard);
    const std::span<float> other = std::span(buffer(depth, sum.size())).first(sum.size());
    sum_shards(right, depth + 1, other, gradient, threads, add_shard);
    add(sum, other, threads);
  }

  // From the sums of each rank's nodes the sum of all, on all ranks, in sums_[0].
  void sum_ranks(std::size_t size, ThreadPool& threads) {
    const std::size_t R = nodes_.size();
    const auto slice = [&](std::span<float> whole, std::size_t r) {
      return whole.subspan(size * r / R, size * (r + 1) / R - size * r / R);
    };
    const std::size_t mine = slice(sums_[0], rank()).size();
    // What a rank has of the nodes of a slice lies one after another.
    received_.resize(R);
    sent_.resize(R);
    std::vector<std::span<const float>> send(R);
    std::vector<std::span<float>> receive(R);
    for (std::size_t r = 0; r < R; ++r) {
      received_[r].resize(nodes_[r].size() * mine);
      receive[r] = received_[r];
      Floats& to = r == rank() ? received_[r] : sent_[r];
      to.clear();
      for (Floats& sum : sums_) {
        const std::span<float> part = slice(sum, r);
        to.insert(to.end(), part.begin(), part.end());
      }
      send[r] = to;
    }
    ranks_->exchange(send, receive);
    sum_nodes({0, num_shards_}, 0, slice(sums_[0], rank()), threads);
    for (std::size_t r = 0; r < R; ++r) {
      send[r] = slice(sums_[0], rank());
      receive[r] = slice(sums_[0], r);
    }
    ranks_->exchange(send, receive);
  }

  // The sum of a node over one slice, of nodes that were received.
  void sum_nodes(Node node, std::size_t depth, std::span<float> sum, ThreadPool& threads) {
    for (std::size_t r = 0; r < nodes_.size(); ++r) {
      const auto found = std::find(nodes_[r].begin(), nodes_[r].end(), node);
      if (found == nodes_[r].end()) continue;
      const auto from =
          received_[r].begin() + (found - nodes_[r].begin()) * static_cast<std::ptrdiff_t>(sum.size());
      std::copy_n(from, sum.size(), sum.begin());
      return;
    }
    const auto [left, right] = halves(node);
    sum_nodes(left, depth + 1, sum, threads);
    const std::span<float> other = std::span(buffer(depth, sum.size())).first(sum.size());
    sum_nodes(right, depth + 1, other, threads);
    add(sum, other, threads);
  }

  std::size_t num_shards_;
  Ranks* ranks_;
  std::vector<std::vector<Node>> nodes_ = {};  // of each rank
  std::vector<Floats> sums_ = {};              // of the gradients of this rank's nodes
  std::vector<Floats> buffers_ = {};           // one for each depth of the tree
  std::vector<Floats> sent_ = {}, received_ = {};
};

}  // namespace gruve::inline v0_2
