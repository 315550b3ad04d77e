#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "gruve/core/once.hpp"

namespace gruve::inline v0_2::internal {

// The members of a JSON object as their texts, which are checked as parse_json() checks them: so a large one
// that is only kept or passed on takes no more memory than its text. Throws Error as parse_json() does, and
// if the text is no object.
GRUVE_ONCE std::map<std::string, std::string_view> members_of(std::string_view text, const std::string& file,
                                                              const std::string& what, std::uint64_t at);

}  // namespace gruve::inline v0_2::internal

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/corpus/corpus_json.inc"
#endif
