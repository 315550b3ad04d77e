#!/usr/bin/env bash
# The program from files to a new piece, and what it says to bad input. usage: end_to_end.sh GRUVE WORK
set -euo pipefail
gruve=$1 work=$2
golden=$(realpath "$(dirname "$0")/../golden/version_0_1")  # its models keep no measures of songs
rm -rf "$work"
mkdir -p "$work"
cd "$work"
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# What must be refused: exit code 1, or 2 for a command line that is no use; one line on stderr that holds the text, and the output untouched.
refuses() {
  local text=$1 out=$2 code=0
  shift 2
  [ -z "$out" ] || echo before >"$out"
  "$gruve" "$@" >stdout.txt 2>stderr.txt || code=$?
  [ $code -eq 1 ] || [ $code -eq 2 ] || fail "exit code $code, expected 1 or 2: $*"
  [ "$(wc -l <stderr.txt)" -eq 1 ] || fail "not one line: $* said $(cat stderr.txt)"
  grep -qF -- "$text" stderr.txt || fail "expected «$text»: $* said $(cat stderr.txt)"
  [ -z "$out" ] || [ "$(cat "$out")" = before ] || fail "$out was written over: $*"
  [ -z "$(find . -name '*.partial')" ] || fail "left a partial file: $*"
}

"$gruve" compose songs --pieces 40 --seed 3
"$gruve" inspect songs/etude-0001.mid --json | grep -q '"accepted":true' || fail "an étude is not accepted"
"$gruve" prepare songs --out corpus.gruve --encoder timestep --steps-per-quarter 4 --threads 1 --report report.json
"$gruve" prepare songs --out again.gruve --encoder timestep --steps-per-quarter 4 --threads 3
cmp corpus.gruve again.gruve || fail "the corpus depends on the number of threads"

small=(--embedding 16 --hidden 32 --batch 8 --unroll 64 --dropout 0 --transpose 0 --epochs 4 --lr 5e-3)
"$gruve" train corpus.gruve --out whole.safetensors "${small[@]}" --threads 1 --log log.csv
"$gruve" train corpus.gruve --out threads.safetensors "${small[@]}" --threads 3
cmp whole.safetensors threads.safetensors || fail "the model depends on the number of threads"

# A recipe is its options; what is given besides counts instead.
echo '{"embedding": 16, "hidden": 99, "batch": 8, "unroll": 64, "epochs": 4, "lr": 5e-3, "resume": false}' >recipe.json
"$gruve" train corpus.gruve --out recipe.safetensors --recipe recipe.json --hidden=32 --threads 1
cmp whole.safetensors recipe.safetensors || fail "a recipe is not its options"
echo '# nothing' >empty.toml
"$gruve" --config empty.toml train --out words.safetensors --recipe=recipe.json --hidden 32 -- corpus.gruve
cmp whole.safetensors words.safetensors || fail "a recipe depends on how it is written"
refuses "recipe.json: would be written over" "" train corpus.gruve --out recipe.json --recipe=recipe.json
printf '[train]\nrecipe = "recipe.json"\n' >recipe.toml
refuses "--recipe: is for the command line" "" --config recipe.toml train corpus.gruve --out out.safetensors
head -c 1048577 /dev/zero >large.json
refuses "large.json: is larger than a recipe may be" "" train corpus.gruve --recipe large.json --out out.safetensors
echo '{"hiden": 32}' >recipe.json
refuses 'recipe.json: train has no option "--hiden"' out.safetensors train corpus.gruve --recipe recipe.json --out out.safetensors
echo '[32]' >recipe.json
refuses "recipe.json: a recipe is a JSON object of options" "" train corpus.gruve --recipe recipe.json --out out.safetensors
refuses "nowhere.json: cannot open" "" train corpus.gruve --recipe nowhere.json --out out.safetensors

# Killed at any moment, again and again, and resumed: the same model to the last byte. Each run gets a little longer, so
# that a slow machine gets through too.
kills=0
until timeout -s KILL "$((kills / 10)).$((kills % 10 + 1))" "$gruve" train corpus.gruve --out resumed.safetensors \
  "${small[@]}" --resume --checkpoint-every 10 2>/dev/null; do
  kills=$((kills + 1))
  [ $kills -lt 300 ] || fail "a training that is killed and resumed never ends"
done
"$gruve" train corpus.gruve --out plain.safetensors "${small[@]}" --checkpoint-every 10
cmp plain.safetensors resumed.safetensors || fail "a resumed training ends with another model"
echo "killed $kills times"

