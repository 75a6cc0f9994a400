#!/bin/sh
# Checks that the C++ sources are formatted as .clang-format says, and prose as check-lines.sh says; with --fix, formats
# the sources.
#
# Versions of clang-format disagree, so only one counts. Where it is not installed the check is skipped, and says so.
set -eu
cd "$(dirname "$0")/.."
version=19 # scripts/deps.sh installs it, editors should use it

if [ "${1:-}" != --fix ]; then scripts/check-lines.sh; fi

for tool in "clang-format-$version" clang-format none; do
  case $("$tool" --version 2>/dev/null) in *"version $version."*) break ;; esac
done
if [ "$tool" = none ]; then
  echo "check-format.sh: SKIPPED: there is no clang-format $version here" >&2
  if [ "${1:-}" = --fix ]; then exit 1; else exit 0; fi
fi

if [ "${1:-}" = --fix ]; then mode=-i; else mode="--dry-run -Werror"; fi
# shellcheck disable=SC2086 # $mode is two words
find . \( -name '.?*' -o -name 'build*' -o -name 'bazel-*' \) -prune -o \
  -type f \( -name '*.hpp' -o -name '*.cpp' \) -print0 | xargs -0 -r "$tool" $mode ||
  { echo "check-format.sh: not formatted as .clang-format says (above); run: make format" >&2; exit 1; }
