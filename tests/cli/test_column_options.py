"""The options of the command line for columns: names with commas, columns left out, codes as categories."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from fastmlp import Model
from fastmlp.cli.csv_options import values
from fastmlp.cli.main import main

n = 120
FRAME = pd.DataFrame({
    "last, first": np.arange(n) % 5, 'a "b"': np.arange(n) % 3, "code": np.arange(n) % 4, "": np.arange(n),
    "day": pd.Series(["2020-01-01"] * n, dtype=object), "y": np.arange(n) % 2,
})  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a", ["a"]), ("a,b", ["a", "b"]), ('"a, b",c', ["a, b", "c"]), ('"a ""b""",c', ['a "b"', "c"]), ("", [""]),
        ('"",a', ["", "a"]), (" a", [" a"]), ('"a\nb"', ["a\nb"]),
    ],
)  # fmt: skip
def test_lists_are_written_as_in_a_csv_file(text, found):
    assert values(text) == found


@pytest.fixture
def train(tmp_path):
    table = pa.Table.from_pandas(FRAME).set_column(4, "day", pa.array([18262] * n, pa.date32()))
    parquet.write_table(table, tmp_path / "t.parquet")
    FRAME.to_csv(tmp_path / "t.csv", index=False)

    def run(name, *options):
        command = ["train", str(tmp_path / name), "--target", "y", "--hidden", "2", "--epochs", "1", "--quiet"]
        return main([*command, "--save", str(tmp_path / "m"), *options]), tmp_path / "m"

    return run


@pytest.mark.parametrize(("name", "unnamed"), [("t.parquet", ""), ("t.csv", "Unnamed: 3")])
def test_columns_are_left_out_and_codes_are_categories(name, unnamed, train, tmp_path):
    code, model = train(name, "--drop", '"last, first",day', "--drop", unnamed, "--categories", '"a ""b""",code')
    assert code == 0
    left = ['a "b"', "code"]
    encoding = Model.load(model).encoding
    assert encoding.columns == left
    assert encoding.feature_names_out == [f'a "b"={k}' for k in range(3)] + [f"code={k}" for k in range(4)]
    FRAME[left].to_csv(tmp_path / "few.csv", index=False)
    assert main(["predict", str(model), str(tmp_path / "few.csv"), "--out", str(tmp_path / "p.csv")]) == 0
    code, model = train(name, "--columns", '"last, first"', "--columns", "day,code", "--drop", "day")
    assert Model.load(model).encoding.columns == ["last, first", "code"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--drop", "cod"],
            "--drop: no feature named 'cod'; the features are 'last, first', 'a \"b\"', 'code', '', 'd",
        ),
        (["--drop", "y"], "--drop: no feature named 'y'"),
        (["--columns", "code", "--drop", "day"], "--drop: no feature named 'day'; the features are 'code'"),
        (["--columns", "code", "--drop", "code"], "--drop leaves no feature"),
        (["--drop", "day", "--categories", "cod"], "categories: no column named 'cod'"),
        ([], "column 'day' is of type date32[day]; convert it to a number or a string first, or leave it out (--drop)"),
    ],
)
def test_mistakes(options, words, train, capsys):
    assert train("t.parquet", *options)[0] == 2
    assert words in capsys.readouterr().err


def test_a_list_that_is_none(train, capsys):
    for text in ('"a', 'a"b",c\nd'):
        with pytest.raises(SystemExit):
            train("t.parquet", "--drop", text)
        assert "is not a list with commas between its values" in capsys.readouterr().err
