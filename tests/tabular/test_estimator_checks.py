"""scikit-learn's checks of what an estimator must do."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks
from small_tables import train_little

from fastmlp import TabularClassifier, TabularRegressor

WEIGHTS = "a row of weight 2 is not two rows: batches, quartiles and bins count rows, whatever they weigh"
EXPECTED = {f"check_sample_weight_equivalence_on_{kind}_data": WEIGHTS for kind in ("dense", "sparse")}
ESTIMATORS = [
    TabularClassifier(n_members=1),
    TabularRegressor(n_members=1),
    TabularRegressor(loss="quantile", n_members=1),
    TabularRegressor(loss="huber", n_members=1),
]


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    train_little(monkeypatch, encodings=("smooth",), width=16, epochs=10, smooth_learning_rate=1e-2)


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda estimator: EXPECTED)
def test_scikit_learns_checks(estimator, check):
    check(estimator)
