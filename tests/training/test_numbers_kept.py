"""Files, copies, pickles and checkpoints of models of numbers: they go on as the model itself would."""

import copy
import pickle

import numpy as np
import pytest
from numeric_losses import LOSSES, X, fitted, learnable, n, p

from fastmlp import Model

w = np.random.default_rng(1).integers(0, 4, n) / 2


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("K", [1, 3])
def test_files_copies_and_pickles_go_on_as_the_model(name, K, tmp_path):
    y = learnable(name, K)
    model = fitted(name, K, epochs=2)
    model.save(tmp_path / "m")
    others = Model.load(tmp_path / "m"), copy.deepcopy(model), copy.copy(model), pickle.loads(pickle.dumps(model))
    model.fit(X, y, epochs=2, optimizer=model.optimizer)
    for other in others:
        assert other.loss(X, y) != model.loss(X, y)
        other.fit(X, y, epochs=2, optimizer=other.optimizer)
        np.testing.assert_array_equal(other.parameters, model.parameters)
        np.testing.assert_array_equal(other.predict(X), model.predict(X))
        kept = {"quantile": 0.5, "delta": 1.0} | LOSSES[name].settings
        assert {"loss": other.loss_name, "quantile": other.quantile, "delta": other.delta} == kept
    Model.load(tmp_path / "m").save(tmp_path / "again")
    assert (tmp_path / "m").read_bytes() == (tmp_path / "again").read_bytes()


@pytest.mark.parametrize(
    ("name", "scaled"),
    [(name, scaled) for name in LOSSES for scaled in ([False] if name == "poisson" else [False, True])],
)
def test_a_fit_that_was_interrupted_ends_with_the_bits_of_one_that_was_not(name, scaled, tmp_path):
    scaling = (np.full(1, 3.0), np.full(1, 0.5)) if scaled else None
    how = {"scaling": scaling, "sample_weight": w, "validation_fraction": 0.25, "l2": 1e-3}

    def stop(model, record):
        if record["epoch"] == 2:
            raise KeyboardInterrupt

    checkpoint = {"checkpoint": tmp_path / "run", "checkpoint_every": 0}
    with pytest.raises(KeyboardInterrupt):
        fitted(name, callbacks=stop, **checkpoint, **how)
    resumed, whole = fitted(name, resume=True, **checkpoint, **how), fitted(name, **how)
    np.testing.assert_array_equal(resumed.parameters, whole.parameters)
    for key in ("loss", "validation_loss"):
        assert [record[key] for record in resumed.history] == [record[key] for record in whole.history]
    assert Model.load(tmp_path / "run").predict(X).tobytes() == whole.predict(X).tobytes()


@pytest.mark.parametrize(("one", "other"), [
    ({"loss": "squared_error"}, {"loss": "huber"}),
    ({"loss": "quantile", "quantile": 0.5}, {"loss": "quantile", "quantile": 0.9}),
    ({"loss": "huber", "delta": 1.0}, {"loss": "huber", "delta": 2.0}),
])  # fmt: skip
def test_a_checkpoint_belongs_to_one_loss(one, other, tmp_path):
    y = learnable("squared_error")

    def stop(model, record):
        raise KeyboardInterrupt

    how = {"epochs": 3, "checkpoint": tmp_path / "run", "checkpoint_every": 0}
    with pytest.raises(KeyboardInterrupt):
        Model([p, 1], **one).fit(X, y, callbacks=stop, **how)
    changed = next(name for name in other if one[name] != other[name])
    with pytest.raises(ValueError, match=f"had {changed}={one[changed]!r}, but this one has {other[changed]!r}"):
        Model([p, 1], **other).fit(X, y, resume=True, **how)


@pytest.mark.parametrize(("scaling", "step", "words"), [
    ((np.zeros(1), np.full(1, 2.0)), 0.0, "target_scaling="), (None, 0.0, "target_scaling="),
    ((np.zeros(1), np.ones(1)), 1e-9, "training rows="),
])  # fmt: skip
def test_a_checkpoint_belongs_to_the_same_numbers(scaling, step, words, tmp_path):
    def stop(model, record):
        raise KeyboardInterrupt

    y, how = learnable("huber"), {"checkpoint": tmp_path / "run", "checkpoint_every": 0}
    with pytest.raises(KeyboardInterrupt):
        fitted("huber", y=y, scaling=(np.zeros(1), np.ones(1)), callbacks=stop, **how)
    with pytest.raises(ValueError, match=words):
        fitted("huber", y=np.r_[y[:-1], y[-1] + step], scaling=scaling, resume=True, **how)
