"""`target_scaling`: training sees (y - shift) factor, and predictions come back in the units of y."""

import copy
import pickle

import numpy as np
import pytest
from numeric_losses import LOSSES, X, fitted, learnable, model_of, n, p
from reference import assert_close

from fastmlp import Model

SCALED = [name for name in LOSSES if name != "poisson"]


@pytest.mark.parametrize("K", [1, 3])
@pytest.mark.parametrize("name", SCALED)
class TestScaledTargets:
    def scaling(self, name, K):
        targets = 1 if LOSSES[name].outputs else K
        return np.linspace(50, 90, targets), np.linspace(0.5, 0.1, targets)

    def test_the_fit_is_that_of_scaled_numbers(self, name, K):
        shift, factor = self.scaling(name, K)
        y = learnable(name, K)
        units = y / (factor if y.ndim == 2 else factor[0]) + (shift if y.ndim == 2 else shift[0])
        inside, outside = fitted(name, K, units, scaling=(shift, factor)), fitted(name, K, y)
        assert_close(inside.parameters, outside.parameters, 1e-9)
        assert_close(inside.loss(X, units), outside.loss(X, y), 1e-9)
        _, gradient = inside.loss_and_gradient(X, units)
        assert_close(gradient.parameters, outside.loss_and_gradient(X, y)[1].parameters, 1e-7)

    def test_predictions_come_back_in_the_units_of_y(self, name, K):
        shift, factor = self.scaling(name, K)
        model = fitted(name, K)
        plain = model.predict(X)
        model.target_scaling = shift, factor
        assert_close(model.predict(X), plain / factor + shift, 1e-12)
        np.testing.assert_array_equal(np.concatenate(list(model.iter_predict(X))), model.predict(X))

    def test_it_is_kept_by_files_copies_and_pickles(self, name, K, tmp_path):
        model = fitted(name, K, scaling=self.scaling(name, K))
        model.save(tmp_path / "m")
        loaded = Model.load(tmp_path / "m"), copy.deepcopy(model), copy.copy(model), pickle.loads(pickle.dumps(model))
        for other in loaded:
            assert [part.tolist() for part in other.target_scaling] == [part.tolist() for part in model.target_scaling]
            np.testing.assert_array_equal(other.predict(X), model.predict(X))

    def test_figures_of_validation_rows_are_the_same(self, name, K):
        """R² does not know units; the loss is that of the scaled numbers."""
        shift, factor = self.scaling(name, K)
        y = learnable(name, K)
        units = y / (factor if y.ndim == 2 else factor[0]) + (shift if y.ndim == 2 else shift[0])
        pair = [
            fitted(name, K, target, scaling=scaling, X_val=X, y_val=target).history[-1]
            for target, scaling in ((y, None), (units, (shift, factor)))
        ]
        for key in set(pair[0]) - {"seconds", "rows_per_second"}:
            assert pair[1][key] == pytest.approx(pair[0][key], rel=1e-7), key


def test_a_large_offset_costs_no_digits_in_float32():
    """1e6 + y is no number of float32 with the digits of y, but (1e6 + y) - 1e6 is computed before it is rounded."""
    y = learnable("squared_error")
    plain = fitted("squared_error", dtype="float32", y=y)
    shifted = fitted("squared_error", dtype="float32", y=y + 1e6, scaling=(np.array([1e6]), np.ones(1)))
    assert_close(shifted.parameters, plain.parameters, 1e-4)


def test_y_of_float32_is_scaled_in_float64():
    """The shift is no number of float32: the difference would lose its digits there."""
    y = (1e6 + np.arange(n) / 16).astype(np.float32)
    model = model_of("squared_error", [p, 1])
    model.target_scaling = np.array([1e6 + 1 / 3]), np.ones(1)
    assert model.loss(X, y) == model.loss(X, y.astype(np.float64))


@pytest.mark.parametrize(("name", "value", "words"), [
    ("poisson", (np.zeros(1), np.ones(1)), "poisson"),
    ("squared_error", (np.zeros(2), np.ones(2)), r"target_scaling.*\(2,\)"),
    ("squared_error", (np.zeros(1), np.full(1, np.nan)), "target_scaling.*finite"),
    ("squared_error", (np.zeros(1), np.zeros(1)), "target_scaling.*0"),
    ("quantiles", (np.zeros(4), np.ones(4)), r"target_scaling.*\(4,\)"),
])  # fmt: skip
def test_a_scaling_of_targets_that_fits_no_target(name, value, words):
    with pytest.raises(ValueError, match=words):
        model_of(name, [p, 1]).target_scaling = value


def test_classes_have_no_scaling_of_targets():
    with pytest.raises(ValueError, match=r"target_scaling.*log_loss"):
        Model([p, 1]).target_scaling = np.zeros(1), np.ones(1)
