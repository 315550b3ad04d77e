#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/atomic_file.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/midi/timeline.hpp"
#include "gruve/render/markup.hpp"

namespace gruve::inline v0_2 {

/// What the colour of a note represents.
enum class RollColor {
  pitch_class,  // neighbours on the circle of fifths have neighbouring hues, which shows changes of key
  height,       // from blue in the bass to red in the treble
  channel,      // the MIDI channel
};

/// Options of piano_roll_svg().
struct PianoRollOptions {
  std::string title = "Piano roll";          // any text
  RollColor color = RollColor::pitch_class;  // what colours represent
  double width = 1600;                       // of the picture in pixels, at least 400
  double seconds_per_row = 0;                // approximate; 0 chooses it by the song's length
};

/// Twelve colours of one lightness and chroma, 30° of hue apart on the circle of fifths, C first (OKLCH 0.62
/// 0.155).
inline constexpr std::array<const char*, 12> kRollColors{"#d35a55", "#0092d5", "#b07c00", "#8e6fd8",
                                                         "#3d9d46", "#cb588b", "#009eb2", "#cb6700",
                                                         "#5781e3", "#849000", "#b461b9", "#00a381"};

namespace internal {

/// The layout of a piano roll, in pixels.
struct RollLayout {
  static constexpr double kLeft = 64, kRight = 20, kTop = 70, kBarNumbers = 18, kTimes = 34;
  int lowest = 48, highest = 72;  // keys, inclusive
  double key_height = 6;
  double width = 0;  // of a row's plot
  double pixels_per_second = 0;
  std::vector<double> breaks{};  // seconds at which rows begin, and the song's end

