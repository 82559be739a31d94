"""The recipe as a function of the number of rows."""

import pytest

from fastmlp.tabular.members.recipe import WAVES, recipe_for


@pytest.mark.parametrize(
    ("n", "n_members", "epochs", "batch_rows", "rate"),
    [
        (100, 8, 30, 32, 1e-3),
        (2_001, 8, 100, 128, 2e-3),
        (26_000, 8, 20, 128, 2e-3),
        (100_000, 8, 6, 128, 2e-3),
        (200_000, 4, 6, 256, 2e-3 * 2**0.5),
        (465_000, 2, 6, 512, 4e-3),
        (1_000_000, 2, 3, 512, 4e-3),
        (50_000_000, 2, 2, 512, 4e-3),
    ],
)
def test_sizes(n, n_members, epochs, batch_rows, rate):
    recipe = recipe_for(n, classes=True)
    assert (recipe.n_members, recipe.epochs, recipe.batch_rows) == (n_members, epochs, batch_rows)
    assert recipe.learning_rate == pytest.approx(rate)
    assert recipe.rate_of(WAVES) == pytest.approx(2 * rate)


def test_numbers_have_no_dropout():
    assert recipe_for(10_000, classes=True).dropout > 0
    assert recipe_for(10_000, classes=False).dropout == 0
