"""Starting weights and biases: uniform, with a variance that keeps the variance of A[l] and dZ[l] from layer to layer.

2 / (p[l-1] + p[l]) (Glorot & Bengio 2010), for b[l] too, as scikit-learn does; W[l] before a selu: 1 / p[l-1]
(Klambauer et al. 2017). He's larger 2 / p[l-1] and biases of zero gave worse models on tables: see
docs/how_it_works/performance.md.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .plan import Plan


def glorot_bound(p_in: int, p_out: int, factor: int = 6) -> float:
    """Return the bound of a uniform distribution whose variance is factor / (3 (p_in + p_out))."""
    return float(np.sqrt(factor / (p_in + p_out)))


def initialize(plan: Plan, theta: np.ndarray, seed: int) -> None:
    """Fill θ. The numbers depend on the seed and the widths only, not on the dtype."""
    random = np.random.default_rng(seed)
    weights, biases = plan.views(theta)
    names = [activation.name for activation in plan.activations] + ["output"]
    bounds = [glorot_bound(*W.shape) for W in weights]
    for W, bound, name in zip(weights, bounds, names, strict=True):
        bound = np.sqrt(3 / W.shape[0]) if name == "selu" else bound
        W[...] = random.uniform(-bound, bound, W.shape)
    for b, bound in zip(biases, bounds[: len(biases)], strict=True):
        b[...] = random.uniform(-bound, bound, b.shape)


def initialize_like_scikit_learn(
    widths: Sequence[int], activation: Any, random: np.random.RandomState, dtype: np.dtype
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return W[l] and b[l] for all l, drawn in scikit-learn's order: W[1], b[1], W[2], b[2] and so on.

    Before logistic activations, the bound is that of a third of the variance.
    """
    names = activation if isinstance(activation, list) else [activation]
    weights, biases = [], []
    for l, (p_in, p_out) in enumerate(pairwise(widths)):
        logistic = bool(names) and names[min(l, len(names) - 1)] == "logistic"
        bound = glorot_bound(p_in, p_out, 2 if logistic else 6)
        weights.append(random.uniform(-bound, bound, (p_in, p_out)).astype(dtype))
        biases.append(random.uniform(-bound, bound, p_out).astype(dtype))
    return weights, biases
