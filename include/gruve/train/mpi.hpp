#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <mpi.h>

#include "gruve/core/error.hpp"
#include "gruve/train/ranks.hpp"

namespace gruve::inline v0_2 {

/// The processes of an MPI communicator, for Trainer. Not part of gruve.hpp: it needs an implementation of
/// MPI 3.0 (OpenMPI, MPICH), of which it calls the C functions, from the thread that calls the Trainer:
///
///   int provided = 0;
///   MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
///   {
///     gruve::MpiRanks ranks;
///     gruve::Trainer trainer(corpus, {}, {.batch_size = 64, .shards = 8}, {}, &ranks);
///     trainer.run();
///     if (ranks.rank() == 0) gruve::save(trainer.trained_model(), "model.safetensors");
///   }
///   MPI_Finalize();
///
/// Source: MPI: A Message-Passing Interface Standard, version 3.0, 2012.
class MpiRanks final : public Ranks {
 public:
  /// Of a copy of the communicator, so that no message of the program's is taken for one of the training's.
  /// MPI_Init_thread must have been called. Throws Error if MPI fails.
  explicit MpiRanks(MPI_Comm communicator = MPI_COMM_WORLD) {
    require(MPI_Comm_dup(communicator, &communicator_));
    require(MPI_Comm_set_errhandler(communicator_, MPI_ERRORS_RETURN));
    require(MPI_Comm_rank(communicator_, &rank_));
    require(MPI_Comm_size(communicator_, &size_));
  }
  ~MpiRanks() override { MPI_Comm_free(&communicator_); }
  MpiRanks(const MpiRanks&) = delete;
  MpiRanks& operator=(const MpiRanks&) = delete;

  int rank() const noexcept override { return rank_; }
  int size() const noexcept override { return size_; }

  /// Throws Error if MPI fails.
  void exchange(std::span<const std::span<const float>> send,
                std::span<const std::span<float>> receive) override {
    requests_.clear();
    for (int r = 0; r < size_; ++r) {
      if (r == rank_) continue;
      const auto i = static_cast<std::size_t>(r);
      in_parts(receive[i], [&](std::span<float> part) {
        require(MPI_Irecv(part.data(), static_cast<int>(part.size()), MPI_FLOAT, r, 0, communicator_,
                          &requests_.emplace_back()));
      });
    }
    // Each begins with the rank after it, so that not all send to one.
    for (int step = 1; step < size_; ++step) {
      const int r = (rank_ + step) % size_;
      in_parts(send[static_cast<std::size_t>(r)], [&](std::span<const float> part) {
        require(MPI_Isend(part.data(), static_cast<int>(part.size()), MPI_FLOAT, r, 0, communicator_,
                          &requests_.emplace_back()));
      });
    }
    require(MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE));
  }

  /// Throws Error if MPI fails, or if there are 2 GiB or more in all.
  std::vector<std::vector<std::byte>> gather(std::span<const std::byte> bytes) override {
    const auto count = static_cast<std::size_t>(size_);
    auto mine = static_cast<std::uint64_t>(bytes.size());
    std::vector<std::uint64_t> sizes(count);
    require(MPI_Allgather(&mine, 1, MPI_UINT64_T, sizes.data(), 1, MPI_UINT64_T, communicator_));
    std::vector<int> lengths(count), offsets(count);
    std::uint64_t total = 0;
    for (std::size_t r = 0; r < count; ++r) {
      constexpr auto kMost = static_cast<std::uint64_t>((std::numeric_limits<int>::max)());
      if (sizes[r] > kMost - total) throw Error("MPI: more than 2 GiB in one message");
      lengths[r] = static_cast<int>(sizes[r]);
      offsets[r] = static_cast<int>(total);
      total += sizes[r];
    }
    std::vector<std::byte> all(total);
    require(MPI_Allgatherv(bytes.data(), static_cast<int>(mine), MPI_BYTE, all.data(), lengths.data(),
                           offsets.data(), MPI_BYTE, communicator_));
    std::vector<std::vector<std::byte>> parts;
    for (std::size_t r = 0; r < count; ++r)
      parts.emplace_back(all.begin() + offsets[r], all.begin() + offsets[r] + lengths[r]);
    return parts;
  }

 private:
  static void require(int result) {
    if (result == MPI_SUCCESS) return;
    std::string text(MPI_MAX_ERROR_STRING, '\0');
    int length = 0;
    MPI_Error_string(result, text.data(), &length);
    text.resize(static_cast<std::size_t>(length));
    throw Error("MPI: " + text);
  }

  // MPI counts in int.
  template <class T, class Use>
  static void in_parts(std::span<T> values, Use&& use) {
    constexpr std::size_t kMost = std::size_t{1} << 28;
    for (std::size_t at = 0; at < values.size(); at += kMost)
      use(values.subspan(at, (std::min)(kMost, values.size() - at)));
  }

  MPI_Comm communicator_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  std::vector<MPI_Request> requests_ = {};
};

}  // namespace gruve::inline v0_2
