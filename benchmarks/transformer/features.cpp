// features DATA.json OUT [FEATURES] [N]: writes the features that gruve's GRU has at each token of a polyphonic
// data set, for transformer.py; FEATURES as of `gruve train --features`, by default those of
// examples/recipes/jsb_chorales_quarter.json. The songs of the train split come in all transpositions by up to N
// semitones (6) that the piano's keys allow, the others as they are.
//
//   g++ -std=c++20 -O2 -Iinclude -isystem /usr/include/eigen3 benchmarks/transformer/features.cpp -o features
//   ./features data/jsb_chorales_quarter.json features-jsb
//
// In the folder OUT, of which each file but the first is one array, for all tokens of all songs:
//   shape.json     {"features", "vocab": V, "inputs": C, "outputs": R, "terms": K, "names": of the splits}
//   songs.i32      [songs, 4]: the split, the transposition, the first token, the number of tokens
//   tokens.u8      the tokens, which the features at them do not know yet
//   offsets.i64    [tokens + 1]: where a token's rows begin in inputs.u16
//   inputs.u16     rows of the embedding, 0 to C − 1
//   outputs.u8     [tokens, V, K]: the rows of the output layer, 0 to R − 1, that are added to a token's logit
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/corpus/polyphonic_json.hpp"
#include "gruve/tokens/timestep_features.hpp"

namespace {

template <class Number>
void write(const std::filesystem::path& path, const std::vector<Number>& numbers) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(numbers.data()),
             static_cast<std::streamsize>(numbers.size() * sizeof(Number)));
  if (!file.flush()) throw gruve::Error(path.string(), "cannot be written");
}

struct Arrays {
  std::vector<std::int32_t> songs;
  std::vector<std::uint8_t> tokens;
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::uint16_t> inputs;
  std::vector<std::uint8_t> outputs;
};

// The number of rows that each token's logit has.
std::size_t add(gruve::Split split, int shift, const std::vector<gruve::Token>& song,
                gruve::TimestepFeatures& features, Arrays& arrays) {
  constexpr std::size_t kVocab = gruve::kNumKeys + 1;
  std::size_t terms = 0;
  arrays.songs.insert(arrays.songs.end(), {static_cast<std::int32_t>(split), shift,
                                           static_cast<std::int32_t>(arrays.tokens.size()),
                                           static_cast<std::int32_t>(song.size())});
  features.reset();
  for (const gruve::Token token : song) {
    const gruve::FeatureRows rows = features.rows();
    arrays.inputs.insert(arrays.inputs.end(), rows.inputs.begin(), rows.inputs.end());
    arrays.offsets.push_back(static_cast<std::int64_t>(arrays.inputs.size()));
    terms = rows.outputs.size() / kVocab;
    for (std::size_t i = 0; i < rows.outputs.size(); ++i) {
      if (rows.outputs[i].token != i / terms || rows.outputs[i].row > 255)
        throw gruve::Error("the output rows are not as many for each token, in order, and below 256");
      arrays.outputs.push_back(static_cast<std::uint8_t>(rows.outputs[i].row));
    }
    arrays.tokens.push_back(static_cast<std::uint8_t>(token));
    features.advance(token);
  }
  return terms;
}

void run(const std::filesystem::path& data, const std::filesystem::path& out, const std::string& description,
         int most) {
  const gruve::Corpus corpus = gruve::read_polyphonic_json(data);
  gruve::TimestepFeatures features(description);
  Arrays arrays;
  std::size_t terms = 0;
  for (const gruve::Split split : {gruve::Split::train, gruve::Split::valid, gruve::Split::test}) {
    for (const std::size_t i : corpus.songs(split)) {
      const auto& tokens = corpus.song(i).tokens;
      int lowest = gruve::kNumKeys - 1, highest = 0;
      for (const gruve::Token token : tokens) {
        if (token >= gruve::kNumKeys) continue;
        lowest = std::min<int>(lowest, token);
        highest = std::max<int>(highest, token);
      }
      const bool moves = split == gruve::Split::train && lowest <= highest;
      const int down = moves ? std::min(most, lowest) : 0;
      const int up = moves ? std::min(most, gruve::kNumKeys - 1 - highest) : 0;
      for (int shift = -down; shift <= up; ++shift) {
        std::vector<gruve::Token> song(tokens.begin(), tokens.end());
        for (gruve::Token& token : song)
          if (token < gruve::kNumKeys) token = static_cast<gruve::Token>(token + shift);
        terms = add(split, shift, song, features, arrays);
      }
    }
  }
  std::filesystem::create_directories(out);
  const gruve::FeatureShape shape = gruve::TimestepFeatures::shape(description);
  const nlohmann::json head = {{"features", gruve::TimestepFeatures::canonical(description)},
                               {"vocab", gruve::kNumKeys + 1},
                               {"inputs", shape.inputs},
                               {"outputs", shape.outputs},
                               {"terms", terms},
                               {"names", {"train", "valid", "test"}}};
  std::ofstream(out / "shape.json") << head << '\n';
  write(out / "songs.i32", arrays.songs);
  write(out / "tokens.u8", arrays.tokens);
  write(out / "offsets.i64", arrays.offsets);
  write(out / "inputs.u16", arrays.inputs);
  write(out / "outputs.u8", arrays.outputs);
  std::cout << arrays.songs.size() / 4 << " songs, " << arrays.tokens.size() << " tokens, " << head << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    std::cerr << "usage: features DATA.json OUT [FEATURES] [N]\n";
    return 2;
  }
  try {
    run(argv[1], argv[2], argc > 3 ? argv[3] : "index,held,intervals,repeat,outer,relative",
        argc > 4 ? std::atoi(argv[4]) : 6);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