# What a model says can be learnt by another, of the songs and of pieces that it makes.
taught=(--teacher whole.safetensors --teacher other.safetensors --synthetic 0.5 --features index --epochs 2 --embedding 8 --hidden 24
  --batch 8 --unroll 64)
"$gruve" train corpus.gruve --out other.safetensors --embedding 8 --hidden 24 --batch 8 --unroll 64 --epochs 1 --features index
refuses "whole.safetensors: has different features" taught.safetensors train corpus.gruve --out taught.safetensors "${taught[@]}"
taught[1]=other.safetensors
"$gruve" train corpus.gruve --out taught.safetensors "${taught[@]}" --threads 1
"$gruve" train corpus.gruve --out again.safetensors "${taught[@]}" --threads 3
cmp taught.safetensors again.safetensors || fail "what is taught depends on the number of threads"
refuses "requires --teacher" untaught.safetensors train corpus.gruve --out untaught.safetensors --synthetic 1

"$gruve" evaluate --model whole.safetensors corpus.gruve --split valid --json | grep -q nats_per_token
"$gruve" generate --model whole.safetensors --out a.mid --seconds 20 --seed 1 --threads 1 --json >a.json
"$gruve" generate --model whole.safetensors --out b.mid --seconds 20 --seed 1 --threads 3
cmp a.mid b.mid || fail "the piece depends on the number of threads"
grep -q '"violations":0' a.json || fail "grammar violations: $(cat a.json)"
grep -q '"seconds":20.0' a.json || fail "not 20 seconds: $(cat a.json)"
for sampler in "--argmax 0.6" "--temperature 0.5" "--top-k 5" "--top-p 0.8" "--min-p 0.1"; do
  "$gruve" generate --model whole.safetensors --out c.mid --bars 4 $sampler
done
controls="--min-entropy 0.1 --max-entropy 1.5 --max-repeats 2 --max-silence 1 --max-held 4 --max-keys 4 --max-notes 6 --whole-bars"
"$gruve" generate --model whole.safetensors --out c.mid --seconds 7 --tempo 120 $controls --key "A minor" --lowest 40 --json >c.json
grep -q '"violations":0' c.json || fail "grammar violations: $(cat c.json)"
grep -q '"seconds":7.5' c.json || fail "not five bars of three quarters: $(cat c.json)"
"$gruve" generate --model whole.safetensors --out many.mid --tokens 200 --count 3 --primer songs/etude-0002.mid
[ -f many-3.mid ] || fail "--count 3 did not write three pieces"
# The same model twice is that model; two are another.
"$gruve" generate --model whole.safetensors --model whole.safetensors --out b.mid --seconds 20 --seed 1
cmp a.mid b.mid || fail "a model's mean with itself is another"
"$gruve" generate --model whole.safetensors --model other.safetensors --out b.mid --seconds 20 --seed 1 --report b.html
! cmp -s a.mid b.mid || fail "a second model says nothing"
[ "$(grep -o '>Network<' b.html | wc -l)" = 2 ] || fail "the page does not name two models"
"$gruve" generate --model whole.safetensors --out d.mid --seconds 5 --builtin-tone --wav d.wav --svg d.svg --report d.html
for file in d.wav d.svg d.html; do [ -s $file ] || fail "$file is missing"; done
"$gruve" generate --model whole.safetensors --out h.mid --seconds 5 --count 3 --report h.html --json >h.json
[ "$(grep -c '"h.html"' h.json)" -eq 3 ] || fail "not three pieces with their page"
[ "$(grep -c 'type="radio"' h.html)" -eq 3 ] || fail "not three pieces on one page"
[ ! -e h-1.html ] || fail "a page of its own for a piece"

