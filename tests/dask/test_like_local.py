"""`DaskMLPClassifier` beside `MLPClassifier`: what both have means the same."""

import warnings

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from one_worker import one_worker
from sklearn.exceptions import ConvergenceWarning

import fastmlp.dask
from fastmlp import MLPClassifier, Model
from fastmlp.dask import DaskMLPClassifier
from fastmlp.dask.network import DaskNetwork

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

n, p = 300, 4
random = np.random.default_rng(0)
X = random.standard_normal((n, p))
z = X[:, 0] * X[:, 1] + 0.5 * random.standard_normal(n)
TWO, THREE = np.where(z > 0, "yes", "no"), np.digitize(z, [-0.4, 0.4]) * 5 - 3
COUNTS = random.integers(0, 9, n)
NOTHING_DRAWN = {"shuffle": False, "dtype": "float64", "random_state": 0}


@pytest.fixture(scope="module")
def client():
    with one_worker() as client:
        yield client


def cut(*values, rows=120):
    return [da.from_array(value, chunks=(rows, *value.shape[1:])) for value in values]


def pair(monkeypatch, y=TWO, w=None, solver="adam", rows=X, **settings):
    """Both classifiers, fitted by exact steps from the same weights."""
    settings = {"hidden_layer_sizes": (6,), "max_iter": 8, **settings}
    start = []

    def drawn(widths, activation, random, dtype):
        start[:] = [Model(widths, activation, dtype=dtype, seed=0)]
        return list(start[0].weights), list(start[0].biases)

    monkeypatch.setattr("fastmlp.sklearn.fit.initialize_like_scikit_learn", drawn)
    how = {"solver": "lbfgs"} if solver == "lbfgs" else {"optimizer": solver, "batch_size": n}
    local = MLPClassifier(**{**NOTHING_DRAWN, **how, **settings}).fit(rows, y, w)
    shared = {"dtype": "float64", "random_state": 0, "batch_size": None, **settings, "solver": solver}
    D, Y, W = cut(rows, y, np.ones(n) if w is None else w)
    return local, DaskMLPClassifier(timeout=60, **shared).fit(D, Y, None if w is None else W)


@pytest.mark.parametrize("solver", ["lbfgs", "adam", "adamw", "sgd", "momentum", "nesterov"])
@pytest.mark.parametrize("w", [None, COUNTS, COUNTS * 1e-9], ids=["equal", "counts", "small"])
def test_solvers_and_weights(client, monkeypatch, solver, w):
    same(*pair(monkeypatch, w=w, solver=solver, alpha=3.0 if w is None else 3 * w.mean(), learning_rate_init=0.02))


@pytest.mark.parametrize(
    ("y", "settings"),
    [
        (TWO, {"hidden_layer_sizes": 3, "activation": "tanh"}),
        (THREE, {"hidden_layer_sizes": (5, 4), "activation": ["gelu", "relu"], "alpha": 0.0}),
        (z > 0, {"hidden_layer_sizes": ()}),
        (np.array(["ash", "birch", "cedar"])[np.digitize(z, [-0.4, 0.4])], {"dtype": "float32", "alpha": 10.0}),
        (THREE * 1.0, {"alpha": 10.0}),
    ],
)
def test_nets_and_classes(client, monkeypatch, y, settings):
    same(*pair(monkeypatch, y, COUNTS, learning_rate_init=0.02, **settings))


@pytest.mark.parametrize(
    "settings", [{"tol": 0.01, "n_iter_no_change": 2}, {"tol": 0.0, "n_iter_no_change": np.inf, "max_iter": 12}]
)
def test_the_end_by_the_loss(client, monkeypatch, settings):
    local, ours = pair(monkeypatch, learning_rate_init=0.01, **{"max_iter": 100, **settings})
    assert ours.n_iter_ < 100
    same(local, ours)


def same(local, ours):
    close = {"rtol": 1e-4, "atol": 1e-5} if ours.dtype == "float32" else {"rtol": 1e-7, "atol": 1e-10}
    for ours_, locals_ in ((ours.coefs_, local.coefs_), (ours.intercepts_, local.intercepts_)):
        for a, b in zip(ours_, locals_, strict=True):
            np.testing.assert_allclose(a, b, **close)
    assert ours.n_iter_ == local.n_iter_
    np.testing.assert_allclose(ours.loss_, local.loss_, **close)
    if ours.solver != "lbfgs":
        np.testing.assert_allclose(ours.loss_curve_, local.loss_curve_, **close)
        assert ours.best_loss_ == pytest.approx(local.best_loss_, rel=1e-5)
    assert ours.classes_.tolist() == local.classes_.tolist()
    D = da.from_array(X, chunks=(70, p))
    np.testing.assert_allclose(ours.predict_proba(D).compute(), local.predict_proba(X), **close)
    np.testing.assert_array_equal(ours.predict(D).compute(), local.predict(X))


