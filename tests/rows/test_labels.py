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
        (np.array([True, None] * 30, object), ValueError, "'y' has 1 missing value"),
        (np.array([1, pd.NA] * 30, object), ValueError, "'y' has 1 missing value"),
        (np.array(["a", 1] * 30, object), TypeError, r"'y' holds labels of several types \(int, str\)"),
        (np.ma.array(ONE, mask=ONE), TypeError, "y is a masked array"),
    ],
)
def test_labels_of_blocks_without_an_order(y, error, words):
    stream = rows.Blocks(lambda: iter([(X, y)]))
    with pytest.raises(error, match=words):
        MLPClassifier((3,)).fit(stream)


def test_blocks_of_several_types_have_the_classes_of_their_values():
    blocks = rows.Blocks(lambda: iter([(X, ONE), (X, ONE.astype(int)), (X, ONE.astype(object))]))
    assert classes_of(blocks) == [0, 1]
