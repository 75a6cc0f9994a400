# The version of CMakeLists.txt is that of Bazel's files and of the newest entry of the changelog.
cmake_minimum_required(VERSION 3.25)
set(others "")
foreach(place IN ITEMS
    "MODULE.bazel|^    version = \"([0-9.]+)\"" "tools/BUILD.bazel|SKALD_VERSION=[^0-9]*([0-9.]+)"
    "CHANGELOG.md|^## \\[([0-9.]+)\\]")
  string(REGEX MATCH "^([^|]*)\\|(.*)$" found "${place}")
  set(file ${CMAKE_MATCH_1})
  set(pattern "${CMAKE_MATCH_2}")
  file(STRINGS ${ROOT}/${file} lines REGEX "${pattern}" LIMIT_COUNT 1)
  if(NOT lines MATCHES "${pattern}" OR NOT CMAKE_MATCH_1 STREQUAL VERSION)
    string(APPEND others "\n  ${file}: '${lines}'")
  endif()
endforeach()
if(others)
  message(FATAL_ERROR "CMakeLists.txt says version ${VERSION}, but:${others}")
endif()
