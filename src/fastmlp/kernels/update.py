"""The optimizers: one pass over a row of θ each, given the gradient g of the mean loss.

m and v are the optimizer's moments. The step's constants come precomputed: α_t and ε_t carry Adam's bias
correction, so that epsilon may stand where torch puts it (outside) or where scikit-learn does (inside).
"""

import numpy as np

from .compile import kernel
from .llvm import fma, keep_whole

SGD, MOMENTUM, NESTEROV, ADAM, ADAMW = range(5)


@kernel
def sgd(theta, g, rate):
    """θ -= η g."""
    for i in range(len(theta)):
        theta[i] = fma(-rate, g[i], theta[i])


@kernel
def momentum(theta, g, m, rate, mu):
    """m = μ m - η g; θ += m."""
    for i in range(len(theta)):
        m[i] = fma(mu, m[i], -rate * g[i])
        theta[i] += m[i]


@kernel
def nesterov(theta, g, m, rate, mu):
    """m = μ m - η g; θ += μ m - η g."""
    for i in range(len(theta)):
        step = -rate * g[i]
        m[i] = fma(mu, m[i], step)
        theta[i] += fma(mu, m[i], step)


@kernel
def adam(theta, g, m, v, rate, beta_1, beta_2, epsilon):
    """m = β₁ m + (1-β₁) g; v = β₂ v + (1-β₂) g²; θ -= α_t m / (√v + ε_t)."""
    one = theta.dtype.type(1)
    for i in range(len(theta)):
        m[i] = fma(beta_1, m[i], (one - beta_1) * g[i])
        v[i] = fma(beta_2, v[i], (one - beta_2) * g[i] * g[i])
        theta[i] -= rate * m[i] / (np.sqrt(v[i]) + epsilon)


@kernel
def step_constants(optimizer, t):
    """(α_t, ε_t) of step t = 1, 2, …; (η, 0) for the optimizers without second moments."""
    if optimizer.kind < ADAM:
        return optimizer.learning_rate, 0.0
    first = 1 - optimizer.beta_1**t
    second = np.sqrt(1 - optimizer.beta_2**t)
    return optimizer.learning_rate * second / first, optimizer.epsilon * second


@kernel
def update(optimizer, step, theta, G, moments, first, weight, is_weight):
    """One step on the piece θ[first : first + len(G)].

    theta in/out, moments in/out (2|θ|: m, then v), G in: sum over a batch of Σw = weight, destroyed.
    """
    keep_whole()
    rate, epsilon = step
    T = theta.dtype.type
    last = first + len(G)
    half = len(moments) // 2
    piece = theta[first:last]
    factor, l2 = T(1 / weight), T(optimizer.l2 if is_weight else 0.0)
    for i in range(len(G)):
        G[i] = fma(l2, piece[i], G[i] * factor)
    kind = optimizer.kind
    if kind == SGD:
        sgd(piece, G, T(rate))
        return
    m = moments[first:last]
    if kind == MOMENTUM:
        momentum(piece, G, m, T(rate), T(optimizer.momentum))
    elif kind == NESTEROV:
        nesterov(piece, G, m, T(rate), T(optimizer.momentum))
    else:
        if kind == ADAMW and is_weight:
            keep = T(1 - optimizer.learning_rate * optimizer.weight_decay)
            for i in range(len(piece)):
                piece[i] *= keep
        v = moments[half + first : half + last]
        adam(piece, G, m, v, T(rate), T(optimizer.beta_1), T(optimizer.beta_2), T(epsilon))
