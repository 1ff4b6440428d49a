# SPDX-License-Identifier: BSD-3-Clause
"""A day with netlet.sklearn: a table with text and gaps, a grid search, calibration, files, a fresh process."""

import subprocess
import sys

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from netlet import Network, fingerprint
from netlet.sklearn import MLPClassifier
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.metrics import brier_score_loss, classification_report
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def hashes(model, passengers, classifier, inputs) -> str:
    return f"{fingerprint(model.predict_proba(passengers))} {fingerprint(classifier.predict_proba(inputs))}"


if sys.argv[1:] == ["load"]:  # the fresh process
    classifier = MLPClassifier.from_network(Network.load("titanic.netlet"))
    files = joblib.load("titanic.joblib"), pd.read_csv("passengers.csv"), classifier, joblib.load("inputs.joblib")
    sys.exit(print(hashes(*files)))

try:
    from bokeh_sampledata.titanic import data
except ModuleNotFoundError:
    sys.exit(f"This example needs {sys.executable} -m pip install bokeh_sampledata")

# 1,313 passengers; many ages are unknown, and a class
X, y = data[["class", "age", "sex"]].replace("*", np.nan), data["survived"].map({0: "died", 1: "survived"})
print(X.describe(include="all"), end="\n\n")
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

columns = make_column_transformer(
    (make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), ["age"]),
    (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(sparse_output=False)), ["class", "sex"]),
    verbose_feature_names_out=False,
).set_output(transform="pandas")
pipeline = make_pipeline(columns, MLPClassifier(learning_rate_init=0.01, max_iter=300, random_state=0))
grid = {
    "mlpclassifier__hidden_layer_sizes": [(16,), (16, 16)],
    "mlpclassifier__alpha": [1e-4, 1e-1],
    "mlpclassifier__activation": ["relu", "gelu"],  # gelu is netlet's
}
search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=3).fit(X_train, y_train)
best = search.best_estimator_
print(f"best of {len(search.cv_results_['params'])}: {search.best_params_}, log loss {-search.best_score_:.3f}\n")

calibrated = CalibratedClassifierCV(best, cv=5).fit(X_train, y_train)
print(classification_report(y_test, calibrated.predict(X_test)))
for name, model in {"as trained": best, "calibrated": calibrated}.items():
    score = brier_score_loss(y_test, model.predict_proba(X_test)[:, 1], pos_label="survived")
    print(f"{name}: accuracy {model.score(X_test, y_test):.3f}, Brier score {score:.3f}")
importance = permutation_importance(best, X_test, y_test, random_state=0).importances_mean
print("what it depends on:", dict(zip(X.columns, importance.round(3).tolist())), end="\n\n")

joblib.dump(calibrated, "titanic.joblib")  # all of it, as a pickle
best[-1].network_.save("titanic.netlet")  # the network, with classes and names, for C and C++, too
X_test.to_csv("passengers.csv", index=False)
inputs = best[:-1].transform(X_test)
joblib.dump(inputs, "inputs.joblib")
command = [sys.executable, __file__, "load"]
fresh = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
print(Network.load("titanic.netlet").summary())
print("a fresh process predicts the same, to the bit:", fresh == hashes(calibrated, X_test, best[-1], inputs))

axes = plt.figure(figsize=(6, 5), layout="constrained").subplots()
for name, model in {"as trained": best, "calibrated": calibrated}.items():
    CalibrationDisplay.from_estimator(model, X_test, y_test, n_bins=8, strategy="quantile", name=name, ax=axes)
axes.set(title="Titanic: predicted and actual shares of survivors")
axes.figure.savefig("scikit_learn.png", dpi=120)
