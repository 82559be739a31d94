"""Blocks of a user's iterator: pairs and rows are told apart, and columns of frames are found by their names."""

import itertools

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest

from fastmlp import MLPClassifier, Model, rows

n = 60
random = np.random.default_rng(0)
FRAME = pd.DataFrame({"a": random.standard_normal(n), "b": 3 * random.standard_normal(n).astype("f4"), "c": range(n)})
FRAME["c"] /= n
X = FRAME.to_numpy()
y = (X[:, 0] + X[:, 2] > 0.5).astype(int)
ORDERS = [list(order) for order in itertools.permutations("abc")]
KINDS = [pd.DataFrame, polars.from_pandas, lambda frame: pa.Table.from_pandas(frame)]  # the last with an index


def shuffled(orders=ORDERS, kinds=KINDS, labelled=True):
    """Ten rows a block, each of another kind, its columns in another order."""

    def make():
        for k in range(6):
            part = slice(10 * k, 10 * k + 10)
            frame = kinds[k % len(kinds)](FRAME[part][orders[k % len(orders)]])
            yield (frame, y[part]) if labelled else frame

    return make


def fit(stream, *labels, model=None, **options):
    model = Model([3, 4, 1]) if model is None else model
    return model.fit(stream, *labels, epochs=3, batch_size=16, shuffle=False, **options)


def test_frames_of_other_orders_train_and_predict_as_one_array():
    model = fit(rows.Blocks(shuffled()))
    assert np.array_equal(model.parameters, fit(X, y).parameters)
    assert model.feature_names == ["a", "b", "c"]
    assert model.predict_proba(FRAME).shape == (n,)
    expected = model.predict_proba(X)
    for orders in (ORDERS, ORDERS[::-1], [["c", "b", "a"]]):
        for n_features in (None, 3):
            stream = rows.Blocks(shuffled(orders, labelled=False), n_features)
            assert np.array_equal(model.predict_proba(stream), expected)
    assert np.array_equal(model.predict_proba(rows.Blocks(lambda: iter([X[:50], X[50:]]))), expected)


def test_names_that_differ_are_refused_with_the_block_s_number():
    other = FRAME.rename(columns={"b": "d"})
    for second, words in [
        (other, "block 1: no column named 'b'; the columns are 'a', 'd', 'c'"),
        (FRAME.assign(d=1), "block 1: X has a column 'd', which is not one of the features 'a', 'b', 'c'"),
        (FRAME[["a", "b"]], "block 1: no column named 'c'"),
        (FRAME[["a", "b", "c", "b"]], "block 1: 2 columns named 'b'"),
        (FRAME.assign(b="x"), "block 1: X: column 'b'"),
    ]:
        stream = rows.Blocks(lambda second=second: iter([(FRAME, y), (second, y)]))
        with pytest.raises(ValueError, match=words):
            fit(stream)
    model = fit(rows.Blocks(shuffled()))
    with pytest.raises(ValueError, match="block 0: no column named 'b'"):
        model.predict(rows.Blocks(lambda: iter([other])))
    with pytest.raises(ValueError, match=r"has the columns.*'d'"):
        fit(rows.Blocks(lambda: iter([(other, y)])), model=model)


def test_names_that_are_given():
    backwards = ["c", "b", "a"]
    model = fit(rows.Blocks(shuffled(), names=backwards))
    assert model.feature_names == backwards
    assert np.array_equal(model.parameters, fit(X[:, ::-1], y).parameters)
    stream = rows.Array(FRAME, y, names=backwards)
    assert np.array_equal(fit(stream).parameters, model.parameters)


def test_an_array_of_a_frame_has_its_names():
    stream = rows.Array(FRAME, y)
    model = fit(stream)
    assert (stream.names, model.feature_names) == (["a", "b", "c"], ["a", "b", "c"])
    assert np.array_equal(model.parameters, fit(X, y).parameters)
    with pytest.raises(ValueError, match="the model was trained with"):
        model.predict(rows.Array(FRAME[["b", "a", "c"]]))
    with pytest.raises(TypeError, match="column 'd' is of type datetime"):
        rows.Array(FRAME.assign(d=pd.Timestamp("2020-01-01")), y)


