"""Which rows a report is about: arrays, frames, tables, sparse matrices and streams; samples; what is refused."""

import builtins
import datetime
import subprocess
import sys

import dask.array
import numpy as np
import pandas
import polars
import pyarrow
import pytest
from pages import Page
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

import fastmlp
from fastmlp import MLPClassifier, MLPRegressor, Model, TableEncoder, TabularClassifier, TabularRegressor, rows

pytestmark = pytest.mark.usefixtures("undrawn")

n = 300
random = np.random.default_rng(0)
X = random.standard_normal((n, 3)).astype(np.float32)
y = X[:, 0] + 0.5 * random.standard_normal(n) > 0
w = random.random(n)
NAMES = ["a", "b", "c"]
FRAME = pandas.DataFrame(X, columns=NAMES)
MIXED = pyarrow.table({
    "a": X[:, 0], "job": np.array(["clerk", "smith", "cook"])[np.arange(n) % 3],
    "gap": pyarrow.array([None if k % 5 == 0 else float(k % 7) for k in range(n)]),
    "yes": np.where(y, "ja", "nein"), "w": w,
})  # fmt: skip


def quick(model, X, y=None, *rest, **settings):
    return fastmlp.report(model, X, y, *rest, n_repeats=1, **settings)


@pytest.mark.parametrize("kind", [Model, MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor])
def test_every_form_of_the_same_rows_gives_the_same_figures(kind):
    if kind is Model:
        model = Model([3, 4, 1]).fit(X, y, epochs=2)
    elif kind in (TabularClassifier, TabularRegressor):
        model = kind(n_members=1, random_state=0).fit(X, y)
    else:
        model = kind(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0).fit(X, y)
    target = y.astype(int) if kind is Model else y
    figures = quick(model, X, target).figures
    forms = [X.astype(np.float64), np.asfortranarray(X), X.tolist(), sparse.csr_array(X), sparse.csc_matrix(X)]
    for form in forms:
        assert quick(model, form, target).figures == figures
    stream = rows.Array(X, target, block_rows=70)
    assert quick(model, stream).figures == figures
    blocks = rows.Blocks(lambda: ((X[k : k + 90], target[k : k + 90]) for k in range(0, n, 90)), 3)
    assert quick(model, blocks).figures == figures
    weighted = quick(model, X, target, w).figures
    assert weighted != figures
    assert quick(model, rows.Array(X, target, w)).figures == weighted


@pytest.mark.parametrize("kind", ["Model", "MLPClassifier", "TabularClassifier"])
def test_frames_and_their_names(kind):
    if kind == "Model":
        model = Model([3, 4, 1]).fit(FRAME, y, epochs=2)
    elif kind == "MLPClassifier":
        model = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(FRAME, y)
    else:
        model = TabularClassifier(n_members=1, random_state=0).fit(FRAME, y)
    found = [quick(model, form, y) for form in (FRAME, polars.from_pandas(FRAME), pyarrow.Table.from_pandas(FRAME))]
    assert found[0].html == found[1].html == found[2].html
    page = Page(found[0].html)
    assert [row[1] for row in page.table("Columns")] == NAMES
    assert {row[0] for row in page.table("Permutation importances")} == {*NAMES}
    series = pandas.Series(y, name="bought")
    assert "Report on bought" in Page(quick(model, FRAME, series).html).text


def encoded_model():
    table = MIXED.drop_columns(["yes", "w"])
    encoder = TableEncoder().fit(table)
    model = Model([encoder.encoding_.n_features_out, 4, 1])
    model.encoding = encoder
    return model.fit(rows.Arrow(MIXED.drop_columns(["w"]), target="yes"), epochs=2)


@pytest.mark.parametrize("kind", ["Model", "TabularClassifier"])
def test_tables_with_categories_and_missing_values(kind):
    table = MIXED.drop_columns(["yes", "w"])
    if kind == "Model":
        model, target = encoded_model(), y.astype(int)
    else:
        model = TabularClassifier(n_members=1, random_state=0).fit(rows.Arrow(MIXED.drop_columns(["w"]), target="yes"))
        target = MIXED["yes"].to_pylist()
        target = ["ja" if each == "ja" else "nein" for each in target]
    if kind == "Model":
        target = 1 - target  # ja, nein
    in_memory = quick(model, table, target, w)
    streamed = quick(model, rows.Arrow(MIXED, target="yes", weight="w"))
    assert in_memory.figures == streamed.figures
    for page in (Page(in_memory.html), Page(streamed.html)):
        values = {row[0]: row[1] for row in page.table("Partial dependence on gap")}
        assert [*values] == ["0", "1.0000", "2.0000", "3.0000", "4.0000", "5.0000", "6.0000", "missing"]
        assert {row[0] for row in page.table("Partial dependence on job")} == {"clerk", "smith", "cook"}
    assert "Report on yes" in Page(streamed.html).text


def test_a_sample_is_drawn_by_the_seed_and_told():
    model = Model([3, 4, 1]).fit(X, y, epochs=2)
    index = np.sort(np.random.default_rng(7).choice(n, 50, replace=False))
    sample = quick(model, X, y, w, max_rows=50, random_state=7)
    assert sample.figures == quick(model, X[index], y[index], w[index]).figures
    assert "50, a sample of 300, drawn with the seed 7" in Page(sample.html).text
    streamed = quick(model, rows.Array(X, y, w, block_rows=40), max_rows=50, random_state=7)
    assert streamed.figures == sample.figures
    assert "a sample" not in Page(quick(model, X, y, max_rows=n).html).text


