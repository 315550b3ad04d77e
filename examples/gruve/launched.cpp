#include "launched.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "gruve/core/error.hpp"

#if defined(GRUVE_HAS_MPI)
#include <unistd.h>

#include "gruve/train/mpi.hpp"
#endif

namespace {

// The number of processes that a launcher of OpenMPI, MPICH or Slurm's PMI started; 1 without one.
int num_launched() {
  for (const char* const name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"})
    if (const char* const value = std::getenv(name)) return std::max(1, std::atoi(value));
  return 1;
}

}  // namespace

#if defined(GRUVE_HAS_MPI)

struct Launched::Processes {
  gruve::MpiRanks ranks{};
  std::FILE* errors = nullptr;  // of a rank that is silent
};

Launched::Launched() {
  if (num_launched() == 1) return;
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  processes_ = std::make_unique<Processes>();
  if (processes_->ranks.rank() == 0) return;
  processes_->errors = ::fdopen(::dup(STDERR_FILENO), "w");
  for (std::FILE* const stream : {stdout, stderr})
    if (std::freopen("/dev/null", "w", stream) == nullptr) throw gruve::Error("/dev/null", "cannot open");
}

Launched::~Launched() {
  if (processes_ == nullptr) return;
  processes_.reset();
  MPI_Finalize();
}

gruve::Ranks* Launched::ranks() const noexcept {
  return processes_ == nullptr ? nullptr : &processes_->ranks;
}

int Launched::threads() const {
  if (processes_ == nullptr) return 0;
  MPI_Comm here = MPI_COMM_NULL;
  int count = 1;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
  MPI_Comm_size(here, &count);
  MPI_Comm_free(&here);
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / count);
}

void Launched::abort(const char* reason) const noexcept {
  if (processes_ == nullptr) return;
  // What is wrong for all of them, rank 0 says.
  if (processes_->ranks.rank() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(500));
  std::FILE* const errors = processes_->errors == nullptr ? stderr : processes_->errors;
  std::fprintf(errors, "gruve: process %d: %s\n", processes_->ranks.rank(), reason);
  std::fflush(errors);
  MPI_Abort(MPI_COMM_WORLD, 1);
}

#else

struct Launched::Processes {};

Launched::Launched() {
  if (num_launched() > 1)
    throw gruve::Error("mpirun started " + std::to_string(num_launched()) +
                       " processes, but this program was built without MPI (cmake -DGRUVE_MPI=ON)");
}
Launched::~Launched() = default;
gruve::Ranks* Launched::ranks() const noexcept { return nullptr; }
int Launched::threads() const { return 0; }
void Launched::abort(const char*) const noexcept {}

#endif
