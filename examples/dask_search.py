# SPDX-License-Identifier: BSD-3-Clause
"""Look for good settings on workers of Dask: scikit-learn's search by successive halving, joblib's backend for Dask."""

import sys

try:
    import joblib
    from distributed import Client, LocalCluster
    from netlet.sklearn import MLPClassifier
    from sklearn.datasets import load_digits
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401  # which makes the next import possible
    from sklearn.model_selection import HalvingGridSearchCV, train_test_split
except ImportError as error:
    sys.exit(f'This example needs {error.name}: {sys.executable} -m pip install ".[dask,sklearn]"')


def main():
    images, digits = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(images / 16, digits, random_state=0)
    settings = {
        "hidden_layer_sizes": [(16,), (64,), (32, 32)],
        "activation": ["relu", "gelu"],
        "alpha": [1e-4, 1e-1],
    }
    model = MLPClassifier(learning_rate_init=0.01, max_iter=500, random_state=0)
    # all candidates on a ninth of the rows, the best third of them on a third, the best of these on all
    search = HalvingGridSearchCV(model, settings, factor=3, cv=3, random_state=0)
    with LocalCluster(dashboard_address=":0") as cluster, Client(cluster), joblib.parallel_config("dask"):
        search.fit(x_train, y_train)  # each task trains one network on one core
    print(f"candidates       {search.n_candidates_}, on {search.n_resources_} rows")
    print(f"best             {search.best_params_}")
    print(f"held-out digits  {100 * search.score(x_test, y_test):.1f} % read right")
    print(f"fingerprint      {search.best_estimator_.network_.fingerprint()}")


if __name__ == "__main__":  # the workers import this file, too
    main()
