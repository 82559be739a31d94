"""What streams must not be: errors that name the file, the column and, where they can, the row group."""

import datetime
import itertools
import os
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow
import pytest
from pyarrow import csv, parquet
from scipy.sparse import csr_matrix

from fastmlp import Model, TableEncoder, rows
from fastmlp.cli.main import main

n = 60
random = np.random.default_rng(0)
X = random.standard_normal((n, 2))
y = np.arange(n) % 2


def columns(**others):
    return {"a": X[:, 0], "b": X[:, 1], "y": y} | others


def file(folder, name, data=None, **options):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    parquet.write_table(pyarrow.table(columns() if data is None else data), path, **{"row_group_size": 20} | options)
    return path


def fit(stream, widths=(2, 3, 1), **options):
    return Model(list(widths)).fit(stream, epochs=2, batch_size=8, **options)


def refused(error, *words):
    return pytest.raises(error, match=".*".join(str(word) for word in words))


def with_null(row):
    return pyarrow.array([None if k == row else value for k, value in enumerate(X[:, 1])])


def test_null_in_a_column_without_imputation(tmp_path):
    path = file(tmp_path, "t.parquet", columns(b=with_null(47)))
    with refused(ValueError, path, "row group 2", "'b'", "1 missing"):
        fit(rows.Parquet(path, target="y"))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(value, tmp_path):
    b = X[:, 1].copy()
    b[25] = value
    path = file(tmp_path, "t.parquet", columns(b=b))
    model = Model([2, 3, 1])
    before = model.parameters.copy()
    with refused(ValueError, "NaN" if np.isnan(value) else "inf", r"in row 25, column 1 \('b'\)", path, "row group 1"):
        model.fit(rows.Parquet(path, target="y"))
    assert np.array_equal(model.parameters, before)


def test_a_number_that_exceeds_float32():
    big = X.copy()
    big[30, 0] = 1e300
    with refused(ValueError, "inf, or a number that exceeds float32, in row 30, column 0"):
        fit(rows.Array(big, y))


def test_files_whose_columns_differ(tmp_path):
    first = file(tmp_path, "d/1.parquet")
    for data, words in [
        (columns(b=["1"] * n), ("'b' is double in", first, "but string in", "2.parquet", "convert")),
        ({"a": X[:, 0], "y": y}, ("2.parquet", "no column named 'b'")),
        (columns(c=y), ("2.parquet", "has a column 'c', which", first, "does not have")),
    ]:
        file(tmp_path, "d/2.parquet", data)
        with refused(ValueError, *words):
            rows.Parquet(tmp_path / "d", target="y")
    fit(rows.Parquet(tmp_path / "d", target="y", columns=["a", "b"]))  # the last has one more, which is not asked for


def test_a_first_file_whose_column_is_all_null_takes_the_type_of_the_others(tmp_path):
    file(tmp_path, "d/1.parquet", columns(b=pyarrow.nulls(n)))
    file(tmp_path, "d/2.parquet")
    table = rows.Parquet(tmp_path / "d", target="y")
    assert str(table.schema.field("b").type) == "double"
    encoder = TableEncoder().fit(table)
    assert encoder.get_feature_names_out().tolist() == ["a", "b", "b missing"]


def test_columns_that_are_not_there(tmp_path):
    path = file(tmp_path, "t.parquet")
    for options in ({"target": "z"}, {"target": "y", "columns": ["a", "z"]}, {"target": "y", "weight": "z"}):
        with refused(ValueError, "no column named 'z'", "'a', 'b', 'y'"):
            rows.Parquet(path, **options)
    with refused(ValueError, "has no target"):
        fit(rows.Parquet(path, columns=["a", "b"]))
    model = fit(rows.Parquet(path, target="y"))
    with refused(ValueError, "no column named 'b'"):
        model.predict(rows.Parquet(path, columns=["a"]))
    assert len(model.predict(rows.Parquet(path, columns=["y", "b", "a"]))) == n


