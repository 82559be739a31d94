"""Starting weights: uniform, with a variance that keeps signals alive through the net's activations.

ReLU and its relatives: variance 2 / p[l-1] (He et al. 2015); selu: 1 / p[l-1] (Klambauer et al. 2017);
all others and the last layer: 2 / (p[l-1] + p[l]) (Glorot & Bengio 2010). Biases start at zero.
"""

import numpy as np

from .plan import Plan

RECTIFIERS = {"relu", "leaky_relu", "elu", "gelu", "silu"}


def initialize(plan: Plan, theta: np.ndarray, seed: int) -> None:
    """Fill θ. The numbers depend on the seed and the widths only, not on the dtype."""
    random = np.random.default_rng(seed)
    weights, biases = plan.views(theta)
    names = [activation.name for activation in plan.activations] + ["output"]
    for W, name in zip(weights, names, strict=True):
        p_in, p_out = W.shape
        variance = 2 / p_in if name in RECTIFIERS else 1 / p_in if name == "selu" else 2 / (p_in + p_out)
        bound = np.sqrt(3 * variance)
        W[...] = random.uniform(-bound, bound, W.shape)
    for b in biases:
        b[...] = 0
