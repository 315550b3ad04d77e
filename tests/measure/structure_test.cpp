#include "gruve/measure/structure.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.hpp"
#include "gruve/core/rng.hpp"

using namespace gruve;

namespace {

// One frame each, of a second: 48 kinds, none of which is like another: its pitch class is kind % 12, and its
// note begins with the quarter kind / 12 of the frame. -1 is silence.
GridSong frames(const std::vector<int>& kinds) {
  Song song{.ticks_per_quarter = 24, .tempos = {{0, 1'000'000}}};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto begin = static_cast<std::int64_t>(24 * i);
    if (kinds[i] >= 0)
      song.notes.push_back(
          {.start = begin + 6 * (kinds[i] / 12), .end = begin + 24, .pitch = 60 + kinds[i] % 12});
  }
  return on_grid(song);
}

std::vector<int> repeated(const std::vector<int>& part, int times) {
  std::vector<int> all;
  for (int i = 0; i < times; ++i) all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::vector<int> counting(int from, int to) {
  std::vector<int> all;
  for (int i = from; i < to; ++i) all.push_back(i);
  return all;
}

std::vector<int> random_kinds(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<int> kinds(count);
  for (int& kind : kinds) kind = static_cast<int>(rng.below(48));
  return kinds;
}

// Similarities are floats, of which up to some hundred are summed.
Approx about(double value) { return Approx(value).margin(1e-4); }

}  // namespace

TEST_CASE("Frames divide bars evenly, and end with the music", "[measure][structure]") {
  // A bar of 7/8, 84 timesteps, in four frames of 21; then 2/4, of which half is music.
  const Song song{.ticks_per_quarter = 24,
                  .notes = {{0, 42, 60}, {84, 100, 67}},
                  .time_signatures = {{0, 7, 8}, {84, 2, 4}}};
  const Frames cut = frames_of(on_grid(song));
  REQUIRE(cut.size() == 5);
  CHECK(cut.seconds[1] == Approx(21.0 / 48));
  CHECK(cut.seconds[5] == Approx(108.0 / 48));
  CHECK(cut.chroma[1][0] == 1);
  CHECK(cut.onsets[1][0] == 0);
  CHECK(cut.chroma[2][0] == 0);
  CHECK(cut.chroma[4][7] == 1);
}

TEST_CASE("Bars shorter than an eighth are joined, so that a metre of 1/256 costs no more than another",
          "[measure][structure]") {
  Song song{.ticks_per_quarter = 480, .length = 480 * 4000};
  song.time_signatures = {{0, 1, 256}};
  song.notes = {{.start = 0, .end = 480, .pitch = 60}, {.start = 480 * 3999, .end = 480 * 4000, .pitch = 60}};
  const GridSong grid = on_grid(song);
  CHECK(grid.bars.size() <= 8000);
  for (std::size_t i = 0; i + 1 < grid.bars.size(); ++i) CHECK(grid.bars[i].end - grid.bars[i].begin >= 12);
  CHECK(grid.bars.back().end >= grid.end);
}

TEST_CASE("Frames are as alike as chroma and onsets are", "[measure][structure]") {
  // C; C again; E at the same place; silence, twice; C and E.
  Song song{.ticks_per_quarter = 24,
            .notes = {{0, 24, 60}, {24, 48, 48}, {48, 72, 64}, {120, 144, 60}, {120, 144, 64}}};
  const Frames all = frames_of(on_grid(song));
  REQUIRE(all.size() == 6);
  CHECK(similarity(all, 0, 1) == 1);
  CHECK(similarity(all, 0, 2) == kUnlike);
  CHECK(similarity(all, 0, 3) == kUnlike);
  CHECK(similarity(all, 3, 4) == 0);
  CHECK(similarity(all, 3, 3) == 1);
  // The cosines are 1 / √2 and 1; from 0.75 to 1 becomes 0 to 1.
  CHECK(similarity(all, 0, 5) == about(((std::sqrt(0.5) + 1) / 2 - 0.75) / 0.25));
}

