#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/atomic_file.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/midi/timeline.hpp"
#include "gruve/render/markup.hpp"
#include "gruve/render/piano_roll.hpp"
#include "gruve/render/report_player.hpp"
#include "gruve/render/report_style.hpp"
#include "gruve/render/training_curve.hpp"

namespace gruve {

/// What a report page shows. All texts may be anything: they are escaped.
struct Report {
  std::string title = "A new piece";
  std::string subtitle = {};                                       // a line below the title; none where empty
  Song song = {};                                                  // what is played and drawn
  std::vector<std::pair<std::string, std::string>> settings = {};  // names and values, in this order
  std::optional<TrainingCurve> curve = {};                         // of the model that made the song
};

namespace internal {

using TableRows = std::vector<std::pair<std::string, std::string>>;

inline std::string html_table(const TableRows& rows) {
  std::string html = "<table>";
  for (const auto& [name, value] : rows) {
    html +=
        "<tr><th scope=\"row\">" + escape_markup(name) + "</th><td>" + escape_markup(value) + "</td></tr>\n";
  }
  return html + "</table>";
}

/// The piece in a few numbers.
inline TableRows song_summary(const Song& song) {
  const double seconds = duration_seconds(song);
  TableRows rows{{"Length", clock_time(seconds)}, {"Notes", std::to_string(song.notes.size())}};
  if (!song.notes.empty()) {
    const auto [low, high] = std::minmax_element(
        song.notes.begin(), song.notes.end(), [](const Note& a, const Note& b) { return a.pitch < b.pitch; });
    rows.emplace_back("Key range", pitch_name(low->pitch) + " to " + pitch_name(high->pitch));
    if (seconds > 0) {
      rows.emplace_back("Notes per second", decimal(static_cast<double>(song.notes.size()) / seconds, 1));
    }
  }
  double slowest = 120, fastest = 120;
  if (!song.tempos.empty()) {
    const auto [fast, slow] =
        std::minmax_element(song.tempos.begin(), song.tempos.end(), [](const Tempo& a, const Tempo& b) {
          return a.microseconds_per_quarter < b.microseconds_per_quarter;
        });
    slowest = slow->bpm();
    fastest = fast->bpm();
  }
  const std::string slow_text = decimal(slowest, 0);
  const std::string fast_text = decimal(fastest, 0);
  rows.emplace_back("Tempo", (slow_text == fast_text ? slow_text : slow_text + " to " + fast_text) + " bpm");
  const TimeSignature metre = song.time_signatures.empty() ? TimeSignature{} : song.time_signatures.front();
  rows.emplace_back("Metre", std::to_string(metre.numerator) + "/" + std::to_string(metre.denominator) +
                                 (song.time_signatures.size() > 1 ? ", then others" : ""));
  return rows;
}

/// The song as the page's script reads it: numbers only, so that nothing in it can end the element it stands
/// in.
inline std::string song_json(const Song& song) {
  int low = 48, high = 72;
  if (!song.notes.empty()) {
    low = 127;
    high = 0;
    for (const Note& note : song.notes) {
      low = std::min(low, note.pitch);
      high = std::max(high, note.pitch);
    }
    low -= 3;
    high += 3;
  }
  const Timeline timeline(song);
  std::string json = "{\"duration\":" + decimal(duration_seconds(song), 3) +
                     ",\"low\":" + std::to_string(low) + ",\"high\":" + std::to_string(high) +
                     ",\"colors\":[";
  for (std::size_t i = 0; i < kRollColors.size(); ++i)
    json += (i == 0 ? "\"" : ",\"") + std::string(kRollColors[i]) + "\"";
  json += "],\n\"notes\":[";
  for (std::size_t i = 0; i < song.notes.size(); ++i) {
    const Note& note = song.notes[i];
    const double start = timeline.seconds(note.start);
    json += (i == 0 ? "[" : ",[") + decimal(start, 3) + "," +
            decimal(std::max(0.0, timeline.seconds(note.end) - start), 3) + "," + std::to_string(note.pitch) +
            "," + std::to_string(note.velocity) + "," + std::to_string(note.channel) + "]";
  }
  json += "],\n\"bars\":[";
  const std::vector<BarLine> bars = bar_lines(song);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    json += (i == 0 ? "[" : ",[") + decimal(bars[i].seconds, 3) + "," + std::to_string(bars[i].number) + "]";
  }
  return json + "]}";
}

inline std::string curve_section(const TrainingCurve& curve) {
  const auto last_of = [](const std::vector<double>& losses) {
    const auto last =
        std::find_if(losses.rbegin(), losses.rend(), [](double loss) { return std::isfinite(loss); });
    return last == losses.rend() ? std::optional<double>() : std::optional<double>(*last);
  };
  std::string html = "<section class=\"curve\"><h2>Training</h2>\n<p class=\"legend\">";
  if (const auto loss = last_of(curve.train_loss))
    html += "<span>train loss " + decimal(*loss, 4) + "</span>";
  if (const auto loss = last_of(curve.valid_loss)) {
    html += "<span class=\"valid\">validation loss " + decimal(*loss, 4);
    std::size_t best = 0;
    for (std::size_t i = 0; i < std::min(curve.valid_loss.size(), curve.valid_step.size()); ++i) {
      if (curve.valid_loss[i] < curve.valid_loss[best] || std::isnan(curve.valid_loss[best])) best = i;
    }
    if (best + 1 < curve.valid_loss.size() && best < curve.valid_step.size()) {
      html +=
          ", best " + decimal(curve.valid_loss[best], 4) + " at step " + decimal(curve.valid_step[best], 0);
    }
    html += "</span>";
  }
  return html + "</p>\n" + training_curve_svg(curve) + "</section>\n";
}

}  // namespace internal

