# SPDX-License-Identifier: BSD-3-Clause

from spack_repo.builtin.build_systems.cmake import CMakePackage

from spack.package import *


class Netlet(CMakePackage):
    """Small neural networks at full speed, with the same bits everywhere: the library for C,
    C++ and Fortran. For Python see py-netlet."""

    license("BSD-3-Clause")

    version("0.1.0")  # a release: url above, and sha256 of the source distribution

    variant("shared", default=True, description="Build the shared library, too")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.21:", type="build")

    requires("%gcc", "%clang", "%apple-clang", policy="one_of", msg="needs vectors of GCC or Clang")

    def cmake_args(self):
        return [
            self.define_from_variant("NETLET_BUILD_SHARED", "shared"),
            self.define("NETLET_BUILD_TESTS", self.run_tests),
            self.define("NETLET_INSTALL", True),
        ]
