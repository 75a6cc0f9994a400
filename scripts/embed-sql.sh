#!/bin/sh
# Writes a C++ source that holds the migrations of a backend, which CMake and Bazel compile.
#
#   scripts/embed-sql.sh sqlite store/sqlite/schema/1.sql store/sqlite/schema/2.sql ... > migrations.cpp
set -eu
backend=$1
shift
printf '// Made by scripts/embed-sql.sh.\n#include <skald/store/%s/migrations.hpp>\n\n' "$backend"
printf 'std::span<const char* const> skald::detail::%s::migrations() noexcept {\n  static constexpr const char* all[] = {\n' "$backend"
for file; do
  printf 'R"sql('
  cat "$file"
  printf ')sql",\n'
done
printf '  };\n  return all;\n}\n'
