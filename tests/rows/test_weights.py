"""Row weights of any size: what kernels compute with them, and batches that have none."""

import math
import warnings

import numpy as np
import pytest

from fastmlp import Adam, MLPClassifier, Model, rows
from fastmlp.rows.targets import weight_factor

random = np.random.default_rng(0)
n, p = 120, 5
X = random.standard_normal((n, p))
y = np.int64(X[:, 0] > 0)
w = random.uniform(0.5, 2, n)
POWERS = [2.0**-300, 2.0**-120, 2.0**120, 2.0**300]  # beyond float32


def model(outputs=1, **settings):
    return Model([p, 7, outputs], "tanh", **settings)


@pytest.mark.parametrize("scale", POWERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
class TestScaledByAPowerOfTwo:
    def test_training_has_the_same_bits(self, dtype, scale):
        for source in (lambda w: (X, y, w), lambda w: (rows.Array(X, y, w),)):
            for batch_size in (16, None):
                settings = {"epochs": 3, "batch_size": batch_size, "l2": 0.01, "optimizer": Adam(0.01)}
                plain = model(dtype=dtype).fit(*source(w), **settings)
                scaled = model(dtype=dtype).fit(*source(scale * w), **{**settings, "optimizer": Adam(0.01)})
                assert plain.parameters.tobytes() == scaled.parameters.tobytes()
                assert [r["loss"] for r in plain.history] == [r["loss"] for r in scaled.history]

    def test_a_batch_in_several_windows_has_the_same_bits(self, dtype, scale):
        fits = [
            model(dtype=dtype).fit(rows.Array(X, y, v, window_rows=16), epochs=2, batch_size=50) for v in (w, scale * w)
        ]
        assert fits[0].parameters.tobytes() == fits[1].parameters.tobytes()

    def test_the_loss_and_its_gradient_scale_exactly(self, dtype, scale):
        J, gradient = model(dtype=dtype).loss_and_gradient(X, y, w)
        with np.errstate(over="ignore", under="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # the gradient may exceed its dtype
            J_scaled, gradient_scaled = model(dtype=dtype).loss_and_gradient(X, y, scale * w)
            expected = (gradient.parameters.astype(np.float64) * scale).astype(dtype)
        assert J_scaled == scale * J
        np.testing.assert_array_equal(gradient_scaled.parameters, expected)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("scale", POWERS)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_alpha_scales_with_the_weights(solver, scale):
    """MLPClassifier divides alpha by Σw: with both scaled, nothing changes."""

    def fitted(scale):
        settings = {"solver": solver, "max_iter": 3, "batch_size": 16, "random_state": 0, "dtype": "float32"}
        return MLPClassifier((7,), alpha=0.01 * scale, **settings).fit(X, y, scale * w)

    plain, scaled = fitted(1.0), fitted(scale)
    assert plain.coefs_[0].tobytes() == scaled.coefs_[0].tobytes()
    assert plain.loss_curve_ == scaled.loss_curve_


def test_the_factor_brings_the_mean_near_one():
    for total, rows_ in ((1.0, 3), (1e-300, 10**9), (1e308, 1), (5e-324, 1), (3.5, 7)):
        factor = weight_factor(total, rows_)
        assert math.frexp(factor)[0] == 0.5
        assert 0.5 <= total / rows_ * factor < 1 or factor == 2.0**1022
    assert weight_factor(0.0, 5) == weight_factor(0.0, 0) == 1.0


@pytest.mark.parametrize(("weights", "words"), [(5e307 * w, "inf"), (5e-324 * np.ones(n), "5.93e-322")])
def test_sums_that_float64_cannot_hold_are_refused(weights, words):
    with pytest.raises(ValueError, match=f"sample_weight sums up to {words}.*divide it by its mean"):
        model().fit(X, y, weights)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("batch_size", [4, 600])  # in shared buffers, and cut into chunks
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_batch_without_weight_counts_nowhere(solver, batch_size, stream):
    """Weights, losses and epochs are those of a fit without these rows."""
    X = random.standard_normal((3 * batch_size, p))
    y, w = np.arange(len(X)) % 2, random.uniform(0.5, 2, len(X))
    empty = slice(batch_size, 2 * batch_size)
    w[empty] = 0
    fits = []
    for keep in (np.ones(len(X), bool), w > 0):
        made = MLPClassifier((8,), solver=solver, batch_size=batch_size, max_iter=4, shuffle=False, random_state=0)
        data = X[keep], y[keep], w[keep]
        fits.append(made.fit(rows.Array(*data)) if stream else made.fit(*data))
    for name in ("loss_curve_", "n_iter_"):
        assert getattr(fits[0], name) == getattr(fits[1], name)
    assert fits[0].n_iter_ == 4
    assert fits[0].coefs_[0].tobytes() == fits[1].coefs_[0].tobytes()
