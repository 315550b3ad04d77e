// Usage: mpirun -np 4 example_train_mpi CORPUS MODEL [SHARDS] — one training by several processes of MPI, on
// one machine or many. The model has the same bits for any number of processes up to SHARDS (8).
#include <cstdio>
#include <exception>
#include <string>

#include <mpi.h>

#include "gruve/core/error.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/train/mpi.hpp"
#include "gruve/train/trainer.hpp"

namespace {

void train(const std::string& path, const std::string& model, int shards) {
  gruve::MpiRanks ranks;
  const gruve::Corpus corpus(path);  // a mapped file, of which each process reads its own songs
  gruve::Trainer trainer(corpus, {.embedding_size = 64, .hidden_size = 128},
                         {.batch_size = 8 * shards, .shards = shards, .epochs = 2}, {}, &ranks);
  trainer.run();
  if (ranks.rank() != 0) return;
  gruve::save(trainer.trained_model(), model);
  std::printf("%s: %.4f nats per token on songs that it was not trained on, by %d processes\n", model.c_str(),
              trainer.best_validation_loss(), ranks.size());
}

}  // namespace

int main(int argc, char** argv) {
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  try {
    if (argc < 3) throw gruve::Error("usage: example_train_mpi CORPUS MODEL [SHARDS]");
    train(argv[1], argv[2], argc > 3 ? std::stoi(argv[3]) : 8);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 1);  // the other processes wait for this one
  }
  MPI_Finalize();
}
