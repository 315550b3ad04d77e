#include "gruve/piece/player.hpp"
#include "gruve/piece/form.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "../error_of.hpp"
#include "../tokens/custom_encoder.hpp"
#include "catch.hpp"
#include "gruve/generate/batch_generator.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/losses.hpp"
#include "gruve/train/trainer.hpp"
#include "untrained.hpp"

using namespace gruve;
using gruve::tests::error_of;
using gruve::tests::SensorEncoder;
using gruve::tests::untrained;

namespace {

struct TemporaryFile {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "gruve_player_test";
  ~TemporaryFile() { std::filesystem::remove(path); }
  std::vector<std::byte> read() const {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
    return {first, first + bytes.size()};
  }
};

// The ticks at which a song's last bar ends.
double bars_of(const Song& song) {
  const TimeSignature& metre = song.time_signatures.front();
  return static_cast<double>(song.length) / static_cast<double>(song.ticks_per_quarter) /
         (4.0 * metre.numerator / metre.denominator);
}

}  // namespace

TEST_CASE("A player generates pieces of the requested length, in either music format", "[piece][player]") {
  const AnyEncoder encoder = GENERATE(AnyEncoder(TimestepEncoder({.steps_per_quarter = 4})),
                                      AnyEncoder(EventEncoder({.steps_per_quarter = 4})));
  Player player(untrained(encoder));
  const Song song = player.generate({.bars = 8});
  CHECK(song.time_signatures.front().numerator == (encoder.type() == "timestep" ? 3 : 4));
  CHECK(song.tempos.front().bpm() == Approx(90));
  if (encoder.type() == "timestep") CHECK(bars_of(song) == 8);  // events may change the metre
  CHECK(duration_seconds(player.generate({.seconds = 10})) >= 10);
  CHECK(player.generate({.seconds = 10, .tempo_bpm = 60.0}).tempos.front().bpm() == Approx(60));
  const Piece piece = player.generate_pieces({.tokens = 30}, 1).front();
  CHECK(piece.tokens.size() >= 30);
  CHECK(encoder.decode_song(piece.tokens, 90).notes == piece.song.notes);
  CHECK(count_violations(encoder, std::span<const Token>(piece.tokens)) == 0);
}

TEST_CASE("A piece of events with a form ends at the bar that was asked for", "[piece][player]") {
  const EventEncoder encoder({.steps_per_quarter = 4, .tempos = true, .form = true});
  using Kind = EventEncoder::Kind;
  Player player(untrained(encoder, 1, "place,sounding,repeat,form,tonality,relative"));
  // The lags and the bars left of the tokens' bars.
  const auto outline = [&](const Piece& piece) {
    std::vector<int> lags;
    EventEncoder::State state = encoder.start();
    for (const Token token : piece.primer) state = encoder.advance(state, token);
    CHECK(!encoder.is_over(state));
    for (const Token token : piece.tokens) {
      const EventEncoder::State next = encoder.advance(state, token);
      if (next.last == Kind::end_of_bar) lags.push_back(state.lag);
      CHECK(encoder.allowed(state, token));
      CHECK(!encoder.is_over(state));
      state = next;
    }
    CHECK(encoder.is_over(state));
    return lags;
  };
  for (const int bars : {1, 2, 7, 8, 9, 20})
    for (const Piece& piece : player.generate_pieces({.bars = bars}, 3))
      CHECK(outline(piece).size() == static_cast<std::size_t>(bars));
  for (const Piece& piece : player.generate_pieces({.seconds = 30, .metre = TimeSignature{0, 3, 4}}, 3))
    outline(piece);
  const std::vector<int> form = form_bars("AABA", 2, 12);
  CHECK(form == std::vector<int>{0, 0, 2, 2, 0, 0, 4, 4, 2, 2, 2, 2});
  CHECK(outline(player.generate_pieces({.bars = 12, .form = form}, 1).front()) == form);
  for (const Piece& piece : player.generate_pieces({.bars = 12, .form = form}, 2))
    CHECK(outline(piece) == form);
  // A primer that ends is continued, and the end is that of the piece.
  const Song song = player.generate({.bars = 10});
  const Piece piece = player.generate_pieces({.bars = 24, .primer = song, .whole_primer = true}, 1).front();
  CHECK(outline(piece).size() == 14);
  CHECK(form_of(encoder.decode(encoder.encode(song))).size() == form_of(song).size());

  CHECK(error_of([&] { form_bars("AaB", 2, 12); }) ==
        "\"AaB\" is not a form such as AABA, in capital letters");
  CHECK(error_of([&] { form_bars("AB", 0, 12); }) == "a section has at least 1 bar, not 0");
  for (const int lag : {-1, 65})
    CHECK(error_of([&] {
            player.generate({.bars = 4, .form = {0, lag}});
          }) == "a bar of a form returns to one up to 64 bars back, not " + std::to_string(lag));
  Player plain(untrained(EventEncoder({.steps_per_quarter = 4})));
  CHECK(error_of([&] { plain.generate({.form = form}); }) ==
        "a form needs a model whose tokens say where bars return (--form of gruve prepare)");
}

