"""`CategoryCode`: the place of a value among K categories, K where it is missing, K + 1 for any other value."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from fastmlp.rows.record_batches import record_batches
from fastmlp.tables.columns.category_code import CategoryCode
from fastmlp.tables.encoding import TableEncoding
from fastmlp.tables.matrix import matrix

COLORS = CategoryCode("x", "string", ("red", "blue", "green"))
MISSING, OTHER = 3, 4


def encoded(part, values):
    X = values if isinstance(values, (pd.DataFrame, pl.DataFrame)) else pa.table({"x": values})
    return matrix(TableEncoding((part,)), record_batches(X), np.float32)[:, 0].tolist()


def test_values():
    values = ["blue", "red", None, "black", "", "green", "Red"]
    expected = [1, 0, MISSING, OTHER, OTHER, 2, OTHER]
    assert encoded(COLORS, values) == expected
    assert encoded(COLORS, pa.array(values).dictionary_encode()) == expected
    assert encoded(COLORS, pa.array(values, "string_view")) == expected
    assert encoded(COLORS, pa.array(["red", None] * 50, "large_string")) == [0, MISSING] * 50
    assert COLORS.outputs == (("x", 5),)
    assert TableEncoding((COLORS,)).text_columns == ["x"]


def test_a_dictionary_with_more_entries_than_rows_and_a_null_among_them():
    entries = pa.array(["pink", None, "green", "red"])
    assert encoded(COLORS, pa.DictionaryArray.from_arrays(pa.array([2, None, 1]), entries)) == [2, MISSING, MISSING]
    assert encoded(COLORS, pa.DictionaryArray.from_arrays(pa.array([0, 1, 3, None, 3]), entries)) == [
        OTHER, MISSING, 0, MISSING, 0,
    ]  # fmt: skip


def test_categoricals_of_pandas_and_polars():
    values = ["green", None, "red"]
    categorical = pd.DataFrame({"x": pd.Categorical(values, ["red", "green", "unused"])})
    assert encoded(COLORS, categorical) == [2, MISSING, 0]
    assert encoded(COLORS, pd.DataFrame({"x": ["green", np.nan, "red"]})) == [2, MISSING, 0]
    for kind in (pl.Categorical, pl.Enum(["red", "green"]), pl.String):
        assert encoded(COLORS, pl.DataFrame({"x": values}, schema={"x": kind})) == [2, MISSING, 0]


def test_numbers_and_booleans_as_categories():
    codes = CategoryCode("x", "integer", (7, -1))
    assert encoded(codes, pa.array([7, -1, 2, None], "int8")) == [0, 1, 3, 2]
    assert encoded(codes, [7.0, 7.5, np.nan]) == [0, 3, 2]
    assert encoded(codes, pd.DataFrame({"x": pd.Categorical([-1, 7])})) == [1, 0]
    assert TableEncoding((codes,)).text_columns == []
    assert encoded(CategoryCode("x", "boolean", (True, False)), [False, None, True]) == [1, 2, 0]
    assert encoded(CategoryCode("x", "float", (0.5, 0.0)), [-0.0, 0.5, 1.0]) == [1, 0, 3]
    with pytest.raises(ValueError, match="'x' is of type string, but was learned as categories of type integer"):
        encoded(codes, ["7"])


def test_numbers_are_found_among_text_as_they_are_written():
    """A column of text and numbers may hold only numbers at predict."""
    part = CategoryCode("x", "string", ("1", "a", "2.5", "3.0", "True"))
    assert encoded(part, [1, 2, None]) == [0, 6, 5]
    assert encoded(part, [1.0, 2.5, 3.0, np.nan]) == [0, 2, 3, 5]
    assert encoded(part, [True, False, None]) == [4, 6, 5]


def test_all_missing():
    for nothing in (pa.nulls(2), pa.array([np.nan, None]), pa.array([None, None], "string")):
        assert encoded(COLORS, nothing) == [MISSING] * 2


def test_a_column_of_which_no_value_is_known():
    with pytest.warns(UserWarning, match=r"'x': none of its 2 values \('Red', 'BLUE'\) is one of the categories"):
        assert encoded(COLORS, ["Red", None, "BLUE"]) == [OTHER, MISSING, OTHER]


GOOD = {"kind": "category code", "name": "x", "value_type": "string", "categories": ["a", "b"]}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", None), ("value_type", "text"), ("value_type", []), ("value_type", "integer"), ("categories", "ab"),
        ("categories", ["a", "a"]), ("categories", ["a", None]), ("categories", [["a"]]), ("categories", ["\ud800"]),
        ("other", True),
    ],
)  # fmt: skip
def test_damaged_descriptions_are_refused(key, value):
    assert TableEncoding.from_dict({"columns": [GOOD]}).parts == (CategoryCode("x", "string", ("a", "b")),)
    with pytest.raises(ValueError, match="column"):
        TableEncoding.from_dict({"columns": [GOOD | {key: value}]})


def test_categories_that_arrow_cannot_hold_are_refused():
    for value_type, category in [("integer", 2**70), ("float", float("inf"))]:
        with pytest.raises(ValueError, match="column"):
            TableEncoding.from_dict({"columns": [GOOD | {"value_type": value_type, "categories": [category]}]})
