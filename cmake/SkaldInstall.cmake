# Installs the libraries, their headers, a CMake package and a pkg-config file.
include(CMakePackageConfigHelpers)

# skald_strip(<folder> <option of strip> <target>...)
#
# Strips what `install` has put into the folder. CMake's own --strip leaves static libraries as they are. The component
# `dbg` installs the targets with their debug information in place of those without.
function(skald_strip folder option)
  foreach(target IN LISTS ARGN)
    install(TARGETS ${target}
      RUNTIME DESTINATION ${folder} COMPONENT dbg EXCLUDE_FROM_ALL
      ARCHIVE DESTINATION ${folder} COMPONENT dbg EXCLUDE_FROM_ALL
      LIBRARY DESTINATION ${folder} COMPONENT dbg EXCLUDE_FROM_ALL)
    install(CODE "
      cmake_path(APPEND file \"\${CMAKE_INSTALL_PREFIX}\" ${folder} $<TARGET_FILE_NAME:${target}>)
      execute_process(COMMAND ${CMAKE_STRIP} ${option} \"\$ENV{DESTDIR}\${file}\" COMMAND_ERROR_IS_FATAL ANY)")
  endforeach()
endfunction()

set(skald_package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/skald)

install(TARGETS skald_store skald_aggregates skald_projection skald_actors EXPORT skaldTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
skald_strip(${CMAKE_INSTALL_LIBDIR} --strip-debug skald_store skald_aggregates skald_projection skald_actors)
install(EXPORT skaldTargets NAMESPACE skald:: DESTINATION ${skald_package_folder})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/skaldConfig.cmake.in
  ${PROJECT_BINARY_DIR}/skaldConfig.cmake INSTALL_DESTINATION ${skald_package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/skaldConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/skaldConfig.cmake
  ${PROJECT_BINARY_DIR}/skaldConfigVersion.cmake
  ${CMAKE_CURRENT_LIST_DIR}/FindCAF.cmake
  ${CMAKE_CURRENT_LIST_DIR}/FindPQXX.cmake
  DESTINATION ${skald_package_folder})

# The file finds the rest from where it lies itself.
file(RELATIVE_PATH skald_pc_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
set(skald_pc_requires "sqlite3 >= 3.40")
if(skald_with_postgres)
  string(APPEND skald_pc_requires ", libpqxx")
endif()
if(NOT Boost_INCLUDE_DIRS IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES) # such as scripts/deps.sh unpacks it
  set(skald_pc_cflags " -I${Boost_INCLUDE_DIRS}")
  set(skald_pc_libs " -L$<TARGET_FILE_DIR:Boost::json>")
endif()
get_target_property(skald_caf_folder CAF::core INTERFACE_INCLUDE_DIRECTORIES)
if(NOT skald_caf_folder IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES) # one of the user's own
  string(APPEND skald_pc_cflags " -I${skald_caf_folder}")
  string(APPEND skald_pc_libs " -L$<TARGET_FILE_DIR:CAF::core>")
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/skald.pc.in ${PROJECT_BINARY_DIR}/skald.pc.in @ONLY)
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/skald.pc INPUT ${PROJECT_BINARY_DIR}/skald.pc.in)
install(FILES ${PROJECT_BINARY_DIR}/skald.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
