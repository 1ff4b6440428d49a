# SPDX-License-Identifier: BSD-3-Clause
"""What must be the same on all ranks before they train together."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core
from .._library import numerics_version
from ..optimizers import Optimizer

if TYPE_CHECKING:
    from ._ranks import Ranks

_MOST = 4  # ranks in a message
_PROBES = 64  # rows that are compared, of data that all ranks are to see

Facts = dict[str, str | None]  # None: whatever the others have


def require_same(ranks: Ranks, facts: Facts, hint: str = "") -> None:
    """Raise on all ranks, unless each has the same facts. `hint`: what may help."""
    given = {name: [(text, [ranks.rank], 1)] for name, text in facts.items() if text is not None}
    differing = next((item for item in ranks.gathered(given, _merged).items() if len(item[1]) > 1), None)
    if differing is None:
        return
    name, texts = differing
    said = " and ".join(f"{text} on {_named(some, count)}" for text, some, count in texts[:_MOST])
    more = "" if len(texts) <= _MOST else " and others"
    raise ValueError(f"{name}: expected the same on all ranks, got {said}{more}{hint}")


def _merged(a: dict[str, list[Any]], b: dict[str, list[Any]]) -> dict[str, list[Any]]:
    for name, texts in b.items():
        own = a.setdefault(name, [])
        for text, some, count in texts:
            for i, (known, its, number) in enumerate(own):
                if known == text:
                    own[i] = (known, (its + some)[:_MOST], number + count)
                    break
            else:
                own.append((text, some, count))
    return a


def _named(some: list[int], count: int) -> str:
    text = ", ".join(map(str, some)) + (f" and {count - len(some)} more" if count > len(some) else "")
    return f"rank{'' if count == 1 else 's'} {text}"


def _hash(*parts: Any) -> str:
    sha = hashlib.sha256()
    for part in parts:
        sha.update(part if isinstance(part, bytes) else np.ascontiguousarray(part).tobytes())
    return sha.hexdigest()[:16]


def of_library() -> Facts:
    """The same versions give the same bits."""
    return {"netlet.__version__": _core.__version__, "netlet.numerics_version()": str(numerics_version())}


def of_kind(network: Any) -> Facts:
    """What a network is before it has values."""
    kind = {**network._architecture(), "dropout": network.dropout}
    return {f"net, {name}": str(value) for name, value in kind.items()}


def of_network(network: Any) -> Facts:
    """And its values."""
    scaling = {"input_scaling": network.input_scaling, "output_scaling": network.output_scaling}
    return {
        "net, seed": str(network.seed),
        "net, epochs_trained": str(network.epochs_trained),
        "net, classes": _listed(network._classes),
        "net, feature_names": _listed(network._feature_names),
        **{f"net, {name}": "none" if pair is None else f"one of hash {_hash(*pair)}" for name, pair in scaling.items()},
        "net, parameters": f"those of hash {_hash(network.parameters)}",
    }


def _listed(values: Any) -> str:
    return "none" if values is None else str(list(values))


def of_optimizer(optimizer: Any) -> Facts:
    """Its kind, settings and state."""
    if not isinstance(optimizer, Optimizer):
        return {"optimizer": repr(optimizer)}
    state = [name.encode() + values.tobytes() for name, values in optimizer.state.items()]
    return {
        "optimizer": repr(optimizer),
        "optimizer, steps": str(optimizer.steps),
        "optimizer, state": f"one of hash {_hash(repr(optimizer._get_state()[0]).encode(), *state)}",
    }


def of_rows(x: Any, y: Any, weight: Any) -> str:
    """Of data that all ranks see: some rows, to find out if they do not."""
    at: Any = np.unique(np.linspace(0, len(x) - 1, _PROBES).astype(np.intp)) if len(x) else []
    probes = [repr(np.asarray(part[i]).tolist()).encode() for part in (x, y, weight) if part is not None for i in at]
    return f"rows of hash {_hash(*probes)}"
