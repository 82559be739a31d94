"""What onnxruntime computes from an exported tabular estimator is what the estimator predicts."""

from dataclasses import replace

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
from small_tables import SMALL, classes, numbers, table

import fastmlp.onnx  # noqa: F401
from fastmlp import Model, TabularClassifier, TabularRegressor
from fastmlp.activations import ACTIVATIONS
from fastmlp.features import Bins, Clipped, Features, Missing, Number, OneHot, Values, Waves


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr("fastmlp.tabular.estimator.recipe_for", lambda n, classes: SMALL)


def with_codes(X):
    """Return the table without dates, with categories that are numbers beside text."""
    n = len(X)
    codes = np.arange(n) * 7 % 5
    return X.drop(columns="day").assign(
        kind=X["kind"].astype(object), code=pd.Categorical(codes), code_with_holes=pd.Categorical(
            np.where(codes == 3, np.nan, codes)), share=pd.Categorical(np.where(codes == 0, np.nan, codes / 4)),
        flag_with_holes=pd.Categorical(np.where(codes == 2, None, codes > 2)),
    )  # fmt: skip


X = with_codes(table())
PLAIN = X.astype({"code": "int64", "code_with_holes": "float64", "share": "float64"}).assign(
    flag_with_holes=X["flag_with_holes"].astype("float64")
)
NEW = PLAIN[::-1].assign(
    kind=lambda frame: frame["kind"].replace("a", "unseen"), number=PLAIN["number"] * 1e3,
    holes=PLAIN["holes"].where(np.arange(len(X)) % 3 > 0), code=PLAIN["code"] * 2 - 1,
    code_with_holes=PLAIN["code_with_holes"] / 2, share=PLAIN["share"] * 2,
)  # fmt: skip
KINDS = {
    "number": DoubleTensorType, "holes": DoubleTensorType, "count": Int64TensorType, "kind": StringTensorType,
    "flag": BooleanTensorType, "same": DoubleTensorType, "code": Int64TensorType, "code_with_holes": DoubleTensorType,
    "share": DoubleTensorType, "flag_with_holes": DoubleTensorType,
}  # fmt: skip


def outputs(model, rows, kinds=KINDS, **options):
    """Return the outputs of the graph by name."""
    if isinstance(rows, np.ndarray):
        types, feed = [("X", kinds([None, rows.shape[1]]))], {"X": rows}
    else:
        types = [(name, kind([None, 1])) for name, kind in kinds.items()]
        feed = {name: rows[[name]].to_numpy() for name in kinds}
    graph = skl2onnx.to_onnx(model, initial_types=types, options=options or None)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    used = [one.name for one in session.get_inputs()]
    found = session.run(None, {name: feed[name] for name in used})
    return dict(zip([one.name for one in session.get_outputs()], found, strict=True))


