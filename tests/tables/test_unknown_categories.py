"""A column whose values were all unknown is named, by whatever way its rows are predicted."""

import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from fastmlp import Model, TableEncoder, rows

n = 40
FRAME = pd.DataFrame({"x": np.arange(n) / n, "job": ["clerk", "smith"] * (n // 2), "y": np.arange(n) % 2})
BLANKS = FRAME.assign(job=" " + FRAME.job)
WORDS = r"'job': none of its 40 values \(' clerk', ' smith', ' clerk'\) is one of the .* learned \('clerk', 'smith'\)"


@pytest.fixture(scope="module")
def model():
    encoder = TableEncoder().fit(FRAME[["x", "job"]])
    model = Model([3, 1])
    model.encoding = encoder
    return model.fit(FRAME[["x", "job"]], FRAME.y, epochs=1)


def ways(frame, folder):
    """Return calls that predict the rows of a frame."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    csv.write_csv(table, folder / "t.csv")
    parquet.write_table(table, folder / "t.parquet", row_group_size=7)
    yield lambda model: TableEncoder().fit(FRAME[["x", "job"]]).transform(frame)
    yield lambda model: TableEncoder().fit(FRAME[["x", "job"]]).transform(table.to_reader(max_chunksize=9))
    yield lambda model: model.predict(frame)
    yield lambda model: model.predict_proba(rows.Csv(folder / "t.csv"))
    yield lambda model: list(model.iter_proba(rows.Parquet(folder / "t.parquet")))
    yield lambda model: model.loss(rows.Parquet(folder / "t.parquet", target="y"))
    yield lambda model: model.loss(frame, frame.y)


def test_each_way_warns_once(model, tmp_path):
    for call in ways(BLANKS, tmp_path):
        with pytest.warns(UserWarning, match=WORDS) as caught:
            call(model)
        assert len(caught) == 1


def test_one_known_value_in_the_last_row_is_enough(model, tmp_path):
    frame = BLANKS.copy()
    frame.loc[n - 1, "job"] = "clerk"
    for call in ways(frame, tmp_path):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            call(model)


@pytest.mark.parametrize(
    ("learned", "given", "warns"),
    [
        (["a", "b"], ["c", None], False),  # a single one may be new
        (["a", "b"], [None, None], False),
        (["a", "b"], ["c", None, "d"], True),
        (["a", "b"], pa.array(["c", None, "d"]).dictionary_encode(), True),
        ([None, None], ["a", "b"], True),
        (pa.array([1, 2]).dictionary_encode(), [3.5, np.nan, 4.5], True),
        (pa.array([1, 2]).dictionary_encode(), [3.5, 2.0, 4.5], False),
        (["a"] * 3 + ["b"] * 2 + ["c"], ["d", "e"], True),
    ],
)
def test_what_counts_as_unknown(learned, given, warns):
    encoder = TableEncoder(max_categories=2).fit(pa.table({"s": learned}))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        encoder.transform(pa.table({"s": given}))
    assert len(caught) == warns
    assert not warns or "column 's': none of its 2 values" in str(caught[0].message)


def test_where_all_categories_share_a_column_none_is_unknown():
    encoder = TableEncoder(max_categories=1).fit(FRAME[["job"]])
    assert encoder.transform(BLANKS[["job"]]).tolist() == [[1]] * n