TEST_CASE("Pieces have the tempos and metres of the training songs", "[piece][player]") {
  using Kind = EventEncoder::Kind;
  const EventEncoder encoder({.steps_per_quarter = 4, .tempos = true, .form = true});
  TrainedModel model = untrained(encoder);
  // It would set them at each bar.
  for (const auto& [kind, count] :
       {std::pair(Kind::metre, EventEncoder::kNumMetres), std::pair(Kind::tempo, EventEncoder::kNumTempos)})
    for (int i = 0; i < count; ++i) model.network.output.bias.data()[encoder.token({kind, i})] = 4;
  model.music->tempos = {60, 90};
  model.music->metres = {{0, 3, 4}, {0, 4, 4}, {0, 6, 8}};
  Player player(model);
  const auto tempos_of = [&](const PieceOptions& options) {
    std::set<int> levels;
    for (const Piece& piece : player.generate_pieces(options, 4)) {
      for (const TimeSignature& metre : piece.song.time_signatures)
        CHECK(std::count_if(model.music->metres.begin(), model.music->metres.end(), [&](const auto& each) {
                return each.numerator == metre.numerator && each.denominator == metre.denominator;
              }) == 1);
      for (const Tempo& tempo : piece.song.tempos) levels.insert(EventEncoder::tempo_level(tempo.bpm()));
    }
    return levels;
  };
  const auto level = EventEncoder::tempo_level;
  CHECK(tempos_of({.bars = 24}) == std::set<int>{level(60), level(90)});
  // A piece of a number of seconds has them faster or slower, all alike, and then as many seconds.
  for (const Piece& piece : player.generate_pieces({.seconds = 40}, 8)) {
    const std::vector<Tempo> drawn = encoder.decode(piece.tokens, model.music->tempo_bpm).tempos;
    REQUIRE(piece.song.tempos.size() == drawn.size());
    const double factor = piece.song.tempos[0].bpm() / drawn[0].bpm();
    CHECK(std::abs(std::log2(factor)) <= 1 / 12.0 + 1e-4);
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      CHECK(std::set{level(60), level(90)}.contains(level(drawn[i].bpm())));
      CHECK(std::abs(piece.song.tempos[i].bpm() / drawn[i].bpm() / factor - 1) < 1e-4);
    }
    if (std::abs(std::log2(factor)) < 1 / 12.0 - 1e-4)
      CHECK(std::abs(seconds_at(piece.song, piece.song.length) - 40) < 0.01);
  }
  // Near the tempo that was asked for, whatever the songs have.
  for (const int found : tempos_of({.bars = 24, .tempo_bpm = 200}))
    CHECK(std::abs(found - level(200)) <= 12 * std::log2(1.2) + 0.5);
}

TEST_CASE("The pieces of a player are those of a generator of the seed and stream", "[piece][player]") {
  const EventEncoder encoder({.steps_per_quarter = 4});
  const TrainedModel model = untrained(encoder);
  const PackedModel<float> packed(model.network);
  Player player(model);
  Generator generator(packed, encoder, {.temperature = 0.8f}, 7);
  CHECK(player.generate_tokens({.tokens = 200, .sampler = {.temperature = 0.8f}, .seed = 7}) ==
        generate_tokens(generator, 200));
  const std::vector<Piece> three = player.generate_pieces({.seconds = 10, .seed = 7}, 3);  // 15 quarter notes
  ThreadPool threads(1);
  BatchGenerator batch(packed, encoder, {}, 7, 3, threads);
  const auto expected = generate_steps(batch, 15 * 4);
  for (std::size_t i = 0; i < 3; ++i) CHECK(three[i].tokens == expected[i]);
  // One that is not known by its type gives the same tokens.
  auto any = player.generator({.temperature = 0.8f}, 7);
  auto events = player.generator<EventEncoder>({.temperature = 0.8f}, 7);
  CHECK(generate_tokens(any, 200) == generate_tokens(events, 200));
  CHECK(error_of([&] { player.generator<CharEncoder>(); }) ==
        "the encoder is of type \"event\", expected \"char\"");
}

