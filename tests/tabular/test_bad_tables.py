"""X of the tabular estimators that is odd or bad: an error that says what to do, or a result."""

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from small_tables import classes, classifier, numbers, table, train_little

from fastmlp import ColumnWarning, TabularClassifier, TabularRegressor
from fastmlp.feature_parts import Clipped, Missing
from fastmlp.tables import read_column

pytestmark = pytest.mark.usefixtures("little_training")
X = table()
n = len(X)
LABELS = classes(X)
NUMBERS = numbers(X)
PLAIN = np.random.default_rng(0).standard_normal((n, 3))


@pytest.fixture(scope="module")
def fitted():
    with pytest.MonkeyPatch.context() as patch:
        train_little(patch)
        return classifier().fit(X, LABELS)


def with_value(value):
    bad = PLAIN.astype(object)
    bad[7, 2] = value
    return bad


@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        (
            pd.DataFrame({"a": np.ones(n), "b": [None] * n, "c": ["x"] * n}),
            ValueError,
            "no column is left.*'a' is constant",
        ),
        (pd.DataFrame({"a": [None] * n}), ValueError, "no column is left to learn from: 'a' has no values"),
        (pd.DataFrame({"a": [[1, 2]] * n, "b": PLAIN[:, 0]}), TypeError, "column 'a'.*list"),
        (polars.DataFrame({"a": [[1, 2]] * n, "b": PLAIN[:, 0]}), TypeError, "column 'a'.*list"),
        (pd.DataFrame({"a": [{"k": 1}] * n}), TypeError, "column 'a'.*(dict|struct)"),
        (with_value({}), TypeError, "column 'x2'.*dict"),
        (X.assign(number=np.where(np.arange(n) == 3, np.inf, 1.5)), ValueError, "column 'number' contains inf"),
        (np.where(np.arange(n)[:, None] == 3, -np.inf, PLAIN), ValueError, "column 'x0' contains inf"),
        (pd.concat([X, X[["number"]]], axis=1), ValueError, "two columns are named 'number'"),
        (X.assign(label=LABELS).iloc[:0], ValueError, r"0 sample\(s\)"),
        (PLAIN[:, :0], ValueError, r"0 feature\(s\)"),
        (PLAIN[:, 0], ValueError, "Expected 2D array"),
        (PLAIN[:, :, None], ValueError, "dim 3"),
        (PLAIN + 1j, ValueError, "Complex data not supported"),
        (sparse.csr_matrix(PLAIN + 1j), ValueError, "Complex data not supported"),
        (polars.DataFrame(X).lazy(), TypeError, r"X is a lazy frame.*X.collect\(\)"),
        (None, ValueError, "Expected 2D array"),
    ],
)
def test_bad_tables(bad, error, words):
    y = LABELS[: bad.shape[0]] if isinstance(bad, pd.DataFrame) else LABELS
    with pytest.raises(error, match=words):
        classifier().fit(bad, y)


@pytest.mark.parametrize("kind", [pd.DataFrame, polars.from_pandas, pyarrow.Table.from_pandas])
def test_y_among_the_columns(kind):
    whole = kind(X.assign(label=LABELS))
    y = X.assign(label=LABELS)["label"] if isinstance(whole, pyarrow.Table) else whole["label"]
    with pytest.raises(ValueError, match="X has the column 'label', which is y itself; leave it out of X"):
        classifier().fit(whole, y)
    holes = X.assign(count=np.where(np.arange(n) % 5 == 0, np.nan, NUMBERS))
    with pytest.raises(ValueError, match="X has the column 'count', which is y itself"):
        TabularRegressor().fit(kind(holes), holes["count"])
    classifier().fit(kind(X.assign(label=LABELS[::-1])), pd.Series(LABELS, name="label"))  # of another time, say


def test_mixed_types_become_categories_of_their_text():
    mixed = X.assign(mixed=np.where(np.arange(n) % 2 == 0, "a", pd.Series(np.arange(n) % 3, dtype=object)))
    with pytest.warns(ColumnWarning, match="column 'mixed' has values of several types") as caught:
        model = classifier().fit(mixed, LABELS)
    assert caught[0].filename == __file__
    assert "mixed" in model.get_feature_names_out()


def test_many_categories_are_grouped_with_a_warning(monkeypatch):
    monkeypatch.setattr(read_column, "MOST", 40)
    many = X.assign(many=[f"m{k}" for k in range(n)])
    with pytest.warns(ColumnWarning, match="column 'many' has 120 categories; the 40 most frequent") as caught:
        model = classifier(categories=["many"]).fit(many, LABELS)
    assert caught[0].filename == __file__
    assert np.isfinite(model.predict_proba(many)).all()
    with pytest.warns(ColumnWarning, match="column 'many' was left out.*categories=\\['many'\\] keeps it"):
        model = classifier().fit(many, LABELS)
    assert "many" in model.reading_.left_out
    assert model.n_features_in_ == X.shape[1] + 1


