"""scikit-learn's checks of what an estimator must do."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


REGRESSORS = [
    MLPRegressor(max_iter=100),
    MLPRegressor("huber", max_iter=100, standardize_target=True),
    MLPRegressor("quantile", max_iter=100),
]


@parametrize_with_checks([MLPClassifier(max_iter=100), *REGRESSORS])
def test_scikit_learns_checks(estimator, check):
    check(estimator)
