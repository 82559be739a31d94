"""The command line tells what it takes, and answers a mistake with one line in the words that the user typed."""

import argparse
import re
import subprocess
import sys

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from fastmlp import Model
from fastmlp.cli.main import main, parser

n = 60
TABLE = pa.table({"a": [float(k) for k in range(n)], "job": ["x", "y"] * (n // 2), "label": ["no", "yes"] * (n // 2)})


def parsers():
    top = parser()
    (commands,) = (action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    return {"fastmlp": top} | commands.choices


def answer(capsys, *arguments):
    """Return the exit code, and what stands on standard error."""
    try:
        code = main(list(arguments))
    except SystemExit as end:
        code = end.code
    return code, capsys.readouterr().err


@pytest.mark.parametrize("command", parsers())
def test_every_option_is_described_and_tells_its_default(command):
    asked = parsers()[command]
    for action in asked._actions:
        assert action.help, action.dest
        described = action.help % (vars(action) | {"prog": asked.prog})
        assert not described.startswith("default"), action.dest
        if action.default not in (None, False, argparse.SUPPRESS):
            assert f"default: {action.default}" in described, action.dest
    text = asked.format_help()
    assert asked.description
    assert "default: None" not in text
    assert "default: False" not in text


def test_the_help_tells_what_the_commands_do_and_an_example(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    text = capsys.readouterr().out
    for words in ("train a model", "write a prediction", "print the scores", "\n  fastmlp train people.csv"):
        assert words in text


def test_every_option_of_train_is_in_a_group(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["train", "--help"])
    text = capsys.readouterr().out
    titles = re.findall(r"^(\S.*):$", text, re.M)
    assert titles == [
        "positional arguments", "options", "data", "data: columns", "data: how CSV files are written", "training",
        "bare network", "output",
    ]  # fmt: skip
    assert re.search(r"^options:\n  -h, --help .*\n\ndata:", text, re.M)


@pytest.mark.parametrize(
    ("option", "bad", "words"),
    [
        ("--hidden", ["0", "-3", "2.5", "4,x", "8,0"], "is not a list of integers of at least 1, such as 256,256"),
        ("--hidden", ["99999999,99999999"], "more than can be addressed; give smaller widths"),
        ("--epochs", ["-1", "x", "1.5", ""], "is not an integer of at least 0"),
        ("--batch-size", ["-1", "1.5"], "is not an integer of at least 0"),
        ("--seed", ["-1", "x"], "is not an integer of at least 0"),
        ("--threads", ["0", "x"], "is not an integer of at least 1"),
        ("--max-categories", ["0", "x"], "is not an integer of at least 1"),
        ("--members", ["0", "x", "1.5"], "is not an integer of at least 1"),
        ("--time-limit", ["-1", "nan", "x"], "is not a number of at least 0 and at most 1e+30"),
        ("--window-rows", ["0", "x"], "is not an integer of at least 1"),
        ("--checkpoint-every", ["-1", "nan", "inf"], "is not a number of at least 0 and at most 1e+30"),
        ("--l2", ["-1", "nan", "1e300", "x"], "is not a number of at least 0 and at most 1e+30"),
        ("--learning-rate", ["0", "-1", "nan", "inf", "1e-60", "1e60"], "is not a number of at least 1e-30"),
        ("--validation-fraction", ["2", "1", "-0.1", "nan", "x"], "is not a number of at least 0 and less than 1"),
        ("--quantile", ["x", "0.9,0.1", "0.5,1", ""], "is not an ascending list of numbers between 0 and 1, such as"),
        ("--types", ["a", "a=foo"], "string"),
        ("--separator", ["ab", "é"], "must be one ASCII character"),
        ("--decimal", ["xx", ""], "must be one ASCII character"),
        ("--encoding", ["foo"], "Python has no encoding of this name"),
        ("--activation", ["foo"], "choose from"),
        ("--dtype", ["float16"], "choose from"),
    ],
)
def test_values_are_refused_before_the_table_is_read(option, bad, words, tmp_path, capsys):
    for value in bad:
        train = ["train", str(tmp_path / "missing.csv"), "--target", "label", "--save", str(tmp_path / "m")]
        code, error = answer(capsys, *train, f"{option}={value}")
        assert code == 2
        assert error.count("\n") == 1
        assert error.startswith("fastmlp: error: ")
        assert option in error
        assert repr(value.rpartition("=")[2]) in error
        assert words in error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "the following arguments are required: COMMAND; see fastmlp --help"),
        (["train"], "the following arguments are required: data, --target; see fastmlp train --help"),
        (["train", "{t}", "--target", "label", "--save", "{m}", "--resume"], "--resume needs --checkpoint FILE"),
        (
            ["train", "{t}", "--target", "label", "--save", "{m}", "--early-stopping", "--validation-fraction", "0"],
            "--early-stopping needs rows for validation; give --validation-fraction",
        ),
        (
            ["train", "{t}", "--target", "label", "--save", "{m}", "--plain", "--validation-fraction", "0.001"],
            "error: --validation-fraction=0.001: of 60 rows, at least 2",
        ),
        (
            ["train", "{t}", "--target", "label", "--save", "{m}", "--validation-fraction", "0.1"],
            "--validation-fraction is for a bare network: by default, each net keeps a tenth of the rows",
        ),
        (
            ["train", "{t}", "--target", "label", "--save", "{m}", "--seed", "4294967296"],
            "--seed 4294967296: must be at most 4294967295; with --plain it may be larger",
        ),
        (
            ["train", "{t}", "--target", "label", "--save", "{m}", "--plain", "--members", "2"],
            "--plain trains a bare network, which has no --members; leave one of them out",
        ),
        (
            ["train", "{t}", "--target", "label", "--save", "{m}", "--l2", "1", "--time-limit", "2"],
            "--l2 trains a bare network, which has no --time-limit; leave one of them out",
        ),
        (
            ["train", "{t}", "--target", "label", "--save", "{m}", "--checkpoint", "{m}2", "--time-limit", "2"],
            "--checkpoint: what --time-limit has measured cannot go on later",
        ),
        (
            ["train", "{t}", "--target", "label", "--save", "{m}", "--categories", "z"],
            "error: --categories: no column named 'z'; the columns are 'a', 'job'",
        ),
        (
            ["train", "{t}", "--target", "label", "--save", "{m}", "--numbers", "z"],
            "error: --numbers: no column named 'z'; the columns are 'a', 'job'",
        ),
        (["predict", "m", "{t}", "--out", "{m}", "--threads", "0"], "argument --threads: '0' is not an integer"),
        (["evaluate", "m", "{t}", "--threads", "-1"], "argument --threads: '-1' is not an integer"),
    ],
)
def test_other_mistakes(arguments, words, tmp_path, capsys):
    parquet.write_table(TABLE, tmp_path / "t.parquet")
    places = {"t": tmp_path / "t.parquet", "m": tmp_path / "m"}
    code, error = answer(capsys, *(part.format(**places) for part in arguments))
    assert (code, error.count("\n")) == (2, 1)
    assert words in error


def test_a_model_of_arrays_knows_no_target(tmp_path, capsys):
    model, path = str(tmp_path / "m"), str(tmp_path / "t.parquet")
    Model([1, 1]).save(model)
    parquet.write_table(TABLE.select(["a"]).append_column("label", pa.array([0, 1] * (n // 2))), path)
    assert answer(capsys, "evaluate", model, path) == (
        2, "fastmlp: error: the model file has no target column; give --target COLUMN\n",
    )  # fmt: skip
    assert main(["evaluate", model, path, "--target", "label"]) == 0


def test_ctrl_c_ends_predict_in_one_line_and_leaves_the_old_file(tmp_path, capsys, monkeypatch):
    model, path, out = (str(tmp_path / name) for name in ("m", "t.parquet", "p.csv"))
    Model([1, 1]).save(model)
    parquet.write_table(TABLE.select(["a"]), path)
    (tmp_path / "p.csv").write_text("old")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("fastmlp.cli.predict.columns_of", interrupted)
    before = set(tmp_path.iterdir())
    assert answer(capsys, "predict", model, path, "--out", out) == (130, "fastmlp: interrupted\n")
    assert (tmp_path / "p.csv").read_text() == "old"
    assert set(tmp_path.iterdir()) == before


def test_warnings_are_one_line(tmp_path, capsys):
    parquet.write_table(TABLE, tmp_path / "t.parquet")
    train = ["train", str(tmp_path / "t.parquet"), "--target", "label", "--save", str(tmp_path / "m"), "--quiet"]
    script = f"import sys; from fastmlp.cli import main; sys.exit(main({[*train, '--batch-size', '5000']!r}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == "fastmlp: warning: --batch-size=5000 is clipped to 48, the number of training rows\n"


def empty_tables(folder):
    """Paths of tables without a row: files of both kinds, and folders of such files."""
    none = TABLE.slice(0, 0)
    for name in ("csv", "parquet"):
        (folder / name).mkdir()
    for k in range(2):
        csv.write_csv(none, folder / "csv" / f"{k}.csv")
        parquet.write_table(none, folder / "parquet" / f"{k}.parquet")
    return [folder / "csv", folder / "parquet", folder / "csv" / "0.csv", folder / "parquet" / "0.parquet"]


def test_tables_without_rows_are_named(tmp_path, capsys):
    parquet.write_table(TABLE, tmp_path / "t.parquet")
    model, out = str(tmp_path / "m"), str(tmp_path / "p.csv")
    rest = ["--target", "label", "--epochs", "1", "--quiet"]
    assert main(["train", str(tmp_path / "t.parquet"), *rest, "--save", model]) == 0
    for path in map(str, empty_tables(tmp_path)):
        for command in (
            ["train", path, *rest, "--save", out],
            ["train", path, *rest, "--save", out, "--window-rows", "9"],
            ["evaluate", model, path],
        ):
            code, error = answer(capsys, *command)
            assert code == 2
            assert error.startswith(f"fastmlp: error: {path}")
            assert error.endswith(" has 0 rows; at least 1 is required\n")
        assert main(["predict", model, path, "--out", out]) == 0
        assert csv.read_csv(out).num_rows == 0
