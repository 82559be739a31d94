"""Inputs that kernels make of a row's numbers: those of the slow twin, for every kind and any number."""

import numpy as np
import pytest
from features_of_all_kinds import ALL, made_of, rows_of
from hypothesis import given, settings
from hypothesis import strategies as some

from fastmlp import Model, RowError
from fastmlp.features import Bins, Clipped, Features, Missing, Number, OneHot, Values, Waves

TOLERANCE = {"float64": 1e-14, "float32": 2e-6}
EDGE_CASES = np.array([np.nan, 0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 4.0, 7.0, -1e-30, 1e30, -1e30, 3e38, 1e-37, 2.5])


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_all_kinds(dtype):
    X = rows_of(500).astype(dtype)
    np.testing.assert_allclose(made_of(ALL, X, dtype), ALL.apply(X), rtol=0, atol=10 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    "one",
    [
        Number(0), Clipped(0), Missing(0), OneHot(0, 4), Values(0, [1.5, -2.0, 7.0]), Waves(0, [0.25, 1.0]),
        Bins(0, [-1.0, 0.0, 0.5, 1.0, 2.5]), Bins(0, [1.0, np.nextafter(1.0, 2)]), Bins(0, [-1e37, 1e37]),
    ],
)  # fmt: skip
def test_edges_of_the_domain(one, dtype):
    X = EDGE_CASES.astype(dtype)[:, np.newaxis]
    features = Features(1, [one])
    np.testing.assert_allclose(made_of(features, X, dtype), features.apply(X), rtol=2e-7, atol=TOLERANCE[dtype])


def column(limit):
    return some.integers(0, limit - 1)


numbers = some.floats(-1e3, 1e3).map(lambda x: round(x, 3))
parts = some.one_of(
    some.builds(Number, column(3)),
    some.builds(Clipped, column(3)),
    some.builds(Missing, column(3)),
    some.builds(Bins, column(3), some.sets(numbers, min_size=2, max_size=40).map(sorted)),
    some.builds(Waves, column(3), some.lists(some.floats(0, 4), min_size=1, max_size=5)),
    some.builds(OneHot, column(3), some.integers(1, 40)),
    some.builds(Values, column(3), some.lists(some.tuples(numbers, numbers), min_size=1, max_size=5)),
)
entries = some.one_of(some.just(np.nan), numbers, some.integers(0, 40).map(float))


@settings(max_examples=60, deadline=None)
@given(some.lists(parts, min_size=1, max_size=6), some.lists(some.tuples(*[entries] * 3), min_size=1, max_size=30))
def test_any_parts(some_parts, rows):
    features, X = Features(3, some_parts), np.array(rows)
    np.testing.assert_allclose(made_of(features, X), features.apply(X), rtol=1e-13, atol=1e-11)
    assert Features.from_dict(features.to_dict()) == features


@pytest.mark.parametrize("given_dtype", ["float32", "float64", "int32"])
def test_rows_of_any_type_and_strides(given_dtype):
    X = np.random.default_rng(0).integers(-3, 5, (40, 8)).astype(given_dtype)[::2, ::-2]
    features = Features(4, [Number(0), Bins(1, [-2.0, 0.0, 3.0]), OneHot(2, 3), Clipped(3)])
    np.testing.assert_allclose(made_of(features, X), features.apply(X), atol=1e-15)


@pytest.mark.parametrize(("bad", "told"), [(np.inf, "inf"), (-np.inf, "inf"), (1e39, "1e\\+39")])
@pytest.mark.parametrize("column", [0, 1])
def test_infinite_numbers_are_refused(bad, told, column):
    """Also in a column that no part reads; a missing number before it is not the one that is named."""
    features = Features(2, [Bins(0, [0.0, 1.0])])
    X = np.zeros((9, 2))
    X[3], X[6, column] = np.nan, bad
    model = Model([1, 1], features=features)
    with pytest.raises(RowError, match=f"{told} in row 6, column {column}"):
        model.predict(X)


def test_without_features_nothing_may_be_missing():
    with pytest.raises(RowError, match="NaN in row 1"):
        Model([1, 1]).predict([[0.0], [np.nan]])