# Events, with songs varied in training; a report as a page; a corpus that is added to; a file that is repaired.
"$gruve" prepare songs --out events.gruve --encoder event --steps-per-quarter 4 --report events.html
grep -q "aria-label=\"Length, songs\"" events.html || fail "no report"
"$gruve" train events.gruve --out events.safetensors "${small[@]:0:10}" "${small[@]:12}" --transpose 5 --stretch 1.1 --threads 1
"$gruve" train events.gruve --out varied.safetensors "${small[@]:0:10}" "${small[@]:12}" --transpose 5 --stretch 1.1 --threads 3
cmp events.safetensors varied.safetensors || fail "varied songs depend on the number of threads"
"$gruve" evaluate --model events.safetensors songs --json | grep -q nats_per_token || fail "events are not evaluated"
"$gruve" generate --model events.safetensors --out e.mid --bars 8 --json >e.json
# A primer sounds as it was written, from a damaged file too, and its key and metre are kept.
head -c -4 songs/etude-0003.mid >cut.mid
"$gruve" generate --model events.safetensors --out primed.mid --bars 24 --primer cut.mid --json >primed.json 2>primed.log
grep -q "cut.mid, byte .*: repaired: " primed.log || fail "a repair of the primer is not said: $(cat primed.log)"
"$gruve" inspect primed.mid --json >primed.txt && "$gruve" inspect songs/etude-0003.mid --json >etude.txt
first() { grep -o '{"pitch":[0-9]*,"start":[0-9]*,' "$1" | head -20; }
cmp <(first primed.txt) <(first etude.txt) || fail "the primer's notes are not those of the file"
refuses "as long as the whole piece" x.mid generate --model events.safetensors --out x.mid --bars 2 --primer songs/etude-0003.mid --whole-primer
refuses "is not a metre such as 3/4" x.mid generate --model events.safetensors --out x.mid --metre 3/5
grep -q '"violations":0' e.json || fail "grammar violations: $(cat e.json)"
"$gruve" generate --model events.safetensors --out f.mid --bars 6 --count 2 --primer songs/etude-0002.mid
head -c 300 songs/etude-0001.mid >damaged.mid
"$gruve" prepare events.gruve damaged.mid --out events.gruve --json | grep -q '"merged_songs":40' || fail "not merged"
"$gruve" inspect damaged.mid --svg damaged.svg | grep -q "repaired        byte" || fail "no repair is named"
[ -s damaged.svg ] || fail "no piano roll"

# Without --encoder it is chosen by the files; what is given holds.
"$gruve" prepare songs --out fits.gruve >fits.txt 2>fits.log
grep -q "chosen for the files: events, velocities kept (40 of 40 songs" fits.txt || fail "no encoder chosen"
"$gruve" prepare songs --out fits.gruve --no-velocities --tempos --json >fits.txt 2>fits.log
[ ! -s fits.log ] || fail "--json is not silent"
grep -aq '"velocities":false' fits.gruve || fail "--no-velocities does not hold"
grep -aq '"tempos":true' fits.gruve || fail "--tempos does not hold"
mkdir -p texts && echo "to be or not to be" >texts/a.txt
"$gruve" prepare texts --out fits.gruve >fits.txt 2>fits.log
grep -q "chosen for the files: text files" fits.txt || fail "texts are not found"

# A text.
for i in $(seq 400); do echo "the quick brown fox jumps over the lazy dog $i"; echo; done >text.txt
"$gruve" train text.txt --encoder text --out text.safetensors --embedding 8 --hidden 24 --epochs 1
"$gruve" generate --model text.safetensors --out made.txt --tokens 100
[ "$(wc -c <made.txt)" -eq 100 ] || fail "not 100 characters"

# Measures: a song stands in its own corpus, whose ranges are those of 40 songs; new pieces are the same for any number
# of threads, and those that generate writes.
"$gruve" measure songs/etude-0001.mid songs/etude-0002.mid --corpus songs --svg measures.svg --json >measures.json
grep -q '"corpus":{"songs":40,"refused":0,' measures.json || fail "not 40 songs measured"
grep -q '"song":"songs/etude-0001.mid","song_at":0.0' measures.json || fail "a song is not found in its corpus"
grep -q '"copies":true' measures.json || fail "a song of the corpus is no copy"
[ "$(grep -c "<circle" measures.svg)" -gt 9 ] || fail "no panels drawn"
pieces=(--seed 4 --temperature 0.8 --max-repeats 3)
"$gruve" measure --model events.safetensors --count 3 --minutes 1 "${pieces[@]}" --corpus events.gruve --threads 1 --json >one.json
"$gruve" measure --model events.safetensors --count 3 --minutes 1 "${pieces[@]}" --corpus events.gruve --threads 3 --json >three.json
cmp one.json three.json || fail "the measures depend on the number of threads"
"$gruve" generate --model events.safetensors --out g.mid --count 3 --seconds 60 "${pieces[@]}"
"$gruve" measure g-1.mid g-2.mid g-3.mid --corpus events.gruve --json >files.json
# generate numbers them from the best to the last.
keys() { grep -o '"notes":[0-9]*,"key":"[^"]*"' "$1" | sort; }
cmp <(keys one.json) <(keys files.json) || fail "other pieces are measured than generated"
"$gruve" measure --model events.safetensors --count 3 --minutes 2.2 --within songs --corpus songs --threads 1 --json >one.json
"$gruve" measure --model events.safetensors --count 3 --minutes 2.2 --within songs --corpus songs --threads 3 --json >three.json
cmp one.json three.json || fail "pieces within a corpus's range depend on the number of threads"
"$gruve" generate --model events.safetensors --out g.mid --count 3 --seconds 132 --within songs
"$gruve" measure g-1.mid g-2.mid g-3.mid --json >files.json
cmp <(keys one.json) <(keys files.json) || fail "other pieces are measured than generated within a corpus's range"
"$gruve" generate --model whole.safetensors --out i.mid --seconds 70 --tempo 120 --primer songs/etude-0002.mid --within events.gruve --json >i.json
grep -q '"seconds":70.0' i.json || fail "not 70 seconds: $(cat i.json)"
"$gruve" measure g-1.mid g-2.mid --corpus songs 2>/dev/null | grep -q "of 2 pieces pass" || fail "no summary"
"$gruve" measure g-1.mid | grep -q "pitch-class entropy, 1 bar" || fail "no measures without a corpus"

