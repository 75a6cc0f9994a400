# skald_compile(<header> <option>...) compiles what includes just this header; `status` and `output` say how that went, `included`
# what it pulled in.
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

# Whether a source that has been COMPILED begins with this header of SOURCES, its folder: then the header compiles alone.
function(skald_begins_a_source header answer)
  set(${answer} OFF PARENT_SCOPE)
  cmake_path(GET SOURCES FILENAME folder)
  cmake_path(GET header FILENAME name)
  cmake_path(REPLACE_EXTENSION name .cpp OUTPUT_VARIABLE source)
  if(source IN_LIST COMPILED)
    file(STRINGS ${SOURCES}/${source} first REGEX "^[^/ \t]" LIMIT_COUNT 1) # behind comments
    if(first STREQUAL "#include <skald/${folder}/${name}>" OR first STREQUAL "#include \"${name}\"")
      set(${answer} ON PARENT_SCOPE)
    endif()
  endif()
endfunction()

# Fails where the header does not compile alone.
macro(skald_compile_alone header)
  skald_begins_a_source(${header} compiled)
  if(compiled)
    skald_compile(${header} -E -o preprocessed)
  else()
    skald_compile(${header} -fsyntax-only -Wall -Wextra -Werror)
  endif()
  if(NOT status EQUAL 0)
    message(SEND_ERROR "${header} does not compile alone, include what is missing:\n${output}")
  endif()
endmacro()
