// The files that a command writes, reserved from its beginning.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "gruve/core/output_lock.hpp"

/// Holds an OutputLock of each file that a command will write. A signal that ends the program removes the
/// locks and what was written in part. One object of this class at a time. What the command reads is given
/// too, so that none can forget to compare the two.
class Outputs {
 public:
  /// Paths that are empty or "-" are left out. Throws Error as require_not_read() and OutputLock do, and if two are one
  /// file.
  ///
  /// inputs     files and folders that the command reads
  /// temporary  a file that the command writes and removes
  Outputs(std::initializer_list<std::string> paths, const std::vector<std::string>& inputs,
          const std::string& temporary = {});
  ~Outputs();
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

 private:
  std::vector<gruve::OutputLock> locks_;
};
