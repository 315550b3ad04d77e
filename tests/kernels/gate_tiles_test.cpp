// Gates kept as tiles of bfloat16 (GateTiles): what the forward pass writes, the backward pass makes of it,
// and the products read, against the same passes with gates in rows of floats and against sums in double.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "arrays.hpp"
#include "bf16_layer.hpp"
#include "catch.hpp"
#include "emulated.hpp"
#include "gruve/core/aligned.hpp"
#include "gruve/kernels/gate_tiles.hpp"
#include "gruve/kernels/rounding.hpp"
#include "tolerance.hpp"

using namespace gruve;
using namespace gruve::kernels;
using namespace gruve::kernels::rounding;

namespace {

// A layer whose gates are kept as tiles.
struct TiledLayer : Layer {
  TiledLayer(int timesteps, int batch, int hidden) : Layer(timesteps, batch, hidden, GateLayout::tiles) {
    if (reset[0] != 0) h[0] = 0;  // a NaN would not equal itself
  }

  // From rows [t, b] of the storage, the bfloat16 of a slice, as a float.
  float kept(int t, int b, int unit, int slice) const {
    const std::ptrdiff_t row = std::ptrdiff_t{t} * GateTiles::padded(B) + b;
    const auto at = GateTiles::at(H, row, unit, slice) * 2 + unit % GateTiles::kGroup * 2 + row % 2;
    std::uint16_t bits;
    std::memcpy(&bits, reinterpret_cast<const char*>(gates.data()) + at * 2, sizeof bits);
    return from_bfloat16(bits);
  }
};

}  // namespace

TEST_CASE("Gates in tiles are those in rows, rounded, beside the state before and zeros",
          "[kernels][bf16][tiles]") {
  const int T = 3, B = GENERATE(1, 2, 5, 37, 64);
  const bool past_caches = GENERATE(false, true);
  for (const Kernels<float>* kernels : rounding_sets()) {
    for (const int H : {32, 96}) {
      CAPTURE(kernels->name, B, H, past_caches);
      Layer rows(T, B, H);
      TiledLayer tiled(T, B, H);
      rows.h[0] = 0;
      rows.forward(*kernels);
      tiled.past_caches = past_caches;
      tiled.forward(*kernels);
      REQUIRE(tiled.h == rows.h);
      bool equal = true;
      for (int t = 0; t < T; ++t) {
        for (int j = 0; j < H; ++j) {
          for (int b = 0; b < B; ++b) {
            for (int gate = 0; gate < 4; ++gate)
              equal &= double{tiled.kept(t, b, j, gate)} ==
                       rounded(rows.gates[rows.row(t, b) * size(4 * H) + size(gate, H) + size(j)]);
            equal &= double{tiled.kept(t, b, j, GateTiles::kState)} == rounded(rows.state(t, b, j));
          }
          for (int b = B; b < GateTiles::padded(B); ++b)
            for (int slice = 0; slice < GateTiles::kSlices; ++slice) equal &= tiled.kept(t, b, j, slice) == 0;
        }
      }
      CHECK(equal);
    }
  }
}

