# SPDX-License-Identifier: BSD-3-Clause
"""Tables of pandas and polars: names of columns are learned and checked as scikit-learn does it."""

import netlet.sklearn as own
import numpy as np
import pandas as pd
import pytest
import sklearn.neural_network as theirs

from helpers.estimators import POLARS, X, Y
from helpers.missing import polars

COLUMNS = [f"feature {i}" for i in range(X.shape[1])]
TABLES = {"pandas": lambda x, names: pd.DataFrame(x, columns=names)}
if POLARS:
    TABLES["polars"] = lambda x, names: polars.DataFrame(x, schema=names)
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def fitted(x, library=own):
    return library.MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0).fit(x, Y)


@every_table
def test_names_are_learned(table):
    model = fitted(table(X, COLUMNS))
    assert model.feature_names_in_.tolist() == COLUMNS
    assert model.feature_names_in_.dtype == object
    assert model.network_.feature_names == COLUMNS
    plain = fitted(X)
    assert not hasattr(plain, "feature_names_in_")
    assert plain.network_.feature_names is None
    assert model.network_.fingerprint() == plain.network_.fingerprint()
    assert (model.predict(table(X, COLUMNS)) == plain.predict(X)).all()


CHANGED = {
    "another order": COLUMNS[::-1],
    "other names": ["other", *COLUMNS[1:]],
    "one fewer": COLUMNS[1:],
    "one more": [*COLUMNS, "more"],
}


@every_table
@pytest.mark.parametrize("names", CHANGED.values(), ids=CHANGED)
def test_other_names_are_refused_in_scikit_learn_s_words(table, names):
    messages = []
    for library in own, theirs:
        model = fitted(table(X, COLUMNS), library)
        with pytest.raises(ValueError) as caught:  # noqa: PT011  # the words are compared
            model.predict(table(np.resize(X, (10, len(names))), names))
        messages.append(str(caught.value))
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            model.partial_fit(table(np.resize(X, (len(Y), len(names))), names), Y)
        messages.append(str(caught.value))
    assert messages[:2] == messages[2:]


@every_table
def test_rows_without_names_are_warned_of_in_scikit_learn_s_words(table):
    for first, then in (table(X, COLUMNS), X), (X, table(X, COLUMNS)):
        messages = []
        for library in own, theirs:
            model = fitted(first, library)
            with pytest.warns(UserWarning, match="feature names") as caught:
                model.predict(then)
            messages.append([str(warned.message) for warned in caught])
        assert messages[0] == messages[1]


def test_columns_of_several_types():
    frame = pd.DataFrame({"small": np.float32(X[:, 0]), "whole": np.arange(len(Y)) % 5, "yes": Y > 0})
    whole = frame.to_numpy(np.float64)
    model = fitted(frame)
    assert (model.predict(frame) == fitted(whole).predict(whole)).all()
    with pytest.raises(ValueError, match="could not convert string to float"):
        fitted(frame.assign(text="some"))


def test_labels_and_targets_in_tables():
    labels = pd.Series(np.where(Y > 0, "high", "low"), index=np.arange(len(Y)) * 7)
    model = own.MLPClassifier((4,), max_iter=3, random_state=0).fit(pd.DataFrame(X), labels)
    assert model.classes_.tolist() == ["high", "low"]
    assert not hasattr(model, "feature_names_in_")  # names that are numbers are none
    category = own.MLPClassifier((4,), max_iter=3, random_state=0).fit(X, labels.astype("category"))
    assert category.network_.fingerprint() == model.network_.fingerprint()
    two = own.MLPRegressor((4,), max_iter=3, random_state=0).fit(X, pd.DataFrame({"one": Y, "two": -Y}))
    assert two.predict(X).shape == (len(Y), 2)


@pytest.mark.parametrize("missing", [np.nan, np.inf, None], ids=str)
def test_missing_values_are_refused_in_scikit_learn_s_words(missing):
    x = X.astype(object) if missing is None else X.copy()
    x[3, 4] = missing
    messages = []
    for library in own, theirs:
        with pytest.raises(ValueError, match=r"Input X contains|must be a real number|NoneType") as caught:
            fitted(x, library)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