def assert_classes(model, rows, kinds=KINDS):
    found, P = outputs(model, rows, kinds, zipmap=False), model.predict_proba(rows)
    assert np.ptp(P, axis=0).min() > 0.01  # else equal numbers would say little
    np.testing.assert_allclose(found["probabilities"], P, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(found["label"], model.predict(rows))


def assert_numbers(model, rows, kinds=KINDS):
    (found,), expected = outputs(model, rows, kinds).values(), model.predict(rows)
    assert found.dtype == np.float64
    scale = np.abs(expected - expected.mean(axis=0)).max()
    assert scale > 0.01
    np.testing.assert_allclose(found, expected.reshape(len(found), -1), rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("rows", [PLAIN, NEW], ids=["seen", "new"])
@pytest.mark.parametrize("names", [("no", "yes"), ("a", "bb", "ü"), (-1, 7), (False, True)])
def test_classes(names, rows):
    assert_classes(TabularClassifier(n_members=4, random_state=0).fit(X, classes(X, names)), rows)


@pytest.mark.parametrize("rows", [PLAIN, NEW], ids=["seen", "new"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"loss": "poisson"},
        {"loss": "huber", "delta": 0.5},
        {"loss": "quantile"},
        {"loss": "quantile", "quantile": [0.1, 0.9]},
    ],
)
def test_numbers(settings, rows):
    assert_numbers(TabularRegressor(n_members=4, random_state=0, **settings).fit(X, numbers(X)), rows)


def test_predictions_far_from_zero_keep_their_digits():
    y = numbers(X) + 1e9
    model = TabularRegressor(n_members=2, random_state=0).fit(X, y)
    (found,) = outputs(model, PLAIN).values()
    np.testing.assert_allclose(found[:, 0], model.predict(PLAIN), rtol=0, atol=1e-3)


def test_columns_in_another_order_and_of_other_types():
    model = TabularClassifier(n_members=4, random_state=0).fit(X, classes(X))
    assert_classes(model, PLAIN, dict(sorted(KINDS.items(), reverse=True)))
    rows = PLAIN.astype({"number": "float32", "count": "float64", "code": "float64"})
    assert_classes(
        model, rows, KINDS | {"number": FloatTensorType, "count": DoubleTensorType, "code": DoubleTensorType}
    )
    assert_classes(model, PLAIN, {name: kind for name, kind in KINDS.items() if name != "same"})


def test_text_alone():
    """The first input, which tells skl2onnx the type of the outputs, has no numbers."""
    kinds = {"kind": StringTensorType, "other": StringTensorType}
    rows = X[["kind"]].assign(other=np.where(np.arange(len(X)) % 3, "x", "y"))
    assert_classes(TabularClassifier(n_members=2).fit(rows, np.where(rows["other"] == "x", "p", "q")), rows, kinds)
    assert_numbers(TabularRegressor(n_members=2).fit(rows, rows["other"] == "x"), rows, kinds)


def test_codes_alone():
    rows = np.arange(60)[:, np.newaxis] % 4
    frame = pd.DataFrame({"code": pd.Categorical(rows[:, 0])})
    model = TabularClassifier(n_members=2).fit(frame, rows[:, 0] > 1)
    assert_classes(model, pd.DataFrame({"code": rows[:, 0] + 1}), {"code": Int64TensorType})


@pytest.mark.parametrize("kind", [FloatTensorType, DoubleTensorType])
def test_an_array_with_a_constant_column(kind):
    rows = X[["same", "number", "holes", "count"]].to_numpy("f4" if kind is FloatTensorType else "f8")
    assert_classes(TabularClassifier(n_members=4, random_state=0).fit(rows, classes(X)), rows, kind)


def test_a_frame_tells_the_inputs_and_probabilities_are_dicts():
    rows = PLAIN[["number", "kind", "flag"]]
    model = TabularClassifier(n_members=2, random_state=0).fit(rows, classes(X))
    session = onnxruntime.InferenceSession(skl2onnx.to_onnx(model, rows[:1]).SerializeToString())
    label, P = session.run(None, {name: rows[[name]].to_numpy() for name in rows})
    np.testing.assert_array_equal(label, model.predict(rows))
    np.testing.assert_allclose(pd.DataFrame(P)[["no", "yes"]], model.predict_proba(rows), rtol=0, atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation, monkeypatch):
    recipe = replace(SMALL, activation=activation, smooth_activation=activation)
    monkeypatch.setattr("fastmlp.tabular.estimator.recipe_for", lambda n, classes: recipe)
    assert_classes(TabularClassifier(n_members=2, random_state=0).fit(X, classes(X)), NEW)


def test_every_kind_of_features():
    """Nets of parts in any order, with and without bias, of several weights."""
    rows = X[["number", "holes"]].assign(code=np.arange(len(X)) % 7)
    y = numbers(X)
    model = TabularRegressor(n_members=2).fit(rows.astype({"code": "category"}), y)
    table = ((1.0, -2.0), (0.5, 4.0), (3.0, 0.0))
    first = (
        Bins(1, (-1.0, -0.25, 0.5, 2.0)), Waves(1, (0.5, 3.0, 10.0)), Number(0), OneHot(2, 5), Waves(0, (0.25,)),
        Clipped(1), Missing(1), Values(2, table), Values(0, ((1.0,), (2.0,))), Bins(0, (-0.5, 0.0, 0.125)), Number(1),
        OneHot(0, 2), Missing(0),
    )  # fmt: skip
    model.models_ = [
        Model([each.n_inputs, 5, 1], "leaky_relu", bias, seed=1, features=each, loss="squared_error")
        for each, bias in ((Features(3, first), True), (Features(3, first[::-1]), False))
    ]
    model.weights_ = np.array([0.75, 0.25])
    kinds = {"number": DoubleTensorType, "holes": DoubleTensorType, "code": Int64TensorType}
    far = rows.assign(number=rows["number"] * 30, code=np.arange(len(X)) % 9)
    for each in (rows, far, rows.assign(number=np.where(np.arange(len(X)) % 2, np.nan, 50.0))):
        assert_numbers(model, each, kinds)


def test_members_share_the_inputs_of_their_encoding():
    y = classes(X)
    few, many = (skl2onnx.to_onnx(TabularClassifier(n_members=n).fit(X, y), PLAIN[:1]) for n in (4, 8))
    assert len(many.graph.node) - len(few.graph.node) == 4 * (SMALL.depth * 2 + 1)


def test_what_cannot_be_converted_is_named():
    dates = TabularClassifier(n_members=2).fit(table(), classes(X))
    frame = PLAIN.assign(wait=pd.to_timedelta(PLAIN["count"], "s"))
    spans = TabularClassifier(n_members=2).fit(frame[["number", "wait"]], classes(X))
    with pytest.raises(NotImplementedError, match="TabularClassifier: column 'day' was learned as dates, which ONNX"):
        outputs(dates, table(), {**dict(list(KINDS.items())[:6]), "day": StringTensorType})
    with pytest.raises(NotImplementedError, match="column 'wait' was learned as lengths of time"):
        outputs(spans, frame, {"number": DoubleTensorType, "wait": Int64TensorType})
    model = TabularClassifier(n_members=2).fit(PLAIN[["number", "kind"]], classes(X))
    with pytest.raises(ValueError, match="TabularClassifier: no input of the graph for the column\\(s\\) 'kind'"):
        outputs(model, PLAIN, {"number": DoubleTensorType, "flag": BooleanTensorType})
    with pytest.raises(ValueError, match="'kind' is a Int64TensorType, but it was learned as categories of type str"):
        outputs(model, PLAIN, {"number": DoubleTensorType, "kind": Int64TensorType})
    with pytest.raises(ValueError, match="'number' is a StringTensorType, but it was learned as numbers"):
        outputs(model, PLAIN, {"number": StringTensorType, "kind": StringTensorType})
