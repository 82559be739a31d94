"""Columns that files store in several types: values of one kind are read in one, others are refused."""

import itertools

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from fastmlp import Model, TableEncoder, rows
from fastmlp.rows.common_types import as_type, common_type

TEXT = [pa.string(), pa.large_string(), pa.string_view()]
CATEGORIES = [pa.dictionary(index, text) for index in (pa.int8(), pa.uint16(), pa.int64()) for text in TEXT]
n = 40
random = np.random.default_rng(0)
x, y = random.standard_normal(n), np.arange(n) % 2


def folder(path, *parts, **others):
    """Return a folder of files, each with a column x as given, y and others."""
    path.mkdir(exist_ok=True)
    for k, part in enumerate(parts):
        columns = {"x": part, "y": y[: len(part)]} | others
        parquet.write_table(pa.table(columns), path / f"{k}.parquet", row_group_size=7)
    return path


@pytest.mark.parametrize(
    ("kinds", "joined"),
    [
        (TEXT, "large_string"),
        ([*TEXT, *CATEGORIES], "large_string"),
        (CATEGORIES, "dictionary<values=large_string, indices=int64, ordered=0>"),
        ([pa.int8(), pa.int32(), pa.int64()], "int64"),
        ([pa.uint8(), pa.uint32()], "uint64"),
        ([pa.uint8(), pa.int8(), pa.bool_()], "int64"),
        ([pa.float16(), pa.float32()], "double"),
        ([pa.int64(), pa.float32(), pa.null()], "double"),
        ([pa.decimal128(5, 2), pa.decimal128(7, 3)], "double"),
        ([pa.decimal128(5, 2), pa.bool_(), pa.uint8()], "double"),
        ([pa.dictionary(pa.int8(), pa.int32()), pa.dictionary(pa.int8(), pa.int64()), pa.null()],
         "dictionary<values=int64, indices=int64, ordered=0>"),
        ([pa.date32(), pa.null()], "date32[day]"),
    ],
)  # fmt: skip
def test_one_kind_of_values_in_several_types(kinds, joined):
    for order in itertools.islice(itertools.permutations(kinds), 500):
        found = order[0]
        for kind in order[1:]:
            found = common_type(found, kind)
        assert str(found) == joined


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.int64(), pa.string()),
        (pa.bool_(), pa.string()),
        (pa.int64(), pa.dictionary(pa.int8(), pa.int64())),
        (pa.dictionary(pa.int8(), pa.int64()), pa.dictionary(pa.int8(), pa.string())),
        (pa.date32(), pa.int32()),
        (pa.timestamp("us"), pa.timestamp("ns")),
        (pa.string(), pa.binary()),
    ],
)
def test_two_kinds_of_values(one, other):
    assert common_type(one, other) is common_type(other, one) is None


@pytest.mark.parametrize("kind", [pa.int16(), pa.int64(), pa.float32(), pa.float64(), pa.decimal128(5, 2)], ids=str)
def test_numbers_of_a_folder_are_those_of_one_file(kind, tmp_path):
    """Also where the first file is all null, or has holes, or booleans."""
    parts = [
        pa.nulls(3),
        pa.array([0, 1, None], kind),
        [True, False, True],
        pa.array([2, 3, 4], kind),
        [0.5, np.nan, 7],
    ]
    found = rows.Parquet(folder(tmp_path, *parts), target="y")
    assert str(found.schema.field("x").type) == "double"
    batches = list(found.batches())
    assert {batch.schema for batch in batches} == {found.schema.empty_table().select(["x"]).schema}
    expected = [None] * 3 + [0, 1, None, 1, 0, 1, 2, 3, 4, 0.5, None, 7]
    read = [None if v is None or v != v else v for batch in batches for v in batch.column("x").to_pylist()]
    assert read == expected
    whole = pa.table({"x": pa.array(expected, "float64")})
    assert TableEncoder().fit(found).encoding_ == TableEncoder().fit(whole).encoding_


