"""The gradient of random nets in float64 against that of torch and of JAX, where these are installed.

500 nets of classes and labels, and 40 of each loss of numbers.

`pip install torch jax` beside the project; neither is one of its dependencies. The nets are those of
tests/network/test_gradient_of_others.py, which needs neither.
"""

import numpy as np
import pytest
from numeric_losses import LOSSES
from random_nets import random_net, worst_error

NETS = [(seed, None) for seed in range(500)] + [(seed, loss) for loss in LOSSES for seed in range(40)]
MOST = 1e-9  # relative


def compare(name, gradient_of):
    """gradient_of(net): J, and every dW and then every db, as arrays."""
    worst, worst_J = 0.0, 0.0
    for seed, loss in NETS:
        net = random_net(seed, loss)
        (J, got), (expected_J, expected) = net.gradient(), gradient_of(net)
        error = worst_error(got, expected)
        assert error <= MOST, f"net {seed}, {net}: {error:.3g}"
        worst, worst_J = (
            max(worst, error),
            max(worst_J, abs(J - expected_J) / abs(expected_J) if expected_J else abs(J)),
        )
    assert worst_J <= MOST
    print(f"{len(NETS)} nets against {name}: worst relative error of the gradient {worst:.2g}, of J {worst_J:.2g}")


def of_numbers(library, name, Z, y):
    """Return the loss of each output, written with torch's functions or with JAX's."""
    settings, r = LOSSES[name].settings, Z - y
    if settings["loss"] == "squared_error":
        return r * r / 2
    if settings["loss"] == "poisson":
        return library.exp(Z) - y * Z + y * library.log(library.where(y > 0, y, library.ones_like(y))) - y
    if settings["loss"] == "huber":
        delta = settings.get("delta", 1.0)
        return library.where(abs(r) <= delta, r * r / 2, delta * (abs(r) - delta / 2))
    tau = library.asarray(np.atleast_1d(settings.get("quantile", 0.5)))
    return library.maximum(-tau * r, (1 - tau) * r)


def test_against_torch():
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    functions = {
        "identity": lambda z: z, "logistic": torch.sigmoid, "tanh": torch.tanh, "relu": F.relu,
        "leaky_relu": lambda z: F.leaky_relu(z, 0.01), "elu": F.elu, "selu": F.selu,
        "softplus": lambda z: F.softplus(z, threshold=1e3), "gelu": F.gelu, "silu": F.silu,
        "sine": torch.sin, "softsign": F.softsign, "bent": lambda z: z + (torch.sqrt(z * z + 1) - 1) / 2,
    }  # fmt: skip

    def gradient_of(net):
        weights, biases = ([torch.tensor(a, requires_grad=True) for a in part]
                           for part in (net.model.weights, net.model.biases))  # fmt: skip
        A, y = torch.tensor(net.X), torch.tensor(net.y)
        for l, W in enumerate(weights):
            Z = A @ W + biases[l] if biases else A @ W
            A = functions[net.names[l]](Z) if l < len(net.names) else Z
        if net.loss:
            losses = of_numbers(torch, net.loss, A, y.reshape(len(A), -1)).sum(dim=1)
        elif net.y.ndim == 1:
            losses = F.cross_entropy(A, y, reduction="none")
        else:
            losses = F.binary_cross_entropy_with_logits(A, y.double(), reduction="none").sum(dim=1)
        J = (losses if net.w is None else torch.tensor(net.w) * losses).sum()
        return J.item(), [part.numpy() for part in torch.autograd.grad(J, [*weights, *biases])]

    compare(f"torch {torch.__version__}", gradient_of)


def test_against_jax(monkeypatch):
    # Every net is a program of its own, of which compiling takes the time.
    monkeypatch.setenv("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    jnp, nn = jax.numpy, jax.nn
    functions = {
        "identity": lambda z: z, "logistic": nn.sigmoid, "tanh": jnp.tanh, "relu": nn.relu,
        "leaky_relu": lambda z: nn.leaky_relu(z, 0.01), "elu": nn.elu, "selu": nn.selu, "softplus": nn.softplus,
        "gelu": lambda z: nn.gelu(z, approximate=False), "silu": nn.silu,
        "sine": jnp.sin, "softsign": nn.soft_sign, "bent": lambda z: z + (jnp.sqrt(z * z + 1) - 1) / 2,
    }  # fmt: skip

    def gradient_of(net):
        depth = len(net.model.weights)

        def objective(theta):
            A = jnp.asarray(net.X)
            for l, W in enumerate(theta[:depth]):
                Z = A @ W + theta[depth + l] if net.model.biases else A @ W
                A = functions[net.names[l]](Z) if l < len(net.names) else Z
            if net.loss:
                losses = of_numbers(jnp, net.loss, A, jnp.asarray(net.y.reshape(len(A), -1))).sum(axis=1)
            elif net.y.ndim == 1:
                losses = -nn.log_softmax(A, axis=1)[jnp.arange(len(net.y)), net.y]
            else:
                losses = (nn.softplus(A) - net.y * A).sum(axis=1)
            return (losses if net.w is None else net.w * losses).sum()

        theta = [jnp.asarray(part) for part in (*net.model.weights, *net.model.biases)]
        J, gradient = jax.jit(jax.value_and_grad(objective))(theta)
        return float(J), [np.asarray(part) for part in gradient]

    compare(f"JAX {jax.__version__}", gradient_of)
