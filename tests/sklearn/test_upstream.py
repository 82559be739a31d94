"""scikit-learn's own tests of its MLPClassifier, from the installed scikit-learn, over this library's.

Left out, as they test MLPRegressor only, which is scikit-learn's own: see REGRESSOR. Nothing else is.
"""

import importlib.util

import pytest
import sklearn.neural_network

import fastmlp
from fastmlp.sklearn import data, lbfgs

pytestmark = [
    pytest.mark.filterwarnings("default"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),  # theirs train for few epochs
]

REGRESSOR = {
    "test_lbfgs_regression", "test_lbfgs_regression_maxfun", "test_multioutput_regression",
    "test_partial_fit_regression", "test_nonfinite_params", "test_shuffle", "test_mlp_regressor_dtypes_casting",
    "test_mlp_loading_from_joblib_partial_fit", "test_mlp_diverging_loss",
    "test_mlp_sample_weight_with_early_stopping", "test_mlp_vs_poisson_glm_equivalent",
}  # fmt: skip


def upstream():
    """Return the module of tests, run with this library's class in the place of scikit-learn's."""
    spec = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
    module = importlib.util.module_from_spec(spec)
    theirs = sklearn.neural_network.MLPClassifier
    sklearn.neural_network.MLPClassifier = fastmlp.MLPClassifier
    try:
        spec.loader.exec_module(module)
    finally:
        sklearn.neural_network.MLPClassifier = theirs
    return module


tests = {name: test for name, test in vars(upstream()).items() if name.startswith("test_")}
globals().update({name: test for name, test in tests.items() if name not in REGRESSOR})


@pytest.fixture(autouse=True)
def _loss_grad_lbfgs(monkeypatch):
    """test_gradient calls the objective of L-BFGS by scikit-learn's private name, with buffers of its own."""

    def objective(self, theta, X, Y, sample_weight, *buffers):
        y = Y.argmax(axis=1) if self.out_activation_ == "softmax" else Y[:, 0]
        network = self._network()
        return lbfgs.objective(network, data.rows_of(network, X, y, sample_weight), self.alpha, theta)

    monkeypatch.setattr(fastmlp.MLPClassifier, "_loss_grad_lbfgs", objective, raising=False)


def test_what_is_left_out_exists():
    assert tests.keys() >= REGRESSOR
    assert len(tests) - len(REGRESSOR) >= 25
