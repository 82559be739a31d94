"""Values of tables in messages: on one line, quoted, and short, wherever they come from."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fastmlp import MLPClassifier, Model, TableEncoder, rows
from fastmlp.messages import difference, few, listed, shown

CELL = "a\x1b[2J\n" + "b" * 5000
SHORT = r"'a\\x1b\[2J\\nb+…'"  # its beginning, as a regular expression
n = 20
X = np.arange(2.0 * n).reshape(n, 2)
y = np.arange(n) % 2
NAMES = [f"x{k}" for k in range(100)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("it's", '"it\'s"'),
        ("a\tb\x00", r"'a\tb\x00'"),
        ("é", "'é'"),
        ("x" * 40, "'" + "x" * 40 + "'"),
        ("x" * 41, "'" + "x" * 40 + "…'"),
        (np.str_("a"), "'a'"),
        (np.int64(3), "3"),
        (np.float32(0.5), "0.5"),
        (b"\xff" * 50, r"b'" + r"\xff" * 9 + r"\x…"),
        (None, "None"),
        (list(range(50)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1…"),
        (type("Odd", (), {"__repr__": lambda self: "a\nb"})(), r"'a\nb'"),
    ],
)
def test_one_value(value, text):
    assert shown(value) == text


def test_several_values():
    assert listed([]) == "none"
    assert listed(["a, b", "c"]) == "'a, b', 'c'"
    assert listed(["x" * 100]) == "'" + "x" * 80 + "…'"
    assert listed(NAMES).endswith("'x59', … (100 in all)")
    assert few({3: 0, 1: 0, 2: 0, 4: 0, 5: 0, 6: 0}) == "3, 1, 2, 4, 5, … (6 in all)"
    assert difference(NAMES, NAMES[:80] + ["z"] * 20).endswith("… (100 in all) (column 80 is 'x80', not 'z')")


def objects():
    """X whose last value is text, in a column of objects."""
    table = X.astype(object)
    table[-1, 1] = CELL
    return table


def arrow(**columns):
    return rows.Arrow(pa.table(columns), target="y")


@pytest.mark.parametrize(
    "call",
    [
        lambda: Model([2, 1]).fit(objects(), y, epochs=1),
        lambda: Model([2, 1]).fit(objects().astype("U"), y, epochs=1),
        lambda: Model([2, 1]).fit(pd.DataFrame(objects()), y, epochs=1),
        lambda: MLPClassifier((2,)).fit(objects(), y),
        lambda: Model([2, 1]).fit(X, np.array([*y[1:], CELL], object), epochs=1),
        lambda: Model([2, 1]).fit(X, y, np.array([*y[1:], CELL], object), epochs=1),
        lambda: Model([1, 1]).fit(arrow(a=["1", CELL], y=[0, 1]), epochs=1),
        lambda: Model([1, 1]).fit(arrow(a=[1.0] * 3, y=["a", "b", CELL]), epochs=1),
        lambda: Model([1, 1]).fit(arrow(a=[1.0, 2.0], y=["a", "b"]), epochs=1).loss(arrow(a=[1.0], y=[CELL])),
        lambda: Model([1, 1]).fit(arrow(a=[1.0, 2.0], y=["a", CELL]), epochs=1).loss(arrow(a=[1.0], y=["b"])),
        lambda: Model([1, 1]).fit(arrow(a=[1.0, 2.0], y=["a", CELL]), epochs=1).loss(arrow(a=[1.0], y=[1])),
    ],
)
def test_cells_are_short_and_on_one_line(call):
    with pytest.raises((ValueError, TypeError), match=SHORT) as caught:
        call()
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 250


def test_cells_that_a_warning_shows():
    encoder = TableEncoder().fit(pd.DataFrame({"job": ["clerk", "smith"]}))
    with pytest.warns(UserWarning, match=r"\('a\\x1b\[2J\\nb+…', ") as caught:
        encoder.transform(pd.DataFrame({"job": [CELL, CELL]}))
    assert str(caught[0].message).isprintable()


@pytest.mark.parametrize(
    "call",
    [
        lambda frame: Model([100, 1]).fit(frame, y, epochs=1).predict(frame[NAMES[::-1]]),
        lambda frame: MLPClassifier((1,), max_iter=1).fit(rows.Array(frame.to_numpy(), y, names=NAMES)).predict(
            rows.Array(frame.to_numpy(), names=NAMES[::-1])
        ),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_columns_in_another_order(call):
    frame = pd.DataFrame(np.ones((n, 100)), columns=NAMES)
    with pytest.raises(ValueError, match=r"X has the columns 'x99', .* … \(100 in all\).* 'x0', .* not 'x0'\)"):
        call(frame)
