"""The oracle: plain, slow float64 NumPy that follows the equations line by line and shares no code with fastmlp.

Z[l] = A[l-1] W[l] + 1 b[l]ᵀ,  A[l] = g[l](Z[l]),  A[L] = σ(Z[L])
J = Σ w ℓ,  ℓ = max(z, 0) - y z + log1p(e^-|z|),  dZ[L] = w ⊙ (A[L] - Y)
Or, for classes of which a row has one: A[L] = softmax(Z[L]), ℓ = log Σ e^z - z[y], Y the one-hot classes.
Or, for numbers: A[L] = h(Z[L]), J = Σ w Σ_K ℓ(z, y) and dZ[L] = w ⊙ dℓ/dz, with the ℓ and h of a `Loss`.
dW[l] = A[l-1]ᵀ dZ[l],  db[l] = column sums of dZ[l],  dZ[l] = (dZ[l+1] W[l+1]ᵀ) ⊙ g'[l](Z[l])
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit, logsumexp, ndtr, softmax

SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772  # of selu


def density(z):
    return np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


# g and g' of each name, both as functions of Z. `up` is the mask Z > 0, which only the functions with a kink use.
FUNCTIONS = {
    "identity": (lambda z: z, lambda z, up: np.ones_like(z)),
    "logistic": (expit, lambda z, up: expit(z) * expit(-z)),
    "tanh": (np.tanh, lambda z, up: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z, up: np.where(up, 1.0, 0.0)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z, up: np.where(up, 1.0, 0.01)),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))), lambda z, up: np.exp(np.minimum(z, 0))),
    "selu": (
        lambda z: SCALE * np.where(z > 0, z, ALPHA * np.expm1(np.minimum(z, 0))),
        lambda z, up: SCALE * np.where(up, 1.0, ALPHA * np.exp(np.minimum(z, 0))),
    ),
    "softplus": (lambda z: np.logaddexp(z, 0), lambda z, up: expit(z)),
    "gelu": (lambda z: z * ndtr(z), lambda z, up: ndtr(z) + z * density(z)),
    "silu": (lambda z: z * expit(z), lambda z, up: expit(z) * (1 + z * expit(-z))),
}
SMOOTH = ["identity", "logistic", "tanh", "softplus", "gelu", "silu"]


@dataclass(frozen=True)
class Loss:
    """ℓ(z, y) and dℓ/dz, element by element, in the precision of z and y; h(z), the prediction.

    ℓ takes complex z, too, where it is analytic: Im ℓ(z + ih, y) / h is dℓ/dz without any derivative written down.
    """

    value: Callable
    slope: Callable
    link: Callable = lambda z: z


LOG_LOSS = Loss(lambda z, y: np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))), lambda z, y: expit(z) - y, expit)
SQUARED_ERROR = Loss(lambda z, y: (z - y) ** 2 / 2, lambda z, y: z - y)


def poisson(dtype):
    """Half the Poisson deviance of the mean e^z, and its tangent beyond where e^z is a quarter of dtype's largest."""
    last = float(np.log(np.finfo(dtype).max.astype(np.longdouble) / 4))

    def mean(z):
        return np.exp(np.where(np.real(z) < last, z, last))

    def value(z, y):
        tangent = 1 + np.where(np.real(z) < last, 0, z - last)
        return mean(z) * tangent - y * z + y * np.log(np.where(y > 0, y, 1)) - y

    return Loss(value, lambda z, y: mean(z) - y, mean)


def pinball(levels):
    """τ (y - z) above z and (1 - τ) (z - y) below it, with one level τ for each output; -τ is the slope at z = y."""
    return Loss(
        lambda z, y: np.where(y < np.real(z), (1 - np.asarray(levels)) * (z - y), np.asarray(levels) * (y - z)),
        lambda z, y: (y < z) - np.asarray(levels),
    )


def huber(delta):
    """(z - y)² / 2 where |z - y| is at most δ, and δ (|z - y| - δ/2) beyond."""

    def value(z, y):
        r = z - y
        return np.where(abs(np.real(r)) <= delta, r * r / 2, delta * (np.sign(np.real(r)) * r - delta / 2))

    return Loss(value, lambda z, y: np.clip(z - y, -delta, delta))


def double(arrays):
    return [np.asarray(array, np.float64) for array in arrays]


def recursion(X, y, w, weights, biases, activations, masks=None, classes=False, loss=LOG_LOSS):
    """All Z, A (from A[0] = X on) and dZ, and Y: a column for each output, or one for all of several quantiles."""
    weights, biases = double(weights), double(biases)
    A, Z = [np.asarray(X, np.float64)], []
    for l, W in enumerate(weights):
        Z.append(A[-1] @ W + (biases[l] if biases else 0))
        A.append((FUNCTIONS[activations[l]][0] if l < len(activations) else loss.link)(Z[-1]))
    n, K = Z[-1].shape
    w = np.asarray(w, np.float64)[:, None]
    if classes:
        A[-1], Y = softmax(Z[-1], axis=1), np.eye(K)[np.asarray(y, int)]
        dZ = [w * (A[-1] - Y)]
    else:
        Y = np.asarray(y, np.float64).reshape(n, -1)
        dZ = [w * loss.slope(Z[-1], Y)]
    for l in range(len(weights) - 2, -1, -1):
        up = Z[l] > 0 if masks is None else masks[l]
        dZ.insert(0, (dZ[0] @ weights[l + 1].T) * FUNCTIONS[activations[l]][1](Z[l], up))
    return Z, A, dZ, Y


