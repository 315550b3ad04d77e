#pragma once

#include <array>
#include <span>
#include <string_view>

#include "gruve/tokens/any_encoder.hpp"

namespace gruve::inline v0_2 {

/// A program's own encoder type, for functions that read files.
struct EncoderType {
  std::string_view type;                          // Encoder::kType
  AnyEncoder (*read)(std::string_view settings);  // Encoder::from_settings()
};

/// A program's own encoder types; encoder_types() lists them.
using EncoderTypes = std::span<const EncoderType>;

namespace internal {

template <StoredEncoder... Encoders>
inline constexpr std::array<EncoderType, sizeof...(Encoders)> kEncoderTypes = {
    EncoderType{Encoders::kType,
                [](std::string_view settings) { return AnyEncoder(Encoders::from_settings(settings)); }}...};

}  // namespace internal

/// A list of encoder types, for functions that read files: `Corpus corpus(path, encoder_types<MyEncoder>());`
template <StoredEncoder... Encoders>
constexpr EncoderTypes encoder_types() noexcept {
  return internal::kEncoderTypes<Encoders...>;
}

}  // namespace gruve::inline v0_2
