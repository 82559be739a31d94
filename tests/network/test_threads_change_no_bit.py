"""The number of threads changes no bit of any result."""

import threading
from itertools import pairwise, product

import numpy as np
import pytest
from bits import start_all_threads
from numeric_losses import model_of as model_of_loss
from numeric_losses import target

from fastmlp import Adam, Model, rows
from fastmlp.network import threads
from fastmlp.network.call import Tally
from fastmlp.network.chunks import Chunks
from fastmlp.rows.array import ArrayRows
from fastmlp.rows.order import Order

THREADS = [1, 2, 3, 8]
NETS = {
    "logistic regression": ([1, 1], []),
    "wide logistic regression": ([300, 1], []),
    "narrow": ([2, 3, 1], ["selu"]),
    "wide": ([20, 130, 3, 1], ["gelu", "softplus"]),
    "square": ([28, 64, 64, 1], ["relu", "tanh"]),
    "deep": ([9, 17, 8, 33, 1, 20, 1], ["silu", "leaky_relu", "elu", "logistic", "identity"]),
    "classes": ([9, 17, 3], ["relu"], "softmax"),
    "labels": ([9, 17, 5], ["relu"], "logistic"),
}
OF_NUMBERS = {
    "squared_error": ([9, 17, 1], ["relu"]),
    "huber 0.3": ([20, 30, 5], ["gelu"]),
    "poisson": ([9, 17, 1], ["tanh"]),
    "quantiles": ([9, 17, 4], ["relu"]),
}
OPTIMIZERS = ["sgd", "momentum", "nesterov", "adam", "adamw"]
ROWS = {7: 150, 32: 400, 200: 700, 1000: 2100, None: 2100}  # per batch size; the last batch is short


@pytest.fixture(autouse=True)
def many_threads(monkeypatch):
    """However little there is to do, as many threads start as may; yields the numbers that did."""
    return start_all_threads(monkeypatch)


def rows_of(net, n, dtype):
    random = np.random.default_rng(n)
    widths = (NETS | OF_NUMBERS)[net][0]
    K = widths[-1]
    X, w = random.standard_normal((n, widths[0])).astype(dtype), random.uniform(0, 2, n)
    if net in OF_NUMBERS:
        return X, target(net, n, K), w
    if net == "classes":
        return X, random.integers(0, K, n), w
    return X, random.random((n, K) if net == "labels" else n) < 0.4, w


def model_of(net, **how):
    if net in OF_NUMBERS:
        return model_of_loss(net, *OF_NUMBERS[net], **how)
    widths, activations, *out = NETS[net]
    return Model(widths, activations, out_activation=out[0] if out else None, **how)