/// One self-contained HTML page: a piano roll with a moving cursor and a player that makes its sound in the
/// page, the piece in numbers, the settings, the training curve. It asks the network for nothing, and forbids
/// it to itself.
inline std::string report_html(const Report& report) {
  const std::string title = escape_markup(report.title);
  const std::string duration = decimal(duration_seconds(report.song), 1);
  std::string html = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
)";
  html += "<title>" + title + "</title>\n<style>" + internal::kReportStyle +
          "</style>\n</head>\n<body>\n<main>\n<h1>" + title + "</h1>\n";
  if (!report.subtitle.empty()) html += "<p class=\"subtitle\">" + escape_markup(report.subtitle) + "</p>\n";
  html += R"(<section class="player" aria-label="Player">
<div class="bar">
<button id="play" type="button">
<svg class="start" viewBox="0 0 16 16" aria-hidden="true"><path d="M3 1.5v13l11-6.5z"/></svg>
<svg class="pause" viewBox="0 0 16 16" aria-hidden="true"><path d="M3 2h3.6v12H3zM9.4 2H13v12H9.4z"/></svg>
<span>Play</span></button>
<span id="time" role="timer" aria-live="off">0:00</span>
<label>Volume <input id="volume" type="range" min="0" max="1" step="0.01" value="0.8"></label>
<span class="hint">space plays and pauses, ← → move by 5 s</span>
<span id="status" role="status"></span>
</div>
<canvas id="roll" role="img" aria-label="Piano roll of the piece; a click moves the cursor"></canvas>
<canvas id="overview" role="slider" tabindex="0" aria-label="Position in the piece"
aria-valuemin="0" aria-valuenow="0")";
  html += " aria-valuemax=\"" + duration +
          "\"></canvas>\n</section>\n<div class=\"columns\">\n<section><h2>Piece</h2>\n" +
          internal::html_table(internal::song_summary(report.song)) + "</section>\n";
  if (!report.settings.empty()) {
    html += "<section><h2>Settings</h2>\n" + internal::html_table(report.settings) + "</section>\n";
  }
  html += "</div>\n";
  if (report.curve) html += internal::curve_section(*report.curve);
  html += "</main>\n<script id=\"song\" type=\"application/json\">" + internal::song_json(report.song) +
          "</script>\n<script>" + internal::kReportScript + "</script>\n</body>\n</html>\n";
  return html;
}

/// Writes report_html to a file; throws an Error that names path where that can't be done.
inline void write_report(const Report& report, const std::filesystem::path& path) {
  write_file(path, report_html(report));
}

}  // namespace gruve
