"""`numbers=`: columns of text that spells numbers, but for some entries."""

import json
import warnings

import dask.dataframe as dd
import numpy as np
import onnxruntime
import pandas as pd
import pyarrow as pa
import pytest
import skl2onnx
from skl2onnx.common.data_types import DoubleTensorType, StringTensorType

import fastmlp.onnx  # noqa: F401
from fastmlp import Model, TableEncoder, rows
from fastmlp.cli.main import main
from fastmlp.rows.columns import spelled_numbers
from fastmlp.rows.streams import csv_dialect
from fastmlp.tables.columns.number_column import NumberColumn
from fastmlp.tables.encoding import TableEncoding

TEXT = ["1.5", " -2e3 ", "-", None, "1,234", "4"]
X = np.array([1.5, -2000, np.nan, np.nan, np.nan, 4])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1), ("-1.25", -1.25), ("+.5", 0.5), ("5.", 5), ("1e-3", 1e-3), ("\t2 ", 2), ("007", 7), ("1\n", 1),
        *((text, None) for text in ["", " ", ".", "e5", "1e", "1 2", "1,234", "1,5", "$5.00", "5%", "inf", None]),
        *((text, None) for text in ["nan", "0x1F", "1_000", "--1", "\u0661"]),
    ],
)  # fmt: skip
def test_plain_spellings(text, number):
    for kind in ("string", "large_string", "string_view"):
        assert spelled_numbers(pa.array([text], kind)).to_pylist() == [number]


@pytest.mark.parametrize("scaling", ["standard", "robust", None])
def test_as_the_numbers_themselves(scaling):
    text = pa.table({"x": TEXT})
    encoder = TableEncoder(scaling, numbers=["x"], dtype="float64").fit(text)
    expected = TableEncoder(scaling, dtype="float64").fit(pa.table({"x": pa.array(X, from_pandas=True)}))
    assert encoder.get_feature_names_out().tolist() == ["x", "x missing"]
    part = expected.encoding_.parts[0]
    assert encoder.encoding_.parts[0] == NumberColumn("x", part.fill, part.shift, part.factor, True, text=True)
    out = expected.transform(pa.table({"x": X}))
    for same in (TEXT, pa.array(TEXT).dictionary_encode(), pa.array(TEXT, pa.string_view()), X):
        assert np.array_equal(encoder.transform(pa.table({"x": same})), out)
    many = pa.DictionaryArray.from_arrays(pa.array([0]), pa.array(TEXT))  # more entries than rows
    assert np.array_equal(encoder.transform(pa.table({"x": many})), out[:1])
    for data in (pd.DataFrame({"x": TEXT}), dd.from_pandas(pd.DataFrame({"x": TEXT}), npartitions=2)):
        again = TableEncoder(scaling, numbers=["x"], dtype="float64").fit(data)
        assert again.encoding_.parts[0].text
        np.testing.assert_allclose(np.asarray(again.transform(data)), out, rtol=1e-12)


def test_batches_of_numbers_and_of_text_are_one_column():
    encoder = TableEncoder(numbers=["x"])
    for part in (pa.nulls(2), [1, 3], ["5", "?"], pa.array([7, None]).dictionary_encode(), [True]):
        encoder.partial_fit(pa.table({"x": part}))
    assert encoder.encoding_.parts[0].shift == np.mean([1, 3, 5, 7, 1])
    assert encoder.encoding_.parts[0].indicator


def test_none_spells_a_number():
    encoder = TableEncoder(numbers=["x"]).fit(pa.table({"x": ["a", "b"]}))
    assert encoder.encoding_.parts[0] == NumberColumn("x", 0.0, 0.0, 1.0, True, True)
    encoder = TableEncoder(numbers=["x"]).fit(pa.table({"x": pa.nulls(2)}))
    assert encoder.encoding_.parts[0] == NumberColumn("x", 0.0, 0.0, 1.0, True, True)
    with pytest.warns(UserWarning, match=r"'x': none of its 2 values \('a', '1,5'\) spells a number"):
        assert encoder.transform(pa.table({"x": ["a", "1,5", None]})).tolist() == [[0, 1]] * 3
    assert encoder.transform(pa.table({"x": [None, "1.5"]})).tolist() == [[0, 1], [1.5, 0]]