TEST_CASE("Gradients in tiles are what the equations make of the rounded gates", "[kernels][bf16][tiles]") {
  const int T = GENERATE(1, 3), B = GENERATE(1, 5, 34);
  for (const Kernels<float>* kernels : rounding_sets()) {
    for (const int H : {32, 64}) {
      CAPTURE(kernels->name, T, B, H);
      REQUIRE(gate_layout_of(emulated::training_kernels_of(*kernels), H, ResetGate::after_product) ==
              GateLayout::tiles);
      TiledLayer chunk(T, B, H);
      chunk.forward(*kernels);
      const TiledLayer before = chunk;
      chunk.backward(*kernels);
      double worst_gate = 0, worst = 0;
      for (int b = 0; b < B; ++b) {
        std::vector<double> dh(size(H)), sums(size(H));
        for (int j = 0; j < H; ++j) dh[size(j)] = before.dh[size(b, H) + size(j)];
        for (int t = T - 1; t >= 0; --t) {
          const std::size_t row = chunk.row(t, b);
          for (int j = 0; j < H; ++j) {
            const double r = before.kept(t, b, j, 0), z = before.kept(t, b, j, 1),
                         n = before.kept(t, b, j, 2), hn = before.kept(t, b, j, 3),
                         h = before.kept(t, b, j, GateTiles::kState);
            const double d = dh[size(j)] + chunk.dout[row * size(H) + size(j)];
            const double dx_n = d * (1 - z) * (1 - n * n);
            const double exact[] = {dx_n * hn * r * (1 - r), d * (h - n) * z * (1 - z), dx_n * r, dx_n, h};
            for (int slice = 0; slice < GateTiles::kSlices; ++slice)
              worst_gate = std::max(worst_gate, distance(chunk.kept(t, b, j, slice), exact[slice]));
            sums[size(j)] = d * z;
          }
          // The product's operands are what the tiles hold.
          for (int j = 0; j < H; ++j) {
            for (int i = 0; i < 3 * H; ++i)
              sums[size(j)] +=
                  double{chunk.kept(t, b, i % H, i / H)} * rounded(chunk.weight[size(i, H) + size(j)]);
            dh[size(j)] = chunk.reset[row] != 0 ? 0 : sums[size(j)];
          }
        }
        for (int j = 0; j < H; ++j)
          worst = std::max(worst, distance(chunk.dh[size(b, H) + size(j)], dh[size(j)]));
      }
      // As in bf16_test.cpp, and a gradient is rounded by 2⁻⁹ of it.
      const double largest = 2 * std::pow(4.0, T),
                   error = T * std::pow(4.0, T) * tests::float_sum(3 * H + 12, largest);
      CHECK(worst <= error);
      CHECK(worst_gate <= error + largest * 0x1p-9);
    }
  }
}

TEST_CASE("Products of gradients in tiles are sums of what the tiles hold", "[kernels][bf16][tiles]") {
  const int T = GENERATE(1, 18), B = GENERATE(1, 6, 35);
  for (const Kernels<float>* kernels : rounding_sets()) {
    const TrainingKernels<float>& training = emulated::training_kernels_of(*kernels);
    const int H = 64, rows = T * B, V = 7, N = 50;
    CAPTURE(kernels->name, T, B);
    TiledLayer chunk(T, B, H);
    chunk.forward(*kernels);
    chunk.backward(*kernels);
    const GateTiles input{.H = H, .B = B, .slices = {0, 1, 3}}, recurrent{.H = H, .B = B};
    const auto a = [&](const GateTiles& tiles, int row, int i) {
      return double{chunk.kept(row / B, row % B, i % H, tiles.slices[i / H])};
    };

    SECTION("transposed, by the states in the tiles and by rows of floats") {
      const std::vector<float> floats = random(size(rows, N + 1), 8);
      std::vector<std::uint8_t> is_zero(size(rows));
      for (std::size_t i = 0; i < is_zero.size(); i += 5) is_zero[i] = 1;
      for (const bool by_states : {true, false}) {
        const GateTiles& tiles = by_states ? recurrent : input;
        const int width = by_states ? H : N;
        AlignedVector<float> c(size(3 * H, width), 7.0f), sums(size(3 * H), 7.0f);
        for (const Columns columns : {Columns{0, 2 * H}, Columns{2 * H, 3 * H}})
          training.multiply_transposed({.rows = rows,
                                        .columns = columns,
                                        .a = chunk.gates.data(),
                                        .a_tiles = tiles,
                                        .N = width,
                                        .b = by_states ? nullptr : floats.data(),
                                        .b_stride = N + 1,
                                        .b_is_zero = by_states ? nullptr : is_zero.data(),
                                        .c = c.data(),
                                        .sums = sums.data()});
        double worst = 0, largest = 1;
        for (int i = 0; i < 3 * H; ++i) {
          double sum = 0, size_of_sum = 0;
          for (int row = 0; row < rows; ++row) {
            sum += a(tiles, row, i);
            size_of_sum += std::abs(a(tiles, row, i));
          }
          largest = std::max(largest, size_of_sum);
          worst = std::max(worst, distance(sums[size(i)], sum));
          for (int j = 0; j < width; j += 7) {
            double exact = 0;
            for (int row = 0; row < rows; ++row) {
              const double b = by_states ? double{chunk.kept(row / B, row % B, j, GateTiles::kState)}
                               : is_zero[size(row)] != 0 ? 0.0
                                                         : rounded(floats[size(row, N + 1) + size(j)]);
              exact += a(tiles, row, i) * b;
            }
            worst = std::max(worst, distance(c[size(i, width) + size(j)], exact));
          }
        }
        CHECK(worst <= tests::float_sum(rows + 1, largest));
      }
    }

    SECTION("sums by token") {
      std::vector<std::uint16_t> tokens(size(rows));
      for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<std::uint16_t>(i * i % size(V));
      for (const int vocabulary : {V, 300}) {  // sums that are near and sums that are not
        AlignedVector<float> c(size(vocabulary, 3 * H), 7.0f);
        training.sum_by_token({.rows = rows,
                               .columns = {16, 3 * H},
                               .a = chunk.gates.data(),
                               .a_tiles = input,
                               .tokens = tokens.data(),
                               .V = vocabulary,
                               .c = c.data(),
                               .c_stride = std::ptrdiff_t{3} * H});
        double worst = 0, largest = 1;
        for (int i = 0; i < 3 * H; ++i) {
          for (int v = 0; v < vocabulary; ++v) {
            double exact = i < 16 ? 7 : 0, size_of_sum = 0;
            for (int row = 0; i >= 16 && row < rows; ++row) {
              if (tokens[size(row)] != v) continue;
              exact += a(input, row, i);
              size_of_sum += std::abs(a(input, row, i));
            }
            largest = std::max(largest, size_of_sum);
            worst = std::max(worst, distance(c[size(v, 3 * H) + size(i)], exact));
          }
        }
        CHECK(worst <= tests::float_sum(rows, largest));
      }
    }

    SECTION("by a matrix, of all sequences and of some") {
      const int K = 2 * H;
      const std::vector<float> b = random(size(K, N), 9);
      AlignedVector<float> packed(kernels->packed_size(K, N));
      kernels->pack(K, N, b.data(), N, 1, packed.data());
      for (const int first : {0, B / 2 / 2 * 2}) {
        std::vector<float> c(size(rows, N), 7.0f);
        kernels->multiply({.rows = {T, B, first, B},
                           .K = K,
                           .N = N,
                           .a = chunk.gates.data(),
                           .a_tiles = {.H = H, .B = B, .slices = {1, 3, 0}},
                           .b = packed.data(),
                           .c = c.data(),
                           .c_stride = N});
        double worst = 0, largest = 1;
        for (int row = 0; row < rows; ++row) {
          for (int j = 0; j < N; ++j) {
            double exact = row % B < first ? 7 : 0, size_of_sum = 0;
            for (int k = 0; row % B >= first && k < K; ++k) {
              const double term = double{chunk.kept(row / B, row % B, k % H, k < H ? 1 : 3)} *
                                  rounded(b[size(k, N) + size(j)]);
              exact += term;
              size_of_sum += std::abs(term);
            }
            largest = std::max(largest, size_of_sum);
            worst = std::max(worst, distance(c[size(row, N) + size(j)], exact));
          }
        }
        CHECK(worst <= tests::float_sum(K, largest));
      }
    }
  }
}

