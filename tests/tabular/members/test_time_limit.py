"""Recipes for the seconds that are left."""

import time
from types import SimpleNamespace

import pytest

from fastmlp.rows.order import Order
from fastmlp.tabular.members.recipe import Recipe
from fastmlp.tabular.members.time_limit import LATE, SPARE, Limit, fitted_to

N, VALIDATED, SECONDS_PER_ROW = 30_000, 3_000, 1e-5
EPOCH = SECONDS_PER_ROW * (N + VALIDATED / 3)
RECIPE = Recipe(n_members=8, epochs=10)
WHOLE = 4 * 10 * EPOCH  # seconds of two threads for four members each


def fitted(seconds, n_threads=2):
    """Return a recipe for so many seconds of planned training."""
    part = SimpleNamespace(order=Order(N))
    member = SimpleNamespace(part=part, validation=SimpleNamespace(order=Order(VALIDATED)))
    limit = Limit(seconds / SPARE + LATE, time.perf_counter())
    return fitted_to(RECIPE, limit, [member] * 4, n_threads, lambda member, recipe: SECONDS_PER_ROW)


@pytest.mark.parametrize(
    ("share", "n_members", "epochs"),
    [(1.01, 8, 10), (0.75, 8, 7.5), (0.5, 8, 5), (0.25, 4, 5), (0.125, 2, 5), (0.05, 2, 2), (1e-9, 2, 1000 / N)],
)
def test_less_time_means_fewer_epochs_then_fewer_members(share, n_members, epochs):
    recipe = fitted(share * WHOLE * 1.001)
    assert recipe.n_members == n_members
    assert recipe.epochs == pytest.approx(epochs, rel=0.02)


def test_more_time_means_more_members_up_to_a_limit():
    assert fitted(1.6 * WHOLE).n_members == 12
    assert fitted(100 * WHOLE).n_members == 24
    assert fitted(100 * WHOLE).epochs == 10


def test_a_limit_ends_before_its_seconds():
    limit = Limit(10.0, time.perf_counter())
    assert 9 < limit.left < 10
    assert not limit.over
    assert Limit(0.0, time.perf_counter()).over