TEST_CASE("A primer is continued in its own tempo and metre, with its own notes", "[piece][player]") {
  const AnyEncoder encoder = GENERATE(AnyEncoder(TimestepEncoder({.steps_per_quarter = 4})),
                                      AnyEncoder(EventEncoder({.steps_per_quarter = 4})));
  Player player(untrained(encoder));
  Song primer{.ticks_per_quarter = 480,
              .notes = {{.start = 0, .end = 960, .pitch = 60, .velocity = 33},
                        {.start = 1920, .end = 2880, .pitch = 64, .velocity = 99}},
              .tempos = {{0, 1'000'000}},
              .time_signatures = {{0, 2, 4}},
              .length = 4 * 960};
  const Song song = player.generate({.bars = 8, .primer = primer});
  CHECK(song.tempos.front().bpm() == Approx(60));
  CHECK(song.time_signatures.front().numerator == 2);
  REQUIRE(song.notes.size() >= 2);
  CHECK(song.notes[0].velocity == 33);
  CHECK(song.notes[0].pitch == 60);
  primer.notes.clear();
  CHECK(error_of([&] { player.generate({.bars = 8, .primer = primer, .primer_name = "song.mid"}); }) ==
        "song.mid: can't be a primer: the song holds no notes");
}

TEST_CASE("A player of text, ids or a program's own tokens generates those", "[piece][player]") {
  Player text(untrained(CharEncoder("\nabc")));
  const auto written = text.generate_as<CharEncoder>({.tokens = 40, .primer_tokens = {0, 1}});
  CHECK(written.size() == 40);
  CHECK(written.find_first_not_of("abc\n") == std::string::npos);
  Player ids(untrained(IdEncoder(500)));
  CHECK(ids.generate_as<IdEncoder>({.tokens = 40}).size() == 40);
  CHECK(ids.generate_pieces({}, 2).at(1).tokens.size() == 1000);
  Player sensor(untrained(SensorEncoder(64), 1, "slope"));
  const std::vector<Token> tokens = sensor.generate_tokens({.tokens = 300});
  CHECK(count_violations(SensorEncoder(64), std::span<const Token>(tokens)) == 0);
  CHECK(sensor.generate_as<SensorEncoder>({.tokens = 300}) == SensorEncoder(64).decode(tokens));

  CHECK(error_of([&] { text.generate({.bars = 8}); }) ==
        "a model of type \"char\" is not music: generate_as() and generate_tokens() are for it");
  CHECK(error_of([&] { text.generate_tokens({.bars = 8}); }) ==
        "a model of type \"char\" is not music: the length of its pieces is in tokens, their primer is "
        "primer_tokens");
  for (const PieceOptions& options :
       {PieceOptions{.louder = 5}, PieceOptions{.metre = TimeSignature{0, 3, 4}},
        PieceOptions{.form = {0, 1}}})
    CHECK(error_of([&] {
            text.generate_tokens(options);
          }).starts_with("a model of type \"char\" is not music"));
  CHECK(error_of([&] { text.generate_tokens({.primer_tokens = {4}}); }) ==
        "the primer has token 4, which is outside the vocabulary of 4");
  CHECK(error_of([&] { ids.generate_as<CharEncoder>(); }) ==
        "the encoder is of type \"ids\", expected \"char\"");
}

