#include "recipe.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/mapped_file.hpp"

namespace {

constexpr const char* kRecipe = "--recipe";

std::string text_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void append(std::vector<std::string>& arguments, const std::string& option, const nlohmann::json& value) {
  if (value.is_boolean() && !value.get<bool>()) return;
  arguments.push_back(option);
  if (value.is_boolean()) return;
  if (!value.is_array()) {
    arguments.push_back(text_of(value));
    return;
  }
  for (const nlohmann::json& element : value) arguments.push_back(text_of(element));
}

nlohmann::json read(const std::string& path) {
  const gruve::MappedFile file(path);
  const std::string text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  nlohmann::json recipe = nlohmann::json::parse(text, nullptr, false);
  if (!recipe.is_object()) throw gruve::Error(path, "a recipe is a JSON object of options");
  return recipe;
}

}  // namespace

std::vector<std::string> with_recipe(const CLI::App& app, const std::vector<std::string>& arguments) {
  const auto at = std::find(arguments.begin(), arguments.end(), kRecipe);
  if (at == arguments.end() || at == arguments.begin() || at + 1 == arguments.end()) return arguments;
  const auto commands =
      app.get_subcommands([&](const CLI::App* command) { return command->get_name() == arguments.front(); });
  if (commands.empty() || commands.front()->get_option_no_throw(kRecipe) == nullptr) return arguments;
  const CLI::App* const command = commands.front();

  const std::string path = at[1];
  std::vector<std::string> result(arguments.begin(), at);
  result.insert(result.end(), at + 2, arguments.end());
  const std::size_t given = result.size();
  const nlohmann::json recipe = read(path);
  for (const auto& [name, value] : recipe.items()) {
    const std::string option = "--" + name;
    if (option == kRecipe || command->get_option_no_throw(option) == nullptr)
      throw gruve::Error(path, command->get_name() + " has no option " + option);
    const bool is_given = std::any_of(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(given),
                                      [&](const std::string& argument) {
                                        return argument == option || argument.starts_with(option + "=");
                                      });
    if (!is_given) append(result, option, value);
  }
  result.insert(result.end(), {kRecipe, path});  // the command may ask whether there is one
  return result;
}
