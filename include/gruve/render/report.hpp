#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/json.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/midi/timeline.hpp"
#include "gruve/midi/write_midi.hpp"
#include "gruve/render/markup.hpp"
#include "gruve/render/piano_roll.hpp"
#include "gruve/render/report_player.hpp"
#include "gruve/render/report_style.hpp"
#include "gruve/render/sound_script.hpp"
#include "gruve/render/training_curve.hpp"

namespace gruve::inline v0_2 {

/// The rows of a table: names and values, in this order.
using TableRows = std::vector<std::pair<std::string, std::string>>;

/// A piece of a report page.
struct ReportPiece {
  std::string title = {};    // shown if there are several pieces
  Song song = {};            // is played and drawn
  std::string verdict = {};  // a few words in the list, such as a score; none if empty
  TableRows facts = {};      // of this piece, shown below those computed from the song
};

/// The contents of a report page. All texts are escaped.
struct Report {
  std::string title = "A new piece";        // of the page
  std::string subtitle = {};                // a line below the title; none if empty
  std::vector<ReportPiece> pieces = {};     // one or more
  TableRows settings = {};                  // common to all pieces
  std::optional<TrainingCurve> curve = {};  // of the model that generated them
};

namespace internal {

inline std::string html_table(const TableRows& rows) {
  std::string html = "<table>";
  for (const auto& [name, value] : rows) {
    html +=
        "<tr><th scope=\"row\">" + escape_markup(name) + "</th><td>" + escape_markup(value) + "</td></tr>\n";
  }
  return html + "</table>";
}

/// A few numbers about a piece.
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

inline std::string note_count(const Song& song) {
  return std::to_string(song.notes.size()) + (song.notes.size() == 1 ? " note" : " notes");
}

/// The list of pieces: radio buttons, so that the browser handles the arrow keys.
inline std::string piece_list(const std::vector<ReportPiece>& pieces) {
  std::string html = "<div class=\"list\" role=\"radiogroup\" aria-label=\"Pieces\">\n";
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    html += "<label><input type=\"radio\" name=\"piece\" autocomplete=\"off\"" +
            std::string(i == 0 ? " checked" : "") + "><span class=\"number\">" + std::to_string(i + 1) +
            "</span><span>" + escape_markup(pieces[i].title) + "</span><span class=\"about\">" +
            clock_time(duration_seconds(pieces[i].song)) + " · " + note_count(pieces[i].song) +
            (pieces[i].verdict.empty() ? "" : " · " + escape_markup(pieces[i].verdict)) +
            "</span><span class=\"mark\" aria-hidden=\"true\"></span></label>\n";
  }
  return html + "</div>\n";
}

/// The tables of all pieces, of which the page shows one at a time.
inline std::string piece_sections(const std::vector<ReportPiece>& pieces) {
  std::string html;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    TableRows rows = song_summary(pieces[i].song);
    rows.insert(rows.end(), pieces[i].facts.begin(), pieces[i].facts.end());
    html += "<section class=\"piece\"" + std::string(i == 0 ? "" : " hidden") + "><h2>" +
            (pieces.size() == 1 ? "Piece" : escape_markup(pieces[i].title)) + "</h2>\n" + html_table(rows) +
            "</section>\n";
  }
  return html;
}

/// Bytes in base64. Source: RFC 4648.
inline std::string base64(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k)
      three = three << 8 | (k < count ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0);
    for (std::size_t k = 0; k < 4; ++k) text += k <= count ? kDigits[three >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

/// The beginning of a page up to its heading. The content security policy forbids it to request anything.
inline std::string page_beginning(const std::string& title, const std::string& style) {
  const std::string escaped = escape_markup(title);
  std::string html = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
)";
  return html + "<title>" + escaped + "</title>\n<style>" + style +
         "</style>\n</head>\n<body>\n<main>\n<h1>" + escaped + "</h1>\n";
}

/// The notes of a song as a page's script reads them: start, duration, pitch, velocity, channel of each, in
/// milliseconds; a start is relative to the one before.
inline std::string notes_json(const Song& song) {
  const Timeline timeline(song);
  const auto milliseconds = [](double seconds) { return std::round(1000 * seconds); };
  std::string json;
  double last = 0;
  for (const Note& note : song.notes) {
    const double start = milliseconds(timeline.seconds(note.start));
    const double end = milliseconds(timeline.seconds(note.end));
    json += (json.empty() ? "" : ",") + decimal(start - last, 0) + "," +
            decimal((std::max)(0.0, end - start), 0) + "," + std::to_string(note.pitch) + "," +
            std::to_string(note.velocity) + "," + std::to_string(note.channel);
    last = start;
  }
  return json;
}

/// A text as a JSON string in which nothing can end a script element.
inline std::string script_string(const std::string& text) {
  std::string json = internal::text_of(nlohmann::json(text), true);
  for (std::size_t at = 0; (at = json.find('<', at)) != std::string::npos;) json.replace(at, 1, "\\u003c");
  return json;
}

