"""y and weights of the tabular estimators: what they may be, what is left out, and what is refused."""

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
import scipy.sparse
from small_tables import classes, classifier, numbers, regressor, table

pytestmark = pytest.mark.usefixtures("little_training")
X = table()
n = len(X)
LABELS = classes(X)
NUMBERS = numbers(X)


def holed(values, every=10):
    """Return values as objects, every tenth None."""
    return [None if k % every == 0 else value for k, value in enumerate(np.asarray(values).tolist())]


YES = LABELS == "yes"
CLASSES = {
    "objects": (LABELS.astype(object), ["no", "yes"]),
    "list": (LABELS.tolist(), ["no", "yes"]),
    "categorical": (pd.Series(LABELS, dtype="category"), ["no", "yes"]),
    "string": (pd.Series(LABELS, dtype="string"), ["no", "yes"]),
    "bool": (YES, [False, True]),
    "nullable bool": (pd.Series(YES, dtype="boolean"), [False, True]),
    "nullable int": (pd.Series(YES + 3, dtype="Int8"), [3, 4]),
    "float": (YES * 2.0, [0.0, 2.0]),
    "polars": (polars.Series("t", LABELS), ["no", "yes"]),
    "polars categorical": (polars.Series("t", LABELS, dtype=polars.Categorical), ["no", "yes"]),
    "arrow": (pyarrow.array(LABELS.tolist()), ["no", "yes"]),
    "chunked": (pyarrow.chunked_array([LABELS.tolist()]), ["no", "yes"]),
}


@pytest.mark.parametrize("kind", CLASSES)
def test_classes_of_any_type_come_back(kind):
    y, names = CLASSES[kind]
    model, expected = classifier().fit(X, y), classifier().fit(X, LABELS)
    assert model.classes_.tolist() == names
    assert [type(name) for name in model.classes_.tolist()] == [type(name) for name in names]
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    assert set(model.predict(X).tolist()) <= set(names)
    assert model.score(X, y) == expected.score(X, LABELS)


TABLES = [X, polars.from_pandas(X), pyarrow.Table.from_pandas(X)]
MISSING = {
    "None": holed(LABELS),
    "float": np.where(np.arange(n) % 10 == 0, np.nan, YES),
    "categorical": pd.Series(holed(LABELS), dtype="category"),
    "boolean": pd.Series(holed(YES), dtype="boolean"),
    "Int64": pd.Series(holed(YES * 1), dtype="Int64"),
    "string": pd.Series(holed(LABELS), dtype="string"),
    "polars": polars.Series(holed(YES)),
    "arrow": pyarrow.array(holed(LABELS)),
}


@pytest.mark.parametrize("kind", MISSING)
@pytest.mark.parametrize(
    "of", [X, polars.from_pandas(X), pyarrow.Table.from_pandas(X)], ids=lambda t: type(t).__module__
)
def test_rows_without_a_class_are_left_out(kind, of):
    """With their weights, and in tables of all libraries."""
    w = np.linspace(1, 2, n)
    with pytest.warns(UserWarning, match="y is missing in 12 of 120 rows, which are left out") as caught:
        model = classifier().fit(of, MISSING[kind], w)
    assert caught[0].filename == __file__
    there = np.arange(n) % 10 > 0
    expected = classifier().fit(X[there], LABELS[there], w[there])
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_rows_without_a_number_are_left_out():
    with pytest.warns(UserWarning, match="y is missing in 12 of 120"):
        model = regressor().fit(X, holed(NUMBERS))
    there = np.arange(n) % 10 > 0
    np.testing.assert_array_equal(model.predict(X), regressor().fit(X[there], NUMBERS[there]).predict(X))


@pytest.mark.parametrize("make", [classifier, regressor])
def test_no_row_has_a_target(make):
    for y in ([None] * n, np.full(n, np.nan)):
        with pytest.raises(ValueError, match="y is missing in all 120 rows; at least 2 with a target are required"):
            make().fit(X, y)
    one = np.full(n, np.nan)
    one[3] = 1
    with (
        pytest.warns(UserWarning, match="y is missing in 119"),
        pytest.raises(ValueError, match="1 sample with a target; at least 2"),
    ):
        make().fit(X, one)


