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


@pytest.mark.parametrize(
    "settings", [{}, {"solver": "sgd"}, {"early_stopping": True}, {"verbose": False, "tol": 0}], ids=str
)
@pytest.mark.parametrize("sparse", [False, True])
def test_an_interrupt(settings, sparse):
    mine = own.MLPRegressor(hidden_layer_sizes=(5,), random_state=0, callbacks=[interrupt_after(3)], **settings)
    with pytest.warns(UserWarning, match="interrupted") as caught:
        mine.fit(csr_matrix(X) if sparse else X, Y)
    assert [str(each.message) for each in caught] == ["Training interrupted by user."]
    assert np.isfinite(mine.predict(X)).all()
    assert mine.n_iter_ == len(mine.loss_curve_)
    assert mine.n_iter_ in (2, 3)
    assert mine.predict(X).std() > 0


def test_a_signal_while_no_callback_is_called():
    code = """
        import sys
        from netlet.sklearn import MLPRegressor

        model = MLPRegressor((64, 64), max_iter=10**8, tol=0, n_iter_no_change=10**8, random_state=0)

        def names(frame):
            while frame is not None:
                yield frame.f_code.co_name
                frame = frame.f_back

        def interrupt():
            main = threading.main_thread().ident
            while "fit_dense" not in names(sys._current_frames()[main]):
                time.sleep(0.001)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt, daemon=True).start()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(x, y)
        print([str(each.message) for each in caught], np.isfinite(model.predict(x)).all())
    """
    assert processes.output(code) == "['Training interrupted by user.'] True"
