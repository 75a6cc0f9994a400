#!/bin/sh
# Runs clang-tidy 19 as .clang-tidy says over the files named, or over all sources; JOBS=n at a time.
set -eu
cd "$(dirname "$0")/.."

cmake --preset tidy >/dev/null
if [ $# = 0 ]; then # what must not compile, and what shows no more than what compiled elsewhere, is left out
  set -- $(find actors aggregates benchmarks examples projection store tests tools -name '*.cpp' \
    ! -path 'tests/rejected/*' ! -path 'tests/installed/*' ! -path tests/main.cpp)
fi
printf '%s\0' "$@" | xargs -0 -P "${JOBS:-$(nproc)}" -n 1 clang-tidy-19 -p build/tidy --quiet
