// Catch2 v3 where it is installed, else v2 (Debian 12, Ubuntu 22.04): the few names that moved between them.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
#else
#include <catch2/catch.hpp>  // has Approx in the global namespace already
inline auto ContainsSubstring(const std::string& text) { return Catch::Matchers::Contains(text); }
#endif
