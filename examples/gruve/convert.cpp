// gruve convert MODEL --out FILE --precision P [PATH…]: writes a model's weights in fewer bits, and says what
// that costs.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "gruve/core/error.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/train/evaluate.hpp"
#include "manual.hpp"
#include "models.hpp"
#include "outputs.hpp"
#include "progress_bar.hpp"
#include "sources.hpp"
#include "usage.hpp"

namespace {

struct ConvertArguments {
  std::string model;
  std::vector<std::string> paths;
  std::string out;
  gruve::kernels::Precision precision = gruve::kernels::Precision::bf16;
  gruve::SongOptions reading;
  int threads = 0;
  bool json = false;
};

// The split by which a corpus judges: test, or valid, or all there is.
gruve::Split judging_split(const gruve::Corpus& corpus) {
  for (const gruve::Split split : {gruve::Split::test, gruve::Split::valid})
    if (!corpus.songs(split).empty()) return split;
  return gruve::Split::train;
}

void convert(const ConvertArguments& options) {
  std::vector<std::string> inputs = options.paths;
  inputs.push_back(options.model);
  const Outputs outputs({{options.out, FileKind::model}}, inputs);
  const gruve::TrainedModel model = gruve::load(options.model);
  gruve::save(model, options.out, options.precision);
  std::error_code ignored;
  // What is no regular file, such as /dev/null, keeps no bytes.
  const auto bytes_of = [&](const std::string& path) {
    return std::filesystem::is_regular_file(path, ignored) ? std::filesystem::file_size(path, ignored) : 0;
  };
  const std::uintmax_t size = bytes_of(options.model), converted = bytes_of(options.out);
  nlohmann::ordered_json summary = {{"out", options.out},
                                    {"precision", gruve::kernels::precision_name(options.precision)},
                                    {"bytes_before", size},
                                    {"bytes", converted}};
  std::string loss_text;
  if (!options.paths.empty()) {
    const gruve::Corpus corpus = open_corpus(
        options.paths, build_options_of(model.encoder, options.reading, options.threads), options.json);
    require_encoder(corpus, model);
    const gruve::Split split = judging_split(corpus);
    gruve::ThreadPool threads(options.threads);
    const double before = gruve::evaluate(model.network, corpus, split, threads).mean();
    const double after = gruve::evaluate(gruve::load(options.out).network, corpus, split, threads).mean();
    summary["split"] = gruve::split_name(split);
    summary["loss_before"] = before;
    summary["loss"] = after;
    char text[120];
    std::snprintf(text, sizeof text, "; %.4f nats per token of the %s split, before %.4f", after,
                  std::string(gruve::split_name(split)).c_str(), before);
    loss_text = text;
  }
  if (options.json)
    std::printf("%s\n", summary.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  else
    std::printf("%s: %sB, before %sB%s\n", shown(options.out).c_str(),
                short_number(static_cast<double>(converted)).c_str(),
                short_number(static_cast<double>(size)).c_str(), loss_text.c_str());
}

}  // namespace

void add_convert(CLI::App& app) {
  const auto options = std::make_shared<ConvertArguments>();
  CLI::App* command = app.add_subcommand("convert", "Write a model file whose weights have fewer bits");
  command->add_option("MODEL", options->model, "The model file")->required()->check(CLI::ExistingFile);
  command->add_option(
      "PATH", options->paths,
      "A corpus, or files and folders, on whose test split the change of the loss is measured");
  command->add_option("--out", options->out, "The model file to write (safetensors)")->required();
  add_precision(
      *command, options->precision,
      "Of the weights in the file: bf16 halves its size, int8 (with a scale for each row) quarters it",
      {"fp32", "bf16", "int8"})
      ->default_str("bf16");
  command->add_option("--threads", options->threads, "Threads, 0 for as many as the machine has")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print one JSON object");
  add_examples(*command,
               {"gruve convert model.safetensors --precision int8 --out small.safetensors corpus.gruve"});
  command->callback([options] { convert(*options); });
}
