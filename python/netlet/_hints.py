# SPDX-License-Identifier: BSD-3-Clause
"""What to say to arguments that have another name here, or belong to another call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# what others call it
_NAMES = {
    "learning_rate": ("lr", "eta", "learning_rate_init", "step_size", "rate"),
    "gamma": ("factor", "decay", "decay_rate", "rate"),
    "period": ("step_size", "T_max", "decay_steps", "steps", "epochs"),
    "floor": ("eta_min", "min_lr", "alpha", "minimum", "min_factor"),
    "epochs": ("n_epochs", "num_epochs", "nb_epoch", "epoch", "max_iter", "n_iter", "iterations", "num_iterations"),
    "batch_size": ("batch", "batchsize", "minibatch_size", "mini_batch_size"),
    "optimizer": ("optimiser", "solver", "opt"),
    "progress": ("verbose", "show_progress"),
    "seed": ("random_state", "random_seed", "rng"),
    "validation_data": ("validation", "val_data", "validation_set", "eval_set"),
    "validation_split": ("val_split", "validation_fraction", "test_size"),
    "patience": ("early_stopping", "n_iter_no_change"),
    "min_delta": ("tol", "threshold"),
    "schedule": ("scheduler", "lr_scheduler", "learning_rate_schedule"),
    "sample_weight": ("sample_weights", "weights", "weight"),
    "class_weight": ("class_weights",),
    "standardize": ("normalize", "scale"),
    "shuffle_buffer": ("buffer", "buffer_size", "bufsize", "shuffle_buffer_size", "shuffle_window", "window"),
    "dropout": ("dropout_rate", "drop"),
    "path": ("filepath", "filename", "file", "name", "dirpath"),
    "every": ("save_freq", "period", "interval", "every_n_epochs", "frequency", "epochs"),
    "best": ("save_best_only", "best_only", "save_best"),
    "keep": ("keep_last", "max_to_keep", "save_top_k", "n_saved"),
    "seconds": ("interval", "timeout", "max_time"),
    "append": ("mode",),
    "classes": ("labels", "class_names", "classes_", "target_names"),
    "layer_sizes": ("hidden_layer_sizes", "sizes", "layers", "hidden_layers", "hidden_sizes"),
    "activation": ("activations", "act", "nonlinearity", "hidden_activation"),
    "output_activation": ("out_activation", "final_activation"),
    "loss": ("loss_function", "loss_fn", "criterion", "objective"),
    "init": ("initializer", "kernel_initializer", "weights_init", "weights"),
    "beta_1": ("beta1", "betas"),
    "beta_2": ("beta2", "betas"),
    "epsilon": ("eps",),
    "nesterov": ("nesterovs_momentum",),
    "rho": ("smoothing", "decay_rate", "alpha"),
    "l2": ("alpha", "weight_decay", "l2_penalty"),
    "l1": ("l1_penalty",),
    "clip_norm": ("clipnorm", "max_norm", "grad_clip"),
    "clip_value": ("clipvalue",),
}
_HERE: dict[str, list[str]] = {}
for _name, _aliases in _NAMES.items():
    for _alias in _aliases:
        _HERE.setdefault(_alias, []).append(_name)
# whose argument it is, in place of another's
_OWNERS = {
    **dict.fromkeys(("activation", "output_activation", "loss", "reduction", "init", "dropout", "dtype"), "Network"),
    "layer_sizes": "Network",
    **dict.fromkeys(
        ("epochs", "batch_size", "optimizer", "progress", "validation_data", "patience", "schedule", "resume"),
        "fit",
    ),
    **dict.fromkeys(("sample_weight", "class_weight", "standardize", "validation_split", "metrics", "shuffle"), "fit"),
    "classes": "Network",
    "shuffle_buffer": "fit_batches",
    "learning_rate": "fit, or of an optimizer",
    **dict.fromkeys(
        ("momentum", "nesterov", "beta_1", "beta_2", "epsilon", "rho"), "an optimizer, such as netlet.SGD()"
    ),
    **dict.fromkeys(("l1", "l2", "clip_norm", "clip_value"), "an optimizer, such as netlet.SGD()"),
}


def hint(unknown: str, known: Iterable[str]) -> str:
    """What follows a message about an unknown argument; nothing if nothing is like it."""
    known = list(known)
    here = _HERE.get(unknown, [unknown])
    names = [name for name in here if name in known]
    if names:
        more = " (of all layers, inputs and outputs, too)" if unknown.startswith("hidden") else ""
        return f"; here it is {(' and ' if unknown == 'betas' else ' or ').join(map(repr, names))}{more}"
    for name in here:
        if name in _OWNERS:
            return f"; {name!r} is an argument of {_OWNERS[name]}"
    import difflib  # it takes long to import

    close = difflib.get_close_matches(unknown, known, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def hint_of_many(code: Any, args: tuple[Any, ...]) -> str:
    """What is wrong with more arguments without a name than a function takes."""
    own = code.co_varnames[1 : code.co_argcount]
    named = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    text = f"takes {', '.join(own) or 'nothing'} without a name, got {len(args) - 1} arguments"
    if own == ("layer_sizes",) and all(isinstance(size, int) for size in args[1:]):
        return f"{text}; the layer sizes are a list: Network({list(args[1:])})"
    return f"{text}; all others are given by name, such as {named[0]}=..." if named else text


# what others have, and what it is here
_CALLBACKS = {
    "EarlyStopping": "fit(..., validation_data=..., patience=10), which also restores the best parameters",
    "ModelCheckpoint": "Checkpoint(path, best=True)",
    "BackupAndRestore": "Checkpoint(path), and Network.load_checkpoint(path) with fit(..., resume=True)",
    "CSVLogger": "CSVLog(path)",
    "TerminateOnNaN": "not needed: fit ends with a DivergenceError by itself",
    "LearningRateScheduler": "fit(..., schedule=...): one of netlet.schedules, or a function of the epoch",
    "ReduceLROnPlateau": "fit(..., schedule=netlet.schedules.ReduceOnPlateau())",
    "LambdaCallback": "a function f(epoch, history), or a subclass of Callback",
    "TensorBoard": "CSVLog(path) or a subclass of Callback",
    "ProgbarLogger": "fit(..., progress=True)",
    "Timer": "StopAt(seconds=...)",
    "History": "what fit returns",
}
_PACKAGE = {
    **dict.fromkeys(("Sequential", "Model", "MLP", "NeuralNetwork"), "Network"),
    **dict.fromkeys(("load_model", "load"), "Network.load"),
    **{name: f"in netlet.callbacks {here}" for name, here in _CALLBACKS.items() if here.startswith("C")},
    **{name: here for name, here in _CALLBACKS.items() if here.startswith("fit")},
}


def absent(module: str, name: str) -> Exception:
    """The error for a name that a module lacks.

    For others' callbacks an ImportError, since ``from netlet.callbacks import name`` would hide what another one says.
    """
    of_callbacks = module == "netlet.callbacks"
    here = (_CALLBACKS if of_callbacks else _PACKAGE).get(name)
    text = f"module {module!r} has no attribute {name!r}"
    if here is None:
        return AttributeError(text)
    return (ImportError if of_callbacks else AttributeError)(f"{text}; here it is {here}")
