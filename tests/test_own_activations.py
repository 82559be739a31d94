"""Activations of the user's own: what they see, what they raise, which are the same, and how files know them again."""

import functools
import gc
import math
import types

import cloudpickle
import numba
import numpy as np
import pytest
from model_files import assemble, taken_apart

from fastmlp import ActivationError, MLPClassifier, Model, ModelFormatError, RowError
from fastmlp.own_activations import compiled, own, pair_of
from fastmlp.saving import container

X = np.random.default_rng(0).standard_normal((20_000, 7))
y = (X[:, 0] > 0).astype(int)


def sinc(z):
    return math.sin(z) / z


def sinc_derivative(z):
    return (z * math.cos(z) - math.sin(z)) / (z * z)


def numpy_sinc(Z):
    return np.sin(Z) / Z, (Z * np.cos(Z) - np.sin(Z)) / Z**2


def one(z):
    return 1.0


def identity(z):
    return z


# --- what they see --------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 5, 8, 33])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_padding_is_not_seen(width, dtype):
    """Division by the zeros there, and by what they become, must touch neither other columns nor other rows."""
    model = Model([7, width, 1], (sinc, sinc_derivative), dtype=dtype)
    J, gradient = model.loss_and_gradient(X, y)
    (W1, W2), (b1, b2) = ([part.astype(float) for part in parts] for parts in (model.weights, model.biases))
    A, slope = numpy_sinc(X @ W1 + b1)
    z = (A @ W2 + b2)[:, 0]
    d = 1 / (1 + np.exp(-z)) - y
    tolerance = {"float32": 2e-3, "float64": 1e-9}[dtype]
    assert pytest.approx((np.logaddexp(0, z) - y * z).sum(), rel=tolerance) == J
    np.testing.assert_allclose(gradient.weights[1], A.T @ d[:, None], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(gradient.weights[0], X.T @ (d[:, None] * W2.T * slope), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(model.predict_proba(X), 1 / (1 + np.exp(-z)), atol=tolerance)


@pytest.mark.parametrize("jit", [lambda f: f, numba.njit, numba.njit(error_model="python")])
def test_division_by_zero_is_that_of_numpy(jit):
    model = Model([1, 1, 1], (jit(lambda z: 1 / (1 + 1 / z)), one), bias=False, dtype="float64")
    model.weights[0][:] = model.weights[1][:] = 1
    np.testing.assert_allclose(model.predict_proba([[0.0], [1.0]]), 1 / (1 + np.exp([0, -0.5])))
    undefined = Model([1, 1, 1], (jit(lambda z: 0 / z), one), bias=False)
    with pytest.raises(RowError, match=r"row 1: the output is NaN, as .* or an activation is not defined there"):
        undefined.predict_proba([[1.0], [0.0]])


# --- what they raise ------------------------------------------------------------------------------


def refuses_large(z):
    if z > 6:
        raise RuntimeError("too large for me")
    return z


def one_or_refuses_large(z):
    return refuses_large_compiled(z) * 0 + 1


refuses_large_compiled = numba.njit(refuses_large)
CALLS = {
    "predict": lambda model, X: model.predict(X),
    "loss": lambda model, X: model.loss(X, y),
    "loss_and_gradient": lambda model, X: model.loss_and_gradient(X, y),
    "small batches": lambda model, X: model.fit(X, y, epochs=2, batch_size=50, shuffle=False),
    "one batch": lambda model, X: model.fit(X, y, epochs=2, batch_size=None),
}


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("broken", ["g", "g'"])
def test_exceptions_end_the_call(call, n_threads, broken):
    """That of a single row, whichever thread has it; the weights are those from before."""
    pair = (refuses_large, one) if broken == "g" else (identity, one_or_refuses_large)
    model = Model([7, 3, 3, 1], ["tanh", pair], bias=False, dtype="float64", n_threads=n_threads)
    model.weights[0][:] = np.eye(7, 3)
    model.weights[1][:] = 9 * np.eye(3)
    rows, before = X.clip(-0.3, 0.3), model.parameters.copy()
    rows[-7, 1] = 4.0
    if broken == "g'" and call in ("predict", "loss"):
        CALLS[call](model, rows)
        return
    with pytest.raises(ActivationError, match=f"activation '{pair[0].__name__}': {broken}" r"\([6-9]") as caught:
        CALLS[call](model, rows)
    assert "raised RuntimeError: too large for me" in str(caught.value)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert np.array_equal(model.parameters, before)
    CALLS[call](model, rows.clip(-0.3, 0.3))


def test_exceptions_of_a_classifier():
    classifier = MLPClassifier(3, (refuses_large, one), max_iter=2)
    with pytest.raises(ActivationError, match="too large for me"):
        classifier.fit(100 * X[:300], y[:300])


# --- which can be given ---------------------------------------------------------------------------


class Swish:
    """A callable object, and a method."""

    def __init__(self, beta):
        self._beta, self.note = beta, "not a number"

    def __call__(self, z):
        return z / (1 + math.exp(-self._beta * z))

    def derivative(self, z):
        s = 1 / (1 + math.exp(-self._beta * z))
        return s + self._beta * z * s * (1 - s)


def power(a, z, b=1.0, c=0.0):
    return a * z * z + b * z + c


swish = Swish(1.5)
GIVEN = {
    "tanh": (np.tanh, lambda Z: np.tanh(Z)),
    "math": (math.atan, np.arctan),
    "object": (swish, lambda Z: Z / (1 + np.exp(-1.5 * Z))),
    "method": (swish.derivative, lambda Z: [swish.derivative(z) for z in Z]),
    "partial": (functools.partial(power, 2.0, c=3.0), lambda Z: 2 * Z * Z + Z + 3),
    "partial of jitted": (functools.partial(numba.njit(power), 2), lambda Z: 2 * Z * Z + Z),
    "partial of ufunc": (functools.partial(np.maximum, 0.25), lambda Z: np.maximum(0.25, Z)),
    "default": (lambda z, c=2.0: c * z, lambda Z: 2 * Z),
    "vectorize": (numba.vectorize(lambda z: 3 * z), lambda Z: 3 * Z),
    "integer": (lambda z: 1 if z > 0 else 0, lambda Z: Z > 0),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_kinds_of_functions(kind):
    f, expected = GIVEN[kind]
    z = [-1.5, 0.0, 0.5, 2.0]
    for dtype in (np.dtype("float32"), np.dtype("float64")):
        pair = own(f, f, dtype)
        found = pair.values(z)
        np.testing.assert_allclose(found["g"], expected(np.array(z)), rtol=1e-6)
        assert found["dg"] == found["g"]


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: a, lambda z: None, lambda z: 1j * z, lambda z: None if z > 0 else z, lambda z: [z],
        lambda z: str(object()), lambda z: X, list, functools.partial(np.tanh, x=3), Model, print,
        functools.partial(power), types.SimpleNamespace, MLPClassifier().fit,
    ],
)  # fmt: skip
def test_what_cannot_be_compiled(f):
    for pair in ((f, one), (one, f)):
        with pytest.raises(TypeError, match=r"activation: .*; give a pair of scalar functions of z"):
            Model([2, 2, 1], pair)


# --- which are the same ---------------------------------------------------------------------------


def scaled(factor):
    return lambda z: factor * z


def with_global(value):
    space = {"VALUE": value, "numba": numba}
    exec("def g(z):\n    return VALUE * z", space)
    return space["g"]


def with_module(value):
    module = types.ModuleType("settings")
    module.VALUE = value
    space = {"settings": module}
    exec("def g(z):\n    return settings.VALUE * z", space)
    return space["g"]


def calling(value):
    inner = numba.njit(scaled(value))
    return lambda z: inner(z)


def with_default(value):
    def g(z, factor=value):
        return factor * z

    return g


MAKERS = {
    "closure": scaled, "global": with_global, "jitted": lambda value: numba.njit(scaled(value)), "calls": calling,
    "default": with_default, "partial": lambda value: functools.partial(power, value),
    "array": lambda value: scaled(np.array([value])[0]), "object": Swish,
    "method": lambda value: Swish(value).derivative,
}  # fmt: skip


@pytest.mark.parametrize("maker", MAKERS)
def test_functions_with_the_same_code_and_values_are_the_same(maker):
    def key(value, dtype="float64"):
        return pair_of(make(value), one, np.dtype(dtype))

    make = MAKERS[maker]
    copy = cloudpickle.loads(cloudpickle.dumps(make(1.5)))
    assert key(1.5) == key(1.5) == pair_of(copy, one, np.dtype("float64"))
    assert hash(key(1.5)) == hash(key(1.5))
    assert len({key(1.5), key(2.5), key(np.nextafter(1.5, 2)), key(1.5, "float32")}) == 4


@pytest.mark.parametrize(("a", "b"), [(1, 1.0), (0.0, -0.0), (True, 1), (1.0, np.float32(1))])
def test_constants_of_other_types_or_signs_are_others(a, b):
    dtype = np.dtype("float64")
    assert pair_of(scaled(a), one, dtype) != pair_of(scaled(b), one, dtype)


def test_other_code_is_another_function():
    functions = (
        lambda z: 2 * z, lambda z: 3 * z, lambda z: z * 2, lambda z: 2.0 * z, lambda z: math.sin(z),
        lambda z: math.cos(z), lambda z: z if z in {1.0, 2.0} else 0, lambda z: z if z in {1.0, 3.0} else 0,
        lambda z: sum([2 * x for x in (z, z)]), lambda z: sum([3 * x for x in (z, z)]), math.sin, np.sin,
        numba.njit(lambda z: 2 * z), numba.njit(fastmath=True)(lambda z: 2 * z), lambda z: recursive(z),
    )  # fmt: skip
    pairs = [pair_of(f, one, np.dtype("float64")) for f in functions]
    assert len(set(pairs)) == len(functions)


def test_equal_lambdas_are_compiled_once():
    dtype = np.dtype("float64")
    first = own(lambda z: 0.125 * z, lambda z: 0.125, dtype)
    for _ in range(3):
        # of another line, as in a notebook's cell that runs again
        assert own(lambda z: 0.125 * z, lambda z: 0.125, dtype) is first


@numba.njit
def recursive(z):
    return recursive(z - 1) if z > 1 else z


def test_what_a_module_holds_belongs_to_a_function():
    dtype, g = np.dtype("float64"), with_module(2.0)
    assert own(g, one, dtype).values([1.0])["g"] == [2.0]
    g.__globals__["settings"].VALUE = 3.0
    assert own(g, one, dtype).values([1.0])["g"] == [3.0]


def test_machine_code_lives_as_long_as_its_net():
    """Though the cache is bounded, and lets go of it."""
    assert compiled.cache_parameters()["maxsize"] is not None
    model = Model([7, 4, 1], (scaled(0.75), lambda z: 0.75))
    expected = model.predict_proba(X)
    compiled.cache_clear()
    gc.collect()
    assert np.array_equal(model.predict_proba(X), expected)
    assert np.array_equal(Model([7, 4, 1], (scaled(0.75), lambda z: 0.75)).predict_proba(X), expected)


# --- how files know them --------------------------------------------------------------------------


def trained(*activations, **options):
    model = Model([7, *[3] * len(activations), 1], list(activations))
    return model.fit(X[:200], y[:200], epochs=1, batch_size=50, **options)


def test_two_functions_of_one_name_are_not_saved(tmp_path):
    pairs = [(lambda z: 0.5 * z, one), (lambda z: 0.25 * z, one), (lambda z: 0.5 * z, one)]
    with pytest.raises(ValueError, match="two different activations have the name '<lambda>'") as caught:
        trained(*pairs).save(tmp_path / "m")
    assert not isinstance(caught.value, ModelFormatError), "no file is to blame"
    with pytest.raises(ValueError, match="<lambda>"):
        trained((pairs[0][0], one), (pairs[0][0], identity)).save(tmp_path / "m")
    model = trained(pairs[0], "tanh", pairs[2])
    model.save(tmp_path / "m")
    loaded = Model.load(tmp_path / "m", activations={"<lambda>": pairs[0]})
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_another_function_is_not_loaded(tmp_path):
    trained((sinc, sinc_derivative)).save(tmp_path / "m")
    Model.load(tmp_path / "m", activations={"sinc": (sinc, sinc_derivative)})
    for pair, match in (
        ((lambda z: 1.01 * sinc_compiled(z), sinc_derivative), r"m: activation 'sinc' is another function .*: g\("),
        ((sinc, lambda z: -sinc_derivative_compiled(z)), r"m: activation 'sinc' is another function .*: dg\("),
        ("tanh", "give the functions"),
    ):
        with pytest.raises((ValueError, TypeError), match=match) as caught:
            Model.load(tmp_path / "m", activations={"sinc": pair})
        assert not isinstance(caught.value, ModelFormatError), "the file is not to blame"


sinc_compiled, sinc_derivative_compiled = numba.njit(sinc), numba.njit(sinc_derivative)


def test_values_that_are_not_finite_or_not_there(tmp_path):
    """Of functions that are not defined everywhere, and in files from before there were values."""
    pair = (lambda z: math.log(z), lambda z: refuses_large_compiled(z))
    Model([7, 3, 1], pair).save(tmp_path / "m")
    Model.load(tmp_path / "m", activations={"<lambda>": pair})
    description, tensors = container.read(tmp_path / "m")
    values = description.pop("activation_values")["<lambda>"]
    assert None in values["g"]
    assert values["dg"][-1] is None
    assert values["g"][values["z"].index(4.5)] == pytest.approx(math.log(4.5))
    container.write(tmp_path / "m", description, tensors)
    Model.load(tmp_path / "m", activations={"<lambda>": (sinc, one)})


@pytest.mark.parametrize(
    "values",
    [
        3, [], {"sinc": 3}, {"sinc": {"z": [1.0], "g": [1.0]}}, {"sinc": {"z": [1.0], "g": [1.0], "dg": []}},
        {"sinc": {"z": [1], "g": [1.0], "dg": [1.0]}}, {"sinc": {"z": [1.0], "g": ["1"], "dg": [1.0]}},
        {"sinc": {"z": None, "g": [1.0], "dg": [1.0]}}, {"sinc": {key: [1.0] * 999 for key in ("z", "g", "dg")}},
    ],
)  # fmt: skip
def test_damaged_values(tmp_path, values):
    trained((sinc, sinc_derivative)).save(tmp_path / "m")
    description, tensors = taken_apart((tmp_path / "m").read_bytes())
    (tmp_path / "m").write_bytes(assemble({**description, "activation_values": values}, tensors))
    with pytest.raises(ModelFormatError, match="activation_values"):
        Model.load(tmp_path / "m", activations={"sinc": (sinc, sinc_derivative)})


def test_a_fit_goes_on_with_the_same_functions_alone(tmp_path):
    def tanh(z):
        return math.sin(z)

    pair, file = (tanh, lambda z: math.cos(z)), tmp_path / "c"
    expected = trained(pair, checkpoint=file).parameters
    for other in ("tanh", (scaled_tanh, pair[1]), (tanh, one)):
        model = Model([7, 3, 1], [other])
        before = model.parameters.copy()
        with pytest.raises(ValueError, match="activation 'tanh' is"):
            model.fit(X[:200], y[:200], epochs=1, batch_size=50, checkpoint=file, resume=True)
        assert np.array_equal(model.parameters, before)
    assert np.array_equal(trained(pair, checkpoint=file, resume=True).parameters, expected)


def scaled_tanh(z):
    return 1.01 * math.sin(z)


scaled_tanh.__name__ = "tanh"
