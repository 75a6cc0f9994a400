# Names the headers that do not compile alone or pull in what they should not.
cmake_minimum_required(VERSION 3.25)
set(with_caf actors/caf.hpp actors/interfaces.hpp) # just these

list(TRANSFORM FOLDERS PREPEND -I)
foreach(header IN LISTS HEADERS)
  string(REGEX REPLACE ".*/skald/" "" name ${header})
  execute_process(COMMAND ${COMPILER} -std=c++20 -Wall -Wextra -Werror ${FOLDERS} -fsyntax-only -MD -MF ${LIST}
                          -include ${header} -x c++ /dev/null
                  RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(SEND_ERROR "skald/${name} does not compile alone: see above, and include what is missing")
    continue()
  endif()
  file(READ ${LIST} included)
  string(REGEX MATCH "/include/caf/[^ ]*" caf "${included}")
  string(REGEX MATCH "/sqlite3\\.h|/include/pqxx/[^ ]*" driver "${included}")
  if(driver)
    message(SEND_ERROR "skald/${name} pulls in a database driver: ${driver}")
  endif()
  if(caf AND NOT name IN_LIST with_caf)
    message(SEND_ERROR "skald/${name} pulls in CAF: ${caf}")
  elseif(name IN_LIST with_caf AND NOT caf)
    message(SEND_ERROR "skald/${name} no longer includes CAF: take it off the list in ${CMAKE_CURRENT_LIST_FILE}")
  endif()
endforeach()