# The judge tells pieces of a model that has hardly learnt from songs, in the same numbers for any number of threads.
judged=(judge --corpus events.gruve --model events.safetensors --count 8 --windows 30 --folds 3 --temperatures 0.9 1.1 --reader whole.safetensors)
"$gruve" "${judged[@]}" --threads 1 --json >one.json
"$gruve" "${judged[@]}" --threads 3 --json >three.json
cmp one.json three.json || fail "the judge depends on the number of threads"
[ "$(grep -o '"name":' one.json | wc -l)" -eq 4 ] || fail "not the songs, others, and pieces at two temperatures: $(cat one.json)"
grep -q '"name":"events, T 1.1, of returns 0.8","pieces":[0-9]*,"bars_8":{"windows":[0-9]*,"gru":{"accuracy":' one.json || fail "no accuracy: $(cat one.json)"
"$gruve" "${judged[@]}" 2>/dev/null >judged.txt
grep -q "^other real songs  *[0-9]* ([0-9]*-[0-9]*)" judged.txt || fail "no table: $(cat judged.txt)"

# The page of a listening test names no kind outside its data.
"$gruve" listen --corpus events.gruve --model events.safetensors --pairs 6 --seconds 8 --out listen.html --json >listen.json
grep -q '"pairs":6' listen.json || fail "not six pairs: $(cat listen.json)"
[ "$(grep -c '^{"kinds":\["' listen.html)" -eq 6 ] || fail "not six pairs in the page"
"$gruve" listen --corpus events.gruve --model events.safetensors --pairs 6 --seconds 8 --out again.html --threads 1 >/dev/null
cmp listen.html again.html || fail "the page depends on the number of threads"

# A model file in fewer bits is smaller, costs what is printed, and generates.
"$gruve" convert events.safetensors --precision int8 --out eight.safetensors events.gruve --json >eight.json
grep -q '"loss_before":' eight.json || fail "no loss: $(cat eight.json)"
[ "$(stat -c %s eight.safetensors)" -lt "$(stat -c %s events.safetensors)" ] || fail "8 bits are no smaller"
"$gruve" generate --model eight.safetensors --precision int8 --out x.mid --seconds 10 --seed 2 | grep -q " 0 grammar violations" ||
  fail "a file of 8 bits does not generate"

# Weights of other programs: in, out, and a model file that was changed or lost its metadata. Models as arrays compile.
files=$(dirname "$0")/../golden/interchange
"$gruve" import "$files/torch.safetensors" --out imported.safetensors >import.txt
grep -qF 'embedding.weight is "_orig_mod.module.encoder.weight"' import.txt || fail "no note: $(cat import.txt)"
grep -qF 'left out, the network computes without them: "_orig_mod.module.norm.weight"' import.txt || fail "no note: $(cat import.txt)"
"$gruve" export imported.safetensors --onnx x.onnx --rtneural x.json --c-header x.h --json >export.json
cmp x.onnx "$files/gruve.onnx" && cmp x.json "$files/gruve.json" || fail "other bytes than ONNX Runtime and RTNeural read"
for file in x.onnx x.json; do
  "$gruve" import $file --out again.safetensors --json >import.json
  cmp again.safetensors imported.safetensors || fail "$file was imported as another model"
  grep -q '"notes":\[\]' import.json || fail "notes: $(cat import.json)"
done
printf '#include "x.h"\n#include <stddef.h>\nconst unsigned char* first = x; size_t size = sizeof x;\n' >x.c
for language in "c -std=c11" "c++ -std=c++20"; do ${CXX:-c++} -x $language -Wall -Wextra -Werror -fsyntax-only x.c || fail "the array is no $language"; done
cp imported.safetensors changed.safetensors
printf '\001' | dd of=changed.safetensors bs=1 seek=$(($(stat -c %s changed.safetensors) - 3)) conv=notrunc 2>/dev/null
refuses "gruve import FILE --out MODEL" y.onnx export changed.safetensors --onnx y.onnx
"$gruve" import changed.safetensors --out again.safetensors >/dev/null
"$gruve" export again.safetensors --onnx y.onnx >/dev/null
refuses "the network has a vocabulary of 11, its encoder one of 89" y.safetensors import "$files/torch.safetensors" --out y.safetensors \
  --encoder '{"type": "timestep", "steps_per_quarter": 24, "repeat_held": true}'
refuses "--encoder: the encoder is not JSON" y.safetensors import "$files/torch.safetensors" --out y.safetensors --encoder '{"type"'
refuses 'the model has the features "index", which an ONNX graph cannot represent' y.onnx export other.safetensors --onnx y.onnx
refuses "give at least one of --onnx, --rtneural and --c-header" "" export imported.safetensors
refuses "would be written over, but is also an input" "" import imported.safetensors --out imported.safetensors
"$gruve" import events.safetensors --like events.safetensors --out again.safetensors >/dev/null
cmp again.safetensors events.safetensors || fail "a model that is imported is another"

# Pieces are ranked by a score, with the ranges that the corpus and the model keep; the same for any number of threads.
grep -aq '"measures":{' events.gruve || fail "the corpus keeps no measures"
for threads in 1 3; do
  "$gruve" generate --model events.safetensors --out r.mid --count 4 --seconds 40 --best-of 3 --within --livelier --louder \
    --report r.html --threads $threads --json >ranked-$threads.json
done
cmp ranked-1.json ranked-3.json || fail "the ranking depends on the number of threads"
cmp <(grep -o '"score":[0-9.]*' ranked-1.json) <(grep -o '"score":[0-9.]*' ranked-1.json | sort -t: -k2 -rn) ||
  fail "not from the best to the last: $(cat ranked-1.json)"
grep -q '"rank":4' ranked-1.json || fail "no rank"
grep -q "· the best, score" r.html || fail "the page doesn't mark the best"
"$gruve" generate --model events.safetensors --out r.mid --seconds 40 | grep -q "  score [0-9]* of 100: " || fail "no score is said"
# One hears what is promised: more notes per second, fewer notes per second.
density() { "$gruve" generate --model events.safetensors --out d.mid --seconds 60 --json "$@" | sed 's/.*"notes":\([0-9]*\),"seconds":\([0-9.]*\).*/\1 \2/' | awk '{print int(1000 * $1 / $2)}'; }
plain=$(density) livelier=$(density --livelier) calmer=$(density --calmer)
[ "$calmer" -lt "$plain" ] && [ "$plain" -lt "$livelier" ] || fail "notes per 1000 s: calmer $calmer, plain $plain, livelier $livelier"
"$gruve" measure g-1.mid g-2.mid --corpus songs 2>/dev/null | grep -q "^g-1.mid .* [0-9]:[0-9]*  " || fail "no table"

# The standard input and output; options from a file and from the environment, of which the command line counts first.
"$gruve" generate --model events.safetensors --primer - --out - --bars 8 <songs/etude-0002.mid 2>piped.log >piped.mid
"$gruve" generate --model events.safetensors --primer songs/etude-0002.mid --out kept.mid --bars 8 >kept.txt 2>&1
cmp piped.mid kept.mid || fail "a piece of the standard input and output is another"
grep -q "^-$" piped.log || fail "no summary on stderr"
"$gruve" inspect - <kept.mid | grep -q "^standard input$" || fail "inspect doesn't read the standard input"
"$gruve" measure - <kept.mid >measured.txt || fail "measure doesn't read the standard input"
printf '[generate]\nseconds = 7\n[train]\nhidden = 8\n' >options.toml
seconds() { "$gruve" generate --model events.safetensors --out q.mid --json "$@" | grep -o '"seconds":[0-9]*'; }
[ "$(seconds --config options.toml)" = "$(seconds --seconds 7)" ] || fail "no options from a file"
[ "$(GRUVE_SECONDS=7 seconds)" = "$(seconds --seconds 7)" ] || fail "no options from the environment"
[ "$(GRUVE_SECONDS=9 seconds --config options.toml --seconds 12)" = "$(seconds --seconds 12)" ] || fail "the command line doesn't count"
[ "$(GRUVE_SECONDS=9 seconds --config options.toml)" = "$(seconds --seconds 7)" ] || fail "the file doesn't count"

# What is made of the options' definitions: help in groups with examples, a man page, completion.
"$gruve" generate --help >help.txt
for text in "What one hears:" "Examples:" "\[default 0.9\]" "--best-of NUMBER"; do
  grep -q -- "$text" help.txt || fail "no $text in the help"
done
awk 'length > 100' help.txt | grep -q . && fail "a line of the help is longer than 100"
! grep -q "Env:" help.txt || fail "variables in the help"
"$gruve" man >gruve.1
for text in '.SH NAME' '.SS gruve generate' '.B \\-\\-temperature NUMBER' '.SH "EXIT STATUS"'; do
  grep -q -- "^$text" gruve.1 || fail "no $text in the man page"
done
"$gruve" completion bash >completion.bash && bash -n completion.bash
complete_with() { bash -c 'source completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gruve; echo "${COMPREPLY[*]}"' _ "$@"; }
[ "$(complete_with gruve gen)" = "generate" ] || fail "no completion of commands: $(complete_with gruve gen)"
[ "$(complete_with gruve train --optimizer rms)" = "rmsprop" ] || fail "no completion of choices"
[ "$(complete_with gruve generate --live)" = "--livelier" ] || fail "no completion of options"
"$gruve" completion fish >completion.fish
grep -q "complete -c gruve -n '__fish_seen_subcommand_from train' -l hidden" completion.fish || fail "no completion for fish"

# Each line of a benchmark is an object with these names.
"$gruve" bench --hidden 24 --batch 5 --unroll 7 --repeats 1 --seconds 0.01 --threads 2 --midi songs --json >bench.json
while read -r line; do
  for name in bench config unit min median max limit percent; do
    case $line in *"\"$name\":"*) ;; *) fail "no $name in $line" ;; esac
  done
