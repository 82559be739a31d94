"""Files of models of numbers: what the loss and the scaling of targets may be; all else is a ModelFormatError."""

import numpy as np
import pytest
from model_files import taken_apart, with_nasty_values
from numeric_losses import LEVELS, X, fitted, learnable

from fastmlp import Model, ModelFormatError


@pytest.fixture(params=["squared_error", "poisson", "huber", "quantiles"])
def parts(request, tmp_path):
    """Return description and tensors of a file, as docs/how_it_works/model-file.md has them."""
    scaling = None if request.param == "poisson" else (np.full(1, 3.0), np.full(1, 0.5))
    fitted(request.param, epochs=1, scaling=scaling).save(tmp_path / "model")
    return taken_apart((tmp_path / "model").read_bytes())


def test_the_format_is_the_documented_one(parts, loaded):
    description, tensors = parts
    name, parameters, out = (description[key] for key in ("loss", "loss_parameters", "out_activation"))
    expected = {"squared_error": [], "poisson": [], "huber": [1.0], "quantile": LEVELS}
    assert parameters == expected[name]
    assert out == ("exp" if name == "poisson" else "identity")
    assert description["classes"] is None
    assert ("target_shift" in tensors) == ("target_factor" in tensors) == (out == "identity")
    assert loaded(description, tensors).loss_name == name


@pytest.mark.parametrize("key", ["loss", "loss_parameters", "out_activation", "classes"])
def test_nasty_values(key, parts, loaded):
    """They are refused; but a file may leave the activation out, as it follows from the loss, and have another δ."""
    description, tensors = parts
    others = "log_loss", "squared_error", "poisson", "quantile", "huber", "logistic", "softmax", "identity", "exp"
    for value in (*with_nasty_values(description[key]), *others, [0.0], [-0.5], [np.inf], [0.9, 0.1], [0.1] * 9):
        another = description["loss"] == "huber" and value == [1e308]
        if value != description[key] and not another and not (key == "out_activation" and value is None):
            with pytest.raises(ModelFormatError):
                loaded({**description, key: value}, tensors)


def test_scalings_that_fit_no_target(parts, loaded):
    description, tensors = parts
    good = {"target_shift": np.zeros(1), "target_factor": np.ones(1)}
    bad = [np.ones(2), np.ones(0), np.ones((1, 1)), np.full(1, np.nan), np.full(1, np.inf), np.ones(1, "f4")]
    cases = [{**good, name: value} for name in good for value in bad]
    cases += [{**good, "target_factor": value} for value in (np.zeros(1), -np.ones(1))]
    cases += [{name: good[name]} for name in good]
    if description["loss"] == "poisson":
        cases.append(good)
    for case in cases:
        others = {name: tensor for name, tensor in tensors.items() if name not in good}
        with pytest.raises(ModelFormatError):
            loaded(description, {**others, **case})


def test_classes_have_no_scaling_of_targets(tmp_path, loaded):
    Model([3, 1]).save(tmp_path / "model")
    description, tensors = taken_apart((tmp_path / "model").read_bytes())
    with pytest.raises(ModelFormatError, match="log_loss"):
        loaded(description, {**tensors, "target_shift": np.zeros(1), "target_factor": np.ones(1)})


def test_figures_of_numbers_come_back(tmp_path):
    """Also a validation_r2 below 0, and models of several quantiles, which have none."""
    for name in ("squared_error", "quantiles"):
        y = learnable(name) + 100
        model = fitted(name, y=y, epochs=2, X_val=X, y_val=y)
        model.save(tmp_path / "model")
        assert Model.load(tmp_path / "model").history == model.history
        assert ("validation_r2" in model.history[-1]) == (name == "squared_error")
