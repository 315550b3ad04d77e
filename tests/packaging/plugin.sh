#!/usr/bin/env bash
# The plug-in: what it shows, how large it is, and what it does in our hosts and in those that are installed.
# usage: plugin.sh TEST_PROGRAM WORK MODEL PLUGIN_FILE...     MODEL is what is compiled in, or empty
set -euo pipefail
program=$1 work=$(realpath -m "$2") model=$3
shift 3
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

# In a real host: jalv, with a JACK server of its own that has no hardware.
play_in_jalv() {
  export JACK_DEFAULT_SERVER=gruve_$$ JACK_NO_START_SERVER=1
  jackd -n "$JACK_DEFAULT_SERVER" --no-realtime -d dummy -r 48000 -p 128 >"$work/jackd" 2>&1 &
  local server=$!
  trap 'kill $server 2>/dev/null || true' EXIT
  if ! jack_wait -w -t 10 >/dev/null 2>&1; then
    echo "no JACK server starts here, so not tried: jalv"
    return 0
  fi
  sleep 8 | timeout 8 jalv -n companion urn:gruve:companion >"$work/jalv" 2>&1 &
  timeout 8 stdbuf -oL jack_midi_dump >"$work/notes" 2>&1 &
  local tries=0
  until jack_connect companion:out midi-monitor:input 2>/dev/null || [ $((++tries)) -gt 30 ]; do sleep 0.2; done
  wait %2 %3 || true
  kill $server
  local begun
  begun=$(grep -c "note on" "$work/notes" || true)
  echo "jalv: $begun notes began in some seconds"
  [ "$begun" -gt 5 ] || fail "the plug-in plays nothing in jalv: $work/jalv"
}

built_in=0
[ -z "$model" ] || built_in=$(stat -c %s "$model")
for file in "$@"; do
  shown=$(nm -D --defined-only "$file" | awk '{ print $3 }' | sed 's/@.*//')
  [[ $shown == lv2_descriptor || $shown == clap_entry ]] || fail "$file shows $shown"
  strip -o "$work/stripped" "$file"
  size=$(($(stat -c %s "$work/stripped") - built_in))
  echo "$(basename "$file"): $size bytes without the model"
  [ "$size" -le 1048576 ] || fail "$file has more than 1 MiB"
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
  if [ -z "$model" ]; then
    echo "no model is compiled in, so not tried: jalv"
  elif has jackd jack_wait jack_connect jack_midi_dump jalv; then
    play_in_jalv
  fi
done
