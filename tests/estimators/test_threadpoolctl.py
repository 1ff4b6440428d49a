# SPDX-License-Identifier: BSD-3-Clause
"""threadpoolctl shows and limits the threads of netlet."""

import shutil
from pathlib import Path

import netlet
import netlet.sklearn
import pytest
import threadpoolctl
from netlet.sklearn import _threads
from numpy.random import bit_generator
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits

from helpers.processes import output


def shown():
    return [library for library in threadpool_info() if library["user_api"] == "netlet"]


def test_threadpool_info_says_what_netlet_uses(set_num_threads):
    set_num_threads(5)
    (library,) = shown()
    assert library == {
        "user_api": "netlet",
        "internal_api": "netlet",
        "num_threads": 5,
        "prefix": "_core",
        "filepath": str(Path(netlet._core.__file__).resolve()),
        "version": netlet.__version__,
    }


@pytest.mark.parametrize("which", [{}, {"user_api": "netlet"}])
def test_a_limit_holds_within_its_block_only(which, set_num_threads):
    set_num_threads(5)
    with threadpool_limits(limits=1, **which):
        assert netlet.get_num_threads() == shown()[0]["num_threads"] == 1
        with threadpool_limits(limits=2, **which):
            assert netlet.get_num_threads() == 2
        assert netlet.get_num_threads() == 1
    assert netlet.get_num_threads() == 5


def test_decorators_and_controllers_limit_too(set_num_threads):
    set_num_threads(5)
    assert threadpool_limits.wrap(limits={"netlet": 2})(netlet.get_num_threads)() == 2
    with ThreadpoolController().limit(limits=3, user_api="netlet"):
        assert netlet.get_num_threads() == 3
    unlimited = threadpool_limits(limits=4, user_api="netlet")
    assert netlet.get_num_threads() == 4
    unlimited.restore_original_limits()
    assert netlet.get_num_threads() == 5


def test_limits_of_others_are_not_netlet_s(set_num_threads):
    set_num_threads(5)
    for api in ("blas", "openmp"):
        with threadpool_limits(limits=1, user_api=api):
            assert netlet.get_num_threads() == 5


@pytest.mark.parametrize(("limit", "expected"), [(0, 1), (5000, 1024)])
def test_a_number_that_cannot_be_is_the_nearest(limit, expected, set_num_threads):
    set_num_threads(5)
    with threadpool_limits(limits=limit, user_api="netlet"):
        assert netlet.get_num_threads() == expected
    assert netlet.get_num_threads() == 5


def test_a_limit_in_a_limited_thread_restores_the_process_s_number(set_num_threads):
    set_num_threads(5)
    with netlet.thread_limit(1), threadpool_limits(limits=2, user_api="netlet"):
        assert netlet.get_num_threads() == 2
    assert netlet.get_num_threads() == 5


def test_it_may_have_looked_before_and_takes_no_other_module_for_netlet(tmp_path):
    """netlet is loaded when threadpoolctl looks for the first time; other extensions are called _core, too."""
    shutil.copy(bit_generator.__file__, tmp_path / "_core.so")
    code = f"""
        import ctypes, sys
        assert not {{"threadpoolctl", "sklearn"}} & set(sys.modules)
        other = ctypes.CDLL({str(tmp_path / "_core.so")!r})
        from threadpoolctl import threadpool_info, threadpool_limits
        assert all(library["user_api"] != "netlet" for library in threadpool_info())
        import netlet.sklearn
        netlet.set_num_threads(3)
        with threadpool_limits(limits=1):
            print([library["num_threads"] for library in threadpool_info() if library["user_api"] == "netlet"])
        print(netlet.get_num_threads())
    """
    assert output(code).split() == ["[1]", "3"]


def test_an_old_threadpoolctl_is_left_alone(monkeypatch):
    monkeypatch.setattr(threadpoolctl, "__version__", "3.2.0")
    monkeypatch.delattr(threadpoolctl, "register", raising=False)
    _threads.register()
