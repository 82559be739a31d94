"""What a fit of a tabular estimator leaves behind: where it fails or is interrupted, and for threads and processes."""

import copy
import multiprocessing
import pickle
import signal
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
import pytest
import small_tables
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from small_tables import SMALL, classes, numbers, table, train_little

from fastmlp import DivergenceError, TabularClassifier, TabularRegressor
from fastmlp.rows import Arrow
from fastmlp.tabular.members.rules import MemberRules

pytestmark = pytest.mark.usefixtures("little_training")
X = table()
n = len(X)
LABELS = classes(X)
NUMBERS = numbers(X)


classifier = partial(small_tables.classifier, n_members=2)


SENT = {}  # which thread has sent Ctrl-C, by the event that ends all members


def ctrl_c_once(stop):
    """Send Ctrl-C unless others have, and wait until the main thread has asked the members to end."""
    if not stop.is_set() and SENT.setdefault(stop, threading.get_ident()) == threading.get_ident():
        signal.raise_signal(signal.SIGINT)
    assert stop.wait(60)


def at_round(monkeypatch, k, do):
    """Call do(stop) after round k of any member."""
    original = MemberRules.validate

    def validate(self, record):
        original(self, record)
        if record["round"] == k:
            do(self.stop)

    monkeypatch.setattr(MemberRules, "validate", validate)


def test_a_failed_fit_changes_nothing():
    model = classifier()
    before = dict(vars(model))
    for bad in (X.assign(number=np.inf), X[[]]):
        with pytest.raises(ValueError, match=r"inf|0 feature"):
            model.fit(bad, LABELS)
        assert vars(model) == before
    with pytest.raises(NotFittedError, match="This TabularClassifier instance is not fitted yet"):
        model.predict(X)
    P = model.fit(X, LABELS).predict_proba(X)
    state = dict(vars(model))
    with pytest.raises(ValueError, match="X_val, y_val: y_val has classes that y has not: 'what'"):
        model.fit(X[["kind", "number"]].to_numpy(), LABELS, X_val=X[["kind", "number"]], y_val=["what"] * n)
    assert vars(model) == state
    np.testing.assert_array_equal(model.predict_proba(X), P)


def test_a_fit_forgets_the_last_one():
    model = classifier(class_weight="balanced").fit(X, LABELS)
    plain = X[["number", "count"]].to_numpy()
    model.fit(plain, classes(X, ["a", "b", "c"]))
    assert not hasattr(model, "feature_names_in_")
    assert model.n_features_in_ == 2
    other = classifier(class_weight="balanced").fit(plain, classes(X, ["a", "b", "c"]))
    np.testing.assert_array_equal(model.predict_proba(plain), other.predict_proba(plain))


def test_ctrl_c_before_the_first_round_changes_nothing(monkeypatch):
    model = classifier().fit(X, LABELS)
    P = model.predict_proba(X)
    original = MemberRules.order

    def order(self):
        ctrl_c_once(self.stop)
        return original(self)

    monkeypatch.setattr(MemberRules, "order", order)
    for each in (model, classifier()):
        former = dict(vars(each))
        with pytest.raises(KeyboardInterrupt):
            each.fit(X[["number"]], LABELS)
        assert vars(each) == former
    np.testing.assert_array_equal(model.predict_proba(X), P)


def test_ctrl_c_keeps_the_best_so_far(monkeypatch):
    train_little(monkeypatch, epochs=10_000)
    at_round(monkeypatch, 3, ctrl_c_once)
    with pytest.warns(UserWarning, match="Training interrupted by user") as caught:
        model = classifier(n_members=3, n_threads=2).fit(X, LABELS)
    assert caught[0].filename == __file__
    assert 1 <= len(model.models_) <= 3
    assert len(model.weights_) == len(model.models_)
    assert model.weights_.sum() == pytest.approx(1)
    assert all(1 <= len(each.history) < 10_000 for each in model.models_)
    assert np.isfinite(model.predict_proba(X)).all()


@pytest.mark.parametrize("found", ["members.member.learned_weights", "estimator.scores_of"])
def test_ctrl_c_after_the_training_keeps_the_nets(found, monkeypatch):
    """What is being found then is left out: weights are equal, or there are no scores."""
    expected = classifier(n_members=3).fit(X, LABELS)
    monkeypatch.setattr(f"fastmlp.tabular.{found}", lambda *arguments: signal.raise_signal(signal.SIGINT))
    with pytest.warns(UserWarning, match="Training interrupted by user") as caught:
        model = classifier(n_members=3).fit(X, LABELS)
    assert [warning.filename for warning in caught] == [__file__]
    for ours, theirs in zip(model.models_, expected.models_, strict=True):
        np.testing.assert_array_equal(ours.parameters, theirs.parameters)
    assert (model.validation_scores_ is None) == (found == "estimator.scores_of")
    if model.validation_scores_ is None:
        np.testing.assert_array_equal(model.weights_, expected.weights_)
    else:
        np.testing.assert_array_equal(model.weights_, [1 / 3] * 3)
    assert np.isfinite(model.predict_proba(X)).all()


