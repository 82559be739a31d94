"""Checkpoints of estimators: a fit that was interrupted ends with the bits of one that was not."""

import copy
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pytest

from fastmlp import AdamW, DivergenceError, MLPClassifier, MLPRegressor, Model, ModelFormatError, rows
from fastmlp.network import threads
from fastmlp.saving import container
from fastmlp.training.checkpoint import Checkpoint

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Training interrupted by user"),
]

random = np.random.default_rng(0)
X = random.standard_normal((500, 4)).astype("float32")
y = np.where(X[:, 0] * X[:, 1] + 0.3 * random.standard_normal(500) > 0, "yes", "no")
w = random.integers(0, 3, 500) / 2.0
NOISE = random.integers(0, 3, 500)
EARLY = {"early_stopping": True, "n_iter_no_change": 2, "learning_rate_init": 0.05, "max_iter": 30}
ADAPTIVE = {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.1, "n_iter_no_change": 1, "tol": 0.05}
HOUR = 3600.0  # so that a fit which goes on spends no time on checkpoints of its own
FITS = {
    "adam": {},
    "sgd adaptive": {**ADAPTIVE, "max_iter": 12, "y": NOISE},
    "sgd invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.3},
    "early stopping": EARLY,
    "early stopping, sgd adaptive": {**ADAPTIVE, "early_stopping": True, "max_iter": 12},
    "dropout": {"dropout": [0.3, 0.1]},
    "a schedule": {"learning_rate": "one_cycle", "learning_rate_init": 0.02},
    "another optimizer, in order": {"optimizer": AdamW(0.01), "shuffle": False},
    "labels": {"y": np.stack([NOISE > 0, NOISE > 1], axis=1).astype(int)},
    "classes, balanced": {"y": NOISE, "class_weight": "balanced"},
    "validation rows and a scorer": {"X_val": X[:100], "y_val": y[:100], "scoring": "f1_macro"},
    "a frame": {"X": pd.DataFrame(X, columns=list("abcd"))},
    "numbers, standardised": {"kind": MLPRegressor, "y": X[:, :2] * 100, "standardize_target": True, **EARLY},
    "counts": {"kind": MLPRegressor, "y": NOISE, "loss": "poisson"},
    "a stream of numbers, quantiles": {
        "kind": MLPRegressor, "X": rows.Array(X, X[:, 0], w, block_rows=50, window_rows=150), "y": None,
        "loss": "quantile", "quantile": [0.2, 0.8], "standardize_target": True, "early_stopping": True,
    },
    "a stream, early stopping": {"X": rows.Array(X, NOISE, w, block_rows=50, window_rows=150), "y": None, **EARLY},
}  # fmt: skip


def fitted(path=None, resume=False, estimator=None, every=0, **options):
    given = {name: options.pop(name) for name in ("X_val", "y_val") if name in options}
    labels, table, kind = options.pop("y", y), options.pop("X", X), options.pop("kind", MLPClassifier)
    settings = {"hidden_layer_sizes": (12, 6), "max_iter": 5, "batch_size": 32, "random_state": 7, **options}
    estimator = (estimator or kind()).set_params(**settings)
    weights = () if isinstance(table, rows.Stream) else (labels, w)
    checkpoint = {"checkpoint": path, "checkpoint_every": every, "resume": resume} if path else {}
    return estimator.fit(table, *weights, **given, **checkpoint)


def state(estimator):
    """All that a fit leaves, and by which the next one goes on."""
    arrays = [a.tobytes() for a in (*estimator.coefs_, *estimator.intercepts_)]
    names = (
        "loss_curve_", "learning_rate_curve_", "validation_scores_", "validation_loss_curve_", "best_loss_",
        "best_validation_score_", "loss_", "n_iter_", "t_", "_no_improvement_count",
    )  # fmt: skip
    optimizer = estimator._optimizer
    steps = optimizer.moments.tobytes(), optimizer.t, optimizer.learning_rate, optimizer.like_scikit_learn
    return arrays, repr([getattr(estimator, name) for name in names]), steps  # repr: NaN is NaN


def stop_at(*epochs):
    def callback(estimator, record):
        if record["epoch"] in epochs:
            raise KeyboardInterrupt

    return callback


@pytest.fixture
def all_checkpoints(monkeypatch, tmp_path):
    """Return a function that fits with calls of some 48 rows, and returns copies of all checkpoints of the fit."""
    row_flops = Model([4, 12, 6, 1]).network.plan.flops_per_row(True) + threads.ROW_FLOPS
    monkeypatch.setattr(threads, "CALLER_FLOPS", 48 * row_flops)
    copies, write = [], Checkpoint.write

    def written(self, progress):
        write(self, progress)
        copies.append(shutil.copy(self.file.path, tmp_path / f"copy-{len(copies)}"))

    def fit(**options):
        with monkeypatch.context() as patch:
            patch.setattr(Checkpoint, "write", written)
            fitted(tmp_path / "run", **options)
        return copies

    return fit


