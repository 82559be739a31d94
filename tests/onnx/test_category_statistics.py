"""Statistics of categories in exported tabular estimators are those that the estimators look up."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import skl2onnx
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType, StringTensorType
from small_tables import train_little

import fastmlp.onnx  # noqa: F401
from fastmlp import TabularClassifier, TabularRegressor
from fastmlp.tabular.members.category_statistics import CategoryStatistics

N, MANY = 400, 50
KINDS = {"text": StringTensorType, "x": DoubleTensorType, "number": Int64TensorType, "holes": DoubleTensorType}


@pytest.fixture(autouse=True)
def little(monkeypatch):
    train_little(monkeypatch)


def table():
    """Return three columns with many categories around one of numbers; many pairs of categories occur twice."""
    random = np.random.default_rng(0)
    text, number, holes = np.tile(random.integers(MANY, size=(3, N // 2)), 2)
    return pd.DataFrame({
        "text": pd.Series([f"t{k}" for k in text], dtype=object).where(text > 0, None),
        "x": random.standard_normal(N), "number": number * 3 - 7, "holes": np.where(holes == 0, np.nan, holes / 4),
    })  # fmt: skip


X = table()
Y = np.arange(N) * 7 % 12 + X["number"].to_numpy()
ROWS = X.assign(  # categories that were never seen, that are missing, and pairs that were not together
    text=X["text"].where(np.arange(N) % 5 > 0, "unseen").where(np.arange(N) % 7 > 0, None),
    number=np.where(np.arange(N) % 3 == 0, 10**12, X["number"][::-1]),
    holes=np.where(np.arange(N) % 4 == 0, np.nan, np.where(np.arange(N) % 11 == 0, 0.123, X["holes"])),
)


def fitted(kind, y):
    model = kind(n_members=2, random_state=0).fit(X.astype({"number": "category", "holes": "category"}), y)
    assert [part.columns for part in model.statistics_.parts] == [(0,), (2,), (3,), (0, 2), (0, 3), (2, 3)]
    assert all(len(part.keys) > 20 for part in model.statistics_.parts)
    return model


def computed(model, rows, kinds=KINDS, **options):
    """Return the last output of the graph."""
    types = [(name, kind([None, 1])) for name, kind in kinds.items()]
    graph = skl2onnx.to_onnx(model, initial_types=types, options=options or None)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {name: rows[[name]].to_numpy() for name in kinds})[-1]


def assert_same(model, rows, kinds=KINDS):
    expected = model.predict_proba(rows)
    np.testing.assert_allclose(computed(model, rows, kinds, zipmap=False), expected, rtol=0, atol=1e-5)
    # They would not be the same without the statistics.
    known = model.statistics_
    unknown = [replace(part, values=np.tile(part.values[-1:], (len(part.values), 1))) for part in known.parts]
    model.statistics_ = CategoryStatistics(tuple(unknown))
    assert np.abs(model.predict_proba(rows) - expected).max() > 1e-3
    model.statistics_ = known


@pytest.mark.parametrize("rows", [X, ROWS], ids=["seen", "new"])
@pytest.mark.parametrize("n_classes", [2, 3, 12])
def test_probabilities(n_classes, rows):
    assert_same(fitted(TabularClassifier, Y.astype(int) % n_classes), rows)


@pytest.mark.parametrize("rows", [X, ROWS], ids=["seen", "new"])
def test_numbers(rows):
    model = fitted(TabularRegressor, Y)
    expected = model.predict(rows)
    np.testing.assert_allclose(computed(model, rows)[:, 0], expected, rtol=1e-5, atol=1e-5 * np.ptp(expected))


def test_columns_in_another_order():
    assert_same(fitted(TabularClassifier, Y > 5), ROWS, dict(sorted(KINDS.items())))


def test_numbers_of_pairs_that_no_float_holds():
    model, far = fitted(TabularClassifier, Y > 5), 2**50
    model.statistics_ = CategoryStatistics(tuple(
        part if len(part.columns) == 1 else
        replace(part, radix=far, keys=part.keys // part.radix * far + part.keys % part.radix)
        for part in model.statistics_.parts
    ))  # fmt: skip
    assert_same(model, ROWS)


def test_a_column_of_which_no_category_is_known():
    rows = pd.DataFrame({"text": [f"t{k}" for k in range(N)], "x": X["x"]})
    model = TabularClassifier(n_members=2, categories=["text"], random_state=0).fit(rows, Y > 5)
    assert [len(part.keys) for part in model.statistics_.parts] == [0]
    found = computed(model, rows, {"text": StringTensorType, "x": DoubleTensorType}, zipmap=False)
    np.testing.assert_allclose(found, model.predict_proba(rows), rtol=0, atol=1e-5)
