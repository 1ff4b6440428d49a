# SPDX-License-Identifier: BSD-3-Clause
"""
Calibrated probabilities
========================

Trained for long on few, noisy rows, a network becomes overconfident. netlet's ``MLPClassifier``
works in scikit-learn's pipelines, and in its calibration, too.
"""

import matplotlib.pyplot as plt
from netlet.sklearn import MLPClassifier
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = make_classification(
    n_samples=12_000, n_features=10, n_informative=6, class_sep=0.7, flip_y=0.2, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=2_000, random_state=0)

# %%
# Only the import differs from scikit-learn's own estimator, so pipelines, searches and
# calibration work as usual.

network = make_pipeline(
    StandardScaler(), MLPClassifier((50,), learning_rate_init=0.01, max_iter=1000, random_state=0)
)
models = {
    "network": network.fit(X_train, y_train),
    "calibrated": CalibratedClassifierCV(network, ensemble=False).fit(X_train, y_train),
}
for name, model in models.items():
    probability = model.predict_proba(X_test)[:, 1]
    accuracy, brier = model.score(X_test, y_test), brier_score_loss(y_test, probability)
    print(f"{name:10} accuracy {accuracy:.1%}, Brier {brier:.4f}")

# %%
# Where a model says 80 %, 80 % of the rows should belong to the class: that is the dotted line.

figure, (left, right) = plt.subplots(1, 2)
for name, model in models.items():
    CalibrationDisplay.from_estimator(
        model, X_test, y_test, n_bins=10, strategy="quantile", name=name, ax=left
    )
    right.hist(
        model.predict_proba(X_test)[:, 1],
        bins=40,
        range=(0, 1),
        histtype="step",
        linewidth=1.6,
        label=name,
    )
left.set(
    title="10,000 rows that were held out",
    xlabel="predicted probability",
    ylabel="share of the class",
)
right.set(title="What is predicted", xlabel="predicted probability", ylabel="rows")
right.legend()
plt.show()
