"""Checkpoints whose fit was forged, field by field: refused by name of the file before model or optimizer change."""

import copy

import numpy as np
import pytest

from fastmlp import Adam, Model, ModelFormatError
from fastmlp.saving import container

random = np.random.default_rng(0)
X = random.standard_normal((100, 3)).astype("float32")
y = (X[:, 0] * X[:, 1] > 0).astype(int)
VALUES = [
    None, True, False, -1, 0, 7, 10**30, -(2**63), 2**62 + 1, 0.5, -1.5, 1e300, "1", "", [], [1], [0, 0], [1, "a"], {},
    {"a": 1}, {"figure": "low", "t": 0}, {"figure": -0.5, "t": -1}, {"figure": -0.5, "t": 10**9},
]  # fmt: skip


def fitted(path, resume=True, stop_at=None, early_stopping=True, **options):
    """Fit; stop in the middle, where stop_at is an epoch."""

    def callback(model, record):
        if record["epoch"] == stop_at:
            raise KeyboardInterrupt

    model = Model([3, 4, 1], seed=1)
    settings = {"epochs": 6, "batch_size": 20, "validation_fraction": 0.2, "optimizer": Adam(0.05)}
    if early_stopping:
        settings |= {"early_stopping": True, "n_iter_no_change": 6}
    return model.fit(X, y, checkpoint=path, resume=resume, callbacks=callback, **settings | options)


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    """Return description and tensors of a fit that has come to epoch 4 of 6, with a best epoch."""
    path = tmp_path_factory.mktemp("checkpoints") / "run"
    with pytest.raises(KeyboardInterrupt):
        fitted(path, resume=False, stop_at=3)
    description, tensors = container.read(path)
    del description["version"]
    assert description["fit"]["best"] is not None
    return description, tensors


def places(value, path=()):
    """Return the way to each field of a fit and, where it has some, to each of its own; without the arguments' own."""
    for name, one in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, name)
        if isinstance(one, (dict, list)) and name != "arguments":
            yield from places(one, (*path, name))


def changed(fit, path, value):
    fit = copy.deepcopy(fit)
    inner = fit
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return fit


def is_refused(path, description, tensors):
    """Return whether the error is a ModelFormatError that names the file, or one of arguments, and all is as before."""
    container.write(path, description, tensors)
    model, optimizer = Model([3, 4, 1], seed=1), Adam(0.05)
    before = model.parameters.copy()
    settings = {"epochs": 6, "batch_size": 20, "validation_fraction": 0.2, "early_stopping": True}
    try:
        model.fit(X, y, checkpoint=path, resume=True, n_iter_no_change=6, optimizer=optimizer, **settings)
    except ValueError as error:
        refused = error
    else:
        return False
    assert isinstance(refused, ModelFormatError) or "resume: the fit in" in str(refused)
    assert str(path) in str(refused)
    assert model.parameters.tobytes() == before.tobytes()
    assert (model.optimizer, model.history, optimizer.t) == (None, [], 0)
    assert not optimizer.moments.any()
    return True


def test_every_field_of_a_fit_with_values_of_all_kinds(contents, tmp_path):
    description, tensors = contents
    accepted = set()
    for place in places(description["fit"]):
        for value in VALUES:
            fit = changed(description["fit"], place, value)
            if fit == description["fit"]:
                continue
            if not is_refused(tmp_path / "forged", {**description, "fit": fit}, tensors):
                accepted.add(place)
    # What could be a fit of this kind is taken; whether a file is as it was written, its digest tells.
    sums = {("tally", name) for name in ("J", "weight", "objective")}
    figures = {("seconds",), ("waited",), ("best", "figure")} | sums
    steps = {("epoch",), ("best", "t"), ("schedule",), ("schedule", 0), ("schedule", 1)}
    assert accepted <= figures | steps | {("exploded",), ("ended",)}
    assert ("ended",) in accepted


def test_fields_that_are_missing_or_too_many(contents, tmp_path):
    description, tensors = contents
    for name in description["fit"]:
        fit = {key: value for key, value in description["fit"].items() if key != name}
        assert is_refused(tmp_path / "forged", {**description, "fit": fit}, tensors)
    for fit in ({**description["fit"], "more": 1}, {}, [], "fit", 1, True):
        assert is_refused(tmp_path / "forged", {**description, "fit": fit}, tensors)


TENSORS = {
    "NaN": lambda a: np.where(np.arange(a.size) == 3, np.nan, a).astype(a.dtype),
    "too short": lambda a: a[:-1],
    "another dtype": lambda a: a.astype(np.float64),
    "two dimensions": lambda a: a[None],
    "empty": lambda a: a[:0],
}


@pytest.mark.parametrize("change", TENSORS)
@pytest.mark.parametrize("name", ["best.parameters", "best.moments", "moments", "parameters"])
def test_tensors(contents, tmp_path, name, change):
    description, tensors = contents
    assert is_refused(tmp_path / "forged", description, {**tensors, name: TENSORS[change](tensors[name])})
    left = {key: value for key, value in tensors.items() if key != name}
    assert is_refused(tmp_path / "forged", description, left)


def test_a_best_epoch_needs_early_stopping(contents, tmp_path):
    description, tensors = contents
    fit = {**description["fit"], "best": None}
    assert is_refused(tmp_path / "forged", {**description, "fit": fit}, tensors)
    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "run", resume=False, stop_at=3, early_stopping=False)
    other, _ = container.read(tmp_path / "run")
    del other["version"]
    other["fit"]["best"] = description["fit"]["best"]
    container.write(tmp_path / "run", other, tensors)
    with pytest.raises(ModelFormatError, match="without early_stopping"):
        fitted(tmp_path / "run", early_stopping=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [("widths", [3, 5, 1]), ("bias", False), ("seed", 2), ("activations", ["tanh"]), ("optimizer", None),
     ("optimizer", {"name": "sgd", "t": 3, "learning_rate": 0.1, "schedule": "constant"})],
)  # fmt: skip
def test_a_model_that_is_not_that_of_the_arguments(contents, tmp_path, name, value):
    description, tensors = contents
    if name == "widths":
        tensors = {**tensors, "parameters": np.zeros(26, "float32")}
    assert is_refused(tmp_path / "forged", {**description, name: value}, tensors)


def test_a_fit_that_is_no_fit_is_not_replaced(contents, tmp_path):
    description, tensors = contents
    for fit in ("fit", [], {"ended": 1}, {}, 5):
        container.write(tmp_path / "forged", {**description, "fit": fit}, tensors)
        before = (tmp_path / "forged").read_bytes()
        with pytest.raises(FileExistsError, match=r"forged.*delete the file"):
            fitted(tmp_path / "forged", resume=False)
        assert (tmp_path / "forged").read_bytes() == before
