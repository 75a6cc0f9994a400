# Finds libpqxx and gives the target PQXX::pqxx.
#
# Versions that were built with CMake install a CMake package, which is preferred. The distributions' ship a header
# and a library only: they are looked up here.
find_package(libpqxx CONFIG QUIET)
if(TARGET libpqxx::pqxx)
  set(PQXX_FOUND TRUE)
  if(NOT TARGET PQXX::pqxx)
    add_library(PQXX::pqxx INTERFACE IMPORTED)
    target_link_libraries(PQXX::pqxx INTERFACE libpqxx::pqxx)
  endif()
  return()
endif()

find_path(PQXX_INCLUDE_DIR pqxx/pqxx)
find_library(PQXX_LIBRARY pqxx)
mark_as_advanced(PQXX_INCLUDE_DIR PQXX_LIBRARY)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(PQXX REQUIRED_VARS PQXX_LIBRARY PQXX_INCLUDE_DIR)
if(PQXX_FOUND AND NOT TARGET PQXX::pqxx)
  add_library(PQXX::pqxx UNKNOWN IMPORTED)
  set_target_properties(PQXX::pqxx PROPERTIES
    IMPORTED_LOCATION ${PQXX_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${PQXX_INCLUDE_DIR})
endif()