  double plot_height() const { return (highest - lowest + 1) * key_height; }
  double row_height() const { return kBarNumbers + plot_height() + kTimes; }
  double y(int pitch) const { return (highest - pitch) * key_height; }
  /// The row of a time in seconds.
  std::size_t row(double seconds) const {
    const auto end = std::upper_bound(breaks.begin() + 1, breaks.end() - 1, seconds + 1e-9);
    return static_cast<std::size_t>(end - breaks.begin() - 1);
  }
  /// The last row in which something is seen that ends at a time: not the one that begins then.
  std::size_t last_row(double seconds) const { return row(seconds - 2e-9); }
};

/// Rows of about equal length, which end at the next bar line if one is near: of equal bars the same number in
/// each row but the last.
inline RollLayout roll_layout(const Song& song, const PianoRollOptions& options,
                              const std::vector<BarLine>& bars) {
  RollLayout layout;
  if (!song.notes.empty()) {
    const auto [low, high] = std::minmax_element(
        song.notes.begin(), song.notes.end(), [](const Note& a, const Note& b) { return a.pitch < b.pitch; });
    layout.lowest = low->pitch - 2;
    layout.highest = high->pitch + 2;
    const int missing = (std::max)(0, 25 - (layout.highest - layout.lowest));
    layout.lowest -= missing / 2;
    layout.highest += missing - missing / 2;
  }
  layout.key_height = std::clamp(250.0 / (layout.highest - layout.lowest + 1), 3.5, 7.0);
  layout.width = (std::max)(400.0, options.width) - RollLayout::kLeft - RollLayout::kRight;

  constexpr double kMaxRows = 100;
  const double duration = (std::max)(duration_seconds(song), 1.0);
  const double wanted =
      options.seconds_per_row > 0 ? options.seconds_per_row : std::clamp(duration / 8, 15.0, 36.0);
  const double rows = std::clamp(std::ceil(duration / wanted - 0.05), 1.0, kMaxRows);
  layout.breaks.push_back(0);
  double longest = 0;
  const double length = duration / rows;
  while (layout.breaks.back() < duration) {
    double end = layout.breaks.back() + length;
    // The first bar line behind it, so that no row but the last is shorter.
    const auto after = std::lower_bound(bars.begin(), bars.end(), end - 0.02 * length,
                                        [](const BarLine& bar, double at) { return bar.seconds < at; });
    if (after != bars.end() && after->seconds - end < 0.3 * length) end = after->seconds;
    if (duration - end < 0.02 * length) end = duration;
    longest = (std::max)(longest, end - layout.breaks.back());
    layout.breaks.push_back(end);
  }
  layout.pixels_per_second = layout.width / longest;
  return layout;
}

inline std::string roll_rect(double x, double y, double width, double height, const std::string& attributes) {
  return "<rect x=\"" + decimal(x, 1) + "\" y=\"" + decimal(y, 1) + "\" width=\"" + decimal(width, 1) +
         "\" height=\"" + decimal(height, 1) + "\" " + attributes + "/>";
}

inline std::string roll_text(double x, double y, const std::string& name, const std::string& text) {
  return "<text class=\"" + name + "\" x=\"" + decimal(x, 1) + "\" y=\"" + decimal(y, 1) + "\">" + text +
         "</text>";
}

/// The background of every row: the keyboard at the left, stripes for the black keys, lines and labels at
/// each C.
inline std::string roll_background(const RollLayout& layout) {
  constexpr double kKeyboard = 14;
  const double height = layout.plot_height();
  std::string svg = roll_rect(0, 0, layout.width, height, "class=\"paper\"");
  svg += roll_rect(-kKeyboard - 2, 0, kKeyboard, height, "class=\"ivory\"");
  std::string lines;
  for (int pitch = layout.lowest; pitch <= layout.highest; ++pitch) {
    const int pitch_class = ((pitch % 12) + 12) % 12;
    const double y = layout.y(pitch);
    if (pitch_class == 1 || pitch_class == 3 || pitch_class == 6 || pitch_class == 8 || pitch_class == 10) {
      svg += roll_rect(0, y, layout.width, layout.key_height, "class=\"stripe\"");
      svg += roll_rect(-kKeyboard - 2, y, 0.62 * kKeyboard, layout.key_height, "class=\"ebony\"");
    }
    if (pitch_class != 0 && pitch_class != 5) continue;
    const double bottom = y + layout.key_height;
    if (pitch > layout.lowest) {
      lines += "<path class=\"" + std::string(pitch_class == 0 ? "octave" : "fourth") + "\" d=\"M" +
               decimal(pitch_class == 0 ? -kKeyboard - 2 : 0, 1) + " " + decimal(bottom, 1) + "H" +
               decimal(layout.width, 1) + "\"/>";
    }
    if (pitch_class == 0 && pitch >= 0) lines += roll_text(-kKeyboard - 8, bottom, "key", pitch_name(pitch));
  }
  return svg + lines;
}

inline std::string roll_note(const RollLayout& layout, const Note& note, RollColor color, double x,
                             double width) {
  int index = note.pitch % 12;
  if (color == RollColor::channel) index = note.channel * 5 % 12;
  if (color == RollColor::height) {
    // The hues from blue (Db) to red (C) in the order of the circle of fifths.
    constexpr std::array<int, 8> kColdToWarm{1, 6, 11, 4, 9, 2, 7, 0};
    index = kColdToWarm[static_cast<std::size_t>(std::clamp((note.pitch - 28) / 9, 0, 7))];
  }
  const std::string name = note.channel == kDrumChannel ? "drum" : "c" + std::to_string(index);
  const double opacity = 0.35 + 0.65 * std::clamp(note.velocity, 1, 127) / 127.0;
  return roll_rect(x, layout.y(note.pitch) + 0.25, (std::max)(1.5, width), layout.key_height - 0.5,
                   "rx=\"1.5\" class=\"" + name + "\" opacity=\"" + decimal(opacity, 2) + "\"");
}

/// What is drawn of a note: held keys of one pitch may be one span.
struct RollSpan {
  double start = 0, end = 0;  // seconds
  Note note{};                // for its colour
};

/// The rows that spans are drawn in, all together.
inline std::size_t num_rectangles(const RollLayout& layout, const std::vector<RollSpan>& spans) {
  std::size_t count = 0;
  for (const RollSpan& span : spans) {
    const std::size_t first = layout.row(span.start);
    count += (std::max)(first, layout.last_row(span.end)) - first + 1;
  }
  return count;
}

/// Makes one span of those of a key that overlap or are less than `gap` seconds apart: of the pitch, the drum
/// channel or not, and the channel if the colours show it. It is as loud as the loudest.
inline std::vector<RollSpan> merged(const std::vector<RollSpan>& spans, double gap, RollColor color) {
  std::vector<RollSpan> result;
  std::map<std::pair<int, int>, std::size_t> last;  // of each key, in result
  for (const RollSpan& span : spans) {
    const int part = color == RollColor::channel ? span.note.channel : span.note.channel == kDrumChannel;
    const auto [found, is_first] = last.try_emplace({part, span.note.pitch}, result.size());
    RollSpan* before = is_first ? nullptr : &result[found->second];
    if (before != nullptr && span.start < before->end + gap) {
      before->end = (std::max)(before->end, span.end);
      before->note.velocity = (std::max)(before->note.velocity, span.note.velocity);
    } else {
      found->second = result.size();
      result.push_back(span);
    }
  }
  return result;
}

/// The notes as they are drawn. A note that is held across rows is drawn in each of them: where that makes
/// many rectangles of few notes, held keys that overlap are one; and where they are more than a picture
/// shows, also those with a gap between them of half a pixel, or one, or two, until they are few enough.
inline std::vector<RollSpan> roll_spans(const Song& song, const RollLayout& layout, RollColor color) {
  constexpr std::size_t kMost = 200'000;
  const Timeline timeline(song);
  std::vector<RollSpan> spans;
  spans.reserve(song.notes.size());
  for (const Note& note : song.notes) {
    const double start = timeline.seconds(note.start);
    spans.push_back({start, (std::max)(timeline.seconds(note.end), start), note});
  }
  if (num_rectangles(layout, spans) <= (std::min)(kMost, 2 * song.notes.size() + 20'000)) return spans;
  const auto is_earlier = [](const RollSpan& a, const RollSpan& b) { return a.start < b.start; };
  if (!std::is_sorted(spans.begin(), spans.end(), is_earlier))
    std::stable_sort(spans.begin(), spans.end(), is_earlier);
  spans = merged(spans, 0, color);
  for (double pixels = 0.5; num_rectangles(layout, spans) > kMost && pixels < layout.width; pixels *= 2)
    spans = merged(spans, pixels / layout.pixels_per_second, color);
  return spans;
}

}  // namespace internal

/// Draws a song as an SVG picture: time to the right in rows that end at bar lines, pitch upwards, velocity
/// as opacity, bar numbers above and minutes:seconds below each row. If there are more bars or seconds than
/// fit, fewer lines and numbers are drawn. The picture has about 100 bytes per note, and at most some 200,000
/// rectangles: of more notes, those of one pitch that follow each other within pixels are drawn as one.
inline std::string piano_roll_svg(const Song& song, const PianoRollOptions& options = {}) {
  using internal::RollLayout;
  const std::vector<BarLine> bars = bar_lines(song);
  const RollLayout layout = internal::roll_layout(song, options, bars);
  const double scale = layout.pixels_per_second;
  const std::size_t num_rows = layout.breaks.size() - 1;
  std::vector<std::string> rows(num_rows);

  double last_line = 0, last_number = 0;  // x of those drawn last
  std::size_t last_row = num_rows;
  for (const BarLine& bar : bars) {
    const std::size_t row = layout.row(bar.seconds);
    const double x = (bar.seconds - layout.breaks[row]) * scale;
    if (row != last_row) last_line = last_number = -1e9;
    last_row = row;
    if (x - last_line < 12) continue;
    last_line = x;
    rows[row] +=
        "<path class=\"bar\" d=\"M" + decimal(x, 1) + " 0V" + decimal(layout.plot_height(), 1) + "\"/>";
    if (x - last_number < 44) continue;
    last_number = x;
    rows[row] += internal::roll_text(x + 3, -5, "number", std::to_string(bar.number));
  }

  double step = 1;  // seconds between two times: 1, 2, 5, 10, 30, 60, 120, 240 ...
  for (const double longer : {2.0, 5.0, 10.0, 30.0, 60.0}) {
    if (step * scale < 55) step = longer;
  }
  while (step * scale < 55) step *= 2;
  for (std::size_t row = 0; row < num_rows; ++row) {
    for (double at = std::ceil(layout.breaks[row] / step - 1e-9); at * step < layout.breaks[row + 1] - 1e-9;
         ++at) {
      const double x = (at * step - layout.breaks[row]) * scale;
      rows[row] +=
          "<path class=\"tick\" d=\"M" + decimal(x, 1) + " " + decimal(layout.plot_height(), 1) + "v4\"/>";
      rows[row] += internal::roll_text(x, layout.plot_height() + 15, "time", clock_time(at * step));
    }
  }

  for (const internal::RollSpan& span : internal::roll_spans(song, layout, options.color)) {
    const std::size_t first = layout.row(span.start), last = (std::max)(first, layout.last_row(span.end));
    for (std::size_t row = first; row <= last; ++row) {  // what is held across the end of a row continues
      const double from = (std::max)(span.start, layout.breaks[row]) - layout.breaks[row];
      const double to = (std::min)(span.end, layout.breaks[row + 1]) - layout.breaks[row];
      rows[row] +=
          internal::roll_note(layout, span.note, options.color, from * scale, (to - from) * scale - 0.6);
    }
  }
  const double end_x = (duration_seconds(song) - layout.breaks[num_rows - 1]) * scale;
  rows.back() +=
      "<path class=\"end\" d=\"M" + decimal(end_x, 1) + " 0V" + decimal(layout.plot_height(), 1) + "\"/>";

  const std::string width = decimal(layout.width + RollLayout::kLeft + RollLayout::kRight, 0);
  const std::string height =
      decimal(RollLayout::kTop + static_cast<double>(num_rows) * layout.row_height(), 0);
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" "
      "xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"" +
      width + "\" height=\"" + height + "\" viewBox=\"0 0 " + width + " " + height + "\" role=\"img\">\n";
  const std::string title = escape_markup(options.title);
  svg += "<title>" + title + "</title>\n<style>\n";
  for (std::size_t i = 0; i < 12; ++i) svg += ".c" + std::to_string(i) + "{fill:" + kRollColors[i] + "}";
  svg += R"(.drum{fill:#7d8590}
text{font-family:system-ui,"Segoe UI","DejaVu Sans",sans-serif;fill:#57606a}
.title{font-size:22px;font-weight:600;fill:#1f2328}.about{font-size:13px}
.number,.time,.key{font-size:11px}.number{fill:#1f2328}.time{text-anchor:middle}.key{text-anchor:end}
.paper{fill:#ffffff}.stripe{fill:#f1f3f6}.ivory{fill:#fdfcf7;stroke:#c9ced6;stroke-width:.6}
.ebony{fill:#30363d}
path{fill:none}.octave{stroke:#aeb6c1;stroke-width:.8}.fourth{stroke:#dfe3e8;stroke-width:.6}
.bar{stroke:#b4bcc7;stroke-width:.8}.tick{stroke:#8c959f;stroke-width:.8}.end{stroke:#1f2328;stroke-width:2}
</style>
<rect width="100%" height="100%" fill="#fafbfc"/>
)";
  svg += internal::roll_text(RollLayout::kLeft - 16, 34, "title", title) + "\n";
  svg += internal::roll_text(RollLayout::kLeft - 16, 54, "about",
                             clock_time(duration_seconds(song)) + " · " + std::to_string(song.notes.size()) +
                                 (song.notes.size() == 1 ? " note" : " notes"));
  svg += "\n<defs><g id=\"row\">" + internal::roll_background(layout) + "</g></defs>\n";
  for (std::size_t row = 0; row < num_rows; ++row) {
    const double y =
        RollLayout::kTop + static_cast<double>(row) * layout.row_height() + RollLayout::kBarNumbers;
    svg += "<g transform=\"translate(" + decimal(RollLayout::kLeft, 1) + " " + decimal(y, 1) +
           ")\"><use xlink:href=\"#row\"/>" + rows[row] + "</g>\n";
  }
  return svg + "</svg>\n";
}

/// Writes piano_roll_svg() to a file, complete or not at all. Throws Error if path cannot be written.
inline void write_piano_roll(const Song& song, const std::filesystem::path& path,
                             const PianoRollOptions& options = {}) {
  write_file(path, piano_roll_svg(song, options));
}

}  // namespace gruve::inline v0_2
