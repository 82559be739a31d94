"""Random nets over random rows, for gradients that others compute: of all activations, outputs, depths and widths."""

import math
from dataclasses import dataclass

import numpy as np
from numeric_losses import LOSSES, outputs_of, target

from fastmlp import Model
from fastmlp.activations import ACTIVATIONS


def sine(z):
    return math.sin(z)


def sine_derivative(z):
    return math.cos(z)


def softsign(z):
    return z / (1 + abs(z))


def softsign_derivative(z):
    return 1 / (1 + abs(z)) ** 2


def bent(z):
    return z + (math.sqrt(z * z + 1) - 1) / 2


def bent_derivative(z):
    return 1 + z / (2 * math.sqrt(z * z + 1))


OWN = {"sine": (sine, sine_derivative), "softsign": (softsign, softsign_derivative), "bent": (bent, bent_derivative)}
NAMES = [*ACTIVATIONS, *OWN]
MOST_HIDDEN, WIDEST, MOST_ROWS, MOST_OUTPUTS = 6, 70, 300, 12


@dataclass(frozen=True)
class RandomNet:
    """A model, the names of its activations (also its own ones), and rows.

    Attributes
    ----------
    X (n, p[0]); y (n) of classes, or (n, K) of 0 and 1, or numbers; w (n), some of them 0, or None; loss: a name of
    `numeric_losses`, or None
    """

    model: Model
    names: list[str]
    X: np.ndarray
    y: np.ndarray
    w: np.ndarray | None
    loss: str | None = None

    def gradient(self):
        """J, and every dW and then every db, by the kernels."""
        y = self.y[:, 0] if self.y.ndim == 2 and self.y.shape[1] == 1 else self.y
        J, gradient = self.model.loss_and_gradient(self.X, y, self.w)
        return J, [*gradient.weights, *gradient.biases]

    def __str__(self):
        outputs = self.loss or self.model.out_activation
        weighted = "" if self.w is None else ", weighted"
        return f"{list(self.model.widths)} {self.names} {outputs}, bias={self.model.bias}, n={len(self.X)}{weighted}"


def random_net(seed, loss=None, dtype="float64"):
    """Return the net of this number: Z's variance is about 1 in every layer, biases are not 0.

    loss: a name of `numeric_losses`; None: classes or labels. The dtype changes neither weights, beyond their rounding,
    nor rows.
    """
    random = np.random.default_rng(seed)
    softmax, bias = random.random(2) < 0.5
    K = int(random.integers(2, MOST_OUTPUTS + 1)) if softmax else int(random.choice([1, 1, 2, 3, MOST_OUTPUTS]))
    widths = [int(p) for p in random.integers(1, WIDEST + 1, 1 + random.integers(0, MOST_HIDDEN + 1))]
    widths.append(outputs_of(loss, K) if loss else K)
    names = [str(name) for name in random.choice(NAMES, len(widths) - 2)]
    model = Model(
        widths, [OWN.get(name, name) for name in names], bias=bool(bias), dtype=dtype,
        **(LOSSES[loss].settings if loss else {"out_activation": "softmax" if softmax else "logistic"}),
    )  # fmt: skip
    for W in model.weights:
        W[...] = random.standard_normal(W.shape) * 1.2 / np.sqrt(W.shape[0])
    for b in model.biases:
        b[...] = random.uniform(-0.5, 0.5, b.shape)
    n = int(random.integers(1, MOST_ROWS + 1))
    y = random.integers(0, K, n) if softmax else random.integers(0, 2, (n, K))
    w = random.uniform(0.1, 3, n) * (random.random(n) < 0.9) if random.random() < 0.5 else None
    if loss:
        y = target(loss, n, widths[-1], seed)
    return RandomNet(model, names, random.standard_normal((n, widths[0])), y, w, loss)


def worst_error(got, expected):
    """Return the largest difference, relative to the largest number of the same dW or db, and of the gradient / 100.

    The latter as in a dW whose terms all cancel, rounding is all that is left.
    """
    floor = 0.01 * max(float(np.abs(a).max()) for a in expected)
    worst = 0.0
    for a, b in zip(got, expected, strict=True):
        assert a.shape == np.shape(b)
        scale = max(float(np.abs(b).max()), floor)
        worst = max(worst, float(np.abs(a - b).max()) / scale if scale else float(np.abs(a).max()))
    return worst
