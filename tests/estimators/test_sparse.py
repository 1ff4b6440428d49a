# SPDX-License-Identifier: BSD-3-Clause
"""Sparse rows train and predict to the bits of dense ones, and are never dense as a whole."""

import netlet.sklearn as own
import numpy as np
import pytest
import scipy.sparse
from netlet.sklearn import _training

from helpers.estimators import PROBLEMS, SEVERAL_X

FORMATS = [scipy.sparse.csr_matrix, scipy.sparse.csc_matrix, scipy.sparse.csr_array, scipy.sparse.csc_array]
every_format = pytest.mark.parametrize("sparse", FORMATS, ids=lambda each: each.__name__)
WAYS = {
    "adam": {},
    "sgd": {"solver": "sgd", "batch_size": 40},
    "without shuffle": {"shuffle": False, "batch_size": 32},
    "early stopping": {"early_stopping": True},
    "standardize": {"standardize": True},
    "penalty": {"alpha": 1.0, "hidden_layer_sizes": (5, 4), "batch_size": 60},
    "float32": {"dtype": "float32"},
}


def problem(name):
    name, x, y = PROBLEMS[name]
    x = np.where(np.abs(x) < 0.4, 0, x)
    return getattr(own, name), x, y


def fitted(kind, x, y, **settings):
    return kind(**{"hidden_layer_sizes": (6,), "max_iter": 6, "random_state": 1, **settings}).fit(x, y)


@pytest.mark.parametrize("settings", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("name", ["binary", "multiclass", "multilabel", "multi-output"])
def test_the_bits_of_dense_rows(name, settings):
    kind, x, y = problem(name)
    dense, sparse = (fitted(kind, each, y, **settings) for each in (x, scipy.sparse.csr_matrix(x)))
    assert sparse.network_.fingerprint() == dense.network_.fingerprint()
    assert sparse.loss_curve_ == dense.loss_curve_
    assert sparse.validation_scores_ == dense.validation_scores_
    assert (sparse.predict(scipy.sparse.csr_matrix(x)) == dense.predict(x)).all()


@every_format
def test_formats(sparse):
    kind, x, y = problem("multiclass")
    dense, other = (fitted(kind, each, y) for each in (x, sparse(x)))
    assert other.network_.fingerprint() == dense.network_.fingerprint()
    assert (other.predict_proba(sparse(x)) == dense.predict_proba(x)).all()
    assert other.score(sparse(x), y) == dense.score(x, y)
    other.partial_fit(sparse(x), y)
    assert other.network_.fingerprint() == dense.partial_fit(x, y).network_.fingerprint()


@pytest.mark.parametrize("weights", [None, "some"])
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_batches_above_a_block(monkeypatch, solver, weights):
    monkeypatch.setattr(_training, "BLOCK_ROWS", 32)
    kind, x, y = problem("multilabel")
    weights = weights and np.random.default_rng(0).random(len(x))
    models = []
    for each in x, scipy.sparse.csr_matrix(x):
        model = kind((6,), max_iter=6, random_state=1, solver=solver, batch_size=100)
        with pytest.warns(UserWarning, match="onvergence|onverged|converge"):
            models.append(model.fit(each, y, sample_weight=weights))
    for one, other in zip(*(model.coefs_ for model in models)):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-10)
    assert models[0].loss_ == pytest.approx(models[1].loss_, rel=1e-10)


class Watched(scipy.sparse.csr_matrix):
    """Notes how many rows become dense at a time."""

    seen: list[int] = []  # noqa: RUF012  # of all parts

    def toarray(self, *arguments, **options):
        self.seen.append(self.shape[0])
        return super().toarray(*arguments, **options)

    todense = toarray


CASES = [(200, {}), (200, {"early_stopping": True}), (200, {"standardize": True})]  # rows that are dense at a time
CASES += [
    (1024, {"solver": "lbfgs"}),
    (1024, {"batch_size": 3000}),
    (1024, {"batch_size": 3000, "early_stopping": True}),
]


@pytest.mark.parametrize(("rows", "settings"), CASES)
@pytest.mark.filterwarnings("ignore:lbfgs failed", "ignore:Got `batch_size`")
def test_no_more_rows_are_dense_than_a_block_has(rows, settings):
    Watched.seen.clear()
    x = Watched(np.tile(SEVERAL_X, (25, 1)))
    y = np.arange(x.shape[0]) % 3
    model = own.MLPClassifier((4,), max_iter=2, **settings).fit(x, y)
    model.predict(x)
    model.score(x, y)
    assert isinstance(x[:5], Watched)
    assert max(Watched.seen) <= _training.BLOCK_ROWS < x.shape[0]
    assert rows in Watched.seen


def test_dropout_draws_other_masks_for_sparse_rows_but_does_drop():
    """`Network.fit` draws them by the row, `fit_batches` by its place in the batch."""
    kind, x, y = problem("multiclass")
    x = scipy.sparse.csr_matrix(x)
    one, same, without = (fitted(kind, x, y, dropout=share) for share in (0.3, 0.3, 0.0))
    assert one.network_.fingerprint() == same.network_.fingerprint() != without.network_.fingerprint()


def test_what_needs_dense_rows_says_so():
    with pytest.raises(ValueError, match="batch_size: expected at most 1024 rows for a sparse X with dropout"):
        own.MLPClassifier((4,), dropout=0.1, batch_size=3000).fit(
            scipy.sparse.csr_matrix(np.tile(SEVERAL_X, (30, 1))), np.arange(3600) % 2
        )
