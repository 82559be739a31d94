"""Models of mixed_bfloat16 on disk: the dtype comes back, θ is float32, and any CPU reads the file."""

import numpy as np
import pytest
from model_files import assemble, taken_apart

from fastmlp import Model, ModelFormatError, UnsupportedCPUError
from fastmlp.features import Features, Number, OneHot

X = np.random.default_rng(0).standard_normal((200, 3)).astype("float32")
y = (X[:, 0] * X[:, 1] > 0).astype(int)


def mish(z):
    return z * np.tanh(np.log1p(np.exp(z)))


def mish_derivative(z):
    t = np.tanh(np.log1p(np.exp(z)))
    return t + z * (1 - t * t) / (1 + np.exp(-z))


def mixed(**arguments):
    return Model([3, 8, 1], dtype="mixed_bfloat16", **arguments)


@pytest.fixture
def path(bfloat16, tmp_path):
    """Return the file of a model that was trained."""
    mixed().fit(X, y, epochs=2).save(tmp_path / "model")
    return tmp_path / "model"


def test_it_comes_back(path):
    model = Model.load(path)
    expected = mixed().fit(X, y, epochs=2)
    assert model.mixed
    assert model.network.plan.mixed
    for one in (model, expected):
        one.fit(X, y, epochs=1, optimizer=one.optimizer)
    assert np.array_equal(model.parameters, expected.parameters)


def test_the_format_is_the_documented_one(path):
    description, tensors = taken_apart(path.read_bytes())
    assert description["version"] == 6
    assert description["dtype"] == "mixed_bfloat16"
    assert tensors["parameters"].dtype == tensors["moments"].dtype == np.float32


def test_float64_parameters_are_refused(path):
    description, tensors = taken_apart(path.read_bytes())
    path.write_bytes(assemble(description, {**tensors, "parameters": tensors["parameters"].astype("f8")}))
    with pytest.raises(ModelFormatError, match="parameters are of dtype float64, not float32"):
        Model.load(path)


def test_features_that_are_looked_up_are_refused(tmp_path):
    features = Features(2, [Number(0), OneHot(1, 3)])
    Model([features.n_inputs, 1], features=features).save(tmp_path / "model")
    description, tensors = taken_apart((tmp_path / "model").read_bytes())
    (tmp_path / "model").write_bytes(assemble({**description, "dtype": "mixed_bfloat16"}, tensors))
    with pytest.raises(ModelFormatError, match=r"mixed_bfloat16.*OneHot"):
        Model.load(tmp_path / "model")


def test_own_activations_are_compared(bfloat16, tmp_path):
    mixed(activation=(mish, mish_derivative)).save(tmp_path / "model")
    assert Model.load(tmp_path / "model", activations={"mish": (mish, mish_derivative)}).mixed
    with pytest.raises(ValueError, match="another function"):
        Model.load(tmp_path / "model", activations={"mish": (np.tanh, mish_derivative)})


def test_without_instructions_a_file_loads_predicts_and_is_saved_as_it_was(path, without_bfloat16):
    before = path.read_bytes()
    without_bfloat16()
    model = Model.load(path)
    with pytest.warns(RuntimeWarning, match="predictions are computed in float32"):
        model.predict(X)
    model.save(path)
    assert path.read_bytes() == before
    with pytest.raises(UnsupportedCPUError, match="use dtype='float32'"):
        model.fit(X, y)


def interrupt(model, record):
    raise KeyboardInterrupt


def test_a_checkpoint_goes_on(bfloat16, tmp_path):
    expected, model = mixed().fit(X, y, epochs=3, batch_size=50), mixed()
    file = {"epochs": 3, "batch_size": 50, "checkpoint": tmp_path / "fit"}
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y, callbacks=interrupt, **file)
    with pytest.raises(ValueError, match="dtype='mixed_bfloat16', but this one has 'float32'"):
        Model([3, 8, 1]).fit(X, y, resume=True, **file)
    assert np.array_equal(mixed().fit(X, y, resume=True, **file).parameters, expected.parameters)
