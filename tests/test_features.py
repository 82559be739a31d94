"""Features as data: names, files, what they refuse; and the equations of each kind at points by hand."""

import dataclasses
import json

import numpy as np
import pytest
from features_of_all_kinds import ALL, rows_of

from fastmlp.features import Bins, Clipped, Features, Missing, Number, OneHot, Values, Waves

NAN = np.nan
QUARTER = 0.25 / (1 - 1 / 144) ** 0.5  # is clipped to 0.25
BY_HAND = {
    "number": (Number(0), [2.5, NAN], [[2.5], [0]]),
    "clipped": (Clipped(0), [0, 4, -4, 1e300, NAN], [[0], [2.4], [-2.4], [3], [0]]),
    "missing": (Missing(0), [2.5, NAN], [[0], [1]]),
    "bins": (Bins(0, [0, 1, 3]), [-1, 0.25, 1, 2, 9, NAN], [[0, 0], [0.25, 0], [1, 0], [1, 0.5], [1, 1], [0, 0]]),
    "one_hot": (OneHot(0, 2), [0, 1, 2, 0.5, -1, NAN], [[1, 0], [0, 1], [0, 0], [0, 0], [0, 0], [0, 0]]),
    "waves": (Waves(0, [1, 0.5]), [0, QUARTER, NAN], [[1, 1, 0, 0], [0, 0.5**0.5, 1, 0.5**0.5], [0, 0, 0, 0]]),
    "values": (Values(0, [[5, 6], [7, 8]]), [1, 0, 2, NAN], [[7, 8], [5, 6], [0, 0], [0, 0]]),
}  # fmt: skip


@pytest.mark.parametrize("kind", BY_HAND)
def test_equations(kind):
    part, x, expected = BY_HAND[kind]
    X = np.stack([np.full(len(x), 99.0), x], axis=1)
    inputs = Features(2, [dataclasses.replace(part, column=1)]).apply(X)
    np.testing.assert_allclose(inputs, expected, atol=1e-15)
    assert part.kind == kind


def test_bins_and_codes_come_last():
    assert [part.kind for part in ALL.parts] == [
        "number", "clipped", "missing", "waves", "values", "number", "bins", "bins", "one_hot",
    ]  # fmt: skip
    assert ALL.apply(rows_of(3)).shape == (3, ALL.n_inputs) == (3, 59)


def test_names():
    features = Features(2, [Bins(0, [0.5, 1, 2.25]), OneHot(1, 2), Waves(0, [3]), Values(1, [1, 2]), Missing(0)])
    assert features.names(["age", "job"]) == [
        "age cos 3", "age sin 3", "job value 0", "age missing", "age from 0.5", "age from 1", "job=0", "job=1",
    ]  # fmt: skip
    assert ALL.names()[:2] == ["x1", "x1 clipped"]
    assert len(set(ALL.names())) == ALL.n_inputs
    with pytest.raises(ValueError, match="there are 1, but X has 2"):
        features.names(["age"])


def test_files():
    assert Features.from_dict(json.loads(json.dumps(ALL.to_dict()))) == ALL
    arrays = Features(np.int64(1), [Bins(np.int64(0), np.array([0.1, 2])), Values(0, np.ones((3, 2)))])
    assert Features.from_dict(json.loads(json.dumps(arrays.to_dict()))) == arrays
    assert hash(arrays)


DAMAGED = [
    ("n_columns", 0), ("n_columns", 1), ("n_columns", 4.0), ("n_columns", "4"), ("n_columns", True),
    ("n_columns", None), ("parts", []), ("parts", None), ("parts", [[]]), ("parts", {"kind": "number"}), ("more", 1),
    ("parts", [{"kind": "x", "column": 0}]), ("parts", [{"kind": ["number"], "column": 0}]),
    ("parts", [{"kind": "number", "column": -1}]), ("parts", [{"kind": "number", "column": 0, "n": 3}]),
    ("parts", [{"kind": "bins", "column": 0}]), ("parts", [{"kind": "bins", "column": 0, "edges": [0.0, None]}]),
    ("parts", [{"kind": "bins", "column": 0, "edges": {"0": 1}}]),
    ("parts", [{"kind": "one_hot", "column": 0, "n": 2.0}]), ("parts", [{"kind": "values", "column": 0, "values": []}]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), DAMAGED)
def test_damaged_descriptions(key, value):
    with pytest.raises(ValueError, match="not a description of features"):
        Features.from_dict({**ALL.to_dict(), key: value})


@pytest.mark.parametrize("data", [None, 3, "features", [], {}])
def test_other_descriptions(data):
    with pytest.raises(ValueError, match="not a description of features"):
        Features.from_dict(data)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Bins(0, [0.0]), "edges.*give 2 or more"),
        (lambda: Bins(0, [0.0, 0.0]), "ascend"),
        (lambda: Bins(0, [1.0, 0.0]), "ascend"),
        (lambda: Bins(0, [0.0, NAN]), "finite"),
        (lambda: Bins(0, [-1.7e308, 1.7e308]), "ascend"),
        (lambda: Waves(0, [np.inf]), "finite"),
        (lambda: Waves(0, []), "give 1 or more"),
        (lambda: Values(0, []), "one code or more"),
        (lambda: Values(0, [[1.0], [1.0, 2.0]]), "as many numbers"),
        (lambda: Values(0, [NAN]), "finite"),
        (lambda: OneHot(0, 0), "n=0"),
        (lambda: Number(-1), "column=-1"),
        (lambda: Features(2, [Number(2)]), r"Number reads column 2, but X has 2: 0 … 1"),
        (lambda: Features(2, []), "at least one input"),
        (lambda: ALL.apply(np.zeros((3, 3))), r"must be \(n, 4\)"),
    ],
)
def test_what_is_refused(make, told):
    with pytest.raises(ValueError, match=told):
        make()


@pytest.mark.parametrize("one", [Bins(0, [-3e38, 3e38]), Bins(0, [0, 1e39]), Waves(0, [1e39]), Values(0, [1e39])])
def test_what_a_dtype_does_not_hold(one):
    Features(1, [one]).check_dtype(np.dtype("float64"))
    with pytest.raises(ValueError, match=r"features: .*float32; scale the column"):
        Features(1, [one]).check_dtype(np.dtype("float32"))


@pytest.mark.parametrize("make", [lambda: Bins(0, ["a", "b"]), lambda: Bins(0, 3.0), lambda: Features(1, [3])])
def test_wrong_types(make):
    with pytest.raises(TypeError):
        make()
