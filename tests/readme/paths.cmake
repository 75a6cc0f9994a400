# Each path of this repository that a page names in backticks is there; one that ends with "/" is a folder. NAME
# stands for one that a reader will make.
cmake_minimum_required(VERSION 3.25)
file(GLOB pages ${ROOT}/*.md ${ROOT}/docs/*.md ${ROOT}/docs/*/*.md)
list(REMOVE_ITEM pages ${ROOT}/docs/record/conformance.md) # names tests from the folder of tests on; see conformance.cmake
set(count 0)
set(missing "")
foreach(page IN LISTS pages)
  file(READ ${page} text)
  string(REPLACE ";" "," text "${text}") # nor a bracket: both divide lists
  string(REGEX REPLACE "[][]" "" text "${text}")
  string(REGEX MATCHALL "`(store|aggregates|projection|actors|tools|tests|examples|benchmarks|docs|scripts|bazel|cmake)/[A-Za-z0-9_./*-]*`"
         paths "${text}")
  list(TRANSFORM paths REPLACE "`" "")
  list(FILTER paths EXCLUDE REGEX NAME)
  foreach(path IN LISTS paths)
    math(EXPR count "${count} + 1")
    file(GLOB found ${ROOT}/${path})
    if(NOT found AND NOT EXISTS ${ROOT}/${path} OR path MATCHES "/$" AND NOT IS_DIRECTORY ${ROOT}/${path})
      string(APPEND missing "\n  ${page}: ${path}")
    endif()
  endforeach()
endforeach()
if(missing)
  message(FATAL_ERROR "paths that are not there:${missing}")
endif()
if(count LESS 40)
  message(FATAL_ERROR "only ${count} paths were found")
endif()
