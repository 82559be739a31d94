"""scikit-learn's lists of weights and biases, `coefs_` and `intercepts_`, over one θ.

The lists are what counts: as long as they hold the views on θ that training put there, they are θ; whatever
else their owner puts in is copied into a new one, and nothing that was handed out before changes.
"""

from collections.abc import Sequence

import numpy as np

from ..network.network import Network
from ..network.plan import Plan
from ..network.workspace import aligned_zeros


class Coefficients:
    """A net, and the lists of views on its parameters.

    Attributes
    ----------
    network : Network
    weights, biases : lists of views on network.theta: W[l], each (p[l-1], p[l]), and b[l], each (p[l])
    """

    def __init__(self, plan: Plan, n_threads: int | None) -> None:
        self.network = Network(plan, aligned_zeros(plan.n_parameters, plan.dtype), n_threads)
        weights, biases = plan.views(self.network.theta)
        self.weights, self.biases = list(weights), list(biases)

    def are(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> bool:
        """Return whether these lists hold the views, and nothing else."""
        ours, theirs = [*self.weights, *self.biases], [*weights, *biases]
        return len(ours) == len(theirs) and all(a is b for a, b in zip(ours, theirs, strict=True))

    def set(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> None:
        """Copy numbers into θ.

        Raises
        ------
        ValueError : the shapes are not those of a net
        """
        for name, views, arrays in (("coefs_", self.weights, weights), ("intercepts_", self.biases, biases)):
            if [np.shape(array) for array in arrays] != [view.shape for view in views]:
                shapes = ", ".join(str(np.shape(array)) for array in arrays)
                raise ValueError(
                    f"{name} has arrays of the shapes {shapes}; those of a net with the widths "
                    f"{list(self.network.plan.widths)} are {', '.join(str(view.shape) for view in views)}"
                )
            for view, array in zip(views, arrays, strict=True):
                view[...] = array


def widths_of(weights: Sequence[np.ndarray]) -> tuple[int, ...]:
    """Return p[0], …, p[L] of a list of W."""
    return (np.shape(weights[0])[0], *(np.shape(W)[1] for W in weights))
