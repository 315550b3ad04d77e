#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "gruve/core/platform.hpp"
#include "gruve/kernels/gate_tiles.hpp"

namespace gruve::inline v0_2::kernels {

/// The numbers in which an implementation holds weights. Everything else is float: biases, states, sums, and
/// the weights that training changes. Implementations for processors that multiply fewer bits faster
/// (avx512_bf16, avx512_vnni, amx) also round the left operand of a product, and with bf16 both operands of
/// the gradient of a weight matrix.
enum class Precision {
  fp32,  // float
  bf16,  // bfloat16: the upper half of a float
  int8,  // 8 bits and a float scale per row of a weight matrix; for generation only. On the other instruction
         // sets a batch-1 step also quantises its state to 16 bits
};

/// "fp32", "bf16" or "int8".
constexpr std::string_view precision_name(Precision precision) noexcept {
  constexpr std::string_view kNames[] = {"fp32", "bf16", "int8"};
  return kNames[static_cast<int>(precision)];
}

/// The precision of that name; empty if there is none.
constexpr std::optional<Precision> precision_from_name(std::string_view name) noexcept {
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8})
    if (name == precision_name(precision)) return precision;
  return std::nullopt;
}

/// Where the reset gate acts in the candidate n of a GRU.
enum class ResetGate {
  after_product,  // n = tanh(x W_inᵀ + b_in + r ∘ (h W_hnᵀ + b_hn)): PyTorch, cuDNN, Keras (reset_after=True)
  before_product,  // n = tanh(x W_inᵀ + b_in + (r ∘ h) W_hnᵀ + b_hn): Cho et al. 2014, Keras
                   // (reset_after=False)
};

/// Which rows of a time-major array [T, B, ·] a call works on: row t·B + b for every t and first <= b < last.
/// Threads split b. In the fused kernels no result of a row depends on which other rows its call holds, so
/// any split gives the same bits; the reference leaves the order of its sums to Eigen and makes no such
/// promise.
struct Rows {
  int T = 1;      // timesteps
  int B = 1;      // batch size
  int first = 0;  // first sequence
  int last = 1;   // one after the last sequence
};

/// All B rows of every timestep.
inline Rows all_rows(int T, int B) noexcept { return {T, B, 0, B}; }

/// A part [first, last) of the columns of a matrix.
struct Columns {
  int first = 0;  // the first column
  int last = 0;   // one after the last column
};

/// c = a · b + bias, or c += a · b. b is packed (Kernels::pack).
template <class Scalar>
struct Product {
  Rows rows = {};                // of a and c
  int K = 0;                     // columns of a, rows of b
  int N = 0;                     // columns of b and c
  const Scalar* a = nullptr;     // [rows, K], its rows a_stride apart
  std::ptrdiff_t a_stride = 0;   // elements
  GateTiles a_tiles = {};        // if it has an H: a is gates in tiles instead, K up to 3H of their columns
  const Scalar* b = nullptr;     // packed from [K, N]
  const Scalar* bias = nullptr;  // [N], or null for none
  Scalar* c = nullptr;           // [rows, N], its rows c_stride apart
  std::ptrdiff_t c_stride = 0;   // elements
  bool accumulate = false;       // adds to c; then bias must be null
};

/// The same for a single row: c = a · b + bias, in the order of sums that suits one token at a time.
template <class Scalar>
struct VectorProduct {
  int K = 0;                     // elements of a, rows of b
  int N = 0;                     // elements of c, columns of b
  Columns columns = {};          // of c that are computed; a part begins at a multiple of kPartUnit
  const Scalar* a = nullptr;     // [K]
  const Scalar* b = nullptr;     // packed from [K, N]
  const Scalar* bias = nullptr;  // [N]
  Scalar* c = nullptr;           // [N]
};

/// Threads that share a VectorProduct or a GruStep take parts that begin at multiples of it.
inline constexpr int kPartUnit = 48;

