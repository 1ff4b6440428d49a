# SPDX-License-Identifier: BSD-3-Clause
# netlet::fortran, the module netlet with the library: built when something links it, if the project has Fortran.
function(netlet_add_fortran source)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT "Fortran" IN_LIST languages OR TARGET netlet_fortran OR NOT EXISTS "${source}")
    return()
  endif()
  add_library(netlet_fortran STATIC EXCLUDE_FROM_ALL "${source}")
  add_library(netlet::fortran ALIAS netlet_fortran)
  set(modules "${CMAKE_CURRENT_BINARY_DIR}/netlet_fortran_modules")
  set_target_properties(netlet_fortran PROPERTIES Fortran_MODULE_DIRECTORY "${modules}" POSITION_INDEPENDENT_CODE ON)
  target_include_directories(netlet_fortran INTERFACE "${modules}")
  target_link_libraries(netlet_fortran PUBLIC netlet::netlet)
endfunction()