def test_damaged_files(tmp_path):
    path = file(tmp_path, "t.parquet")
    whole = path.read_bytes()
    cut = tmp_path / "cut.parquet"
    for data in (whole[:-30], whole[:100], b"", b"PAR1" * 5):
        cut.write_bytes(data)
        with refused(OSError, "cut.parquet"):
            rows.Parquet(cut, target="y")
    middle = bytearray(whole)
    start = parquet.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    middle[start - 20 : start + 60] = b"\xff" * 80
    cut.write_bytes(middle)
    with refused(OSError, "cut.parquet, row group 1"):
        fit(rows.Parquet(cut, target="y"))
    for missing in (tmp_path / "none.parquet", tmp_path / "none"):
        with refused(FileNotFoundError, missing):
            rows.Parquet(missing, target="y")
    (tmp_path / "empty").mkdir()
    with refused(FileNotFoundError, "empty", "holds no"):
        rows.Parquet(tmp_path / "empty")


def test_a_parquet_file_that_is_gone_when_it_is_read(tmp_path):
    path = file(tmp_path, "t.parquet")
    stream = rows.Parquet(path, target="y")
    path.unlink()
    with refused(FileNotFoundError, "t.parquet: no such file"):
        fit(stream)


def test_columns_of_one_name_in_a_parquet_file(tmp_path):
    path = file(tmp_path, "t.parquet", pyarrow.Table.from_arrays([*X.T, y], ["a", "a", "y"]))
    with refused(ValueError, r"t.parquet: several columns have the same name \('a', 'a', 'y'\); rename them"):
        rows.Parquet(path, target="y")


def test_a_name_of_a_folder_that_spells_no_column(tmp_path):
    (tmp_path / "d").mkdir()
    for name in ("year=2013", "year=%FF"):
        file(tmp_path / "d" / name, "1.parquet")
    with refused(OSError, "d: not a readable folder of Parquet files", "UTF-8.*%FF"):
        rows.Parquet(tmp_path / "d", target="y")


def test_empty_row_groups_and_files_are_skipped(tmp_path):
    table = pyarrow.table(columns())
    with parquet.ParquetWriter(tmp_path / "t.parquet", table.schema) as writer:
        for part in (table[:0], table[:20], table[:0], table[20:]):
            writer.write_table(part)
    other = file(tmp_path, "whole.parquet")
    file(tmp_path, "none.parquet", table[:0])
    ours = fit(rows.Parquet([tmp_path / "none.parquet", tmp_path / "t.parquet"], target="y"), shuffle=False)
    assert np.array_equal(ours.parameters, fit(rows.Parquet(other, target="y"), shuffle=False).parameters)
    with refused(ValueError, "0 rows"):
        fit(rows.Parquet(tmp_path / "none.parquet", target="y"))


def test_zero_rows():
    with refused(ValueError, "no block"):
        rows.Blocks(lambda: iter(()))
    for stream in (rows.Blocks(lambda: iter(()), 2), rows.Array(X[:0], y[:0])):
        with refused(ValueError, "0 rows"):
            fit(stream)
        assert Model([2, 1]).predict_proba(stream).shape == (0,)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros(n, int), r"1 values? \(0\)"),
        (np.arange(n) % 3, r"3 values? \(0, 1, 2\).*needs 2"),
        (np.array(["a", "b", "c"])[np.arange(n) % 3], r"3 values? \('a', 'b', 'c'\)"),
        (pyarrow.array([None, *y[1:].tolist()]), "row group 0.*'y' has 1 missing"),
    ],
)
def test_labels_of_tables(labels, words, tmp_path):
    with refused(ValueError, words):
        fit(rows.Parquet(file(tmp_path, "t.parquet", columns(y=labels)), target="y"))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros(n), "only one class"),
        (np.arange(n) % 3, "0 and 1"),
        (np.where(y, np.nan, 1.0), "0 and 1"),
        (y[:-1], "59 rows, but X has 60"),
    ],
)
def test_labels_of_arrays(labels, words):
    with refused(ValueError, words):
        fit(rows.Array(X, labels))


def test_an_unknown_label_is_named(tmp_path):
    model = fit(rows.Parquet(file(tmp_path, "t.parquet", columns(y=np.where(y, "yes", "no"))), target="y"))
    assert model.classes == ["no", "yes"]
    other = rows.Parquet(file(tmp_path, "u.parquet", columns(y=np.where(y, "yes", "maybe"))), target="y")
    with refused(ValueError, "u.parquet, row group 0", "'maybe'", "'no', 'yes'"):
        model.loss(other)
    with refused(ValueError, "'y' is of type int64"):
        model.loss(rows.Parquet(file(tmp_path, "v.parquet"), target="y"))
    epochs = len(model.history)
    with refused(ValueError, "'y' has the values 'maybe', 'yes'.*trained for 'no', 'yes'; make another model"):
        model.fit(other)
    assert (model.classes, len(model.history)) == (["no", "yes"], epochs)


