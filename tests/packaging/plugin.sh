#!/usr/bin/env bash
# The plug-in: what it shows, how large it is, and what it does in our hosts and in those that are installed.
# usage: plugin.sh TEST_PROGRAM WORK MODEL DUET PLUGIN_FILE...     MODEL is what is compiled in; DUET is the program; or empty
set -euo pipefail
program=$1 work=$(realpath -m "$2") model=$3 duet=$4
shift 4
rm -rf "$work"
mkdir -p "$work"

fail() {
  echo "$1" >&2
  exit 1
}
# Whether a command is there; says so if not.
has() {
  for command in "$@"; do
    command -v "$command" >/dev/null || { echo "not installed, so not tried: $command"; return 1; }
  done
}

# Starts a JACK server of its own that has no hardware.
start_jack() {
  export JACK_DEFAULT_SERVER=gruve_$$ JACK_NO_START_SERVER=1
  jackd -n "$JACK_DEFAULT_SERVER" --no-realtime -d dummy -r 48000 -p 128 >"$work/jackd" 2>&1 &
  server=$!
  trap 'kill $server 2>/dev/null || true' EXIT
  jack_wait -w -t 10 >/dev/null 2>&1
}
# Waits until more than some notes began at a JACK port, at most half a minute, and prints how many.
notes_at() {
  stdbuf -oL jack_midi_dump >"$work/notes" 2>&1 &
  local monitor=$! tries=0 begun=0
  connect "$1" midi-monitor:input
  while [ $((++tries)) -le 150 ] && [ "$begun" -le "$2" ]; do
    sleep 0.2
    begun=$(grep -c "note on" "$work/notes" || true)
  done
  kill $monitor
  echo "$begun"
}
connect() {
  local tries=0
  until jack_connect "$1" "$2" 2>/dev/null || [ $((++tries)) -gt 150 ]; do sleep 0.2; done
}

built_in=0
[ -z "$model" ] || built_in=$(stat -c %s "$model")
for file in "$@"; do
  shown=$(nm -D --defined-only "$file" | awk '{ print $3 }' | sed 's/@.*//')
  [[ $shown == lv2_descriptor || $shown == clap_entry ]] || fail "$file shows $shown"
  strip -o "$work/stripped" "$file"
  size=$(($(stat -c %s "$work/stripped") - built_in))
  echo "$(basename "$file"): $size bytes without the model"
  [ "$size" -le 1200000 ] || fail "$file has more than 1.2 MB"
done

"$program"

for file in "$@"; do
  bundle=$(dirname "$file")
  [[ $bundle == *.lv2 ]] || continue
  export LV2_PATH="$work/lv2:/usr/lib/lv2"
  mkdir -p "$work/lv2"
  cp -r "$bundle" "$work/lv2/"
  ttl=$work/lv2/$(basename "$bundle")
  if has lv2_validate sord_validate; then
    lv2_validate "$ttl"/*.ttl 2>&1 | tee "$work/validate"
    grep -q "Found 0 errors" "$work/validate" || fail "the description is not valid"
  fi
  if has lv2info; then
    lv2info urn:gruve:companion | grep -q "Symbol: *temperature" || fail "lv2info does not find the parameters"
  fi
  if has lv2bench; then
    (cd "$work" && lv2bench -b 64 urn:gruve:companion)
  fi
done

if [ -z "$model" ]; then
  echo "no model is compiled in, so not tried: jalv and the duet"
elif has jackd jack_wait jack_connect jack_midi_dump; then
  if ! start_jack; then
    echo "no JACK server starts here, so not tried: jalv and the duet"
    exit 0
  fi
  if [ -n "${LV2_PATH:-}" ] && has jalv; then
    sleep 60 | timeout 60 jalv -n companion urn:gruve:companion >"$work/jalv" 2>&1 &
    host=$!
    begun=$(notes_at companion:out 0)
    kill $host
    echo "jalv: $begun notes began"
    [ "$begun" -gt 0 ] || fail "the plug-in plays nothing in jalv: $work/jalv"
  fi
  if [ -n "$duet" ] && has jack_midiseq; then
    # Four notes, and three bars of silence, over and over.
    timeout 60 "$duet" "$model" 240 jack >"$work/duet" 2>&1 &
    hosts=$!
    timeout 60 jack_midiseq phrase 192000 100 60 6000 12000 64 6000 24000 67 6000 36000 72 3000 >"$work/midiseq" 2>&1 &
    hosts="$hosts $!"
    connect phrase:out "gruve duet in:in"
    begun=$(notes_at "gruve duet out:out" 8)
    # shellcheck disable=SC2086
    kill $hosts
    echo "duet: $begun notes began"
    [ "$begun" -gt 8 ] || fail "the duet does not answer: $work/duet"
  fi
fi
