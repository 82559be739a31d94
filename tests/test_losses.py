"""The losses that a Model can be made for, and settings that fit none."""

import math

import numpy as np
import pytest
from numeric_losses import X, n, p, target

from fastmlp import Model


class TestArguments:
    @pytest.mark.parametrize(("settings", "words"), [
        ({"loss": "squared"}, r"loss='squared'.*log_loss.*squared_error.*poisson.*quantile.*huber"),
        ({"loss": None}, "loss=None"),
        ({"loss": "quantile", "quantile": 0.0}, "quantile=0"),
        ({"loss": "quantile", "quantile": 1}, "quantile=1"),
        ({"loss": "quantile", "quantile": -0.1}, "quantile=-0.1"),
        ({"loss": "quantile", "quantile": math.nan}, "quantile=nan"),
        ({"loss": "quantile", "quantile": "median"}, "quantile='median'"),
        ({"loss": "quantile", "quantile": []}, r"quantile=\[\]"),
        ({"loss": "quantile", "quantile": [0.5, 0.1]}, r"quantile=\[0.5, 0.1\].*ascend"),
        ({"loss": "quantile", "quantile": [0.5, 0.5]}, r"quantile=\[0.5, 0.5\].*ascend"),
        ({"loss": "quantile", "quantile": [[0.1], [0.5]]}, r"quantile=\[\[0.1\], \[0.5\]\]"),
        ({"loss": "quantile", "quantile": [0.1, 0.5]}, r"quantile=\[0.1, 0.5\].*2 levels.*1 output"),
        ({"loss": "huber", "delta": 0.0}, "delta=0"),
        ({"loss": "huber", "delta": -1}, "delta=-1"),
        ({"loss": "huber", "delta": math.inf}, "delta=inf"),
        ({"loss": "huber", "delta": "wide"}, "delta='wide'"),
        ({"loss": "squared_error", "out_activation": "softmax"}, "out_activation='softmax'.*log_loss"),
        ({"loss": "poisson", "out_activation": "logistic"}, "out_activation='logistic'.*log_loss"),
    ])  # fmt: skip
    def test_settings_that_fit_no_loss(self, settings, words):
        with pytest.raises((ValueError, TypeError), match=words):
            Model([p, 1], **settings)

    def test_numbers_of_numpy(self):
        """NumPy's numbers and arrays are numbers and lists."""
        one = Model([p, 2], loss="quantile", quantile=np.array([0.25, 0.75]))
        other = Model([p, 2], loss="quantile", quantile=(0.25, 0.75))
        y = target("squared_error", n)
        assert one.loss(X, y) == other.loss(X, y)
        one, other = (Model([p, 1], loss="huber", delta=delta) for delta in (np.float32(2), 2))
        assert one.loss(X, y) == other.loss(X, y)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "huber", "delta": 1e-46}, r"delta=1e-46: is 0.0 in float32; use dtype='float64'"),
        ({"loss": "huber", "delta": 1e39}, r"delta=1e\+39: is inf in float32"),
        ({"loss": "quantile", "quantile": 1 - 1e-9}, r"quantile=\[0.9.*\]: float32 rounds a level to 0 or 1"),
        ({"loss": "quantile", "quantile": "0.5"}, r"quantile='0.5': must be a number, or an ascending list"),
        ({"loss": "quantile", "quantile": [[0.5]]}, r"quantile=\[\[0.5\]\]: must be a number, or an ascending list"),
    ],
)
def test_settings_that_a_dtype_rounds_away(settings, words):
    """As zeros, they would train nothing, and say nothing."""
    with pytest.raises((ValueError, TypeError), match=words):
        Model([2, 1], **settings)


@pytest.mark.parametrize(("delta", "y"), [(10, 8e37), (1e25, 1e20)])
def test_targets_with_which_hubers_loss_overflows_are_refused(delta, y):
    model = Model([2, 1], loss="huber", delta=delta)
    with pytest.raises(ValueError, match=r"y contains .* in row 1, with which loss='huber' overflows float32"):
        model.loss(np.zeros((2, 2)), [0, y])
    assert np.isfinite(model.loss(np.zeros((2, 2)), [0, y / 1e3 if delta == 10 else 1e11]))
