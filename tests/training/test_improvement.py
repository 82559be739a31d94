"""The rule of early stopping, epoch by epoch; both estimators and `Model` compare by it."""

import numpy as np
import pytest

from fastmlp import MLPClassifier
from fastmlp.training.improvement import Improvement

inf, nan = np.inf, np.nan


@pytest.mark.parametrize(
    ("ties", "figures", "waited", "best"),
    [
        (False, [1.0, 1.5, 2.1, 2.3, 2.6], [0, 1, 0, 1, 2], 2.6),
        (True, [1.0, 1.5, 2.1, 2.3, 2.6], [0, 0, 0, 1, 2], 2.6),
        (True, [nan, 1.0, inf, -inf, nan, 1.5], [1, 0, 1, 2, 3, 0], 1.5),
        (False, [nan, inf, -inf], [1, 2, 3], -inf),
    ],
)
def test_figures_one_after_the_other(ties, figures, waited, best):
    improvement, seen = Improvement(tol=0.5, patience=2, ties=ties), []
    for number, figure in enumerate(figures):
        improvement.count(figure, lambda number=number: number)
        seen.append(improvement.waited)
        assert improvement.exhausted == (improvement.waited >= 2)
    assert seen == waited
    assert improvement.best == best
    assert improvement.kept == (figures.index(best) if np.isfinite(best) else None)


def test_a_figure_that_is_better_by_less_than_tol_is_the_best_nevertheless():
    improvement = Improvement(tol=1.0, patience=9)
    for figure in (0.0, 0.4, 0.8, 1.2):  # each is compared with the highest, not with the last that improved
        improvement.count(figure, lambda figure=figure: figure)
    assert (improvement.best, improvement.kept, improvement.waited) == (1.2, 1.2, 3)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_warm_start_that_no_longer_stops_early_compares_losses():
    """Former fits compared scores, and have no best loss."""
    random = np.random.default_rng(0)
    X, y = random.standard_normal((200, 3)), random.integers(0, 2, 200)
    estimator = MLPClassifier((4,), max_iter=2, early_stopping=True, warm_start=True, random_state=0).fit(X, y)
    assert estimator.best_loss_ is None
    estimator.set_params(early_stopping=False).fit(X, y)
    assert estimator.best_loss_ == min(estimator.loss_curve_[2:])
