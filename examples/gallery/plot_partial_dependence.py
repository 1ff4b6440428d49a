# SPDX-License-Identifier: BSD-3-Clause
"""
What a prediction depends on
============================

Which measurements matter for the progress of diabetes, and how? scikit-learn's inspection tools
work with netlet's estimators as with its own.
"""

import matplotlib.pyplot as plt
import numpy as np
from netlet.sklearn import MLPRegressor
from sklearn.datasets import load_diabetes
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.model_selection import train_test_split

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X.columns = [
    *(
        "age",
        "sex",
        "body mass index",
        "blood pressure",
        "cholesterol",
        "LDL",
        "HDL",
        "cholesterol / HDL",
    ),
    *("log of triglycerides", "blood sugar"),
]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %%
# ``standardize`` is netlet's own setting: the scaling of inputs and targets becomes part of the
# network, so no pipeline is needed.

model = MLPRegressor(
    hidden_layer_sizes=(20,),
    alpha=3.0,
    learning_rate_init=0.01,
    max_iter=300,
    standardize=True,
    random_state=0,
)
model.fit(X_train, y_train)
print(f"R² = {model.score(X_test, y_test):.2f} on rows that were held out")

# %%
# The importance of a measurement: how much worse the score gets when its column is shuffled.

importance = permutation_importance(model, X_test, y_test, n_repeats=30, random_state=0)
order = np.argsort(importance.importances_mean)

figure, ax = plt.subplots()
ax.boxplot(importance.importances[order].T, orientation="horizontal", tick_labels=X.columns[order])
ax.set(
    title="Importance of each measurement", xlabel="R² that is lost when the column is shuffled"
)
plt.show()

# %%
# How the prediction depends on the three most important ones: a thin line for each of 50
# patients, and their mean, dashed.

figure, axes = plt.subplots(1, 3, sharey=True)
PartialDependenceDisplay.from_estimator(
    model,
    X_test,
    list(X.columns[order[::-1][:3]]),
    kind="both",
    subsample=50,
    random_state=0,
    ax=axes,
)
for ax in axes:
    ax.set_ylabel("predicted progress" if ax is axes[0] else "")
    ax.get_legend().remove()
figure.suptitle("Progress of the disease after one year, as it is predicted")
plt.show()
