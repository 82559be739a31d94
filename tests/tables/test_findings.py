"""Columns that were perhaps taken for what they are not: which are told, with what option, and what the option does."""

import shlex
import warnings

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from fastmlp import ColumnWarning, Model, TableEncoder
from fastmlp.cli.main import main
from fastmlp.tables.findings import quoted

n = 400
random = np.random.default_rng(0)
PRICES = [f"{k}.5" for k in range(n)]
INTEGERS = random.permutation(n)


def spoiled(*texts):
    return [*texts, *PRICES[len(texts) :]]


FOUND = {
    "id": ([f"u{k:04}" for k in range(n)], "drop", "400 rows, like identifiers or free text ('u0000',"),
    "half": ([f"u{k * 3 // 5}" for k in range(n)], "drop", "240 categories in 400 rows"),
    "zip": ([f"{k:05}" for k in range(n)], "drop", "400 categories in 400 rows, like identifiers"),
    "dash": (spoiled("-", "-"), "numbers", "399 categories, but 398 of them spell numbers; the others ('-') do not"),
    "blank": (spoiled(" ", "1,234", "$5.00"), "numbers", "397 of them spell numbers; the .* (' ', '$5.00', '1,234')"),
    "few": (["0", "1", "2", "3+"] * 100, "numbers", "4 categories, but 3 of them spell numbers; the others ('3+')"),
    "price": ([f"${k}.00" for k in range(n)], "drop", "400 categories, but they are numbers in another spelling ("),
    "comma": ([f"{k},5" for k in range(n)], "drop", "numbers in another spelling ('0,5'"),
    "iso": ([f"2021-03-{k % 28 + 1:02}" for k in range(n)], "drop", "28 categories, but they are dates ('2021-03-01'"),
    "us": ([f"{k % 12 + 1}/{k % 28 + 1}/2021 10:30" for k in range(n)], "drop", "but they are dates ("),
    "words": ([f"{k % 28 + 1} March 2021" for k in range(n)], "drop", "but they are dates ("),
    "code": (INTEGERS % 4 + 1, "categories", "only 4 different integers from 1 to 4, like a column of codes"),
    "department": (np.array([10, 20, 35, 99, 100])[INTEGERS % 5], "categories", "only 5 different integers from 10 to"),
    "holes": (np.where(INTEGERS % 4 == 3, np.nan, INTEGERS % 4), "categories", "only 3 different integers from 0 to 2"),
    "": (np.arange(n), "drop", "has no name, and its integers number rows"),
    "Unnamed: 0": (INTEGERS + 5, "drop", "has no name, and its integers number rows"),
}  # fmt: skip
CLEAN = {
    "measure": random.standard_normal(n),
    "count": random.poisson(20, n),
    "run": INTEGERS % 9,
    "from 2": INTEGERS % 6 + 2,
    "flag": INTEGERS % 2,
    "boolean": INTEGERS % 2 == 0,
    "signs": INTEGERS % 3 - 1,
    "range": np.arange(n),
    "Unnamed: 1": random.standard_normal(n),
    "Unnamed: 2": INTEGERS * 100,
    "job": random.choice(["clerk", "nun", "smith"], n),
    "versions": [f"v{k % 30}.{k % 5}" for k in range(n)],
    "digits": [str(k % 50) for k in range(n)],
    "mixed": ["1", "2", "A", "true"] * 100,
    "ages": ["18-25", "26-35", "36-45", "46+"] * 100,
    "one": ["2021-03-04"] * n,
    "missing": [None] * n,
}


@pytest.mark.parametrize("name", FOUND)
def test_what_is_found(name):
    values, option, words = FOUND[name]
    table = pa.table({name: values})
    with pytest.warns(ColumnWarning) as warned:
        encoder = TableEncoder().fit(table)
    (finding,) = encoder.findings_
    assert (finding.column, finding.option) == (name, option)
    for part in words.split(" .* "):
        assert part in finding.text
    assert [str(each.message) for each in warned] == [finding.for_encoder()]
    assert finding.text in finding.for_encoder()
    assert ("leave it out" if option == "drop" else f"{option}=[{name!r}]") in finding.for_encoder()
    # whoever says that all is well hears no more of it
    assert f"{finding.confirm}=[{name!r}] keeps it" in finding.for_encoder()
    same = TableEncoder(**{finding.confirm: [name]}).fit(table)
    assert same.findings_ == ()
    assert np.array_equal(same.transform(table), encoder.transform(table))


