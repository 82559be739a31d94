"""What training leaves behind when something goes wrong, or when the user's code changes things meanwhile."""

import copy

import numpy as np
import pytest

from fastmlp import Adam, DivergenceError, MLPClassifier, Model, RowError, rows

random = np.random.default_rng(0)
X = random.standard_normal((120, 3)).astype("float32")
y = (X[:, 0] * X[:, 1] > 0).astype(int)


class Turns(rows.Stream):
    """Rows in order, of which pass `bad` over X has a row that cannot be used, or raises `error`."""

    n_features, block_rows = 3, np.full(4, 30)

    def __init__(self, bad, error=None, masked=False):
        self.bad, self.error, self.masked, self.passes = bad, error, masked, 0

    def blocks(self, order=None):
        self.passes += 1
        for number in range(4) if order is None else order:
            part = slice(30 * number, 30 * number + 30)
            block = X[part].copy()
            if self.passes == self.bad and number == 2:
                if self.error is not None:
                    raise self.error
                block[7, 1] = np.nan
                block = np.ma.masked_invalid(block) if self.masked else block
            yield rows.Block(block, y[part], None, 30 * int(number), f"block {number}")

    def labels(self):
        return (rows.Block(None, y[first : first + 30], None, first) for first in range(0, 120, 30))


def state(model):
    """All that a fit changes."""
    optimizer = model.optimizer
    moments = None if optimizer is None else (optimizer.t, optimizer.moments.tobytes())
    return model.parameters.tobytes(), moments, [dict(record) for record in model.history], model.feature_names


def fit(model, given, **options):
    return model.fit(given, epochs=4, batch_size=10, shuffle=False, **options)


@pytest.mark.parametrize(("masked", "kind"), [(False, RowError), (True, TypeError)])
def test_a_bad_row_takes_back_weights_moments_and_history_together(masked, kind):
    optimizer = Adam(0.01)
    model = Model([3, 6, 1]).fit(X, y, epochs=2, optimizer=optimizer)
    before = state(model)
    with pytest.raises(kind):
        fit(model, Turns(3, masked=masked), optimizer=optimizer)
    assert state(model) == before
    with pytest.raises(RowError):
        fit(model, Turns(3), optimizer=Adam(0.1))
    assert state(model) == before, "the optimizer is that of the fit before, too"


@pytest.mark.parametrize(
    "error", [ValueError("mine"), TypeError("mine"), DivergenceError("mine"), RuntimeError("mine"), RowError("mine")]
)
def test_the_user_s_errors_keep_what_was_learned_whatever_their_type(error):
    """From a callback, and from an iterator in the middle of the third epoch."""
    expected = Model([3, 6, 1]).fit(X, y, epochs=2, batch_size=10, shuffle=False)
    model = Model([3, 6, 1])

    def callback(model, record):
        if record["epoch"] == 2:
            raise error

    with pytest.raises(type(error), match="mine"):
        model.fit(X, y, epochs=4, batch_size=10, shuffle=False, callbacks=callback)
    np.testing.assert_array_equal(model.parameters, expected.parameters)
    assert model.optimizer.t == 24
    assert [record["epoch"] for record in model.history] == [1, 2]

    def of_estimator(estimator, record):
        callback(None, record)

    def scorer(estimator, X, y):
        callback(None, {"epoch": len(estimator.loss_curve_)})
        return 1

    for where in ({"callbacks": of_estimator}, {"scoring": scorer}):
        estimator = MLPClassifier((6,), random_state=0, **where)
        with pytest.raises(type(error), match="mine"):
            estimator.fit(X, y, X_val=X, y_val=y)
        assert (estimator.n_iter_, estimator.t_, len(estimator.loss_curve_)) == (2, 240, 2)

    if isinstance(error, RowError):  # from a stream, it is about a row
        return
    model = Model([3, 6, 1])
    with pytest.raises(type(error), match="mine"):
        fit(model, Turns(3, error))
    assert [record["epoch"] for record in model.history] == [1, 2]
    assert model.optimizer.t >= 24


def test_an_error_of_validation_rows_keeps_the_epoch_that_ended():
    model = Model([3, 6, 1])
    with pytest.raises(OSError, match="gone"):
        fit(model, rows.Array(X, y), X_val=Turns(2, OSError("gone")))
    assert [record["epoch"] for record in model.history] == [1, 2]
    assert model.optimizer.t == 24
    assert "validation_loss" in model.history[0]
    assert "validation_loss" not in model.history[1]


def test_a_callback_that_fails_leaves_a_checkpoint_to_go_on_from(tmp_path):
    def fitted(path=None, **options):
        return Model([3, 6, 1]).fit(X, y, epochs=4, batch_size=10, checkpoint=path, **options)

    def callback(model, record):
        if record["epoch"] == 3:
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        fitted(tmp_path / "run", callbacks=callback)
    assert len(Model.load(tmp_path / "run").history) == 3
    assert fitted(tmp_path / "run", resume=True).parameters.tobytes() == fitted().parameters.tobytes()


def attributes(estimator):
    arrays = [a.tobytes() for a in (*estimator.coefs_, *estimator.intercepts_)]
    curves = [list(curve) for curve in (estimator.loss_curve_, estimator.learning_rate_curve_)]
    return arrays, curves, estimator.t_, estimator.n_iter_, estimator.loss_, estimator._optimizer.t


