"""MLPClassifier among scikit-learn's tools, and what it does beyond them."""

import copy
import pickle
import threading

import joblib
import numpy as np
import pandas as pd
import polars
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import validate_data

from fastmlp import MLPClassifier
from fastmlp.network import network
from fastmlp.rows import array
from fastmlp.sklearn import data

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_classification(600, 8, n_informative=6, n_classes=3, random_state=0)
SETTINGS = {"hidden_layer_sizes": (16,), "max_iter": 8, "random_state": 0, "learning_rate_init": 0.01}


def fitted(**settings):
    return MLPClassifier(**{**SETTINGS, **settings}).fit(X, y)


# --- copies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c)), copy.copy])
def test_copies_predict_and_go_on_like_the_original(copied):
    original = fitted()
    twin = copied(original)
    np.testing.assert_array_equal(twin.predict_proba(X), original.predict_proba(X))
    expected = copy.deepcopy(original).partial_fit(X, y).coefs_[0]
    np.testing.assert_array_equal(twin.partial_fit(X, y).coefs_[0], expected)


def test_deep_copies_are_independent():
    original = fitted()
    before = original.predict_proba(X)
    copy.deepcopy(original).partial_fit(X, y)
    np.testing.assert_array_equal(original.predict_proba(X), before)


def test_pickle_holds_weights_once():
    """Weights, two moments, and little else."""
    classifier = fitted(hidden_layer_sizes=(200, 200))
    weights = sum(W.nbytes for W in classifier.coefs_)
    assert len(pickle.dumps(classifier)) < 3.2 * weights


def test_clone_is_not_fitted():
    assert not hasattr(clone(fitted()), "coefs_")


# --- coefs_ and intercepts_ ----------------------------------------------------------------------------


def probabilities(weights, biases, X):
    A = X
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        A = np.maximum(A @ W + b, 0)
    Z = A @ weights[-1] + biases[-1]
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("way", ["in place", "a new array", "new lists", "integers"])
def test_what_is_written_into_the_lists_predicts_and_trains(way):
    classifier = fitted()
    first = classifier.coefs_[0]
    kept = first.copy()
    if way == "in place":
        classifier.coefs_[0][:] *= 2
        classifier.intercepts_[1] += 1
    elif way == "a new array":
        classifier.coefs_[0] = classifier.coefs_[0] * 2
    elif way == "new lists":
        classifier.coefs_, classifier.intercepts_ = [W * 2 for W in classifier.coefs_], list(classifier.intercepts_)
    else:
        classifier.coefs_[0] = np.ones((8, 16), int)
    expected = probabilities(classifier.coefs_, classifier.intercepts_, X)
    np.testing.assert_allclose(classifier.predict_proba(X), expected, atol=1e-12)
    if way != "in place":
        np.testing.assert_array_equal(first, kept)

    classifier.set_params(warm_start=True, max_iter=1, learning_rate_init=1e-9, alpha=0).fit(X, y)
    np.testing.assert_allclose(classifier.predict_proba(X), expected, atol=1e-5)


def test_lists_that_are_no_net():
    classifier = fitted()
    classifier.intercepts_[0] = np.zeros(3)
    with pytest.raises(ValueError, match=r"intercepts_ has arrays of the shapes \(3,\), \(3,\).*\(16,\), \(3,\)"):
        classifier.predict(X)


def test_a_second_fit_leaves_the_weights_of_the_first_alone():
    classifier = fitted()
    first = classifier.coefs_[0]
    kept = first.copy()
    classifier.fit(X[:100], y[:100])
    np.testing.assert_array_equal(first, kept)


# --- inputs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [scipy.sparse.csr_matrix, scipy.sparse.csc_matrix, scipy.sparse.csr_array])
@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "lbfgs"}, {"batch_size": 500}])
def test_sparse_is_what_dense_is(settings, kind, monkeypatch):
    thin = np.where(np.abs(X) > 1, X, 0)
    expected = fitted(**settings).set_params(random_state=1).fit(thin, y)
    monkeypatch.setattr("fastmlp.rows.array.WINDOW_BYTES", 300 * 8 * 8)
    got = fitted(**settings).set_params(random_state=1).fit(kind(thin), y)
    np.testing.assert_allclose(got.predict_proba(kind(thin)), expected.predict_proba(thin), atol=1e-6)
    if settings.get("solver") != "lbfgs":
        np.testing.assert_allclose(got.loss_curve_, expected.loss_curve_, rtol=1e-9)


