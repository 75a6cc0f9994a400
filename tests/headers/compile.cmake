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

# Fails where the header does not compile alone.
macro(skald_compile_alone header)
  skald_compile(${header} -fsyntax-only -Wall -Wextra -Werror)
  if(NOT status EQUAL 0)
    message(SEND_ERROR "${header} does not compile alone, include what is missing:\n${output}")
  endif()
endmacro()
