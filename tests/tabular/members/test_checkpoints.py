"""Checkpoints of tabular fits: what goes on ends with the bits of a fit that was never interrupted."""

import contextlib
import warnings

import numpy as np
import pandas as pd
import pytest

from fastmlp import ModelFormatError, TabularClassifier, TabularRegressor, rows
from fastmlp.saving import container
from fastmlp.tabular import estimator
from fastmlp.tabular.members import checkpoint, rules
from fastmlp.tabular.members.recipe import Recipe

n = 260
random = np.random.default_rng(0)
X = pd.DataFrame({
    "number": random.normal(50, 20, n), "other": random.standard_normal(n), "kind": random.choice(["a", "b", "c"], n),
})  # fmt: skip
y = np.where((X["number"] > 60) ^ (X["kind"] == "b"), "yes", "no")
NUMBER = X["number"] / 10 + (X["kind"] == "c") * 5


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch):
    recipe = Recipe(n_members=3, width=16, depth=2, epochs=6, batch_rows=32)
    monkeypatch.setattr(estimator, "recipe_for", lambda n, classes: recipe)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fit.fastmlp"


def classifier(**settings):
    return TabularClassifier(**{"random_state": 0, "n_threads": 2, **settings})


def interrupted(model, path, monkeypatch, states, *data):
    """Fit until members have handed over a number of states; return whether it was cut."""
    left, write = [states], checkpoint.MemberCheckpoint.write

    def cut(self, progress):
        write(self, progress)
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(checkpoint.MemberCheckpoint, "write", cut)
        with contextlib.suppress(KeyboardInterrupt):
            model.fit(*data, checkpoint=path, checkpoint_every=0)
    return left[0] <= 0


@pytest.mark.parametrize("states", [1, 2, 7, 12, 25])
def test_a_fit_that_goes_on_has_the_same_bits(path, monkeypatch, states):
    whole = classifier().fit(X, y)
    assert interrupted(classifier(), path, monkeypatch, states, X, y)
    assert container.read(path)[0]["fit"]["ended"] is False
    model = classifier(n_threads=1).fit(X, y, checkpoint=path, resume=True)
    np.testing.assert_array_equal(model.predict_proba(X), whole.predict_proba(X))
    np.testing.assert_array_equal(model.weights_, whole.weights_)
    for ours, theirs in zip(model.models_, whole.models_, strict=True):
        assert [{**record, "seconds": 0} for record in ours.history] == [
            {**record, "seconds": 0} for record in theirs.history
        ]
        assert ours.optimizer is None
    assert container.read(path)[0]["fit"]["ended"] is True


def test_within_a_round_too(path, monkeypatch):
    """Each step of training is a call of its own, after which the state is kept."""
    monkeypatch.setattr("fastmlp.network.threads.CALLER_FLOPS", 1)
    whole = classifier(n_members=1).fit(X, y)
    seen = set()  # rows of the round under way
    for states in (3, 8, 12, 30):
        path.unlink(missing_ok=True)
        assert interrupted(classifier(n_members=1, n_threads=1), path, monkeypatch, states, X, y)
        seen.add(container.read(path)[0]["members"]["0"]["fit"]["tally"]["rows"])
        model = classifier(n_members=1).fit(X, y, checkpoint=path, resume=True)
        np.testing.assert_array_equal(model.predict_proba(X), whole.predict_proba(X))
    assert len(seen - {0}) > 1


def test_rounds_that_are_parts_of_an_epoch(path, monkeypatch):
    """The last round of an epoch is shorter than the others."""
    monkeypatch.setattr(rules, "ROUND_ROWS", 96)
    whole = classifier(n_members=1).fit(X, y)
    assert len(whole.models_[0].history) == 18
    for states in range(2, 9):
        path.unlink(missing_ok=True)
        assert interrupted(classifier(n_members=1), path, monkeypatch, states, X, y)
        model = classifier(n_members=1).fit(X, y, checkpoint=path, resume=True)
        np.testing.assert_array_equal(model.predict_proba(X), whole.predict_proba(X))


def test_numbers_and_streams(path, monkeypatch):
    whole = TabularRegressor(random_state=0).fit(X, NUMBER)
    assert interrupted(TabularRegressor(random_state=0), path, monkeypatch, 3, X, NUMBER)
    model = TabularRegressor(random_state=0).fit(X, NUMBER, checkpoint=path, resume=True)
    np.testing.assert_array_equal(model.predict(X), whole.predict(X))
    stream = rows.Arrow(X.assign(label=y), "label", window_rows=128)
    whole = classifier().fit(stream)
    assert interrupted(classifier(), path, monkeypatch, 3, stream)
    model = classifier().fit(stream, checkpoint=path, resume=True)
    np.testing.assert_array_equal(model.predict_proba(X), whole.predict_proba(X))


