"""scikit-learn's own tests of its networks, from the installed scikit-learn, over this library's, all of them."""

import importlib.util

import pytest
import sklearn.neural_network

import fastmlp
from fastmlp.sklearn import data, lbfgs

pytestmark = [
    pytest.mark.filterwarnings("default"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),  # theirs train for few epochs
]

LEFT_OUT: dict[str, str] = {}  # by name, with the reason


def upstream():
    """Return the module of tests, run with this library's classes in the place of scikit-learn's."""
    spec = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as replaced:
        for name in ("MLPClassifier", "MLPRegressor"):
            replaced.setattr(sklearn.neural_network, name, getattr(fastmlp, name))
        spec.loader.exec_module(module)
    return module


tests = {name: test for name, test in vars(upstream()).items() if name.startswith("test_")}
globals().update({name: test for name, test in tests.items() if name not in LEFT_OUT})


@pytest.fixture(autouse=True)
def _loss_grad_lbfgs(monkeypatch):
    """test_gradient calls the objective of L-BFGS by scikit-learn's private name, with buffers of its own."""

    def objective(self, theta, X, Y, sample_weight, *buffers):
        y = Y.argmax(axis=1) if self.out_activation_ == "softmax" else Y[:, 0]
        network = self._network()
        return lbfgs.objective(network, data.rows_of(network, X, y, sample_weight), self.alpha, theta)

    monkeypatch.setattr(fastmlp.MLPClassifier, "_loss_grad_lbfgs", objective, raising=False)


@pytest.fixture
def global_random_seed():
    """Return what scikit-learn's conftest.py gives where no seed is asked for."""
    return 42


def test_what_is_left_out_exists():
    assert tests.keys() >= LEFT_OUT.keys()
    assert len(tests) - len(LEFT_OUT) >= 36
