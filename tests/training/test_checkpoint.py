"""Checkpoints: a fit that was interrupted ends with the bits of one that was not."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from fastmlp import SGD, Adam, DivergenceError, Model, Momentum, rows
from fastmlp.network import threads
from fastmlp.training import checkpoint

random = np.random.default_rng(0)
X = random.standard_normal((600, 4)).astype("float32")
y = (X[:, 0] * X[:, 1] + 0.3 * random.standard_normal(600) > 0).astype(int)
w = random.integers(0, 3, 600) / 2.0
HOUR = 3600.0  # so that a fit which goes on spends no time on checkpoints of its own
FITS = {
    "adam": {},
    "momentum, in order, l2": {"optimizer": lambda: Momentum(0.05), "shuffle": False, "l2": 0.01},
    "a schedule": {"optimizer": lambda: Adam(0.01, schedule="one_cycle")},
    "full batch": {"batch_size": None},
    "early stopping": {"validation_fraction": 0.3, "early_stopping": True, "n_iter_no_change": 2, "epochs": 12,
                       "optimizer": lambda: Adam(0.05)},
    "validation data": {"X_val": X[:100], "y_val": y[:100]},
    "a stream of several windows": {"X": lambda: rows.Array(X, y, w, block_rows=50, window_rows=150)},
    "batches larger than windows": {"X": lambda: rows.Array(X, y, block_rows=50, window_rows=100), "batch_size": 250},
    "cast": {"X": lambda: X.astype(np.float16)},
    "a frame": {"X": lambda: pd.DataFrame(X, columns=list("abcd"))},
    "a sparse matrix": {"X": lambda: csr_matrix(X)},
    "dropout": {"dropout": [0.3, 0.1]},
    "dropout, batches larger than windows": {
        "X": lambda: rows.Array(X, y, block_rows=50, window_rows=100), "batch_size": 250, "dropout": 0.2,
    },
}  # fmt: skip


def fitted(path=None, resume=False, model=None, every=0, **options):
    settings = {"epochs": 4, "batch_size": 32, "optimizer": Adam} | options
    given = settings.pop("X", lambda: X)()
    labels = () if isinstance(given, rows.Stream) else (y, w)
    model = model or Model([4, 16, 8, 1], seed=3, dropout=settings.pop("dropout", 0.0))
    settings["optimizer"] = settings["optimizer"]()
    return model.fit(given, *labels, checkpoint=path, checkpoint_every=every, resume=resume, **settings)


def without_seconds(history):
    return [{k: v for k, v in record.items() if k not in ("seconds", "rows_per_second")} for record in history]


def assert_same(ours, expected):
    assert ours.parameters.tobytes() == expected.parameters.tobytes()
    assert without_seconds(ours.history) == without_seconds(expected.history)
    assert ours.optimizer.moments.tobytes() == expected.optimizer.moments.tobytes()
    assert ours.optimizer.t == expected.optimizer.t


def calls_of(rows, monkeypatch):
    """Let the net of these tests train so many rows in a call."""
    row_flops = Model([4, 16, 8, 1]).network.plan.flops_per_row(True) + threads.ROW_FLOPS
    monkeypatch.setattr(threads, "CALLER_FLOPS", rows * row_flops)


@pytest.fixture
def all_checkpoints(monkeypatch, tmp_path):
    """Return a function that fits with calls of some 48 rows, and gives copies of each checkpoint written meanwhile."""
    calls_of(48, monkeypatch)
    copies, write = [], checkpoint.Checkpoint.write

    def written(self, progress):
        write(self, progress)
        copies.append(shutil.copy(self.file.path, tmp_path / f"copy-{len(copies)}"))

    def fit(**options):
        with monkeypatch.context() as patch:
            patch.setattr(checkpoint.Checkpoint, "write", written)
            fitted(tmp_path / "run", **options)
        return copies

    return fit


@pytest.mark.parametrize("name", FITS)
def test_the_same_bits_from_every_checkpoint_on(name, all_checkpoints):
    expected, copies = fitted(**FITS[name]), all_checkpoints(**FITS[name])
    chosen = copies[:: max(1, len(copies) // 12)]
    assert len(chosen) >= 6
    for copy in (*chosen, copies[-1]):
        assert_same(fitted(copy, resume=True, every=HOUR, **FITS[name]), expected)


def test_checkpoints_lie_within_epochs_too(all_checkpoints):
    copies = all_checkpoints()
    assert len(copies) > 30
    models = [Model.load(copy) for copy in copies]
    assert sorted({len(model.history) for model in models}) == [0, 1, 2, 3, 4]
    assert len({model.optimizer.t for model in models}) > 30
    assert models[-1].predict_proba(X).tobytes() == fitted().predict_proba(X).tobytes()


def test_a_fit_goes_on_several_times_and_after_others(all_checkpoints, tmp_path):
    """Epochs of a fit before this one count; the model that goes on may be another object."""

    def begun():
        return fitted(epochs=1, optimizer=lambda: Adam(0.003))

    expected = fitted(model=begun())
    copies = all_checkpoints(model=begun())
    shutil.copy(copies[7], tmp_path / "again")
    assert_same(fitted(copies[7], resume=True), expected)
    for epoch in (2, 4):  # the first is that of the fit before
        with pytest.raises(KeyboardInterrupt):
            fitted(tmp_path / "again", resume=True, callbacks=lambda m, r, e=epoch: stop() if r["epoch"] == e else None)
    assert_same(fitted(tmp_path / "again", resume=True), expected)


def stop():
    raise KeyboardInterrupt


def test_resume_without_a_file_begins_and_after_the_end_gives_the_model(tmp_path):
    expected = fitted()
    assert_same(fitted(tmp_path / "run", resume=True), expected)
    epochs = []
    again = fitted(tmp_path / "run", resume=True, callbacks=lambda model, record: epochs.append(record))
    assert epochs == []
    assert_same(again, expected)
    fitted(tmp_path / "run")  # one that has ended may be replaced


def test_a_fit_that_has_not_ended_is_not_replaced(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "run", callbacks=lambda model, record: stop())
    before = (tmp_path / "run").read_bytes()
    with pytest.raises(FileExistsError, match=r"holds a fit that has come to epoch 2.*resume=True"):
        fitted(tmp_path / "run")
    assert (tmp_path / "run").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"epochs": 5}, "epochs=4, but this one has 5"),
        ({"batch_size": 64}, "batch_size=32"),
        ({"l2": 0.1}, "l2=0.0"),
        ({"optimizer": lambda: Adam(0.01)}, "optimizer="),
        ({"X": lambda: X + 1}, "training rows="),
        ({"model": Model([4, 16, 8, 1], seed=4)}, "seed=3"),
        ({"model": Model([4, 16, 1], seed=3)}, "widths="),
        ({"dropout": [0.0, 0.5]}, r"dropout=\[0.0, 0.0\], but this one has \[0.0, 0.5\]"),
        ({"validation_fraction": 0.1}, "rows="),
    ],
)
def test_a_fit_goes_on_with_the_same_arguments_only(tmp_path, options, what):
    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "run", callbacks=lambda model, record: stop())
    before = (tmp_path / "run").read_bytes()
    with pytest.raises(ValueError, match=what):
        fitted(tmp_path / "run", resume=True, **options)
    assert (tmp_path / "run").read_bytes() == before


def test_what_is_not_a_checkpoint(tmp_path):
    fitted().save(tmp_path / "model")
    with pytest.raises(ValueError, match="holds a model, and no fit"):
        fitted(tmp_path / "model", resume=True)
    (tmp_path / "model").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="not a fastmlp model"):
        fitted(tmp_path / "model", resume=True)
    with pytest.raises(ValueError, match="resume=True needs checkpoint="):
        fitted(resume=True)
    with pytest.raises(ValueError, match="checkpoint_every=-1"):
        Model([4, 1]).fit(X, y, checkpoint=tmp_path / "run", checkpoint_every=-1)


def test_a_folder_that_cannot_be_written_to_is_an_error_before_training(tmp_path):
    model = Model([4, 16, 8, 1], seed=3)
    before = model.parameters.copy()
    with pytest.raises(OSError, match="nowhere"):
        fitted(tmp_path / "nowhere" / "run", model=model)
    np.testing.assert_array_equal(model.parameters, before)


def test_a_disk_that_becomes_full_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    write, writes = checkpoint.container.write, itertools.count()

    def failing(path, description, tensors):
        if next(writes) == 5:
            raise OSError(28, "No space left on device", path)
        write(path, description, tensors)

    monkeypatch.setattr(checkpoint.container, "write", failing)
    model = Model([4, 16, 8, 1], seed=3)
    with pytest.raises(OSError, match="No space left"):
        fitted(tmp_path / "run", model=model)
    monkeypatch.undo()
    assert model.optimizer.t > 0, "the weights are those of the last step"
    assert_same(fitted(tmp_path / "run", resume=True), fitted())


def test_weights_that_diverge_are_not_kept(tmp_path, monkeypatch):
    calls_of(64, monkeypatch)
    optimizer = SGD(1e-3)

    def diverge(model, record):
        optimizer.learning_rate = 1e25

    with pytest.raises(DivergenceError):
        fitted(tmp_path / "run", optimizer=lambda: optimizer, callbacks=diverge, epochs=20)
    assert len(Model.load(tmp_path / "run").history) >= 1


def test_a_fit_that_was_to_stop_early_stops_when_it_goes_on(tmp_path):
    """Ctrl-C in the callback of the last epoch."""
    early = FITS["early stopping"]
    expected = fitted(**early)
    last = len(expected.history)
    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "run", **early, callbacks=lambda model, record: stop() if record["epoch"] == last else None)
    assert_same(fitted(tmp_path / "run", resume=True, **early), expected)


SCRIPT = """
import sys, numpy as np
from fastmlp import Model
random = np.random.default_rng(0)
X = random.standard_normal((4000, 8)); y = X[:, 0] > X[:, 1] ** 2
model = Model([8, 64, 64, 1], seed=1)
print("ready", flush=True)
checkpoint = {"checkpoint": sys.argv[1], "checkpoint_every": float(sys.argv[2]), "resume": True}
model.fit(X, y, epochs=60, batch_size=16, validation_fraction=0.2, **checkpoint)
print(model.parameters.tobytes().hex()[:4000], len(model.history), flush=True)
"""


def test_killed_and_gone_on_with(tmp_path):
    """SIGKILL at any time: the file is that of some step, and the end is the same."""

    def started(path, every=HOUR):
        return subprocess.Popen([sys.executable, "-c", SCRIPT, path, str(every)], stdout=subprocess.PIPE, text=True)

    whole = started(tmp_path / "whole")
    expected = whole.communicate(timeout=120)[0]
    for delay in (0.05, 0.3, 0.6):
        process = started(tmp_path / "run", every=0)
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        if (tmp_path / "run").exists():
            Model.load(tmp_path / "run")
    assert started(tmp_path / "run").communicate(timeout=120)[0] == expected
