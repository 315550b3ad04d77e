// gruve import FILE --out MODEL [--like MODEL] [--encoder JSON]: makes a model of another program's file.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "gruve/core/json.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/model/import_model.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/tokens/encoder_json.hpp"
#include "manual.hpp"
#include "outputs.hpp"
#include "sources.hpp"

namespace {

struct ImportArguments {
  std::string file;
  std::string out;
  std::string like;
  std::string encoder;
  bool json = false;
};

// The encoder of a text in JSON, or of a file with it.
gruve::AnyEncoder encoder_of(const std::string& option) {
  const bool is_text = option.starts_with("{");
  const std::string name = is_text ? "--encoder" : option;
  std::string text = option;
  if (!is_text) {
    const gruve::MappedFile file(option);
    text.assign(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  }
  return gruve::encoder_from_json(*gruve::internal::parse_json(text, name, "the encoder"), name);
}

void import_file(const ImportArguments& options) {
  const Outputs outputs({{options.out, FileKind::model}}, {options.file, options.like});
  std::optional<gruve::TrainedModel> like;
  if (!options.like.empty()) like.emplace(gruve::load(options.like));
  gruve::ImportOptions from{.like = like ? &*like : nullptr};
  if (!options.encoder.empty()) from.encoder = encoder_of(options.encoder);
  const gruve::ImportedModel imported = gruve::import_model(options.file, from);
  gruve::save(imported.model, options.out);
  const gruve::ModelConfig& config = imported.model.network.config;
  if (options.json) {
    const nlohmann::ordered_json summary = {{"out", options.out},
                                            {"vocab_size", config.vocab_size},
                                            {"embedding_size", config.embedding_size},
                                            {"hidden_size", config.hidden_size},
                                            {"num_layers", config.num_layers},
                                            {"parameters", imported.model.network.num_parameters()},
                                            {"encoder", gruve::to_json(imported.model.encoder)},
                                            {"notes", imported.notes}};
    std::printf("%s\n", summary.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    return;
  }
  std::printf("%s: %d tokens (%s), embedding %d, hidden %d, layers %d, %zu parameters\n", options.out.c_str(),
              config.vocab_size, describe(imported.model.encoder).c_str(), config.embedding_size,
              config.hidden_size, config.num_layers, imported.model.network.num_parameters());
  for (const std::string& note : imported.notes) std::printf("  %s\n", note.c_str());
}

}  // namespace

void add_import(CLI::App& app) {
  const auto options = std::make_shared<ImportArguments>();
  CLI::App* command = app.add_subcommand(
      "import", "Make a model of another program's file, or of a model file that it has changed");
  command
      ->add_option("FILE", options->file,
                   "safetensors (such as a state_dict of PyTorch), ONNX, or JSON of RTNeural")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--out", options->out, "The model file to write (safetensors)")->required();
  command
      ->add_option("--like", options->like,
                   "A model whose encoder, features, tempo and metre it has, where FILE does not say")
      ->check(CLI::ExistingFile);
  command->add_option(
      "--encoder", options->encoder,
      "The encoder as JSON, such as '{\"type\": \"timestep\", \"steps_per_quarter\": 24, "
      "\"repeat_held\": true}', or a file with it (docs/formats.md). Default: that of FILE, or "
      "ids, a number for each token");
  command->add_flag("--json", options->json, "Print one JSON object");
  add_examples(*command, {"gruve import state_dict.safetensors --out model.safetensors",
                          "gruve import retrained.safetensors --like model.safetensors --out new.safetensors",
                          "gruve import model.onnx --out model.safetensors"});
  command->callback([options] { import_file(*options); });
}