def test_text_of_a_folder_is_that_of_one_file(tmp_path):
    words = ["b", "a", None, "b", "c"]
    parts = [pa.array(words, kind) for kind in TEXT]
    parts += [pa.array(words).dictionary_encode().cast(kind) for kind in CATEGORIES[::3]]
    whole = pa.table({"x": words * len(parts)})
    found = rows.Parquet(folder(tmp_path / "a", pa.nulls(2), *parts), target="y", columns=["x"])
    expected = TableEncoder().fit(whole).partial_fit(pa.table({"x": pa.nulls(2)}))
    assert TableEncoder().fit(found).encoding_ == expected.encoding_
    assert np.array_equal(expected.transform(found)[2:], expected.transform(whole))
    categories = rows.Parquet(folder(tmp_path / "b", *parts[len(TEXT) :]), target="y")
    assert TableEncoder().fit(categories).encoding_ == TableEncoder().fit(whole).encoding_


@pytest.mark.parametrize("kinds", [("int32", "int64"), ("float32", "float64"), ("int64", "float64"), ("bool", "int8")])
def test_a_model_trains_on_features_and_labels_of_several_types(kinds, tmp_path):
    whole = np.concatenate([np.arange(n) % 2, np.arange(n) % 2]), np.concatenate([y, y])
    for k, kind in enumerate(kinds):
        columns = {"x": whole[0][:n].astype(kind), "y": y.astype(kind)}
        parquet.write_table(pa.table(columns), tmp_path / f"{k}.parquet")
    stream = rows.Parquet(tmp_path, target="y")
    model = Model([1, 3, 1]).fit(stream, epochs=2, batch_size=16, shuffle=False)
    expected = Model([1, 3, 1]).fit(whole[0][:, None], whole[1], epochs=2, batch_size=16, shuffle=False)
    assert np.array_equal(model.parameters, expected.parameters)


def test_what_cannot_be_joined_names_both_files_and_the_remedy(tmp_path):
    path = folder(tmp_path, pa.nulls(3), pa.array([1, 2], "int8"), pa.array([1, 2], "int64"), pa.array(["a"]))
    words = f"'x' is int8 in {path / '1.parquet'}, but string in {path / '3.parquet'}; convert one .* or leave"
    with pytest.raises(ValueError, match=words):
        rows.Parquet(path, target="y")


def test_values_that_the_common_type_cannot_hold(tmp_path):
    path = folder(tmp_path, [0.5, np.nan], [1, 2**53 + 1])
    words = r"1.parquet, row group 0: column 'x' is int64 here .*, and not all of its values are double.*one type"
    with pytest.raises(ValueError, match=words):
        TableEncoder().fit(rows.Parquet(path, target="y"))
    assert as_type("x", pa.array([2**53]), pa.float64()).to_pylist() == [2.0**53]


def test_keys_of_folders_and_files(tmp_path):
    folder(tmp_path / "k=1", x)
    folder(tmp_path / "k=2", x.astype("float32"))
    found = rows.Parquet(tmp_path, target="y")
    assert TableEncoder(categories=["k"]).fit(found).encoding_.columns == ["x", "k"]


def test_an_index_of_pandas_in_some_files_only(tmp_path):
    frame = pd.DataFrame({"x": x, "y": y})
    frame.to_parquet(tmp_path / "0.parquet")
    frame[frame.x > 0].to_parquet(tmp_path / "1.parquet")
    for files in (["0", "1"], ["1", "0"]):
        assert rows.Parquet([tmp_path / f"{name}.parquet" for name in files], target="y").names == ["x"]


def test_batches_of_a_reader_may_store_numbers_in_several_types():
    parts = [pa.array(np.arange(5), kind) for kind in ("int8", "float64", "int64")]
    batches = [pa.record_batch({"x": part, "y": pa.array([0, 1, 0, 1, 1], "int8")}) for part in parts]
    stream = rows.Arrow(lambda: pa.RecordBatchReader.from_batches(batches[0].schema, iter(batches)), target="y")
    model = Model([1, 1]).fit(stream, epochs=2, shuffle=False)
    X, labels = np.tile(np.arange(5.0), 3)[:, None], [0, 1, 0, 1, 1] * 3
    assert np.array_equal(model.parameters, Model([1, 1]).fit(X, labels, epochs=2, shuffle=False).parameters)
