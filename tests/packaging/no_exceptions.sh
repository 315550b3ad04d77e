#!/usr/bin/env bash
# Runs the program of no_exceptions/, which has to generate from a whole model, and to end with the reason on a damaged
# one. usage: no_exceptions.sh PROGRAM WORK
set -euo pipefail
program=$1 work=$2
mkdir -p "$work"
"$program" "$work/model.safetensors"
code=0
"$program" "$work/model.safetensors" refused 2>"$work/reason" || code=$?
if [ "$code" != 134 ] || ! grep -q 'a resource, byte [0-9]*: ' "$work/reason"; then
  echo "a damaged model ended with code $code, expected 134, SIGABRT, and said:" >&2
  cat "$work/reason" >&2
  exit 1
fi
echo "generates without exceptions; a damaged model ends the program: $(grep -o 'a resource, byte.*' "$work/reason")"