@pytest.mark.parametrize("name", FITS)
def test_the_same_bits_from_every_checkpoint_on(name, all_checkpoints):
    expected, copies = fitted(**FITS[name]), all_checkpoints(**FITS[name])
    assert len(copies) > 30, "also within epochs"
    for copied in [*copies[:: len(copies) // 10], copies[-1]]:
        assert state(fitted(copied, resume=True, every=HOUR, **FITS[name])) == state(expected)


def test_the_cases_are_what_they_are_called():
    """Rates fall, and fits end early: else the test above would not notice what it is about."""
    adaptive = fitted(**FITS["sgd adaptive"])
    assert len(set(adaptive.learning_rate_curve_)) > 2
    assert len(set(fitted(**FITS["early stopping, sgd adaptive"]).learning_rate_curve_)) > 1
    early = fitted(**FITS["early stopping"])
    assert early.n_iter_ < 30
    assert early.validation_scores_[-1] < early.best_validation_score_


@pytest.mark.parametrize("name", ["sgd adaptive", "early stopping", "dropout"])
def test_ctrl_c_in_callbacks_and_in_the_scorer(name, tmp_path):
    expected = fitted(**FITS[name])
    fitted(tmp_path / "run", every=1000, **FITS[name], callbacks=stop_at(2))
    fitted(tmp_path / "run", resume=True, **FITS[name], callbacks=stop_at(4, 5))
    assert state(fitted(tmp_path / "run", resume=True, **FITS[name])) == state(expected)


def test_ctrl_c_while_an_epoch_is_validated(tmp_path):
    """The estimator has the loss of that epoch; the checkpoint counts it when its score is there."""
    calls = []

    def scorer(estimator, X, y):
        calls.append(None)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return estimator.coefs_[0].sum()

    settings = {"scoring": scorer, "X_val": X[:50], "y_val": y[:50], "solver": "sgd", "learning_rate": "invscaling"}
    interrupted = fitted(tmp_path / "run", every=1000, **settings)
    assert (len(interrupted.loss_curve_), len(interrupted.validation_scores_)) == (3, 2)
    assert state(fitted(tmp_path / "run", resume=True, **settings)) == state(fitted(**settings))


def test_interrupted_early_stopping_keeps_the_best_weights_and_goes_on_with_the_last(tmp_path):
    expected = fitted(**EARLY)
    last = expected.n_iter_
    assert np.argmax(expected.validation_scores_) < last - 1
    interrupted = fitted(tmp_path / "run", **EARLY, callbacks=stop_at(last))
    np.testing.assert_array_equal(interrupted.coefs_[0], expected.coefs_[0])
    assert not np.array_equal(Model.load(tmp_path / "run").weights[0], expected.coefs_[0])
    assert state(fitted(tmp_path / "run", resume=True, **EARLY)) == state(expected)


@pytest.mark.parametrize("settings", [{}, EARLY])
def test_ctrl_c_as_the_last_checkpoint_is_written_comes_too_late(settings, tmp_path, monkeypatch):
    write = Checkpoint.write

    def written(self, progress):
        write(self, progress)
        if progress.ended:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Checkpoint, "write", written)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        interrupted = fitted(tmp_path / "run", **settings)
    assert state(interrupted) == state(fitted(**settings))


def test_patience_without_end_is_compared(tmp_path):
    settings = {"n_iter_no_change": np.inf}
    fitted(tmp_path / "run", callbacks=stop_at(2), **settings)
    with pytest.raises(ValueError, match="n_iter_no_change='inf', but this one has 3"):
        fitted(tmp_path / "run", resume=True, n_iter_no_change=3)
    assert state(fitted(tmp_path / "run", resume=True, **settings)) == state(fitted(**settings))


def test_classes_that_no_model_has_are_left_out_of_the_file(tmp_path):
    settings = {"y": np.full(500, "only")}
    fitted(tmp_path / "run", callbacks=stop_at(2), **settings)
    assert Model.load(tmp_path / "run").classes is None
    resumed = fitted(tmp_path / "run", resume=True, **settings)
    assert state(resumed) == state(fitted(**settings))
    assert resumed.predict(X[:2]).tolist() == ["only", "only"]


@pytest.mark.parametrize("kind", [lambda: np.random.RandomState(5), lambda: None])
def test_random_states_that_are_no_seeds(kind, tmp_path):
    """The file has the state of the draws; NumPy's own is not changed where a fit goes on."""
    np.random.seed(11)
    expected = fitted(**EARLY, random_state=kind())
    np.random.seed(11)
    fitted(tmp_path / "run", **EARLY, random_state=kind(), callbacks=stop_at(3))
    np.random.seed(99)
    before = np.random.get_state()[1].tobytes()
    assert state(fitted(tmp_path / "run", resume=True, **EARLY, random_state=kind())) == state(expected)
    if kind() is not None:
        assert np.random.get_state()[1].tobytes() == before


def test_a_warm_start_goes_on_in_a_new_estimator(tmp_path):
    def begun():
        return fitted(X_val=X[:50], y_val=y[:50], warm_start=True, max_iter=3)

    expected = fitted(estimator=begun())
    fitted(tmp_path / "run", estimator=begun(), callbacks=stop_at(5))
    ours = fitted(tmp_path / "run", resume=True)
    assert state(ours) == state(expected)
    assert len(ours.loss_curve_) == 8


def test_resume_without_a_file_begins_and_after_the_end_gives_the_result(tmp_path):
    expected, epochs = fitted(), []
    assert state(fitted(tmp_path / "run", resume=True)) == state(expected)
    again = fitted(tmp_path / "run", resume=True, callbacks=lambda estimator, record: epochs.append(record))
    assert epochs == []
    assert state(again) == state(expected)
    assert again.predict(X).tolist() == expected.predict(X).tolist()
    model = Model.load(tmp_path / "run")
    assert (model.classes, model.feature_names) == (["no", "yes"], None)
    assert model.predict_proba(X).tobytes() == expected.predict_proba(X)[:, 1].tobytes()
    assert [record["loss"] for record in model.history] == expected.loss_curve_
    fitted(tmp_path / "run")  # one that has ended may be replaced


def test_a_fit_that_has_not_ended_is_not_replaced(tmp_path):
    fitted(tmp_path / "run", callbacks=stop_at(2))
    before = (tmp_path / "run").read_bytes()
    with pytest.raises(FileExistsError, match=r"holds a fit that has come to epoch 3.*resume=True"):
        fitted(tmp_path / "run")
    assert (tmp_path / "run").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_iter": 6}, "max_iter=5, but this one has 6"),
        ({"alpha": 0.1}, "alpha="),
        ({"random_state": 8}, "random_state=7"),
        ({"hidden_layer_sizes": (3,)}, "hidden_layer_sizes="),
        ({"dropout": 0.5}, "dropout="),
        ({"learning_rate_init": 0.5}, "learning_rate_init="),
        ({"optimizer": AdamW(0.1)}, "optimizer="),
        ({"class_weight": {"yes": 2.0}}, "class_weight="),
        ({"X": X + 1}, "training rows="),
        ({"y": np.where(y == "yes", "yes", "nein")}, "classes="),
        ({"X_val": X[:9], "y_val": y[:9]}, "validation rows="),
    ],
)
def test_a_fit_goes_on_with_the_same_arguments_only(tmp_path, options, words):
    fitted(tmp_path / "run", callbacks=stop_at(2))
    before = (tmp_path / "run").read_bytes()
    estimator = MLPClassifier()
    with pytest.raises(ValueError, match=words):
        fitted(tmp_path / "run", resume=True, estimator=estimator, **options)
    assert not hasattr(estimator, "coefs_")
    assert (tmp_path / "run").read_bytes() == before