done <bench.json
for task in fp32_fma read train train_rate train_phase train_layers step step_rate batch batch_rate forward forward_rate midi midi_tokens midi_events sigmoid tanh exp token token_ratio; do
  grep -q "\"bench\":\"$task\"" bench.json || fail "no $task"
done

# Bad input.
mkdir empty
head -c 100 songs/etude-0001.mid >cut.mid
echo "not a model" >no.safetensors
printf 'MThd\0\0\0\6\0\0\0\1\0\140MTrk\0\0\0\4\0\377\57\0' >empty.mid
refuses "no such file or folder" out.gruve prepare missing --out out.gruve
refuses "empty" out.gruve prepare empty --out out.gruve
refuses "cut.mid, byte" out.gruve prepare cut.mid --strict --out out.gruve
refuses "cut.mid, byte" "" inspect cut.mid --strict
refuses "no such file or folder" out.safetensors train missing --out out.safetensors
refuses "not a safetensors file" out.mid generate --model no.safetensors --out out.mid
refuses "No such file" out.mid generate --model missing.safetensors --out out.mid
refuses "can't be merged with" out.gruve prepare corpus.gruve events.gruve --out out.gruve
refuses "text.safetensors: has the encoder" out.mid generate --model whole.safetensors --model text.safetensors --out out.mid
refuses "but the model has" "" evaluate --model text.safetensors corpus.gruve
refuses "cannot write: No such file or directory" "" generate --model whole.safetensors --out missing/out.mid
refuses "temperature must be" out.mid generate --model whole.safetensors --out out.mid --temperature 0
refuses '"C minorish" is not a scale' out.mid generate --model whole.safetensors --out out.mid --key "C minorish"
refuses "missing: no such file or folder" out.mid generate --model whole.safetensors --out out.mid --within missing
refuses "excludes" out.mid generate --model whole.safetensors --out out.mid --within songs --tokens 9
refuses "max-repeats must be" out.mid generate --model whole.safetensors --out out.mid --max-repeats -1
refuses "use --tokens" out.txt generate --model text.safetensors --out out.txt --key "C major"
refuses "use --tokens" out.txt generate --model text.safetensors --out out.txt --within songs
refuses "max-repeats needs an encoder with bars" out.txt generate --model text.safetensors --out out.txt --max-repeats 2
"$gruve" prepare text.txt --encoder text --out text.gruve
# Plain numbers as tokens, from the file to what is generated.
for i in $(seq 60); do echo "0 1 2 3 $((i % 5 + 4)) 3 2 1"; done >log.ids
"$gruve" train log.ids --encoder ids --out ids.safetensors --embedding 8 --hidden 16 --batch 4 --unroll 16 --epochs 30
"$gruve" evaluate --model ids.safetensors log.ids --split train | grep -qE "^0\.[0-9]+ nats per token" || fail "ids are not learnt"
"$gruve" generate --model ids.safetensors --out new.ids --tokens 12
grep -qE "^([0-9] ){11}[0-9]$" new.ids || fail "no ids: $(cat new.ids)"
echo "1 x" >bad.ids
refuses "bad.ids, byte 2: not a number" "" evaluate --model ids.safetensors bad.ids
"$gruve" train log.ids --encoder ids --init ids.safetensors --out further.safetensors --epochs 1 --batch 4 --unroll 16
refuses "has the encoder" "" train corpus.gruve --init ids.safetensors --out x.safetensors
# A style, learnt as the state in which a piece begins: what is generated changes, and the loss of such songs is lower.
for i in $(seq 30); do echo "3 2 1 0 1 2 3 $((i % 3 + 4))"; done >style.ids
"$gruve" tune --model ids.safetensors style.ids --out style.safetensors --unroll 8 --epochs 40 --lr 0.05 >tuned.txt
grep -qE "^style.safetensors: loss over the first 8 tokens of the (valid|train) split's songs [0-9.]+ nats per token, before [0-9.]+$" tuned.txt ||
  fail "tune says: $(cat tuned.txt)"