/// One GRU layer over a chunk of T timesteps.
///
///   r = σ(x_r + h W_hrᵀ + b_hr)      z likewise      n as in ResetGate      h' = (1 − z) ∘ n + z ∘ h
///
/// where x_r, x_z, x_n are the parts of the input product x W_ihᵀ + b_ih, which is made before: for the first
/// layer of a token model it is a row of a table [V, 3H], and `tokens` names the row.
template <class Scalar>
struct GruForward {
  Rows rows = {};                                   // of the chunk
  int H = 0;                                        // hidden size
  ResetGate reset_gate = ResetGate::after_product;  // the variant
  const Scalar* input_product = nullptr;  // [T, B, 3H], or the table [V, 3H] where tokens are given; its rows
  std::ptrdiff_t input_stride = 0;        // input_stride apart. It may be where the gates r, z, n are written
  const std::uint16_t* tokens = nullptr;  // [T, B], or null
  const Scalar* weight_hh = nullptr;      // packed from [3H, H] (Kernels::pack_gru)
  const Scalar* bias_hh = nullptr;        // [3H]
  const std::uint8_t* reset = nullptr;  // [T, B] not 0 where the state before the timestep is zero, whatever
                                        // h holds; or null
  Scalar* h = nullptr;  // [T + 1, B, H]: [0] the state before the chunk, given; [t + 1] that after timestep
                        // t, 0 where it fell below kFaded (faded.hpp)
  GateLayout gate_layout = GateLayout::rows;  // of gates
  bool past_caches = false;     // gates are stored past the caches, where the set can: right if they are many
  std::ptrdiff_t gate_row = 0;  // of tiles: the row of their storage at which the first timestep stands
  Scalar* gates = nullptr;  // [T, B, 4H]: of GateLayout::rows r, z, n and, for the backward pass, h W_hnᵀ +
                            // b_hn (or r ∘ h); of GateLayout::none scratch [B, 4H]; of tiles GateTiles
};

/// One timestep of one sequence, nothing kept for a backward pass, in the order of sums that suits one token
/// at a time.
///
/// Cost, whatever the numbers are: 3H² multiply-adds and 3H activations; the packed weights are read once (in
/// float 12 H² bytes, in bfloat16 6 H², in 8 bits 3 H², and what fills panels up), and 14H floats beside
/// them. Numbers below kFaded (faded.hpp) that a state comes to are stored as 0.
template <class Scalar>
struct GruStep {
  int H = 0;           // hidden size
  Columns units = {};  // of out that are computed; a part begins at a multiple of kPartUnit, and is the whole
                       // with ResetGate::before_product, where n needs r of all units
  bool descending = false;  // the last units first: steps of alternating order find in the cache the weights
                            // that the previous step read last
  ResetGate reset_gate = ResetGate::after_product;  // the variant
  const Scalar* input_product = nullptr;            // [3H]
  const Scalar* weight_hh = nullptr;                // packed from [3H, H] (Kernels::pack_gru)
  const Scalar* bias_hh = nullptr;                  // [3H]
  const Scalar* h = nullptr;                        // [H]
  Scalar* out = nullptr;                            // [H], may not overlap h
  Scalar* scratch = nullptr;                        // [3H]: what stands there does not count, before or after
};

/// One implementation of the arithmetic: a set of functions that a caller takes as a whole. The reference
/// (reference.hpp) serves any scalar; the fused ones (fused.hpp) serve float on one instruction set and with
/// one precision of weights each.
///
/// None takes a lock or throws. What generation calls (multiply, multiply_vector, gru_forward, gru_step,
/// softmax, argmax) allocates nothing and makes no system call, in any set, and its work depends on the sizes
/// alone, not on the numbers (tests/kernels/realtime_test.cpp). The fused sets allocate nothing in training
/// either.
template <class Scalar>
struct Kernels {
  const char* name;     // such as "avx2"
  Precision precision;  // of the weights

  /// Scalars that pack needs for a matrix [K, N].
  std::size_t (*packed_size)(int K, int N);
  /// Packs b [K, N], whose element (k, n) is b[k · k_stride + n · n_stride], in the order and the precision
  /// of multiply and multiply_vector.
  void (*pack)(int K, int N, const Scalar* b, std::ptrdiff_t k_stride, std::ptrdiff_t n_stride,
               Scalar* packed);
  void (*multiply)(const Product<Scalar>&);               // rows of a matrix
  void (*multiply_vector)(const VectorProduct<Scalar>&);  // a single row

  /// Scalars that pack_gru needs for hidden size H.
  std::size_t (*packed_gru_size)(int H, ResetGate);
  /// Packs weight_hh [3H, H] in the order of gru_forward and gru_step.
  void (*pack_gru)(int H, ResetGate, const Scalar* weight_hh, Scalar* packed);
  void (*gru_forward)(const GruForward<Scalar>&);  // a layer over a chunk
  void (*gru_step)(const GruStep<Scalar>&);        // one timestep of one sequence

  /// x[i] ← exp((x[i] − max x) · factor) for n > 0 elements, with 0 for −∞; returns their sum.
  Scalar (*softmax)(int n, Scalar factor, Scalar* x);
  /// The index of the largest of n > 0 elements; the first of equal ones.
  int (*argmax)(int n, const Scalar* x);

  // y[i] = f(x[i]) for n elements. Fused, sigmoid and tanh are within 2.5 ULP for every float.
  void (*sigmoid)(std::size_t n, const Scalar* x, Scalar* y);  // 1 / (1 + e⁻ˣ)
  void (*tanh)(std::size_t n, const Scalar* x, Scalar* y);     // hyperbolic tangent
  void (*exp)(std::size_t n, const Scalar* x, Scalar* y);      // eˣ
};

}  // namespace gruve::inline v0_2::kernels
