"""dtype="mixed_bfloat16" of `Model`: what it is, and what happens on a CPU without the instructions."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from numba.core import config as numba_config

import fastmlp
from fastmlp import Model, UnsupportedCPUError
from fastmlp.features import Bins, Features, Number, OneHot, Waves

X = np.random.default_rng(0).standard_normal((200, 3)).astype("float32")
y = (X[:, 0] * X[:, 1] > 0).astype(int)
REFUSED = (
    "dtype='mixed_bfloat16': products of bfloat16 .* this CPU .* has none; Intel Xeon .* AMD .*; use dtype='float32'"
)
FLOAT32 = "dtype='mixed_bfloat16': .*; predictions are computed in float32"


def mixed(**arguments):
    return Model([3, 8, 1], dtype="mixed_bfloat16", **arguments)


@pytest.fixture
def trained(bfloat16):
    return mixed().fit(X, y, epochs=2)


def as_float32(model):
    """Return a model of float32 with the same parameters."""
    other = Model([3, 8, 1])
    other.parameters[:] = model.parameters
    return other


def test_parameters_moments_gradients_and_predictions_are_float32(trained):
    _, gradient = trained.loss_and_gradient(X, y)
    assert trained.dtype == trained.parameters.dtype == trained.optimizer.moments.dtype == np.float32
    assert gradient.parameters.dtype == trained.predict_proba(X).dtype == np.float32
    assert trained.mixed
    assert trained.network.plan.mixed
    assert not Model([3, 1]).mixed


def test_the_first_weights_are_those_of_float32():
    assert np.array_equal(mixed(seed=3).parameters, Model([3, 8, 1], seed=3).parameters)


def test_repr_tells_it():
    assert "dtype='mixed_bfloat16'" in repr(mixed())
    assert "dtype='float32'" in repr(Model([3, 1]))


@pytest.mark.parametrize(
    ("dtype", "error"), [("float16", ValueError), ("mixed_float16", TypeError), (int, ValueError), (["x"], TypeError)]
)
def test_other_dtypes_are_refused(dtype, error):
    with pytest.raises(error, match=r"dtype=.*choose 'float32', 'float64' or 'mixed_bfloat16'"):
        Model([3, 1], dtype=dtype)


@pytest.mark.parametrize("part", [Bins(1, [0.0, 1.0]), OneHot(1, 3)], ids=["bins", "categories"])
def test_features_that_are_looked_up_are_refused(part):
    features = Features(2, [Number(0), part])
    with pytest.raises(ValueError, match=f"mixed_bfloat16.* {type(part).__name__}.*use dtype='float32'"):
        Model([features.n_inputs, 1], dtype="mixed_bfloat16", features=features)


def test_other_features_are_multiplied(bfloat16):
    features = Features(3, [Number(0), Waves(1, [1.0])])
    model = Model([features.n_inputs, 1], dtype="mixed_bfloat16", features=features).fit(X, y, epochs=1)
    assert model.network.plan.mixed


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_and_pickles_keep_it(way, trained):
    again = way(trained)
    assert again.mixed
    assert again.network.plan == trained.network.plan
    assert np.array_equal(again.predict_proba(X), trained.predict_proba(X))
    for model in (again, trained):
        model.fit(X, y, epochs=1, optimizer=model.optimizer)
    assert np.array_equal(again.parameters, trained.parameters)


TRAINING = {
    "fit": lambda model: model.fit(X, y, epochs=1),
    "loss_and_gradient": lambda model: model.loss_and_gradient(X, y),
    "a checkpoint": lambda model: model.fit(X, y, epochs=1, checkpoint="/nowhere/file"),
}
PREDICTING = {
    "predict": lambda model: model.predict(X),
    "predict_proba": lambda model: model.predict_proba(X),
    "iter_proba": lambda model: np.concatenate(list(model.iter_proba(X))),
    "iter_predict": lambda model: np.concatenate(list(model.iter_predict(X))),
    "loss": lambda model: model.loss(X, y),
}


@pytest.mark.parametrize("call", TRAINING.values(), ids=TRAINING)
def test_training_is_refused_without_instructions(call, without_bfloat16):
    without_bfloat16()
    model = mixed()
    before = model.parameters.copy()
    with pytest.raises(UnsupportedCPUError, match=REFUSED) as caught:
        call(model)
    assert isinstance(caught.value, RuntimeError)
    assert np.array_equal(model.parameters, before)
    assert model.history == []


@pytest.mark.parametrize("call", PREDICTING.values(), ids=PREDICTING)
def test_predictions_without_instructions_are_those_of_float32(call, trained, without_bfloat16):
    data = pickle.dumps(trained)
    without_bfloat16()
    model = pickle.loads(data)
    assert model.mixed
    with pytest.warns(RuntimeWarning, match=FLOAT32) as warned:
        found = call(model)
    assert [warning.filename for warning in warned] == [__file__]
    assert np.array_equal(found, call(as_float32(model)))


def test_a_line_that_predicts_warns_once(without_bfloat16):
    without_bfloat16()
    model = mixed()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")
        for _ in range(3):
            model.predict(X)
        model.predict(X)
    assert len({warning.lineno for warning in warned}) == len(warned) == 2


def test_other_models_do_not_warn(without_bfloat16):
    without_bfloat16()
    Model([3, 1]).fit(X, y, epochs=1).predict(X)


def test_the_variable_lets_any_cpu_train(monkeypatch):
    monkeypatch.setenv("FASTMLP_BFLOAT16", "plain")
    assert fastmlp.cpu_features().mixed_bfloat16 == "plain"
    assert mixed().network.plan.mixed


def test_cpu_features_tell_why_not(without_bfloat16, monkeypatch):
    monkeypatch.setattr(numba_config, "CPU_FEATURES", "+avx512f,-avx512bf16,+amx-bf16")
    found = fastmlp.cpu_features()
    assert (found.avx512f, found.avx512_bf16, found.amx_bf16) == (True, False, True)
    assert (found.mixed_bfloat16 is None) == (found.why_not is not None)
    without_bfloat16()
    found = fastmlp.cpu_features()
    assert found.mixed_bfloat16 is None
    assert "i386" in found.why_not
    assert "AMD from Zen 4" in found.why_not
