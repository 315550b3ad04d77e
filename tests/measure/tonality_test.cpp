#include "gruve/measure/tonality.hpp"

#include <array>
#include <cmath>

#include "catch.hpp"

using namespace gruve;

namespace {

std::array<double, 12> classes(std::initializer_list<std::size_t> sounding) {
  std::array<double, 12> weights{};
  for (const std::size_t c : sounding) weights[c] = 1;
  return weights;
}

}  // namespace

// The profile of major has the sum 41.79 and, less its mean of 3.4825, the sum of squares 164.6799 − 41.79² /
// 12 = 19.146225; that of minor 44.51, 3.70917 and 16.007092.

TEST_CASE("A tone's key clarity is its profile's correlation with one tone", "[measure][key]") {
  // C alone: (6.35 − 3.4825) / √(19.146225 · 11/12) = 0.68447; C minor gives 0.68419.
  const KeyEstimate key = estimate_key(classes({0}));
  CHECK(key_name(key) == "C major");
  CHECK(key.clarity == Approx(0.68447).margin(1e-5));
}

TEST_CASE("Triads have the key of their name", "[measure][key]") {
  // C E G in C major: (6.35 + 4.38 + 5.19 − 3 · 3.4825) / √(19.146225 · (3 − 9/12)) = 0.83379.
  const KeyEstimate major = estimate_key(classes({0, 4, 7}));
  CHECK(key_name(major) == "C major");
  CHECK(major.clarity == Approx(0.83379).margin(1e-5));
  // A C E in A minor: (6.33 + 5.38 + 4.75 − 3 · 3.70917) / √(16.007092 · 2.25) = 0.88855.
  const KeyEstimate minor = estimate_key(classes({9, 0, 4}));
  CHECK(key_name(minor) == "A minor");
  CHECK(minor.clarity == Approx(0.88855).margin(1e-5));
}

TEST_CASE("The profile itself, in any key and of any size, has clarity 1", "[measure][key]") {
  const std::array<double, 12> minor{6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17};
  for (std::size_t tonic = 0; tonic < 12; ++tonic) {
    std::array<double, 12> weights{};
    for (std::size_t i = 0; i < 12; ++i) weights[(i + tonic) % 12] = 100 * minor[i];
    const KeyEstimate key = estimate_key(weights);
    CHECK(key.tonic == static_cast<int>(tonic));
    CHECK(key.is_minor);
    CHECK(key.clarity == Approx(1));
  }
}

TEST_CASE("Where all pitch classes weigh the same there is no key", "[measure][key]") {
  CHECK(std::isnan(estimate_key(classes({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})).clarity));
  CHECK(key_name(estimate_key(classes({}))) == "none");
}

TEST_CASE("A key is found from the durations of notes, not from their number", "[measure][key]") {
  GridSong song{
      .notes = {{0, 96, 60}, {0, 96, 64}, {0, 96, 67}}, .bars = {{0, 96, 0, 2}}, .end = 96, .seconds = 2};
  for (int i = 0; i < 5; ++i) song.notes.push_back({i, i + 1, 61 + i});
  CHECK(key_name(estimate_key(song)) == "C major");
}
