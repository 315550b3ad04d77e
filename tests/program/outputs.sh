#!/usr/bin/env bash
# What the program leaves when it is ended, refused or out of room, and when two runs write one file. usage: outputs.sh GRUVE WORK
set -euo pipefail
gruve=$1 work=$2
rm -rf "$work"
mkdir -p "$work"
cd "$work"
fail() {
  echo "FAILED: $*" >&2
  exit 1
}
# Nothing but whole files: no part of one, no lock.
clean() { [ -z "$(find . -name '*.partial*' -o -name '*.gruve-lock')" ] || fail "left behind: $(find . -name '*.partial*' -o -name '*.gruve-lock')"; }
# One line on stderr that holds the text, and this exit code.
says() {
  local code=0 expected=$1 text=$2
  shift 2
  "$@" >stdout.txt 2>stderr.txt || code=$?
  [ $code -eq "$expected" ] || fail "exit code $code, expected $expected: $* said $(cat stderr.txt)"
  [ "$(grep -c "^gruve: " stderr.txt)" -eq 1 ] || fail "not one line: $* said $(cat stderr.txt)"
  grep -qF -- "$text" stderr.txt || fail "expected «$text»: $* said $(cat stderr.txt)"
  clean
}

"$gruve" compose songs --pieces 20 --seed 3 >compose.txt
"$gruve" prepare songs --out corpus.gruve --encoder timestep --steps-per-quarter 4 >prepare.txt
small=(--embedding 8 --hidden 16 --batch 4 --unroll 32 --dropout 0 --transpose 0)
"$gruve" train corpus.gruve --out model.safetensors "${small[@]}" --epochs 1 2>train.txt >&2
long=("$gruve" train corpus.gruve "${small[@]}" --epochs 100000 --patience 0)
until_trains() { for _ in $(seq 100); do grep -q training "$1" && return; sleep 0.1; done; fail "no training: $(cat "$1")"; }

# A training that a signal ends has a checkpoint, and goes on from it.
for signal in INT:130 TERM:143 HUP:129; do
  rm -f ended.safetensors*
  "${long[@]}" --out ended.safetensors 2>ended.txt &
  training=$!
  until_trains ended.txt
  kill -"${signal%:*}" $training
  code=0; wait $training || code=$?
  [ $code -eq "${signal#*:}" ] || fail "SIG${signal%:*} ended a training with exit code $code: $(cat ended.txt)"
  [ -e ended.safetensors.checkpoint ] || fail "SIG${signal%:*} left no checkpoint"
  clean
done
"$gruve" train corpus.gruve --out ended.safetensors --resume "${small[@]}" --epochs 100001 --minutes 0.01 --patience 0 2>ended.txt >/dev/null ||
  fail "the training does not go on: $(cat ended.txt)"

# A command that a signal ends leaves nothing (this shell has SIGINT ignored in the background).
for signal in TERM HUP; do
  "$gruve" generate --model model.safetensors --out ended.mid --seconds 100000 2>generate.txt &
  generation=$!
  for _ in $(seq 100); do [ -e ended.mid.gruve-lock ] && break; sleep 0.05; done
  kill -$signal $generation
  ! wait $generation 2>killed.txt || fail "SIG$signal does not end a generation"
  clean
done

# A second run on one output is refused at once; the first one goes on.
"${long[@]}" --out held.safetensors 2>held.txt >&2 &
training=$!
until_trains held.txt
says_held() {
  local code=0
  "$@" >stdout.txt 2>stderr.txt || code=$?
  [ $code -eq 1 ] || fail "exit code $code, expected 1: $*"
  grep -qF "is being written by another run (process $training)" stderr.txt || fail "$* said $(cat stderr.txt)"
}
says_held "${long[@]}" --out held.safetensors
says_held "${long[@]}" --out other.safetensors --checkpoint held.safetensors.checkpoint
says_held "$gruve" convert model.safetensors --out held.safetensors
says_held "$gruve" import model.safetensors --out held.safetensors
says_held "$gruve" export model.safetensors --c-header held.safetensors
ln -s held.safetensors link.safetensors
says_held "$gruve" convert model.safetensors --out link.safetensors
kill -9 $training
! wait $training 2>killed.txt || fail "killed, and done"
# What a killed run leaves is in nobody's way.
"$gruve" convert model.safetensors --out link.safetensors >convert.txt
[ -L link.safetensors ] && [ ! -L held.safetensors ] || fail "the link was replaced"
"${long[@]}" --out held.safetensors --overwrite --minutes 0.005 2>held.txt >&2
clean

# Whatever can't be written is an error, standard output and log included.
says 1 "cannot write to the standard output" sh -c '"$0" inspect songs/etude-0001.mid >/dev/full' "$gruve"
says 1 "cannot write to the standard output" sh -c '"$0" measure songs/etude-0001.mid --json >/dev/full' "$gruve"
says 1 "cannot write to the standard output" sh -c '"$0" evaluate --model model.safetensors --split train corpus.gruve --json >/dev/full' "$gruve"
says 1 "cannot write to the standard output" sh -c '"$0" generate --model model.safetensors --out a.mid --json >/dev/full' "$gruve"
says 1 "cannot write to the standard output" sh -c '"$0" train corpus.gruve --out a.safetensors --hidden 8 --epochs 1 --json >/dev/full' "$gruve"
! "$gruve" --help >/dev/full || fail "help to a full disk is a success"
says 1 "/dev/full: cannot write: No space left on device" "${long[@]}" --out full.safetensors --log /dev/full --json
says 1 "log.csv: cannot write: File too large" bash -c 'ulimit -f 120; "$@"' _ "${long[@]}" --out full.safetensors --log log.csv --json
[ -e full.safetensors.checkpoint ] || fail "no checkpoint of a training whose log can't be written"
says 1 "a.wav: cannot write: File too large" bash -c 'ulimit -f 64; "$0" generate --model model.safetensors --out a.mid --wav a.wav --builtin-tone --seconds 30 --json' "$gruve"
[ ! -e a.wav ] || fail "a part of a file was published"
chmod a-w a.mid
[ "$(id -u)" -eq 0 ] || says 1 "a.mid: cannot write: Permission denied" "$gruve" generate --model model.safetensors --out a.mid --seconds 1
chmod 640 a.mid
"$gruve" generate --model model.safetensors --out a.mid --seconds 1 >generate.txt
[ "$(stat -c %a a.mid)" = 640 ] || fail "the permissions were not kept"

