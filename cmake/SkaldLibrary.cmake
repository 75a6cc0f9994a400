# skald_library(<folder> HEADERS ... SOURCES ... LINK ... PRIVATE_LINK ...)
#
# One folder, one library, one include root. The root is a folder of the build tree in which `skald/<folder>` is a
# link to the sources, so that <skald/store/record.hpp> is spelt the same in the build tree, installed and in Bazel,
# and a header of a folder that is not linked is not found.

add_library(skald_build_options INTERFACE)
# g++ 12 takes the frames of Asio's coroutines for memory that is freed by the wrong function.
target_compile_options(skald_build_options INTERFACE
  -Wall -Wextra $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete> $<$<BOOL:${SKALD_WERROR}>:-Werror>)
if(SKALD_SANITIZE)
  # What sanitizers add to the code lets g++ warn of uninitialized values that are none.
  target_compile_options(skald_build_options INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
    -fsanitize=${SKALD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(skald_build_options INTERFACE -fsanitize=${SKALD_SANITIZE})
  if(SKALD_SANITIZE STREQUAL thread) # Asio's fences stand beside its locks
    target_compile_options(skald_build_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
endif()

function(skald_library folder)
  cmake_parse_arguments(arg "" "" "HEADERS;SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  set(root ${PROJECT_BINARY_DIR}/include/${folder})
  file(MAKE_DIRECTORY ${root}/skald)
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/skald/${folder} SYMBOLIC)
  list(TRANSFORM arg_HEADERS PREPEND ${root}/skald/${folder}/)

  add_library(skald_${folder} ${arg_SOURCES})
  add_library(skald::${folder} ALIAS skald_${folder})
  set_target_properties(skald_${folder} PROPERTIES EXPORT_NAME ${folder})
  target_sources(skald_${folder} PUBLIC FILE_SET HEADERS BASE_DIRS ${root} FILES ${arg_HEADERS})
  target_compile_features(skald_${folder} PUBLIC cxx_std_20)
  target_link_libraries(skald_${folder}
    PUBLIC ${arg_LINK}
    PRIVATE ${arg_PRIVATE_LINK} $<BUILD_INTERFACE:skald_build_options>)
endfunction()
