#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/event_encoder.hpp"

namespace gruve::inline v0_2 {

/// The bars of a form in letters, such as AABA: each letter is a section, and a section returns to the last
/// one of the same letter. The form begins again until there are enough bars. The result is for
/// PieceOptions::form: for each bar how many bars back the one is that it returns to; 0 for a new bar, and
/// for one that would be more than EventEncoder::kFarthest bars back.
///
/// letters  A to Z, at least one; Error on any other text
/// section  bars of a section, at least 1
/// bars     number of bars
inline std::vector<int> form_bars(std::string_view letters, int section, int bars) {
  const auto is_letter = [](char letter) { return 'A' <= letter && letter <= 'Z'; };
  if (letters.empty() || !std::all_of(letters.begin(), letters.end(), is_letter))
    throw Error(internal::shown_text(letters) + " is not a form such as AABA, in capital letters");
  if (section < 1) throw Error("a section has at least 1 bar, not " + std::to_string(section));
  std::vector<int> lags;
  std::array<int, 26> last;  // section of each letter
  last.fill(-1);
  for (int number = 0; static_cast<int>(lags.size()) < bars; ++number) {
    int& before =
        last[static_cast<std::size_t>(letters[static_cast<std::size_t>(number) % letters.size()] - 'A')];
    const int lag = before < 0 ? 0 : (number - before) * section;
    lags.insert(lags.end(), static_cast<std::size_t>(section), lag <= EventEncoder::kFarthest ? lag : 0);
    before = number;
  }
  lags.resize(static_cast<std::size_t>(bars));
  return lags;
}

/// The form of a song, for PieceOptions::form: see bar_repeats(). Throws Error as EventEncoder::encode()
/// does.
inline std::vector<int> form_of(const Song& song) {
  const EventEncoder encoder({.form = true});
  return encoder.form(encoder.encode(song));
}

}  // namespace gruve::inline v0_2