/// The song as the page's script reads it: numbers and base64 only, so that nothing in it can end the script
/// element.
inline std::string song_json(const Song& song) {
  int low = 48, high = 72;
  if (!song.notes.empty()) {
    low = 127;
    high = 0;
    for (const Note& note : song.notes) {
      low = (std::min)(low, note.pitch);
      high = (std::max)(high, note.pitch);
    }
    low -= 3;
    high += 3;
  }
  const auto milliseconds = [](double seconds) { return std::round(1000 * seconds); };
  std::string json = "{\"duration\":" + decimal(milliseconds(duration_seconds(song)), 0) +
                     ",\"low\":" + std::to_string(low) + ",\"high\":" + std::to_string(high) +
                     ",\"notes\":[" + notes_json(song);
  double last = 0;
  json += "],\"bars\":[";
  const std::vector<BarLine> bars = bar_lines(song);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double start = milliseconds(bars[i].seconds);
    json += (i == 0 ? "" : ",") + decimal(start - last, 0) + "," + std::to_string(bars[i].number);
    last = start;
  }
  return json + "],\"midi\":\"" + base64(midi_bytes(song)) + "\"}";
}

inline std::string songs_json(const std::vector<ReportPiece>& pieces) {
  std::string json = "{\"colors\":[";
  for (std::size_t i = 0; i < kRollColors.size(); ++i)
    json += (i == 0 ? "\"" : ",\"") + std::string(kRollColors[i]) + "\"";
  json += "],\"songs\":[";
  for (std::size_t i = 0; i < pieces.size(); ++i) json += (i == 0 ? "\n" : ",\n") + song_json(pieces[i].song);
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
    for (std::size_t i = 0; i < (std::min)(curve.valid_loss.size(), curve.valid_step.size()); ++i) {
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

/// One self-contained HTML page: a piano roll with a moving cursor and a player that synthesises its sound in
/// the page, numbers about the piece, the settings, the training curve. It requests nothing from the network,
/// and its content security policy forbids it to.
///
/// If there are several pieces, one is selected from a list; `#piece-3` at the end of the page's address
/// selects the third. When a piece ends, the next is played. A star on a piece is kept in the browser's
/// storage of the page. The piece can be saved as a MIDI file, and as a WAV file of the sound that the page
/// makes. The page has about 28 bytes per note.
///
/// Throws Error if the report has no piece, and as midi_bytes() does.
inline std::string report_html(const Report& report) {
  if (report.pieces.empty()) throw Error("a report needs at least one piece");
  const bool has_list = report.pieces.size() > 1;
  std::string html = internal::page_beginning(report.title, internal::kReportStyle);
  if (!report.subtitle.empty()) html += "<p class=\"subtitle\">" + escape_markup(report.subtitle) + "</p>\n";
  html += "<section class=\"player" + std::string(has_list ? " several" : "") + "\" aria-label=\"Player\">\n";
  if (has_list) html += internal::piece_list(report.pieces);
  html += R"(<div>
<div class="bar">
<button id="play" type="button">
<svg class="start" viewBox="0 0 16 16" aria-hidden="true"><path d="M3 1.5v13l11-6.5z"/></svg>
<svg class="pause" viewBox="0 0 16 16" aria-hidden="true"><path d="M3 2h3.6v12H3zM9.4 2H13v12H9.4z"/></svg>
<span>Play</span></button>
<span id="time" role="timer" aria-live="off">0:00</span>
<button id="star" class="plain" type="button" aria-pressed="false"><span aria-hidden="true">☆</span> Star</button>
<span class="save">Save as <button id="midi" class="plain" type="button">MIDI</button>
<button id="wav" class="plain" type="button">WAV</button></span>
<label>Volume <input id="volume" type="range" min="0" max="1" step="0.01" value="0.8"></label>
<span class="hint">space plays and pauses, ← → move by 5 s</span>
<span id="status" role="status"></span>
</div>
<canvas id="roll" role="img" aria-label="Piano roll of the piece; a click moves the cursor"></canvas>
<canvas id="overview" role="slider" tabindex="0" aria-label="Position in the piece"
aria-valuemin="0" aria-valuenow="0"></canvas>
</div>
</section>
<div class="columns">
)";
  html += internal::piece_sections(report.pieces);
  if (!report.settings.empty()) {
    html += "<section><h2>Settings</h2>\n" + internal::html_table(report.settings) + "</section>\n";
  }
  html += "</div>\n";
  if (report.curve) html += internal::curve_section(*report.curve);
  html += "</main>\n<script id=\"songs\" type=\"application/json\">" + internal::songs_json(report.pieces) +
          "</script>\n<script>" + internal::kReportScriptBegin + internal::kSoundScript +
          internal::kReportScript + "</script>\n</body>\n</html>\n";
  return html;
}

/// Writes report_html() to a file, complete or not at all. Throws Error as that does, or if path cannot be
/// written.
inline void write_report(const Report& report, const std::filesystem::path& path) {
  write_file(path, report_html(report));
}

}  // namespace gruve::inline v0_2
