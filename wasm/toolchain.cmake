# SPDX-License-Identifier: BSD-3-Clause
# WebAssembly by zig's Clang and C library, from the Python package ziglang:
#   python -m pip install ziglang && cmake --preset wasm && cmake --build --preset wasm
set(CMAKE_SYSTEM_NAME WASI)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
find_program(NETLET_PYTHON NAMES python3 python REQUIRED)  # one that has the package
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES NETLET_PYTHON)
set(netlet_target -target wasm32-wasi -mcpu=generic+simd128)
foreach(language IN ITEMS C CXX)
  set(netlet_command_C cc)
  set(netlet_command_CXX c++)
  set(CMAKE_${language}_COMPILER ${NETLET_PYTHON} -m ziglang ${netlet_command_${language}} ${netlet_target})
endforeach()
foreach(tool IN ITEMS AR RANLIB)  # CMake takes no arguments with these
  string(TOLOWER ${tool} name)
  file(WRITE ${CMAKE_BINARY_DIR}/zig-${name} "#!/bin/sh\nexec '${NETLET_PYTHON}' -m ziglang ${name} \"$@\"\n")
  file(CHMOD ${CMAKE_BINARY_DIR}/zig-${name} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
  set(CMAKE_${tool} ${CMAKE_BINARY_DIR}/zig-${name})
endforeach()
