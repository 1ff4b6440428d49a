// SPDX-License-Identifier: BSD-3-Clause
#include "system/error.hpp"

#include <stdarg.h>
#include <stdio.h>

namespace netlet::core {

netlet_status fail(netlet_error* error, netlet_status status, const char* format, ...) {
  if (error) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    error->system_error = 0;
  }
  return status;
}

netlet_status within(const char* name, netlet_status status, netlet_error* error) {
  if (status == NETLET_OK || !error) return status;
  const netlet_error message = *error;
  fail(error, status, "%s: %s", name, message.message);
  error->system_error = message.system_error;
  return status;
}

netlet_status out_of_memory(netlet_error* error) { return fail(error, NETLET_ERROR_MEMORY, "out of memory"); }

netlet_status busy(const char* call, const char* what, netlet_error* error) {
  return fail(error, NETLET_ERROR_BUSY, "%s: another call is using this %s", call, what);
}

}  // namespace netlet::core
