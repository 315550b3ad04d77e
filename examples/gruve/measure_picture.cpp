#include "measure_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "gruve/render/markup.hpp"

namespace {

constexpr std::array<std::string_view, 8> kLineColours{"#0969da", "#cf222e", "#1a7f37", "#8250df",
                                                       "#bc4c00", "#1b7c83", "#bf3989", "#4d2d00"};
constexpr double kPanelWidth = 300, kPanelHeight = 150, kPanelGap = 24, kPlotLeft = 40, kPlotTop = 24,
                 kPlotBottom = 18;
constexpr std::size_t kPanelsInRow = 3;

std::string number_at(const char* name, double value) {
  return std::string(" ") + name + "=\"" + gruve::decimal(value, 1) + "\"";
}

std::string words_at(double x, double y, const char* style, const std::string& words) {
  return "<text class=\"" + std::string(style) + "\"" + number_at("x", x) + number_at("y", y) + ">" +
         gruve::escape_markup(words) + "</text>";
}

// The smallest and the largest value of a panel.
struct Extent {
  double low = INFINITY, high = -INFINITY;

  void include(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

std::string panel_svg(std::size_t m, const std::vector<MeasuredPiece>& pieces,
                      const gruve::MeasureRange& range, Extent extent, double seconds) {
  extent.include(range.low);
  extent.include(range.high);
  const double margin = extent.high > extent.low ? 0.08 * (extent.high - extent.low) : 0.5;
  const auto x = [&](double at) { return kPlotLeft + (kPanelWidth - kPlotLeft) * at / seconds; };
  const auto y = [&](double value) {
    return kPlotTop + (kPanelHeight - kPlotTop - kPlotBottom) * (extent.high + margin - value) /
                          (extent.high - extent.low + 2 * margin);
  };
  std::string svg = words_at(0, 12, "name", gruve::kMeasureNames[m].title);
  svg += "<rect class=\"plot\"" + number_at("x", kPlotLeft) + number_at("y", kPlotTop) +
         number_at("width", kPanelWidth - kPlotLeft) +
         number_at("height", kPanelHeight - kPlotTop - kPlotBottom) + "/>";
  if (!std::isnan(range.low))
    svg += "<rect class=\"band\"" + number_at("x", kPlotLeft) + number_at("y", y(range.high) - 1) +
           number_at("width", kPanelWidth - kPlotLeft) +
           number_at("height", y(range.low) - y(range.high) + 2) + "/>";
  const int digits = extent.high - extent.low < 0.1 ? 3 : extent.high - extent.low < 10 ? 2 : 0;
  svg += words_at(kPlotLeft - 5, y(extent.high) + 4, "value", gruve::decimal(extent.high, digits));
  if (extent.low < extent.high)
    svg += words_at(kPlotLeft - 5, y(extent.low) + 4, "value", gruve::decimal(extent.low, digits));
  svg += words_at(kPlotLeft, kPanelHeight - 3, "time", "0:00") +
         words_at(kPanelWidth, kPanelHeight - 3, "last time", gruve::clock_time(seconds));
  for (std::size_t p = 0; p < pieces.size(); ++p) {
    const std::string colour(kLineColours[p % kLineColours.size()]);
    std::string path, dots;
    bool is_open = false;
    for (const gruve::WindowMeasures& window : pieces[p].song.windows) {
      const double value = window.measures.values[m];
      if (!std::isfinite(value)) {
        is_open = false;
        continue;
      }
      const double at = x((window.begin + window.end) / 2);
      path += (is_open ? "L" : "M") + gruve::decimal(at, 1) + " " + gruve::decimal(y(value), 1);
      dots += "<circle" + number_at("cx", at) + number_at("cy", y(value)) + " r=\"2\" fill=\"" + colour +
              "\"><title>" + gruve::escape_markup(pieces[p].name) + ", " + gruve::clock_time(window.begin) +
              ": " + gruve::decimal(value, 3) + "</title></circle>";
      is_open = true;
    }
    if (!path.empty()) svg += "<path stroke=\"" + colour + "\" d=\"" + path + "\"/>" + dots;
  }
  return svg;
}

}  // namespace

std::string measures_svg(const std::vector<MeasuredPiece>& pieces,
                         const std::optional<gruve::CorpusRanges>& corpus) {
  double seconds = 1;
  for (const MeasuredPiece& piece : pieces) seconds = std::max(seconds, piece.song.seconds);
  std::string panels;
  std::size_t count = 0;
  constexpr double kMargin = 28, kHead = 50;
  for (std::size_t m = 0; m < gruve::kNumMeasures; ++m) {
    Extent extent;
    for (const MeasuredPiece& piece : pieces)
      for (const gruve::WindowMeasures& window : piece.song.windows)
        extent.include(window.measures.values[m]);
    if (extent.low > extent.high) continue;
    const double left = kMargin + static_cast<double>(count % kPanelsInRow) * (kPanelWidth + kPanelGap);
    const double top = kHead + static_cast<double>(count / kPanelsInRow) * (kPanelHeight + kPanelGap);
    panels +=
        "<g transform=\"translate(" + gruve::decimal(left, 1) + " " + gruve::decimal(top, 1) + ")\">" +
        panel_svg(m, pieces, corpus ? corpus->windows.values[m] : gruve::MeasureRange{}, extent, seconds) +
        "</g>\n";
    ++count;
  }
  const double rows = static_cast<double>((count + kPanelsInRow - 1) / kPanelsInRow);
  const std::string width =
      gruve::decimal(2 * kMargin + kPanelsInRow * (kPanelWidth + kPanelGap) - kPanelGap);
  const std::string height = gruve::decimal(kHead + rows * (kPanelHeight + kPanelGap));
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" + height +
                    "\" viewBox=\"0 0 " + width + " " + height + R"(" role="img">
<style>
text{font-family:system-ui,"Segoe UI","DejaVu Sans",sans-serif;fill:#57606a;font-size:11px}
.title{font-size:17px;font-weight:600;fill:#1f2328}.name{font-size:13px;fill:#1f2328}
.value,.last{text-anchor:end}.plot{fill:#ffffff;stroke:#d0d7de}.band{fill:#2da44e;opacity:.18}
path{fill:none;stroke-width:1.4}
</style>
<rect width="100%" height="100%" fill="#fafbfc"/>
)";
  const std::string name =
      pieces.size() == 1 ? pieces.front().name : std::to_string(pieces.size()) + " pieces";
  svg += "<title>" + gruve::escape_markup(name) + "</title>\n" + words_at(kMargin, 28, "title", name);
  svg += words_at(kMargin, 43, "about",
                  std::string("each 30 seconds") +
                      (corpus ? "; green: the range of nine in ten windows of the corpus" : ""));
  return svg + "\n" + panels + "</svg>\n";
}
