"""Nets of dtype="mixed_bfloat16" beside their oracle, and the operands that the gradient of one row shows."""

import numpy as np
from mixed_reference import gradient, rounded
from numeric_losses import LOSSES
from random_nets import OWN
from reference import LOG_LOSS

MIXED = "mixed_bfloat16"


def loss_of(net):
    """Return the `reference.Loss` of a `RandomNet`."""
    return LOSSES[net.loss].twin(np.float32) if net.loss else LOG_LOSS


def oracle(net, r=rounded):
    """Return the oracle's `Pass` of a `RandomNet`."""
    model, activations = net.model, [OWN.get(name, name) for name in net.names]
    classes = net.loss is None and model.out_activation == "softmax"
    X, weights, biases = net.X.astype(np.float32), model.weights, model.biases
    return gradient(X, net.y, net.w, weights, biases, activations, classes, loss_of(net), r=r)


def norm_errors(got, expected):
    """Return ‖difference‖ / ‖expected‖ of every dW and db, where ‖expected‖ counts as at least 1 % of the gradient's.

    Normwise, as rounding is not continuous: where float32 sums and float64 lie on two sides of a middle, an operand
    changes by 2⁻⁸ of itself, and with it all that follows. Of a norm, a few such operands are a small part.
    """
    floor = 0.01 * np.sqrt(sum(float((part**2).sum()) for part in expected))
    pairs = zip(got, expected, strict=True)
    return np.array([np.linalg.norm(a - b) / (max(np.linalg.norm(b), floor) or 1) for a, b in pairs])


def operands_of_row(net, i):
    """Return r(A[l-1]) (p[l-1]) and r(dZ[l]) (p[l]) of every layer, as the kernels rounded them; None where not seen.

    The gradient of one row is dW[l] = r(A[l-1])ᵀ r(dZ[l]) and db[l] = r(dZ[l]). Products of two bfloat16 and their
    quotients are exact in float32. Where dZ[l] is 0, A[l-1] cannot be seen. Asserts that dW[l] is this outer product.
    """
    one = slice(i, i + 1)
    _, gradient = net.model.loss_and_gradient(net.X[one], net.y[one], None if net.w is None else net.w[one])
    A, dZ = [], [db.astype(float) for db in gradient.biases]
    for dW, d in zip(gradient.weights, dZ, strict=True):
        j = int(np.abs(d).argmax())
        A.append(dW[:, j].astype(float) / d[j] if d[j] else None)
        np.testing.assert_array_equal(dW, np.outer(A[-1], d) if d[j] else np.zeros_like(dW))
    return A, dZ


def half_place(M):
    """Return half of the last place of numbers as bfloat16, of which 8 bits count."""
    return np.ldexp(1.0, np.frexp(M)[1] - 9)


def assert_rounded(got, exact, lost, what):
    """Assert that `got` holds the bfloat16 nearest to `exact`, which sums in float32 have moved by `lost` at most."""
    np.testing.assert_array_equal(got, rounded(got), err_msg=f"{what} is not bfloat16")
    error = np.abs(got - exact) - half_place(np.maximum(np.abs(got), np.abs(exact)))
    worst = np.unravel_index(np.argmax(error - lost), error.shape)
    assert (error <= lost).all(), f"{what}{worst}: {got[worst]} is not the bfloat16 nearest to {exact[worst]}"
