"""What onnxruntime computes from an exported TableEncoder is what `transform` gives."""

import subprocess
import sys

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import skl2onnx
from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline

import fastmlp.onnx  # noqa: F401
from fastmlp import MLPClassifier, TableEncoder

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

KINDS = {
    "age": DoubleTensorType, "size": FloatTensorType, "count": Int64TensorType, "member": BooleanTensorType,
    "job": StringTensorType, "town": StringTensorType, "code": Int64TensorType, "share": DoubleTensorType,
    "yes": BooleanTensorType, "one": StringTensorType,
}  # fmt: skip
nan, n = np.nan, 12
TABLE = pd.DataFrame({
    "age": [20.5, nan, 31, 44, 1e6, -3, 0.1, 7, 8, 9, 10, nan],
    "size": np.array([1.5, 2, nan, 4, 5, 6, 7, 8, 9, 0.1, 0.2, 0.3], np.float32),
    "count": np.arange(n) - 5,
    "member": np.arange(n) % 3 == 0,
    "job": pd.Series(["clerk", "smith", None, "clerk", "", "nun", "nun", "clerk", "ab", "x", "y", "x"], dtype=object),
    "town": pd.Series(list("abacabadabac"), dtype=object),
    "code": np.array([7, 7, 8, 2**53 + 1, 2**53, 7, 8, 9, 9, 9, -1, 7]),
    "share": [0.1, 0.1, nan, 0.5, 0.5, 0.1, 1, 1, 2, 3, 0.5, 0.1],
    "yes": np.arange(n) % 2 == 0,
    "one": pd.Series(["a"] * n, dtype=object),
})  # fmt: skip
NEW = TABLE.assign(
    age=TABLE["age"][::-1].to_numpy() * 1.1, count=np.arange(n) * 10**9, code=np.arange(n) + 2**53 - 2,
    job=pd.Series(["zebra", "clerk", None, nan, "nun", "smith", "x", "y", "", "b", "c", "d"], dtype=object),
    town=pd.Series(list("zbacabadabac"), dtype=object), share=np.arange(n) / 10,
)  # fmt: skip
CODES = ["code", "share", "yes"]


def types(kinds=KINDS):
    return [(name, kind([None, 1])) for name, kind in kinds.items()]


def run(estimator, feed, initial_types, **options):
    model = skl2onnx.to_onnx(estimator, initial_types=initial_types, options=options or None)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, feed), strict=True))


def feed_of(table, names=None):
    return {name: table[[name]].to_numpy() for name in names or table.columns}


def encoded(encoder, table, kinds=KINDS):
    (found,) = run(encoder, feed_of(table, kinds), types(kinds)).values()
    return found


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"scaling": "robust", "dtype": "float64"},
        {"scaling": None, "missing_indicator": False, "dtype": "float64"},
        {"max_categories": 2},
        {"max_categories": 2, "missing_indicator": False},
        {"max_categories": 1},
    ],
)
@pytest.mark.filterwarnings("ignore:column 'code'. none of its 12 values:UserWarning")
@pytest.mark.parametrize("rows", [TABLE, NEW], ids=["seen", "new"])
def test_the_same_numbers(settings, rows):
    encoder = TableEncoder(categories=CODES, **settings).fit(TABLE)
    found, expected = encoded(encoder, rows), encoder.transform(rows)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-15 if found.dtype == np.float64 else 1e-7, atol=0)


def test_numbers_of_other_types_than_those_learned():
    encoder = TableEncoder(categories=CODES).fit(TABLE)
    other = TABLE.assign(code=np.arange(n) - 1.0, yes=TABLE["yes"] * 1, count=TABLE["count"].astype(np.float32))
    kinds = KINDS | {"code": DoubleTensorType, "yes": Int64TensorType, "count": FloatTensorType}
    np.testing.assert_allclose(encoded(encoder, other, kinds), encoder.transform(other), rtol=1e-7)
    ids = TABLE.assign(share=[0, 1, 2, 3] * 3)
    kinds = KINDS | {"share": Int64TensorType}
    np.testing.assert_allclose(encoded(encoder, ids, kinds), encoder.transform(ids), rtol=1e-7)


def test_texts_that_stand_for_missing_ones_are_categories_where_they_were_learned():
    words = pd.DataFrame({"word": pd.Series(["nan", "", None, "a"], dtype=object)})
    encoder = TableEncoder().fit(words)
    kinds = {"word": StringTensorType}
    np.testing.assert_array_equal(encoded(encoder, words[:2], kinds), encoder.transform(words[:2]))
    none = pd.DataFrame({"word": pd.Series([None], dtype=object)})
    np.testing.assert_array_equal(encoded(encoder, none, kinds), encoder.transform(none))