def test_sparse_is_never_dense_as_a_whole(monkeypatch):
    """A million columns, of which a dense row would take 8 MB."""
    random = np.random.default_rng(0)
    wide = scipy.sparse.random_array((300, 50_000), density=1e-3, format="csr", rng=random)
    asked = []
    toarray = scipy.sparse.csr_array.toarray
    monkeypatch.setattr(scipy.sparse.csr_array, "toarray", lambda self: asked.append(self.shape[0]) or toarray(self))
    MLPClassifier((4,), max_iter=1, batch_size=20).fit(wide, random.integers(0, 2, 300))
    assert max(asked) <= 41  # 16 MiB


@pytest.mark.parametrize(("data", "dtype", "expected"), [
    ("float32", "auto", "float32"), ("float64", "auto", "float64"), ("int64", "auto", "float64"),
    ("float64", "float32", "float32"), ("float32", "float64", "float64"),
])  # fmt: skip
def test_dtype(data, dtype, expected):
    classifier = MLPClassifier(**SETTINGS, dtype=dtype).fit((10 * X).astype(data), y)
    assert {array.dtype.name for array in classifier.coefs_ + classifier.intercepts_} == {expected}
    assert classifier.predict_proba(X).dtype == expected
    reference = MLPClassifier(**SETTINGS).fit((10 * X).astype(data).astype(float), y)
    assert (classifier.predict(10 * X) == reference.predict(10 * X)).mean() > 0.98


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_float_X_is_read_in_place(order, dtype, settings, monkeypatch):
    seen = []
    addresses = array.addresses
    monkeypatch.setattr(array, "addresses", lambda X, *rest: seen.append(X) or addresses(X, *rest))
    table = np.asarray(X, dtype, order=order)
    MLPClassifier(**SETTINGS, **settings).fit(table, y).predict(table)
    assert seen
    assert all(np.shares_memory(table, read) for read in seen)


def test_frames():
    frame = pd.DataFrame(X, columns=[f"x{k}" for k in range(8)])
    classifier = MLPClassifier(**SETTINGS).fit(frame, pd.Series(y).map({0: "a", 1: "b", 2: "c"}))
    assert list(classifier.feature_names_in_) == list(frame.columns)
    assert set(classifier.predict(frame)) <= {"a", "b", "c"}
    np.testing.assert_array_equal(classifier.predict_proba(frame), fitted().predict_proba(X))
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(frame[frame.columns[::-1]])
    polars_frame = polars.DataFrame(frame)
    again = MLPClassifier(**SETTINGS).fit(polars_frame, classifier.classes_[y])
    np.testing.assert_array_equal(again.predict_proba(polars_frame), classifier.predict_proba(frame))
    scaled = make_pipeline(StandardScaler().set_output(transform="pandas"), MLPClassifier(**SETTINGS)).fit(frame, y)
    assert list(scaled[-1].feature_names_in_) == list(frame.columns)


class OwnArray(np.ndarray):
    """A subclass, which may be anything."""


def test_what_skips_the_checks_of_predictions_would_pass_them_unchanged():
    plain = [X, X.astype(np.float32), np.asfortranarray(X), X[::2], X[:1], np.full_like(X, np.nan)]
    others = [X[:0], X[:, :7], X[0], X[None], X.astype(">f4"), X.astype(np.float16), X.astype(int), X.view(OwnArray)]
    others += [X.tolist(), scipy.sparse.csr_array(X), pd.DataFrame(X), X.astype(complex), np.ma.masked_array(X)]
    classifier, named = fitted(), fitted()
    named.fit(pd.DataFrame(X, columns=list("abcdefgh")), y)
    for table in plain:
        assert data.needs_no_check(classifier, table)
        assert validate_data(classifier, table, reset=False, ensure_all_finite=False) is table
        assert not data.needs_no_check(named, table)
    assert not any(data.needs_no_check(classifier, table) for table in others)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        named.predict_proba(X)


# --- among scikit-learn's tools ---------------------------------------------------------------------------


def test_pipeline_and_grid_search_over_two_processes():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), MLPClassifier(**SETTINGS)),
        {"mlpclassifier__alpha": [1e-4, 10.0], "mlpclassifier__hidden_layer_sizes": [(4,), (32,)]},
        cv=2, n_jobs=2,
    ).fit(X, y)  # fmt: skip
    assert search.best_params_["mlpclassifier__alpha"] == 1e-4
    assert search.best_score_ > 0.6


