function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    string(REPLACE ";" " " command "${ARGN}")
    message(FATAL_ERROR "'${command}' ended with ${status}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(expect_greeting program)
  run(${program})
  if(NOT output STREQUAL "guest-ada was greeted 1 times\n")
    message(FATAL_ERROR "${program} said '${output}'")
  endif()
endfunction()

# Whether the section with the debug information of functions and lines is there.
function(has_debug_information file answer)
  run(${READELF} --wide --section-headers ${file})
  if(output MATCHES "\\.debug_info")
    set(${answer} ON PARENT_SCOPE)
  else()
    set(${answer} OFF PARENT_SCOPE)
  endif()
endfunction()

file(REMOVE_RECURSE ${FOLDER})
set(prefix ${FOLDER}/prefix)
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
file(GLOB_RECURSE stripped ${prefix}/bin/skald ${prefix}/*/libskald_*)
list(LENGTH stripped count)
if(NOT count EQUAL 4 AND NOT count EQUAL 5)
  message(FATAL_ERROR "four libraries and the program were not installed, but ${stripped}")
endif()
foreach(file IN LISTS stripped)
  has_debug_information(${file} found)
  if(found)
    message(FATAL_ERROR "${file} is not stripped of debug information")
  endif()
endforeach()

run(${CMAKE_COMMAND} -S ${SOURCES} -B ${FOLDER}/build -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER}
    -DCMAKE_CXX_FLAGS=${FLAGS} -DCMAKE_PREFIX_PATH=${prefix} -DBoost_ROOT=${Boost_ROOT})
run(${CMAKE_COMMAND} --build ${FOLDER}/build)
expect_greeting(${FOLDER}/build/consumer)

if(TOOLS)
  run(${prefix}/bin/skald init --store sqlite:${FOLDER}/new.db)
  if(NOT output MATCHES "\"events\":0}")
    message(FATAL_ERROR "skald init said '${output}'")
  endif()
  foreach(file man/man1/skald.1 bash-completion/completions/skald zsh/site-functions/_skald
               fish/vendor_completions.d/skald.fish)
    file(READ ${prefix}/share/${file} text)
    if(NOT text MATCHES "export")
      message(FATAL_ERROR "${file} knows no export")
    endif()
  endforeach()
endif()

find_program(PKG_CONFIG pkg-config) # now: `make demo` may have configured before it was there
if(NOT PKG_CONFIG)
  message(FATAL_ERROR "pkg-config is not installed: scripts/deps.sh test installs it")
endif()
file(GLOB_RECURSE pc ${prefix}/*/skald.pc)
cmake_path(GET pc PARENT_PATH pc_folder)
set(ENV{PKG_CONFIG_PATH} ${pc_folder})
run(${PKG_CONFIG} --cflags --libs skald)
separate_arguments(options UNIX_COMMAND "${output}")
separate_arguments(flags UNIX_COMMAND "${FLAGS}")
run(${COMPILER} ${flags} ${SOURCES}/consumer.cpp -o ${FOLDER}/consumer ${options})
expect_greeting(${FOLDER}/consumer)

# Another CAF than the one that skald was built with, or who knows which, and another Boost.
function(expect_refusal sentence)
  file(REMOVE_RECURSE ${FOLDER}/refused)
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCES} -B ${FOLDER}/refused -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER}
                          -Dskald_DIR=${skald_folder} ${ARGN}
                  RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  if(status EQUAL 0 OR NOT output MATCHES "${sentence}")
    message(FATAL_ERROR "with ${ARGN} find_package(skald) did not say '${sentence}':\n${output}")
  endif()
endfunction()

file(GLOB_RECURSE config ${prefix}/*/skaldConfig.cmake)
cmake_path(GET config PARENT_PATH skald_folder)
set(other ${FOLDER}/other)
file(WRITE ${other}/1/CAFConfig.cmake "add_library(CAF::core INTERFACE IMPORTED)\nset(CAF_VERSION 9.9.9)\n")
file(WRITE ${other}/2/CAFConfig.cmake "add_library(CAF::core INTERFACE IMPORTED)\n")
file(WRITE ${other}/BoostConfig.cmake "")
file(WRITE ${other}/BoostConfigVersion.cmake "set(PACKAGE_VERSION 1.99.0)\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n")
expect_refusal("skald was built with CAF [0-9.]+, the version of the one that was found is '9.9.9': build skald anew"
               -DBoost_ROOT=${Boost_ROOT} -DCAF_DIR=${other}/1)
expect_refusal("skald was built with CAF [0-9.]+, the version of the one that was found is '': build skald anew"
               -DBoost_ROOT=${Boost_ROOT} -DCAF_DIR=${other}/2)
expect_refusal("\"Boost\" that exactly matches requested version \"[0-9.]+\"\\. .*BoostConfig.cmake, version: 1.99.0"
               -DBoost_DIR=${other} -DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM} -DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF
               -DCMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH=OFF
               -DCMAKE_FIND_USE_CMAKE_ENVIRONMENT_PATH=OFF -DCMAKE_FIND_USE_PACKAGE_ROOT_PATH=OFF)

# A CAF that lies where no compiler looks: pkg-config tells where.
set(own ${FOLDER}/own)
cmake_path(GET CAF_LIBRARY FILENAME caf_library)
file(MAKE_DIRECTORY ${own}/include ${own}/lib)
file(CREATE_LINK ${CAF_HEADERS} ${own}/include/caf SYMBOLIC)
file(CREATE_LINK ${CAF_LIBRARY} ${own}/lib/${caf_library} SYMBOLIC)
run(${CMAKE_COMMAND} -S ${TREE} -B ${own}/build -G ${GENERATOR} -DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM}
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_PREFIX_PATH=${own} -DBoost_ROOT=${Boost_ROOT} -DSKALD_TESTS=OFF
    -DSKALD_EXAMPLES=OFF -DSKALD_TOOLS=OFF -DSKALD_POSTGRES=OFF)
file(READ ${own}/build/skald.pc text)
if(NOT text MATCHES "-I${own}/include" OR NOT text MATCHES "-L${own}/lib")
  message(FATAL_ERROR "skald.pc does not tell where CAF is:\n${text}")
endif()

# Who wants to look into skald gets its debug information, as far as it was built with any.
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} --component dbg)
foreach(file IN LISTS stripped)
  cmake_path(GET file FILENAME name)
  file(GLOB built ${BUILD}/*/${name})
  has_debug_information(${built} expected)
  has_debug_information(${file} found)
  if(NOT found STREQUAL expected)
    message(FATAL_ERROR "${built} has debug information: ${expected}. Installed by the component dbg: ${found}")
  endif()
endforeach()
