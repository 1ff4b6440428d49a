# SPDX-License-Identifier: BSD-3-Clause

from spack_repo.builtin.build_systems.python import PythonPackage

from spack.package import *


class PyNetlet(PythonPackage):
    """Small neural networks at full speed, with the same bits everywhere."""

    license("BSD-3-Clause")

    version("0.1.0")  # a release: pypi = "netlet/netlet-0.1.0.tar.gz", and its sha256

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.21:", type="build")
    depends_on("ninja", type="build")

    depends_on("python@3.10:", type=("build", "link", "run"))
    depends_on("py-numpy@2:", type=("build", "run"))
    depends_on("py-pybind11@3.0.2:", type="build")
    depends_on("py-scikit-build-core@0.11:", type="build")

    requires("%gcc", "%clang", "%apple-clang", policy="one_of", msg="needs vectors of GCC or Clang")
