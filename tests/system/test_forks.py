# SPDX-License-Identifier: BSD-3-Clause
"""A forked child computes on, with threads of its own."""

import pytest

from helpers.processes import TIMEOUT, output


def test_a_forked_child_has_threads_and_bits_of_its_own():
    code = f"""
        import multiprocessing

        if __name__ == "__main__":
            expected = work()
            with multiprocessing.get_context("fork").Pool(3) as pool:
                results = [pool.apply_async(work) for _ in range(6)]
                assert {{result.get({TIMEOUT}) for result in results}} == {{expected}}
            assert work() == expected
            print("same")
    """
    assert output(code, NETLET_NUM_THREADS="4") == "same"


def test_a_child_of_a_forked_child_works_too():
    code = """
        expected = work()
        for _ in range(3):
            child = os.fork()
            if child:
                os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            if work() != expected:
                os._exit(1)
    """
    assert output(code, NETLET_NUM_THREADS="4") == ""


def test_a_fork_from_within_a_callback_works():
    code = """
        def fork(epoch, history):
            child = os.fork()
            if not child:
                os._exit(0 if work() == expected else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

        expected = work()
        Network([40, 64, 10], seed=1).fit(x, y, epochs=3, learning_rate=1e-4, callback=fork)
    """
    assert output(code, NETLET_NUM_THREADS="4") == ""


def test_a_child_forgets_what_other_threads_of_its_parent_held():
    code = """
        net = Network([40, 64, 10], reduction="mean", seed=1)
        threading.Thread(target=lambda: net.fit(x, y, epochs=10**9), daemon=True).start()
        wait_for_epoch(net)
        child = os.fork()
        if child == 0:
            net.forward(x)
            net.fit(x, y, epochs=1)
            os._exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert output(code) == "7"


@pytest.mark.parametrize("read", ["net.forward(x)", "pass"])
def test_a_child_made_in_a_callback_may_read_the_network_and_goes_on_training(read):
    code = f"""
        net, child = Network([40, 64, 10], reduction="mean", seed=1), []
        def fork(epoch, history):
            if epoch == 1:
                child.append(os.fork())
                {read}
        net.fit(x, y, epochs=4, callback=fork)
        if child[0] == 0:
            os._exit(0 if net.epochs_trained == 4 else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child[0], 0)[1]))
    """
    assert output(code) == "0"
