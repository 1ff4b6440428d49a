/* SPDX-License-Identifier: BSD-3-Clause */
/* The one place the versions are written: CMake and the Python build read them from here. */
#ifndef NETLET_VERSION_H
#define NETLET_VERSION_H

#define NETLET_VERSION_MAJOR 0
#define NETLET_VERSION_MINOR 1
#define NETLET_VERSION_PATCH 0
/* One number to compare in #if: 102 is 0.1.2, 10203 is 1.2.3. */
#define NETLET_VERSION_NUMBER (NETLET_VERSION_MAJOR * 10000 + NETLET_VERSION_MINOR * 100 + NETLET_VERSION_PATCH)

/* Goes up with every change of the bits that a computation gives (CHANGELOG.md, heading Numerics). */
#define NETLET_NUMERICS_VERSION 3

#endif
