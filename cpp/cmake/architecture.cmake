# SPDX-License-Identifier: BSD-3-Clause
# The processor that is built for: netlet_architecture, a definition for the sources, and netlet_isas, its kernels.
if(EMSCRIPTEN OR CMAKE_SYSTEM_NAME STREQUAL "WASI")
  set(netlet_architecture NETLET_WASM)
  set(netlet_isas wasm)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(netlet_architecture NETLET_X86)
  set(netlet_isas baseline avx2 avx512 avx512vl)  # the last: shorter vectors, for small layers
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  set(netlet_architecture NETLET_ARM)
  set(netlet_isas neon)
else()
  set(netlet_architecture NETLET_OTHER)
  set(netlet_isas baseline)
endif()
