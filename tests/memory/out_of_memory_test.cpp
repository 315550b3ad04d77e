// Every allocation fails once: the n-th of each path, for each n, in a process of its own. Right is an
// exception that the caller can catch, or success; never std::terminate, and no file that is whole in part.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gruve/corpus/build_corpus.hpp"
#include "gruve/midi/write_midi.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/piece/player.hpp"
#include "gruve/train/trainer.hpp"
#include "memory/failing_new.hpp"

using namespace gruve;

namespace {

namespace fs = std::filesystem;

using tests::allocations;
using tests::fails_at;

struct Result {
  long points = 0, ended = 0;
};

// The work must use no threads: they would not be in the child.
Result fail_each(const std::string& name, const std::function<void()>& work) {
  fails_at = -1;
  allocations = 0;
  work();
  Result result{.points = allocations};
  long exceptions = 0;
  for (long n = 1; n <= result.points; ++n) {
    const pid_t child = ::fork();
    if (child == 0) {
      if (std::freopen("/dev/null", "w", stderr) == nullptr) std::_Exit(2);
      allocations = 0;
      fails_at = n;
      try {
        work();
      } catch (const std::exception&) {
        std::_Exit(1);
      }
      std::_Exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) ++result.ended;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1) ++exceptions;
  }
  std::printf("%s: %ld allocations that fail, %ld exceptions, %ld ends of the program\n", name.c_str(),
              result.points, exceptions, result.ended);
  return result;
}

Song song(int first_key) {
  Song song{.ticks_per_quarter = 24};
  for (int i = 0; i < 64; ++i)
    song.notes.push_back(
        {.start = 12 * i, .end = 12 * i + 12, .pitch = first_key + 5 * (i % 4), .velocity = 80});
  song.length = song.notes.back().end;
  return song;
}

}  // namespace

TEST_CASE("Where memory runs out, an exception is thrown, and no file is torn", "[memory]") {
  const fs::path folder = fs::temp_directory_path() / "gruve_out_of_memory_test";
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::vector<fs::path> songs;
  for (int i = 0; i < 3; ++i) {
    songs.push_back(folder / (std::to_string(i) + ".mid"));
    write_midi(song(50 + i), songs.back());
  }
  const fs::path corpus_path = folder / "c.gruve", model_path = folder / "m.safetensors",
                 checkpoint = folder / "m.checkpoint";
  const ModelConfig config{.embedding_size = 8, .hidden_size = 8};
  const TrainOptions options{.batch_size = 2, .unroll = 8, .threads = 1};

  CHECK(fail_each("read_midi", [&] { (void)read_midi(songs[0]); }).ended == 0);
  const auto build = [&] { build_corpus(songs, corpus_path, {.threads = 1}); };
  CHECK(fail_each("build_corpus", build).ended == 0);
  CHECK(fail_each("Corpus", [&] { const Corpus opened(corpus_path); }).ended == 0);
  const Corpus corpus(corpus_path);
  CHECK(fail_each("Trainer::step, save_checkpoint", [&] {
          Trainer trainer(corpus, config, options);
          trainer.step();
          trainer.save_checkpoint(checkpoint);
        }).ended == 0);
  Trainer trainer(corpus, config, options);
  CHECK(fail_each("Trainer::resume", [&] {
          Trainer resumed(corpus, config, options);
          resumed.resume(checkpoint);
        }).ended == 0);
  const TrainedModel trained = trainer.trained_model();
  CHECK(fail_each("save", [&] { save(trained, model_path); }).ended == 0);
  CHECK(fail_each("load", [&] { (void)load(model_path); }).ended == 0);
  CHECK(fail_each("Player::generate", [&] {
          Player player(trained);
          (void)player.generate({.bars = 2});
        }).ended == 0);

  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder)) left.push_back(entry.path().filename().string());
  std::sort(left.begin(), left.end());
  CHECK(left ==
        std::vector<std::string>{"0.mid", "1.mid", "2.mid", "c.gruve", "m.checkpoint", "m.safetensors"});
  fs::remove_all(folder);
}
