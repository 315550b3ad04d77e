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
says 1 "cannot write to the standard output" sh -c '"$0" --help >/dev/full' "$gruve"
says 2 "GRUVE_KERNELS names no kernels of this processor, which has reference, " env GRUVE_KERNELS=nonsense "$gruve" inspect songs/etude-0001.mid
says 2 "99999999999999999999999 is too large a number" "$gruve" generate --model model.safetensors --out a.mid --seed 99999999999999999999999
says 2 "1e-300 seconds are no piece" "$gruve" generate --model model.safetensors --out a.mid --seconds 1e-300

# A pipe gets the piece once, if it is read at all.
mkfifo fifo
says 1 "fifo: cannot write: nothing reads this pipe" "$gruve" generate --model model.safetensors --out fifo --bars 4 --seed 3
says 1 "fifo: is a pipe, expected a file" "$gruve" train corpus.gruve --out fifo --hidden 8 --epochs 1
cat fifo >from_pipe.mid &
sleep 1
"$gruve" generate --model model.safetensors --out fifo --bars 4 --seed 3 --json >/dev/null
wait
"$gruve" generate --model model.safetensors --out to_file.mid --bars 4 --seed 3 --json >/dev/null
cmp from_pipe.mid to_file.mid || fail "a pipe got other bytes than a file"
rm fifo
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
# Names and texts from outside are shown without what a terminal acts on.
shows() {
  "$@" >stdout.txt 2>stderr.txt || true
  ! LC_ALL=C grep -qa $'\e\|\xc2\x9b' stdout.txt stderr.txt || fail "an escape sequence in what $* said"
  LC_ALL=C grep -qaF '\x1b[2J\xc2\x9b' stdout.txt stderr.txt || fail "$* said $(cat stdout.txt stderr.txt)"
}
evil=$'evil\e[2J\xc2\x9b'
mkdir "$evil"
cp songs/etude-0001.mid "$evil/a.mid"
cp songs/etude-0002.mid "$evil/b.mid"
echo none >"$evil/c.mid"
shows "$gruve" inspect "$evil/a.mid" "$evil/c.mid"
shows "$gruve" measure "$evil/a.mid" "$evil/c.mid"
"$gruve" measure "$evil/a.mid" "$evil/b.mid" >stdout.txt  # the table cuts long names
! LC_ALL=C grep -qa $'\e\|\xc2\x9b' stdout.txt || fail "an escape sequence in a table of pieces"
shows "$gruve" measure songs/etude-0001.mid --corpus "$evil"
shows "$gruve" prepare "$evil" songs --out "$evil.gruve"
shows "$gruve" convert model.safetensors --out "$evil.safetensors"
shows "$gruve" generate --model model.safetensors --primer "$evil/a.mid" --seconds 1 --out "$evil.mid"
shows "$gruve" compose "$evil" --pieces 1
[ "$("$gruve" inspect --json "$evil/a.mid" | grep -o '"pitch"' | wc -l)" -gt 10 ] || fail "no notes in JSON"
# A long path is cut between characters.
long_path=päpäpäpäpäpäpäpäpäpäpäpäpäpäpäpä
mkdir -p $long_path
for name in a ab; do
  cp songs/etude-0003.mid $long_path/$name.mid
  "$gruve" measure $long_path/$name.mid songs/etude-0001.mid >stdout.txt
  iconv -f UTF-8 -t UTF-8 stdout.txt >utf8.txt || fail "a part of a character"
done

# The notes of a file are printed one by one: not in memory all together, a hundred times the file's size.
{
  printf 'MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk\x00\x05\x7e\x45\x00\x90\x3c\x40\x01\x3c\x00'
  printf '\x00\x3c\x40\x01\x3c\x00%.0s' $(seq 59999)
  printf '\x00\xff\x2f\x00'
} >many.mid
if (ulimit -v 36000; "$gruve" inspect songs/etude-0001.mid --json) >json.txt 2>&1; then  # not so with a sanitizer
  (ulimit -v 36000; "$gruve" inspect many.mid --json) >json.txt || fail "60,000 notes take more memory than 36 MB"
fi
"$gruve" inspect many.mid --json >json.txt
[ "$(grep -o '{"pitch":60,"start":[0-9]*,"end":[0-9]*,"velocity":64,"channel":0}' json.txt | wc -l)" -eq 60000 ] || fail "the notes of many.mid"
grep -q '"repairs":\[\],"tempos":\[.*\],"time_signatures":\[.*\],"notes":\[{.*}\]}$' json.txt || fail "$(head -c 300 json.txt)"

