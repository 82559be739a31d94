"""Names and numbers as a page writes them."""

import numpy as np
import pytest

from fastmlp.reporting.groups import groups_of
from fastmlp.reporting.html import printable
from fastmlp.reporting.words import count, name_of, names_of, number, share


def test_names_are_shortened_in_their_middle():
    assert name_of("a" * 30 + "b" * 30, 11) == "aaaaa…bbbbb"
    assert name_of(np.int64(3)) == "3"
    assert name_of("") == "''"


def test_shortened_names_still_differ():
    long = [f"measurement {k} of a series of very many of them" for k in range(12)]
    names = names_of(long, 18)
    assert len({*names}) == 12
    assert all(str(k) in name for k, name in enumerate(names))
    assert max(map(len, names)) <= 18
    assert names_of(["x" * 50, "x" * 50 + "y"], 9)[0] != names_of(["x" * 50, "x" * 50 + "y"], 9)[1]
    assert names_of(["a", "b"], 18) == ["a", "b"]
    assert names_of([1, "1"], 18) == ["1 (1)", "1 (2)"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("größe 日本", "größe 日本"), ("a\x00\n", "a\\x00\\n"), ("\ud800", "\\ud800"), ("\u202egnp", "\\u202egnp")],
)
def test_what_cannot_be_seen_is_escaped(text, shown):
    assert printable(text) == shown


def test_numbers():
    assert [number(x) for x in (0, 1234567, 0.00012345, float("nan"))] == ["0", "1234567", "0.00012345", "undefined"]
    assert [share(x) for x in (0.5, float("nan"))] == ["50.0 %", "undefined"]
    assert [count(1, "row"), count(2000, "row")] == ["1 row", "2,000 rows"]


def test_rows_without_weight_are_in_no_group():
    prediction = np.arange(20.0)
    w = np.where(np.arange(20) < 10, 0.0, 1.0)
    groups = groups_of(prediction, prediction, w, 5)
    assert np.concatenate([group.rows for group in groups]).tolist() == list(range(10, 20))
    assert sum(group.weight for group in groups) == pytest.approx(1)
