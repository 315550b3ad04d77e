#include "gruve/progress_bar.hpp"

#include <functional>
#include <string>

#include "catch.hpp"

TEST_CASE("Progress is shown as percent, rate, remaining time and message", "[program][progress]") {
  // 450 of 1000 in 10 s: 45 a second, 550 / 45 = 12.2 s left.
  CHECK(progress_text({450, 1000, "loss 2.31"}, 10, 0) == "45%  45.0/s  0:12 left  loss 2.31");
  CHECK(progress_text({1000, 1000, ""}, 100, 0) == "100%  10.0/s  in 1:40");
  CHECK(progress_text({25'000, 0, ""}, 10, 0) == "25000  2.5k/s  in 0:10");
  CHECK(progress_text({0, 1000, ""}, 10, 0) == "0%");
  // Resumed at 400: 50 in 10 s.
  CHECK(progress_text({450, 1000, ""}, 10, 400) == "45%  5.0/s  1:50 left");
}

TEST_CASE("A progress line fills the terminal's width but never more", "[program][progress]") {
  const gruve::Progress progress{450, 1000, "loss 2.31"};
  // "train" and two spaces, a bar of 32 with frame and spaces, then the text.
  CHECK(progress_line("train", progress, 10, 0, 120) ==
        "train  [==============>                 ]  45%  45.0/s  0:12 left  loss 2.31");
  for (std::size_t columns = 0; columns < 100; ++columns) {
    CHECK(progress_line("train", progress, 10, 0, columns).size() <= columns);
  }
  CHECK(progress_line("train", progress, 10, 0, 50) == "train  45%  45.0/s  0:12 left  loss 2.31");
  CHECK(progress_line("Étude", {1, 0, ""}, 0, 0, 3) == "Étu");  // columns, not bytes
  CHECK(progress_line("t", {2000, 1000, ""}, 0, 0, 40) == "t  [" + std::string(29, '=') + "]  100%");
}

TEST_CASE("Numbers and times on a progress bar are short", "[program][progress]") {
  CHECK(short_number(0.25) == "0.2");
  CHECK(short_number(99.94) == "99.9");
  CHECK(short_number(950) == "950");
  CHECK(short_number(999.9) == "1.0k");
  CHECK(short_number(12'540) == "12.5k");
  CHECK(short_number(3.4e6) == "3.4M");
  CHECK(short_number(2e9) == "2.0G");
  CHECK(short_time(42.4) == "0:42");
  CHECK(short_time(725) == "12:05");
  CHECK(short_time(3723) == "1:02:03");
}

TEST_CASE("A progress bar is a progress callback by reference", "[program][progress]") {
  ProgressBar bar("task", true);
  const gruve::ProgressCallback callback = std::ref(bar);
  callback({1, 2, ""});
  bar.finish();
}
