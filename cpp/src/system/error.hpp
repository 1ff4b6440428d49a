// SPDX-License-Identifier: BSD-3-Clause
// Statuses and messages instead of exceptions.
#pragma once

#include "netlet/netlet.h"

namespace netlet::core {

// Writes the message to *error, unless null, and returns the status.
netlet_status fail(netlet_error* error, netlet_status status, const char* format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

// Puts a name before a failure's message.
netlet_status within(const char* name, netlet_status status, netlet_error* error);

netlet_status out_of_memory(netlet_error* error);
// what: "network" or "optimizer"
netlet_status busy(const char* call, const char* what, netlet_error* error);

// returns the status of a call that failed
#define NETLET_TRY(call)                                          \
  do {                                                            \
    const netlet_status netlet_try_status = (call);               \
    if (netlet_try_status != NETLET_OK) return netlet_try_status; \
  } while (0)

}  // namespace netlet::core
