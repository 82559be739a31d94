"""Targets that are numbers, in streams: the bits of the same rows in memory; bad ones are refused by name and row."""

import numpy as np
import pyarrow
import pytest
from numeric_losses import LOSSES, X, learnable, model_of, n, p
from pyarrow import csv, parquet

from fastmlp import Model, RowError, rows

w = np.random.default_rng(1).integers(0, 4, n) / 2
SCALED = ["squared_error", "huber", "quantile 0.9", "quantiles"]
ONE_TARGET = [(name, scaled) for scaled in (False, True) for name in SCALED] + [("poisson", False)]
WINDOW = {"window_rows": 120}


def table(y, **others):
    columns = {f"x{k}": X[:, k] for k in range(p)} | {"price": y, "w": w}
    return pyarrow.table(columns | others)


def blocks(y, size=70):
    return lambda: ((X[first : first + size], y[first : first + size], w[first : first + size])
                    for first in range(0, n, size))  # fmt: skip


def one_target(folder, y):
    """Return every stream of rows that a table or an iterator can be, with one target."""
    parquet.write_table(table(y), folder / "t.parquet", row_group_size=64)
    csv.write_csv(table(y), folder / "t.csv")
    names = {"target": "price", "weight": "w", **WINDOW}
    np.save(folder / "X.npy", X)
    np.save(folder / "y.npy", y)
    return {
        "array": rows.Array(X, y, w, block_rows=50, **WINDOW),
        "npy": rows.Array(folder / "X.npy", folder / "y.npy", w, block_rows=50, **WINDOW),
        "a column": rows.Array(X, y[:, None], w, block_rows=50, **WINDOW),
        "blocks": rows.Blocks(blocks(y), **WINDOW),
        "blocks of columns": rows.Blocks(blocks(y[:, None]), **WINDOW),
        "arrow": rows.Arrow(table(y), **names),
        "chunks": rows.Arrow(lambda: table(y).to_reader(max_chunksize=77), **names),
        "parquet": rows.Parquet(folder / "t.parquet", **names),
        "csv": rows.Csv(folder / "t.csv", **names),
    }


def bits(name, *data, K=1, scaling=None, **how):
    model = model_of(name, [p, 6, K], dtype="float64", seed=1)
    model.target_scaling = scaling
    model.fit(*data, epochs=2, batch_size=30, shuffle=False, **how)
    J, gradient = model.loss_and_gradient(*data)
    return model.parameters.tobytes(), model.predict(data[0]).tobytes(), J, gradient.parameters.tobytes()


@pytest.mark.parametrize(("name", "scaled"), ONE_TARGET)
def test_one_target(name, scaled, tmp_path):
    scaling = (np.full(1, 2.0), np.full(1, 0.5)) if scaled else None
    y = learnable(name).astype(float)
    expected = bits(name, X, y, w, scaling=scaling)
    for source, stream in one_target(tmp_path, y).items():
        got = bits(name, stream, scaling=scaling)
        assert got[:2] == expected[:2], source
        assert got[2] == pytest.approx(expected[2], rel=1e-12)


@pytest.mark.parametrize("name", [name for name, case in LOSSES.items() if case.outputs is None])
def test_several_targets(name):
    Y = learnable(name, 3)
    scaling = None if name == "poisson" else (np.arange(3.0), np.array([1, 0.5, 2]))
    expected = bits(name, X, Y, w, K=3, scaling=scaling)
    for stream in rows.Array(X, Y, w, block_rows=50, **WINDOW), rows.Blocks(blocks(Y), **WINDOW):
        assert bits(name, stream, K=3, scaling=scaling)[:2] == expected[:2]


def test_columns_of_every_numeric_type(tmp_path):
    y = np.random.default_rng(0).integers(0, 100, n)
    expected = bits("huber", X, y.astype(float), w)[:2]
    kinds = ["int8", "uint8", "int16", "int32", "int64", "uint64", "float32", "float64"]
    typed = [pyarrow.array(y).cast(kind) for kind in kinds]
    typed.append(pyarrow.array(y.astype(np.float16)))
    typed.append(pyarrow.array(y).cast("float64").dictionary_encode())
    for column in typed:
        parquet.write_table(table(column), tmp_path / "t.parquet", row_group_size=64)
        for stream in (
            rows.Arrow(table(column), target="price", weight="w", **WINDOW),
            rows.Parquet(tmp_path / "t.parquet", target="price", weight="w", **WINDOW),
        ):
            assert bits("huber", stream)[:2] == expected, column.type
    truth = pyarrow.array(y > 50)
    got = bits("huber", rows.Arrow(table(truth), target="price", weight="w", **WINDOW))
    assert got[:2] == bits("huber", X, (y > 50).astype(float), w)[:2]


def with_value(value, at=257):
    y = learnable("squared_error")
    y[at] = value
    return y


@pytest.mark.parametrize(("value", "words"), [(np.nan, ["nan", "missing"]), (np.inf, ["inf"]), (-np.inf, ["inf"])])
@pytest.mark.parametrize("source", ["array", "blocks", "arrow", "parquet", "csv"])
def test_a_number_that_is_not_finite(source, value, words, tmp_path):
    stream = one_target(tmp_path, with_value(value))[source]
    for call in (lambda model: model.fit(stream), lambda model: model.loss(stream)):
        with pytest.raises(ValueError, match=r"y|price") as caught:
            call(Model([p, 3, 1], loss="squared_error"))
        assert any(word in str(caught.value).lower() for word in words)
        assert "row 257" in str(caught.value)


def test_a_number_that_is_missing():
    y = pyarrow.array([None if k == 257 else 1.5 for k in range(n)])
    stream = rows.Arrow(table(y), target="price", weight="w", **WINDOW)
    with pytest.raises(ValueError, match=r"'price' has 1 missing value, the first in row 257; drop"):
        Model([p, 1], loss="huber").fit(stream)


@pytest.mark.parametrize(("column", "words"), [
    (["cheap"] * n, r"price.*spells no number \('cheap'\)"),
    (np.full(n, "2020-01-01", "M8[s]"), "price.*timestamp"),
])  # fmt: skip
def test_columns_that_are_no_numbers(column, words):
    stream = rows.Arrow(table(pyarrow.array(column)), target="price", weight="w", **WINDOW)
    with pytest.raises((ValueError, TypeError), match=words):
        Model([p, 1], loss="huber").fit(stream)


@pytest.mark.parametrize("source", ["array", "blocks", "arrow", "parquet"])
def test_a_count_below_zero(source, tmp_path):
    y = learnable("poisson").astype(float)
    y[257] = -2
    with pytest.raises(ValueError, match=r"-2"):
        Model([p, 1], loss="poisson").fit(one_target(tmp_path, y)[source])


def test_numbers_that_change_between_passes():
    """The first pass finds all of them good; what changes then is an error, and the weights are finite."""
    y = learnable("squared_error")
    model = Model([p, 6, 1], loss="squared_error")

    def spoil(model, record):
        y[33] = np.nan

    with pytest.raises(RowError, match="y"):
        model.fit(rows.Array(X, y, block_rows=50, **WINDOW), epochs=3, callbacks=spoil)
    assert np.isfinite(model.parameters).all()
