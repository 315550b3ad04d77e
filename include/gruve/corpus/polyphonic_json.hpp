#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/json.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

namespace gruve::inline v0_1 {

/// Whether a path is a file whose name ends in .json.
inline bool is_polyphonic_json(const std::filesystem::path& path) {
  std::error_code error;  // of a link to itself, say, or a name that is too long
  return path.extension() == ".json" && std::filesystem::is_regular_file(path, error);
}

namespace internal {

// Takes a polyphonic data set as the parser comes upon it, so that only its tokens are kept. The functions
// are those that nlohmann::json::sax_parse calls.
class PolyphonicReader {
 public:
  explicit PolyphonicReader(std::string file) : file_(std::move(file)) {}

  // The songs of a split; nothing if the file has no list of that name.
  std::vector<std::vector<Token>>* songs(Split split) {
    auto& songs = songs_[static_cast<std::size_t>(split)];
    return songs ? &*songs : nullptr;
  }

  bool null() { return value(-1); }
  bool boolean(bool) { return value(-1); }
  bool number_integer(std::int64_t) { return value(-1); }  // a negative one
  bool number_unsigned(std::uint64_t number) {
    return value(number >= kLowestKey && number <= kHighestKey ? static_cast<int>(number) - kLowestKey : -1);
  }
  bool number_float(double, const std::string&) { return value(-1); }
  bool string(std::string&) { return value(-1); }
  bool binary(nlohmann::json::binary_t&) { return value(-1); }

  bool start_object(std::size_t) {
    if (depth_ > 0) check_value(-1);
    return deeper();
  }
  bool key(std::string& name) {
    if (depth_ != 1) return true;
    split_.reset();
    for (const Split split : {Split::train, Split::valid, Split::test})
      if (name == split_name(split)) split_ = split;
    if (split_ && songs(*split_) != nullptr) throw Error(file_, "has the key \"" + name + "\" twice");
    return true;
  }
  bool end_object() {
    --depth_;
    return true;
  }

  bool start_array(std::size_t) {
    if (depth_ == 0) fail_form();
    if (split_ && depth_ == kList) songs_[static_cast<std::size_t>(*split_)].emplace();
    if (split_ && depth_ == kSequence) tokens_.clear();
    if (split_ && depth_ == kTimestep) sounds_.fill(false);
    if (split_ && depth_ == kKey) check_value(-1);
    return deeper();
  }
  bool end_array() {
    --depth_;
    if (!split_) return true;
    if (depth_ == kTimestep) {
      for (std::size_t key = kNumKeys; key-- > 0;)
        if (sounds_[key]) tokens_.push_back(static_cast<Token>(key));
      tokens_.push_back(TimestepEncoder::kEndOfStep);
    }
    if (depth_ == kSequence) {
      if (tokens_.empty()) fail("is not a list of timesteps");
      songs(*split_)->emplace_back(tokens_.begin(), tokens_.end());  // of no more capacity than it needs
    }
    return true;
  }

  // position  the number of characters read
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    throw Error(file_, position > 0 ? position - 1 : 0, kForm);
  }

  [[noreturn]] void fail_form() const { throw Error(file_, kForm); }

 private:
  static constexpr const char* kForm = "is not a JSON object with the splits train, valid and test";

  // What is at each depth of a split.
  static constexpr int kList = 1, kSequence = 2, kTimestep = 3, kKey = 4;

  [[noreturn]] void fail(const std::string& reason) const {
    throw Error(file_, "sequence " + std::to_string(songs_[static_cast<std::size_t>(*split_)]->size()) +
                           " of " + std::string(split_name(*split_)) + " " + reason);
  }

  bool deeper() {
    if (++depth_ > kDeepest)
      throw Error(file_, "is nested deeper than " + std::to_string(kDeepest) + " levels");
    return true;
  }

  bool value(int key) {
    if (depth_ == 0) fail_form();
    check_value(key);
    return true;
  }

  // A value that is not a list: a key is the only one that a split has.
  void check_value(int key) {
    if (!split_) return;
    if (depth_ == kList)
      throw Error(file_, "has no list of sequences \"" + std::string(split_name(*split_)) + "\"");
    if (depth_ == kSequence) fail("is not a list of timesteps");
    if (depth_ == kTimestep) fail("has a timestep that is not a list of keys");
    if (key < 0) fail("has a key that is not an integer from 21 to 108");
    sounds_[static_cast<std::size_t>(key)] = true;
  }

  std::string file_;
  int depth_ = 0;
  std::optional<Split> split_ = {};  // whose list is being read
  std::vector<Token> tokens_ = {};   // of the sequence
  std::array<bool, kNumKeys> sounds_{};
  std::array<std::optional<std::vector<std::vector<Token>>>, 3> songs_ = {};  // of each Split
};

}  // namespace internal

/// Reads a polyphonic data set into a corpus in memory, in the JSON form in which those of
/// Boulanger-Lewandowski et al. 2012 (arXiv:1206.6392) are distributed:
///
///   {"train": […], "valid": […], "test": […]}
///
/// Each is a list of sequences, a sequence is a list of timesteps, and a timestep is the list of the MIDI
/// keys (21 to 108) that sound in it. The splits are the file's own. The files do not distinguish held keys
/// from repeated ones: a key that sounds in consecutive timesteps is read as one held note.
///
/// Throws Error with the number of the sequence if the file does not have this form, or is nested deeper than
/// 64 levels.
///
/// steps_per_quarter  timesteps per quarter note; it affects only the tempo of decoded songs
inline Corpus read_polyphonic_json(const std::filesystem::path& path, int steps_per_quarter = 4) {
  const MappedFile file(path);
  const TimestepEncoder encoder({.steps_per_quarter = steps_per_quarter});
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  internal::PolyphonicReader reader(file.path());
  if (text.starts_with("\xEF\xBB\xBF")) throw Error(file.path(), "begins with a byte-order mark");
  if (text.find('\0') != std::string_view::npos) throw Error(file.path(), "holds a NUL byte");
  nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
  std::vector<std::vector<Token>> songs;
  std::vector<Split> splits;
  for (const Split split : {Split::train, Split::valid, Split::test}) {
    auto* const sequences = reader.songs(split);
    if (sequences == nullptr)
      throw Error(file.path(), "has no list of sequences \"" + std::string(split_name(split)) + '"');
    songs.insert(songs.end(), std::make_move_iterator(sequences->begin()),
                 std::make_move_iterator(sequences->end()));
    splits.resize(songs.size(), split);
  }
  return Corpus::from_songs({.encoder = encoder}, songs, splits, file.path());
}

}  // namespace gruve::inline v0_1
