"""Arrays in files that are not whole, or do not stay so. Reading them can kill a process: they have one of theirs."""

import numpy as np
from cases import case
from subjects import ESTIMATORS, X, python, quiet, refused, y

from fastmlp import Model, rows

pytestmark = quiet


def mapped(folder, values=X):
    """(Path, np.memmap) of a file with rows."""
    path = folder / "X.bin"
    values.tofile(path)
    return path, np.memmap(path, values.dtype, "r", shape=values.shape)


CUT = """
import os, sys
import numpy as np
from fastmlp import MLPClassifier, MLPRegressor, Model, rows

n, p = 4096, 64  # 1 MiB or more: what is cut off lies on pages of its own

def cut_while_read(path, what, dtype):
    def cut(*_):
        os.truncate(path, 4096)

    def fails(call):
        try:
            call()
        except ValueError as error:
            # A stream reads the file by its name; of a map that is too short, the sizes tell.
            words = "was modified while it was read" if what == "stream" else "changed since it was opened"
            assert path in str(error) and words in str(error), error
            return True

    values = np.random.default_rng(0).integers(-9, 9, (n, p)).astype(dtype)
    values.tofile(path)
    X, y = np.memmap(path, dtype, "r", shape=(n, p)), np.arange(n) % 2
    model = Model([p, 4, 1])
    if what in ("classifier", "regressor"):
        kind = MLPClassifier if what == "classifier" else MLPRegressor
        assert fails(lambda: kind(hidden_layer_sizes=(4,), max_iter=3, callbacks=cut).fit(X, y))
    elif what == "stream":
        assert fails(lambda: model.fit(rows.Array(X, y), epochs=3, callbacks=cut))
    elif what == "every second row":  # which are mapped, not read
        assert fails(lambda: model.fit(rows.Array(X[::2], y[: n // 2]), epochs=3, callbacks=cut))
    elif what == "y":
        labels = np.memmap(path, np.uint8, "r+", shape=(n * p,))
        labels[:] = np.arange(n * p) % 2
        assert fails(lambda: Model([1, 1]).fit(np.zeros((n * p, 1), "f4"), labels, epochs=3, callbacks=cut))
    elif what == "numbers as y":
        numbers = np.memmap(path, dtype, "r", shape=(n * p,))
        of_numbers = Model([1, 1], loss="squared_error")
        assert fails(lambda: of_numbers.fit(np.zeros((n * p, 1), "f4"), numbers, epochs=3, callbacks=cut))
    else:
        assert fails(lambda: model.fit(X, y, epochs=3, batch_size=64, callbacks=cut))
        assert model.history == []
        assert fails(lambda: model.predict(X[:, :]))
        assert fails(lambda: model.loss(X[::-1], y))
    assert np.isfinite(model.parameters).all()

for k, what in enumerate(sys.argv[2:]):
    print(what, flush=True)  # before a signal that ends the process
    cut_while_read(f"{sys.argv[1]}/{k}.bin", *what.split(": "))
"""


@case(62, "a memmap or .npy file shorter than declared", "`ValueError` when it is opened: the path, both sizes")
def test_shorter_than_declared(tmp_path):
    np.save(tmp_path / "X.npy", X)
    whole = (tmp_path / "X.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-8])
    refused(ValueError, r"cut\.npy: \d+ bytes.*shape \(30, 3\)", lambda: rows.Array(tmp_path / "cut.npy", y))
    path, _ = mapped(tmp_path)
    refused(ValueError, "mmap length is greater than file ?size", lambda: np.memmap(path, "f8", "r", shape=(31, 3)))


@case(
    63, "a memmap whose file is cut during training", "`ValueError` before the next epoch; within an epoch, see below"
)
def test_cut_during_training(tmp_path):
    """All in one process, which a signal would end."""
    what = (
        "model: f4", "model: i2", "classifier: f8", "regressor: f8", "stream: f4", "every second row: f4", "y: u1",
        "numbers as y: f4",
    )  # fmt: skip
    assert python(CUT, tmp_path, *what, timeout=300).splitlines() == list(what)


@case(
    64,
    "a memmap that is rewritten during training",
    "`ValueError` before the next epoch; a file put in its place does no harm",
)
def test_rewritten_during_training(tmp_path):
    path, data = mapped(tmp_path)

    def rewrite(*_):
        (X + 1).tofile(path)

    words = r"X\.bin: the file was modified while it was read"
    refused(ValueError, words, lambda: Model([3, 4, 1]).fit(data, y, epochs=3, callbacks=rewrite))
    for make in ESTIMATORS:
        path, data = mapped(tmp_path)
        estimator = make(max_iter=3, callbacks=rewrite)
        refused(ValueError, words, lambda fit=estimator.fit, data=data: fit(data, y))
    path, data = mapped(tmp_path)
    refused(ValueError, words, lambda: Model([3, 4, 1]).fit(rows.Array(data, y), epochs=3, callbacks=rewrite))


def test_a_file_that_is_removed_or_replaced_stays_whole(tmp_path):
    expected = Model([3, 4, 1]).fit(X, y, epochs=3).parameters
    for removes in (True, False):
        path, data = mapped(tmp_path)

        def replace(*_, path=path, removes=removes):
            if removes:
                path.unlink(missing_ok=True)
            else:
                (tmp_path / "other").write_bytes(b"short")
                (tmp_path / "other").replace(path)

        model = Model([3, 4, 1]).fit(data, y, epochs=3, callbacks=replace)
        np.testing.assert_array_equal(model.parameters, expected)
        np.testing.assert_array_equal(model.predict(data), model.predict(X))


def test_a_map_of_one_s_own_may_be_written_to(tmp_path):
    X.tofile(tmp_path / "X.bin")
    for mode in ("r+", "c"):
        data = np.memmap(tmp_path / "X.bin", "f8", mode, shape=X.shape)
        model = Model([3, 4, 1]).fit(data, y, epochs=3, callbacks=lambda *_, data=data: data.fill(1.5))
        assert len(model.history) == 3
