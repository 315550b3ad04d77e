// clang-cl defines __clang__ and _MSC_VER, and not __GNUC__: it compiles the fused kernels. This is as near
// to it as a Clang for another system comes, without the headers of Microsoft's library.
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

#undef __GNUC__
#define _MSC_VER 1930
#define __int64 long long
#define __XSAVEINTRIN_H  // whose functions clang-cl has built in
#include "gruve/core/thread_pool.hpp"
#include "gruve/kernels/choice.hpp"
#include "gruve/kernels/fixed_gru.hpp"
#include "gruve/kernels/fused_training.hpp"
#include "gruve/kernels/isa/avx512_bf16.hpp"
#include "gruve/kernels/isa/avx512_vnni.hpp"

static_assert(gruve::kernels::baseline::kLanes == 4);
#if defined(__x86_64__)
static_assert(gruve::kernels::avx512::kLanes == 16);
#endif

int main() {
  return gruve::kernels::fixed_gru_step<1, 16>("baseline", gruve::kernels::ResetGate::after_product).step ==
         nullptr;
}