def test_roles_of_columns():
    spelled = X.assign(count=X["count"].astype(str).where(np.arange(n) % 9 > 0, "?"))
    model = classifier(numbers=["count"], categories=["flag"]).fit(spelled, LABELS)
    assert dict(model.reading_.encoding.outputs)["count"] == 0
    assert dict(model.reading_.encoding.outputs)["flag"] > 0
    for settings, error, words in [
        ({"categories": ["what"]}, ValueError, "categories: no column named 'what'; the columns are 'number'"),
        ({"categories": ["kind"], "numbers": ["kind"]}, ValueError, "column 'kind' is in both categories and numbers"),
        ({"categories": "kind"}, ValueError, "'categories' parameter .* must be"),
    ]:
        with pytest.raises(error, match=words):
            classifier(**settings).fit(X, LABELS)


@pytest.mark.parametrize("settings", [
    {"n_members": 0}, {"n_members": 1.5}, {"n_threads": 0}, {"time_limit": -1}, {"time_limit": np.nan},
    {"time_limit": "1"}, {"verbose": "line"}, {"random_state": "x"}, {"class_weight": "equal"}, {"numbers": 3},
])  # fmt: skip
def test_bad_parameters(settings):
    (name,) = settings
    model = classifier(**settings)
    with pytest.raises(ValueError, match=f"'{name}' parameter of TabularClassifier must be"):
        model.fit(X, LABELS)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        model.predict(X)


@pytest.mark.parametrize("rows", [2, 3, 5, 39, 40])
def test_few_rows(rows):
    y = np.resize(["a", "b"], rows)
    P = classifier().fit(PLAIN[:rows], y).predict_proba(PLAIN)
    assert P.shape == (n, 2)
    assert np.isfinite(P).all()
    for loss in ("squared_error", "poisson", "quantile", "huber"):
        model = TabularRegressor(loss=loss, n_members=2, random_state=0).fit(PLAIN[:rows], np.arange(rows))
        assert np.isfinite(model.predict(PLAIN)).all()


def test_one_row():
    for make in (classifier, TabularRegressor):
        with pytest.raises(ValueError, match="X has 1 sample with a target; at least 2 are required"):
            make().fit(PLAIN[:1], [1])


def test_all_columns_constant_but_one():
    constant = pd.DataFrame({"a": 1.0, "b": "x", "c": PLAIN[:, 0], "d": None, "e": pd.Timestamp("2020")})
    model = classifier().fit(constant, LABELS)
    assert model.get_feature_names_out().tolist() == ["c"]
    assert set(model.reading_.left_out) == {"a", "b", "d", "e"}
    changed = constant.assign(a=2.0, b="other", d=5, e=pd.Timestamp("2021"))
    np.testing.assert_array_equal(model.predict_proba(changed), model.predict_proba(constant))
    np.testing.assert_array_equal(model.predict_proba(constant[["c"]]), model.predict_proba(constant))


def test_a_column_that_only_tells_where_it_is_missing():
    """Whatever the encoding: bins and waves of a single number would tell nothing more."""
    there = np.arange(n) % 2 == 0
    model = classifier(n_members=4).fit(pd.DataFrame({"a": np.where(there, 5.0, np.nan)}), np.where(there, "yes", "no"))
    assert {(*map(type, each.features.parts),) for each in model.models_} == {(Clipped, Missing)}
    P = model.predict_proba(pd.DataFrame({"a": [5.0, np.nan]}))
    assert P[0, 1] > P[1, 1]


def test_other_tables_at_predict(fitted):
    expected = fitted.predict_proba(X)
    for same in (polars.from_pandas(X), pyarrow.Table.from_pandas(X), X[X.columns[::-1]], X.assign(more=1)):
        np.testing.assert_array_equal(fitted.predict_proba(same), expected)
    reader = pyarrow.Table.from_pandas(X).to_reader(max_chunksize=50)
    np.testing.assert_array_equal(fitted.predict_proba(reader), expected)
    with pytest.warns(UserWarning, match="column 'kind'") as caught:
        new = fitted.predict_proba(X.assign(kind="new"))
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="column 'kind'") as caught:
        fitted.predict_log_proba(X.assign(kind="new"))
    assert caught[0].filename == __file__
    holes = fitted.predict_proba(X.assign(number=np.nan, kind=None, day=None, flag=None))
    for P in (new, holes):
        assert np.isfinite(P).all()
        np.testing.assert_allclose(P.sum(axis=1), 1)
    for bad, words in [
        (X.drop(columns="kind"), "'kind'"),
        (X.assign(number="a"), "column 'number' is of type .*string.*learned as numbers"),
        (X.assign(number=np.inf), "column 'number' contains inf"),
        (X.iloc[:0], r"0 sample\(s\)"),
    ]:
        with pytest.raises(ValueError, match=words):
            fitted.predict(bad)


