// gruve export MODEL [--onnx FILE] [--rtneural FILE] [--c-header FILE]: writes a model for other programs.
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/model/c_header.hpp"
#include "gruve/model/export_onnx.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/model/rtneural.hpp"
#include "manual.hpp"
#include "outputs.hpp"
#include "progress_bar.hpp"
#include "sources.hpp"

namespace {

struct ExportArguments {
  std::string model;
  std::string onnx;
  std::string rtneural;
  std::string c_header;
  bool json = false;
};

void export_model(const ExportArguments& options) {
  const std::vector<std::string> files = {options.onnx, options.rtneural, options.c_header};
  if (options.onnx.empty() && options.rtneural.empty() && options.c_header.empty())
    throw CLI::ValidationError("export", "give at least one of --onnx, --rtneural and --c-header");
  const Outputs outputs({{options.onnx}, {options.rtneural}, {options.c_header}}, {options.model});
  const gruve::TrainedModel model = gruve::load(options.model);
  std::map<std::string, std::string> metadata = gruve::metadata_of(model);
  metadata.erase("gruve.training");  // for people who look at the model file
  if (!options.onnx.empty()) gruve::export_onnx(model.network, options.onnx, metadata);
  if (!options.rtneural.empty()) gruve::export_rtneural(model.network, options.rtneural, metadata);
  if (!options.c_header.empty()) {
    const gruve::MappedFile file(options.model);
    gruve::write_c_header(file.bytes(), options.c_header);
  }
  nlohmann::ordered_json summary = nlohmann::ordered_json::array();
  for (const std::string& file : files) {
    if (file.empty()) continue;
    const auto bytes = std::filesystem::is_regular_file(file) ? std::filesystem::file_size(file) : 0;
    summary.push_back({{"out", file}, {"bytes", bytes}});
    if (!options.json)
      std::printf("%s: %sB\n", file.c_str(), short_number(static_cast<double>(bytes)).c_str());
  }
  if (options.json)
    std::printf("%s\n", summary.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

}  // namespace

void add_export(CLI::App& app) {
  const auto options = std::make_shared<ExportArguments>();
  CLI::App* command = app.add_subcommand("export", "Write a model for other programs");
  command->add_option("MODEL", options->model, "The model file")->required()->check(CLI::ExistingFile);
  command->add_option("--onnx", options->onnx,
                      "An ONNX graph to write: tokens and state in, logits and state out (of a "
                      "model without features: train --features \"\")");
  command->add_option("--rtneural", options->rtneural, "A JSON file of RTNeural to write");
  command->add_option("--c-header", options->c_header,
                      "A header in C and C++ to write: the model file as an array, for load() of bytes");
  command->add_flag("--json", options->json, "Print a JSON list with an object for each file");
  add_examples(*command, {"gruve export model.safetensors --onnx model.onnx",
                          "gruve export model.safetensors --c-header model.h"});
  command->callback([options] { export_model(*options); });
}
