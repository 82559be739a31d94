"""The gradient of random nets of mixed_bfloat16 against the oracle, against the exact one, and operand by operand."""

import numpy as np
import pytest
from mixed_nets import MIXED, assert_rounded, loss_of, norm_errors, operands_of_row, oracle
from mixed_reference import functions_of, gradient, head, rounded, unrounded
from numeric_losses import LOSSES
from random_nets import NAMES, OWN, random_net
from reference import FUNCTIONS, assert_close

from fastmlp import Model

pytestmark = pytest.mark.usefixtures("bfloat16")
NETS = [(seed, [None, *LOSSES][seed % (1 + len(LOSSES))]) for seed in range(200)]
KINKED = {"relu", "leaky_relu", "selu"}
LOST = 2e-5  # of the sum of magnitudes that sums in float32, g and g' lose


def nets(some=NETS):
    return [random_net(seed, loss, MIXED) for seed, loss in some]


def errors_of(net, r):
    """Return J's relative error, and `norm_errors` of the gradient, against the oracle with r."""
    (J, got), expected = net.gradient(), oracle(net, r)
    return abs(J - expected.J) / (abs(expected.J) or 1), norm_errors(got, [*expected.dW, *expected.db])


def test_gradients_of_the_oracle():
    """Most arrays agree to the rounding of float32, all to that of few operands.

    Where a sum in float32 is on the other side of a middle between two bfloat16 than in float64, operands of all later
    layers change, too: up to 2⁻⁹ of the norm in nets of six layers. The tests of single operands and of exact sums have
    no such cases.
    """
    found = [(net, *errors_of(net, rounded)) for net in nets()]
    errors = np.concatenate([arrays for _, _, arrays in found])
    assert max(J for net, J, _ in found if net.loss != "quantiles") < 1e-3
    assert errors.max() < 4e-3
    assert np.quantile(errors, 0.8) < 1e-4
    assert np.median(errors) < 2e-6


def test_losses_of_quantiles():
    """Padding of K outputs must add nothing to J."""
    some = [(seed, loss) for seed, loss in NETS if loss == "quantiles"]
    assert max(errors_of(net, rounded)[0] for net in nets(some)) < 1e-3


def test_exact_gradients():
    """Within 1 % in most arrays; where g' jumps at a kink that rounding passes, or terms of dZ cancel, some percent."""
    errors = np.concatenate([errors_of(net, unrounded)[1] for net in nets()])
    assert np.median(errors) < 0.01
    assert np.quantile(errors, 0.9) < 0.04
    assert errors.max() < 0.3


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_exact_gradients_of_new_nets(activation):
    """As they are before training, over rows of a usual number: within 1 %, or 2 % where g' jumps at 0."""
    random = np.random.default_rng(0)
    X = random.standard_normal((2000, 20)).astype("f4")
    y = X[:, 0] > 0.5
    model = Model([20, 64, 64, 1], activation, dtype=MIXED, seed=0)
    J, got = model.loss_and_gradient(X, y)
    expected = gradient(X, y, None, model.weights, model.biases, [activation] * 2, r=unrounded)
    assert_close(J, expected.J, 1e-3)
    errors = norm_errors([*got.weights, *got.biases], [*expected.dW, *expected.db])
    assert errors.max() < (0.02 if activation in KINKED else 0.01)
    assert errors.max() > 1e-4, "nothing was rounded"