def test_a_stream_of_one_s_own_gives_frames():
    class Mine(rows.Stream):
        n_features, names = 3, ["a", "b", "c"]

        def blocks(self, order=None):
            for frame, labels in shuffled()():
                yield rows.Block(frame, labels)

    assert np.array_equal(fit(Mine()).parameters, fit(X, y).parameters)


def test_classifiers_compare_the_names_of_blocks():
    classifier = MLPClassifier((4,), max_iter=2, tol=0, random_state=0)
    with pytest.warns(UserWarning, match="converge"):
        classifier.fit(rows.Blocks(shuffled(), 3))
    assert classifier.feature_names_in_.tolist() == ["a", "b", "c"]
    expected = classifier.predict_proba(FRAME)
    blocks = rows.Blocks(shuffled(labelled=False))
    assert np.array_equal(classifier.predict_proba(blocks), expected)
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(rows.Blocks(shuffled(ORDERS[::-1], labelled=False)))


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_a_table_and_labels_is_a_pair(kind):
    """A DataLoader gives lists; the rows of an X may be lists or arrays of one dimension."""
    w = 1 + np.arange(n) % 3
    parts = [slice(0, 2), slice(2, 5), slice(5, n)]
    expected, weighted = fit(X, y), fit(X, y, w)
    assert np.array_equal(fit(rows.Blocks(lambda: (kind((X[p], y[p])) for p in parts))).parameters, expected.parameters)
    assert np.array_equal(
        fit(rows.Blocks(lambda: (kind((X[p], y[p], w[p])) for p in parts))).parameters, weighted.parameters
    )
    for as_rows in (list, np.ndarray.tolist):
        blocks = rows.Blocks(lambda as_rows=as_rows: (as_rows(X[p]) for p in parts))
        assert np.array_equal(expected.predict_proba(blocks), expected.predict_proba(X))
    nested = rows.Blocks(lambda: ([X[p].tolist(), y[p].tolist()] for p in parts))
    assert np.array_equal(fit(nested).parameters, expected.parameters)


# --- validation of the first fit -----------------------------------------------------------------------------


def test_rows_for_validation_have_the_names_of_those_for_training():
    backwards = FRAME[["c", "b", "a"]]
    for data in ((FRAME, y), (rows.Array(FRAME, y),)):
        with pytest.raises(ValueError, match=r"has the columns.*'c', 'b', 'a'"):
            fit(*data, X_val=backwards, y_val=y)
    model = fit(FRAME, y, X_val=FRAME, y_val=y)
    other = fit(rows.Blocks(shuffled()), X_val=rows.Blocks(shuffled(ORDERS[::-1])))
    assert model.history[-1]["validation_loss"] == pytest.approx(other.history[-1]["validation_loss"], rel=1e-6)


@pytest.mark.parametrize("labels", [np.where(y, "yes", "no"), y + 1, y * 2.0 - 1, y > 0])
def test_rows_for_validation_have_the_classes_of_those_for_training(labels):
    table = rows.Arrow(FRAME.assign(y=labels), target="y")
    backwards = rows.Arrow(FRAME[["c", "b", "a"]].assign(y=labels), target="y")
    expected = fit(FRAME, y, X_val=FRAME, y_val=y).history[-1]
    for held in (table, backwards):
        found = fit(table, X_val=held).history[-1]
        assert found["validation_accuracy"] == expected["validation_accuracy"]
        assert found["validation_loss"] == pytest.approx(expected["validation_loss"], rel=1e-6)


def test_numbers_of_classes_in_validation_are_those_of_training():
    three = np.arange(n) % 3
    table = FRAME.assign(y=three + 1)
    held = table[table.y < 3]  # 1 and 2, which would pass for numbers of classes
    model = Model([3, 4, 3], out_activation="softmax")
    model.fit(rows.Arrow(table, target="y"), epochs=1, X_val=rows.Arrow(held, target="y"))
    assert model.history[0]["validation_loss"] == pytest.approx(
        model.loss(held[["a", "b", "c"]], held.y - 1) / len(held)
    )