awk '{exit !($13 < 0.9 * $18)}' tuned.txt || fail "no style is learnt: $(cat tuned.txt)"
"$gruve" generate --model style.safetensors --out styled.ids --tokens 12
cmp -s new.ids styled.ids && fail "the learnt state changes nothing"
refuses "has the encoder" x.safetensors tune --model ids.safetensors corpus.gruve --out x.safetensors
refuses "--model is required" x.safetensors tune style.ids --out x.safetensors
refuses "FILE or --model" "" measure
refuses "keeps no measures of its songs" x.mid generate --model "$golden/event.safetensors" --out x.mid --livelier
refuses "keeps no measures of its songs" x.mid generate --model "$golden/event.safetensors" --out x.mid --within
refuses "--out - writes one piece" "" generate --model events.safetensors --out - --count 2
refuses "is no name of a sound file: .wav, .flac or .ogg" x.mid generate --model events.safetensors --out x.mid --wav x.mp3
printf '[generate]\ntemprature = 1\n' >typo.toml
refuses "empty.mid: the song holds no notes" measures.svg measure empty.mid --svg measures.svg
refuses "no.safetensors, byte 0" measures.svg measure no.safetensors --svg measures.svg
refuses "1 of 2 pieces can't be measured" "" measure songs/etude-0001.mid no.safetensors
refuses "no such file or folder" "" measure songs/etude-0001.mid --corpus missing
refuses "empty: holds no song that can be measured" "" measure songs/etude-0001.mid --corpus empty
refuses "is a corpus of type \"char\", expected music" "" measure songs/etude-0001.mid --corpus text.gruve
refuses "is a corpus of type \"char\", expected music" "" judge --model events.safetensors --corpus text.gruve
refuses "is not a model of music" "" measure --model text.safetensors
refuses "temperature must be" "" measure --model whole.safetensors --temperature 0
refuses "the checkpoint was written with" "" train corpus.gruve --out whole.safetensors "${small[@]}" --seed 9 --resume
refuses "no kernels named nonsense" "" bench step --isa nonsense
refuses "no .mid or .midi file in it" "" bench midi --midi empty
refuses "--nonsense" "" train --nonsense --out x
if [ -w /dev/full ]; then
  refuses "cannot write: No space left on device" "" generate --model whole.safetensors --out /dev/full
  refuses "/dev/full: is not a regular file" "" prepare songs --out /dev/full