def check_operands(net, rows):
    """Compare all r(A[l]) and r(dZ[l]) of these rows with what follows from the kernels' own operands before them."""
    model, weights = net.model, [rounded(W) for W in net.model.weights]
    g = [functions_of(OWN.get(name, name)) for name in net.names]
    w = np.ones(len(net.X)) if net.w is None else net.w
    for i in rows[w[rows] > 0]:
        A, dZ = operands_of_row(net, i)
        if not all(np.isfinite(d).all() for d in dZ) or any(a is None for a in A):
            continue
        np.testing.assert_array_equal(A[0], rounded(net.X[i]), err_msg="A[0]")
        Z = [a @ W + b for a, W, b in zip(A, weights, model.biases, strict=True)]
        sums = [np.abs(a) @ np.abs(W) + np.abs(b) + 1 for a, W, b in zip(A, weights, model.biases, strict=True)]
        for l, (forward, _) in enumerate(g):
            assert_rounded(A[l + 1], forward(Z[l]), LOST * sums[l], f"A[{l + 1}]")
        classes = net.loss is None and model.out_activation == "softmax"
        _, last = head(Z[-1][None], net.y[i : i + 1], w[i : i + 1], classes, loss_of(net))
        slope = np.exp(Z[-1]) if net.loss == "poisson" else 1.0
        assert_rounded(dZ[-1], last[0], LOST * w[i] * sums[-1] * slope, "dZ[L]")
        for l, (_, backward) in reversed(list(enumerate(g))):
            dA, terms = dZ[l + 1] @ weights[l + 1].T, np.abs(dZ[l + 1]) @ np.abs(weights[l + 1]).T
            near_kink = np.abs(Z[l]) < LOST * sums[l]
            exact = np.where(near_kink, dZ[l], dA * backward(Z[l]))
            assert_rounded(dZ[l], exact, LOST * terms * sums[l], f"dZ[{l + 1}]")
        yield A, dZ


def test_every_operand_is_rounded_to_nearest():
    """Row by row, and the sum over all rows is that of their operands to the rounding of float32."""
    checked = 0
    for net in nets(NETS[::3]):
        if not net.model.bias:
            continue
        n = min(len(net.X), 12)
        found = list(check_operands(net, np.arange(n)))
        J, total = net.model.loss_and_gradient(net.X[:n], net.y[:n], None if net.w is None else net.w[:n])
        assert np.isfinite(J)
        for l, (dW, db) in enumerate(zip(total.weights, total.biases, strict=True)):
            terms = np.array([np.outer(A[l], dZ[l]) for A, dZ in found])
            columns = np.array([dZ[l] for _, dZ in found])
            if len(found) == n - (0 if net.w is None else (net.w[:n] == 0).sum()):
                assert_close(dW, terms.sum(axis=0), 1e-6, floor=np.abs(terms).sum(axis=0).max())
                assert_close(db, columns.sum(axis=0), 1e-6, floor=np.abs(columns).sum(axis=0).max())
                checked += 1
    assert checked > 60


def test_those_nets_had_everything():
    names = {name for net in nets(NETS[::3]) if net.model.bias for name in net.names}
    assert names == set(NAMES)
    assert {net.model.out_activation for net in nets()} >= {"softmax", "logistic", "identity", "exp"}
    assert {net.model.bias for net in nets()} == {True, False} == {net.w is None for net in nets()}


def test_loss_and_outputs_are_those_of_the_gradient():
    """`loss` has the bits of `loss_and_gradient`; predictions are the links of the oracle's Z[L]."""
    for net in nets(NETS[:40]):
        y = net.y[:, 0] if net.y.ndim == 2 and net.y.shape[1] == 1 else net.y
        assert net.model.loss(net.X, y, net.w) == net.gradient()[0]
        found = oracle(net)
        if net.loss == "squared_error" or net.loss == "huber":
            assert_close(net.model.predict(net.X).reshape(found.Z[-1].shape), found.Z[-1], 1e-2)


@pytest.mark.parametrize("K", [2, 3, 17, 40])
@pytest.mark.parametrize("out_activation", ["softmax", "logistic"])
@pytest.mark.parametrize("hidden", [[], [1], [5], [31, 33], [63], [300]])
def test_widths_and_numbers_of_outputs(hidden, out_activation, K):
    random = np.random.default_rng(K)
    model = Model([9, *hidden, K], "tanh", out_activation=out_activation, dtype=MIXED, seed=1)
    X, w = random.standard_normal((150, 9)).astype("f4"), random.uniform(0, 2, 150)
    y = random.integers(0, K, 150) if out_activation == "softmax" else random.integers(0, 2, (150, K))
    J, got = model.loss_and_gradient(X, y, w)
    arguments = X, y, w, model.weights, model.biases, ["tanh"] * len(hidden), out_activation == "softmax"
    expected = gradient(*arguments)
    assert_close(J, expected.J, 1e-5)
    errors = norm_errors([*got.weights, *got.biases], [*expected.dW, *expected.db])
    assert errors.max() < 1e-3
    P = model.predict_proba(X)
    exact = np.exp(expected.Z[-1])
    exact = exact / exact.sum(axis=1, keepdims=True) if out_activation == "softmax" else exact / (1 + exact)
    assert_close(P, exact, 1e-3)
