# With tools of apt and dpkg that say what is installed, and know of no archive to take a source package from.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE ${FOLDER})
file(COPY ${SCRIPT} DESTINATION ${FOLDER}/scripts)
cmake_path(GET SCRIPT FILENAME script)
file(WRITE ${FOLDER}/bin/apt-cache "#!/bin/sh\n")
file(WRITE ${FOLDER}/bin/dpkg-query "#!/bin/sh\ncase $3 in *Package*) printf actor-framework ;; *Version*) printf %s $INSTALLED ;; esac\n")
file(CHMOD ${FOLDER}/bin/apt-cache ${FOLDER}/bin/dpkg-query PERMISSIONS OWNER_READ OWNER_EXECUTE)
file(WRITE ${FOLDER}/build/deps/caf-tsan/built-from "actor-framework 0.17.6-1\n")

# expect(<version that is installed> <status> <what the script says>)
function(expect installed expected sentence)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env INSTALLED=${installed} PATH=${FOLDER}/bin:$ENV{PATH} ${FOLDER}/scripts/${script}
                  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL expected OR NOT output MATCHES "^${sentence}$")
    message(FATAL_ERROR "with CAF ${installed} it ended with ${status} and said '${output}'")
  endif()
endfunction()

expect(0.17.6-1 0 "")
expect(0.17.6-2 1 "caf-for-tsan.sh: the package libcaf-dev came from no archive that apt knows: .*")
file(REMOVE_RECURSE ${FOLDER}/build/deps/caf-tsan)
expect(0.17.6-1 1 "caf-for-tsan.sh: the package libcaf-dev came from no archive that apt knows: .*")
