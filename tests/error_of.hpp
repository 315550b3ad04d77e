#pragma once

#include <string>

#include "gruve/core/error.hpp"

namespace gruve::tests {

/// What a call's Error says, or "no error".
template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace gruve::tests
