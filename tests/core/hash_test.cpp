#include "gruve/core/hash.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.hpp"

using namespace gruve;

// Expected values computed with the Python package xxhash 4.1.0:
//   xxhash.xxh64(bytes((37 * i + 11) & 255 for i in range(size)), seed=seed).hexdigest()
TEST_CASE("xxh64 is XXH64, for each way that a length is split", "[core][hash]") {
  struct Case {
    std::size_t size;
    std::uint64_t unseeded, seeded;
  };
  constexpr Case kCases[] = {{0, 0xef46db3751d8e999u, 0x51e24c0e9077a48cu},
                             {1, 0xf592c0c7639c4cb6u, 0x0f614199dd19ad7au},
                             {3, 0x22c08528601d4f27u, 0xdcee5fb6f091a017u},
                             {4, 0xfb1e5cf2f1ae4d95u, 0x40ce9f1dabe95d5fu},
                             {8, 0x57cb2b7521f3e21au, 0x32ba9cba145aa3afu},
                             {14, 0x393648aa0a97d46fu, 0xae50a2aea62d1652u},
                             {31, 0xe4a0e629e519a4aeu, 0xbf14ea58dc6c8120u},
                             {32, 0xcc6b8aaada790b2du, 0x360bf82de03aed92u},
                             {63, 0xbf9f0ba3cf95b28au, 0x7e329d4aafb1273cu},
                             {64, 0x155ccce4bf32befcu, 0x5ff03629286b7838u},
                             {101, 0x30383413a6f6646au, 0x0dc0cf38ffc96027u}};
  for (const Case& each : kCases) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i < each.size; ++i) bytes.push_back(static_cast<std::byte>(37 * i + 11));
    CAPTURE(each.size);
    CHECK(xxh64(bytes) == each.unseeded);
    CHECK(xxh64(bytes, 0x123456789abcdefu) == each.seeded);
  }
}
