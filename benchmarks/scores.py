# SPDX-License-Identifier: BSD-3-Clause
"""Scores of netlet and of scikit-learn's multilayer perceptron, same settings, on data that ships with scikit-learn.

One hidden layer of 100 relu units, Adam at 0.001, alpha 1e-4, batches of 200 (or all rows, if fewer), 200 epochs,
float64, one thread. Inputs and regression targets are standardized by the mean and deviation of the training rows. Five
folds, each with `--seeds` seeds; only fit is timed.
"""

import argparse
import platform
import time
import warnings

import netlet
import numpy as np

try:
    import sklearn
    from sklearn import datasets
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import accuracy_score, r2_score
    from sklearn.model_selection import KFold, StratifiedKFold
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from threadpoolctl import threadpool_limits
except ImportError as error:
    raise SystemExit(f"{error.name} is missing: pip install scikit-learn") from None

EPOCHS, ALPHA = 200, 1e-4
DATA = {
    "digits": datasets.load_digits,
    "breast cancer": datasets.load_breast_cancer,
    "wine": datasets.load_wine,
    "iris": datasets.load_iris,
    "diabetes": datasets.load_diabetes,
}


def fit_netlet(x, y, classes, seed):
    """Return a function that trains and one that predicts."""
    batch = min(200, len(x))
    net = netlet.Network(
        [x.shape[1], 100, classes or 1],
        activation="relu",
        output_activation=None if classes else "identity",
        loss="cross_entropy" if classes else "squared_error",
        reduction="mean",
        seed=seed,
    )
    optimizer = netlet.Adam(l2=ALPHA / batch)  # scikit-learn divides its penalty by the number of rows in a batch
    return lambda: net.fit(x, y, epochs=EPOCHS, batch_size=batch, optimizer=optimizer), net.predict


def fit_sklearn(x, y, classes, seed):
    model = (MLPClassifier if classes else MLPRegressor)(
        hidden_layer_sizes=(100,), alpha=ALPHA, max_iter=EPOCHS, tol=0, n_iter_no_change=EPOCHS, random_state=seed
    )
    return lambda: model.fit(x, y), model.predict


def run(name, seeds):
    """Scores and times of both libraries, as arrays over folds and seeds."""
    x, y = DATA[name](return_X_y=True)
    classes = 0 if name == "diabetes" else len(np.unique(y))
    folds = (StratifiedKFold if classes else KFold)(5, shuffle=True, random_state=0)
    score = accuracy_score if classes else r2_score
    scores, times = ([], []), ([], [])
    for train, test in folds.split(x, y):
        mean, deviation = x[train].mean(axis=0), x[train].std(axis=0)
        deviation[deviation == 0] = 1
        inputs, held_out = (x[train] - mean) / deviation, (x[test] - mean) / deviation
        shift, scale = (0, 1) if classes else (y[train].mean(), y[train].std())
        targets = y[train] if classes else (y[train] - shift) / scale
        for seed in range(seeds):
            for i, library in enumerate((fit_netlet, fit_sklearn)):
                fit, predict = library(inputs, targets, classes, seed)
                start = time.perf_counter()
                fit()
                times[i].append(time.perf_counter() - start)
                predicted = predict(held_out)
                scores[i].append(score(y[test], predicted if classes else predicted * scale + shift))
    return np.array(scores), np.array(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds per fold")
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA), help="run only these")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are fixed
    netlet.set_num_threads(1)
    print(f"netlet {netlet.__version__} ({netlet.isa()}), scikit-learn {sklearn.__version__}, {platform.machine()}")
    print(f"means of 5 folds x {arguments.seeds} seeds, with the standard error of the mean difference")
    print()
    print("| data | score | netlet | scikit-learn | difference | netlet's fit | times as fast |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    with threadpool_limits(1):
        for name in arguments.data:
            (ours, theirs), (our_times, their_times) = run(name, arguments.seeds)
            difference = ours - theirs
            error = difference.std(ddof=1) / np.sqrt(len(difference))
            kind = "R²" if name == "diabetes" else "accuracy"
            print(
                f"| {name} | {kind} | {ours.mean():.4f} | {theirs.mean():.4f} | {difference.mean():+.4f} ± {error:.4f} "
                f"| {1000 * np.median(our_times):.1f} ms | {np.median(their_times / our_times):.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
