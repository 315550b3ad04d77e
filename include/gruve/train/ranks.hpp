#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace gruve::inline v0_2 {

/// The processes that train one model together, each with a part of the sequences, and what a Trainer needs
/// of them: MpiRanks (train/mpi.hpp) is that over MPI. All ranks make the same calls in the same order.
class Ranks {
 public:
  virtual ~Ranks() = default;

  /// The number of this process, from 0.
  virtual int rank() const noexcept = 0;
  /// The number of processes.
  virtual int size() const noexcept = 0;

  /// Sends send[r] to each rank r and receives receive[r] from it, [size()] spans each; those of this process
  /// itself are not used. A span has the same size on both sides. Throws Error if the transport fails.
  virtual void exchange(std::span<const std::span<const float>> send,
                        std::span<const std::span<float>> receive) = 0;

  /// The bytes that each rank passes, of any number, in the order of ranks. Throws Error if the transport
  /// fails.
  virtual std::vector<std::vector<std::byte>> gather(std::span<const std::byte> bytes) = 0;
};

}  // namespace gruve::inline v0_2
