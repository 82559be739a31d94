"""Dropout of a `Model`: masks by its seed, in training only, and kept with the model (the masks: tests/kernels)."""

import copy
import pickle

import numpy as np
import pytest

from fastmlp import SGD, Model, rows
from fastmlp.network import threads
from fastmlp.network.contention import Contention

random = np.random.default_rng(0)
X = random.standard_normal((900, 6))
y = X[:, 0] * X[:, 1] > 0
WIDTHS = [6, 24, 10, 1]


def fitted(dropout, seed=0, n_threads=1, model=None, **how):
    model = model or Model(WIDTHS, seed=seed, n_threads=n_threads, dropout=dropout)
    return model.fit(X, y, **{"epochs": 2, "batch_size": 100} | how)


def step_of(seed, dropout=0.5):
    """Return W[1] after a step from weights that are the same for every seed."""
    model = Model(WIDTHS, seed=seed, dropout=dropout)
    model.parameters[:] = Model(WIDTHS, seed=1).parameters
    return fitted(dropout, model=model, epochs=1, batch_size=None, optimizer=SGD(0.1), shuffle=False).weights[0]


def test_the_seed_draws_the_masks():
    seeds = 0, 1, 2, 2**63 + 1, 2**64 + 1, 10**40
    steps = {seed: step_of(seed).tobytes() for seed in seeds}
    assert len(set(steps.values())) == len(seeds)
    assert steps == {seed: step_of(seed).tobytes() for seed in seeds}
    assert step_of(0, 0.0).tobytes() == step_of(1, 0.0).tobytes() != steps[0]


def test_one_number_stands_for_all_hidden_layers():
    assert Model(WIDTHS, dropout=0.25).dropout == Model(WIDTHS, dropout=[0.25, 0.25]).dropout == (0.25, 0.25)
    assert Model(WIDTHS).dropout == (0.0, 0.0)
    assert Model([6, 1], dropout=0.5).dropout == ()
    found = [fitted(dropout).parameters.tobytes() for dropout in (0.25, [0.25, 0.25], [0.25, 0], [0, 0.25], 0)]
    assert found[0] == found[1]
    assert len(set(found)) == 4


@pytest.mark.parametrize("batch_size", [100, None])
def test_threads_change_no_bit(batch_size, monkeypatch):
    monkeypatch.setattr(threads, "FLOPS_PER_THREAD", 1)
    monkeypatch.setattr(threads, "SHORT_FLOPS", 0)
    monkeypatch.setattr(Contention, "threads", lambda self, most: most)
    one, two = (fitted([0.5, 0.25], n_threads=n, batch_size=batch_size) for n in (1, 2))
    assert one.parameters.tobytes() == two.parameters.tobytes()


def test_a_batch_in_several_windows_has_the_masks_of_one():
    settings = {"dtype": "float64", "dropout": 0.5, "seed": 0}
    how = {"epochs": 1, "batch_size": 250, "shuffle": False}
    whole = Model(WIDTHS, **settings).fit(X, y, **how)
    in_parts = Model(WIDTHS, **settings).fit(rows.Array(X, y, block_rows=50, window_rows=100), **how)
    np.testing.assert_allclose(in_parts.parameters, whole.parameters, atol=1e-9)


def test_only_training_leaves_units_out():
    model, plain = fitted(0.5), Model(WIDTHS)
    plain.parameters[:] = model.parameters
    assert model.predict_proba(X).tobytes() == plain.predict_proba(X).tobytes()
    assert model.loss(X, y) == plain.loss(X, y)
    gradients = [one.loss_and_gradient(X, y)[1].parameters for one in (model, plain)]
    np.testing.assert_allclose(*gradients, rtol=1e-4, atol=1e-4)
    held = model.fit(X, y, X_val=X, y_val=y, epochs=1).history[-1]
    assert held["validation_loss"] == pytest.approx(model.loss(X, y) / len(X), rel=1e-6)
    assert abs(held["loss"] - held["validation_loss"]) > 0.01, "the loss while training is that of the units left"


def test_files_copies_and_pickles_go_on_as_the_model(tmp_path):
    model = fitted([0.5, 0.25], seed=3)
    model.save(tmp_path / "m")
    others = Model.load(tmp_path / "m"), copy.deepcopy(model), copy.copy(model), pickle.loads(pickle.dumps(model))
    fitted(None, model=model, optimizer=model.optimizer)
    for other in others:
        assert other.dropout == (0.5, 0.25)
        fitted(None, model=other, optimizer=other.optimizer)
        assert other.parameters.tobytes() == model.parameters.tobytes()
    Model.load(tmp_path / "m").save(tmp_path / "again")
    assert (tmp_path / "m").read_bytes() == (tmp_path / "again").read_bytes()


def test_epochs_of_several_fits_are_those_of_one():
    model = fitted(0.5, epochs=1)
    fitted(None, model=model, epochs=1, optimizer=model.optimizer)
    assert model.parameters.tobytes() == fitted(0.5).parameters.tobytes()


@pytest.mark.parametrize("dropout", [1, 1.0, -0.1, float("nan"), float("inf"), [0.5], [0.1] * 3, [0.1, 1.0], [], True])
def test_values_that_are_refused(dropout):
    with pytest.raises(ValueError, match=r"dropout=.*: give a number from 0 to below 1, or a list of 2, one for each"):
        Model(WIDTHS, dropout=dropout)


@pytest.mark.parametrize("dropout", [None, "0.5", ["0.1", "0.2"], [0.1, None], [[0.1], [0.2]], np.full(2, 0.1), 1j])
def test_what_is_no_number(dropout):
    with pytest.raises(TypeError, match="dropout="):
        Model(WIDTHS, dropout=dropout)


def test_a_net_without_hidden_layers_takes_no_other_numbers():
    with pytest.raises(ValueError, match="dropout=7"):
        Model([6, 1], dropout=7)
