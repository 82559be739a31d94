"""Arrays that the user changes while a fit reads them: an error or another result, never a crash."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from fastmlp import Model
from fastmlp.exceptions import RowError
from fastmlp.rows.array import ArrayRows

n, p = 64, 4
X = np.random.default_rng(0).standard_normal((n, p)).astype(np.float32)


def changing(change):
    """Return a callback that changes something after the first epoch."""

    def callback(model, record):
        if record["epoch"] == 1:
            change()

    return callback


@pytest.mark.parametrize(("outputs", "dtype", "value"), [
    (300, np.int32, 300), (300, np.int32, 2**31 - 1), (300, np.int32, -1), (7, np.uint8, 255), (1, np.uint8, 2),
])  # fmt: skip
@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, lambda X: X.astype(np.float16)])
def test_a_class_that_is_none_is_an_error_that_names_it(kind, outputs, dtype, value):
    y = (np.arange(n) % min(outputs, 2)).astype(dtype) if outputs > 1 else (np.arange(n) % 2).astype(dtype)
    model = Model([p, 8, outputs])

    def spoil():
        y[5] = value

    with pytest.raises(ValueError, match=rf"y contains {value} in row 5, but targets are 0 … "):
        model.fit(kind(X), y, epochs=3, batch_size=16, callbacks=changing(spoil))
    assert np.isfinite(model.parameters).all()


def test_labels_of_several_outputs_too():
    Y = np.zeros((n, 3), np.uint8)

    def spoil():
        Y[9, 1] = 7

    with pytest.raises(ValueError, match=r"y contains \[0 7 0\] in row 9"):
        Model([p, 8, 3], out_activation="logistic").fit(X, Y, epochs=3, batch_size=16, callbacks=changing(spoil))


def test_a_row_that_is_sound_again_when_the_error_is_written():
    rows = ArrayRows(X, np.arange(n) % 2, n_features=p, dtype=np.dtype("float32"))
    window = next(rows.windows(rows.order(), n))
    with pytest.raises(RowError, match="X: row 7 was not finite when it was read, and is finite now; do not modify X"):
        rows.refuse(window, 7)


def test_shapes_and_strides_that_change_do_not_reach_a_fit():
    def data():
        return X.copy(), (np.arange(n) % 2).astype(np.uint8), np.linspace(1, 2, n)

    def settings(change):
        return {"epochs": 3, "batch_size": 16, "shuffle": False, "callbacks": changing(change)}

    expected = Model([p, 8, 1]).fit(*data(), **settings(lambda: None)).parameters
    X_, y, w = data()

    def reshape():
        X_.shape, y.shape, w.shape = (p, n), (2, n // 2), (n, 1)

    found = Model([p, 8, 1]).fit(X_, y, w, **settings(reshape)).parameters
    assert X_.shape == (p, n)
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize(("part", "value", "words"), [
    ("indices", 10**6, "column index outside of 0 … 3"), ("indices", -5, "column index outside of 0 … 3"),
    ("indptr", 10**6, "indptr points outside"), ("indptr", -1, "indptr points outside"),
])  # fmt: skip
def test_a_sparse_matrix_whose_indices_lie_is_refused(part, value, words):
    sparse = csr_array(X)
    getattr(sparse, part)[7] = value
    model = Model([p, 8, 1])
    for call in (model.fit, model.loss):
        with pytest.raises(ValueError, match=words):
            call(sparse, np.arange(n) % 2)


def test_a_bool_view_of_other_bytes_means_true():
    y = np.where(np.arange(n) % 2, 2, 0).astype(np.uint8).view(bool)
    plain = Model([p, 8, 1]).fit(X, np.arange(n) % 2, epochs=2)
    assert Model([p, 8, 1]).fit(X, y, epochs=2).parameters.tobytes() == plain.parameters.tobytes()
