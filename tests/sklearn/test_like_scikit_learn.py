"""The same seed gives the same model as scikit-learn's estimators, in float64, up to rounding."""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier as Theirs
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.utils import shuffle

from fastmlp import MLPClassifier as Ours
from fastmlp import MLPRegressor as OurRegressor
from fastmlp.sklearn import rules, split

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classes(K):
    return make_classification(1003, 12, n_informative=6, n_classes=K, class_sep=0.5, random_state=0)


def target(of_z):
    X = classes(2)[0] / 3
    z = np.stack([X[:, 0] + np.sin(3 * X[:, 1]), X[:, 2] * X[:, 3]], axis=1)
    return X, of_z(z / z.std(axis=0))


CLASSES = {
    "binary": classes(2),
    "five classes": classes(5),
    "labels": make_multilabel_classification(403, random_state=0),
    "names": (classes(3)[0], np.array(["bee", "ant", "cat"])[classes(3)[1]]),
}
NUMBERS = {
    "numbers": target(lambda z: z[:, 0]),
    "two columns": target(lambda z: z * (2, 0.5) + (-1, 3)),
    "counts": target(lambda z: np.random.default_rng(0).poisson(np.exp(z[:, 0] / 2))),
}
DATA = CLASSES | NUMBERS
SETTINGS = {
    "adam": {},
    "adam, other constants": {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3, "learning_rate_init": 0.01},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.02},
    "sgd without momentum": {"solver": "sgd", "momentum": 0, "learning_rate_init": 0.1},
    "sgd without Nesterov": {"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.5},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.2, "learning_rate_init": 0.05},
    "adaptive": {
        "solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.05, "tol": 0.02, "n_iter_no_change": 2
    },
    "stops": {"tol": 0.05, "n_iter_no_change": 3},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 3},
    "early stopping of sgd": {"early_stopping": True, "solver": "sgd", "learning_rate_init": 0.05},
    "strong alpha": {"alpha": 3.0, "batch_size": 64},
    "in order": {"shuffle": False, "activation": "tanh", "hidden_layer_sizes": (20, 10)},
    "logistic": {"activation": "logistic", "hidden_layer_sizes": (7,), "learning_rate_init": 0.01},
    "identity, one batch": {"activation": "identity", "batch_size": 2000},
}  # fmt: skip


def distance(ours, theirs):
    """‖ours - theirs‖ / ‖theirs‖ of the pair of arrays that differs most."""
    assert [a.shape for a in ours] == [a.shape for a in theirs]
    return max(np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(ours, theirs, strict=True))


def kinds(name):
    return (OurRegressor, TheirRegressor) if name in NUMBERS else (Ours, Theirs)


def both(name, settings, sample_weight=None, **more):
    X, y = DATA[name]
    settings = {"random_state": 3, "max_iter": 20, **settings, **more}
    if name == "counts":
        settings["loss"] = "poisson"
    return [kind(**settings).fit(X, y, sample_weight) for kind in kinds(name)]


def assert_same_scores(name, ours, theirs):
    """Accuracies are equal; R² is summed up in another order."""
    assert (ours is None) == (theirs is None)
    if ours is not None:
        np.testing.assert_allclose(ours, theirs, rtol=1e-9 if name in NUMBERS else 0)


@pytest.mark.filterwarnings("ignore:Got `batch_size`")
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", DATA)
def test_the_same_model_after_twenty_epochs(name, setting):
    ours, theirs = both(name, SETTINGS[setting])
    assert ours.n_iter_ == theirs.n_iter_
    assert distance(ours.coefs_, theirs.coefs_) < 1e-6
    assert distance(ours.intercepts_, theirs.intercepts_) < 1e-6
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-8)
    assert_same_scores(name, ours.validation_scores_, theirs.validation_scores_)
    assert_same_scores(name, ours.best_validation_score_, theirs.best_validation_score_)
    for attribute in ("t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, attribute) == getattr(theirs, attribute)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-8)
    assert ours.best_loss_ == (theirs.best_loss_ if theirs.best_loss_ is None else pytest.approx(theirs.best_loss_))
    X, y = DATA[name]
    if name in NUMBERS:
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-8, atol=1e-9)
        assert ours.score(X, y) == pytest.approx(theirs.score(X, y), rel=1e-9)
        return
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-9)


@pytest.mark.parametrize("setting", ["adam", "sgd", "early stopping", "strong alpha"])
@pytest.mark.parametrize("name", ["binary", *NUMBERS])
def test_the_same_model_with_sample_weights(name, setting):
    w = np.random.default_rng(0).uniform(0, 3, len(DATA[name][0]))
    ours, theirs = both(name, SETTINGS[setting], w)
    assert distance(ours.coefs_, theirs.coefs_) < 1e-6
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-8)
    assert_same_scores(name, ours.validation_scores_, theirs.validation_scores_)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("name", DATA)
def test_one_step(name, solver):
    n = len(DATA[name][0])
    ours, theirs = both(name, {"solver": solver, "batch_size": n, "max_iter": 1})
    assert distance(ours.coefs_, theirs.coefs_) < 1e-12
    assert distance(ours.intercepts_, theirs.intercepts_) < 1e-12
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-12)


