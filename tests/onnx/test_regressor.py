"""What onnxruntime computes from an exported MLPRegressor is what the regressor predicts."""

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import skl2onnx
from sklearn.datasets import make_regression
from sklearn.ensemble import StackingRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastmlp.onnx  # noqa: F401
from fastmlp import MLPRegressor, TableEncoder
from fastmlp.activations import ACTIVATIONS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = make_regression(120, 6, n_targets=3, noise=5.0, random_state=0)
Y = Y / 50
COUNTS = np.round(np.exp(Y / 2))
FLOATS = ["float32", "float64"]
SHAPES = {  # of y
    "squared error": ({}, Y),
    "poisson": ({"loss": "poisson"}, COUNTS),
    "quantile": ({"loss": "quantile", "quantile": 0.8}, Y),
    "huber": ({"loss": "huber", "delta": 0.5}, Y),
}
LOSSES = {f"{name}, K = {K}": (how, y[:, :K]) for name, (how, y) in SHAPES.items() for K in (1, 3)}
del LOSSES["quantile, K = 3"]  # one column of y, for which a list gives several quantiles
LOSSES["quantiles"] = {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}, Y[:, :1]
STANDARDIZED = {name: case for name, case in LOSSES.items() if "poisson" not in name}


def fitted(X=X, y=Y, **settings):
    settings = {"hidden_layer_sizes": (7,), "max_iter": 5, "learning_rate_init": 0.05, "random_state": 0, **settings}
    return MLPRegressor(**settings).fit(X, y[:, 0] if y.shape[1] == 1 else y)


def inputs(X):
    """Of the graph: an array, or each column of a frame as (n, 1)."""
    return {"X": X} if isinstance(X, np.ndarray) else {name: X[[name]].to_numpy() for name in X}


def output(regressor, X):
    """Return the one output of the graph; its name and shape are those of skl2onnx's own regressors."""
    model = skl2onnx.to_onnx(regressor, X[:1])
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, inputs(X))
    assert [output.name for output in session.get_outputs()] == ["variable"]
    return found


def assert_same(regressor, X, exact=True):
    """rtol: what the types of the graph and of the net allow."""
    found, expected = output(regressor, X), regressor.predict(X)
    assert found.dtype == (X.dtype if isinstance(X, np.ndarray) else np.float32)
    scale = np.abs(expected).max()
    tolerance = 1e-9 if found.dtype == np.float64 and exact else 1e-5
    np.testing.assert_allclose(found, expected.reshape(len(expected), -1), rtol=tolerance, atol=tolerance * scale)
    assert np.ptp(found, axis=0).min() > 0.01 * scale  # else equal numbers would say little


# --- losses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", LOSSES)
def test_losses(name, dtype):
    how, y = LOSSES[name]
    assert_same(fitted(X.astype(dtype), y, **how), X.astype(dtype))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", STANDARDIZED)
def test_standardized_targets_come_back_in_their_units(name, dtype):
    how, y = STANDARDIZED[name]
    assert_same(fitted(X.astype(dtype), 1000 + 30 * y, standardize_target=True, **how), X.astype(dtype))


@pytest.mark.parametrize("dtype", FLOATS)
def test_quantiles_that_cross_are_put_in_order(dtype):
    regressor = fitted(X.astype(dtype), Y[:, :1], loss="quantile", quantile=[0.4, 0.5, 0.6], max_iter=1)
    Z = X @ regressor.coefs_[0] + regressor.intercepts_[0]
    Z = np.maximum(Z, 0) @ regressor.coefs_[1] + regressor.intercepts_[1]
    assert (np.diff(Z, axis=1) < 0).any()
    assert (np.diff(output(regressor, X.astype(dtype)), axis=1) >= 0).all()
    assert_same(regressor, X.astype(dtype))