@pytest.mark.parametrize("kind", [MLPClassifier, TabularClassifier])
def test_a_sample_of_a_sparse_matrix(kind):
    settings = {"n_members": 1} if kind is TabularClassifier else {"hidden_layer_sizes": (4,), "solver": "lbfgs"}
    model = kind(**settings, random_state=0).fit(X, y)
    assert quick(model, sparse.coo_array(X), y, max_rows=50).figures == quick(model, X, y, max_rows=50).figures


def test_seeds_that_are_larger_than_scikit_learn_takes():
    model = Model([3, 4, 1]).fit(X, y, epochs=2)
    large = quick(model, X, y, max_rows=50, random_state=2**32 + 1)
    assert large.figures != quick(model, X, y, max_rows=50, random_state=1).figures  # another sample
    assert quick(model, X, y, random_state=2**32 + 1).figures == quick(model, X, y, random_state=1).figures


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_sparse_labels():
    Y = np.column_stack([y, ~y, X[:, 1] > 0]).astype(int)
    model = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, sparse.csr_array(Y))
    assert quick(model, X, sparse.csr_array(Y)).html == quick(model, X, Y).html


def test_rows_without_a_target_are_left_out():
    model = TabularClassifier(n_members=1, random_state=0).fit(X, y)
    some = np.where(np.arange(n) % 4 == 0, np.nan, y)
    with pytest.warns(UserWarning, match="y is missing in 75 of 300 rows") as told:
        found = quick(model, X, some)
    assert told[0].filename == __file__
    assert found.figures == quick(model, X[np.arange(n) % 4 > 0], y[np.arange(n) % 4 > 0]).figures


def test_what_is_refused():
    model = Model([3, 4, 1])
    estimator = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, np.where(y, "yes", "no"))
    stream = rows.Array(X, y)
    for error, match, arguments, settings in [
        (TypeError, "model is a LogisticRegression", (LogisticRegression(), X, y), {}),
        (NotFittedError, "not fitted", (MLPClassifier(), X, y), {}),
        (NotFittedError, "not fitted", (TabularClassifier(), X, y), {}),
        (ValueError, "y is None", (model, X), {}),
        (ValueError, "X has 0 rows", (model, X[:0], y[:0]), {}),
        (ValueError, "X has 300 rows, but y has 299", (model, X, y[1:]), {}),
        (ValueError, "weight", (model, X, y, np.zeros(n)), {}),
        (ValueError, "sample_weight", (model, X, y, -w), {}),
        (ValueError, "X has 2 features", (model, X[:, 1:], y), {}),
        (ValueError, "y contains 'maybe', but the classes are 'no', 'yes'", (estimator, X, ["maybe"] * n), {}),
        (ValueError, "X is a stream, which brings y", (model, stream, y), {}),
        (TypeError, "X is a str; give an array", (model, "table.csv", y), {}),
        (TypeError, "X is a NoneType; give an array", (model, None, y), {}),
        (TypeError, "y is a int; give an array", (model, X, 1), {}),
        (TypeError, "y is a lazy frame", (model, X, polars.from_pandas(FRAME).lazy()), {}),
        (TypeError, "y is a masked array", (model, X, np.ma.masked_array(y, X[:, 1] > 0)), {}),
        (TypeError, "X is a lazy frame", (model, polars.from_pandas(FRAME).lazy(), y), {}),
        (TypeError, "X is a Dask collection", (model, dask.array.from_array(X), y), {}),
        (ValueError, "max_rows=0", (model, X, y), {"max_rows": 0}),
        (ValueError, "n_repeats=0", (model, X, y), {"n_repeats": 0}),
        (ValueError, "threshold=1.5: must be a probability", (model, X, y), {"threshold": 1.5}),
        (TypeError, "threshold='half': must be a number", (model, X, y), {"threshold": "half"}),
        (ValueError, "random_state=-1", (model, X, y), {"random_state": -1}),
    ]:
        with pytest.raises(error, match=match):
            fastmlp.report(*arguments, **settings)


def test_matplotlib_is_asked_for_first(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install \"fastmlp\[plot\]\""):
        fastmlp.report(None, None)


def test_matplotlib_is_imported_when_it_is_used():
    code = "import sys, fastmlp; fastmlp.report; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_dates_times_and_functions_among_the_settings(monkeypatch):
    monkeypatch.undo()  # so that pictures are drawn
    day = datetime.datetime(2024, 1, 1)
    table = pyarrow.table({
        "when": [day + datetime.timedelta(days=k) for k in range(n)],
        "hour": [datetime.time(k % 24, 30) for k in range(n)],
        "flag": [k % 3 == 0 for k in range(n)],
    })  # fmt: skip
    model = TabularClassifier(n_members=1, random_state=0).fit(table, np.arange(n) % 24 < 12)
    page = Page(fastmlp.report(model, table, np.arange(n) % 24 < 12, n_repeats=1).html)
    assert page.table("Partial dependence on hour")[0][0] == "00:30:00"
    assert page.table("Partial dependence on when")[0][0] == "2024-01-03 00:00:00"
    assert [row[0] for row in page.table("Partial dependence on flag")] == ["False", "True"]
    model = MLPClassifier((4,), solver="lbfgs", callbacks=quick, random_state=0).fit(X, y)
    settings = {row[0]: row[1] for row in Page(quick(model, X, y).html).table("Settings")}
    assert settings["callbacks"] == "<function quick>"


def test_a_classifier_of_one_class():
    model = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, np.zeros(n))
    found = quick(model, X, np.zeros(n))
    assert found.figures["accuracy"] == 1
    assert "All scored rows are of one class, 0.0" in Page(found.html).text
