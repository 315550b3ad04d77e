// The model that is compiled in: the bytes of the file GRUVE_PLUGIN_MODEL, or none.
#include "model.hpp"

#if defined(GRUVE_PLUGIN_MODEL)
// The assembler takes megabytes in no time, of which a compiler would make a million numbers.
#if defined(__APPLE__)
#define GRUVE_SECTION ".const_data\n"
#define GRUVE_HIDDEN ".private_extern "
#define GRUVE_NAME(name) "_" name
#elif defined(_WIN32)
#define GRUVE_SECTION ".section .rdata\n"
#define GRUVE_HIDDEN ".globl "
#define GRUVE_NAME(name) name
#else
#define GRUVE_SECTION ".section .rodata\n"
#define GRUVE_HIDDEN ".hidden "
#define GRUVE_NAME(name) name
#endif
// clang-format off
__asm__(GRUVE_SECTION ".balign 16\n"
        ".globl " GRUVE_NAME("companion_model") "\n" GRUVE_HIDDEN GRUVE_NAME("companion_model") "\n"
        ".globl " GRUVE_NAME("companion_model_end") "\n" GRUVE_HIDDEN GRUVE_NAME("companion_model_end") "\n"
        GRUVE_NAME("companion_model") ":\n.incbin \"" GRUVE_PLUGIN_MODEL "\"\n"
        GRUVE_NAME("companion_model_end") ":\n.byte 0\n.text\n");
// clang-format on
extern "C" {
extern const std::byte companion_model[], companion_model_end[];
}

std::span<const std::byte> companion::built_in_model() noexcept {
  return {companion_model, companion_model_end};
}
#else
std::span<const std::byte> companion::built_in_model() noexcept { return {}; }
#endif