def test_a_bad_row_leaves_an_estimator_as_it_was():
    estimator = MLPClassifier((6,), batch_size=10, random_state=0, max_iter=3)
    with pytest.raises(RowError):
        estimator.fit(Turns(3))
    assert not hasattr(estimator, "coefs_")
    estimator.partial_fit(rows.Array(X, y), classes=[0, 1])
    before = attributes(estimator)
    with pytest.raises(RowError):
        estimator.partial_fit(Turns(1))
    assert attributes(estimator) == before
    estimator.warm_start = True
    with pytest.raises(RowError):
        estimator.fit(Turns(3))
    assert attributes(estimator) == before
    for wrong in ({"optimizer": Adam(1e-50)}, {"early_stopping": True, "validation_fraction": 0.001}):
        first = MLPClassifier(random_state=0).set_params(**wrong)
        with pytest.raises(ValueError, match=r"learning_rate|validation_fraction"):
            first.fit(X, y)
        assert not hasattr(first, "coefs_"), "predict says that it is not fitted"
        with pytest.raises(ValueError, match=r"learning_rate|validation_fraction"):
            estimator.set_params(**wrong).fit(X, y)
        assert attributes(estimator) == before
        estimator.set_params(optimizer=None, early_stopping=False)


def test_an_estimator_that_diverges_keeps_its_last_finite_weights():
    estimator = MLPClassifier((6,), batch_size=10, random_state=0, solver="sgd", activation="identity", max_iter=9)
    kept = []

    def callback(estimator, record):
        kept.append([a.copy() for a in estimator.coefs_])
        estimator._optimizer.learning_rate = 1e30 if record["epoch"] == 2 else 1e-3

    with pytest.raises(DivergenceError, match=r"non-finite parameter weights.*Lower learning_rate_init=1e\+30$"):
        estimator.set_params(callbacks=callback).fit(X, y)
    for ours, expected in zip(estimator.coefs_, kept[-1], strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert len(estimator.loss_curve_) == len(kept)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("where", ["callbacks", "scoring"])
def test_what_user_code_puts_into_coefs_is_what_trains(where):
    """Both layers swapped, views among them: halfway copies would mix them."""
    from sklearn.metrics import accuracy_score

    def swap(estimator):
        estimator.coefs_ = [estimator.coefs_[0], estimator.coefs_[2], estimator.coefs_[1], estimator.coefs_[3]]
        estimator.predict(X)

    def callback(estimator, record):
        swap(estimator)

    def scorer(estimator, X, y):
        swap(estimator)
        return accuracy_score(y, estimator.predict(X))

    options = {"callbacks": callback} if where == "callbacks" else {"scoring": scorer}
    settings = {"hidden_layer_sizes": (4, 4, 4), "batch_size": 40, "random_state": 1, "solver": "sgd", "momentum": 0}
    given = {"X_val": X, "y_val": y} if where == "scoring" else {}
    ours = MLPClassifier(**settings, **options, max_iter=3, shuffle=False).fit(X, y, **given)
    expected = MLPClassifier(**settings, max_iter=1, shuffle=False, warm_start=True)
    for _ in range(3):
        expected.fit(X, y)
        swap(expected)
    for a, b in zip(ours.coefs_ + ours.intercepts_, expected.coefs_ + expected.intercepts_, strict=True):
        np.testing.assert_array_equal(a, b)


def test_coefs_of_another_shape_are_refused():
    def callback(estimator, record):
        estimator.coefs_ = [estimator.coefs_[0][:, :3], estimator.coefs_[1][:3]]

    with pytest.raises(ValueError, match="coefs_ has arrays of the shapes"):
        MLPClassifier((6,), callbacks=callback, random_state=0).fit(X, y)


@pytest.mark.parametrize("change", [lambda model: model.history.clear(), lambda model: setattr(model, "history", [])])
def test_a_history_that_a_callback_empties(change):
    model = Model([3, 6, 1]).fit(X, y, epochs=1)
    model.fit(X, y, epochs=4, callbacks=lambda model, record: change(model) if record["epoch"] == 3 else None)
    assert [record["epoch"] for record in model.history] == [4, 5]
    with pytest.raises(RowError):
        fit(model, Turns(2), callbacks=lambda model, record: change(model))
    assert [record["epoch"] for record in model.history] == [4, 5]


def test_the_optimizer_that_trains_is_the_model_s_whatever_a_callback_sets(tmp_path):
    optimizer = Adam()
    model = Model([3, 6, 1])
    model.fit(
        X, y, epochs=2, batch_size=10, optimizer=optimizer, checkpoint=tmp_path / "run", checkpoint_every=0,
        callbacks=lambda model, record: setattr(model, "optimizer", None),
    )  # fmt: skip
    assert model.optimizer is optimizer
    assert Model.load(tmp_path / "run").optimizer.t == 24


def test_weights_are_written_into_and_not_replaced():
    with pytest.raises(AttributeError, match="weights"):
        Model([3, 1]).weights = []


def test_a_copy_of_a_model_is_independent():
    model = Model([3, 6, 1]).fit(X, y, epochs=2)
    before, other = state(model), copy.copy(model)
    assert state(other) == before
    other.fit(X, y, epochs=1, optimizer=other.optimizer)
    assert state(model) == before
    assert len(other.history) == 3


def test_a_copy_of_an_estimator_is_independent():
    estimator = MLPClassifier((6,), random_state=0).partial_fit(X, y, classes=[0, 1])
    before, other = attributes(estimator), copy.copy(estimator)
    assert attributes(other) == before
    other.partial_fit(X, y)
    assert attributes(estimator) == before
    assert other.callbacks is estimator.callbacks
    assert len(other.loss_curve_) == 2