@pytest.mark.parametrize("name", CLEAN)
def test_clean_columns(name):
    assert TableEncoder().fit(pa.table({name: CLEAN[name]})).findings_ == ()


@pytest.mark.parametrize("name", FOUND)
def test_small_tables_tell_nothing(name):
    assert TableEncoder().fit(pa.table({name: FOUND[name][0][:19]})).findings_ == ()


def test_numbers_that_are_none():
    with pytest.warns(ColumnWarning, match=r"400 values, of which 400 \('\$0.00', .*\) spell no number"):
        TableEncoder(numbers=["price"]).fit(pa.table({"price": FOUND["price"][0]}))
    assert TableEncoder(numbers=["x"]).fit(pa.table({"x": spoiled(*"-" * 200)})).findings_ == ()
    with pytest.warns(ColumnWarning, match=r"400 values, of which 201 \('-', .*spell no number"):
        TableEncoder(numbers=["x"]).fit(pa.table({"x": spoiled(*"-" * 201)}))


@pytest.mark.parametrize("numbers", [[], ["dash"]])
def test_batches_and_kinds_of_tables_find_the_same_once(numbers):
    frame = pd.DataFrame({name: FOUND[name][0] for name in ("id", "dash", "code", "Unnamed: 0", "price")})
    with pytest.warns(ColumnWarning):
        expected = TableEncoder(numbers=numbers).fit(frame).findings_
    assert [each.column for each in expected] == [name for name in frame.columns if name not in numbers]
    sources = [
        dd.from_pandas(frame, npartitions=3, sort=False),
        pa.Table.from_pandas(frame).to_reader(max_chunksize=30),
        frame.astype({"id": "category", "dash": "category"}),
    ]
    for source in sources:
        with pytest.warns(ColumnWarning) as warned:
            assert TableEncoder(numbers=numbers).fit(source).findings_ == expected
        assert len(warned) == len(expected)
    encoder, told = TableEncoder(numbers=numbers), []
    for first in range(0, n, 100):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            encoder.partial_fit(frame[first : first + 100])
        told += [str(each.message).split("'")[1] for each in warned]
    assert sorted(told) == sorted(each.column for each in expected)
    assert encoder.findings_ == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("id", "id"), ("a b", "'a b'"), ("a,b", "'\"a,b\"'"), ("", "'\"\"'"), ("it's", "'it'\"'\"'s'"), ("$x", "'$x'")],
)
def test_names_are_quoted_for_the_shell_and_the_list(name, expected):
    assert quoted(name) == expected


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_command_prints_a_line_for_each_and_its_option_does_what_it_says(suffix, tmp_path, capsys):
    names = {"id": "id", "dash": "dash, spoiled", "code": "-code", "": ""}
    frame = pd.DataFrame({new: FOUND[old][0] for old, new in names.items()})
    frame = frame.assign(x=CLEAN["measure"], y=INTEGERS % 2)
    path = tmp_path / f"t.{suffix}"
    if suffix == "csv":
        frame.to_csv(path, index=False)
    else:
        parquet.write_table(pa.Table.from_pandas(frame), path)
    unnamed = {"csv": "Unnamed: 3", "parquet": ""}[suffix]
    command = ["train", str(path), "--target", "y", "--hidden", "2", "--epochs", "1", "--quiet"]
    command += ["--save", str(tmp_path / "m")]
    assert main(command) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    lines = [line for line in captured.out.splitlines() if line.startswith("column ")]
    given = ["--drop id", "--numbers '\"dash, spoiled\"'", "--categories=-code", f"--drop {quoted(unnamed)}"]
    assert [line.split("; --")[0].split(" ")[1].strip("',") for line in lines] == ["id", "dash", "-code", unnamed[:8]]
    assert all(f"; {option} " in line for option, line in zip(given, lines, strict=True))
    options = [word for option in given for word in shlex.split(option)]
    assert main([*command, *options]) == 0
    assert "column " not in capsys.readouterr().out
    encoding = Model.load(tmp_path / "m").encoding
    assert encoding.feature_names_out == [
        "dash, spoiled",
        "dash, spoiled missing",
        *(f"-code={k}" for k in (1, 2, 3, 4)),
        "x",
    ]
    out = TableEncoder(numbers=["dash, spoiled"]).fit(pa.table({"dash, spoiled": FOUND["dash"][0]})).encoding_
    assert encoding.parts[0] == out.parts[0]
