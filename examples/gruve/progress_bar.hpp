// The progress of a command, on stderr: one line that is redrawn on a terminal, a plain line every five
// seconds elsewhere.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "gruve/core/progress.hpp"
#include "terminal.hpp"

/// A number with three digits: "950", "12.5k", "3.4M".
inline std::string short_number(double value) {
  std::array<char, 32> text{};
  const double size = std::abs(value);
  const char* const unit = size >= 999.5e6 ? "G" : size >= 999.5e3 ? "M" : size >= 999.5 ? "k" : "";
  const double scaled = value / (size >= 999.5e6 ? 1e9 : size >= 999.5e3 ? 1e6 : size >= 999.5 ? 1e3 : 1);
  std::snprintf(text.data(), text.size(), std::abs(scaled) < 99.95 ? "%.1f%s" : "%.0f%s", scaled, unit);
  return text.data();
}

/// A duration: "0:42", "12:05", "1:02:03".
inline std::string short_time(double seconds) {
  const auto total = static_cast<long long>(std::clamp(seconds, 0.0, 1e9) + 0.5);
  std::array<char, 48> text{};
  if (total < 3600) {
    std::snprintf(text.data(), text.size(), "%lld:%02lld", total / 60, total % 60);
  } else {
    std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld", total / 3600, total / 60 % 60, total % 60);
  }
  return text.data();
}

/// The text about a task: percent, rate, time left and message.
///
/// seconds   since the task began
/// begun_at  what was done before that, as in a training that was resumed
inline std::string progress_text(const gruve::Progress& progress, double seconds, std::uint64_t begun_at) {
  std::string text;
  if (progress.total > 0) {
    const double share = static_cast<double>(progress.done) / static_cast<double>(progress.total);
    text = std::to_string(static_cast<int>(std::min(1.0, share) * 100)) + "%";
  } else {
    text = std::to_string(progress.done);
  }
  const std::uint64_t done = progress.done - std::min(begun_at, progress.done);
  if (done > 0 && seconds > 0) {
    const double rate = static_cast<double>(done) / seconds;
    text += "  " + short_number(rate) + "/s";
    if (progress.total > progress.done) {
      text += "  " + short_time(static_cast<double>(progress.total - progress.done) / rate) + " left";
    } else {
      text += "  in " + short_time(seconds);
    }
  }
  if (!progress.message.empty()) text += "  " + progress.message;
  return text;
}

/// The first `columns` characters of UTF-8 text, each counted as one column.
inline std::string first_columns(std::string_view text, std::size_t columns) {
  std::size_t end = 0;
  while (end < text.size()) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
    if (begins && columns-- == 0) break;
    ++end;
  }
  return std::string(text.substr(0, end));
}

/// "train  [=====>     ]  45%  12.5k/s  0:42 left  loss 2.31", no wider than columns; without the bar if
/// that is narrow.
inline std::string progress_line(const std::string& task, const gruve::Progress& progress, double seconds,
                                 std::uint64_t begun_at, std::size_t columns) {
  const std::string text = progress_text(progress, seconds, begun_at);
  std::string line = task + "  ";
  constexpr std::size_t kLeastBar = 8, kMostBar = 32, kFrame = 4;
  const std::size_t used = line.size() + text.size() + kFrame;
  if (progress.total > 0 && used + kLeastBar <= columns) {
    const std::size_t size = std::min(kMostBar, columns - used);
    const double share =
        std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total));
    const auto full = static_cast<std::size_t>(share * static_cast<double>(size));
    std::string bar(size, ' ');
    std::fill_n(bar.begin(), full, '=');
    if (full < size) bar[full] = '>';
    line += "[" + bar + "]  ";
  }
  return first_columns(line + text, columns);
}

/// Draws the progress of one task; std::ref(bar) is a gruve::ProgressCallback.
///
///   ProgressBar bar("train");
///   trainer.run(std::ref(bar));
///   bar.finish();
///
/// On a terminal the line is redrawn at most ten times a second; elsewhere there is a line every five
/// seconds, and a last one. quiet draws nothing.
class ProgressBar {
 public:
  explicit ProgressBar(std::string task, bool quiet = false) : task_(std::move(task)), quiet_(quiet) {}

  /// Leaves the cursor on a new line, so that an error message is not printed after half a bar.
  ~ProgressBar() {
    if (line_is_open_) std::fputc('\n', stderr);
  }

  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void operator()(const gruve::Progress& progress) {
    if (quiet_) return;
    const auto now = Clock::now();
    if (!started_) {
      started_ = true;
      // The rate is computed from the first report on: what was done by then may be from a run that this one
      // resumes. A task that reports only its end is timed from the beginning.
      if (progress.total == 0 || progress.done < progress.total) {
        begun_at_ = progress.done;
        begun_ = now;
      }
    }
    progress_ = progress;
    is_drawn_ = false;
    const auto pause = is_terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000);
    if (now - drawn_at_ >= pause) draw(now);
  }

  /// Replaces the message of the last progress.
  void say(const std::string& message) {
    progress_.message = message;
    is_drawn_ = false;
  }

  /// Prints a separate line; the bar continues below it.
  void note(const std::string& line) {
    if (quiet_) return;
    std::fprintf(stderr, line_is_open_ ? "\r\033[K%s\n" : "%s\n", line.c_str());
    line_is_open_ = false;
  }

  /// Draws the last state and ends the line.
  void finish() {
    if (quiet_ || !started_) return;
    if (!is_drawn_) draw(Clock::now());
    if (line_is_open_) std::fputc('\n', stderr);
    line_is_open_ = false;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void draw(Clock::time_point now) {
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    if (is_terminal_) {
      // The last column stays free: some terminals wrap when it is written. ESC [K clears what the last line
      // left.
      const std::string line = progress_line(task_, progress_, seconds, begun_at_, terminal_columns() - 1);
      std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
      line_is_open_ = true;
    } else {
      std::fprintf(stderr, "%s  %s\n", task_.c_str(), progress_text(progress_, seconds, begun_at_).c_str());
    }
    std::fflush(stderr);
    drawn_at_ = now;
    is_drawn_ = true;
  }

  std::string task_;
  bool quiet_;
  bool is_terminal_ = is_terminal();
  bool started_ = false;
  bool is_drawn_ = true;       // whether progress_ has been drawn
  bool line_is_open_ = false;  // whether the cursor is after an unfinished line of the bar
  gruve::Progress progress_;
  std::uint64_t begun_at_ = 0;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point drawn_at_ = begun_;
};
