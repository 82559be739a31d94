"""Streams: the same rows in the same order give the same bits from an array, a file, a table or an iterator."""

import itertools
import threading
import time
import warnings

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from pyarrow import csv, parquet
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

import fastmlp.rows.array
import fastmlp.rows.streamed
from fastmlp import Adam, MLPClassifier, Model, rows
from fastmlp.losses import LOG_LOSS
from fastmlp.rows.labels import Labels
from fastmlp.rows.order import Pass, drawn_for_validation
from fastmlp.rows.streamed import StreamedRows
from fastmlp.rows.streams.file_array import FileArray

n, p = 1013, 5
random = np.random.default_rng(0)
X = random.standard_normal((n, p)).astype("float32")
y = (X[:, 0] * X[:, 1] + 0.3 * random.standard_normal(n) > 0).astype("int8")
w = random.integers(0, 4, n) / 2
NAMES = [f"x{k}" for k in range(p)]
GROUPS = {"block_rows": 100, "window_rows": 320}


def table(weight=False):
    columns = {name: X[:, k] for k, name in enumerate(NAMES)} | {"y": y}
    return pyarrow.table(columns | {"w": w} if weight else columns)


def blocks(sizes):
    """Return a function that gives the rows in blocks of these sizes, again and again."""
    ends = np.cumsum(np.resize(sizes, n))
    cuts = [0, *ends[ends < n], n]
    return lambda: ((X[a:b], y[a:b]) for a, b in itertools.pairwise(cuts))


def parquet_folder(folder, weight=False, row_group_size=100):
    folder.mkdir()
    data = table(weight)
    for k, first in enumerate(range(0, n, 400)):
        parquet.write_table(data.slice(first, 400), folder / f"part-{k}.parquet", row_group_size=row_group_size)
    return folder


def trained(*data, shuffle=True, batch_size=32, epochs=3, seed=1, **options):
    model = Model([p, 9, 1], seed=seed)
    return model.fit(*data, epochs=epochs, batch_size=batch_size, shuffle=shuffle, optimizer=Adam(0.01), **options)


def bits(model):
    return model.parameters.tobytes(), [record["loss"] for record in model.history]


def every_stream(tmp_path):
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "F.npy", np.asfortranarray(X))
    np.save(tmp_path / "y.npy", y)
    X.tofile(tmp_path / "X.bin")
    csv.write_csv(table(), tmp_path / "t.csv")
    data = table()
    return {
        "array": rows.Array(X, y, **GROUPS),
        "npy": rows.Array(tmp_path / "X.npy", tmp_path / "y.npy", **GROUPS),
        "Fortran npy": rows.Array(str(tmp_path / "F.npy"), y, **GROUPS),
        "memmap": rows.Array(np.load(tmp_path / "X.npy", mmap_mode="r"), np.load(tmp_path / "y.npy", "r"), **GROUPS),
        "raw memmap": rows.Array(np.memmap(tmp_path / "X.bin", "f4", "r", shape=(n, p)), y, **GROUPS),
        "parquet": rows.Parquet(parquet_folder(tmp_path / "a"), target="y", window_rows=320),
        "csv": rows.Csv(tmp_path / "t.csv", target="y", window_rows=320),
        "arrow": rows.Arrow(data, target="y", window_rows=320),
        "reader": rows.Arrow(lambda: data.to_reader(max_chunksize=77), target="y", window_rows=320),
        "pandas": rows.Arrow(data.to_pandas(), target="y", window_rows=320),
        "polars": rows.Arrow(polars.from_arrow(data), target="y", window_rows=320),
        "blocks": rows.Blocks(blocks([1, 250, 3, 64]), window_rows=320),
    }


def test_every_stream_in_file_order_gives_the_bits_of_the_array(tmp_path):
    expected = bits(trained(X, y, shuffle=False))
    for name, stream in every_stream(tmp_path).items():
        model = trained(stream, shuffle=False)
        assert bits(model)[0] == expected[0], name
        np.testing.assert_allclose(bits(model)[1], expected[1], rtol=1e-12)
        model.feature_names = None
        assert np.array_equal(model.predict_proba(stream), model.predict_proba(X)), name
        assert model.loss(stream) == pytest.approx(model.loss(X, y), rel=1e-12), name
        np.testing.assert_allclose(
            model.loss_and_gradient(stream)[1].parameters, model.loss_and_gradient(X, y)[1].parameters, atol=1e-4
        )


