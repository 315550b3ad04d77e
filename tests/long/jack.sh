#!/usr/bin/env bash
# The plug-in in jalv, and the duet on JACK's MIDI ports: does music come out? Against the clock of a server without hardware, so
# not in the test command.
# usage: jack.sh BUILD [MODEL]      BUILD has examples/plugin built, with its default model; needs jackd2, jalv, jack_midiseq
set -euo pipefail
build=$(realpath "$1")
model=$(realpath "${2:-$(dirname "$0")/../../examples/models/etudes.safetensors}")
work=$(mktemp -d)
for command in jackd jack_wait jack_connect jack_midi_dump jack_midiseq jack_transport jalv stdbuf; do
  command -v $command >/dev/null || { echo "not installed: $command" >&2; exit 1; }
done

fail() {
  echo "$1" >&2
  exit 1
}
# Starts a JACK server of its own that has no hardware.
start_jack() {
  export JACK_DEFAULT_SERVER=gruve_$$_$1 JACK_NO_START_SERVER=1
  jackd -n "$JACK_DEFAULT_SERVER" --no-realtime --sync -d dummy -r 48000 -p 512 >"$work/jackd" 2>&1 &
  server=$!
  trap 'kill $server 2>/dev/null || true' EXIT
  jack_wait -w -t 10 >/dev/null 2>&1
}
connect() {
  local tries=0
  until jack_connect "$1" "$2" 2>/dev/null || [ $((++tries)) -gt 50 ]; do sleep 0.2; done
}
# Whether more than some notes begin at a JACK port within twelve seconds of what a function starts. On a busy machine the
# server may drop a client that it had to wait for: then all is started again, with another server.
#   hears FUNCTION PORT LEAST
hears() {
  local attempt begun
  for attempt in 1 2 3; do
    start_jack "$1_$attempt" || continue
    "$1"
    timeout 12 stdbuf -oL jack_midi_dump >"$work/notes" 2>&1 &
    local monitor=$!
    sleep 1
    connect "$2" midi-monitor:input
    jack_transport <<<play >/dev/null  # the plug-in is silent where the transport stands
    wait $monitor || true
    begun=$(grep -c "note on" "$work/notes" || true)
    kill "$server"
    wait "$server" 2>/dev/null || true
    echo "$1: $begun notes began"
    [ "$begun" -le "$3" ] || return 0
  done
  return 1
}

mkdir "$work/lv2"
cp -r "$build/examples/plugin/companion.lv2" "$work/lv2/"
export LV2_PATH="$work/lv2:/usr/lib/lv2"
in_jalv() { sleep 14 | timeout 14 jalv -n companion urn:gruve:companion >"$work/jalv" 2>&1 & }
hears in_jalv companion:out 0 || fail "the plug-in plays nothing in jalv: $work/jalv"

# Four notes, and three bars of silence, over and over.
with_the_duet() {
  timeout 14 "$build/examples/plugin/companion_duet" "$model" 240 jack >"$work/duet" 2>&1 &
  timeout 14 jack_midiseq phrase 192000 100 60 6000 12000 64 6000 24000 67 6000 36000 72 3000 >"$work/midiseq" 2>&1 &
  timeout 14 stdbuf -oL jack_midi_dump phrase-monitor >"$work/phrase" 2>&1 &
  sleep 1  # a port that is connected while its client comes up may stay silent
  connect phrase:out "gruve duet in:in"
  connect phrase:out phrase-monitor:input
}
if ! hears with_the_duet "gruve duet out:out" 8; then
  grep -q "note on" "$work/phrase" && fail "the duet does not answer: $work/duet"
  fail "no phrase is heard through JACK here, so the duet was not tried: $work/midiseq"
fi
rm -r "$work"