@pytest.mark.parametrize("of", [list, tuple, lambda X: X.tolist(), lambda X: [list(row) for row in X], np.asarray])
def test_what_is_computed_in(of):
    """Lists are float64, also those of float32 numbers."""
    X, y = make_classification(30, 5, random_state=0)
    X = of(X.astype(np.float32))
    ours, theirs = (kind((3,), batch_size=30, max_iter=1, random_state=0) for kind in (Ours, Theirs))
    dtypes = {estimator.partial_fit(X, y, classes=[0, 1]).coefs_[0].dtype for estimator in (ours, theirs)}
    assert len(dtypes) == 1


def test_the_same_start_and_the_same_order_of_rows(monkeypatch):
    """Bit by bit: with a learning rate too small to change a weight, the weights are those drawn."""
    drawn = []
    of = rules.Order.of
    monkeypatch.setattr(rules.Order, "of", lambda index: drawn.append(index) or of(index))
    ours, theirs = both("names", {"learning_rate_init": 1e-300, "max_iter": 1})
    for a, b in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(drawn[-1], shuffle(np.arange(1003), random_state=start_of(ours)))


def start_of(estimator):
    """Return the random state after the first weights were drawn."""
    random = np.random.RandomState(estimator.random_state)
    for a, b in zip(estimator.coefs_, estimator.intercepts_, strict=True):
        random.uniform(size=a.shape)
        random.uniform(size=b.shape)
    return random


@pytest.mark.parametrize("name", [*CLASSES, "numbers", "counts"])
def test_lbfgs(name):
    ours, theirs = both(name, {"solver": "lbfgs", "max_iter": 30})
    X, method = DATA[name][0], "predict" if name in NUMBERS else "predict_proba"
    np.testing.assert_allclose(getattr(ours, method)(X), getattr(theirs, method)(X), atol=1e-3)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)
    assert ours.n_iter_ == theirs.n_iter_


def test_lbfgs_of_several_outputs_minimises_the_sum_of_their_squared_errors():
    """scikit-learn's gradient is that of the sum, but its loss is the mean, which misleads its line searches."""
    X, y = DATA["two columns"]
    pair = both("two columns", {"solver": "lbfgs", "max_iter": 300, "hidden_layer_sizes": (10,)})
    sums = []
    for estimator in pair:
        penalty = estimator.alpha / 2 * sum(float((W**2).sum()) for W in estimator.coefs_)
        sums.append((((estimator.predict(X) - y) ** 2).sum() / 2 + penalty) / len(y))
    assert pair[0].loss_ == pytest.approx(sums[0], rel=1e-12)
    assert sums[0] < sums[1]


@pytest.mark.parametrize("fraction", [0.1, 0.37])
def test_the_same_validation_rows_of_many(fraction):
    y = np.random.default_rng(0).random(20_011) < 0.3
    index = np.arange(len(y))
    for stratified in (False, True):
        random = [np.random.RandomState(4) for _ in range(2)]
        ours = split.validation_rows(len(y), fraction, random[0], y.view(np.uint8) if stratified else None)
        theirs = train_test_split(
            index, random_state=random[1], test_size=fraction, stratify=y[:, None] if stratified else None
        )
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])
        assert random[0].randint(2**30) == random[1].randint(2**30)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("name", ["names", "numbers", "two columns"])
def test_partial_fit_and_warm_start(name, solver):
    X, y = DATA[name]
    pair = [kind(solver=solver, random_state=1) for kind in kinds(name)]
    known = {"classes": ["ant", "bee", "cat"]} if name == "names" else {}
    for estimator in pair:
        for first in range(0, 1000, 250):
            part = slice(first, first + 250)
            estimator.partial_fit(X[part], y[part], **known)
    assert distance(pair[0].coefs_, pair[1].coefs_) < 1e-9
    assert pair[0].t_ == pair[1].t_ == 1000

    pair = [kind(solver=solver, random_state=1, warm_start=True, max_iter=3) for kind in kinds(name)]
    for estimator in pair:
        estimator.fit(X, y).fit(X, y)
    assert distance(pair[0].coefs_, pair[1].coefs_) < 1e-9
    np.testing.assert_allclose(pair[0].loss_curve_, pair[1].loss_curve_, rtol=1e-8)


def test_a_random_state_that_is_shared():
    X, y = DATA["binary"]
    random = [np.random.RandomState(5) for _ in range(2)]
    ours, theirs = (kind(random_state=r, max_iter=3).fit(X, y) for kind, r in zip((Ours, Theirs), random, strict=True))
    assert distance(ours.coefs_, theirs.coefs_) < 1e-9
    assert random[0].randint(2**30) == random[1].randint(2**30)


@pytest.mark.parametrize("name", ["binary", "numbers"])
def test_what_is_printed(name, capsys):
    printed = []
    for kind in kinds(name):
        kind(random_state=1, max_iter=4, verbose=True, early_stopping=True, tol=1, n_iter_no_change=1).fit(*DATA[name])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "Stopping." in printed[0]
