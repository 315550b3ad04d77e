// Loads plug-ins that each have gruve's kernels inside, runs them at the same time and unloads them.
// usage: host FIRST SECOND
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace {

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what.c_str());
  std::exit(1);
}

struct Result {
  std::array<std::uint16_t, 1000> tokens = {};
  std::array<float, 16> state = {};
  bool operator==(const Result&) const = default;
};

struct Plugin {
  explicit Plugin(const char* path) : handle(dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
    require(handle != nullptr, handle != nullptr ? "" : dlerror());
    run = reinterpret_cast<decltype(run)>(dlsym(handle, "plugin_run"));
    force = reinterpret_cast<decltype(force)>(dlsym(handle, "plugin_force"));
    require(run != nullptr && force != nullptr, "a plug-in shows its entry points");
  }
  Result operator()(std::uint64_t seed) const {
    Result result;
    run(seed, result.tokens.data(), result.state.data());
    return result;
  }

  void* handle;
  void (*run)(std::uint64_t seed, std::uint16_t* tokens, float* state);
  const char* (*force)(const char* name);
};

// Whether this process has asked Linux for the tile registers of AMX.
bool has_asked_for_tiles() {
#if defined(__linux__) && defined(__x86_64__)
  constexpr long kGetPermission = 0x1022;  // ARCH_GET_XCOMP_PERM
  unsigned long features = 0;
  return syscall(SYS_arch_prctl, kGetPermission, &features) == 0 && (features >> 18 & 1) != 0;
#else
  return false;
#endif
}

bool is_mapped(const std::string& name) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.ends_with(name)) return true;
  return false;
}

}  // namespace

int main(int, char** paths) {
  // It must not change what a plug-in takes.
  setenv("GRUVE_KERNELS", "reference", 1);
  const Plugin first(paths[1]), second(paths[2]);
  const std::string fastest = first.force(nullptr);
  require(fastest != "reference", "the environment changes no plug-in");
  require(second.force(nullptr) == fastest, "both take the fastest set");

  constexpr std::uint64_t kSeeds = 8;
  std::vector<Result> alone;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) alone.push_back(first(seed));
  require(!(alone[0] == alone[1]), "another seed has another result");
  std::vector<Result> found(4 * kSeeds);
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::uint64_t seed = 0; seed < kSeeds; ++seed)
        found[thread * kSeeds + seed] = (thread % 2 == 0 ? first : second)(seed);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < found.size(); ++i)
    require(found[i] == alone[i % kSeeds], "both have the result of one alone");

  require(!has_asked_for_tiles(), "weights in float don't ask for AMX on behalf of the host");

  // Each has a choice of its own.
  require(first.force("reference") == std::string("reference"), "the first plug-in takes the reference");
  require(second.force(nullptr) == fastest, "the second is not changed by it");
  const Result plain = first(0);
  float worst = 0;
  for (std::size_t i = 0; i < plain.state.size(); ++i)
    if (plain.tokens == alone[0].tokens)
      worst = std::fmax(worst, std::fabs(plain.state[i] - alone[0].state[i]));
  require(worst < 1e-4f, "the reference comes to the same state");
  require(second(0) == alone[0], "the second has the same bits as before");

  require(is_mapped("/first.so") && is_mapped("/second.so"), "they are mapped while they are loaded");
  dlclose(first.handle);
  require(!is_mapped("/first.so"), "the first is unloaded");
  require(second(1) == alone[1], "the second works without the first");
  dlclose(second.handle);
  require(!is_mapped("/second.so"), "the second is unloaded");
  std::printf("two plug-ins with the kernels of %s: right\n", fastest.c_str());
}
