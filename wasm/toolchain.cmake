# SPDX-License-Identifier: BSD-3-Clause
# WebAssembly by zig's Clang and C library, from the Python package ziglang:
#   python -m pip install ziglang && cmake --preset wasm && cmake --build --preset wasm
set(CMAKE_SYSTEM_NAME WASI)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
find_program(NETLET_PYTHON NAMES python3 python REQUIRED)  # one that has the package
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES NETLET_PYTHON)
execute_process(COMMAND ${NETLET_PYTHON} -m ziglang version RESULT_VARIABLE netlet_failed OUTPUT_QUIET ERROR_QUIET)
if(netlet_failed)
  message(FATAL_ERROR "${NETLET_PYTHON} has no package ziglang: install it, or name another Python by -DNETLET_PYTHON=")
endif()
set(netlet_C cc)
set(netlet_CXX c++)
foreach(language IN ITEMS C CXX)
  set(CMAKE_${language}_COMPILER ${NETLET_PYTHON} -m ziglang ${netlet_${language}} -target wasm32-wasi
    -mcpu=generic+simd128)
  set(CMAKE_${language}_ARCHIVE_CREATE "\"${NETLET_PYTHON}\" -m ziglang ar qc <TARGET> <OBJECTS>")
  set(CMAKE_${language}_ARCHIVE_APPEND "\"${NETLET_PYTHON}\" -m ziglang ar q <TARGET> <OBJECTS>")
  set(CMAKE_${language}_ARCHIVE_FINISH "")
endforeach()
find_program(NETLET_NODE NAMES node)  # for the tests
if(NETLET_NODE)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${NETLET_NODE} --no-warnings ${CMAKE_CURRENT_LIST_DIR}/../cpp/tests/wasi.mjs)
endif()
