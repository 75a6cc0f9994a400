# skald_compile(<header> <option>...) compiles what includes just this header; `status` and `output` say how that
# went, `included` what it pulled in.
list(TRANSFORM FOLDERS PREPEND -I)

function(skald_compile header)
  execute_process(COMMAND ${COMPILER} -std=c++20 ${FOLDERS} ${ARGN} -MD -MF included.d -include ${header} -x c++ /dev/null
                  RESULT_VARIABLE status ERROR_VARIABLE output)
  set(included)
  if(status EQUAL 0)
    file(READ included.d included)
  endif()
  foreach(answer status output included)
    set(${answer} "${${answer}}" PARENT_SCOPE)
  endforeach()
endfunction()

# The headers with which a source begins that has been COMPILED, as <folder>/<name> or by their path: they compile
# alone.
set(begun)
foreach(source IN LISTS COMPILED)
  file(STRINGS ${source} first REGEX "^[^/ \t]" LIMIT_COUNT 1) # behind comments
  if(first MATCHES "^#include <(skald/)?([^>]+)>")
    list(APPEND begun ${CMAKE_MATCH_2})
  elseif(first MATCHES "^#include \"([^\"]+)\"")
    set(name ${CMAKE_MATCH_1})
    cmake_path(GET source PARENT_PATH folder)
    list(APPEND begun ${folder}/${name})
  endif()
endforeach()

# Fails where the header of that name, <folder>/<name>, does not compile alone as it is included.
function(skald_compile_alone name header)
  if(NOT name IN_LIST begun AND NOT header IN_LIST begun)
    skald_compile(${header} -fsyntax-only -Wall -Wextra -Werror)
    if(NOT status EQUAL 0)
      message(SEND_ERROR "${name} does not compile alone, include what is missing:\n${output}")
    endif()
  endif()
endfunction()