TEST_CASE("A chunk with gates in tiles has the same bits for 1, 2 and 3 parts", "[kernels][bf16][tiles]") {
  const int B = GENERATE(39, 40);
  for (const Kernels<float>* kernels : rounding_sets()) {
    TiledLayer whole(2, B, 64);
    whole.forward(*kernels);
    whole.backward(*kernels);
    for (const int parts : {2, 3}) {
      TiledLayer cut(2, B, 64);
      cut.forward(*kernels, ResetGate::after_product, parts);
      cut.backward(*kernels, ResetGate::after_product, parts);
      CAPTURE(kernels->name, parts, B);
      CHECK(cut.h == whole.h);
      CHECK(std::memcmp(cut.gates.data(), whole.gates.data(), whole.gates.size() * sizeof(float)) == 0);
      CHECK(cut.dh == whole.dh);
    }
  }
}

TEST_CASE("Every set has the same states whether gates are kept or not", "[kernels][gru][tiles]") {
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  Sets sets = rounding_sets();
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8})
    for (const Kernels<float>* kernels : available(precision)) sets.push_back(kernels);
  for (const Kernels<float>* kernels : sets) {
    Layer kept(3, 5, 37), scratch(3, 5, 37);
    kept.h[0] = scratch.h[0] = 0;
    kept.forward(*kernels, reset_gate);
    scratch.layout = GateLayout::none;
    scratch.gates.resize(size(5, 4 * 37));
    scratch.forward(*kernels, reset_gate);
    CAPTURE(kernels->name);
    CHECK(scratch.h == kept.h);
  }
}
