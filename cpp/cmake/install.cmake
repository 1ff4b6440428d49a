# SPDX-License-Identifier: BSD-3-Clause
# The files of an installed netlet. None of them contains its own location, so the folder can be moved.
include(CMakePackageConfigHelpers)
if(netlet_under_pip)
  set(CMAKE_INSTALL_LIBDIR lib)  # the same tree in every wheel
endif()
include(GNUInstallDirs)
set(netlet_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/netlet)

install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/include/netlet DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT netlet_Development)
install(TARGETS netlet EXPORT netlet-static-targets ARCHIVE COMPONENT netlet_Development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT netlet-static-targets NAMESPACE netlet:: DESTINATION ${netlet_cmake_dir} COMPONENT netlet_Development)
if(NETLET_BUILD_SHARED)
  install(TARGETS netlet_shared EXPORT netlet-shared-targets
    RUNTIME COMPONENT netlet_Runtime
    LIBRARY COMPONENT netlet_Runtime NAMELINK_COMPONENT netlet_Development
    ARCHIVE COMPONENT netlet_Development
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT netlet-shared-targets NAMESPACE netlet:: DESTINATION ${netlet_cmake_dir} COMPONENT netlet_Development)
  set(netlet_pc_libs "")
  set(netlet_pc_libs_private "-pthread -lm")
else()
  set(netlet_pc_libs " -pthread -lm")  # the only library is static
  set(netlet_pc_libs_private "")
endif()

configure_package_config_file(cmake/netletConfig.cmake.in netletConfig.cmake INSTALL_DESTINATION ${netlet_cmake_dir}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(netletConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/netletConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/netletConfigVersion.cmake
  ${CMAKE_CURRENT_SOURCE_DIR}/cmake/netletFortran.cmake
  DESTINATION ${netlet_cmake_dir} COMPONENT netlet_Development)

if(NOT netlet_under_pip)  # a wheel has the licence in its metadata
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/netlet
    COMPONENT netlet_Development)
endif()

# From the folder of netlet.pc up to the prefix; folders given as absolute paths stay absolute.
file(RELATIVE_PATH netlet_pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(kind IN ITEMS INCLUDE LIB)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${kind}DIR}")
    set(netlet_pc_${kind} "${CMAKE_INSTALL_${kind}DIR}")
  else()
    set(netlet_pc_${kind} "\${prefix}/${CMAKE_INSTALL_${kind}DIR}")
  endif()
endforeach()
configure_file(cmake/netlet.pc.in netlet.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/netlet.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT netlet_Development)
