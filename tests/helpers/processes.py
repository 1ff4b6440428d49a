# SPDX-License-Identifier: BSD-3-Clause
"""Python code in processes of their own."""

import os
import subprocess
import sys
import textwrap

TIMEOUT = 120  # seconds; only a deadlock takes so long
BEGIN = """
    import os, signal, threading, time, warnings
    import numpy as np
    import netlet
    from netlet import Network

    warnings.simplefilter("ignore", netlet.TrainingWarning)  # there is nothing to be learned from random targets

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(1500, 40)), rng.random((1500, 10))

    def work():
        net = Network([40, 64, 64, 10], reduction="mean", seed=1)
        net.forward(x)
        net.fit(x, y, epochs=3, batch_size=700)
        return net.fingerprint()

    def wait_for_epoch(net):
        while not net.epochs_trained:
            time.sleep(0.001)

    def send_once_training(net, number):
        def wait_and_send():
            wait_for_epoch(net)
            os.kill(os.getpid(), number)

        threading.Thread(target=wait_and_send, daemon=True).start()
"""


def run(code, **environment):
    """Run Python code, after BEGIN."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("NETLET_", "OMP_"))}
    return subprocess.run(
        # from Python 3.12 on a fork beside threads is warned of; that it works is what is tested
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(BEGIN) + textwrap.dedent(code)],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def output(code, **environment):
    """What it prints; it must end with status 0, and without a word on standard error."""
    result = run(code, **environment)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.strip()
