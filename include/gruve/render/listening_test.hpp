#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/hash.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/render/listening_script.hpp"
#include "gruve/render/report.hpp"
#include "gruve/render/report_style.hpp"
#include "gruve/render/sound_script.hpp"

namespace gruve::inline v0_2 {

/// Music of a kind, whose name the listener does not see before all answers are given.
struct ListeningClip {
  std::string kind = {};  // such as "songs" or the name of a model
  Song song = {};         // with at least one note
};

/// Two clips of different kinds, of which the listener prefers one.
struct ListeningPair {
  std::array<ListeningClip, 2> clips = {};  // A and B
};

/// A blind listening test.
struct ListeningTest {
  std::string title = "Which do you prefer?";  // of the page
  std::vector<ListeningPair> pairs = {};       // in their order
};

/// A blind listening test as one self-contained HTML page: of each pair clips A and B to play, as often as
/// one likes, and the question which one prefers. The kinds are shown when all pairs are answered: of each
/// two kinds how often the first was preferred, with the exact 95 % interval (Clopper and Pearson 1934).
/// Answers are kept in the browser's storage of the page and saved as a JSON file. It works without a
/// network, which its content security policy forbids, on a phone and by keyboard.
///
/// Throws Error if there is no pair, or a clip without a note.
inline std::string listening_html(const ListeningTest& test) {
  if (test.pairs.empty()) throw Error("a listening test needs at least one pair");
  std::string pairs;
  for (const ListeningPair& pair : test.pairs) {
    pairs += (pairs.empty() ? "\n{\"kinds\":[" : ",\n{\"kinds\":[") +
             internal::script_string(pair.clips[0].kind) + "," + internal::script_string(pair.clips[1].kind) +
             "],\"clips\":[";
    for (std::size_t side = 0; side < 2; ++side) {
      if (pair.clips[side].song.notes.empty()) throw Error("a clip of a listening test holds no notes");
      pairs += (side == 0 ? "[" : ",[") + internal::notes_json(pair.clips[side].song) + "]";
    }
    pairs += "]}";
  }
  const std::string id =
      "gruve-" + std::to_string(content_hash(std::as_bytes(std::span(pairs.data(), pairs.size()))));
  std::string html =
      internal::page_beginning(test.title, std::string(internal::kReportStyle) + internal::kListeningStyle);
  html +=
      R"(<p class="subtitle">Two clips at a time. Play both, as often as you like, then say which you prefer.</p>
<section aria-label="A pair of clips">
<h2 id="number" aria-live="polite"></h2>
<div class="clips">
<div><button id="a" type="button" aria-pressed="false"><strong>A</strong> <span>Play</span></button>
<progress id="bar-a" max="1" value="0" aria-label="Position in clip A"></progress></div>
<div><button id="b" type="button" aria-pressed="false"><strong>B</strong> <span>Play</span></button>
<progress id="bar-b" max="1" value="0" aria-label="Position in clip B"></progress></div>
</div>
<p>Which do you prefer?</p>
<div class="answers">
<button id="prefer-a" type="button" aria-pressed="false">I prefer A</button>
<button id="prefer-b" type="button" aria-pressed="false">I prefer B</button>
</div>
<div class="move">
<button id="back" class="plain" type="button">Back</button>
<button id="forth" class="plain" type="button">Next</button>
<label>Volume <input id="volume" type="range" min="0" max="1" step="0.01" value="0.8"></label>
<span id="answered" role="status"></span>
</div>
<p id="status" role="status"></p>
<p class="keys">Keys: a and b play, 1 and 2 prefer, ← and → change the pair.</p>
</section>
<section id="results" aria-label="Results" hidden>
<h2>What you preferred</h2>
<table><thead><tr><th>this</th><th>to this</th><th>times</th><th>share, exact 95 % interval</th></tr></thead>
<tbody id="rows"></tbody></table>
<p class="keys">An interval that contains 50 % tells nothing of the two.</p>
</section>
<div class="move">
<button id="save" class="plain" type="button">Save the answers as JSON</button>
<button id="again" class="plain" type="button">Forget them and start again</button>
</div>
</main>
)";
  html += "<script id=\"test\" type=\"application/json\">{\"id\":\"" + id + "\",\"pairs\":[" + pairs +
          "]}</script>\n<script>" + internal::kListeningScriptBegin + internal::kSoundScript +
          internal::kListeningScript + "</script>\n</body>\n</html>\n";
  return html;
}

/// Writes listening_html() to a file, complete or not at all. Throws Error as that does, or if path cannot be
/// written.
inline void write_listening_test(const ListeningTest& test, const std::filesystem::path& path) {
  write_file(path, listening_html(test));
}

}  // namespace gruve::inline v0_2
