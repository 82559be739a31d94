"""Mean and spread of targets: accurate whatever the blocks, and told where they are not finite."""

import copy

import numpy as np
import pytest
from sklearn.metrics import r2_score

from fastmlp.rows.moments import Moments


def moments(Y, w=None, blocks=1):
    found = Moments()
    for index in np.array_split(np.arange(len(Y)), blocks):
        found.add(Y[index], None if w is None else w[index])
    return found


@pytest.mark.parametrize("blocks", [1, 7, 500])
def test_blocks_do_not_matter_far_from_zero(blocks):
    """A sum of squares would have lost all digits."""
    random = np.random.default_rng(0)
    Y, w = 1e9 + random.standard_normal((500, 3)), random.random(500)
    found = moments(Y, w, blocks)
    mean = np.average(Y - 1e9, axis=0, weights=w)
    np.testing.assert_allclose(found.mean - 1e9, mean, atol=1e-6)
    np.testing.assert_allclose(found.squares, w @ np.square(Y - 1e9 - mean), rtol=1e-6)


def test_scaling_gives_mean_0_and_variance_1_and_leaves_a_constant_alone():
    Y = np.stack([np.arange(10.0), np.full(10, 0.1)], axis=1)
    for blocks in (1, 2):
        shift, factor = moments(Y, blocks=blocks).scaling()
        scaled = (Y - shift) * factor
        np.testing.assert_allclose(scaled[:, 0].std(), 1)
        assert factor[1] == 1
        np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-15)


def test_r2_of_a_target_that_is_constant_but_for_rounding():
    Y = np.full((10, 1), 0.1)
    for blocks in (1, 2):
        assert moments(Y, blocks=blocks).r2(np.array([0.5])) == 0
        assert moments(Y, blocks=blocks).r2(np.array([0.0])) == 1


def test_r2_is_scikit_learns():
    random = np.random.default_rng(1)
    Y, A, w = random.standard_normal((50, 2)), random.standard_normal((50, 2)), random.random(50)
    assert moments(Y, w, 3).r2(w @ np.square(Y - A)) == pytest.approx(r2_score(Y, A, sample_weight=w), rel=1e-12)


def test_rows_without_weight_change_nothing():
    found = moments(np.array([1.0, 2.0, 4.0]))
    before = copy.deepcopy(found)
    found.add(np.array([1e9]), np.zeros(1))
    assert (found.weight, found.mean, found.squares) == (before.weight, before.mean, before.squares)


def test_a_variance_that_float64_cannot_hold_is_refused_where_it_is_needed():
    found = moments(np.array([1e200, -1e200, 3e200]), blocks=3)
    with pytest.raises(ValueError, match=r"y: the variance exceeds float64.*scale y"):
        found.scaling()


def test_merging_leaves_the_other_as_it_is():
    one, other = moments(np.arange(4.0)), moments(np.arange(9.0))
    before = other.mean.copy(), other.squares.copy()
    whole = Moments()
    whole.merge(other)
    whole.merge(one)
    assert (other.mean == before[0]).all()
    assert (other.squares == before[1]).all()