# Numbers that are none, or that would be taken for others.
says 2 "--seconds: nan is not a finite number" "$gruve" generate --model model.safetensors --out b.mid --seconds nan
says 2 "--temperature: nan is not a finite number" "$gruve" generate --model model.safetensors --out b.mid --temperature nan
says 2 "--clip: nan is not a finite number" "$gruve" train corpus.gruve --out b.safetensors --clip nan
says 2 "--dropout: nan is not a finite number" "$gruve" train corpus.gruve --out b.safetensors --dropout nan
says 2 "--weight-decay: -nan is not a finite number" "$gruve" train corpus.gruve --out b.safetensors --weight-decay -nan
says 2 "--seed: -1 is negative" "$gruve" train corpus.gruve --out b.safetensors --seed -1
says 2 "--seed: -1 is negative" "$gruve" generate --model model.safetensors --out b.mid --seed -1
GRUVE_SECONDS=inf says 2 "--seconds: " "$gruve" generate --model model.safetensors --out b.mid

# No command writes over what it reads.
keeps() {
  local file=$1
  shift
  cp "$file" kept.copy
  says 1 "would be written over, but is also an input" "$gruve" "$@"
  cmp "$file" kept.copy
}
cp songs/etude-0001.mid read.mid
keeps read.mid measure read.mid --svg read.mid
keeps corpus.gruve measure read.mid --corpus corpus.gruve --svg corpus.gruve
keeps read.mid generate --model model.safetensors --form of:read.mid --out read.mid
cp corpus.gruve c.safetensors.checkpoint
keeps c.safetensors.checkpoint train c.safetensors.checkpoint --out c.safetensors
cp corpus.gruve c.previous
keeps c.previous train c.previous --out c.safetensors --checkpoint c
echo '{"hidden": 8}' >recipe.json
keeps recipe.json train corpus.gruve --recipe recipe.json --out recipe.json
printf '[train]\nhidden = 8\n' >options.toml
keeps options.toml --config options.toml train corpus.gruve --out c.safetensors --log options.toml
echo precious >p.previous
says 1 "p.previous: is no checkpoint, and in the way of one" "$gruve" train corpus.gruve --out c.safetensors --checkpoint p
echo precious >p.gruve.unmeasured
says 1 "p.gruve.unmeasured: is in the way" "$gruve" prepare songs --out p.gruve
ln -sf c.previous q.gruve.unmeasured
says 1 "q.gruve.unmeasured: is in the way" "$gruve" prepare songs --out q.gruve
[ "$(cat p.previous p.gruve.unmeasured)" = "$(printf 'precious\nprecious')" ] || fail "a file that was in the way is lost"
cmp c.previous corpus.gruve

# Where no more threads can be started, those that there are do the work, or memory is out: one line.
code=0
(ulimit -v 4000000; "$gruve" evaluate --model model.safetensors --split train corpus.gruve --threads 1024 --json) >many.txt 2>many.err || code=$?
[ $code -le 1 ] && [ "$(wc -l <many.err)" -le 1 ] || fail "exit code $code with too many threads: $(cat many.err)"

# A recipe has options of the right types, and names no file to write.
recipe() { echo "$1" >recipe.json; says 1 "recipe.json: $2" "$gruve" train corpus.gruve --out b.safetensors --recipe recipe.json; }
recipe '{"overwrite": true}' "--overwrite is for the command line, not for a recipe"
recipe '{"piece": "(a*)*$"}' "--piece is for the command line, not for a recipe"
recipe '{"init": "model.safetensors\u0000x"}' "\"init\" has the wrong type, expected a text without NUL"
recipe '{"log": "b.csv"}' "--log names a file to write: give it on the command line"
recipe '{"checkpoint": "b"}' "--checkpoint names a file to write"
recipe '{"out": "c.safetensors"}' "--out names a file to write"
recipe '{"hidden": [64, "--log=b.csv"]}' '"hidden" has the wrong type, expected one value'
recipe '{"features": "--checkpoint=b"}' '"features" has the wrong type, expected a text that does not begin with a hyphen'
recipe '{"hidden": []}' '"hidden" has the wrong type, expected one value'
recipe '{"variational": null}' '"variational" has the wrong type, expected true or false'
recipe '{"variational": 1}' '"variational" has the wrong type, expected true or false'
recipe '{"epochs": null}' '"epochs" has the wrong type'
recipe '{"epochs": {"a": 1}}' '"epochs" has the wrong type'
recipe '{"epochs": true}' '"epochs" has the wrong type'
recipe '{"epochs": 1, "epochs": 2}' 'the recipe has the key "epochs" twice'
recipe "$(printf '[%.0s' $(seq 100000))" "the recipe is nested deeper than 64 levels"
[ ! -e b.safetensors ] && [ ! -e b.csv ] && [ ! -e b.mid ] || fail "a refused command wrote a file"
echo "passed"
