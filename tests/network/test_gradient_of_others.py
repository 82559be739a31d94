"""The gradient against one that needs no derivative at all: the complex step.

J(θ + i h v) has the imaginary part h ∇J·v, up to h², without a difference of two near numbers: h = 1e-30 (Squire &
Trapp 1998). So J alone is written down here, over complex numbers, and neither g' nor the recursion of dZ.
"""

import numpy as np
import pytest
from numeric_losses import LOSSES
from random_nets import NAMES, random_net
from scipy.special import erf

TINY = 1e-30
TOLERANCE = 1e-11  # beside the sum of what does not cancel
ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805  # of selu


def sigmoid(z):
    """Without overflow on either side."""
    up = z.real > 0
    e = np.exp(np.where(up, -z, z))
    return np.where(up, 1, e) / (1 + e)


def log1pexp(z):
    up = z.real > 0
    return np.where(up, z, 0) + np.log(1 + np.exp(np.where(up, -z, z)))


def below(z):
    """e^z - 1 where z < 0, else 0."""
    return np.expm1(np.where(z.real > 0, 0, z))


COMPLEX = {
    "identity": lambda z: z,
    "logistic": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.where(z.real > 0, z, 0),
    "leaky_relu": lambda z: np.where(z.real > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z.real > 0, z, below(z)),
    "selu": lambda z: SCALE * np.where(z.real > 0, z, ALPHA * below(z)),
    "softplus": log1pexp,
    "gelu": lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
    "silu": lambda z: z * sigmoid(z),
    "sine": np.sin,
    "softsign": lambda z: z / (1 + np.where(z.real > 0, z, -z)),
    "bent": lambda z: z + (np.sqrt(z * z + 1) - 1) / 2,
}


def objective(net, weights, biases):
    """J of these parameters, complex or not."""
    A = net.X.astype(complex)
    for l, W in enumerate(weights):
        Z = A @ W + (biases[l] if biases else 0)
        A = COMPLEX[net.names[l]](Z) if l < len(net.names) else Z
    if net.loss:
        losses = LOSSES[net.loss].twin(np.float64).value(Z, net.y.reshape(len(Z), -1)).sum(axis=1)
    elif net.y.ndim == 1:
        top = Z.real.max(axis=1, keepdims=True)
        losses = np.log(np.exp(Z - top).sum(axis=1)) + top[:, 0] - Z[np.arange(len(Z)), net.y]
    else:
        losses = (log1pexp(Z) - net.y * Z).sum(axis=1)
    return (losses if net.w is None else net.w * losses).sum()


def check(net, seed):
    """J, and the sum of each dW and db along a random direction, in which every number of it counts."""
    random = np.random.default_rng([seed, 1])
    J, gradient = net.gradient()
    theta = [*net.model.weights, *net.model.biases]
    depth = len(net.model.weights)
    expected = objective(net, theta[:depth], theta[depth:]).real
    assert abs(J - expected) <= TOLERANCE * abs(expected), f"J of {net}"
    largest = max(float(np.abs(part).max()) for part in gradient)
    for number, part in enumerate(gradient):
        direction = random.choice([-1.0, 1.0], part.shape)
        moved = list(theta)
        moved[number] = theta[number] + 1j * TINY * direction
        slope = objective(net, moved[:depth], moved[depth:]).imag / TINY
        scale = np.abs(part).sum() + 0.01 * largest
        error = abs((part * direction).sum() - slope) / (scale or 1)
        assert error <= TOLERANCE, f"array {number} of the gradient of {net}: {error:.2g}"


@pytest.mark.parametrize("part", range(10))
def test_random_nets(part):
    for seed in range(50 * part, 50 * (part + 1)):
        check(random_net(seed), seed)


@pytest.mark.parametrize("loss", LOSSES)
def test_random_nets_of_the_losses_of_numbers(loss):
    for seed in range(60):
        check(random_net(seed, loss), seed)


def test_those_nets_had_everything():
    nets = [random_net(seed) for seed in range(500)]
    assert {name for net in nets for name in net.names} == set(NAMES)
    assert {len(net.names) for net in nets} == set(range(7))
    assert {net.model.out_activation for net in nets} == {"softmax", "logistic"}
    assert {net.model.bias for net in nets} == {True, False} == {net.w is None for net in nets}
    assert min(p for net in nets for p in net.model.widths[:-1]) == 1
    assert min(len(net.X) for net in nets) == 1


def test_one_wrong_number_is_noticed():
    net = next(net for net in map(random_net, range(100)) if len(net.names) > 1)
    correct = net.model.loss_and_gradient

    def wrong(*arguments):
        J, gradient = correct(*arguments)
        gradient.weights[0].flat[np.abs(gradient.weights[0]).argmax()] *= 1 + 1e-6
        return J, gradient

    net.model.loss_and_gradient = wrong
    with pytest.raises(AssertionError, match="array 0"):
        check(net, 3)
