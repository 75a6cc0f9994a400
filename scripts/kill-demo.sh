#!/bin/sh
# Kills the demo at random moments with SIGKILL, runs it again, and compares what comes out with a run that was left alone.
#
#   scripts/kill-demo.sh [ROUNDS [LOG [PROGRAM]]]    20 rounds with the sample and the release build unless given
set -eu
cd "$(dirname "$0")/.."
rounds=${1:-20}
log=${2:-examples/fines/sample.ndjson}
program=${3:-build/release/examples/fines/fines}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
now() { date +%s%N; }
run() { "$program" --store "sqlite:$work/$1/fines.db" --data "$work/$1" "$log" 2>"$work/$1/errors"; }
result() { sed -n '1,/^$/p; /^payments/p' "$1"; ls -A "$2/notices"; }

mkdir "$work/whole"
started=$(now)
run whole >"$work/out"
whole=$((($(now) - started) / 1000)) # microseconds
result "$work/out" "$work/whole" >"$work/expected"

too_late=0
round=0
while [ $((round += 1)) -le "$rounds" ]; do
  mkdir "$work/home"
  moment=$(awk "BEGIN { srand($(now) % 1000000007); print rand() * $whole / 1000000 }")
  status=0
  timeout -s KILL "$moment" "$program" --store "sqlite:$work/home/fines.db" --data "$work/home" "$log" \
    >/dev/null 2>"$work/home/errors" || status=$?
  case $status in
    0) # too late: another moment
      rm -rf "${work:?}/home"
      round=$((round - 1))
      if [ $((too_late += 1)) -gt $((10 * rounds)) ]; then echo "the demo ends before it can be killed" >&2 && exit 1; fi
      continue
      ;;
    137) ;;
    *) echo "round $round: ended by itself with status $status after ${moment}s" >&2 && cat "$work/home/errors" >&2 && exit 1 ;;
  esac
  last=$(grep -v '^Killed' "$work/home/errors" | tail -n 1)
  if run home >"$work/out" && result "$work/out" "$work/home" >"$work/found" && cmp -s "$work/expected" "$work/found"; then
    echo "round $round: killed after ${moment}s${last:+ ($last)}; run again: $(grep '^events' "$work/out" | cut -d';' -f1); the same table and notices"
  else
    echo "round $round: killed after ${moment}s${last:+ ($last)}; run again: WRONG" >&2
    cat "$work/home/errors" >&2
    diff "$work/expected" "$work/found" >&2 || true
    exit 1
  fi
  rm -rf "${work:?}/home"
done
echo "killed $rounds times in the middle: always the same table and notices"