def test_large_numbers_at_predict():
    model = classifier().fit(PLAIN, LABELS)
    for value in (1e30, -1e30):
        P = model.predict_proba(np.where(np.arange(n)[:, None] == 3, value, PLAIN))
        assert np.isfinite(P).all()


def test_a_reader_is_read_once():
    reader = pyarrow.Table.from_pandas(X).to_reader(max_chunksize=50)
    model = classifier().fit(reader, LABELS)
    np.testing.assert_array_equal(model.predict_proba(X), classifier().fit(X, LABELS).predict_proba(X))


THIN = np.where(np.abs(PLAIN) > 1, np.round(PLAIN, 2), 0)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
def test_sparse_tables_are_those_of_the_same_numbers(kind, monkeypatch):
    monkeypatch.setattr("fastmlp.tables.sparse_table.BLOCK_BYTES", 7 * 8 * 3)  # 7 rows
    expected = classifier().fit(THIN, LABELS)
    holed = np.where(np.arange(n) % 10 == 0, None, LABELS)
    for of in (f"{kind}_matrix", f"{kind}_array"):
        matrix = getattr(sparse, of)(THIN)
        model = classifier().fit(matrix, LABELS, X_val=matrix, y_val=LABELS)
        plain = classifier().fit(THIN, LABELS, X_val=THIN, y_val=LABELS)
        np.testing.assert_array_equal(model.predict_proba(matrix), plain.predict_proba(THIN))
        np.testing.assert_array_equal(expected.predict_proba(matrix), expected.predict_proba(THIN))
        with pytest.warns(UserWarning, match="y is missing in 12"):
            model = classifier().fit(matrix, holed)
        there = np.arange(n) % 10 > 0
        plain = classifier().fit(THIN[there], LABELS[there])
        np.testing.assert_array_equal(model.predict_proba(matrix), plain.predict_proba(THIN))


def test_sparse_tables_that_do_not_fit_or_are_damaged(monkeypatch):
    monkeypatch.setattr("fastmlp.system.machine.available_memory", lambda: 2**30)
    wide = sparse.csr_array((np.ones(500), (np.arange(500) * 131, np.arange(500) * 16)), shape=(2**16, 2**13))
    y = np.arange(2**16) % 2
    with pytest.raises(MemoryError, match=r"X is sparse.*65,536 × 8,192 numbers; make it narrower first.*2\.0 GiB"):
        classifier().fit(wide, y)
    damaged = sparse.csr_matrix(THIN)
    damaged.indices[5] = 77
    with pytest.raises(ValueError, match="indices"):
        classifier().fit(damaged, LABELS)


def test_more_members_than_memory_has_room_for():
    with pytest.raises(MemoryError, match=r"n_members=100000000: this takes .* GiB, but only .* GiB are left"):
        TabularClassifier(n_members=10**8).fit(THIN, LABELS)


def test_masked_entries_are_missing():
    masked = np.ma.masked_greater(PLAIN, 1)
    model, expected = classifier().fit(masked, LABELS), classifier().fit(masked.filled(np.nan), LABELS)
    np.testing.assert_array_equal(model.predict_proba(masked), expected.predict_proba(masked.filled(np.nan)))


SMALL = np.random.default_rng(1).integers(-4, 5, (n, 3))  # exact in every type


@pytest.mark.parametrize("same", [SMALL.tolist(), SMALL.astype("f4"), SMALL.astype("g"), np.ma.array(SMALL)])
def test_the_same_numbers_give_the_same_bits(same):
    """Those of more types are in the catalogue: tests/catalogue/test_catalogue_kinds.py."""
    expected = classifier().fit(SMALL.astype("f8"), LABELS)
    P = expected.predict_proba(SMALL)
    np.testing.assert_array_equal(expected.predict_proba(same), P)
    np.testing.assert_array_equal(classifier().fit(same, LABELS).predict_proba(SMALL), P)


def test_subnormal_numbers_count_as_zero():
    tiny = np.where(SMALL > 0, 1e-310, 0.0)
    with pytest.raises(ValueError, match="no column is left to learn from: 'x0' is constant"):
        classifier().fit(tiny, LABELS)
    model = classifier().fit(np.c_[tiny, SMALL], LABELS)
    np.testing.assert_array_equal(model.predict_proba(np.c_[tiny, SMALL]), model.predict_proba(np.c_[0 * tiny, SMALL]))
