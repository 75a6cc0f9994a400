#!/bin/sh
# Checks that no line of prose has more than 120 columns: Markdown, but for tables and code, and comments of sources.
set -eu
cd "$(dirname "$0")/.."

files() {
  find . \( -name '.?*' -o -name 'build*' -o -name 'bazel-*' \) -prune -o -type f \( "$@" \) -print0
}

# A byte that continues a character (UTF-8) is no column.
too_long='function columns(line) { gsub(/[\200-\277]/, "", line); return length(line) }
          function tell() { print FILENAME ":" FNR ": " columns($0) " columns, 120 are there"; bad = 1 }
          END { exit bad }'

export LC_ALL=C
status=0
files -name '*.md' | xargs -0 awk "$too_long"'
  FNR == 1 { code = 0 }
  /^ *```/ { code = !code }
  !code && !/^ *\|/ && !/^    / && columns($0) > 120 { tell() }' || status=1
files -name '*.hpp' -o -name '*.cpp' | xargs -0 awk "$too_long"'/^ *\/\// && columns($0) > 120 { tell() }' || status=1
files -name '*.sql' | xargs -0 awk "$too_long"'/^ *--/ && columns($0) > 120 { tell() }' || status=1
files -name CMakeLists.txt -o -name '*.cmake' -o -name '*.sh' -o -name 'BUILD*' -o -name '*.bzl' |
  xargs -0 awk "$too_long"'/^ *#/ && columns($0) > 120 { tell() }' || status=1
if [ "$status" != 0 ]; then echo "check-lines.sh: wrap these lines" >&2; fi
exit "$status"
