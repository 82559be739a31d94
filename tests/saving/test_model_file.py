"""Models on disk: everything comes back, from files of all versions; saves that fail change nothing."""

import json
import math
import pickle
import threading
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from safetensors.numpy import load_file

from fastmlp import SGD, Adam, AdamW, Model, ModelFormatError, TableEncoder, rows
from fastmlp.saving import container

RELEASED = sorted((Path(__file__).parents[1] / "released").glob("*.safetensors"))


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


def test_a_second_save_has_the_same_bytes(tmp_path):
    model, _, _ = trained()
    model.save(tmp_path / "one")
    Model.load(tmp_path / "one").save(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("optimizer", [SGD(0.5, schedule="cosine"), AdamW(weight_decay=0.5, epsilon=1e-3)])
@pytest.mark.parametrize("out", ["softmax", "logistic"])
def test_optimizers_and_outputs_come_back(tmp_path, optimizer, out):
    X = np.random.default_rng(1).standard_normal((60, 2))
    y = X > 0 if out == "logistic" else (X[:, 0] > 0).astype(int)
    model = Model([2, 3, 2], bias=False, out_activation=out).fit(X, y, epochs=1, optimizer=optimizer)
    model.save(tmp_path / "m")
    loaded = Model.load(tmp_path / "m")
    assert loaded.optimizer.settings() == model.optimizer.settings()
    assert np.array_equal(loaded.optimizer.moments, model.optimizer.moments)
    assert (loaded.out_activation, loaded.bias) == (out, False)


def test_history_keeps_every_kind_of_number(tmp_path):
    model, _, _ = trained()
    model.history[1]["auc"] = np.float64(0.1)
    model.history += [{"epoch": 3, "validation_loss": math.nan, "best": True}, {"epoch": 4, "loss": math.inf, "n": 7}]
    model.save(tmp_path / "m")
    history = Model.load(tmp_path / "m").history
    assert repr(history) == repr(
        [{**record, **({"auc": 0.1} if k == 1 else {})} for k, record in enumerate(model.history)]
    )
    assert "auc" not in history[0]
    assert type(history[2]["epoch"]) is int


def test_a_long_history_is_no_obstacle(tmp_path):
    model = Model([1, 1])
    model.history = [{"epoch": n, "loss": 1 / n, "seconds": 0.1, "learning_rate": 0.1} for n in range(1, 200_001)]
    model.save(tmp_path / "m")
    assert Model.load(tmp_path / "m").history == model.history


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_files_of_released_versions(path, tmp_path):
    expected = json.loads(path.with_suffix(".json").read_text())
    description, _ = container.read(path)
    assert description["version"] == expected["version"]
    model = Model.load(path)
    X = expected["X"]
    given = rows.Arrow(pyarrow.table(X)) if isinstance(X, dict) else X
    assert model.predict_proba(given) == pytest.approx(np.array(expected["probabilities"]), abs=1e-6)
    assert list(model.widths) == expected["widths"]
    assert len(model.history) == expected["epochs"]
    assert (model.optimizer.t if model.optimizer else None) == expected["t"]
    model.save(tmp_path / "new")
    again = Model.load(tmp_path / "new")
    assert container.read(tmp_path / "new")[0]["version"] == container.FORMAT_VERSION
    assert np.array_equal(again.predict_proba(given), model.predict_proba(given))
    assert again.history == model.history


def test_there_are_files_of_all_versions_but_this():
    versions = {container.read(path)[0]["version"] for path in RELEASED}
    assert versions >= set(range(1, container.FORMAT_VERSION))


def test_safetensors_reads_our_files(tmp_path):
    model, _, _ = trained()
    model.save(tmp_path / "m")
    tensors = load_file(tmp_path / "m")
    assert np.array_equal(tensors["parameters"], model.parameters)
    assert np.array_equal(tensors["moments"], model.optimizer.moments)
    assert np.array_equal(tensors["shift"], model.scaling[0])


def test_own_activation_must_be_given_again(tmp_path):
    model, X, _ = trained((mish, mish_derivative))
    model.save(tmp_path / "m")
    with pytest.raises(ModelFormatError, match="mish"):
        Model.load(tmp_path / "m")
    loaded = Model.load(tmp_path / "m", activations={"mish": (mish, mish_derivative)})
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
    with pytest.raises(TypeError, match="activation"):
        Model.load(tmp_path / "m", activations={"mish": 3})
    with pytest.raises(ValueError, match="n_threads") as caught:
        Model.load(tmp_path / "m", activations={"mish": (mish, mish_derivative)}, n_threads=0)
    assert not isinstance(caught.value, ModelFormatError), "the file is not to blame"


def test_own_activation_with_the_name_of_another(tmp_path):
    def relu(z):
        return -z

    def derivative(z):
        return -1.0

    model, X, _ = trained((relu, derivative))
    model.save(tmp_path / "m")
    with pytest.raises(ModelFormatError, match="relu"):
        Model.load(tmp_path / "m")
    loaded = Model.load(tmp_path / "m", activations={"relu": (relu, derivative)})
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_pickle_keeps_the_views():
    model, X, _ = trained()
    copy = pickle.loads(pickle.dumps(model))
    assert np.array_equal(copy.predict_proba(X), model.predict_proba(X))
    copy.weights[0][...] = 0
    assert np.all(copy.parameters[:21] == 0), "weights are views on the parameters"


class OwnAdam(Adam):
    """An optimizer that no file knows."""


UNSAVEABLE = {
    "not finite": lambda model: model.parameters.__setitem__(5, np.nan),
    "list of strings": lambda model: setattr(model, "feature_names", ["a", "b", 3]),
    "target_name": lambda model: setattr(model, "target_name", 3),
    "classes": lambda model: setattr(model, "classes", ["no", "yes", "perhaps"]),
    "all different": lambda model: setattr(model, "classes", [1, 1]),
    "ownadam": lambda model: setattr(model, "optimizer", OwnAdam()),
    "moments": lambda model: model.optimizer.moments.__setitem__(3, np.nan),
    "'note'": lambda model: model.history[1].update(note="good"),
    "without an epoch": lambda model: model.history[0].pop("epoch"),
    "holds too much": lambda model: setattr(model, "feature_names", ["column"] * 1_000_000),
    "surrogates": lambda model: setattr(model, "feature_names", ["a", "b", "\ud800"]),
}


@pytest.mark.parametrize("problem", UNSAVEABLE)
def test_what_could_not_be_loaded_is_not_saved(tmp_path, problem):
    model, _, _ = trained()
    model.save(tmp_path / "m")
    old = (tmp_path / "m").read_bytes()
    UNSAVEABLE[problem](model)
    with pytest.raises(ValueError, match=problem) as caught:
        model.save(tmp_path / "m")
    assert not isinstance(caught.value, ModelFormatError), "no file is to blame"
    assert (tmp_path / "m").read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_values_of_numpy_are_saved(tmp_path):
    model = Model([2, 1])
    model.feature_names, model.classes, model.target_name = np.array(["a", "b"]), np.array([3, 5]), np.str_("y")
    model.optimizer = Adam(np.float32(0.5))
    model.save(tmp_path / "m")
    loaded = Model.load(tmp_path / "m")
    assert (loaded.feature_names, loaded.classes, loaded.optimizer.learning_rate) == (["a", "b"], [3, 5], 0.5)
    assert type(loaded.classes[0]) is int


def test_a_save_while_weights_change(tmp_path):
    """As from another thread than the one that trains: a digest of what was there before would not fit."""
    model, done = Model([1000, 1000, 1]), threading.Event()

    def change():
        while not done.is_set():
            model.parameters[:] = -model.parameters

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(5):
            model.save(tmp_path / "m")
            assert np.array_equal(abs(Model.load(tmp_path / "m").parameters), abs(model.parameters))
    finally:
        done.set()
        thread.join()


def test_an_encoding_comes_back(tmp_path):
    table = pyarrow.table({"n": [1.0, None, 2.5], "c": ["a", "ü", None], "k": [1, 2, 2], "b": [True, False, True]})
    encoder = TableEncoder(categories=["k"]).fit(table)
    model = Model([encoder.encoding_.n_features_out, 1])
    model.encoding = encoder
    model.save(tmp_path / "m")
    assert Model.load(tmp_path / "m").encoding == encoder.encoding_


def test_tensors_of_others_lie_beside(tmp_path):
    """As checkpoints want it: any tensors, any description, and a model can still be read from it."""
    model, X, _ = trained()
    model.save(tmp_path / "m")
    description, tensors = container.read(tmp_path / "m")
    extra = {
        "checkpoint.order": np.arange(6).reshape(2, 3), "checkpoint.bytes": np.arange(5, dtype=np.uint8),
        "checkpoint.none": np.zeros((0, 4)), "checkpoint.scalar": np.array(2.5), "checkpoint.t": np.ones((3, 2)).T,
    }  # fmt: skip
    container.write(tmp_path / "c", {**description, "checkpoint": {"epoch": 3, "ü": [None]}}, {**tensors, **extra})
    found, arrays = container.read(tmp_path / "c")
    assert found["checkpoint"] == {"epoch": 3, "ü": [None]}
    for name, array in extra.items():
        assert np.array_equal(arrays[name], array)
        assert (arrays[name].shape, arrays[name].dtype) == (array.shape, array.dtype)
    arrays["checkpoint.order"][0, 0] = 7  # is writable
    assert np.array_equal(Model.load(tmp_path / "c").predict_proba(X), model.predict_proba(X))
    for name in ("Upper", "../x", "a b", "", "a..b", "__metadata__"):
        with pytest.raises(ValueError, match="no model file can hold"):
            container.write(tmp_path / "bad", {}, {name: np.zeros(1)})
    with pytest.raises(TypeError, match="float16"):
        container.write(tmp_path / "bad", {}, {"a": np.zeros(1, np.float16)})
    assert not (tmp_path / "bad").exists()