def test_a_fit_that_has_ended_trains_no_more(path, monkeypatch):
    whole = classifier().fit(X, y, checkpoint=path)
    monkeypatch.setattr(rules.MemberRules, "goes_on", lambda rules: pytest.fail("it trains"))
    again = classifier().fit(X, y, checkpoint=path, resume=True)
    np.testing.assert_array_equal(again.predict_proba(X), whole.predict_proba(X))


def test_the_seed_is_that_of_the_file(path, monkeypatch):
    model = classifier(random_state=None)
    assert interrupted(model, path, monkeypatch, 3, X, y)
    first = classifier(random_state=None).fit(X, y, checkpoint=path, resume=True)
    again = classifier(random_state=None).fit(X, y, checkpoint=path, resume=True)
    np.testing.assert_array_equal(first.predict_proba(X), again.predict_proba(X))


@pytest.mark.parametrize(
    ("settings", "data", "what"),
    [
        ({"random_state": 1}, (X, y), "random_state=0"),
        ({"n_members": 2}, (X, y), "n_members=None"),
        ({"class_weight": "balanced"}, (X, y), "class_weight=None"),
        ({}, (X.iloc[::-1], y), "training rows="),
        ({}, (X, y[::-1]), "training rows="),
        ({}, (X.drop(columns="other"), y), "columns="),
        ({}, (X, np.where(y == "yes", "z", "a")), "classes="),
        ({}, (X, y, np.arange(n) % 3), "training rows="),
    ],
)
def test_another_fit_is_refused(path, monkeypatch, settings, data, what):
    assert interrupted(classifier(), path, monkeypatch, 3, X, y)
    with pytest.raises(ValueError, match=f"resume: the fit in .* had {what}"):
        classifier(**settings).fit(*data, checkpoint=path, resume=True)


def test_other_arguments_of_files_are_refused(path, monkeypatch):
    with pytest.raises(ValueError, match="time_limit=5: a fit that is measured cannot be resumed; leave checkpoint"):
        classifier(time_limit=5).fit(X, y, checkpoint=path)
    assert not path.exists()
    with pytest.raises(ValueError, match="resume=True needs checkpoint="):
        classifier().fit(X, y, resume=True)
    assert interrupted(classifier(), path, monkeypatch, 3, X, y)
    with pytest.raises(FileExistsError, match="go on with it by resume=True"):
        classifier().fit(X, y, checkpoint=path)
    with pytest.raises(ValueError, match="is of TabularClassifier, not of TabularRegressor"):
        TabularRegressor(random_state=0).fit(X, NUMBER, checkpoint=path, resume=True)


def test_damaged_files_are_refused(path, monkeypatch):
    assert interrupted(classifier(), path, monkeypatch, 4, X, y)
    description, tensors = container.read(path)

    def without(*keys):
        changed = {**description, "members": {**description["members"], "0": {**description["members"]["0"]}}}
        place = changed
        for key in keys[:-1]:
            place[key] = dict(place[key])
            place = place[key]
        del place[keys[-1]]
        return changed

    for changed in (
        without("members"), without("fit", "arguments"), without("members", "0", "fit"),
        without("members", "0", "fit", "epoch"), without("members", "0", "fit", "tally"),
        without("members", "0", "widths"),
    ):  # fmt: skip
        container.write(path, changed, tensors)
        with pytest.raises(ModelFormatError, match="damaged"):
            classifier().fit(X, y, checkpoint=path, resume=True)
    container.write(path, description, {name: 0 * array for name, array in tensors.items() if "moments" not in name})
    with pytest.raises(ModelFormatError, match="damaged"):
        classifier().fit(X, y, checkpoint=path, resume=True)


def test_an_end_that_others_want_is_none(path, monkeypatch):
    """Where Ctrl-C comes while a round is validated, the loop ends after it, and the fit still goes on later."""
    whole = classifier(n_members=1).fit(X, y)
    validate = rules.MemberRules.validate

    def stopping(self, record):
        validate(self, record)
        if record["round"] == 3:
            self.stop.set()

    with monkeypatch.context() as patch:
        patch.setattr(rules.MemberRules, "validate", stopping)
        cut = classifier(n_members=1).fit(X, y, checkpoint=path, checkpoint_every=0)
    assert len(cut.models_[0].history) == 3
    assert container.read(path)[0]["fit"]["ended"] is False
    model = classifier(n_members=1).fit(X, y, checkpoint=path, resume=True)
    np.testing.assert_array_equal(model.predict_proba(X), whole.predict_proba(X))