@pytest.mark.parametrize(
    ("y", "error", "words"),
    [
        (["yes"] * n, ValueError, "only one class \\('yes'\\); rows of two classes"),
        (np.zeros(n), ValueError, "only one class \\(0.0\\)"),
        (np.c_[YES, YES], ValueError, r"y should be a 1d array.*\(120, 2\).*MultiOutputClassifier"),
        ([[1], [0, 1]] * (n // 2), ValueError, "y: rows must have the same number of targets, but row 0 has 1, and"),
        ([["a"], ["b", "c"]] * (n // 2), ValueError, "y: rows must have the same number of targets"),
        (np.linspace(0, 1, n), ValueError, "continuous"),
        (np.where(YES, np.inf, 0), ValueError, "y contains infinity"),
        ([1, "a"] * (n // 2), TypeError, "several types"),
        (YES[:-1], ValueError, r"inconsistent numbers of samples: \[120, 119\]"),
        (None, ValueError, "the target y is None"),
        (np.ma.array(YES, mask=YES), TypeError, "y is a masked array"),
        (scipy.sparse.csr_array(YES[:, np.newaxis]), TypeError, r"y is sparse; give y.toarray\(\)"),
    ],
)
def test_bad_classes(y, error, words):
    with pytest.raises(error, match=words):
        classifier().fit(X, y)


@pytest.mark.parametrize(
    ("y", "error", "words"),
    [
        (LABELS, ValueError, "y contains '(no|yes)' in row 0, which is not a number; .* TabularClassifier for classes"),
        (np.where(np.arange(n) == 7, np.inf, NUMBERS), ValueError, "y contains inf in row 7"),
        (np.where(np.arange(n) == 7, 1e308, NUMBERS), ValueError, r"y contains 1e\+308 in row 7"),
        (np.c_[NUMBERS, NUMBERS], ValueError, r"y should be a 1d array.*\(120, 2\).*MultiOutputRegressor"),
        (NUMBERS + 1j, ValueError, "y has dtype complex128: Complex data not supported"),
        (pd.date_range("2020", periods=n), TypeError, "y has dtype datetime64"),
    ],
)
def test_bad_numbers(y, error, words):
    with pytest.raises(error, match=words):
        regressor().fit(X, y)


def test_counts_must_not_be_negative():
    """The row is that of the user's y, also beside rows without a target."""
    y = NUMBERS.copy()
    y[[3, 17]] = np.nan, -2
    with (
        pytest.warns(UserWarning, match="missing in 1 of"),
        pytest.raises(ValueError, match="y contains -2 in row 17, but loss='poisson' takes counts or rates"),
    ):
        regressor(loss="poisson").fit(X, y)
    assert np.isfinite(regressor(loss="poisson").fit(X, np.zeros(n)).predict(X)).all()
    assert (regressor(loss="poisson").fit(X, NUMBERS).predict(X) > 0).all()


def test_text_of_numbers_is_numbers():
    of_text = regressor().fit(X, NUMBERS.astype(int).astype(str).astype(object))
    np.testing.assert_array_equal(of_text.predict(X), regressor().fit(X, NUMBERS).predict(X))


def test_a_constant_number_is_predicted():
    np.testing.assert_allclose(regressor().fit(X, np.full(n, 7e6)).predict(X), 7e6, rtol=1e-6)


@pytest.mark.parametrize("levels", [[0.1, 0.5, 0.9], (0.25,), np.array([0.3, 0.7]), 0.9])
def test_quantiles(levels):
    model = regressor(loss="quantile", quantile=levels).fit(X, NUMBERS)
    found = model.predict(X)
    assert found.shape == ((n, np.size(levels)) if np.size(levels) > 1 else (n,))
    if found.ndim == 2:
        assert (np.diff(found, axis=1) >= 0).all()
        assert model.score(X, NUMBERS) < 0
    for bad, error in ([0.9, 0.1], ValueError), ([0.0, 0.5], ValueError), ([], TypeError), (["a"], TypeError):
        with pytest.raises(error, match="quantile="):
            regressor(loss="quantile", quantile=bad).fit(X, NUMBERS)


@pytest.mark.parametrize("make", [classifier, regressor])
@pytest.mark.parametrize(
    ("w", "words"),
    [
        (np.where(np.arange(n) == 3, -1, 1), "sample_weight(_val)? contains -1"),
        (np.where(np.arange(n) == 3, np.nan, 1), "sample_weight contains NaN"),
        (np.where(np.arange(n) == 3, np.inf, 1), "sample_weight contains infinity"),
        (np.zeros(n), "sample_weight(_val)?(: Sample weights must contain at least one non-zero| is 0 for every row)"),
        (np.ones(n - 1), r"sample_weight.shape == \(119,\), expected \(120,\)"),
        (np.ones((n, 2)), "(?i)sample.weight"),
    ],
)
def test_bad_weights(make, w, words):
    y = YES if make is classifier else NUMBERS
    with pytest.raises(ValueError, match=words):
        make().fit(X, y, w)
    with pytest.raises(ValueError, match=words):
        make().fit(X, y, X_val=X, y_val=y, sample_weight_val=w)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_weights_of_rows_without_a_target_alone(make):
    y = holed(YES if make is classifier else NUMBERS)
    w = np.where(np.arange(n) % 10 == 0, 1.0, 0.0)
    with (
        pytest.warns(UserWarning, match="y is missing in 12 of 120"),
        pytest.raises(ValueError, match="sample_weight is 0 for every row"),
    ):
        make().fit(X, y, w)


@pytest.mark.parametrize("label", ["no", "yes"])
def test_weights_that_leave_one_class_or_few_rows(label):
    assert np.isfinite(classifier().fit(X, LABELS, label == LABELS).predict_proba(X)).all()
    few = np.zeros(n)
    few[5:8] = 1  # none of which may be among the rows that validate
    for seed in range(5):
        assert np.isfinite(regressor(random_state=seed).fit(X, NUMBERS, few).predict(X)).all()


def test_weights_of_classes_are_weights_of_rows():
    given = classifier(class_weight={"no": 1.0, "yes": 3.0}).fit(X, LABELS)
    by_row = classifier().fit(X, LABELS, np.where(YES, 3.0, 1.0))
    np.testing.assert_array_equal(given.predict_proba(X), by_row.predict_proba(X))
    balanced = classifier(class_weight="balanced").fit(X[:90], LABELS[:90])
    counts = np.unique(LABELS[:90], return_counts=True)[1]
    by_row = classifier().fit(X[:90], LABELS[:90], (45 / counts)[YES[:90] * 1])
    np.testing.assert_array_equal(balanced.predict_proba(X), by_row.predict_proba(X))
    with pytest.raises(ValueError, match="class_weight"):
        classifier(class_weight={"no": -1.0}).fit(X, LABELS)
    with pytest.raises(ValueError, match=r"class_weight={'no': 0, 'yes': 0} leaves no row with a weight above 0"):
        classifier(class_weight={"no": 0, "yes": 0}).fit(X, LABELS)
    with pytest.raises(ValueError, match=r"X_val, y_val: class_weight={'no': 0} leaves no row with a weight above 0"):
        classifier(class_weight={"no": 0}).fit(X, LABELS, X_val=X[~YES], y_val=LABELS[~YES])


@pytest.mark.parametrize("K", [2, 3, 500])
def test_probabilities_sum_to_one(K):
    random = np.random.default_rng(0)
    rows = random.standard_normal((max(120, 2 * K), 3))
    y = np.resize(np.arange(K), len(rows))
    model = classifier().fit(rows, y)
    P = model.predict_proba(1e6 * rows)
    assert P.shape == (len(rows), K)
    assert np.isfinite(P).all()
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-12)
    L = model.predict_log_proba(1e6 * rows)
    assert np.isfinite(L).all()
    np.testing.assert_allclose(np.exp(L), P, rtol=1e-9, atol=1e-300)