@pytest.mark.parametrize(("rows_given", "validate"), [(1, 0), (3, 1)])
def test_draws_that_leave_too_few_rows(rows_given, validate):
    words = f"of {rows_given} rows, {validate} would validate and {rows_given - validate} be trained on; at least 2 and"
    with refused(ValueError, "validation_fraction=", words, "take another fraction, or give X_val"):
        fit(rows.Array(X[:rows_given], y[:rows_given]), validation_fraction=0.3)


@pytest.mark.parametrize(
    ("w", "words"),
    [(-1.0, "must not be negative"), (np.nan, "NaN"), (0.0, "0 for every row"), (y.astype(float), "only one class")],
)
def test_weights(w, words, tmp_path):
    weights = np.broadcast_to(w, n).copy()
    for stream in (
        rows.Array(X, y, weights),
        rows.Parquet(file(tmp_path, "t.parquet", columns(w=weights)), target="y", weight="w"),
    ):
        with refused(ValueError, words):
            fit(stream)


@pytest.mark.parametrize("kind", [rows.Parquet, rows.Arrow])
def test_weights_that_are_missing(kind, tmp_path):
    table = pyarrow.table(columns(w=with_null(25)))
    stream = kind(table if kind is rows.Arrow else file(tmp_path, "t.parquet", table), target="y", weight="w")
    with refused(ValueError, "weight 'w' has 1 missing value; drop these rows, or give them weights") as found:
        fit(stream)
    assert str(found.value).startswith("weight" if kind is rows.Arrow else str(tmp_path / "t.parquet, row group 1: "))


@pytest.mark.parametrize("values", [[[1]] * n, [datetime.date(2020, 1, 1)] * n, pyarrow.nulls(n), [b"1"] * n])
def test_columns_that_are_no_numbers(values):
    values = pyarrow.array(values)
    kind = str(values.type).replace("[", r"\[")
    with refused(ValueError, rf"column 'c' is not numeric \(its type is {kind}\); encode it, or leave it out"):
        fit(rows.Arrow(pyarrow.table({"a": X[:, 0], "c": values, "y": y}), target="y"))


def test_streams_bring_their_labels():
    with refused(ValueError, "brings y"):
        Model([2, 1]).fit(rows.Array(X, y), y)
    with refused(ValueError, "no y"):
        fit(rows.Array(X))
    with refused(ValueError, "3 features.*made for 2"):
        fit(rows.Array(np.ones((n, 3)), y))


@pytest.mark.parametrize(
    "labels",
    [
        pyarrow.array([None if k else 1.0 for k in y], from_pandas=True),
        pyarrow.array(np.where(y, np.nan, 1.0)),
        pyarrow.DictionaryArray.from_arrays(pyarrow.array(y), pyarrow.array(["a", None])),
    ],
)
def test_labels_that_are_missing(labels):
    with refused(ValueError, "'y' has 30 missing values"):
        fit(rows.Arrow(pyarrow.table(columns(y=labels)), target="y"))


@pytest.mark.parametrize("kind", ["decimal128(3, 1)", "date32", "list"])
def test_labels_of_types_that_no_file_can_keep(kind):
    values = {"list": [[int(k)] for k in y], "date32": [datetime.date(2020, 1, 1 + int(k)) for k in y]}
    labels = pyarrow.array(values.get(kind, [Decimal(int(k)) for k in y]))
    with refused(TypeError, "target 'y' is of type", "convert it"):
        fit(rows.Arrow(pyarrow.table(columns(y=labels)), target="y"))


def test_a_model_of_many_labels_takes_no_table():
    with refused(ValueError, "has 2 labels for each row"):
        Model([2, 3, 2], out_activation="logistic").fit(rows.Arrow(pyarrow.table(columns()), target="y"))