@pytest.mark.parametrize("make", [classifier, small_tables.regressor])
def test_a_first_round_that_diverges_is_an_error_and_changes_nothing(make, monkeypatch):
    y = LABELS if make is classifier else NUMBERS
    model = make().fit(X, y)
    before = dict(vars(model))
    train_little(monkeypatch, learning_rate=1e20)
    with pytest.raises(DivergenceError, match="first round is no longer finite; are there extreme numbers in y or s"):
        model.fit(X, y)
    assert vars(model) == before


def test_a_later_round_that_diverges_leaves_the_best_one_before(monkeypatch, tmp_path):
    """Of six; the history and the file have the round that diverged, too."""
    train_little(monkeypatch, epochs=6)
    kept, order = {}, MemberRules.order

    def spoil(self):
        if self.progress.done == 2:
            kept[self.network] = self.progress.improvement.kept.theta.copy()
            self.optimizer.moments[:] = np.nan
        return order(self)

    monkeypatch.setattr(MemberRules, "order", spoil)
    model = classifier().fit(X, LABELS)
    assert len(kept) == 2
    for each in model.models_:
        assert [record["round"] for record in each.history] == [1, 2, 3]
        np.testing.assert_array_equal(each.parameters, kept[each.network])
    model.save(tmp_path / "model")
    loaded = TabularClassifier.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert repr(loaded.models_[0].history) == repr(model.models_[0].history)


class Elsewhere:
    """A fit in another thread, halted after its first round until the block ends."""

    def __init__(self, monkeypatch, model, *rows):
        self.begun, self.go_on = threading.Event(), threading.Event()
        at_round(monkeypatch, 1, lambda stop: self.begun.set() or self.go_on.wait(60))
        self.thread = threading.Thread(target=model.fit, args=rows)

    def __enter__(self):
        self.thread.start()
        assert self.begun.wait(60)
        return self

    def __exit__(self, *failure):
        self.go_on.set()
        self.thread.join()


def test_others_see_the_former_model_during_a_fit(monkeypatch):
    model = classifier().fit(X, LABELS)
    before = model.predict_proba(X)
    with Elsewhere(monkeypatch, model, X, LABELS[::-1]):
        np.testing.assert_array_equal(model.predict_proba(X), before)
        assert model.predict(X).shape == (n,)
        with pytest.raises(RuntimeError, match="this TabularClassifier is being fitted already"):
            model.fit(X, LABELS)
        for take in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(RuntimeError, match="fitted in another thread"):
                take(model)
    after = model.predict_proba(X)
    assert (after != before).any()
    np.testing.assert_array_equal(after, classifier().fit(X, LABELS[::-1]).predict_proba(X))


def test_the_first_fit_elsewhere_is_not_fitted_yet(monkeypatch):
    model = classifier()
    with Elsewhere(monkeypatch, model, X, LABELS), pytest.raises(NotFittedError):
        model.predict(X)
    assert np.isfinite(model.predict_proba(X)).all()


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_are_independent(make):
    model = classifier().fit(X, LABELS)
    other = make(model)
    P = model.predict_proba(X)
    np.testing.assert_array_equal(other.predict_proba(X), P)
    other.models_[0].parameters[:] = 0
    assert (other.predict_proba(X) != P).any()
    np.testing.assert_array_equal(model.predict_proba(X), P)
    other.fit(X, LABELS[::-1])
    np.testing.assert_array_equal(model.predict_proba(X), P)


def test_clones_are_not_fitted():
    model = classifier(categories=["flag"], verbose=0).fit(X, LABELS)
    other = clone(model)
    assert other.get_params() == model.get_params()
    assert not hasattr(other, "models_")
    np.testing.assert_array_equal(other.fit(X, LABELS).predict_proba(X), model.predict_proba(X))


