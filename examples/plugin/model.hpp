#pragma once

#include <cstddef>
#include <span>

namespace companion {

/// The bytes of the model that is compiled in; none if there is no such model.
std::span<const std::byte> built_in_model() noexcept;

}  // namespace companion
