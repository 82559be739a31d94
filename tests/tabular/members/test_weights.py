"""Weights of members, learned from rows that their nets were not trained on."""

import numpy as np
import pytest

from fastmlp.losses import CROSS_ENTROPY, LOG_LOSS, SQUARED_ERROR, loss_of
from fastmlp.tabular.members.member import Member, weights_of
from fastmlp.tabular.members.recipe import TRUST
from fastmlp.tabular.members.weights import learned_weights

random = np.random.default_rng(0)
NUMBERS = random.standard_normal(200)
CLASSES = (NUMBERS > 0).astype(int)
LOSSES = {
    "log_loss": (LOG_LOSS, CLASSES, NUMBERS[:, np.newaxis]),
    "cross_entropy": (CROSS_ENTROPY, CLASSES, np.stack([-NUMBERS, NUMBERS], axis=1)),
    "squared_error": (SQUARED_ERROR, NUMBERS, NUMBERS[:, np.newaxis]),
    "poisson": (loss_of("poisson", 1), np.exp(NUMBERS), NUMBERS[:, np.newaxis]),
    "quantile": (loss_of("quantile", 1, quantile=0.5), NUMBERS, NUMBERS[:, np.newaxis]),
    "huber": (loss_of("huber", 1, delta=1.0), NUMBERS, NUMBERS[:, np.newaxis]),
}


@pytest.mark.parametrize("name", LOSSES)
def test_outputs_that_tell_nothing_have_the_least_weight(name):
    loss, y, good = LOSSES[name]
    noise = random.standard_normal(good.shape)
    weights = learned_weights(loss, [noise, good], y, None)
    np.testing.assert_allclose(weights, [(1 - TRUST) / 2, (1 + TRUST) / 2], atol=0.02)


@pytest.mark.parametrize("number", [800.0, 1e200, np.inf, np.nan])
@pytest.mark.parametrize("name", LOSSES)
def test_outputs_that_overflow_leave_weights_that_are_numbers(name, number):
    loss, y, good = LOSSES[name]
    bad = good.copy()
    bad[3] = number
    weights = learned_weights(loss, [good, bad], y, None)
    assert weights.sum() == pytest.approx(1)
    assert ((weights >= (1 - TRUST) / 2 - 1e-12) & (weights <= (1 + TRUST) / 2 + 1e-12)).all()


def test_encodings_that_share_no_turn_have_equal_weights():
    """As where Ctrl-C has left one member of each turn."""
    members = [Member(encoding, turn, None, None, None) for turn, encoding in enumerate("aab")]
    np.testing.assert_array_equal(weights_of(members, LOG_LOSS), [0.25, 0.25, 0.5])
