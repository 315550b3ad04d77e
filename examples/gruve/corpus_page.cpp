#include "corpus_page.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "gruve/corpus/statistics.hpp"
#include "gruve/render/markup.hpp"
#include "gruve/render/report_style.hpp"

namespace {

using gruve::decimal;
using gruve::escape_markup;
using Label = std::function<std::string(double)>;

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + decimal(value, 1) + "\"";
}

// Bars from the first non-empty bin to the last, labelled where there is space.
std::string histogram_svg(const gruve::Histogram& histogram, const Label& label, const std::string& unit) {
  constexpr double kWidth = 520, kHeight = 190, kBottom = 24, kTop = 8;
  std::size_t first = 0, last = histogram.counts.size();
  while (first < last && histogram.counts[first] == 0) ++first;
  while (last > first && histogram.counts[last - 1] == 0) --last;
  if (first == last) return "<p>None.</p>";
  const double most = *std::max_element(histogram.counts.begin(), histogram.counts.end());
  const double width = kWidth / static_cast<double>(last - first);
  const std::size_t every = 1 + (last - first - 1) / 12;
  std::string svg = "<svg viewBox=\"0 0 520 190\" role=\"img\">";
  for (std::size_t i = first; i < last; ++i) {
    const double height = (kHeight - kTop - kBottom) * histogram.counts[i] / most;
    const double x = width * static_cast<double>(i - first);
    svg += "<rect class=\"bar-of\"" + attribute("x", x + 0.5) + attribute("y", kHeight - kBottom - height) +
           attribute("width", std::max(width - 1, 0.5)) + attribute("height", height) + "><title>" +
           escape_markup(label(histogram.edges[i])) + ": " + decimal(histogram.counts[i], 0) + " " + unit +
           "</title></rect>";
    if ((i - first) % every == 0)
      svg += "<text" + attribute("x", x + 1) + attribute("y", kHeight - 7) + ">" +
             escape_markup(label(histogram.edges[i])) + "</text>";
  }
  return svg + "</svg>";
}

std::string chart(const std::string& title, const gruve::Histogram& histogram, const Label& label,
                  const std::string& unit) {
  return "<section><h2>" + title + "</h2><div class=\"histogram\">" + histogram_svg(histogram, label, unit) +
         "</div></section>";
}

std::string place(const std::string& file, const std::uint64_t* byte) {
  return escape_markup(file) + (byte != nullptr ? ", byte " + grouped(*byte) : "");
}

std::string summary(const gruve::BuildReport& report) {
  const auto row = [](const std::string& name, const std::string& value) {
    return "<tr><th>" + name + "</th><td>" + value + "</td></tr>";
  };
  std::string text =
      "<section><table>" + row("Files", grouped(report.num_files())) + row("Songs", grouped(report.songs));
  if (report.merged_songs > 0) text += row("of them merged from other corpora", grouped(report.merged_songs));
  text += row("of them duplicates", grouped(report.duplicates)) +
          row("Files repaired", grouped(report.repaired.size())) +
          row("Files refused", grouped(report.refused.size())) +
          row("Time", decimal(report.seconds, 1) + " s");
  for (std::size_t i = 0; i < gruve::kNumSplits; ++i)
    text +=
        row("Split: " + std::string(gruve::split_name(static_cast<gruve::Split>(i))),
            grouped(report.songs_of_split[i]) + " songs, " + grouped(report.tokens_of_split[i]) + " tokens");
  return text + "</table></section>";
}

// The files that each rule refused: their number, and the first of them.
std::string refusals(const gruve::BuildReport& report) {
  std::string text =
      "<section><h2>Accepted and refused files</h2><table class=\"reasons\">"
      "<tr><th class=\"short\">Rule</th><th class=\"short\">Files</th><th>For example</th></tr>";
  for (std::size_t i = 0; i < gruve::kNumRules; ++i) {
    if (report.files[i] == 0) continue;
    const auto rule = static_cast<gruve::Rule>(i);
    text += "<tr><td class=\"short\">" + std::string(gruve::rule_name(rule)) + "</td><td class=\"short\">" +
            grouped(report.files[i]) + "</td><td>";
    std::size_t shown = 0;
    for (const gruve::Refusal& refusal : report.refused) {
      if (refusal.rule != rule || shown == 3) continue;
      ++shown;
      text += "<p>" + place(refusal.file, refusal.byte ? &*refusal.byte : nullptr) + ": " +
              escape_markup(refusal.reason) + "</p>";
    }
    text += "</td></tr>";
  }
  return text + "</table></section>";
}

// Repairs of one kind differ only in their numbers.
std::string kind_of(const std::string& what) {
  std::string kind;
  for (const char c : what) {
    const bool is_digit = '0' <= c && c <= '9';
    if (!is_digit)
      kind += c;
    else if (kind.empty() || kind.back() != '#')
      kind += '#';
  }
  return kind;
}

std::string repairs(const gruve::BuildReport& report) {
  if (report.repaired.empty()) return "";
  struct Kind {
    std::uint64_t count = 0;
    std::string example;
  };
  std::map<std::string, Kind> kinds;
  for (const gruve::RepairedFile& file : report.repaired)
    for (const gruve::Repair& repair : file.repairs) {
      Kind& kind = kinds[kind_of(repair.what)];
      if (kind.count++ == 0)
        kind.example = place(file.file, &repair.byte) + ": " + escape_markup(repair.what);
    }
  std::vector<Kind> sorted;
  for (auto& [name, kind] : kinds) sorted.push_back(std::move(kind));
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Kind& a, const Kind& b) { return a.count > b.count; });
  if (sorted.size() > 30) sorted.resize(30);
  std::string text =
      "<section><h2>Repairs</h2><table class=\"reasons\">"
      "<tr><th class=\"short\">Times</th><th>For example</th></tr>";
  for (const Kind& kind : sorted)
    text += "<tr><td class=\"short\">" + grouped(kind.count) + "</td><td>" + kind.example + "</td></tr>";
  return text + "</table></section>";
}

constexpr const char* kStyle = R"css(
.histogram svg { display: block; width: 100%; height: auto; }
.histogram .bar-of { fill: var(--accent); }
.histogram text { fill: var(--soft); font-size: 11px; }
.columns { grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.reasons th, .reasons td { width: auto; padding-right: 1.2rem; } .reasons p { margin: 0 0 .3rem; }
.reasons .short { white-space: nowrap; overflow-wrap: normal; }
)css";

}  // namespace

std::string corpus_page(const gruve::BuildReport& report, const std::string& corpus_file) {
  const gruve::SongStatistics& statistics = report.statistics;
  const Label whole = [](double edge) { return decimal(edge, 0); };
  const Label key = [](double edge) { return gruve::pitch_name(static_cast<int>(edge)); };
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         escape_markup(corpus_file) + "</title>\n<style>" + gruve::internal::kReportStyle + kStyle +
         "</style>\n</head>\n<body>\n<main>\n<h1>" + escape_markup(corpus_file) +
         "</h1>\n<p class=\"subtitle\">A corpus prepared by gruve</p>\n" + summary(report) +
         "\n<div class=\"columns\">\n" +
         chart("Length of songs", statistics.seconds, gruve::clock_time, "songs") +
         chart("Tempo in quarter notes per minute", statistics.bpm, whole, "songs") +
         chart("Keys", statistics.pitch, key, "notes") +
         chart("Notes at once", statistics.polyphony, whole, "quarter notes") + "\n</div>\n" +
         refusals(report) + "\n" + repairs(report) + "\n</main>\n</body>\n</html>\n";
}