fi
# The manners: version, the nearest word, and files that would be written over.
"$gruve" --version | grep -qE "^gruve [0-9]+\.[0-9]+\.[0-9]+$" || fail "no version"
refuses "no command trian; did you mean train?" "" trian
refuses "generate has no option --modle; did you mean --model?" "" generate --modle whole.safetensors
refuses "typo.toml: has generate.temprature, which is no option; did you mean temperature?" "" \
  generate --config typo.toml --model whole.safetensors --out x.mid
refuses "train has no option --hiden; did you mean --hidden?" "" train --hiden 3 --out x.safetensors
[ "$("$gruve" trian >/dev/null 2>&1; echo $?)" -eq 2 ] || fail "bad usage is not exit code 2"
cp songs/etude-0001.mid input.mid
cp whole.safetensors input.safetensors
mkdir -p sub
ln -sf ../input.mid sub/link.mid
for what in "prepare input.mid --out input.mid" "prepare sub/link.mid --out input.mid" "train input.mid --out ./input.mid" \
  "generate --model input.safetensors --out sub/../input.safetensors" "inspect input.mid --svg input.mid" \
  "generate --model whole.safetensors --primer input.mid --out input.mid" "tune --model input.safetensors songs --out input.safetensors" \
  "prepare . --out input.mid" "train corpus.gruve --out corpus.gruve"; do
  refuses "is also an input" "" $what