def test_mistakes():
    table = pa.table({"x": ["1", "1e999"], "d": pa.array([1, 2], pa.date32())})
    for options, error, words in [
        ({"numbers": ["z"]}, ValueError, "numbers: no column named 'z'; the columns are 'x', 'd'"),
        ({"numbers": ["x"], "categories": ["x"]}, ValueError, "'x' is in both categories and numbers"),
        ({"numbers": ["x"]}, ValueError, "'x' contains inf"),
        ({"categories": ["x"], "numbers": ["d"]}, TypeError, "'d' is of type date32"),
    ]:
        with pytest.raises(error, match=words):
            TableEncoder(**options).fit(table)


def test_through_json_and_back():
    encoding = TableEncoder(numbers=["x"]).fit(pa.table({"x": TEXT, "y": [1, 2, 3, 4, 5, 6]})).encoding_
    data = json.loads(json.dumps(encoding.to_dict()))
    assert [column.get("text") for column in data["columns"]] == [True, None]
    assert TableEncoding.from_dict(data) == encoding
    data["columns"][0]["text"] = 1
    with pytest.raises(ValueError, match="column"):
        TableEncoding.from_dict(data)


@pytest.mark.parametrize("decimal", [".", ","])
def test_a_csv_file_spoiled_after_its_first_block(decimal, tmp_path, monkeypatch):
    """And a smaller one that is not spoiled, so that types are inferred from numbers alone."""
    monkeypatch.setattr(csv_dialect, "BLOCK_BYTES", 300)
    x = [k + 0.5 for k in range(200)]
    written = [str(value).replace(".", decimal) for value in x]
    spoiled = tmp_path / "t.csv"
    spoiled.write_text("x;y\n" + "".join(f"{v};{k % 2}\n" for k, v in enumerate([*written, "-", "1.000,5", "1,000.5"])))
    (tmp_path / "few.csv").write_text("x;y\n" + "".join(f"{v};0\n" for v in written[:5]))
    stream = rows.Csv(spoiled, target="y", decimal=decimal)
    encoder = TableEncoder(numbers=["x"], dtype="float64").fit(stream)
    assert encoder.encoding_.parts[0].shift == np.mean(x)
    assert encoder.transform(stream)[-4:, 1].tolist() == [0, 1, 1, 1]
    few = rows.Csv(tmp_path / "few.csv", decimal=decimal)
    np.testing.assert_allclose(encoder.transform(few)[:, 0], (np.array(x[:5]) - np.mean(x)) / np.std(x))

    command = ["train", str(spoiled), "--target", "y", "--numbers", "x", "--decimal", decimal, "--hidden", "3"]
    assert main([*command, "--epochs", "1", "--quiet", "--dtype", "float64", "--save", str(tmp_path / "m")]) == 0
    model = Model.load(tmp_path / "m")
    assert model.encoding.parts[0] == encoder.encoding_.parts[0]
    expected = model.predict_proba(pd.DataFrame({"x": x[:5]}))
    assert len(set(expected)) == 5
    assert np.array_equal(model.predict_proba(few), expected)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(model.predict_proba(pd.DataFrame({"x": [f" {v}" for v in x[:5]]})), expected)


def test_text_of_a_small_csv_file_is_what_the_encoder_learned(tmp_path):
    (tmp_path / "t.csv").write_text("s\n1\n2\nA\n")
    (tmp_path / "few.csv").write_text("s\n2\n1\n")
    encoder = TableEncoder().fit(rows.Csv(tmp_path / "t.csv"))
    assert encoder.transform(rows.Csv(tmp_path / "few.csv")).tolist() == [[0, 1, 0], [1, 0, 0]]


def test_onnx_takes_numbers_for_them():
    encoder = TableEncoder(numbers=["x"], dtype="float64").fit(pa.table({"x": TEXT}))
    model = skl2onnx.to_onnx(encoder, initial_types=[("x", DoubleTensorType([None, 1]))])
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, {"x": X[:, None]})[0]
    np.testing.assert_allclose(found, encoder.transform(pa.table({"x": TEXT})), rtol=1e-15)
    with pytest.raises(ValueError, match="ONNX reads no numbers from text; give to_onnx a tensor of numbers"):
        skl2onnx.to_onnx(encoder, initial_types=[("x", StringTensorType([None, 1]))])
