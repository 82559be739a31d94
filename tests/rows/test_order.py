"""Orders of rows: bijections, pure functions of seed and epoch, and as good as random."""

import math

import numba
import numpy as np
import pytest

from fastmlp.kernels import shuffle
from fastmlp.rows.order import Order, Pass, shares_of_classes, validation_split


def rows(order):
    return order.rows(0, order.size)


def test_every_order_is_a_bijection():
    for n in [*range(1, 300), *range(300, 3000, 37), 1023, 1024, 1025, 2047, 2048, 2049, 2999, 3000]:
        for epoch in (1, 2):
            np.testing.assert_array_equal(np.sort(rows(Order(n).shuffled(5, epoch))), np.arange(n))


def test_orders_are_functions_of_seed_and_epoch():
    first = rows(Order(1000).shuffled(1, 1))
    np.testing.assert_array_equal(first, rows(Order(1000).shuffled(1, 1)))
    for seed, epoch in ((1, 2), (2, 1), (2, 2)):
        assert (first == rows(Order(1000).shuffled(seed, epoch))).mean() < 0.02
    np.testing.assert_array_equal(first[17:300], Order(1000).shuffled(1, 1).rows(17, 300))


def test_each_window_of_a_pass_has_an_order_of_its_own():
    order = Pass(None).shuffled(1, 1)
    windows = [rows(order.of_window(number, 1000)) for number in range(3)]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert (windows[a] == windows[b]).mean() < 0.02
    np.testing.assert_array_equal(windows[1], rows(order.of_window(1, 1000)))


@pytest.mark.parametrize(("n", "n_first"), [(3, 2), (10, 3), (1000, 250), (999, 998)])
def test_split_parts_are_disjoint_and_whole(n, n_first):
    parts = validation_split(n, n_first / n, 7)
    assert [part.size for part in parts] == [n_first, n - n_first]
    np.testing.assert_array_equal(np.sort(np.concatenate([rows(part) for part in parts])), np.arange(n))
    for part in parts:  # shuffled, a part keeps its rows
        np.testing.assert_array_equal(np.sort(rows(part.shuffled(3, 1))), np.sort(rows(part)))
        assert part.size < 100 or (rows(part.shuffled(3, 1)) != rows(part)).mean() > 0.9


N = 3000
Y_OF_ROWS = np.arange(N) % 7 % 3
ORDERS = {
    "plain": Order(N),
    "index": Order.of(np.random.default_rng(0).permutation(2 * N)[:N]),
    "shuffled": Order(N).shuffled(1, 2),
    "shuffled index": Order.of(np.random.default_rng(0).permutation(2 * N)[:N]).shuffled(1, 2),
    "split": validation_split(N, 0.1, 3)[1],
    "shuffled split": validation_split(N, 0.1, 3)[1].shuffled(1, 2),
    "rows for validation": validation_split(N, 0.6, 3)[0].shuffled(1, 2),
    "shuffled split by class": validation_split(N, 0.1, 3, Y_OF_ROWS)[1].shuffled(1, 2),
}


@pytest.mark.parametrize("name", ORDERS)
def test_a_part_has_the_rows_of_its_positions(name):
    order = ORDERS[name]
    before = rows(order)
    for first, last in ((0, order.size), (0, 1), (17, 1300), (256, 512), (order.size - 1, order.size), (9, 9)):
        part = order.part(first, last)
        assert part.size == last - first
        np.testing.assert_array_equal(rows(part), before[first:last])
        np.testing.assert_array_equal(part.rows(2, 40), before[first:last][2:40])
        np.testing.assert_array_equal(np.concatenate([*part.slices(), np.zeros(0, int)]), before[first:last])
        np.testing.assert_array_equal(np.sort(rows(part.shuffled(5, 1))), np.sort(before[first:last]))
    np.testing.assert_array_equal(rows(order.part(100, 1700).part(30, 1600).part(5, 9)), before[135:139])
    assert order.part(order.size - 2, order.size + 7).size == 2
    assert order.part(order.size + 1, order.size + 7).size == 0
    np.testing.assert_array_equal(rows(order), before)


def test_a_part_needs_no_memory_per_row():
    for order in (Order(10**15).part(10**14, 9 * 10**14), Order(10**15).shuffled(0, 1).part(10**14, 9 * 10**14)):
        assert order.permutations.nbytes + order.index.nbytes < 1000
    assert Order(10**15).part(10**14, 9 * 10**14).rows(5, 8).tolist() == [10**14 + 5, 10**14 + 6, 10**14 + 7]
    index = np.arange(N)
    assert np.shares_memory(Order.of(index).part(5, 9).index, index)


