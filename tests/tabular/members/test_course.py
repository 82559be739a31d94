"""Rounds of a member's training: epochs, or parts of them."""

import numpy as np
import pytest

from fastmlp.rows.order import Order
from fastmlp.tabular.members import rules
from fastmlp.tabular.members.rules import Course
from fastmlp.training.loop import Part


@pytest.mark.parametrize(
    ("n", "epochs", "batch_rows", "most", "sizes"),
    [
        (100, 3, 40, 1000, [100, 100, 100]),
        (100, 2, 40, 60, [80, 20, 80, 20]),
        (80, 1, 40, 30, [40, 40]),
        (1000, 0.25, 10, 5000, [250]),
        (1000, 0.6, 10, 300, [250, 250]),
        (7, 0.01, 10, 300, [7]),
        (1000, 0.001, 10, 300, [10]),
    ],
)
def test_rounds(n, epochs, batch_rows, most, sizes, monkeypatch):
    monkeypatch.setattr(rules, "ROUND_ROWS", most)
    course = Course(Part(None, Order(n)), epochs, batch_rows, seed=3)
    orders = [course.order(k) for k in range(course.rounds)]
    assert [order.size for order in orders] == [course.size(k) for k in range(course.rounds)] == sizes
    assert course.steps == sum(-(-size // min(batch_rows, n)) for size in sizes)


def test_rounds_of_an_epoch_are_all_rows_once(monkeypatch):
    monkeypatch.setattr(rules, "ROUND_ROWS", 64)
    course = Course(Part(None, Order(1000)), 2, 32, seed=0)
    rows = np.concatenate([order.rows(0, order.size) for order in map(course.order, range(course.rounds))])
    assert (np.sort(rows[:1000]) == np.arange(1000)).all()
    assert (np.sort(rows[1000:]) == np.arange(1000)).all()
    assert (rows[:1000] != rows[1000:]).any()