TEST_CASE("A piece that can't be is refused in a sentence", "[piece][player]") {
  Player player(untrained(TimestepEncoder()));
  CHECK(error_of([&] { player.generate({.bars = 8, .seconds = 3}); }) ==
        "a piece has one length: bars, seconds or tokens");
  CHECK(error_of([&] { player.generate({.primer_tokens = {1, 88}}); }) ==
        "primer_tokens are for models that are not of music, whose primer is a song");
  CHECK(error_of([&] { player.generate_tokens({.tokens = kMostTokens + 1}); }) ==
        "a piece has at most 67108864 tokens, not 67108865");
  CHECK(error_of([&] { player.generate({.seconds = 1e9}); }) ==
        "a piece of that many seconds is too long, expected at most 29127");
  CHECK(error_of([&] { player.generate({.bars = 1'000'000'000}); }) ==
        "a piece of 1000000000 bars is too long, expected at most 14564");
  CHECK(error_of([&] { player.generate({.seconds = std::nan("")}); }) ==
        "a piece takes more than 0 seconds, not nan");
  CHECK(error_of([&] { player.generate({.bars = 0}); }) == "a piece has at least 1 bar, not 0");
  CHECK(error_of([&] { player.generate({.tokens = 5, .within = MeasureRanges()}); }) ==
        "a piece within ranges has a length in bars or seconds, not tokens");
  CHECK(error_of([] { Player(std::vector<TrainedModel>()); }) == "a player needs at least one model");
  const std::vector<TrainedModel> unlike = {untrained(TimestepEncoder()), untrained(EventEncoder())};
  CHECK(error_of([&] { Player{unlike}; }) == "the encoders of a player's models differ");
}

TEST_CASE("Several models speak together as an ensemble", "[piece][player]") {
  const TimestepEncoder encoder({.steps_per_quarter = 4});
  const std::vector<TrainedModel> models = {untrained(encoder, 1), untrained(encoder, 2)};
  const std::vector<PackedModel<float>> packed = [&] {
    std::vector<PackedModel<float>> both;
    for (const TrainedModel& model : models) both.emplace_back(model.network);
    return both;
  }();
  Player player(models);
  Generator generator(packed, encoder, {}, 1);
  CHECK(player.generate_tokens({.tokens = 100}) == generate_tokens(generator, 100));
}

TEST_CASE("A model is loaded from bytes in memory as from its file", "[piece][player]") {
  const TemporaryFile file;
  save(untrained(EventEncoder({.steps_per_quarter = 4})), file.path);
  Player from_file(load(file.path)), from_bytes(load(file.read()));
  CHECK(from_file.generate_tokens({.tokens = 50}) == from_bytes.generate_tokens({.tokens = 50}));
  const std::vector<std::byte> bytes = file.read();
  CHECK(
      error_of([&] { load(std::span(bytes).first(100), "resource 3"); }).starts_with("resource 3, byte 0: "));
}

TEST_CASE("A program's own encoder is trained, saved, loaded, evaluated, trained further and generated from",
          "[piece][player]") {
  const TemporaryFile file;
  const SensorEncoder encoder(64);
  const Corpus corpus = Corpus::encode(encoder, tests::waves(30, 200));
  const std::string features = GENERATE("", "slope");
  Trainer trainer(corpus, {.embedding_size = 8, .hidden_size = 24, .features = {features}},
                  {.batch_size = 8, .unroll = 32, .epochs = 8, .threads = 1});
  const double before = trainer.evaluate(Split::valid).mean();
  // The grammar masks in training: an untrained model pays at most for the tokens within kMaxStep.
  CHECK(before < std::log(2 * SensorEncoder::kMaxStep + 1) + 0.3);
  trainer.run();
  CHECK(trainer.best_validation_loss() < 0.5 * before);
  save(trainer.trained_model(), file.path);
  const TrainedModel model = load<SensorEncoder>(file.path);
  CHECK(model.encoder == AnyEncoder(encoder));
  CHECK_FALSE(model.music);
  ThreadPool threads(1);
  CHECK(evaluate(model.network, corpus, Split::valid, threads).mean() ==
        Approx(trainer.best_validation_loss()).epsilon(1e-5));
  CHECK(error_of([&] { load(file.path); }).find("type is \"sensor\"") != std::string::npos);

  Player player(model);
  const std::vector<Token> tokens = player.generate_tokens({.tokens = 200});
  CHECK(count_violations(encoder, std::span<const Token>(tokens)) == 0);

  Trainer further(corpus, model, {.batch_size = 8, .unroll = 32, .epochs = 1, .threads = 1});
  CHECK(further.evaluate(Split::valid).mean() == Approx(trainer.best_validation_loss()).epsilon(1e-5));
  const Corpus other = Corpus::encode(SensorEncoder(65), tests::waves(30, 200));
  CHECK(error_of([&] { Trainer(other, model, {.threads = 1}); }).find("a different encoder than the model") !=
        std::string::npos);

  // And its corpus is a file.
  corpus.save(file.path);
  const Corpus opened(file.path, encoder_types<SensorEncoder>());
  CHECK(opened.num_tokens(Split::train) == corpus.num_tokens(Split::train));
  CHECK(opened.encoder() == corpus.encoder());
  CHECK(error_of([&] { Corpus{file.path}; }).find("type is \"sensor\"") != std::string::npos);
}

namespace {

// Music of a program's own: each token is a timestep, a key or a rest, and a rest may not follow a rest.
struct MelodyEncoder {
  using Source = Song;
  using State = int;
  static constexpr std::string_view kType = "melody";

  int vocab_size() const noexcept { return 13; }  // a rest and an octave
  Token start_token() const noexcept { return 1; }
  State start() const noexcept { return 1; }
  State advance(State, Token token) const noexcept { return token; }
  bool allowed(State last, Token token) const noexcept { return token < 13 && (token > 0 || last > 0); }
  bool at_boundary(State) const noexcept { return true; }
  int steps_per_quarter() const noexcept { return 2; }
  int steps(State, Token) const noexcept { return 1; }
  std::vector<Token> encode(const Song&) const { return {1}; }
  Song decode(std::span<const Token> tokens) const {
    Song song{.ticks_per_quarter = 2};
    for (const Token token : tokens) {
      if (token > 0)
        song.notes.push_back({.start = song.length, .end = song.length + 1, .pitch = 59 + token});
      ++song.length;
    }
    return song;
  }
  std::string settings() const { return {}; }
  static MelodyEncoder from_settings(std::string_view) { return {}; }
};

// What it says of itself can't be.
struct BadEncoder : MelodyEncoder {
  static constexpr std::string_view kType = "bad";
  Token start_token() const noexcept { return static_cast<Token>(13); }
  static BadEncoder from_settings(std::string_view) { return {}; }
};

}  // namespace

TEST_CASE("Music of a program's own has its length, tempo and metre, and keeps its grammar",
          "[piece][player]") {
  TrainedModel model = untrained(MelodyEncoder());
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Player player(model);
    const Piece piece = player.generate_pieces({.bars = 2, .tempo_bpm = 60.0, .seed = seed}, 1).front();
    CHECK(piece.tokens.size() == 12);  // of 3/4
    CHECK(count_violations(MelodyEncoder(), std::span<const Token>(piece.tokens)) == 0);
    CHECK(piece.song.tempos.at(0).bpm() == Approx(60));
    CHECK(player.generate_pieces({.bars = 2, .seed = seed}, 3).at(2).tokens.size() == 12);
  }
  // Without what it was trained on it is saved and loaded with the defaults.
  const TemporaryFile file;
  model.music.reset();
  save(model, file.path);
  CHECK(load<MelodyEncoder>(file.path).music == MusicInfo());
  CHECK(error_of([] { AnyEncoder{BadEncoder()}; }) ==
        "an encoder of 13 tokens whose start token is 13: expected 1 to 65535 tokens, of which the start "
        "token is "
        "one");
}

TEST_CASE("A state is not restored into a generator of another encoder of the program's own",
          "[piece][player]") {
  Player player(untrained(SensorEncoder(64), 1, "slope")), melody(untrained(MelodyEncoder()));
  auto generator = player.generator();
  std::vector<std::byte> bytes(generator.state_size());
  const std::size_t size = generator.save_state(bytes);
  auto other = melody.generator();
  CHECK_FALSE(other.restore_state(std::span(bytes).first(size)));
}

TEST_CASE("What a corpus's model can't be scored on is refused", "[piece][player]") {
  const Corpus corpus = Corpus::encode(SensorEncoder(64), tests::waves(10, 20));
  ThreadPool threads(1);
  CHECK(error_of([&] { evaluate(untrained(IdEncoder(65)).network, corpus, Split::train, threads); }) ==
        "corpus in memory: is of 64 tokens, the model of 65");
  const auto nats = token_nats(untrained(IdEncoder(9)), std::vector<std::vector<Token>>{{1, 2, 3}, {8}});
  REQUIRE(nats.size() == 2);
  CHECK(nats[0].size() == 3);
  CHECK(nats[1][0] == Approx(std::log(9.0)).epsilon(0.2));
  CHECK(error_of([&] { Trainer(corpus, {}, {.epochs = 0}); }) == "epochs must be at least 1, not 0.000000");
  CHECK(error_of([&] { Trainer(corpus, {}, {.dropout = 1}); }).find("dropout must be") == 0);
  CHECK(error_of([&] { Trainer(corpus, {.hidden_size = 0}, {}); }).find("expected at least 1 of each") !=
        std::string::npos);
  CHECK(error_of([&] {
          Corpus::from_songs({.encoder = IdEncoder(2)}, std::vector<std::vector<Token>>{{1}},
                             std::vector<Split>(3));
        }) == "corpus in memory: 3 splits for 1 songs, expected one for each");
}
