# What ctest says of tests that cannot run: of the one that needs Python, where there is none, and of programs whose
# output could be taken for that.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE ${FOLDER})
file(GLOB tests ${BUILD}/tests/tools/skald_tools_tests_tests-*.cmake)
file(WRITE ${FOLDER}/CTestTestfile.cmake "include(\"${tests}\")\n")

# adds(<name> <status> <output>)
function(adds name status output)
  file(APPEND ${FOLDER}/CTestTestfile.cmake "add_test(\"${name}\" /bin/sh -c [[printf '${output}'; exit ${status}]])\n"
       "set_tests_properties(\"${name}\" PROPERTIES SKIP_REGULAR_EXPRESSION [[${SKIPPED}]])\n")
endfunction()
adds("fails besides" 1 [[SKIPPED: this\n1 failed\nStatus: FAILURE!\n]])
adds("leaks besides" 23 [[SKIPPED: this\nStatus: SUCCESS!\n\nERROR: LeakSanitizer\n]])
adds("runs" 0 [[Status: SUCCESS!\n]])

# expect(<test> <what ctest says>)
function(expect test answer)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env PATH=/nowhere ${CMAKE_CTEST_COMMAND} --test-dir ${FOLDER} -R ${test}
                  OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT output MATCHES "1/1 Test[^\n]*${test}[^\n]*${answer}")
    message(SEND_ERROR "'${test}' was not '${answer}':\n${output}")
  endif()
endfunction()
expect("drives pipe from Python" "Skipped")
expect("fails besides" "Failed")
expect("leaks besides" "Failed")
expect("runs" "Passed")
