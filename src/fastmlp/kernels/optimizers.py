"""The optimizers: for each, a pass over a piece of θ, given G, the gradient of the summed loss.

The gradient of the mean loss, L2 term included, is g = G factor + l2 θ, factor = 1/Σw. m and v are the
optimizer's moments. The step's constants come precomputed: α_t and ε_t carry Adam's bias correction, so
that epsilon may stand where torch puts it (outside) or where scikit-learn does (inside). l2 is that of every
step, or, as scikit-learn has it, shared by the weights of its batch. All constants are computed in float64 and
rounded once, to the dtype of θ: in float32, 1 - β of a rounded β would be off by up to 6e-8 / (1 - β).
"""

import math

import numpy as np

from ..jit.compile import kernel
from ..jit.intrinsics import fma, keep_whole
from ..jit.scalar_math import root

SGD, MOMENTUM, NESTEROV, ADAM, ADAMW = range(5)
CONSTANT, COSINE, ONE_CYCLE = range(3)
WARM_UP, FIRST_RATE, LAST_RATE = 0.3, 1 / 25, 1 / 25e4  # of one-cycle: part of the steps; fractions of η


@kernel
def mean_gradient(theta, G, factor, l2):
    """g = G factor + l2 θ, for one number of θ."""
    return fma(l2, theta, G * factor)


@kernel
def sgd(theta, G, factor, l2, rate):
    """θ -= η g."""
    for i in range(len(theta)):
        theta[i] = fma(-rate, mean_gradient(theta[i], G[i], factor, l2), theta[i])


@kernel
def momentum(theta, G, m, factor, l2, rate, mu):
    """m = μ m - η g; θ += m."""
    for i in range(len(theta)):
        m[i] = fma(mu, m[i], -rate * mean_gradient(theta[i], G[i], factor, l2))
        theta[i] += m[i]


@kernel
def nesterov(theta, G, m, factor, l2, rate, mu):
    """m = μ m - η g; θ += μ m - η g."""
    for i in range(len(theta)):
        step = -rate * mean_gradient(theta[i], G[i], factor, l2)
        m[i] = fma(mu, m[i], step)
        theta[i] += fma(mu, m[i], step)


@kernel
def adam(optimizer, theta, G, m, v, factor, l2, rate, epsilon, decay):
    """m = β₁ m + (1-β₁) g; v = β₂ v + (1-β₂) g²; θ = θ - decay θ - α_t m / (√v + ε_t)."""
    T = theta.dtype.type
    beta_1, beta_2 = T(optimizer.beta_1), T(optimizer.beta_2)
    rest_1, rest_2 = T(1 - optimizer.beta_1), T(1 - optimizer.beta_2)
    for i in range(len(theta)):
        g = mean_gradient(theta[i], G[i], factor, l2)
        m_i = fma(beta_1, m[i], rest_1 * g)
        v_i = fma(beta_2, v[i], rest_2 * g * g)
        m[i], v[i] = m_i, v_i
        theta[i] = fma(-decay, theta[i], theta[i]) - rate * m_i / (root(v_i) + epsilon)


@kernel
def scheduled_rate(optimizer, t):
    """Return η_t: constant; falling to 0 (Loshchilov & Hutter 2017); or rising, then falling (Smith & Topin 2018).

    Python calls its py_func, so it calls no other kernel.
    """
    if optimizer.schedule == CONSTANT or optimizer.schedule_steps == 0:
        return optimizer.learning_rate
    fraction = min((t - 1 - optimizer.schedule_start) / optimizer.schedule_steps, 1.0)
    begin, end = 1.0, 0.0  # fractions of η, between which a half wave of the cosine leads
    if optimizer.schedule == ONE_CYCLE:
        if fraction < WARM_UP:
            begin, end, fraction = FIRST_RATE, 1.0, fraction / WARM_UP
        else:
            end, fraction = LAST_RATE, (fraction - WARM_UP) / (1 - WARM_UP)
    return optimizer.learning_rate * (end + (begin - end) * (1 + math.cos(math.pi * fraction)) / 2)


@kernel
def step_constants(optimizer, t):
    """Return (α_t, ε_t, η_t λ) of step t = 1, 2, …, with the schedule's η_t; (η_t, 0, 0) without second moments."""
    rate = scheduled_rate(optimizer, t)
    if optimizer.kind < ADAM:
        return rate, 0.0, 0.0
    m_part, root_v_part = 1 - optimizer.beta_1**t, np.sqrt(1 - optimizer.beta_2**t)  # of m and √v: they began at 0
    epsilon = optimizer.epsilon if optimizer.epsilon_inside else optimizer.epsilon * root_v_part
    return rate * root_v_part / m_part, epsilon, rate * optimizer.weight_decay


@kernel
def update(optimizer, constants, theta, G, moments, first, weight, is_weight):
    """Take one step on the piece θ[first : first + len(G)].

    theta in/out, moments in/out (2|θ|: m, then v), G in: sum over a batch of Σw = weight. constants: `step_constants`.
    """
    keep_whole()
    rate, epsilon, decay = constants
    T = theta.dtype.type
    last, half = first + len(G), len(moments) // 2
    piece = theta[first:last]
    l2 = optimizer.l2 / weight if optimizer.l2_per_batch else optimizer.l2
    factor, l2, rate = T(1 / weight), T(l2 if is_weight else 0.0), T(rate)
    kind = optimizer.kind
    if kind == SGD:
        sgd(piece, G, factor, l2, rate)
        return
    m, mu = moments[first:last], T(optimizer.momentum)
    if kind == MOMENTUM:
        momentum(piece, G, m, factor, l2, rate, mu)
    elif kind == NESTEROV:
        nesterov(piece, G, m, factor, l2, rate, mu)
    else:
        v = moments[half + first : half + last]
        adam(optimizer, piece, G, m, v, factor, l2, rate, T(epsilon), T(decay if is_weight else 0.0))
