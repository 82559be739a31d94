"""`--dtype mixed_bfloat16`: trained where the CPU can, refused where not, and files that predict anywhere."""

import numpy as np
import pyarrow
import pytest
from pyarrow import csv, parquet

from fastmlp import Model, rows
from fastmlp.cli.main import main

n = 300
random = np.random.default_rng(0)
a, b = random.standard_normal((2, n))
TABLE = pyarrow.table({"a": a, "b": b, "label": a * b > 0, "count": random.poisson(np.exp(a / 2))})
TRAINING = ["train", "t.parquet", "--dtype", "mixed_bfloat16", "--hidden", "8", "--epochs", "2", "--quiet"]
TARGETS = {"classes": ["--target", "label"], "counts": ["--target", "count", "--loss", "poisson"]}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parquet.write_table(TABLE, "t.parquet")


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_it_trains(target, bfloat16, capsys):
    assert main([*TRAINING, *target]) == 0
    assert "trained 2 epochs" in capsys.readouterr().out
    model = Model.load("model.fastmlp")
    assert model.mixed
    assert model.encoding is not None


def test_training_is_refused_without_instructions_before_the_table_is_read(without_bfloat16, capsys):
    without_bfloat16()
    assert main([*TRAINING, *TARGETS["classes"], "--save", "new"]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith(
        "fastmlp: error: --dtype mixed_bfloat16: products of bfloat16 need special instructions, and "
    )
    assert error.endswith("; use --dtype float32\n")


def test_without_instructions_files_predict_and_are_evaluated_with_a_warning(bfloat16, without_bfloat16, capsys):
    assert main([*TRAINING, *TARGETS["classes"]]) == 0
    without_bfloat16()
    model = Model.load("model.fastmlp")
    for command in (
        ["predict", "model.fastmlp", "t.parquet", "--out", "p.csv"],
        ["evaluate", "model.fastmlp", "t.parquet"],
    ):
        capsys.readouterr()
        with pytest.warns(RuntimeWarning, match="predictions are computed in float32"):
            assert main(command) == 0
    plain = Model(model.widths)
    plain.parameters[:] = model.parameters
    plain.encoding = model.encoding
    expected = plain.predict_proba(rows.Arrow(TABLE.drop_columns(["label"])))
    assert csv.read_csv("p.csv")["probability"].to_numpy() == pytest.approx(expected, abs=1e-7)