done
cmp input.mid songs/etude-0001.mid || fail "an input was written over"
cmp input.safetensors whole.safetensors || fail "an input was written over"
"$gruve" evaluate --model events.safetensors songs/etude-0001.mid --json | grep -q '"songs":1,' || fail "one file is not evaluated"
refuses "--overwrite allows it" "" train corpus.gruve --out whole.safetensors "${small[@]:0:12}" --epochs 1
refuses "--overwrite allows it" "" train corpus.gruve --out whole.safetensors "${small[@]:0:12}" --minutes 0.01
# A file of one kind is not replaced by one of another.
cp whole.safetensors kept.safetensors
cp corpus.gruve kept.gruve
refuses "is a model, which something else" "" generate --model whole.safetensors --out kept.safetensors --bars 1
refuses "is a corpus, which something else" "" generate --model whole.safetensors --out kept.gruve --bars 1
refuses "is a MIDI file, which something else" "" convert whole.safetensors --out songs/etude-0002.mid
refuses "is a MIDI file, which something else" "" prepare songs/etude-0001.mid --out songs/etude-0002.mid
cmp whole.safetensors kept.safetensors && cmp corpus.gruve kept.gruve || fail "something else was written over"
# A corpus has its tokens already; options that no input makes right are usage.
usage() {
  local code=0
  refuses "$@"
  shift 2
  "$gruve" "$@" >stdout.txt 2>&1 || code=$?
  [ $code -eq 2 ] || fail "exit code $code, expected 2: $*"
}
usage "--no-velocities is for files that are not encoded yet" "" prepare corpus.gruve --no-velocities --out other.gruve
usage "--steps-per-quarter is for files that are not encoded yet" "" train corpus.gruve --steps-per-quarter 12 --out other.safetensors
wrong() {
  local text=$1
  shift
  usage "$text" "" generate --model whole.safetensors --out wrong.mid "$@"
}
wrong "temperature must be a number above 0" --temperature 0
wrong "argmax must be a probability" --argmax 2
wrong "top-p must be a probability" --top-p 0
wrong "the lowest and the highest key must be" --lowest 90 --highest 60
wrong '"3" is not a metre' --metre 3
wrong '"nonsense" is not a form' --form nonsense
wrong '"nonsense" is not a scale' --key nonsense
wrong "--seconds: Value 0 is not a positive number" --seconds 0
wrong "--key: " --key ""
wrong "--form: " --form ""
wrong "--metre: " --metre ""
printf '[generate]\ntemperatur = 0.8\n' >typo.toml
refuses "typo.toml: has generate.temperatur, which is no option; did you mean temperature?" "" --config typo.toml generate --out wrong.mid
"$gruve" train corpus.gruve --out resumed.safetensors "${small[@]:0:12}" --epochs 5 --lr 0.0003 --resume 2>resumed.log
grep -q "learning_rate is 0.0003, it was" resumed.log || fail "another rate is not said: $(cat resumed.log)"
"$gruve" train songs --encoder event --out few.safetensors --hidden 8 --epochs 1 2>few.log
grep -q "only .* updates: a smaller --batch" few.log || fail "few updates are not said: $(cat few.log)"
echo "all as expected"
