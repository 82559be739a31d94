"""Models on disk: everything comes back, and nothing but a model is read."""

import math
import os
import pickle

import numpy as np
import pytest

from fastmlp import Adam, Model, ModelFormatError


def mish(z):
    return z * math.tanh(math.log1p(math.exp(z)))


def mish_derivative(z):
    t = math.tanh(math.log1p(math.exp(z)))
    return t + z * (1 - t * t) / (1 + math.exp(-z))


def trained(activation="relu", dtype="float32"):
    random = np.random.default_rng(0)
    X = random.standard_normal((300, 3))
    y = X[:, 0] > X[:, 1] ** 2
    model = Model([3, 7, 5, 1], activation, dtype=dtype, seed=3)
    model.scaling = X.mean(axis=0), 1 / X.std(axis=0)
    model.feature_names, model.target_name, model.classes = ["a", "b", "ü"], "t", ["no", "yes"]
    model.fit(X, y, epochs=2, batch_size=32, optimizer=Adam(learning_rate=0.01))
    return model, X, y


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_comes_back(tmp_path, dtype):
    model, X, y = trained(["tanh", "gelu"], dtype)
    model.save(tmp_path / "m")
    loaded = Model.load(tmp_path / "m")
    assert np.array_equal(loaded.parameters, model.parameters)
    assert loaded.parameters.dtype == dtype
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert loaded.history == model.history
    for name in ("widths", "seed", "feature_names", "target_name", "classes"):
        assert getattr(loaded, name) == getattr(model, name)
    for one in (model, loaded):
        one.fit(X, y, epochs=2, batch_size=32, optimizer=one.optimizer)
    assert np.array_equal(loaded.parameters, model.parameters), "training goes on as if never interrupted"
    assert loaded.optimizer.t == model.optimizer.t == 40


def test_own_activation_must_be_given_again(tmp_path):
    model, X, _ = trained((mish, mish_derivative))
    model.save(tmp_path / "m")
    with pytest.raises(ModelFormatError, match="mish"):
        Model.load(tmp_path / "m")
    loaded = Model.load(tmp_path / "m", activations={"mish": (mish, mish_derivative)})
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_pickle_keeps_the_views():
    model, X, _ = trained()
    copy = pickle.loads(pickle.dumps(model))
    assert np.array_equal(copy.predict_proba(X), model.predict_proba(X))
    copy.weights[0][...] = 0
    assert np.all(copy.parameters[:21] == 0), "weights are views on the parameters"


def test_damaged_files(tmp_path):
    model, _, _ = trained()
    path = tmp_path / "m"
    model.save(path)
    data = path.read_bytes()
    for content in (b"", data[:7], data[:200], data[:-1], b"\xff" * 64, pickle.dumps(model), b"\xff" * 8 + data[8:]):
        path.write_bytes(content)
        with pytest.raises(ModelFormatError):
            Model.load(path)
    with pytest.raises(FileNotFoundError):
        Model.load(tmp_path / "missing")


def test_newer_version(tmp_path, monkeypatch):
    model, _, _ = trained()
    monkeypatch.setattr("fastmlp.model_file.FORMAT_VERSION", 99)
    model.save(tmp_path / "m")
    monkeypatch.undo()
    with pytest.raises(ModelFormatError, match="upgrade"):
        Model.load(tmp_path / "m")


def test_nan_weights_are_refused(tmp_path):
    model, _, _ = trained()
    model.parameters[5] = np.nan
    model.save(tmp_path / "m")
    with pytest.raises(ModelFormatError, match="finite"):
        Model.load(tmp_path / "m")


def test_a_failing_save_keeps_the_old_file(tmp_path, monkeypatch):
    model, _, _ = trained()
    path = tmp_path / "m"
    model.save(path)
    old = path.read_bytes()
    model.parameters[0] += 1

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        model.save(path)
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["m"], "no temporary file is left"


def test_mode_bits_and_links(tmp_path):
    model, _, _ = trained()
    (tmp_path / "plain").write_text("x")
    (tmp_path / "target").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    model.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert Model.load(tmp_path / "target").widths == model.widths
    assert (tmp_path / "target").stat().st_mode == (tmp_path / "plain").stat().st_mode