def test_local_steps_share_alpha_by_batch(client):
    """Of each batch, not of all rows. Without hidden layers both end near the one minimum, whatever the order."""
    D, Y, W = cut(X, X[:, 0] > 0, COUNTS)
    settings = {"batch_size": 30, "learning_rate_init": 0.02, "max_iter": 60, "alpha": 30.0, "random_state": 0}
    ours = DaskMLPClassifier((), **settings).fit(D, Y, W)
    local = MLPClassifier((), **settings).fit(X, X[:, 0] > 0, COUNTS)
    assert ours.coefs_[0][0] == pytest.approx(local.coefs_[0][0], rel=0.05)
    assert ours.loss_ == pytest.approx(local.loss_, rel=0.02)


def test_parameters_of_the_same_name_have_the_same_defaults():
    ours, local = DaskMLPClassifier().get_params(), MLPClassifier().get_params()
    assert ours.keys() - local.keys() == {"client", "timeout"}
    assert ours == {**{name: local[name] for name in ours.keys() & local.keys()}, "client": None, "timeout": 600.0}


@pytest.mark.parametrize(
    ("kind", "solver", "expected"),
    [("f4", "adam", "float32"), ("f8", "adam", "float64"), ("i8", "adam", "float64"), ("f4", "lbfgs", "float64")],
)
def test_the_dtype_is_that_of_the_features(client, kind, solver, expected):
    table = dd.from_pandas(pd.DataFrame(X.astype(kind), columns=list("abcd")).assign(y=TWO, w=1.0), npartitions=3)
    D, Y = cut(X.astype(kind), TWO)
    settings = {"solver": solver, "max_iter": 1, "random_state": np.random.RandomState(3)}
    fits = [DaskMLPClassifier(3, **settings).fit(*data) for data in ((D, Y), (table, "y", "w"))]
    fits.append(DaskMLPClassifier(3, **settings).fit(table[list("abcd")], table["y"]))
    assert [str(fitted.coefs_[0].dtype) for fitted in fits] == [expected] * 3
    assert not np.array_equal(fits[0].coefs_[0], fits[1].coefs_[0])


def test_early_stopping_goes_by_the_accuracy(client, monkeypatch):
    """The weights are those of the highest; the fit ends when n_iter_no_change + 1 epochs were not better by tol."""
    accuracy = iter([0.5, 0.8, 0.7, 0.805, 0.6, 0.6, 0.6])
    thetas = []

    def evaluate(network, held):
        thetas.append(network.theta.copy())
        return {"validation_loss": 1.0, "validation_accuracy": next(accuracy)}

    monkeypatch.setattr(DaskNetwork, "evaluate", evaluate)
    ours = DaskMLPClassifier((6,), early_stopping=True, n_iter_no_change=2, tol=0.01)
    ours.fit(*cut(X, TWO))
    assert ours.validation_scores_ == [0.5, 0.8, 0.7, 0.805, 0.6]
    assert (ours.best_validation_score_, ours.best_loss_) == (0.805, None)
    np.testing.assert_array_equal(ours.model_.parameters, thetas[3])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_fit_that_max_iter_ends_says_so(client, solver):
    with pytest.warns(ConvergenceWarning, match="max_iter=2 iterations"):
        DaskMLPClassifier(3, solver=solver, max_iter=2).fit(*cut(X, TWO))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DaskMLPClassifier(3, solver=solver, tol=1.0, n_iter_no_change=1, random_state=0).fit(*cut(X, TWO))


