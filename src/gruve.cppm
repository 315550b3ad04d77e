// The module gruve: `import gruve;` for all that gruve/gruve.hpp declares. Macros are not part of a module: a program
// that needs GRUVE_VERSION_MAJOR includes gruve/core/version.hpp. Eigen's and nlohmann_json's own names need their headers.
module;

#include "system_headers.hpp"

#include <Eigen/Core>
#include <nlohmann/json.hpp>

export module gruve;

// Clang notes each header of the standard library that is included below: all have been, above.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Winclude-angled-in-module-purview"
#endif

// As if they were included, so that sources which import and sources which include are one program.
export extern "C++" {
#include "gruve/gruve.hpp"
}