def test_shuffled_blocks_give_the_same_bits_from_array_memmap_and_parquet(tmp_path):
    streams = every_stream(tmp_path)
    expected = bits(trained(rows.Array(X, y, **GROUPS)))
    assert expected != bits(trained(X, y))
    for name in ("array", "npy", "Fortran npy", "memmap", "raw memmap", "parquet"):
        assert bits(trained(streams[name])) == expected, name


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_bits_do_not_depend_on_threads(n_threads):
    def fit(threads):
        return Model([p, 9, 1], n_threads=threads).fit(rows.Array(X, y, **GROUPS), epochs=2, batch_size=300).parameters

    assert fit(n_threads).tobytes() == fit(None).tobytes()


@pytest.mark.parametrize("sizes", [[1], [7], [31, 33], [n]])
@pytest.mark.parametrize("window_rows", [32, 100, n, 10 * n])
def test_only_the_last_batch_is_short_whatever_the_blocks(sizes, window_rows):
    stream = rows.Blocks(blocks(sizes), window_rows=window_rows)
    model = trained(stream, shuffle=False)
    assert model.optimizer.t == 3 * -(-n // 32)
    assert bits(model)[0] == bits(trained(X, y, shuffle=False))[0]


@pytest.mark.parametrize("batch_size", [None, 100, 500])
def test_a_batch_larger_than_a_window_is_one_step(batch_size):
    stream = rows.Array(X, y, block_rows=10, window_rows=64)
    model, other = (trained(*data, shuffle=False, batch_size=batch_size) for data in ((stream,), (X, y)))
    assert model.optimizer.t == other.optimizer.t == 3 * (1 if batch_size is None else -(-n // batch_size))
    np.testing.assert_allclose(model.parameters, other.parameters, atol=1e-5)


def test_weights_come_with_the_rows(tmp_path):
    expected = bits(trained(X, y, w, shuffle=False))[0]
    folder = parquet_folder(tmp_path / "a", weight=True)
    for stream in (
        rows.Array(X, y, w, **GROUPS),
        rows.Parquet(folder, target="y", weight="w", window_rows=320),
        rows.Blocks(lambda: iter([(X[:500], y[:500], w[:500]), (X[500:], y[500:], w[500:])])),
    ):
        assert bits(trained(stream, shuffle=False))[0] == expected


# --- orders ---------------------------------------------------------------------------------------------


def passed(stream, order, window_rows=64):
    """Return the rows' first numbers and the sizes of windows, as kernels see them in one pass."""
    stream.window_rows = window_rows
    streamed = StreamedRows(stream, n_features=1, dtype=np.dtype("f8"))
    seen, sizes = [], []
    for window in streamed.windows(order, 8):
        seen.extend(window.X[window.order.rows(0, window.size), 0].astype(int))
        sizes.append(window.size)
    return np.array(seen), sizes


def numbered(block_rows=10):
    return rows.Array(np.arange(1000.0)[:, None], block_rows=block_rows)


def test_a_shuffled_epoch_has_every_row_once_and_mixes_blocks_and_rows():
    orders = [passed(numbered(), Pass(1000).shuffled(0, epoch))[0] for epoch in (1, 2)]
    for seen in orders:
        assert np.array_equal(np.sort(seen), np.arange(1000))
        window = seen[:64]
        assert np.ptp(window) > 500, "the blocks of a window come from the whole table"
        assert len(np.unique(window // 10)) <= 8, "and are whole blocks, but for the first and the last"
        assert np.abs(np.diff(window)).mean() > 50, "whose rows are mixed"
    assert not np.array_equal(*orders)
    assert np.array_equal(passed(numbered(), Pass(1000).shuffled(0, 1))[0], orders[0])


@pytest.mark.parametrize(("block_rows", "window_rows"), [(10, 64), (10, 200), (100, 300), (7, 1000), (400, 64)])
def test_every_window_is_a_sample_of_the_whole_table(block_rows, window_rows):
    """Blocks come from all strata in turn, and no short window is left for the end."""
    seen, sizes = passed(numbered(block_rows), Pass(1000).shuffled(3, 1), window_rows)
    assert max(sizes) - min(sizes) < 8 * len(sizes)
    strata = sizes[0] // block_rows
    for first in range(0, len(seen) - sizes[0], sizes[0]):
        found = np.unique(seen[first : first + sizes[0]] * max(1, strata) // 1000)
        assert len(found) >= 0.8 * strata


def test_windows_hold_whole_batches_and_carry_the_rest():
    _, sizes = passed(rows.Blocks(lambda: (np.ones((k, 1)) for k in (13, 1, 200, 7))), Pass(221), window_rows=30)
    assert sizes == [24] * 9 + [5]


def test_rows_drawn_for_validation_are_a_function_of_seed_and_number():
    drawn = drawn_for_validation(0, 100_000, 0.2, 3)
    assert abs(drawn.mean() - 0.2) < 0.005
    assert np.array_equal(drawn_for_validation(777, 1000, 0.2, 3), drawn[777:1777])
    assert (drawn_for_validation(0, 100_000, 0.2, 4) != drawn).mean() > 0.3
    streams = numbered(), Pass(None, 0.3, 5), Pass(None, 0.3, 5, validation=True).shuffled(0, 1)
    training, validation = passed(streams[0], streams[1])[0], passed(streams[0], streams[2])[0]
    assert np.array_equal(np.sort(np.concatenate([training, validation])), np.arange(1000))


def test_each_class_is_on_both_sides_of_a_draw():
    """Where chance leaves a class out, the row that would be drawn next of it changes sides."""
    t = np.zeros(1000, int)
    t[[17, 500]] = 1
    for seed, fraction in [(seed, fraction) for seed in range(8) for fraction in (0.05, 0.95)]:
        for size in (7, 1000):
            stream = rows.Array(np.arange(1000.0)[:, None], t, block_rows=size)
            part = StreamedRows(stream, n_features=1, dtype=np.float64, labels=Labels(1, LOG_LOSS))
            training, held = (np.sort(passed(stream, each)[0]).astype(int) for each in part.parts(fraction, seed))
            drawn = drawn_for_validation(0, 1000, fraction, seed)
            moved = np.flatnonzero(drawn != np.isin(np.arange(1000), held))
            assert sorted([*training, *held]) == list(range(1000))
            assert t[training].sum() == t[held].sum() == 1
            assert len(moved) == (drawn[17] == drawn[500])
            found = part.survey(fraction, seed)
            assert (found.n_training, found.n_validation) == (len(training), len(held))
            assert found.counts.tolist() == np.bincount(t[training]).tolist()
            assert found.kept.tolist() == np.bincount(t[held]).tolist()


@pytest.mark.parametrize("kind", ["parquet", "blocks"])
def test_validation_of_a_stream_is_that_of_the_same_rows(kind, tmp_path):
    stream = every_stream(tmp_path)[kind]
    model = trained(stream, shuffle=False, validation_fraction=0.25)
    drawn = drawn_for_validation(0, n, 0.25, 1)
    other = trained(X[~drawn], y[~drawn], shuffle=False, X_val=X[drawn], y_val=y[drawn])
    assert model.parameters.tobytes() == other.parameters.tobytes()
    for record, expected in zip(model.history, other.history, strict=True):
        for key in ("loss", "validation_loss", "validation_accuracy"):
            assert record[key] == pytest.approx(expected[key], rel=1e-9)


def test_early_stopping_and_a_stream_to_validate_on():
    held = rows.Array(X[:200], y[:200])
    settings = {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.5, "epochs": 20}
    model = trained(rows.Array(X[200:], y[200:]), X_val=held, **settings)
    assert len(model.history) == 3
    assert model.history[0]["validation_loss"] > model.loss(held) / 200 - 1e-9


def test_a_file_sorted_by_label_trains_as_well_as_a_shuffled_one(tmp_path):
    from sklearn.metrics import roc_auc_score

    draw = np.random.default_rng(1)
    Z = draw.standard_normal((40_000, 10)).astype("float32")
    label = (Z**2).sum(axis=1) > 9.34
    order = np.argsort(label[:30_000], kind="stable")
    np.save(tmp_path / "sorted.npy", Z[:30_000][order])
    window = {"block_rows": 256, "window_rows": 8192}

    def auc(data):
        model = Model([10, 32, 1], seed=0).fit(*data, epochs=8, batch_size=128, optimizer=Adam(0.003))
        return roc_auc_score(label[30_000:], model.predict_proba(Z[30_000:]))

    by_label = auc((rows.Array(tmp_path / "sorted.npy", label[:30_000][order], **window),))
    assert by_label > auc((Z[:30_000], label[:30_000])) - 0.005


def test_a_stream_of_several_labels_for_each_row():
    Y = np.stack([y, X[:, 1] > 0], axis=1)

    def fitted(*data, **options):
        model = Model([p, 9, 2], out_activation="logistic", seed=1)
        return model.fit(*data, epochs=2, batch_size=32, shuffle=False, **options)

    assert bits(fitted(rows.Array(X, Y, **GROUPS))) == bits(fitted(X, Y))
    drawn = drawn_for_validation(0, n, 0.25, 1)
    found = fitted(rows.Array(X, Y, **GROUPS), validation_fraction=0.25)
    expected = fitted(X[~drawn], Y[~drawn], X_val=X[drawn], y_val=Y[drawn])
    assert np.array_equal(found.parameters, expected.parameters)
    for key in ("validation_loss", "validation_accuracy"):
        assert found.history[-1][key] == pytest.approx(expected.history[-1][key], rel=1e-9)


def test_a_stream_of_one_s_own():
    class Mine(rows.Stream):
        n_features = p

        def blocks(self):
            yield from (rows.Block(X[k : k + 1], y[k : k + 1]) for k in range(n))

    model = trained(Mine(), shuffle=False, validation_fraction=0.25)
    expected = trained(rows.Array(X, y), shuffle=False, validation_fraction=0.25)
    assert bits(model) == bits(expected)


def test_footers_that_are_too_large_together_are_read_again(tmp_path, monkeypatch):
    for k, part in enumerate((table()[:500], table()[500:])):
        parquet.write_table(part, tmp_path / f"{k}.parquet", row_group_size=50)
    expected = trained(rows.Parquet(tmp_path, target="y"))
    monkeypatch.setattr("fastmlp.rows.streams.parquet.MOST_CHUNKS", 1)
    stream = rows.Parquet(tmp_path, target="y")
    assert bits(trained(stream)) == bits(expected)
    assert sum(file.metadata is not None for file in stream.files) == 1


def test_many_row_groups_and_many_columns(tmp_path):
    wide = pyarrow.table({f"x{k}": np.arange(100.0) * (k == 0) for k in range(500)} | {"y": np.arange(100) % 2})
    parquet.write_table(wide, tmp_path / "t.parquet", row_group_size=2)
    stream = rows.Parquet(tmp_path / "t.parquet", target="y", window_rows=10**9)
    assert len(Model([500, 2, 1]).fit(stream, epochs=1, batch_size=32).predict_proba(stream)) == 100


def test_an_iterator_that_waits_does_not_hold_up_an_error():
    def blocks():
        yield X[:200], y[:200]
        time.sleep(3 * slow)
        yield X[200:], y[200:]

    slow = False
    stream = rows.Blocks(blocks, window_rows=64)
    stream_rows = fastmlp.rows.streamed.StreamedRows(stream, n_features=p, dtype=np.dtype("f4"))
    slow = True
    windows = stream_rows.windows(Pass(None), 32)
    next(windows)
    begin = time.monotonic()
    windows.close()
    assert time.monotonic() - begin < 2
    assert not stream_rows._idle, "the thread may still write to the buffers"


# --- frames, sparse matrices, memmaps in place of X --------------------------------------------------------


def test_frames_and_sparse_matrices_train_as_arrays_do():
    expected = bits(trained(X, y))[0]
    mixed = pd.DataFrame(X, columns=NAMES).astype({"x1": "float64"})
    arrow = table().drop(["y"])
    for data in (pd.DataFrame(X, columns=NAMES), mixed, polars.DataFrame(X, schema=NAMES), sparse.csr_matrix(X), arrow):
        model = trained(data, y)
        assert bits(model)[0] == expected
        assert np.array_equal(model.predict(data), model.predict(X))


def test_a_frame_of_one_type_is_read_where_it_lies(monkeypatch):
    seen, addresses = [], fastmlp.rows.array.addresses
    monkeypatch.setattr(fastmlp.rows.array, "addresses", lambda A, *rest: seen.append(A) or addresses(A, *rest))
    frame = pd.DataFrame(X, columns=NAMES)
    trained(frame, y)
    assert all(np.shares_memory(A, frame.to_numpy()) for A in seen)


@pytest.mark.parametrize(
    ("column", "error", "words"),
    [
        (pd.Series(["a"] * n), ValueError, "'odd'"),
        (pd.Series(["a"] * n, dtype="category"), ValueError, "'odd'.*'a'"),
        (pd.Series(np.arange(n), dtype="datetime64[ns]"), TypeError, "'odd'.*datetime"),
        (pd.Series([None, *range(n - 1)], dtype="Int64"), ValueError, "NaN in row 0, column 5"),
        (pd.Series(np.ones(n, complex)), ValueError, "'odd' is of type complex128; it must hold numbers, see fastmlp"),
    ],
)
def test_columns_of_frames_that_are_no_numbers(column, error, words):
    frame = pd.DataFrame(X, columns=NAMES).assign(odd=column)
    with pytest.raises(error, match=words):
        Model([p + 1, 1]).fit(frame, y)


def test_polars_null_and_lazy_frame():
    frame = polars.DataFrame(X, schema=NAMES).with_columns(odd=polars.Series([None, *range(n - 1)]))
    with pytest.raises(ValueError, match="NaN in row 0, column 5"):
        Model([p + 1, 1]).fit(frame, y)
    with pytest.raises(TypeError, match=r"collect\(\)"):
        Model([p + 1, 1]).fit(frame.lazy(), y)


def test_a_memmap_larger_than_memory_is_read_by_blocks(tmp_path, monkeypatch):
    np.save(tmp_path / "X.npy", X)
    memmap = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert bits(trained(memmap, y)) == bits(trained(X, y))
    monkeypatch.setattr("fastmlp.training.inputs.available_memory", lambda: X.nbytes - 1)
    assert bits(trained(memmap, y)) == bits(trained(rows.Array(X, y)))
    assert trained(memmap, y).predict_proba(memmap).shape == (n,)


def test_file_arrays_of_views():
    assert FileArray.of_memmap(np.memmap.__new__(np.memmap, __file__, np.uint8, "r")[::2]) is None


def test_file_arrays_read_what_a_memmap_shows(tmp_path):
    np.save(tmp_path / "X.npy", X)
    memmap = np.load(tmp_path / "X.npy", mmap_mode="r")
    for view in (memmap, memmap[100:], memmap[:-5], memmap[3:4]):
        assert np.array_equal(FileArray.of_memmap(view)[0 : len(view)], view)
        assert np.array_equal(FileArray.of_memmap(view)[-2:], view[-2:])


# --- the thread that reads ahead ---------------------------------------------------------------------------


def alive():
    return [thread for thread in threading.enumerate() if thread.name.startswith("fastmlp")]


def test_no_thread_outlives_a_call():
    assert not alive()
    trained(rows.Array(X, y, **GROUPS))
    assert not alive()

    def interrupt(model, record):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(rows.Array(X, y, **GROUPS), callbacks=interrupt)
    with pytest.raises(ValueError, match="inf"):
        trained(rows.Array(np.where(X > 2, np.inf, X), y, **GROUPS))
    parts = Model([p, 1]).iter_proba(rows.Array(X, y, **GROUPS))
    next(parts)
    del parts
    assert not alive()


def test_at_most_two_windows_are_in_memory():
    made, used = 0, 0

    def items(stopped):
        nonlocal made
        for k in range(20):
            made += 1
            assert made - used <= 2
            yield k

    for _ in fastmlp.rows.streamed.read_ahead(items, 2):
        used += 1
    assert made == used == 20


# --- MLPClassifier ------------------------------------------------------------------------------------------

KINDS = np.array(["ash", "birch", "cedar"])[(X[:, 0] > 0.4).astype(int) + (X[:, 1] > 0)]
SETTINGS = {"hidden_layer_sizes": (9,), "max_iter": 3, "random_state": 1, "batch_size": 32}


def classified(*data, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return MLPClassifier(**SETTINGS | settings).fit(*data)


@pytest.mark.parametrize("labels", [y, KINDS, y.astype(bool)])
@pytest.mark.parametrize("settings", [{}, {"class_weight": "balanced"}, {"solver": "lbfgs", "dtype": "float64"}])
def test_a_classifier_of_a_stream_is_that_of_the_array(labels, settings):
    ours = classified(rows.Array(X, labels, **GROUPS), shuffle=False, **settings)
    reference = classified(X, labels, shuffle=False, **settings)
    assert np.array_equal(ours.classes_, reference.classes_)
    for W, expected in zip(ours.coefs_, reference.coefs_, strict=True):
        np.testing.assert_allclose(W, expected, atol=1e-5)
    assert (ours.predict(X) == reference.predict(X)).mean() > 0.999
    assert np.array_equal(ours.predict_proba(rows.Array(X)), ours.predict_proba(X))


ALIKE = {
    "adam": {},
    "sgd": {"solver": "sgd", "learning_rate": "adaptive", "momentum": 0.5},
    "lbfgs": {"solver": "lbfgs"},
    "dropout, adamw": {"optimizer": "adamw", "dropout": 0.2, "learning_rate": "cosine"},
    "balanced": {"class_weight": "balanced"},
    "weights of classes": {"class_weight": {"ash": 0.0, "cedar": 3.0}},
    "three activations": {"hidden_layer_sizes": (7, 6, 5), "activation": ["tanh", "gelu", "selu"]},
}


@pytest.mark.parametrize("weights", [None, w, np.where(X[:, 2] > 0, w, 0)], ids=["no weights", "weights", "many 0"])
@pytest.mark.parametrize("settings", ALIKE.values(), ids=ALIKE)
def test_streams_and_memory_give_the_same_sums(settings, weights):
    """Losses, validation and scores over the same rows in the same order, whatever the weights of rows and classes."""
    held, rest = slice(0, 300), slice(300, n)
    of = [None if weights is None else weights[part] for part in (rest, held)]
    settings = {"shuffle": False, "dtype": "float64", "max_iter": 4, **settings}
    reference = MLPClassifier(**SETTINGS | settings | {"random_state": np.random.RandomState(3)})
    streamed = MLPClassifier(**SETTINGS | settings | {"random_state": np.random.RandomState(3)})
    validates = settings.get("solver") != "lbfgs"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        given = {"X_val": X[held], "y_val": KINDS[held], "sample_weight_val": of[1]} if validates else {}
        reference.fit(X[rest].astype("float64"), KINDS[rest], of[0], **given)
        given = {"X_val": rows.Array(X[held], KINDS[held], of[1], **GROUPS)} if validates else {}
        streamed.fit(rows.Array(X[rest], KINDS[rest], of[0], **GROUPS), **given)
    for W, expected in zip(streamed.coefs_, reference.coefs_, strict=True):
        np.testing.assert_allclose(W, expected, rtol=1e-6, atol=1e-9)
    assert streamed.loss_ == pytest.approx(reference.loss_, rel=1e-9)
    for name in ("loss_curve_", "validation_scores_", "validation_loss_curve_") if validates else ():
        assert getattr(streamed, name) == pytest.approx(getattr(reference, name), rel=1e-9)
    for each in (streamed, reference):
        of_stream = each.score(rows.Array(X[held], KINDS[held], of[1], **GROUPS))
        assert of_stream == pytest.approx(each.score(X[held], KINDS[held], of[1]), rel=1e-12)


@pytest.mark.parametrize(
    ("class_weight", "factor", "words"),
    [
        ({0: 0, 1: 0}, 1.0, "class_weight={0: 0, 1: 0} leaves no row with a weight above 0; give a class"),
        ({0: -1, 1: 1}, 1.0, "class_weight=.*not negative"),
        ({0: np.nan, 1: 1}, 1.0, "class_weight=.*finite"),
        ({1: 1e300}, 1e200, "sample_weight (contains NaN or inf|sums up to inf)"),
        ({2: 1}, 1.0, "not in class_weight"),
        (None, 1e-320, "sample_weight sums up to"),
        (None, 0.0, "(is 0 for every row|at least one non-zero)"),
    ],
)
def test_streams_and_memory_refuse_the_same_weights(class_weight, factor, words):
    for data in ((X, y, factor * w), (rows.Array(X, y, factor * w),)):
        with pytest.raises(ValueError, match=words):
            classified(*data, class_weight=class_weight)


def test_the_score_of_a_stream():
    """Of classes that were not there in `fit`, of text in tables, of one class, and what is refused."""
    for labels in (y, KINDS, y.astype(bool)):
        classifier = classified(X, labels)
        other = np.where(np.arange(n) % 7 == 0, "oak" if labels is KINDS else 2, labels)
        assert classifier.score(rows.Array(X, other, w, **GROUPS)) == pytest.approx(classifier.score(X, other, w))
    classifier = classified(X, KINDS)
    data = table().set_column(p, "y", pyarrow.array(KINDS).dictionary_encode())
    assert classifier.score(rows.Arrow(data, target="y")) == classifier.score(X, KINDS)
    one = classified(X, np.full(n, "ash"))
    assert one.score(rows.Array(X, KINDS)) == pytest.approx(np.mean(KINDS == "ash"))
    for given, words in [((rows.Array(X, KINDS), KINDS), "brings y"), ((rows.Array(X),), "no y"),
                         ((rows.Array(X[:, :2], KINDS),), "2 features")]:  # fmt: skip
        with pytest.raises(ValueError, match=words):
            classifier.score(*given)
    with pytest.raises(ValueError, match="one class each"):
        classified(X, np.stack([y, y], axis=1)).score(rows.Array(X, y))


def test_a_classifier_of_a_table_keeps_names_and_classes(tmp_path):
    data = table().set_column(p, "y", pyarrow.array(KINDS))
    parquet.write_table(data, tmp_path / "t.parquet", row_group_size=100)
    stream = rows.Parquet(tmp_path / "t.parquet", target="y")
    classifier = classified(stream, early_stopping=True, class_weight={"ash": 2.0})
    assert list(classifier.feature_names_in_) == NAMES
    assert set(classifier.predict(stream)) <= {"ash", "birch", "cedar"}
    assert classifier.validation_scores_[-1] > 0.4
    assert np.array_equal(classifier.predict_proba(data.to_pandas()[NAMES]), classifier.predict_proba(stream))
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(rows.Parquet(tmp_path / "t.parquet", target="y", columns=NAMES[::-1]))
    again = MLPClassifier(**SETTINGS).partial_fit(stream, classes=["ash", "birch", "cedar"]).partial_fit(stream)
    assert again.t_ == 2 * n


def test_rows_for_validation_of_a_classifier(tmp_path):
    held = rows.Array(X[:200], KINDS[:200])
    with pytest.warns(ConvergenceWarning):
        classifier = MLPClassifier(**SETTINGS).fit(rows.Array(X, KINDS), X_val=held)
    assert classifier.validation_scores_[-1] == classifier.score(X[:200], KINDS[:200])
    for settings, words in [({"X_val": X, "y_val": y}, "of X and X_val, one is a stream"), ({"y": y}, "brings y")]:
        with pytest.raises(ValueError, match=words):
            MLPClassifier(**SETTINGS).fit(rows.Array(X, KINDS), **settings)
    names = rows.Arrow(table(), target="y")
    other = rows.Arrow(table(), target="y", columns=NAMES[::-1])
    with pytest.raises(ValueError, match="feature names should match"):
        MLPClassifier(**SETTINGS).fit(names, X_val=other)
    for settings, words in [
        ({"class_weight": {"oak": 2}}, "not in class_weight"),
        ({"validation_fraction": 0.001}, "too small"),
    ]:
        with pytest.raises(ValueError, match=words):
            MLPClassifier(**SETTINGS, **settings, early_stopping=True).fit(rows.Array(X[:3], KINDS[:3]))
    with pytest.raises(ValueError, match="scoring='roc_auc'"):
        MLPClassifier(**SETTINGS, scoring="roc_auc", early_stopping=True).fit(rows.Array(X, y))
    with pytest.raises(ValueError, match=r"2 features.*expecting 5"):
        classifier.predict(rows.Array(X[:, :2]))