TEST_CASE("A phrase of 4 s that is all of a song shows as short structure", "[measure][structure]") {
  // 15 times 4 s. Of itself: 1 − 1/15. Of two, 8 s, 7 times: score 6/7, coverage 48/60, together 24/29. Of
  // five, 20 s, 3 times: score 2/3, coverage 40/60.
  const StructureIndicators all = structure_indicators(frames(repeated({0, 15, 30, 45}, 15)));
  CHECK(all.short_term == about(14.0 / 15));
  CHECK(all.middle_term == about(24.0 / 29));
  CHECK(all.long_term == about(2.0 / 3));
}

TEST_CASE("A theme that returns after another shows as long structure", "[measure][structure]") {
  // A B A of 20 s each: score 1/2, coverage 20/60. No part of A or B returns within it, so the best part of 7
  // s has score 1/2 and coverage 7/60.
  std::vector<int> kinds = counting(0, 20);
  for (const int kind : counting(20, 40)) kinds.push_back(kind);
  for (const int kind : counting(0, 20)) kinds.push_back(kind);
  const StructureIndicators all = structure_indicators(frames(kinds));
  CHECK(all.long_term == about(0.4));
  CHECK(all.short_term == about(2 * 0.5 * (7.0 / 60) / (0.5 + 7.0 / 60)));
  CHECK(all.middle_term == about(2 * 0.5 * (14.0 / 60) / (0.5 + 14.0 / 60)));
}

TEST_CASE("What is random, silent or too short has no structure", "[measure][structure]") {
  const StructureIndicators random = structure_indicators(frames(random_kinds(120, 1)));
  // Less than a phrase of 4 s heard twice: score 1/2, coverage 4/120.
  CHECK(random.short_term < 1.0 / 16);
  CHECK(random.middle_term < 1.0 / 16);
  CHECK(random.long_term < 1.0 / 16);

  std::vector<int> kinds(60, -1);
  kinds.front() = 0;
  kinds.back() = 1;
  CHECK(structure_indicators(frames(kinds)).short_term < 0.05);

  const StructureIndicators few = structure_indicators(frames(counting(0, 20)));
  CHECK(few.short_term == 0);
  CHECK(few.middle_term == 0);
  CHECK(std::isnan(few.long_term));  // no part of 15 s fits twice
  CHECK(std::isnan(structure_indicators(frames({5})).short_term));
}

TEST_CASE("The fitness found is the largest of all ways to lay a part over a song", "[measure][structure]") {
  // Every way tried: which places are taken, for every part, of a song with many repetitions of many lengths.
  std::vector<int> kinds = random_kinds(17, 3);
  for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] %= 3;
  const Frames cut = frames_of(frames(kinds));
  const std::size_t N = cut.size();
  double best = 0;
  for (std::size_t M = 3; M < 8; ++M)
    for (std::size_t s = 0; s + M <= N; ++s) {
      double largest = 0, count = 0;
      for (std::uint32_t places = 0; places < 1u << (N - M + 1); ++places) {
        double sigma = 0, taken = 0;
        std::size_t free_from = 0;
        bool overlaps = false;
        for (std::size_t t = 0; t + M <= N; ++t) {
          if ((places >> t & 1) == 0) continue;
          overlaps = overlaps || t < free_from;
          free_from = t + M;
          ++taken;
          for (std::size_t i = 0; i < M; ++i) sigma += static_cast<double>(similarity(cut, s + i, t + i));
        }
        if (overlaps || sigma < largest + 1e-4) continue;
        largest = sigma;
        count = taken;
      }
      const auto m = static_cast<double>(M);
      const double score = std::max(0.0, (largest - m) / (count * m));
      const double coverage = (count * m - m) / static_cast<double>(N);
      if (score + coverage > 0) best = std::max(best, 2 * score * coverage / (score + coverage));
    }
  CHECK(best > 0.1);
  CHECK(structure_indicators(cut).short_term == about(best));
}
