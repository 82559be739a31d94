"""Groups of parameters: each W and each b has the settings of the group that its layer names."""

import numpy as np
import pytest

from fastmlp import Adam, Model
from fastmlp.network import workspace
from fastmlp.network.layout import lay_out


@pytest.mark.parametrize("batch_size", [10, None])
@pytest.mark.parametrize(
    ("field", "kept", "moved"), [("b_group", "biases", "weights"), ("W_group", "weights", "biases")]
)
def test_a_group_without_a_rate_stays_as_it_is(field, kept, moved, batch_size, monkeypatch):
    record = Adam.record

    def with_groups(plan, *sizes):
        layers, *rest = lay_out(plan, *sizes)
        layers[field] = 1
        return layers, *rest

    def two_records(optimizer, *settings):
        groups = np.concatenate([record(optimizer, *settings)] * 2)
        groups["learning_rate"][1] = 0
        return groups

    monkeypatch.setattr(workspace, "lay_out", with_groups)
    monkeypatch.setattr(Adam, "record", two_records)
    model = Model([3, 8, 1], seed=0)
    before = {name: [x.copy() for x in getattr(model, name)] for name in (kept, moved)}
    X = np.random.default_rng(0).standard_normal((50, 3))
    model.fit(X, X[:, 0] > 0, epochs=1, batch_size=batch_size, optimizer=Adam(0.01))
    for after, former in zip(getattr(model, kept), before[kept], strict=True):
        np.testing.assert_array_equal(after, former)
    for after, former in zip(getattr(model, moved), before[moved], strict=True):
        assert (after != former).all()
