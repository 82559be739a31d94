"""Types of columns of CSV files: integers stay integers, and files of a folder are read in common types."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fastmlp import Model, TableEncoder, rows
from fastmlp.rows.streams import csv_dialect

BIG = 2**53


def values(stream, name):
    return [value for batch in stream.batches() for value in batch.column(name).to_pylist()]


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


def test_identifiers_that_floats_cannot_tell_apart_are_categories_of_their_own(tmp_path):
    lines = [f"{BIG + k},{k % 2}" for k in (0, 1, 2, 3)] * 10
    path = write(tmp_path / "t.csv", "id,y", *lines, ",0")
    stream = rows.Csv(path, target="y")
    encoder = TableEncoder(categories=["id"]).fit(stream)
    names = [*(f"id={BIG + k}" for k in range(4)), "id missing"]
    assert encoder.get_feature_names_out().tolist() == names
    assert np.array_equal(encoder.transform(stream)[:4], np.eye(5)[:4])
    model = Model([5, 1])
    model.encoding = encoder
    model.fit(stream, epochs=1, shuffle=False).save(tmp_path / "m")
    loaded = Model.load(tmp_path / "m")
    assert len(set(loaded.predict_proba(rows.Csv(path))[:4])) == 4
    frame = pd.DataFrame({"id": [BIG + k for k in range(4)]})
    assert np.array_equal(loaded.predict_proba(frame), loaded.predict_proba(rows.Csv(path))[:4])


@pytest.mark.parametrize("kind", ["float64", "float32", "dictionary"])
def test_large_floats_are_no_categories(kind):
    x = pa.array([1.0, 2.0 * BIG], "float32" if kind == "float32" else "float64")
    table = pa.table({"x": x.dictionary_encode() if kind == "dictionary" else x})
    with pytest.raises(ValueError, match=r"'x' contains 18014398509481984 .*as integers or as text"):
        TableEncoder(categories=["x"]).fit(table)
    encoder = TableEncoder(categories=["x"]).fit(pa.table({"x": [1, 2 * BIG + 1]}))
    with pytest.raises(ValueError, match="'x' contains"):
        encoder.transform(table)
    assert TableEncoder(categories=["x"]).fit(pa.table({"x": [1.0 - BIG, BIG - 1.0]})).encoding_.n_features_out == 2


def test_a_fraction_after_integers(tmp_path, monkeypatch):
    """Each row comes once, in its place; another column of integers keeps them."""
    monkeypatch.setattr(csv_dialect, "BLOCK_BYTES", 300)
    x = [*range(200), 0.5, *range(200, 300), -1.25, 7]
    ids = [BIG + k for k in range(len(x))]
    path = write(
        tmp_path / "t.csv", "id,x,y", *(f"{i},{a},{k % 2}" for k, (i, a) in enumerate(zip(ids, x, strict=True)))
    )
    stream = rows.Csv(path, target="y")
    one_column = stream.with_columns(["x"])
    for _ in range(2):
        assert values(stream, "x") == values(one_column, "x") == x
        assert values(stream, "id") == ids
    whole = np.array(x)[:, None]
    model = Model([1, 1]).fit(rows.Csv(path, target="y", columns=["x"]), epochs=2, shuffle=False)
    expected = Model([1, 1]).fit(whole, np.arange(len(x)) % 2, epochs=2, shuffle=False)
    assert np.array_equal(model.parameters, expected.parameters)


def test_types_that_are_asked_for_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_dialect, "BLOCK_BYTES", 300)
    path = write(tmp_path / "t.csv", "x,y", *(["1,0"] * 200), "1.5,1")
    stream = rows.Csv(path, target="y", types={"x": pa.int64()})
    with pytest.raises(OSError, match=r"t\.csv, line 202: '1.5' in column 'x'"):
        values(stream, "x")
    assert values(rows.Csv(path, types={"x": pa.string()}), "x")[-1] == "1.5"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("1", "2.5"), [1, 2.5]),
        (("", "7"), [None, 7]),
        (("", "a"), [None, "a"]),
        (("17", "b2"), ["17", "b2"]),
        (("b2", "17"), ["b2", "17"]),
        (("true", "0"), [True, False]),
        (("1", "false"), [True, False]),
        (("true", "1.5"), ["true", "1.5"]),
        (("2020-01-01", "3"), ["2020-01-01", "3"]),
        (("", ""), [None, None]),
        ((str(BIG + 1), ""), [BIG + 1, None]),
    ],
)
def test_files_of_a_folder_are_read_in_common_types(parts, expected, tmp_path):
    for k, part in enumerate(parts):
        write(tmp_path / f"{k}.csv", "x,y", f"{part},{k}")
    stream = rows.Csv(tmp_path, target="y")
    assert values(stream, "x") == expected
    assert values(stream, "x") == values(stream.with_columns(["x"]), "x")
