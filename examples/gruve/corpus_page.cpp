#include "corpus_page.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "gruve/corpus/statistics.hpp"
#include "gruve/render/markup.hpp"
#include "gruve/render/report.hpp"
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

std::string counted(double count, const std::string& one, const std::string& many) {
  return grouped(static_cast<std::uint64_t>(std::llround(count))) + " " + (count == 1 ? one : many);
}

// The unit of a histogram's counts.
struct Unit {
  std::string one, many;
};

// The smallest of 1, 2, 5, 10, 20, 50 … that is not below a count.
double round_up(double count) {
  double power = 1;
  for (;;) {
    for (const double step : {1.0, 2.0, 5.0})
      if (count <= step * power) return step * power;
    power *= 10;
  }
}

// Bars from the first non-empty bin to the last, with counts at the left and labels where there is space.
std::string histogram_svg(const std::string& title, const gruve::Histogram& histogram, const Label& label,
                          const Unit& unit) {
  constexpr double kLeft = 56, kWidth = 520, kHeight = 200, kBottom = 24, kTop = 10;
  std::size_t first = 0, last = histogram.counts.size();
  while (first < last && histogram.counts[first] == 0) ++first;
  while (last > first && histogram.counts[last - 1] == 0) --last;
  if (first == last) return "<p>None.</p>";
  const double most = round_up(*std::max_element(histogram.counts.begin(), histogram.counts.end()));
  const double width = (kWidth - kLeft) / static_cast<double>(last - first);
  const std::size_t every = 1 + (last - first - 1) / 10;
  const auto y_of = [&](double count) {
    return kHeight - kBottom - (kHeight - kTop - kBottom) * count / most;
  };
  std::string svg = "<svg viewBox=\"0 0 520 200\" role=\"img\" aria-label=\"" + escape_markup(title) + ", " +
                    unit.many + "\">";
  for (const double count : {0.0, most / 2, most}) {
    if (count != std::floor(count)) continue;
    svg += "<line class=\"rule\"" + attribute("x1", kLeft) + attribute("x2", kWidth) +
           attribute("y1", y_of(count)) + attribute("y2", y_of(count)) + "/><text class=\"count\"" +
           attribute("x", kLeft - 6) + attribute("y", y_of(count) + 4) + ">" +
           grouped(static_cast<std::uint64_t>(count)) + "</text>";
  }
  for (std::size_t i = first; i < last; ++i) {
    const double x = kLeft + width * static_cast<double>(i - first);
    const std::string name = label(histogram.edges[i]);
    svg += "<rect class=\"bar-of\"" + attribute("x", x + 0.5) + attribute("y", y_of(histogram.counts[i])) +
           attribute("width", std::max(width - 1, 0.5)) +
           attribute("height", kHeight - kBottom - y_of(histogram.counts[i])) + "><title>" +
           escape_markup(name) + ": " + counted(histogram.counts[i], unit.one, unit.many) + "</title></rect>";
    if ((i - first) % every == 0 && x < kWidth - 24)
      svg += "<text" + attribute("x", x + 1) + attribute("y", kHeight - 7) + ">" + escape_markup(name) +
             "</text>";
  }
  return svg + "</svg>";
}

std::string chart(const std::string& title, const gruve::Histogram& histogram, const Label& label,
                  const Unit& unit) {
  return "<section><h2>" + title + " <span class=\"unit\">" + unit.many +
         "</span></h2><div class=\"histogram\">" + histogram_svg(title, histogram, label, unit) +
         "</div></section>";
}

// The notes of each family of sounds, the most first.
std::string sounds(const gruve::BuildReport& report) {
  const std::vector<double>& counts = report.statistics.sounds.counts;
  std::vector<int> families;
  double total = 0;
  for (int family = 0; family <= gruve::SongStatistics::kDrums; ++family) {
    const double count = counts[static_cast<std::size_t>(family)];
    if (count > 0) families.push_back(family);
    total += count;
  }
  if (families.empty()) return "";
  std::stable_sort(families.begin(), families.end(), [&](int a, int b) {
    return counts[static_cast<std::size_t>(a)] > counts[static_cast<std::size_t>(b)];
  });
  std::string text =
      "<section><h2>Sounds <span class=\"unit\">notes of the files</span></h2><table class=\"amounts\">";
  for (const int family : families) {
    const double count = counts[static_cast<std::size_t>(family)];
    text += "<tr><th>" + std::string(gruve::family_name(family)) + "</th><td>" +
            grouped(static_cast<std::uint64_t>(count)) + "</td><td>" + decimal(100 * count / total, 1) +
            " %</td></tr>";
  }
  return text + "</table></section>";
}

