// The files that a command writes, reserved from its beginning.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "gruve/core/output_lock.hpp"

/// What a file holds, by its first bytes.
enum class FileKind { other, midi, corpus, model };

/// A file that a command will write.
struct Output {
  std::string path;  // empty or "-" for none
  FileKind kind = FileKind::other;
};

/// Holds an OutputLock of each file that a command will write. A signal that ends the program removes the
/// locks and what was written in part. One object of this class at a time. What the command reads is given
/// too, so that none can forget to compare the two.
class Outputs {
 public:
  /// Throws Error as require_not_read() and OutputLock do, if two outputs are one file, and if one would
  /// replace a MIDI file, a corpus or a model by something else.
  ///
  /// inputs     files and folders that the command reads
  /// temporary  a file that the command writes and removes
  Outputs(std::initializer_list<Output> outputs, const std::vector<std::string>& inputs,
          const std::string& temporary = {});
  ~Outputs();
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

 private:
  std::vector<gruve::OutputLock> locks_;
};
