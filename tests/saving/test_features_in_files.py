"""Models with features on disk, in pickles and in checkpoints: all comes back, and other features are told apart."""

import copy
import pickle

import numpy as np
import pytest
from features_of_all_kinds import ALL, rows_of
from model_files import taken_apart, with_nasty_values

from fastmlp import Model, ModelFormatError
from fastmlp.features import Bins, Features, Number, OneHot

X = rows_of(200)
y = (X[:, 1] > 0).astype(int)
SETTINGS = {"epochs": 2, "batch_size": 50}


def trained(features=ALL, **settings):
    model = Model([features.n_inputs, 6, 1], features=features)
    return model.fit(X, y, **SETTINGS, **settings)


@pytest.fixture
def parts(tmp_path):
    """Return description and tensors of a file, as docs/how_it_works/model-file.md has them."""
    trained().save(tmp_path / "model")
    return taken_apart((tmp_path / "model").read_bytes())


def saved_and_loaded(model, path):
    model.save(path)
    return Model.load(path)


@pytest.mark.parametrize(
    "way", [saved_and_loaded, lambda m, _: pickle.loads(pickle.dumps(m)), lambda m, _: copy.copy(m)]
)
def test_everything_comes_back(way, tmp_path):
    model = trained()
    again = way(model, tmp_path / "model")
    assert again.features == ALL
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    for one in (again, model):
        one.fit(X, y, **SETTINGS, optimizer=one.optimizer)
    np.testing.assert_array_equal(again.parameters, model.parameters)


def test_a_model_without_features_has_none(tmp_path):
    Model([2, 1]).save(tmp_path / "model")
    assert Model.load(tmp_path / "model").features is None


def test_the_format_is_the_documented_one(parts):
    description, _ = parts
    assert description["version"] == 6
    assert description["features"]["n_columns"] == 4
    assert description["features"]["parts"][:2] == [{"kind": "number", "column": 1}, {"kind": "clipped", "column": 1}]
    kinds = {part["kind"]: sorted(part) for part in description["features"]["parts"]}
    assert kinds["bins"] == ["column", "edges", "kind"]
    assert kinds["one_hot"] == ["column", "kind", "n"]
    assert kinds["waves"] == ["column", "frequencies", "kind"]
    assert kinds["values"] == ["column", "kind", "values"]


def test_nasty_values(parts, loaded):
    """A signed file with one odd value: refused, or a net with the features that it says, of as many inputs."""
    description, tensors = parts
    refused = 0
    for value in with_nasty_values(description["features"]):
        try:
            model = loaded({**description, "features": value}, tensors)
        except ModelFormatError:
            refused += 1
            continue
        assert value is None or (model.features.to_dict() == value and model.features.n_inputs == ALL.n_inputs)
        assert model.n_columns > 100 or np.isfinite(model.predict_proba(np.zeros((2, model.n_columns)))).all()
    assert refused > 500


@pytest.mark.parametrize(
    "other",
    [
        Features(4, [Number(0)]),
        Features(4, [OneHot(0, 10**15)]),
        Features(4, [*ALL.parts[1:], Bins(0, [0.0, 1e39])]),
    ],
)
def test_features_that_do_not_fit(other, parts, loaded):
    description, tensors = parts
    with pytest.raises(ModelFormatError):
        loaded({**description, "features": other.to_dict()}, tensors)


def test_features_beside_a_scaling(parts, loaded):
    description, tensors = parts
    with pytest.raises(ModelFormatError, match="scaling beside features"):
        loaded(description, {**tensors, "shift": np.zeros(4), "factor": np.ones(4)})


def test_a_checkpoint_belongs_to_its_features(tmp_path):
    path = tmp_path / "checkpoint"
    kept = trained(checkpoint=path)
    again = trained(checkpoint=path, resume=True)
    np.testing.assert_array_equal(again.parameters, kept.parameters)
    first, *rest = ALL.parts
    others = Features(4, [*rest, type(first)(3)])
    with pytest.raises(ValueError, match=r"resume: the fit .* had features="):
        trained(others, checkpoint=path, resume=True)