@pytest.mark.parametrize("labels", [(14, 197), (13, 25, 362), (90_000, 40_000, 7)])
def test_a_split_by_class_keeps_the_shares_of_the_classes(labels):
    """A share of each class, rounded, whatever the seed; and which rows these are is a function of the seed."""
    n = sum(labels)
    y = np.random.default_rng(0).permutation(np.repeat(np.arange(len(labels)), labels)).astype(np.uint8)
    parts = [validation_split(n, 0.1, seed, y) for seed in range(4)]
    for kept, rest in parts:
        assert kept.size == round(0.1 * n)
        np.testing.assert_array_equal(np.sort(np.concatenate([rows(kept), rows(rest)])), np.arange(n))
        counts = np.bincount(y[rows(kept)], minlength=len(labels))
        assert np.abs(counts - 0.1 * np.array(labels)).max() < 1
        assert counts.min() >= 1
        for part in (kept, rest):
            shuffled = part.shuffled(3, 1)
            np.testing.assert_array_equal(np.sort(rows(shuffled)), np.sort(rows(part)))
            assert (rows(shuffled) != rows(part)).mean() > 0.8
    np.testing.assert_array_equal(rows(parts[0][1]), rows(validation_split(n, 0.1, 0, y)[1]))
    assert np.intersect1d(rows(parts[0][0]), rows(parts[1][0])).size < 0.5 * parts[0][0].size


def test_rows_of_a_class_are_kept_for_validation_with_the_same_chance():
    y = np.array([0, 0, 0, 1, 0, 0, 1, 1, 0, 0], np.uint8)
    times = np.zeros(10)
    for seed in range(2000):
        times[rows(validation_split(10, 0.3, seed, y)[0])] += 1
    np.testing.assert_allclose(times / 2000, np.where(y, 1 / 3, 2 / 7), atol=0.04)


@pytest.mark.parametrize(
    ("counts", "kept", "expected"),
    [
        ([197, 14], 21, [20, 1]),
        ([1000, 2, 2], 10, [8, 1, 1]),
        ([1000, 2, 2], 3, [1, 1, 1]),
        ([1000, 1, 0], 100, [100, 0, 0]),
        ([5, 5], 5, [3, 2]),
        ([3, 3], 5, [3, 2]),
        ([2] * 6, 4, [1, 1, 1, 1, 0, 0]),
        ([1, 1, 1], 2, [1, 1, 0]),
    ],
)
def test_shares_of_classes(counts, kept, expected):
    assert shares_of_classes(np.array(counts), kept).tolist() == expected


@numba.njit
def counts_at(positions, records, out):
    """out[k, row] += 1 for the row at positions[k] of each order."""
    for r in range(len(records)):
        index = positions.copy()
        shuffle.permute(index, records[r : r + 1])
        for k in range(len(positions)):
            out[k, index[k]] += 1


def epochs(n, count, seed):
    return np.concatenate([Order(n).shuffled(seed, epoch).permutations for epoch in range(count)])


def chi_square(counts):
    expected = counts.sum() / counts.size
    return ((counts - expected) ** 2 / expected).sum()


@pytest.mark.parametrize("n", [3, 4, 5])
def test_all_permutations_of_a_few_rows_occur_about_equally_often(n):
    """About: with 3 bits to mix, some permutations of 5 rows are 1.5 times as likely as they should be."""
    count, powers = 12000, n ** np.arange(n)
    numbers = [int(rows(Order(n, epochs_)) @ powers) for epochs_ in np.split(epochs(n, count, 0), count)]
    _, seen = np.unique(numbers, return_counts=True)
    assert len(seen) == math.factorial(n)
    assert seen.max() < 1.8 * seen.mean()
    assert seen.min() > 0.5 * seen.mean()


@pytest.mark.parametrize("n", [1000, 1024, 1025])
def test_every_row_is_equally_likely_at_every_position(n):
    positions = np.array([0, 1, n // 2, n - 2, n - 1])
    counts = np.zeros((len(positions), n), np.int64)
    counts_at(positions, epochs(n, 20000, 1), counts)
    for k in range(len(positions)):
        assert abs(chi_square(counts[k]) - (n - 1)) < 5 * np.sqrt(2 * (n - 1)), f"position {positions[k]}"


def test_neighbours_do_not_stay_together():
    n, count = 1000, 4000
    together = 0
    for records in np.split(epochs(n, count, 2), count):
        order = Order(n, records).rows(0, 200)
        together += int((np.abs(np.diff(order)) == 1).sum())
    expected = count * 199 * 2 / n
    assert abs(together - expected) < 6 * np.sqrt(expected)


def test_an_order_has_no_rows_behind_its_last():
    """An order without rows is not the order of all rows."""
    assert Order.of(np.array([], int)).rows(0, 5).size == 0
    assert Order(3).rows(1, 5).tolist() == [1, 2]
    assert Order.of(np.array([7, 9])).rows(1, 5).tolist() == [9]
    shuffled = Order(3).shuffled(0, 1)
    assert sorted(shuffled.rows(0, 5)) == [0, 1, 2]