def most_threads(model, batch_size, n):
    """How many threads a batch can keep busy: one per chunk, where it is cut into chunks."""
    rows = n if batch_size is None else batch_size
    chunk = Chunks(model._network.plan).of_batch(rows)[0]
    return -(-rows // chunk) if chunk else 8


def cases():
    """Every net with every batch size, dtype and optimizer, for numbers one of these; every third with row weights.

    Each is fitted by one thread, by three, and by two, four or eight in turn: more take long on a busy machine.
    """
    dtypes = "float32", "float64"
    every = [*product(NETS, ROWS, dtypes, OPTIMIZERS), *product(OF_NUMBERS, ROWS, dtypes, ["adam"])]
    return [(*case, turn % 3 == 0, (1, 3, (2, 4, 8)[turn // 3 % 3])) for turn, case in enumerate(every)]


@pytest.mark.parametrize(("net", "batch_size", "dtype", "optimizer", "weighted", "counts"), cases())
def test_fit_gives_the_same_bits(net, batch_size, dtype, optimizer, weighted, counts, many_threads):
    n = ROWS[batch_size]
    X, y, w = rows_of(net, n, dtype)
    results = {}
    for n_threads in counts:
        many_threads.clear()
        model = model_of(net, dtype=dtype, seed=2, n_threads=n_threads)
        start = model.parameters.copy()
        model.fit(X, y, w if weighted else None, epochs=2, batch_size=batch_size, optimizer=optimizer, l2=0.001)
        assert set(many_threads) == {min(n_threads, most_threads(model, batch_size, n))}
        assert (model.parameters != start).any()
        record = model.history[-1]
        results[n_threads] = model.parameters.tobytes(), record["loss"], model.optimizer.moments.tobytes()
    for n_threads in counts:
        assert results[n_threads] == results[1], f"{n_threads} threads"


@pytest.mark.parametrize("widths", [[40_000, 1], [2, 700, 20, 1], [3, 600, 600, 1]])
def test_wide_layers_whose_ranges_are_cut_into_blocks(widths):
    random = np.random.default_rng(0)
    X, y = random.standard_normal((60, widths[0])).astype("f4"), np.arange(60) % 2
    results = {Model(widths, n_threads=n_threads).fit(X, y, epochs=1, batch_size=25).parameters.tobytes()
               for n_threads in THREADS}  # fmt: skip
    assert len(results) == 1


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("net", [*NETS, *OF_NUMBERS])
def test_gradient_and_predictions_have_the_same_bits(net, dtype, weighted, many_threads):
    X, y, w = rows_of(net, 2500, dtype)
    results = set()
    for n_threads in THREADS:
        model = model_of(net, dtype=dtype, n_threads=n_threads)
        many_threads.clear()
        J, gradient = model.loss_and_gradient(X, y, w if weighted else None)
        predicted = [] if net in OF_NUMBERS else [model.predict_proba(X).tobytes()]
        results.add((J, gradient.parameters.tobytes(), model.predict(X).tobytes(), *predicted))
        assert many_threads[0] == n_threads
        assert (many_threads[-1] > 1) == (n_threads > 1)  # predictions: a tile at least for each
    assert len(results) == 1


def test_types_that_are_cast_have_the_same_bits():
    X, y, w = rows_of("square", 500, "float64")
    results = {model_of("square", n_threads=n_threads).fit(X.astype("f2"), y, w, epochs=1).parameters.tobytes()
               for n_threads in THREADS}  # fmt: skip
    assert len(results) == 1


def test_batches_in_several_windows(many_threads):
    """Of which every step is a call of its own: many of them, as it matters which thread runs first."""
    X, y, _ = rows_of("classes", 200 * 450, "float32")
    found = set()
    for n_threads in (1, 4):
        model = model_of("classes", n_threads=n_threads)
        model.fit(rows.Array(X, y, block_rows=100, window_rows=200), epochs=1, batch_size=450)
        assert max(many_threads) == n_threads
        found.add(model.parameters.tobytes())
    assert len(found) == 1


def test_a_bad_row_stops_all_threads():
    X, y, _ = rows_of("square", 2500, "float32")
    X[1234, 5] = np.nan
    model = model_of("square", n_threads=4)
    before = model.parameters.copy()
    for batch_size in (50, 1000, None):
        with pytest.raises(ValueError, match="NaN in row 1234, column 5"):
            model.fit(X, y, epochs=3, batch_size=batch_size)
        np.testing.assert_array_equal(model.parameters, before)


def test_one_thread_trains_in_the_caller_a_part_at_a_time(monkeypatch):
    """Between two parts, Ctrl-C and the progress bar have their turn; the parts change no bit."""
    X, y, _ = rows_of("square", 1000, "float32")
    whole, parts = (model_of("square", n_threads=1) for _ in range(2))
    given, row_flops = ArrayRows(X, y, n_features=28, dtype="float32"), whole.network.plan.flops_per_row(True)
    whole.network.train(given, Order(1000), 32, Adam(), 0.0, None, Tally())

    seen, started = [], []
    monkeypatch.setattr(threads, "CALLER_FLOPS", 5 * 32 * (row_flops + threads.ROW_FLOPS))
    monkeypatch.setattr(threading.Thread, "start", lambda thread: started.append(thread))
    parts.network.train(given, Order(1000), 32, Adam(), 0.0, seen.append, Tally())
    assert seen == [160, 320, 480, 640, 800, 960, 1000]
    assert not started
    assert parts.parameters.tobytes() == whole.parameters.tobytes()


@pytest.mark.parametrize("batch_size", [32, 700])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_parts_of_an_epoch_change_no_bit(batch_size, dtype, monkeypatch):
    """Of whole batches, and none smaller than a batch; float16 is read in windows."""
    start_all_threads(monkeypatch)
    monkeypatch.setattr(ArrayRows, "window_rows", 1000)
    X, y, _ = rows_of("square", 5000, "float32")
    for order in (Order(5000), Order(5000).shuffled(0, 1), Order.of(np.arange(5000)[::-1])):
        found = set()
        for n_threads, bounds in product((1, 2), ((0, 5000), (0, 3 * batch_size, 5 * batch_size, 5000))):
            model = Model([28, 64, 64, 1], seed=4, n_threads=n_threads, dropout=[0.25, 0])
            given, optimizer, tallies = ArrayRows(X.astype(dtype), y, n_features=28, dtype="float32"), Adam(), []
            for first, last in pairwise(bounds):
                tallies.append(Tally())
                model.network.train(given, order.part(first, last), batch_size, optimizer, 0.0, None, tallies[-1], 7)
            assert sum(tally.rows for tally in tallies) == 5000
            found.add((model.parameters.tobytes(), optimizer.moments.tobytes(), optimizer.t))
        assert len(found) == 1


def test_many_models_train_at_once_as_if_alone():
    X, y, _ = rows_of("square", 600, "float32")

    def fit(seed):
        return model_of("square", seed=seed, n_threads=2).fit(X, y, epochs=2, batch_size=100).parameters.tobytes()

    alone, together = [fit(seed) for seed in range(6)], {}
    threads = [threading.Thread(target=lambda seed=seed: together.update({seed: fit(seed)})) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[seed] for seed in range(6)] == alone
