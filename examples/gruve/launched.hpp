// The processes that `mpirun` started together, of which this is one.
#pragma once

#include <memory>

#include "gruve/train/ranks.hpp"

/// While it lives, the processes of one mpirun know of each other, if the program was built with MPI. All but
/// rank 0 are silent. One object in the life of a program.
class Launched {
 public:
  /// Throws Error if mpirun started several processes of a program without MPI.
  Launched();
  ~Launched();
  Launched(const Launched&) = delete;
  Launched& operator=(const Launched&) = delete;

  /// The processes; null if this one is alone.
  gruve::Ranks* ranks() const noexcept;
  /// Whether this process writes files and says how far it is: rank 0, or the only one.
  bool speaks() const noexcept { return ranks() == nullptr || ranks()->rank() == 0; }
  /// The number of threads for each of the processes on this machine, where none is given.
  int threads() const;

  /// Says why this process ends, and ends all of them, which would wait for it. Returns if it is alone.
  void abort(const char* reason) const noexcept;

 private:
  struct Processes;
  std::unique_ptr<Processes> processes_;
};