@pytest.mark.parametrize("dtype", FLOATS)
def test_poisson_is_bounded_where_the_net_bounds_it(dtype):
    regressor = fitted(X.astype(dtype), COUNTS[:, :1], loss="poisson")
    regressor.coefs_[1] *= 1e4
    A = output(regressor, X.astype(dtype))
    assert np.isfinite(A).all()
    bounded = np.finfo(dtype).max / 5 < A
    assert bounded.any()
    np.testing.assert_allclose(A[bounded], regressor.predict(X.astype(dtype))[bounded[:, 0]], rtol=1e-5)


def test_numbers_of_float64_in_a_graph_of_float32():
    """A graph of float32 bounds e^z where float32 ends, though the net has float64."""
    regressor = fitted(X, COUNTS[:, :1], loss="poisson")
    regressor.intercepts_[1] += 200
    assert np.isfinite(output(regressor, X.astype("float32"))).all()


def test_whole_numbers_as_input():
    counts = (10 * X).astype(np.int64)
    regressor = fitted(counts)
    np.testing.assert_allclose(output(regressor, counts), regressor.predict(counts), rtol=1e-4, atol=1e-4)


# --- activations --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation, dtype):
    assert_same(fitted(X.astype(dtype), activation=activation), X.astype(dtype), exact=activation != "gelu")


def test_one_activation_per_layer_and_none():
    assert_same(fitted(hidden_layer_sizes=(7, 6), activation=["silu", "tanh"]), X)
    assert_same(fitted(hidden_layer_sizes=()), X)


def cubed(z):
    return z * z * z


def cubed_slope(z):
    return 3 * z * z


def test_own_functions_are_refused_by_name():
    with pytest.raises(ValueError, match="activation: cubed is a Python function"):
        skl2onnx.to_onnx(fitted(activation=(cubed, cubed_slope)), X[:1])


# --- scikit-learn's tools -----------------------------------------------------------------------------


def test_shapes_of_the_output():
    def shape(regressor):
        (output,) = skl2onnx.to_onnx(regressor, X[:1]).graph.output
        return [axis.dim_value for axis in output.type.tensor_type.shape.dim]

    assert shape(fitted()) == [0, 3]  # 0: any number of rows
    assert shape(fitted(y=Y[:, :1])) == [0, 1]


@pytest.mark.parametrize("dtype", FLOATS)
def test_pipeline(dtype):
    far = (9 + 5 * X).astype(dtype)
    regressor = MLPRegressor(hidden_layer_sizes=(7,), max_iter=5, standardize_target=True, random_state=0)
    assert_same(make_pipeline(StandardScaler(), regressor).fit(far, Y), far)


def test_pipeline_of_a_table():
    table = pd.DataFrame({"a": X[:, 0], "b": np.where(X[:, 1] > 1, np.nan, X[:, 1])})
    table["job"] = np.array(["clerk", "smith", "baker"], object)[np.arange(len(X)) % 3]
    regressor = MLPRegressor(hidden_layer_sizes=(7,), max_iter=20, learning_rate_init=0.01, random_state=0)
    assert_same(make_pipeline(TableEncoder(), regressor).fit(table, Y[:, 0]), table)


@pytest.mark.parametrize(
    "around",
    [
        lambda inner: GridSearchCV(inner, {"hidden_layer_sizes": [(4,), (7,)]}, cv=2),
        lambda inner: StackingRegressor([("net", inner)], inner, cv=2),
    ],
)
def test_inside_other_estimators(around):
    inner = MLPRegressor(hidden_layer_sizes=(7,), max_iter=5, learning_rate_init=0.05, random_state=0)
    assert_same(around(inner).fit(X.astype("float32"), Y[:, 0].astype("float32")), X.astype("float32"))


def test_coefficients_put_in_later_are_exported():
    regressor = fitted()
    regressor.coefs_[0] = np.ones((6, 7), int)
    regressor.intercepts_ = [b + 1 for b in regressor.intercepts_]
    assert_same(regressor, X)