def test_columns_by_name_in_any_order_and_others_beside():
    encoder = TableEncoder().fit(TABLE[["age", "job"]])
    kinds = {"job": StringTensorType, "town": StringTensorType, "age": DoubleTensorType}
    (found,) = run(encoder, feed_of(TABLE, kinds), types(kinds)).values()
    np.testing.assert_allclose(found, encoder.transform(TABLE[["age", "job"]]), rtol=1e-7)


@pytest.mark.parametrize(
    "X", [TABLE[["age", "share"]].to_numpy(), TABLE[["job", "town"]].to_numpy(), TABLE[["code", "count"]].to_numpy()]
)
def test_an_array_of_all_columns(X):
    encoder = TableEncoder().fit(X)
    kind = {"f": DoubleTensorType, "i": Int64TensorType, "O": StringTensorType}[X.dtype.kind]
    for width in (2, None):
        (found,) = run(encoder, {"X": X}, [("X", kind([None, width]))]).values()
        np.testing.assert_allclose(found, encoder.transform(X), rtol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_pipeline(dtype):
    y = np.array(["no", "yes"])[np.arange(n) % 2]
    pipeline = make_pipeline(
        TableEncoder(categories=CODES, dtype=dtype), MLPClassifier((5,), max_iter=30, random_state=0)
    ).fit(TABLE, y)
    found = run(pipeline, feed_of(NEW), types(), zipmap=False)
    assert found["probabilities"].dtype == dtype
    np.testing.assert_allclose(found["probabilities"], pipeline.predict_proba(NEW), rtol=0, atol=1e-5)
    np.testing.assert_array_equal(found["label"], pipeline.predict(NEW))


def test_a_frame_tells_the_inputs():
    pipeline = make_pipeline(TableEncoder(), MLPClassifier((5,), max_iter=3)).fit(TABLE, np.arange(n) % 2)
    model = skl2onnx.to_onnx(pipeline, TABLE[:1], options={"zipmap": False})
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    _, P = session.run(None, feed_of(TABLE))
    np.testing.assert_allclose(P, pipeline.predict_proba(TABLE), rtol=0, atol=1e-5)


def test_inside_a_column_transformer_of_columns_of_one_kind():
    parts = ColumnTransformer([("t", TableEncoder(), ["job", "town"]), ("n", TableEncoder(), ["age", "share"])])
    parts.fit(TABLE)
    kinds = {name: KINDS[name] for name in ("age", "share", "job", "town")}
    np.testing.assert_allclose(encoded(parts, NEW, kinds), parts.transform(NEW), rtol=1e-6)


def test_what_cannot_be_converted_is_named():
    encoder = TableEncoder().fit(TABLE[["age", "job"]])
    with pytest.raises(ValueError, match=r"no input of the graph for the column\(s\) 'job'; the inputs are 'age', 't"):
        encoded(encoder, TABLE, {"age": DoubleTensorType, "town": StringTensorType})
    with pytest.raises(ValueError, match="'job' is a DoubleTensorType, but it was learned as categories of type str"):
        encoded(encoder, TABLE, {"age": DoubleTensorType, "job": DoubleTensorType})
    with pytest.raises(ValueError, match="'age' is a StringTensorType, but it was learned as numbers"):
        encoded(encoder, TABLE, {"age": StringTensorType, "job": StringTensorType})


# --- labels, and imports ------------------------------------------------------------------------------


def test_labels_beyond_int64_are_refused():
    X, large = np.eye(4), np.array([0, 2**63 + 5, 0, 2**63 + 5], np.uint64)
    with pytest.raises(ValueError, match=f"classes_ contains {2**63 + 5}"):
        skl2onnx.to_onnx(MLPClassifier((3,), max_iter=2).fit(X, large), X[:1], options={"zipmap": False})
    small = large // 2
    found = run(
        MLPClassifier((3,), max_iter=2).fit(X, small), {"X": X}, [("X", DoubleTensorType([None, 4]))], zipmap=False
    )
    assert set(found["label"].tolist()) <= set(small.tolist())


def test_a_forgotten_import_is_named():
    code = (
        "import numpy as np, skl2onnx; from fastmlp import MLPClassifier, TableEncoder, TabularRegressor\n"
        "X = np.eye(4)\n"
        "for estimator in (MLPClassifier((3,), solver='lbfgs').fit(X, [0, 1, 0, 1]), TableEncoder().fit(X), "
        "TabularRegressor()):\n"
        "    try: skl2onnx.to_onnx(estimator, X[:1])\n"
        "    except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = "skl2onnx can convert {} only after: import fastmlp.onnx"
    assert done.stdout.splitlines() == [
        told.format(name) for name in ("MLPClassifier", "TableEncoder", "TabularRegressor")
    ]
