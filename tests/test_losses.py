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