// What was done with notes that the tokens do not have.
std::string changes(const gruve::BuildReport& report) {
  const gruve::NoteChanges &notes = report.changes, &songs = report.changed_songs;
  if (notes.notes == 0) return "";
  std::string text =
      "<section><h2>Notes</h2><table class=\"amounts\"><tr><th>In the accepted files</th><td>" +
      grouped(notes.notes) + "</td><td></td></tr>";
  const auto row = [&](const std::string& name, std::uint64_t count, std::uint64_t of_songs) {
    if (count == 0) return;
    text += "<tr><th>" + name + "</th><td>" + grouped(count) + "</td><td>in " +
            counted(static_cast<double>(of_songs), "song", "songs") + "</td></tr>";
  };
  row("Drums", notes.drums, songs.drums);
  row("Outside the piano's keys", notes.out_of_range, songs.out_of_range);
  row("Too short for the grid", notes.too_short, songs.too_short);
  text += "</table>";
  if (report.performances > 0)
    text += "<p>" + counted(static_cast<double>(report.performances), "song was", "songs were") +
            " played off the beat of the file: bars mean nothing there.</p>";
  return text + "</section>";
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
  text += row("of them copies and near copies", grouped(report.duplicates)) +
          row("Files repaired", grouped(report.repaired.size())) +
          row("Files refused", grouped(report.refused.size()));
  if (report.seconds >= 1) text += row("Time", decimal(report.seconds, 1) + " s");
  for (std::size_t i = 0; i < gruve::kNumSplits; ++i)
    text += row("Split: " + std::string(gruve::split_name(static_cast<gruve::Split>(i))),
                counted(static_cast<double>(report.songs_of_split[i]), "song", "songs") + ", " +
                    counted(static_cast<double>(report.tokens_of_split[i]), "token", "tokens"));
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
.histogram .count { text-anchor: end; }
.histogram .rule { stroke: var(--soft); stroke-opacity: .3; stroke-width: 1; }
.unit { color: var(--soft); font-weight: normal; font-size: .8em; }
.amounts td { text-align: right; white-space: nowrap; } .amounts td + td { padding-left: 1rem; }
.columns { grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.reasons th, .reasons td { width: auto; padding-right: 1.2rem; } .reasons p { margin: 0 0 .3rem; }
.reasons .short { white-space: nowrap; overflow-wrap: normal; }
@media (max-width: 40rem) {
  .reasons tr, .reasons td, .reasons th { display: block; padding-right: 0; }
  .reasons tr:first-child { display: none; }
  .reasons tr { padding: .5rem 0; border-top: 1px solid var(--line, var(--soft)); }
  .reasons .short { display: inline-block; margin-right: 1rem; font-weight: bold; }
  .reasons td { overflow-wrap: anywhere; }
}
)css";

}  // namespace

std::string corpus_page(const gruve::BuildReport& report, const std::string& corpus_file) {
  const gruve::SongStatistics& statistics = report.statistics;
  const Label whole = [](double edge) { return decimal(edge, 0); };
  const double longest = statistics.seconds.edges.back();
  const Label length = [=](double edge) { return gruve::clock_time(edge) + (edge == longest ? "+" : ""); };
  const Label key = [](double edge) { return gruve::pitch_name(static_cast<int>(edge)); };
  return gruve::internal::page_beginning(corpus_file, std::string(gruve::internal::kReportStyle) + kStyle) +
         "<p class=\"subtitle\">A corpus prepared by gruve</p>\n" + summary(report) +
         "\n<div class=\"columns\">\n" + chart("Length", statistics.seconds, length, {"song", "songs"}) +
         chart("Tempo in quarter notes per minute", statistics.bpm, whole, {"song", "songs"}) +
         chart("Keys", statistics.pitch, key, {"note", "notes"}) +
         chart("Notes at once", statistics.polyphony, whole, {"quarter note", "quarter notes"}) +
         changes(report) + sounds(report) + "\n</div>\n" + refusals(report) + "\n" + repairs(report) +
         "\n</main>\n</body>\n</html>\n";
}