def test_what_is_refused(tmp_path):
    with pytest.raises(ValueError, match="solver='lbfgs' cannot be resumed; use 'adam' or 'sgd'"):
        MLPClassifier(solver="lbfgs").fit(X, y, checkpoint=tmp_path / "run")
    with pytest.raises(ValueError, match="resume=True needs checkpoint="):
        MLPClassifier().fit(X, y, resume=True)
    with pytest.raises(ValueError, match="checkpoint_every=-1"):
        MLPClassifier().fit(X, y, checkpoint=tmp_path / "run", checkpoint_every=-1)
    with pytest.raises(ValueError, match="random_state draws from PCG64"):
        fitted(tmp_path / "run", random_state=np.random.RandomState(np.random.PCG64(0)))
    with pytest.raises(OSError, match="nowhere"):
        fitted(tmp_path / "nowhere" / "run")
    assert list(tmp_path.iterdir()) == []
    Model([4, 12, 6, 1]).fit(X, y == "yes", epochs=1, checkpoint=tmp_path / "run")
    with pytest.raises(ValueError, match="is of Model, not of MLPClassifier"):
        fitted(tmp_path / "run", resume=True)
    fitted(tmp_path / "run")
    with pytest.raises(ValueError, match="is of MLPClassifier, not of Model"):
        Model([4, 12, 6, 1]).fit(X, y == "yes", checkpoint=tmp_path / "run", resume=True)
    Model([4, 1]).save(tmp_path / "model")
    with pytest.raises(ValueError, match="holds a model, and no fit"):
        fitted(tmp_path / "model", resume=True)


