"""The equations of a net with ReLU in NumPy: in float64 the reference, in float32 a contender."""

import numpy as np

TOLERANCE = 1e-4  # of the largest number in an array


def logits(X, W, b):
    """A[0], …, A[L-1] and z, of a net with ReLU."""
    A = [X]
    for l in range(len(W)):
        Z = A[l] @ W[l]
        Z += b[l]
        A.append(np.maximum(Z, 0, out=Z) if l < len(W) - 1 else Z)
    return A[:-1], A[-1][:, 0]


def loss_and_gradient(X, y, W, b):
    """J, dW[1] … dW[L] and db[1] … db[L], summed over rows, in the dtype of the arguments."""
    A, z = logits(X, W, b)
    J = np.sum(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))
    dZ, dW, db = (1 / (1 + np.exp(-z)) - y)[:, None], [], []
    for l in reversed(range(len(W))):
        dW.insert(0, A[l].T @ dZ)
        db.insert(0, dZ.sum(axis=0))
        if l > 0:
            dZ = dZ @ W[l].T
            dZ *= A[l] > 0
    return J, dW, db


def check_gradient(model, X, y):
    """Raise unless J and the gradient of fastmlp's model are those of float64."""
    J, gradient = model.loss_and_gradient(X, y)
    W, b = ([array.astype(np.float64) for array in arrays] for arrays in (model.weights, model.biases))
    expected_J, dW, db = loss_and_gradient(X.astype(np.float64), y.astype(np.float64), W, b)
    np.testing.assert_allclose(J, expected_J, rtol=TOLERANCE)
    for ours, expected in zip([*gradient.weights, *gradient.biases], [*dW, *db], strict=True):
        np.testing.assert_allclose(ours, expected, rtol=0, atol=TOLERANCE * np.abs(expected).max())