def test_a_failed_fit_teaches_the_model_nothing(tmp_path):
    model = Model([2, 3, 1])
    other = rows.Arrow(pyarrow.table(columns(y=np.where(y, "x", "z"))), target="y")
    with refused(ValueError, "epochs"):
        model.fit(other, epochs=-1)
    assert (model.classes, model.feature_names, model.target_name) == (None, None, None)
    model.fit(rows.Arrow(pyarrow.table(columns()), target="y"), epochs=1)
    assert (model.classes, model.feature_names, model.target_name) == ([0, 1], ["a", "b"], "y")


def test_columns_asked_for_twice_and_an_index_of_pandas():
    table = pyarrow.table(columns())
    for options in ({"columns": ["a", "a"]}, {"columns": ["a", "y"]}, {"weight": "y"}):
        with refused(ValueError, "asked for twice"):
            rows.Arrow(table, target="y", **options)
    frame = pd.DataFrame({"a": X[:, 0], "y": y, 3: X[:, 1]}).sample(frac=0.5, random_state=0)
    assert rows.Arrow(pyarrow.Table.from_pandas(frame.rename(columns=str)), target="y").names == ["a", "3"]
    assert rows.Arrow(frame.rename(columns={"y": 7}), target=7).names == ["a", "3"]


def test_a_reader_whose_columns_differ_from_the_first():
    whole = pyarrow.table(columns())
    for other, words in (
        (whole.drop(["b"]), "no column named 'b'; the columns are 'a', 'y'"),
        (whole.append_column("a", [y]), "2 columns named 'a'; the columns are 'a', 'b', 'y', 'a'"),
    ):
        tables = itertools.chain([whole] * 3, itertools.repeat(other))  # for the schema, the classes, the weights
        with refused(ValueError, f"record batch 0: {words}"):
            fit(rows.Arrow(lambda tables=tables: next(tables), target="y"))


# --- streams of one's own --------------------------------------------------------------------------------------


def test_streams_of_one_s_own_that_break_the_interface():
    class Nothing(rows.Stream):
        n_features = 2

    class Pairs(Nothing):
        def blocks(self, order=None):
            yield X, y

    class Narrow(Nothing):
        def blocks(self, order=None):
            yield rows.Block(X[:20], y[:20])
            yield rows.Block(X[20:, :1], y[20:])

    class Fewer(Nothing):
        def blocks(self, order=None):
            yield rows.Block(X, y[1:])

    for stream, error, words in (
        (Nothing(), NotImplementedError, "Nothing has no method blocks, which yields rows.Block; define it"),
        (Pairs(), TypeError, r"blocks\(\) yielded a tuple; it must yield rows.Block\(X, y\)"),
        (Narrow(), ValueError, r"X has shape \(40, 1\); it must be \(40, 2\)"),
        (Fewer(), ValueError, r"y has shape \(59,\), but X has 60 rows"),
    ):
        with refused(error, words):
            fit(stream)


# --- memmaps and .npy files ----------------------------------------------------------------------------------


def test_arrays_that_are_no_table_with_targets(tmp_path):
    for k, a in enumerate((X[:, 0], X[:, :0], X[0, 0])):
        np.save(tmp_path / f"{k}.npy", a)
        with refused(ValueError, rf"X has shape \({', '.join(map(str, a.shape))},?\); it must have two dimensions"):
            rows.Array(tmp_path / f"{k}.npy", y)
    for labels in (1, tmp_path / "2.npy"):
        with refused(ValueError, "y is a single value; it must hold one for each row"):
            rows.Array(X, labels)
    with refused(ValueError, "sample_weight is a single value; it must hold one for each row"):
        rows.Array(X, y, 1.0)
    with refused(ValueError, "y: rows must have the same number of values, but row 0 has 1, and row 1 has 2"):
        rows.Array(X, [[1], [2, 3]] * 30)


def test_a_file_that_is_cut_between_the_check_and_the_read(tmp_path, monkeypatch):
    np.save(tmp_path / "X.npy", X)
    stream = rows.Array(tmp_path / "X.npy", y)
    os.truncate(tmp_path / "X.npy", 600)
    monkeypatch.setattr("fastmlp.system.files_at_rest.AtRest.check", lambda self: None)
    with refused(ValueError, "X.npy: ends at byte 600; it was cut short while it was read"):
        fit(stream)