def fitted_elsewhere(model):
    """Return predictions of a model that another process has pickled, and of another fit of it."""
    patch = pytest.MonkeyPatch()
    train_little(patch)
    return model.predict_proba(X), model.fit(X, LABELS).predict_proba(X)


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_other_processes(method):
    model = classifier().fit(X, LABELS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, from Python 3.12 on
        with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool:
            found = pool.submit(fitted_elsewhere, model).result()
    for P in found:
        np.testing.assert_array_equal(P, model.predict_proba(X))


def test_a_random_state_object_goes_on():
    random = np.random.RandomState(0)
    model = classifier(random_state=random).fit(X, LABELS)
    first = model.predict_proba(X)
    assert (model.fit(X, LABELS).predict_proba(X) != first).any()
    np.testing.assert_array_equal(
        classifier(random_state=np.random.RandomState(0)).fit(X, LABELS).predict_proba(X), first
    )


# --- rows to validate on ------------------------------------------------------------------------------------


def recorded(model):
    """Return the least validation loss of each net."""
    return [min(record["validation_loss"] for record in each.history) for each in model.models_]


@pytest.mark.parametrize("make", [TabularClassifier, TabularRegressor])
def test_given_rows_validate_all_members(make):
    """They all train on all rows of X; the losses are those of the rows that are given."""
    X_val = table(60, seed=1)
    y, y_val = (classes(X), classes(X_val)) if make is TabularClassifier else (NUMBERS, numbers(X_val))
    model = make(n_members=8, random_state=0).fit(X, y, X_val=X_val, y_val=y_val)
    alone = make(n_members=1, random_state=0).fit(X, y, X_val=X_val, y_val=y_val)
    np.testing.assert_array_equal(model.models_[0].parameters, alone.models_[0].parameters)
    kept = make(n_members=8, random_state=0).fit(X, y)
    assert recorded(model) != recorded(kept)
    weights = np.where(np.arange(60) < 30, 1.0, 0.0)
    half = make(n_members=1, random_state=0).fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weights)
    first = make(n_members=1, random_state=0).fit(X, y, X_val=X_val[:30], y_val=y_val[:30])
    np.testing.assert_allclose(recorded(half), recorded(first), rtol=1e-6)
    holed = [None if k >= 30 else value for k, value in enumerate(y_val)]
    with pytest.warns(UserWarning, match="y_val is missing in 30 of 60 rows") as caught:
        missing = make(n_members=1, random_state=0).fit(X, y, X_val=X_val, y_val=holed)
    assert caught[0].filename == __file__
    np.testing.assert_allclose(recorded(missing), recorded(first), rtol=1e-6)


def test_class_weights_are_those_of_the_training_rows():
    y_val = np.where(np.arange(n) < 5, "no", "yes")
    given = classifier(n_members=1, class_weight="balanced").fit(X[:90], LABELS[:90], X_val=X, y_val=y_val)
    counts = np.unique(LABELS[:90], return_counts=True)[1]
    w, w_val = ((45 / counts)[(y == "yes") * 1] for y in (LABELS[:90], y_val))
    by_row = classifier(n_members=1).fit(X[:90], LABELS[:90], w, X_val=X, y_val=y_val, sample_weight_val=w_val)
    assert recorded(given) == recorded(by_row)


def test_a_stream_to_validate_on():
    X_val = table(60, seed=1)
    stream = Arrow(X_val.assign(label=classes(X_val)), "label")
    model = classifier().fit(X, LABELS, X_val=stream)
    expected = classifier().fit(X, LABELS, X_val=X_val, y_val=classes(X_val))
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    of_stream = classifier().fit(Arrow(X.assign(label=LABELS), "label"), X_val=stream)
    np.testing.assert_array_equal(of_stream.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize(("held", "words"), [
    ({"X_val": X}, "X_val and y_val: give both or neither"),
    ({"y_val": LABELS}, "X_val and y_val: give both or neither"),
    ({"sample_weight_val": np.ones(n)}, "X_val and y_val: give both or neither"),
    ({"X_val": X[:-1], "y_val": LABELS}, r"X_val, y_val: .*inconsistent numbers of samples: \[119, 120\]"),
    ({"X_val": X.drop(columns="kind"), "y_val": LABELS}, "X_val, y_val: .*'kind'"),
    ({"X_val": X[:0], "y_val": LABELS[:0]}, r"X_val, y_val: .*0 sample\(s\)"),
    ({"X_val": X, "y_val": [None] * n}, "X_val, y_val: y_val is missing in all 120 rows"),
])  # fmt: skip
def test_bad_rows_to_validate_on(held, words):
    with pytest.raises(ValueError, match=words):
        classifier().fit(X, LABELS, **held)


# --- what is shown ------------------------------------------------------------------------------------------


def test_nothing_is_printed_by_default(capfd):
    classifier().fit(X, LABELS)
    assert capfd.readouterr() == ("", "")


def test_lines(capsys):
    model = classifier(verbose=1).fit(X, LABELS)
    begin, *lines = capsys.readouterr().out.splitlines()
    assert begin == "TabularClassifier: 2 nets, each trained on 108 rows for up to 3 epochs"
    found = {f"TabularClassifier: {name}, validation loss {loss:.4g}" for name, loss in zip(
        SMALL.encodings, recorded(model), strict=False)}  # fmt: skip
    assert {line.split(";")[0] for line in lines} == found
    assert lines[-1].endswith("; 2 of 2 nets have ended")


def test_a_bar_counts_the_rows_of_all_members(capsys, monkeypatch):
    model = classifier(verbose="bar").fit(X, LABELS)
    shown = capsys.readouterr().err.split("\r")[-1]
    assert "2 nets: 100%" in shown
    assert f"{2 * 3 * 108}/{2 * 3 * 108}" in shown
    assert f"validation loss {min(recorded(model)):.4g}" in shown


def test_names_of_inputs():
    model = classifier().fit(X, LABELS)
    dates = [f"day {unit}" for unit in ("year", "month", "weekday")]
    names = model.get_feature_names_out().tolist()
    assert names[:5] == ["number", "holes", "count", "kind", "flag"]
    assert {*dates} < {*names}
    assert "same" not in names
    assert isinstance(pd.Series(names).iloc[0], str)
    with pytest.raises(ValueError, match="input_features"):
        model.get_feature_names_out(["a"])
