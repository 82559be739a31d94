"""Figures that are not finite, extreme settings, and NumPy's own handling of errors around a fit."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import log_loss

from fastmlp import SGD, Adam, DivergenceError, MLPClassifier, Model, RowError, rows
from fastmlp.training.figures import compared

random = np.random.default_rng(0)
X = random.standard_normal((300, 4))
y = (X[:, 0] > 0).astype(int)
one_class = X[y == 1][:40], np.ones(40, int)
large = 3e38 * np.sign(one_class[0])
OVERFLOW = "outputs for some validation rows overflow"
undefined = pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")


def trained(validation, **settings):
    estimator = MLPClassifier((8,), batch_size=20, max_iter=40, random_state=0, early_stopping=True, **settings)
    return estimator.fit(X, y, X_val=validation[0], y_val=validation[1])


@undefined
def test_an_auc_of_one_class_is_told_and_the_last_weights_stay():
    with pytest.warns(RuntimeWarning) as caught:
        estimator = trained(one_class, scoring="roc_auc", learning_rate_init=0.02)
    texts = [str(warning.message) for warning in caught if warning.category is RuntimeWarning]
    assert len(texts) == 2
    assert "the validation score of epoch 1 is nan: scoring='roc_auc'" in texts[0]
    assert "all have one class" in texts[0]
    assert "no epoch had a finite validation score" in texts[1]
    assert estimator.n_iter_ == 11, "no epoch is an improvement"
    assert estimator.score(X, y) > 0.9, "not the weights from before the first epoch"
    assert estimator.best_validation_score_ == -np.inf


@pytest.mark.filterwarnings("ignore:early_stopping.*no epoch had a finite validation")
def test_validation_rows_that_overflow_are_told():
    with pytest.warns(RuntimeWarning, match=OVERFLOW):
        estimator = trained((large, one_class[1]), dtype="float32", learning_rate_init=0.02)
    assert estimator.n_iter_ == 11
    assert estimator.score(X, y) > 0.9
    with pytest.warns(RuntimeWarning, match=OVERFLOW) as caught:
        model = Model([4, 8, 1]).fit(X, y, epochs=40, X_val=large, y_val=one_class[1], early_stopping=True)
    assert len(caught) == 2, "each once, for ten epochs"
    assert len(model.history) == 10
    with pytest.warns(RuntimeWarning, match=OVERFLOW):
        Model([4, 8, 1]).fit(X, y, epochs=2, X_val=large, y_val=one_class[1])


@pytest.mark.parametrize("outputs", [1, 2])
def test_an_output_of_nan_is_never_right(outputs):
    Z = np.array([[np.nan] * outputs, [-1.0] * outputs])
    _, right = compared(Model([1, outputs]).network.plan.loss, Z, np.zeros(2, np.uint8))
    assert right.tolist() == [False, True]


def test_the_best_finite_score_counts():
    """Scores as they come: NaN and infinite ones are never the best."""
    scores = iter([np.nan, 0.5, np.inf, 0.7, np.nan, -np.inf, 0.6, *[np.nan] * 30])
    kept = []

    def scorer(estimator, X, y):
        kept.append(estimator.coefs_[0].copy())
        return next(scores)

    with pytest.warns(RuntimeWarning, match=r"score of epoch 1 is nan: that is what scoring="):
        estimator = trained((X, y), scoring=scorer)
    assert estimator.best_validation_score_ == 0.7
    assert len(kept) == estimator.n_iter_ == 4 + 11
    np.testing.assert_array_equal(estimator.coefs_[0], kept[3])


@undefined
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_best_score_beside_the_training_loss():
    estimator = MLPClassifier((4,), max_iter=3, random_state=0, scoring="roc_auc")
    with pytest.warns(RuntimeWarning, match="validation score of epoch 1 is nan"):
        estimator.fit(X, y, X_val=one_class[0], y_val=one_class[1])
    assert estimator.best_validation_score_ is None
    assert estimator.fit(X, y, X_val=X, y_val=y).best_validation_score_ == max(estimator.validation_scores_)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_that_diverges_after_a_best_epoch_ends_with_it_and_says_so(dtype):
    def faster(estimator, record):
        if record["epoch"] == 3:
            estimator._optimizer.learning_rate = 1e30 if dtype == "float32" else 1e300

    settings = {"solver": "sgd", "activation": "identity", "dtype": dtype, "callbacks": faster}
    with pytest.warns(RuntimeWarning, match="the loss of epoch [45] is not finite: training ends, with the weights"):
        estimator = trained((X, y), **settings)
    assert estimator.score(X, y) == estimator.best_validation_score_
    with pytest.raises(DivergenceError, match=r"Lower learning_rate_init=1e\+30"):
        trained((X, y), learning_rate_init=1e30, **settings)


SETTINGS = {
    "learning_rate": ({"optimizer": SGD(1e30)}, r"Lower learning_rate=1e\+30$"),
    "l2": ({"l2": 1e300}, r"Lower l2=1e\+300$"),
    "l2 and rate": ({"l2": 1e4, "optimizer": SGD(1e4)}, r"Lower l2=10000, or lower learning_rate=10000$"),
    "X": ({"X": 1e15 * X, "optimizer": SGD(0.1)}, r"Scale the features of X, which go up to \d"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:the loss of epoch")
@pytest.mark.parametrize("name", SETTINGS)
def test_divergence_names_what_is_extreme(name):
    settings, words = SETTINGS[name]
    settings = {"epochs": 50, "batch_size": 20, **settings}
    with pytest.raises(DivergenceError, match=words):
        Model([4, 8, 1], "identity").fit(settings.pop("X", X), y, **settings)


def test_divergence_names_a_callback_that_wrote_nan():
    def callback(model, record):
        model.parameters[0] = np.nan

    with pytest.raises(DivergenceError, match=r"epoch 2, batch 1: .*These hold NaN or inf already, from a callback"):
        Model([4, 8, 1]).fit(X, y, epochs=3, callbacks=callback)


INPUTS = {
    "array": lambda X: X,
    "float32": lambda X: X.astype("float32"),
    "long double": lambda X: X.astype(np.longdouble),
    "frame": lambda X: pd.DataFrame(X, columns=list("abcd")),
    "sparse": csr_matrix,
    "stream": lambda X: rows.Array(X, y, block_rows=50),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", INPUTS)
def test_numpy_may_be_told_to_raise(name, dtype):
    """Logits and numbers of X whose powers and casts underflow; the results are as ever."""
    small = X.copy()
    small[5:50] = 1e-300
    given = INPUTS[name](small)
    labels = () if name == "stream" else (y, np.where(np.arange(300) < 40, 1e-30, 1))

    def results():
        model = Model([4, 8, 1], dtype=dtype, seed=1)
        model.parameters[:] *= 300
        model.fit(given, *labels, epochs=3, validation_fraction=0.3)
        return model.parameters.tobytes(), model.predict_proba(given).tobytes(), model.predict(given).tobytes()

    expected = results()
    with np.errstate(all="raise"):
        assert results() == expected


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("name", ["array", "frame", "stream"])
def test_a_row_whose_output_is_nan_is_an_error_that_names_it(name, outputs):
    bad = X.copy()
    bad[[77, 250]] = 3e38 * np.sign(bad[[77, 250]])
    model = Model([4, 50, outputs], "identity", seed=1)
    model.weights[0][:] *= 10
    given = INPUTS[name](bad)
    for method in (model.predict, model.predict_proba, lambda X: list(model.iter_proba(X))):
        with pytest.raises(
            RowError, match=r"X, row 77.*: the output is NaN, as a layer overflows float32; scale X, or"
        ):
            method(given)
    estimator = MLPClassifier((50,), "identity", max_iter=1, dtype="float32", random_state=1).partial_fit(
        X, y, classes=[0, 1]
    )
    estimator.coefs_[0] *= 10
    if name == "array":
        with pytest.raises(RowError, match="X, row 77: the output is NaN"):
            estimator.predict(bad)
    model.parameters[3] = np.nan
    with pytest.raises(ValueError, match="parameters contain NaN or inf"):
        model.predict(X)


@pytest.mark.parametrize("name", INPUTS)
def test_of_several_bad_rows_the_first_is_named_whichever_thread_finds_it(name):
    n = 20_000
    many = random.standard_normal((n, 4))
    many[[123, 150, 4_000, 9_000, 19_999], 2] = np.nan
    given = rows.Array(many, np.arange(n) % 2, block_rows=n) if name == "stream" else INPUTS[name](many)
    model = Model([4, 64, 64, 1], n_threads=8)
    for _ in range(5):
        with pytest.raises(RowError, match="NaN in row 123, column 2"):
            model.fit(given, *(() if name == "stream" else (np.arange(n) % 2,)), epochs=1, batch_size=None)
        with pytest.raises(RowError, match="NaN in row 123, column 2"):
            model.predict(given)


def test_the_column_that_is_not_finite_once_it_is_scaled():
    model = Model([4, 1])
    model.scaling = np.zeros(4), np.array([1, 1, 1e30, 1])
    bad = X.copy()
    bad[7, 2] = 1e20
    for given in (bad, rows.Array(bad)):
        with pytest.raises(RowError, match=r"X contains 1e\+20 in row 7, column 2, which exceeds float32"):
            model.predict(given)


def stop(model, record):
    return True


def test_numbers_beyond_64_bits(tmp_path):
    for optimizer in (Adam(), Adam(schedule="cosine"), Adam(schedule="one_cycle")):
        model = Model([4, 4, 1]).fit(X, y, epochs=10**30, optimizer=optimizer, callbacks=stop)
        assert len(model.history) == 1
    with pytest.raises(KeyboardInterrupt):
        Model([4, 4, 1]).fit(X, y, epochs=10**30, checkpoint=tmp_path / "run", callbacks=interrupt)
    resumed = Model([4, 4, 1]).fit(X, y, epochs=10**30, checkpoint=tmp_path / "run", resume=True, callbacks=stop)
    assert len(resumed.history) == 2
    for settings in ({}, {"learning_rate": "cosine"}, {"learning_rate": "one_cycle", "solver": "sgd"}):
        estimator = MLPClassifier((4,), max_iter=sys.maxsize, callbacks=stop, **settings).fit(X, y)
        assert estimator.n_iter_ == 1
    with pytest.raises(ValueError, match=r"l2=1000.*must be finite"):
        Model([4, 1]).fit(X, y, l2=10**400)


def interrupt(model, record):
    raise KeyboardInterrupt


def test_settings_of_numpy_types_become_plain_numbers(tmp_path):
    optimizer = Adam(np.float32(1e-3), np.float64(0.9), epsilon=np.float16(0.001))
    assert {type(value) for value in optimizer.numbers().values()} == {float}
    model = Model([4, 1]).fit(X, y, epochs=1, optimizer=optimizer, checkpoint=tmp_path / "run")
    assert Model.load(tmp_path / "run").optimizer.settings() == model.optimizer.settings()
    model = Model([4, 1])
    model.feature_names = np.array(list("abcd"))
    model.fit(X, y, epochs=1, checkpoint=tmp_path / "named")
    assert Model.load(tmp_path / "named").feature_names == list("abcd")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("learning_rate", -1, "learning_rate=-1.0: must be greater than 0"), ("learning_rate", None, "learning_rate=None"),
     ("schedule", "linear", "schedule='linear'"), ("schedule", [], r"schedule=\[\]"), ("beta_1", 1, "beta_1=1"),
     ("epsilon", np.nan, "epsilon=nan")],
)  # fmt: skip
def test_settings_that_were_changed_are_checked_where_a_fit_begins(name, value, words):
    optimizer = Adam()
    setattr(optimizer, name, value)
    model = Model([4, 4, 1])
    before = model.parameters.copy()
    with pytest.raises(ValueError, match=words):
        model.fit(X, y, optimizer=optimizer)
    np.testing.assert_array_equal(model.parameters, before)
    with pytest.raises(ValueError, match=words):
        MLPClassifier(optimizer=optimizer).fit(X, y)

    optimizer = Adam()
    with pytest.raises(ValueError, match=words):
        model.fit(X, y, optimizer=optimizer, callbacks=lambda model, record: setattr(optimizer, name, value))
    assert len(model.history) == 1


@pytest.mark.parametrize("callback", [5, [print, 5], (print,), "print"])
def test_what_cannot_be_called_is_refused_before_training(callback):
    model = Model([4, 1])
    with pytest.raises(TypeError, match=r"callbacks=.*must be callable, a list of callables, or None"):
        model.fit(X, y, callbacks=callback)
    assert model.history == []
    with pytest.raises(TypeError, match=r"callbacks=\[.* 5\]: must be callable"):
        MLPClassifier(callbacks=[print, 5]).fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_progress_bar_without_a_standard_error(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert len(Model([4, 1]).fit(X, y, epochs=2, verbose="bar").history) == 2
    assert MLPClassifier((4,), max_iter=2, verbose="bar").fit(X, y).n_iter_ == 2


def test_a_scorer_may_raise_what_it_likes():
    """log_loss of one class is a ValueError: the epoch that was trained stays, with its loss."""

    def scorer(estimator, X, y):
        return -log_loss(y, estimator.predict_proba(X))

    estimator = MLPClassifier((4,), scoring=scorer, random_state=0)
    with pytest.raises(ValueError, match="y_true contains only one label"):
        estimator.fit(X, y, X_val=one_class[0], y_val=one_class[1])
    assert len(estimator.loss_curve_) == estimator.n_iter_ == 1
    assert estimator.t_ == 300
