"""Starting weights and biases: uniform, with a variance that keeps signals alive through the net's layers.

2 / (p[l-1] + p[l]) (Glorot & Bengio 2010), for b[l] too, as scikit-learn does; W[l] before a selu: 1 / p[l-1]
(Klambauer et al. 2017). He's larger 2 / p[l-1] and biases of zero gave worse models on tables: see
docs/performance.md.
"""

import numpy as np

from .plan import Plan


def initialize(plan: Plan, theta: np.ndarray, seed: int) -> None:
    """Fill θ. The numbers depend on the seed and the widths only, not on the dtype."""
    random = np.random.default_rng(seed)
    weights, biases = plan.views(theta)
    names = [activation.name for activation in plan.activations] + ["output"]
    bounds = [np.sqrt(6 / sum(W.shape)) for W in weights]
    for W, bound, name in zip(weights, bounds, names, strict=True):
        bound = np.sqrt(3 / W.shape[0]) if name == "selu" else bound
        W[...] = random.uniform(-bound, bound, W.shape)
    for b, bound in zip(biases, bounds[: len(biases)], strict=True):
        b[...] = random.uniform(-bound, bound, b.shape)
