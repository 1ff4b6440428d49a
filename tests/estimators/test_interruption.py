# SPDX-License-Identifier: BSD-3-Clause
"""Ctrl-C ends training with a warning, as in scikit-learn, and the estimator is fitted."""

import netlet.sklearn as own
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from helpers import processes
from helpers.estimators import X, Y


def interrupt_after(epochs):
    def callback(epoch, history):
        if len(history.loss) == epochs:
            raise KeyboardInterrupt

    return callback


@pytest.mark.parametrize("settings", [{}, {"solver": "sgd"}, {"early_stopping": True}, {"verbose": False, "tol": 0}], ids=str)
@pytest.mark.parametrize("sparse", [False, True])
def test_an_interrupt(settings, sparse):
    mine = own.MLPRegressor(hidden_layer_sizes=(5,), random_state=0, callbacks=[interrupt_after(3)], **settings)
    with pytest.warns(UserWarning) as caught:
        mine.fit(csr_matrix(X) if sparse else X, Y)
    assert [str(each.message) for each in caught] == ["Training interrupted by user."]
    assert np.isfinite(mine.predict(X)).all()
    assert mine.n_iter_ == len(mine.loss_curve_)
    assert mine.n_iter_ in (2, 3)
    assert mine.predict(X).std() > 0


def test_a_signal_in_the_core_s_loop():
    """No callback is called there: the core looks for signals."""
    code = """
        from netlet.sklearn import MLPRegressor
        warnings.simplefilter("always")
        fitted = MLPRegressor(hidden_layer_sizes=(64, 64), max_iter=10**8, tol=0, n_iter_no_change=10**8, random_state=0)

        def interrupt():
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt, daemon=True).start()
        with warnings.catch_warnings(record=True) as caught:
            fitted.fit(x, y)
        print([str(each.message) for each in caught], np.isfinite(fitted.predict(x)).all(), fitted.n_iter_ > 0)
    """
    assert processes.output(code) == "['Training interrupted by user.'] True True"