def test_a_file_that_is_shorter_than_declared(tmp_path):
    np.save(tmp_path / "X.npy", X)
    os.truncate(tmp_path / "X.npy", 500)
    with refused(ValueError, "X.npy", "500 bytes", r"shape \(60, 2\)"):
        rows.Array(tmp_path / "X.npy", y)
    (tmp_path / "no.npy").write_bytes(b"not an array")
    with refused(OSError, "no.npy", "not a readable .npy"):
        rows.Array(tmp_path / "no.npy", y)
    with refused(FileNotFoundError, "none.npy"):
        rows.Array(tmp_path / "none.npy", y)
    np.save(tmp_path / "object.npy", np.array([[{}]], object), allow_pickle=True)
    with refused(ValueError, "object.npy", "real numbers"):
        rows.Array(tmp_path / "object.npy")


@pytest.mark.parametrize("change", ["cut", "rewritten"])
def test_a_file_that_changes_while_it_is_read(change, tmp_path):
    path = tmp_path / "X.npy"
    np.save(path, X)
    stream = rows.Array(np.load(path, mmap_mode="r"), y)

    def alter(model, record):
        if change == "cut":
            os.truncate(path, 600)
        else:
            np.save(path, X + 1)

    with refused(ValueError, "X.npy", "modified"):
        fit(stream, callbacks=alter)


def test_a_parquet_file_that_changes_while_it_is_read(tmp_path):
    path = file(tmp_path, "t.parquet")

    def alter(model, record):
        file(tmp_path, "t.parquet", columns(a=y))

    with refused(ValueError, "t.parquet", "modified"):
        fit(rows.Parquet(path, target="y"), callbacks=alter)


# --- iterators -------------------------------------------------------------------------------------------------


def passes(*counts):
    """Return a function whose k-th iterator gives counts[k] blocks of 10 rows, and the last again and again."""
    left = list(counts)

    def make():
        count = left.pop(0) if len(left) > 1 else left[0]
        return ((X[10 * k : 10 * k + 10], y[10 * k : 10 * k + 10]) for k in range(count))

    return make


@pytest.mark.parametrize("window_rows", [8, 24, 1000])
def test_iterators_that_end_early_or_late(window_rows):
    with refused(ValueError, "ended after 40 rows; an earlier pass found 50"):
        fit(rows.Blocks(passes(5, 5, 4), 2, window_rows=window_rows))
    with refused(ValueError, "more than the 50 rows"):
        fit(rows.Blocks(passes(5, 5, 6), 2, window_rows=window_rows))


def test_iterators_of_other_widths_and_kinds():
    def blocks():
        yield X[:20], y[:20]
        yield X[20:, :1], y[20:]

    with refused(ValueError, "block 1", r"\(40, 1\)", r"\(n, 2\)"):
        fit(rows.Blocks(blocks))
    with refused(ValueError, "block 0", "sample_weight has 3 rows, but X has 60"):
        fit(rows.Blocks(lambda: iter([(X, y, [1, 2, 3])])))
    with refused(ValueError, "block 0 has 4 items"):
        rows.Blocks(lambda: iter([(X, y, y, y)]))
    once = iter([(X, y)])
    with refused(TypeError, "must return a new one"):
        fit(rows.Blocks(lambda: once, 2))
    with refused(TypeError, "block 0: X is sparse"):
        fit(rows.Blocks(lambda: iter([(csr_matrix(X), y)])))
    with refused(ValueError, "block 0: X: rows must have the same number"):
        fit(rows.Blocks(lambda: iter([([[1, 2], [3]], y[:2])])))
    for name, stream in (("names", lambda: rows.Blocks(lambda: iter([(X, y)]), names=["a"])),
                         ("names", lambda: rows.Array(X, y, names=["a"]))):  # fmt: skip
        with refused(ValueError, name, "1 names for 2 features"):
            stream()
    with refused(TypeError, "y is a masked array"):
        rows.Array(X, np.ma.array(y, mask=y == 1))
    with refused(TypeError, "must be a function"):
        rows.Blocks(iter([(X, y)]))
    with refused(TypeError, "RecordBatchReader.*read only once"):
        rows.Arrow(pyarrow.table(columns()).to_reader(), target="y")
    with refused(TypeError, "must be"):
        rows.Arrow(3)


def test_an_error_in_the_user_s_iterator_arrives():
    def blocks():
        yield X[:20], y[:20]
        raise ZeroDivisionError("mine")

    with refused(ZeroDivisionError, "mine"):
        fit(rows.Blocks(blocks))


# --- CSV -----------------------------------------------------------------------------------------------------------