# Each page has the policy that forbids it to request anything.
"$gruve" prepare songs --out page.gruve --encoder timestep --report prepare.html >prepare.txt
"$gruve" generate --model model.safetensors --seconds 5 --out page.mid --report generate.html >generate.txt
"$gruve" listen --corpus corpus.gruve --model model.safetensors --pairs 1 --seconds 5 --out listen.html >listen.txt
for page in prepare generate listen; do
  grep -q "content=\"default-src 'none';" $page.html || fail "$page.html has no content security policy"
done

# Two outputs are two files, and /dev/null is one for any number of them.
says 1 "s.mid: is named for two outputs of the command" "$gruve" generate --model model.safetensors --out s.mid --svg s.mid
ln -s s.mid t.mid
says 1 "t.mid: is named for two outputs of the command" "$gruve" generate --model model.safetensors --out s.mid --svg ./t.mid
says 1 "s.gruve: is named for two outputs of the command" "$gruve" prepare songs --out s.gruve --report s.gruve
says 1 "s.st: is named for two outputs of the command" "$gruve" train corpus.gruve --out s.st --log s.st
"$gruve" convert model.safetensors --out /dev/null >convert.txt || fail "no conversion to /dev/null"

# Paths that lead nowhere.
ln -s loop.json loop.json
long_name=$(printf 'n%.0s' $(seq 300)).json
for path in loop.json "$long_name"; do
  says 1 "${path:0:9}" "$gruve" train "$path" --out b.safetensors
  says 1 "${path:0:9}" "$gruve" evaluate --model model.safetensors "$path"
  ! grep -qi "filesystem error" stderr.txt || fail "$(cat stderr.txt)"
done
echo none >lost.checkpoint
ln -s lost.checkpoint.previous lost.checkpoint.previous
says 1 "gruve: lost.checkpoint" "$gruve" train corpus.gruve --out b.safetensors "${small[@]}" --resume --checkpoint lost.checkpoint
! grep -qi "filesystem error" stderr.txt || fail "$(cat stderr.txt)"
says 1 "standard input: has more than the 256 MiB that are read of it" sh -c '"$0" inspect - </dev/zero' "$gruve"

# A file of options is read as it is meant, or refused with its line.
config() { printf "$1" >config.toml; says 1 "config.toml: $2" "$gruve" generate --config config.toml --model model.safetensors --out b.mid; }
config '\n[generate]\nsvg="abc\n' "line 3: a quote is not closed"
config 'generate.svg = "a" '"'"'b\n' "line 1: a quote is not closed"
config '[generat]\nseconds = 1\n' 'line 1: there is no command "generat"'
config "[$(printf 'a.%.0s' $(seq 100000))a]\n" 'line 1: there is no command "a.a.a.'
config "$(printf 'a.%.0s' $(seq 100000))a = 1\n" 'line 1: there is no command "a"'
config '[generate\n' "line 1: a section is not closed"
says 1 "/dev/zero: is not a regular file" "$gruve" generate --config /dev/zero --model model.safetensors --out b.mid
says 1 "config.toml: has generate.temprature, which is no option" sh -c 'printf "[generate]\ntemprature = 1\n" >config.toml; "$0" generate --config config.toml --model model.safetensors --out b.mid' "$gruve"
says 1 "config.toml: --bars" sh -c 'printf "[generate]\nbars = x\n" >config.toml; "$0" generate --config config.toml --model model.safetensors --out b.mid' "$gruve"
says 2 "--bars" "$gruve" generate --config config.toml --model model.safetensors --out b.mid --bars y
mkfifo pipe
says 1 "pipe: is not a regular file" "$gruve" generate --config pipe --model model.safetensors --out b.mid
head -c 2000000 /dev/zero >zeros.toml
says 1 "zeros.toml: has 2000000 bytes, expected at most 1048576" "$gruve" generate --config zeros.toml --model model.safetensors --out b.mid
printf '# "a\n; [b\n[generate]\nseconds = 2 # it'"'"'s "short\nout = "quoted name.mid"\n' >config.toml
"$gruve" generate --config config.toml --model model.safetensors >generate.txt || fail "a sound file of options is refused"
[ -e "quoted name.mid" ] || fail "the file of options was not read"
clean

# A recipe has options of the right types, and names no file to write.
recipe() { echo "$1" >recipe.json; says 1 "recipe.json: $2" "$gruve" train corpus.gruve --out b.safetensors --recipe recipe.json; }
recipe '{"hidden": 1.5}' "--hidden"
recipe '{"seed": 99999999999999999999999}' "Could not convert: --seed"
printf '\n\n{ "lr": 0.1 "hidden": 5}' >recipe.json
says 1 "recipe.json: the recipe is not JSON at line 3, column" "$gruve" train corpus.gruve --out b.safetensors --recipe recipe.json
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