def test_cross_validation_calibration_and_votes():
    classifier = MLPClassifier(**SETTINGS)
    assert cross_val_score(classifier, X, y, cv=3).mean() > 0.6
    assert CalibratedClassifierCV(classifier, cv=2).fit(X, y).score(X, y) > 0.6
    votes = VotingClassifier([("a", classifier), ("b", clone(classifier).set_params(random_state=1))], voting="soft")
    assert votes.fit(X, y).score(X, y) > 0.6


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_joblib(backend):
    tasks = [joblib.delayed(MLPClassifier(**{**SETTINGS, "random_state": seed}).fit)(X, y) for seed in range(4)]
    models = joblib.Parallel(n_jobs=2, backend=backend)(tasks)
    for seed, model in enumerate(models):
        np.testing.assert_array_equal(model.coefs_[0], fitted(random_state=seed).coefs_[0])


def test_threads_that_predict_with_one_classifier():
    classifier, results = fitted(), {}
    expected = classifier.predict_proba(X)

    def predict(i):
        results[i] = [classifier.predict_proba(X) for _ in range(20)]

    threads = [threading.Thread(target=predict, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert all((expected == P).all() for many in results.values() for P in many)


# --- classes and labels ------------------------------------------------------------------------------------


def test_three_hundred_classes():
    random = np.random.default_rng(0)
    labels = random.permutation(np.arange(300).repeat(10)) * 3 - 100
    table = random.standard_normal((300, 6))[(labels + 100) // 3]
    classifier = MLPClassifier((64,), max_iter=60, learning_rate_init=0.01, random_state=0).fit(table, labels)
    assert classifier.predict_proba(table).shape == (3000, 300)
    assert classifier.score(table, labels) > 0.95


def test_one_class():
    classifier = MLPClassifier(**SETTINGS).fit(X, np.full(len(X), "only"))
    assert set(classifier.predict(X)) == {"only"}


def test_labels_that_are_not_exclusive():
    table, labels = make_multilabel_classification(300, n_classes=4, random_state=0)
    classifier = MLPClassifier((32,), max_iter=100, learning_rate_init=0.01, random_state=0).fit(table, labels)
    P = classifier.predict_proba(table)
    assert P.shape == (300, 4)
    assert (P.sum(axis=1) > 1.2).any()
    assert classifier.score(table, labels) > 0.7


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("batch_size", [50, 600])
def test_the_number_of_threads_changes_no_bit(batch_size, n_threads, monkeypatch):
    monkeypatch.setattr("fastmlp.network.threads.FLOPS_PER_THREAD", 1.0)
    monkeypatch.setattr("fastmlp.network.threads.SHORT_FLOPS", 1.0)
    got, expected = (fitted(n_threads=n, batch_size=batch_size, alpha=0.1) for n in (n_threads, 1))
    assert got.coefs_[0].tobytes() == expected.coefs_[0].tobytes()
    assert got.loss_curve_ == expected.loss_curve_


@pytest.mark.parametrize(
    ("sizes", "error"), [((3, 0), ValueError), (2.5, (TypeError, ValueError)), ((3.0,), TypeError)]
)
def test_bad_widths(sizes, error):
    with pytest.raises(error, match=r"hidden_layer_sizes|integer"):
        fitted(hidden_layer_sizes=sizes)


# --- when it does not go well --------------------------------------------------------------------------------


def test_not_finite_is_an_error_and_keeps_the_last_finite_weights():
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        (classifier := MLPClassifier((4,), solver="sgd", learning_rate_init=1e30, activation="identity")).fit(X, y)
    assert all(np.isfinite(W).all() for W in classifier.coefs_)


def test_interrupted_training_warns_and_keeps_the_weights(monkeypatch):
    train, epochs = network.Network.train, []

    def interrupted(self, *arguments):
        train(self, *arguments)
        epochs.append(1)
        if len(epochs) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(network.Network, "train", interrupted)
    with pytest.warns(UserWarning, match="interrupted by user"):
        classifier = fitted()
    assert classifier.n_iter_ == 2
    monkeypatch.undo()
    np.testing.assert_array_equal(classifier.coefs_[0], fitted(max_iter=3).coefs_[0])
