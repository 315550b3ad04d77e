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

built_in=0
[ -z "$model" ] || built_in=$(stat -c %s "$model")
for file in "$@"; do
  shown=$(nm -D --defined-only "$file" | awk '{ print $3 }' | sed 's/@.*//')
  [[ $shown == lv2_descriptor || $shown == clap_entry ]] || fail "$file shows $shown"
  strip -o "$work/stripped" "$file"
  size=$(($(stat -c %s "$work/stripped") - built_in))
  echo "$(basename "$file"): $size bytes without the model"
  # With assertions, as the test command builds it; a Release build has some 30 kB less.
  [ "$size" -le 1000000 ] || fail "$file has more than 1 MB"
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