def loss_and_gradient(X, y, w, weights, biases, activations, masks=None, classes=False, loss=LOG_LOSS):
    """J, summed over rows, all dW and all db.

    X (n, p[0]), y (n) or (n, K) of 0 and 1, of classes (n), or of numbers as `loss` has them; w (n) or None; biases
    possibly empty; activations: names of the hidden layers. masks: Z[l] > 0 as another implementation rounded it, where
    a kink lies between the two.
    """
    w = np.ones(len(X)) if w is None else w
    Z, A, dZ, Y = recursion(X, y, w, weights, biases, activations, masks, classes, loss)
    z = Z[-1]
    losses = logsumexp(z, axis=1) - (Y * z).sum(axis=1) if classes else loss.value(z, Y).sum(axis=1)
    J = float(np.asarray(w, np.float64) @ losses)
    dWs = [A[l].T @ dZ[l] for l in range(len(weights))]
    dbs = [d.sum(axis=0) for d in dZ] if len(biases) else []
    return J, dWs, dbs


def magnitudes(X, y, w, weights, biases, activations, loss=LOG_LOSS):
    """Return the largest number in each dW and db if no two terms of a sum cancelled: what rounding is relative to."""
    w = np.ones(len(X)) if w is None else w
    _, A, dZ, _ = recursion(X, y, w, weights, biases, activations, loss=loss)
    dWs = [float((np.abs(A[l]).T @ np.abs(dZ[l])).max()) for l in range(len(weights))]
    dbs = [float(np.abs(d).sum(axis=0).max()) for d in dZ] if len(biases) else []
    return dWs, dbs


@dataclass
class Stepper:
    """One optimizer over a list of arrays, all W and then all b; `step` takes the gradient of the mean loss."""

    kind: str
    rate: float
    momentum: float = 0.9
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8  # outside of the bias correction, as in torch
    decay: float = 0.0  # of W only, beside the step
    t: int = 0
    m: list = field(default_factory=list)
    v: list = field(default_factory=list)

    def step(self, theta, gradients, n_weights):
        """Change the arrays of theta in place; the first n_weights of them are W."""
        self.t += 1
        self.m = self.m or [np.zeros_like(a) for a in theta]
        self.v = self.v or [np.zeros_like(a) for a in theta]
        for i, (a, g) in enumerate(zip(theta, gradients, strict=True)):
            m, v = self.m[i], self.v[i]
            if self.kind == "sgd":
                a -= self.rate * g
            elif self.kind == "momentum":
                m[...] = self.momentum * m - self.rate * g
                a += m
            elif self.kind == "nesterov":
                m[...] = self.momentum * m - self.rate * g
                a += self.momentum * m - self.rate * g
            else:
                if self.kind == "adamw" and i < n_weights:
                    a -= self.rate * self.decay * a
                m[...] = self.beta_1 * m + (1 - self.beta_1) * g
                v[...] = self.beta_2 * v + (1 - self.beta_2) * g * g
                m_hat, v_hat = m / (1 - self.beta_1**self.t), v / (1 - self.beta_2**self.t)
                a -= self.rate * m_hat / (np.sqrt(v_hat) + self.epsilon)


def train(X, y, w, weights, biases, activations, stepper, batch_size, l2=0.0, loss=LOG_LOSS):
    """One pass in the order of the rows; weights and biases after it. A batch with Σw = 0 makes no step."""
    theta, L = [*map(np.array, double(weights)), *map(np.array, double(biases))], len(weights)
    w = np.ones(len(X)) if w is None else np.asarray(w, np.float64)
    for first in range(0, len(X), batch_size):
        batch = slice(first, first + batch_size)
        total = w[batch].sum()
        if total == 0:
            continue
        parts = X[batch], y[batch], w[batch], theta[:L], theta[L:], activations
        _, dWs, dbs = loss_and_gradient(*parts, loss=loss)
        mean = [dW / total + l2 * W for dW, W in zip(dWs, theta, strict=False)] + [db / total for db in dbs]
        stepper.step(theta, mean, L)
    return theta[:L], theta[L:]


def assert_close(got, expected, tolerance, floor=0.0):
    """Equal up to `tolerance`, relative to the largest expected number (or to `floor`, where that is larger)."""
    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    assert got.shape == expected.shape
    assert np.isfinite(got).all()
    error = float(np.abs(got - expected).max(initial=0))
    scale = max(float(np.abs(expected).max(initial=0)), floor)
    assert error <= tolerance * scale, f"error {error:.3g} is {error / (scale or 1):.3g} of {scale:.3g}"