def test_a_fit_that_diverges_leaves_the_last_checkpoint(tmp_path):
    """Also where only the L2 term is no longer finite, which no file can hold."""

    def faster(estimator, record):
        estimator._optimizer.learning_rate = 1e200 if record["epoch"] == 2 else 1e-3

    settings = {"solver": "sgd", "hidden_layer_sizes": (), "dtype": "float64", "alpha": 1e-300, "callbacks": faster}
    with pytest.raises(DivergenceError):
        fitted(tmp_path / "run", **settings)
    assert len(Model.load(tmp_path / "run").history) == 2


# --- damaged files ------------------------------------------------------------------------------------------

VALUES = [None, True, -1, 2, 625, 10**30, 0.5, 1e300, "1", [], {}, {"pos": 1}]


def refused(path, description, tensors):
    """Return whether there is a ModelFormatError that names the file, and the estimator is as it was."""
    container.write(path, description, tensors)
    estimator = fitted(max_iter=1, warm_start=True)
    before = state(estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitted(path, resume=True, estimator=estimator, **EARLY)
        except ValueError as error:
            refusal = error
        else:
            return False
    assert isinstance(refusal, ModelFormatError) or "resume: the fit in" in str(refusal)
    assert str(path) in str(refusal)
    assert state(estimator) == before
    return True


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoints") / "run"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted(path, callbacks=stop_at(3), **EARLY)
    description, tensors = container.read(path)
    del description["version"]
    return description, tensors


def test_every_field_of_the_classifier_with_values_of_all_kinds(contents, tmp_path):
    description, tensors = contents
    places = [("t_",), ("best_loss_",), ("best_validation_score_",), ("random",)]
    places += [("random", name) for name in description["estimator"]["random"]]
    accepted = set()
    for place in places:
        for value in VALUES:
            forged = copy.deepcopy(description)
            inner = forged["estimator"]
            for name in place[:-1]:
                inner = inner[name]
            inner[place[-1]] = value
            if forged != description and not refused(tmp_path / "forged", forged, tensors):
                accepted.add((*place, type(value)))
    figures = {(name, kind) for name in ("best_loss_", "best_validation_score_") for kind in (float, type(None))}
    whole = {("t_", int), ("random", "pos", int), ("random", "has_gauss", int), ("random", "gauss", float)}
    assert accepted <= figures | whole
    for name in description["estimator"]:
        forged = copy.deepcopy(description)
        del forged["estimator"][name]
        assert refused(tmp_path / "forged", forged, tensors)


def test_tensors_that_do_not_fit(contents, tmp_path):
    description, tensors = contents
    key, best = tensors["random"], tensors["best.parameters"]
    numbers, kinds = tensors["history.numbers"], tensors["history.kinds"]
    for forged in (
        {"random": key[:-1]}, {"random": key.astype(np.float64)}, {"random": -key}, {"random": key + 2**32},
        {"best.parameters": best[:-1]}, {"best.parameters": best * np.float32(np.nan)},
        {"best.moments": np.zeros(2 * best.size, best.dtype)}, {"history.kinds": kinds * 0 + 2},
    ):  # fmt: skip
        assert refused(tmp_path / "forged", description, {**tensors, **forged}), forged
    assert numbers.shape == kinds.shape
    for name in ("random", "best.parameters"):
        assert refused(tmp_path / "forged", description, {k: v for k, v in tensors.items() if k != name})
    assert not refused(tmp_path / "forged", description, tensors)


# --- killed -------------------------------------------------------------------------------------------------

SCRIPT = """
import sys, warnings, numpy as np
from fastmlp import MLPClassifier
warnings.simplefilter("ignore")
random = np.random.default_rng(0)
X = random.standard_normal((3000, 8)); y = X[:, 0] > X[:, 1] ** 2
estimator = MLPClassifier((32, 32), batch_size=16, max_iter=40, random_state=1, early_stopping=True, dropout=0.1,
                          n_iter_no_change=100)
print("ready", flush=True)
estimator.fit(X, y, checkpoint=sys.argv[1], checkpoint_every=float(sys.argv[2]), resume=True)
print(b"".join(W.tobytes() for W in estimator.coefs_).hex()[:4000], estimator.loss_curve_, flush=True)
"""


def test_killed_and_gone_on_with(tmp_path):
    """SIGKILL at any time: the file is that of some step, and the end is the same."""

    def started(path, every=HOUR):
        return subprocess.Popen([sys.executable, "-c", SCRIPT, path, str(every)], stdout=subprocess.PIPE, text=True)

    expected = started(tmp_path / "whole").communicate(timeout=300)[0]
    for delay in (0.05, 0.3, 0.6):
        process = started(tmp_path / "run", every=0)
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        if (tmp_path / "run").exists():
            Model.load(tmp_path / "run")
    assert started(tmp_path / "run").communicate(timeout=300)[0] == expected
