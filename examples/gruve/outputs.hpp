// The files that a command writes, reserved from its beginning.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "gruve/core/output_lock.hpp"

/// Holds an OutputLock of each file that a command will write. A signal that ends the program removes the
/// locks and what was written in part. One object of this class at a time.
class Outputs {
 public:
  /// Paths that are empty or "-" are left out. Throws Error as OutputLock does.
  ///
  /// temporary  a file that the command writes and removes
  Outputs(std::initializer_list<std::string> paths, const std::string& temporary = {});
  ~Outputs();
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

 private:
  std::vector<gruve::OutputLock> locks_;
};
