#include "recipe.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/json.hpp"
#include "gruve/core/mapped_file.hpp"
#include "sources.hpp"

namespace {

constexpr const char* kRecipe = "--recipe";

// A recipe may come from a stranger, so it names no file to write, lifts no protection of one, and has no
// pattern whose matching may never end.
constexpr const char* kOutputs[] = {"--out", "--log", "--checkpoint", "--report"};
constexpr const char* kForTheCommandLine[] = {"--overwrite", "--piece", "--help", "--help-all"};

// Adds option and value as arguments. Returns what is wrong with the value, if anything is.
std::string append(std::vector<std::string>& arguments, const CLI::Option& option, const std::string& name,
                   const nlohmann::json& value) {
  if (option.get_expected_max() == 0) {  // a flag
    if (!value.is_boolean()) return "expected true or false";
    if (value.get<bool>()) arguments.push_back(name);
    return {};
  }
  const nlohmann::json values = value.is_array() ? value : nlohmann::json::array({value});
  // What an option does not take would be read as arguments of their own.
  if (values.empty() || static_cast<int>(values.size()) > option.get_expected_max())
    return value.is_array() ? "expected one value" : "expected a value";
  arguments.push_back(name);
  for (const nlohmann::json& each : values) {
    if (!each.is_string() && !each.is_number()) return "expected a text, a number or a list of these";
    if (each.is_string() && each.get<std::string>().starts_with("-"))
      return "expected a text that does not begin with a hyphen";
    if (each.is_string() && each.get_ref<const std::string&>().find('\0') != std::string::npos)
      return "expected a text without NUL";
    arguments.push_back(each.is_string() ? each.get<std::string>() : each.dump());
  }
  return {};
}

gruve::internal::JsonTree parse(const std::string& path) {
  const gruve::MappedFile file(path);
  constexpr std::size_t kMostBytes = std::size_t{1} << 20;
  if (file.bytes().size() > kMostBytes)
    throw gruve::Error(path, "is larger than a recipe may be, " + std::to_string(kMostBytes) + " bytes");
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  return gruve::internal::parse_json(text, path, "the recipe");
}

}  // namespace

std::vector<std::string> with_recipe(const CLI::App& app, const std::vector<std::string>& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");  // what follows is no option
  const std::string with_value = std::string(kRecipe) + "=";
  const auto at = std::find_if(arguments.begin(), end, [&](const std::string& argument) {
    return argument == kRecipe || argument.starts_with(with_value);
  });
  const bool is_one_word = at != end && *at != kRecipe;
  if (at == end || (!is_one_word && at + 1 == end)) return arguments;
  const CLI::App* command = nullptr;
  for (auto word = arguments.begin(); word != at && command == nullptr; ++word)
    for (const CLI::App* each : app.get_subcommands({}))
      if (each->get_name() == *word) command = each;
  if (command == nullptr || command->get_option_no_throw(kRecipe) == nullptr) return arguments;

  const std::string path = is_one_word ? at->substr(with_value.size()) : at[1];
  also_read().push_back(path);
  std::vector<std::string> result(arguments.begin(), at);
  result.insert(result.end(), at + (is_one_word ? 1 : 2), end);
  const std::size_t given = result.size();
  const gruve::internal::JsonTree recipe = parse(path);
  if (!recipe->is_object()) throw gruve::Error(path, "a recipe is a JSON object of options");
  for (const auto& [name, value] : recipe->items()) {
    const std::string option = "--" + name;
    if (option == kRecipe || command->get_option_no_throw(option) == nullptr)
      throw gruve::Error(path, command->get_name() + " has no option " + gruve::internal::shown_text(option));
    if (std::find(std::begin(kOutputs), std::end(kOutputs), option) != std::end(kOutputs))
      throw gruve::Error(path, option + " names a file to write: give it on the command line");
    if (std::find(std::begin(kForTheCommandLine), std::end(kForTheCommandLine), option) !=
        std::end(kForTheCommandLine))
      throw gruve::Error(path, option + " is for the command line, not for a recipe");
    const bool is_given = std::any_of(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(given),
                                      [&](const std::string& argument) {
                                        return argument == option || argument.starts_with(option + "=");
                                      });
    if (is_given) continue;
    const std::string wrong = append(result, *command->get_option(option), option, value);
    if (!wrong.empty())
      throw gruve::Error(path, gruve::internal::shown_text(name) + " has the wrong type, " + wrong);
  }
  result.insert(result.end(), {kRecipe, path});  // the command may ask whether there is one
  result.insert(result.end(), end, arguments.end());
  return result;
}
