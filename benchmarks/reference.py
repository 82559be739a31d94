"""The equations of a net in NumPy: in float32 a contender, in float64 the reference for all others."""

import numpy as np
from scipy.special import expit, ndtr, xlogy
from threadpoolctl import threadpool_limits

TOLERANCE, MIXED_TOLERANCE = 1e-4, 1e-2  # of the largest number in an array
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
LEVELS = np.array([0.1, 0.5, 0.9], np.float32)  # of the quantiles

# ℓ and dℓ/dz of each loss, from Z[L] and Y.
LOSSES = {
    "log_loss": (
        lambda Z, Y: np.maximum(Z, 0) - Z * Y + np.log1p(np.exp(-np.abs(Z))),
        lambda Z, Y: 1 / (1 + np.exp(-Z)) - Y,
    ),
    "squared_error": (lambda Z, Y: (Z - Y) ** 2 / 2, lambda Z, Y: Z - Y),
    "poisson": (lambda Z, Y: np.exp(Z) - Y * Z + xlogy(Y, Y) - Y, lambda Z, Y: np.exp(Z) - Y),
    "quantile": (lambda Z, Y: ((Y < Z) - LEVELS) * (Z - Y), lambda Z, Y: (Y < Z) - LEVELS),
}

# g and g' of each activation, both from z.
FUNCTIONS = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: z > 0),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "logistic": (expit, lambda z: expit(z) * expit(-z)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1, 0.01)),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(z)), lambda z: np.where(z > 0, 1, np.exp(z))),
    "selu": (
        lambda z: SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(z)),
        lambda z: SELU_SCALE * np.where(z > 0, 1, SELU_ALPHA * np.exp(z)),
    ),
    "softplus": (lambda z: np.logaddexp(0, z), expit),
    "gelu": (lambda z: z * ndtr(z), lambda z: ndtr(z) + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)),
    "silu": (lambda z: z * expit(z), lambda z: expit(z) * (1 + z * expit(-z))),
}

# g(Z) in place of Z, and g' from A = g(Z): as one writes it for speed.
FAST = {
    "relu": (lambda Z: np.maximum(Z, 0, out=Z), lambda A: A > 0),
    "tanh": (lambda Z: np.tanh(Z, out=Z), lambda A: 1 - A * A),
    "logistic": (lambda Z: expit(Z, out=Z), lambda A: A * (1 - A)),
}


def logits(X, W, b, activation):
    """A[0], …, A[L-1] and Z[L]."""
    g = FAST[activation][0]
    A = [X]
    for l in range(len(W)):
        Z = A[l] @ W[l]
        Z += b[l]
        A.append(g(Z) if l < len(W) - 1 else Z)
    return A[:-1], A[-1]


def loss_and_gradient(X, y, W, b, activation, loss="log_loss"):
    """J, dW[1] … dW[L] and db[1] … db[L], summed over rows, in the dtype of the arguments."""
    (value, slope), Y = LOSSES[loss], y[:, None]
    A, Z = logits(X, W, b, activation)
    J = np.sum(value(Z, Y))
    dZ, dW, db = slope(Z, Y), [], []
    for l in reversed(range(len(W))):
        dW.insert(0, A[l].T @ dZ)
        db.insert(0, dZ.sum(axis=0))
        if l > 0:
            dZ = dZ @ W[l].T
            dZ *= FAST[activation][1](A[l])
    return J, dW, db


def bfloat16(x):
    """Return the numbers of bfloat16 nearest to x, in float64: their upper half in float32."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    bits = bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1)) & np.uint32(0xFFFF0000)
    return bits.view(np.float32).astype(np.float64)


def exact_gradient(X, y, W, b, activation, loss, operand=np.float64):
    """J, dW and db in float64, of a net with one activation in all hidden layers; operand: rounds those of products."""
    (g, dg), A, Z, W = FUNCTIONS[activation], [operand(X)], [], [operand(M) for M in W]
    for l in range(len(W)):
        Z.append(A[l] @ W[l] + b[l])
        A.append(operand(g(Z[l])))
    (value, slope), Y = LOSSES[loss], y.astype(np.float64)[:, None]
    dZ, dW, db = operand(slope(Z[-1], Y)), [], []
    for l in reversed(range(len(W))):
        dW.insert(0, A[l].T @ dZ)
        db.insert(0, dZ.sum(axis=0))
        if l > 0:
            dZ = operand((dZ @ W[l].T) * dg(Z[l - 1]))
    return np.sum(value(Z[-1], Y)), dW, db


def check_gradient(model, X, y, activation="relu", loss="log_loss", mixed=False):
    """Raise unless J and the gradient of fastmlp's model are those of float64; mixed: of operands in bfloat16.

    By one thread of BLAS: its others would wait for more work by spinning, 0.1 s and more, on the cores that what is
    timed next should have.
    """
    J, gradient = model.loss_and_gradient(X, y)
    operand, tolerance = (bfloat16, MIXED_TOLERANCE) if mixed else (np.float64, TOLERANCE)
    W, b = ([array.astype(np.float64) for array in arrays] for arrays in (model.weights, model.biases))
    with threadpool_limits(1, "blas"):
        expected_J, dW, db = exact_gradient(X, y, W, b, activation, loss, operand)
    np.testing.assert_allclose(J, expected_J, rtol=tolerance)
    for ours, expected in zip([*gradient.weights, *gradient.biases], [*dW, *db], strict=True):
        np.testing.assert_allclose(ours, expected, rtol=0, atol=tolerance * np.abs(expected).max())