def test_csv_values_that_do_not_fit(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,y\n" + "1.5,0\n2.5,1\n" * 500_000 + "x,1\n")
    with refused(OSError, "t.csv", "'x'"):
        fit(rows.Csv(path, target="y"), (1, 1))
    path.write_text("a,y\n1,0\n2,1,3\n")
    with refused(OSError, "t.csv, line 3: expected 2 fields", "got 3"):
        fit(rows.Csv(path, target="y"), (1, 1))
    path.write_text("")
    with refused(OSError, "t.csv"):
        rows.Csv(path, target="y")
    path.write_text("a,y\n1,0\n,1\n")
    with refused(ValueError, "t.csv", "'a' has 1 missing"):
        Model([1, 1]).fit(rows.Csv(path, target="y"))


def test_csv_that_changes_and_columns_of_one_name(tmp_path):
    path = tmp_path / "t.csv"
    csv.write_csv(pyarrow.table(columns()), path)

    def alter(model, record):
        csv.write_csv(pyarrow.table(columns(a=X[:, 1])), path)

    with refused(ValueError, "t.csv", "modified"):
        fit(rows.Csv(path, target="y"), callbacks=alter)
    path.write_text("a,a,y\n1,2,0\n3,4,1\n")
    with refused(ValueError, "t.csv: 2 columns named 'a'"):
        rows.Csv(path, target="y")
    for kind in (rows.Csv, rows.Parquet):
        with refused(FileNotFoundError, "list of files is empty"):
            kind([])


def test_csv_with_line_breaks_in_fields(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,s,y\n" + '1.5,"x\ny",0\n2.5,"z",1\n' * 400_000)
    stream = rows.Csv(path, target="y", columns=["a"])
    assert len(Model([1, 1]).predict(stream)) == 800_000


def test_csv_files_of_a_folder(tmp_path):
    csv.write_csv(pyarrow.table(columns()), tmp_path / "1.csv")
    csv.write_csv(pyarrow.table({"b": X[:, 1], "c": X[:, 0], "y": y}), tmp_path / "2.csv")
    with refused(ValueError, "2.csv: no column named 'a'; the columns are 'b', 'c', 'y'"):
        rows.Csv(tmp_path, target="y")
    (tmp_path / "2.csv").unlink()
    assert len(fit(rows.Csv([tmp_path / "1.csv"] * 2, target="y")).predict(rows.Csv(tmp_path, target="y"))) == n


# --- the command line ------------------------------------------------------------------------------------------------


def test_commands_end_with_2_and_leave_nothing_half_written(tmp_path, capsys):
    good = file(tmp_path, "good.parquet")
    model = tmp_path / "model"
    train = ["train", str(good), "--target", "y", "--hidden", "3", "--quiet", "--save", str(model)]
    assert main(train) == 0
    whole = bytearray(good.read_bytes())
    start = parquet.ParquetFile(good).metadata.row_group(2).column(0).data_page_offset
    whole[start - 20 : start + 60] = b"\xff" * 80
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(whole)
    labels = tmp_path / "labels"
    Model([2, 3], out_activation="logistic").save(labels)
    before = set(tmp_path.iterdir())
    saved = model.read_bytes()
    out = tmp_path / "p.csv"
    out.write_text("old")
    for command in (
        ["predict", str(model), str(bad), "--out", str(out)],
        ["predict", str(model), str(good), "--out", str(tmp_path / "p.txt")],
        ["evaluate", str(model), str(bad)],
        ["train", str(bad), "--target", "y", "--quiet", "--save", str(model)],
        ["train", str(bad), "--target", "y", "--quiet", "--window-rows", "10", "--save", str(model)],
        ["train", str(tmp_path), "--target", "y", "--quiet", "--save", str(model)],
        ["train", str(good), "--target", "y", "--quiet", "--save", str(tmp_path)],
        ["train", str(good), "--target", "y", "--columns", "a,y", "--quiet", "--save", str(model)],
        ["evaluate", str(labels), str(good), "--target", "y"],
    ):
        assert main(command) == 2, command
        error = capsys.readouterr().err
        assert error.count("\n") == 1, error
        assert error.startswith("fastmlp: error: ")
    assert out.read_text() == "old"
    assert model.read_bytes() == saved
    assert set(tmp_path.iterdir()) == before | {out}