@pytest.mark.parametrize(
    "setting",
    [{"alpha": -1}, {"batch_size": 0}, {"max_iter": 0}, {"tol": np.nan}, {"n_iter_no_change": 0}, {"solver": "x"},
     {"learning_rate_init": 0.0}, {"activation": "x"}, {"hidden_layer_sizes": 0}, {"validation_fraction": 1.0},
     {"early_stopping": "no"}, {"dtype": "float16"}, {"random_state": -1}],
)  # fmt: skip
def test_parameters_are_checked_before_the_cluster_is_asked(setting):
    ((name, _),) = setting.items()
    with pytest.raises(ValueError, match=f"'{name}' parameter of DaskMLPClassifier"):
        DaskMLPClassifier(**setting).fit(None, None)


# --- names of predictions -----------------------------------------------------------------------------


def other(**change):
    """Return a model with the same parameters as every other."""
    model = Model([p, 5, 1], **{"dtype": "float64", "seed": 1} | change)
    model.parameters[:] = np.linspace(-1, 1, model.parameters.size)
    return model


def own(slope):
    return [(lambda z: slope * z, lambda z: slope)]


@pytest.mark.parametrize("name", ["predict", "predict_proba"])
def test_collections_of_different_models_have_different_names(name):
    scaled, later = other(), other()
    scaled.scaling = np.ones(p), np.ones(p)
    later.attribute_of_a_later_version = 1
    models = [
        other(), other(activation="tanh"), other(activation="gelu"), scaled, later, other(dtype="float32"),
        other(activation=own(2.0)), other(activation=own(3.0)),
    ]  # fmt: skip
    D = da.from_array(X, chunks=(100, p))
    collections = [getattr(fastmlp.dask, name)(model, D) for model in models]
    assert len({collection.name for collection in collections}) == len(models)
    again = [getattr(fastmlp.dask, name)(model, D) for model in (other(), other(activation=own(2.0)))]
    assert [again[0].name, again[1].name] == [collections[0].name, collections[6].name]
    for model, values in zip(models, da.compute(*collections, scheduler="synchronous"), strict=True):
        np.testing.assert_array_equal(values, getattr(model, name)(X))


def test_labels_and_classes_are_other_names():
    """Nets of the same widths and parameters, whose outputs mean something else."""
    labels, classes = (Model([p, 3], out_activation=which, seed=1) for which in ("logistic", "softmax"))
    labels.parameters[:] = classes.parameters
    D = da.from_array(X, chunks=(100, p))
    found = da.compute(*(fastmlp.dask.predict_proba(model, D) for model in (labels, classes)), scheduler="synchronous")
    for model, P in zip((labels, classes), found, strict=True):
        np.testing.assert_array_equal(P, model.predict_proba(X))


# --- unknown chunk sizes, and the score ---------------------------------------------------------------


def frame(y):
    return pd.DataFrame(X, columns=list("abcd")).assign(y=y, w=COUNTS.astype(float))


@pytest.mark.parametrize("y", [TWO, THREE])
def test_dataframes_of_unknown_chunk_sizes(client, y):
    table = dd.from_pandas(frame(y), npartitions=3)
    classifier = DaskMLPClassifier((6,), max_iter=5, dtype="float32").fit(table, "y", "w")
    features = table[list("abcd")]
    P = classifier.predict_proba(features)
    assert P.shape[1] == len(classifier.classes_)
    P = P.compute()
    assert P.dtype == np.float32
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-6)
    told = classifier.predict(features).compute()
    np.testing.assert_array_equal(classifier.classes_[P.argmax(axis=1)], told)
    right = told == y
    assert classifier.score(table, "y", "w") == pytest.approx(np.average(right, weights=COUNTS))
    accuracy = classifier.score(features, table["y"], sample_weight=None)
    assert isinstance(accuracy, float)
    with pytest.raises(ValueError, match="the model was trained with"):
        classifier.score(table, "y")
    some = features[features["a"] > 5]  # no row is left
    with pytest.raises(ValueError, match="no rows with a weight above 0"):
        classifier.score(some, table["y"][features["a"] > 5])


def test_the_score_of_arrays_is_that_of_one_machine(client, monkeypatch):
    local, ours = pair(monkeypatch, THREE)
    D, Y, W = cut(X, THREE, COUNTS)
    assert ours.score(D, Y, W) == pytest.approx(local.score(X, THREE, COUNTS))
    assert ours.score(D, Y.rechunk(50)) == pytest.approx(local.score(X, THREE))
    unknown = da.from_array(np.where(THREE == 2, 99, THREE), chunks=120)
    assert ours.score(D, unknown) == pytest.approx(np.mean((local.predict(X) == THREE) & (THREE != 2)))
