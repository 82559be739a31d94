"""The command line: its three commands on small tables, and a user's mistakes."""

import csv
import sys

import numpy as np
import pyarrow
import pytest
from command_line import BARE, interrupted
from pyarrow import parquet

from fastmlp import Model
from fastmlp.cli.main import main


@pytest.fixture
def table(tmp_path):
    """Return a table whose label is 'yes' where a > b, with a boolean and an integer column."""
    random = np.random.default_rng(0)
    a, b = random.standard_normal((2, 800))
    columns = {
        "a": a * 1000 + 5000, "b": b * 1000 + 5000, "flag": a > 0, "count": (10 * b).astype(np.int64),
        "label": np.where(a > b, "yes", "no"),
    }  # fmt: skip
    path = tmp_path / "table.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    return path


def train(table, *options):
    model = table.parent / "model"
    return main(["train", str(table), "--target", "label", *BARE, "--save", str(model), *options]), model


def test_train_predict_evaluate(table, tmp_path, capsys):
    code, model = train(table, "--plot", str(tmp_path / "curve.png"))
    assert code == 0
    out = capsys.readouterr().out
    accuracy = float(out.rsplit("accuracy ", 1)[1].split(",")[0])
    assert "log loss" in out.splitlines()[-1]
    assert accuracy > 0.95
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    loaded = Model.load(model)
    assert loaded.feature_names == ["a", "b", "flag", "count"]
    assert (loaded.target_name, loaded.classes) == ("label", ["no", "yes"])

    assert main(["evaluate", str(model), str(table)]) == 0
    assert float(capsys.readouterr().out.split("accuracy ")[1].split(",")[0]) > 0.95

    assert main(["predict", str(model), str(table), "--out", str(tmp_path / "p.csv")]) == 0
    with open(tmp_path / "p.csv") as file:
        rows = list(csv.DictReader(file))
    truth = parquet.read_table(table).column("label").to_pylist()
    assert np.mean([row["prediction"] == label for row, label in zip(rows, truth, strict=True)]) > 0.95
    assert all((float(row["probability"]) > 0.5) == (row["prediction"] == "yes") for row in rows)


def test_csv_and_parquet_give_the_same_model(table):
    from pyarrow import csv as arrow_csv

    data = parquet.read_table(table)
    data = data.set_column(2, "flag", data.column("flag").cast("int8"))
    parquet.write_table(data, table)
    arrow_csv.write_csv(data, table.with_suffix(".csv"))
    _, model = train(table)
    from_parquet = Model.load(model).parameters.copy()
    train(table.with_suffix(".csv"))
    assert np.array_equal(Model.load(model).parameters, from_parquet)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["train", "{missing}", "--target", "label", "--save", "{model}"], "no such file"),
        (["train", "{table}", "--target", "nothing", "--save", "{model}"], "no column named 'nothing'"),
        (["train", "{table}", "--target", "label", "--loss", "poisson", "--save", "{model}"], "spells no number"),
        (["train", "{table}", "--target", "flag", "--columns", "a,c", "--save", "{model}"], "no column named 'c'"),
        (["train", "{table}", "--target", "flag", "--weight", "w", "--save", "{model}"], "no column named 'w'"),
        (["train", "{table}", "--target", "label", "--save", "{missing}/m"], "folder does not exist"),
        (["train", "{table}", "--target", "label", "--save", "{model}", "--plot", "{model}.xyz"], ".svg"),
        (["train", "{table}", "--target", "label", "--save", "{model}", "--plot", "{model}"], "also the file of"),
        (["train", "{table}", "--target", "label", "--save", "{table}"], "file of the data"),
        (["predict", "{model}", "{table}", "--out", "{model}"], "file of the model"),
        (["evaluate", "{table}", "{table}"], "not a fastmlp model"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(table, tmp_path, capsys, change, words):
    places = {"table": table, "missing": tmp_path / "missing.parquet", "model": tmp_path / "model"}
    before = table.read_bytes()
    assert main([part.format(**places) for part in change]) == 2
    assert table.read_bytes() == before
    assert not places["model"].exists()  # nothing was trained before it was found out
    error = capsys.readouterr().err
    assert words in error
    assert len(error.splitlines()) == 1


def test_missing_values_and_damaged_files(table, tmp_path, capsys):
    parquet.write_table(pyarrow.table({"a": [1.0, 2.0], "label": [0, None]}), tmp_path / "nulls.parquet")
    (tmp_path / "cut.parquet").write_bytes(table.read_bytes()[:-100])
    for name, words in (
        ("nulls", "nulls.parquet, row group 0: target 'label' has 1 missing value"),
        ("cut", "cut.parquet"),
    ):
        arguments = ["train", str(tmp_path / f"{name}.parquet"), "--target", "label", "--save", str(tmp_path / "m")]
        assert main(arguments) == 2
        assert words in capsys.readouterr().err


def test_predict_needs_the_model_s_columns(table, tmp_path, capsys):
    _, model = train(table)
    parquet.write_table(parquet.read_table(table).drop(["b"]), tmp_path / "less.parquet")
    assert main(["predict", str(model), str(tmp_path / "less.parquet"), "--out", str(tmp_path / "p.csv")]) == 2
    assert "no column named 'b'" in capsys.readouterr().err


@pytest.mark.parametrize("options", [[], ["--window-rows", "100"]])
def test_ctrl_c_saves_the_model(table, options):
    model = table.parent / "model"
    command = [sys.executable, "-m", "fastmlp.cli", "train", str(table), "--target", "label", "--epochs", "1000000"]
    code, error = interrupted([*command, *options, "--save", str(model)], after=b"loss=")
    assert code == 130
    assert b"interrupted" in error
    assert np.isfinite(Model.load(model).parameters).all()
