"""Values of a target: compared by what they are, whatever type they are stored in."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fastmlp import MLPClassifier, Model, rows
from fastmlp.losses import CROSS_ENTROPY, LOG_LOSS
from fastmlp.rows.labels import Labels
from fastmlp.rows.survey import classes_of

X = np.random.default_rng(0).standard_normal((60, 2))
ONE = X[:, 0] > 0
NUMBERS = {
    "bool": ONE,
    "int8": ONE.astype("int8"),
    "uint64": ONE.astype("uint64"),
    "float16": ONE.astype("float16"),
    "float64": ONE.astype("float64"),
}


def table(y):
    return rows.Arrow(pa.table({"a": X[:, 0], "b": X[:, 1], "y": y}), target="y")


@pytest.mark.parametrize("learned", NUMBERS)
@pytest.mark.parametrize("given", NUMBERS)
def test_numbers_of_equal_value_are_one_class_in_tables(learned, given):
    model = Model([2, 3, 1]).fit(table(NUMBERS[learned]), epochs=1)
    expected = model.loss(X, ONE)
    assert model.loss(table(NUMBERS[given])) == pytest.approx(expected, rel=1e-6)
    assert model.loss(table(pa.array(NUMBERS[given]).dictionary_encode())) == pytest.approx(expected, rel=1e-6)
    model.fit(table(NUMBERS[given]), epochs=1)


@pytest.mark.parametrize("classes", [[False, True], [0, 1], [0.0, 1.0], [-1, 0, 1], [0, 0.5, 1]])
@pytest.mark.parametrize("kind", [*NUMBERS, "object"])
def test_numbers_of_classes(classes, kind):
    y = np.array([1, 0, 1]).astype(kind)
    expected = [classes.index(1), classes.index(0), classes.index(1)]
    labels = Labels(len(classes), CROSS_ENTROPY, classes)
    assert labels.encode(y, 3).tolist() == expected
    assert labels.encode(pa.array(y), 3).tolist() == expected
    assert labels.encode(pa.chunked_array([y[:1], y[1:]]), 3).tolist() == expected
    entries = pa.DictionaryArray.from_arrays(pa.array([3, 0, 3], "int8"), pa.array([0, 7, 8, 1, 9]))
    assert labels.encode(entries, 3).tolist() == expected
    entries = pa.DictionaryArray.from_arrays(pa.array([1, 2, 1], "int8"), pa.array([None, 1, 0]))
    assert labels.encode(entries, 3).tolist() == expected
    assert labels.encode(pa.array(y)[:0], 0).tolist() == labels.encode(y[:0], 0).tolist() == []


@pytest.mark.parametrize(
    ("classes", "y", "words"),
    [
        ([0, 1], ["1", "0"], "classes are 0, 1"),
        (["0", "1"], [1, 0], "classes are '0', '1'"),
        (["0", "1"], [True, False], "classes are '0', '1'"),
        ([False, True], ["True", "False"], "classes are False, True"),
        ([0, 1], [1, 2], "y contains .*2.*, but the classes are 0, 1"),
        ([0, 1], [1, 0.5], "y contains .*0.5.*, but the classes are 0, 1"),
        ([1, 2**53], [1, 2**53 + 1], "y contains .*9007199254740993"),
    ],
)
@pytest.mark.parametrize("kind", [pa.array, np.array, lambda y: np.array(y, object)])
def test_text_is_no_number_and_no_other_value_is_a_class(classes, y, words, kind):
    with pytest.raises(ValueError, match=words):
        Labels(1, LOG_LOSS, classes).encode(kind(y), 2)


def test_an_entry_of_a_dictionary_that_no_row_has_does_not_count():
    entries = pa.DictionaryArray.from_arrays(pa.array([1, 2, 1], "int8"), pa.array([None, "b", "a"]))
    assert Labels(1, LOG_LOSS, ["a", "b"]).encode(entries, 3).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("y", "error", "words"),
    [
        (np.array([True, None] * 30, object), ValueError, "block 0: target 'y' has 30 missing values; drop"),
        (np.array([1, pd.NA] * 30, object), ValueError, "block 0: target 'y' has 30 missing values; drop"),
        (np.array(["a", 1] * 30, object), TypeError, r"'y' holds labels of several types \(int, str\)"),
        (np.array([True, np.inf] * 30, object), ValueError, "block 0: target 'y' contains inf, which is not a class"),
        (np.array([1, np.nan] * 30), ValueError, "block 0: target 'y' has 30 missing values; drop these rows"),
        (np.array([1, -np.inf] * 30), ValueError, "block 0: target 'y' contains inf, which is not a class; drop"),
        (pa.array([1, np.inf] * 30), ValueError, "block 0: target 'y' contains inf, which is not a class; drop"),
        (np.ma.array(ONE, mask=ONE), TypeError, "y is a masked array"),
        (np.arange(60).astype("M8[D]"), TypeError, r"block 0: target 'y' is of type datetime64\[D\]; convert it"),
        (1j * ONE, TypeError, "block 0: target 'y' is of type complex128; convert it to numbers or strings first"),
        (pd.Series([[1], [2]] * 30), TypeError, r"block 0: target 'y' contains \[1\], of type list; convert it"),
        ([[1], [2, 3]] * 30, ValueError, "block 0: y: rows must have the same number of values, but row 0 has 1, and"),
        (1, ValueError, "block 0: y is a single value; it must hold one for each row"),
        (None, ValueError, r"block 0: a block has no y; labels are required, as in \(X, y\)"),
    ],
)
def test_labels_of_blocks_that_are_no_classes(y, error, words):
    stream = rows.Blocks(lambda: iter([(X, y)]), 2)
    with pytest.raises(error, match=words):
        MLPClassifier((3,)).fit(stream)


@pytest.mark.parametrize("kind", [np.asarray, lambda y: y.astype(object), pa.array])
@pytest.mark.parametrize(("value", "words"), [(np.nan, "'y' has 30 missing values"), (np.inf, "'y' contains inf")])
def test_a_score_counts_no_label_that_is_none_as_wrong(kind, value, words):
    with pytest.warns(UserWarning, match="converge"):
        classifier = MLPClassifier((3,), max_iter=1).fit(X, ONE.astype(int))
    other = np.where(ONE, 2.0, 0)  # 2 is no class, but a label
    assert classifier.score(rows.Blocks(lambda: iter([(X, kind(other))]))) == classifier.score(X, other)
    with pytest.raises(ValueError, match=words):
        classifier.score(rows.Blocks(lambda: iter([(X, kind(np.where(np.arange(60) % 2, value, 1)))])))


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.stack([ONE, ONE], axis=1), r"y has shape \(60, 2\), but X has 60 rows: it must have shape \(60,\)"),
        (pd.Series([{}, 2] * 30), "target 'y' contains {}, of type dict; convert it"),
    ],
)
def test_labels_of_known_classes_are_one_value_for_each_row(y, words):
    with pytest.warns(UserWarning, match="converge"):
        classifier = MLPClassifier((3,), max_iter=1).fit(X, ONE)
    with pytest.raises(ValueError, match=f"block 0: {words}"):
        classifier.score(rows.Blocks(lambda: iter([(X, y)])))


def test_a_block_without_targets_between_others():
    stream = rows.Blocks(lambda: iter([(X, ONE), (X,)]))
    for loss, word in (("log_loss", "labels"), ("squared_error", "targets")):
        with pytest.raises(ValueError, match=rf"block 1: a block has no y; {word} are required, as in \(X, y\)"):
            Model([2, 3, 1], loss=loss).fit(stream)


def test_a_column_of_labels_is_a_vector_of_them():
    column = np.where(ONE, "b", "a")[:, np.newaxis]
    assert Labels(1, LOG_LOSS, ["a", "b"]).encode(column, 60).tolist() == ONE.tolist()


def test_a_target_of_more_values_than_classes_may_be():
    y = np.arange(10_001)
    stream = rows.Array(np.zeros((10_001, 1)), y)
    with pytest.raises(ValueError, match=r"target 'y' has more than 10000 values \(0, 1, .*loss='squared_error'"):
        MLPClassifier((3,)).fit(stream)


def test_blocks_of_several_types_have_the_classes_of_their_values():
    blocks = rows.Blocks(lambda: iter([(X, ONE), (X, ONE.astype(int)), (X, ONE.astype(object))]))
    assert classes_of(blocks) == [0, 1]


def test_empty_blocks_have_no_classes():
    blocks = rows.Blocks(lambda: iter([(X[:0], None), (X, ONE), (X[:0], ["a"][:0])]))
    assert classes_of(blocks) == [False, True]
