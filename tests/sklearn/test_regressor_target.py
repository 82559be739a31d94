"""y of MLPRegressor: which numbers are the same target, what is refused, and standardised targets."""

import numpy as np
import pandas as pd
import polars
import pytest
import scipy.sparse
from regression import COUNTS, LOSSES, X, Y, regressor, w, y
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import r2_score

from fastmlp import rows

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# --- y --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "of",
    [list, lambda y: y.astype(object), lambda y: y.astype(">f8"), lambda y: np.asfortranarray(y.repeat(2))[::2],
     lambda y: pd.Series(y, index=range(600, 0, -1)), lambda y: pd.Series(y, dtype="Float64"), polars.Series,
     lambda y: np.ma.array(y)],
)  # fmt: skip
def test_the_same_numbers_in_another_type_are_the_same_target(of):
    expected = regressor().fit(X, y).coefs_[0]
    np.testing.assert_array_equal(regressor().fit(X, of(y)).coefs_[0], expected)


@pytest.mark.parametrize("dtype", ["u1", "i8", "f2", "f4", "bool"])
def test_numbers_of_other_types(dtype):
    target = (y > 15).astype(dtype) if dtype == "bool" else np.round(y).astype(dtype)
    expected = regressor().fit(X, target.astype(float)).coefs_[0]
    np.testing.assert_array_equal(regressor().fit(X, target).coefs_[0], expected)


def test_columns():
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        column = regressor().fit(X, y[:, None])
    assert column.predict(X).shape == (600,)
    for table in (pd.DataFrame(Y), polars.DataFrame(Y), np.asfortranarray(Y), Y.tolist()):
        fitted = regressor().fit(X, table)
        np.testing.assert_array_equal(fitted.predict(X), regressor().fit(X, Y).predict(X))
    assert fitted.predict(X).shape == (600, 3)


def with_value(value, row=7):
    return np.where(np.arange(600) == row, value, y)


BAD = {
    "NaN": (with_value(np.nan), {}, r"y contains (nan|NaN).*row 7"),
    "inf": (with_value(-np.inf), {}, r"y contains -inf.*row 7"),
    "NaN in the second column": (np.stack([y, with_value(np.nan)], axis=1), {}, r"y contains (nan|NaN).*row 7"),
    "None": (np.array([*y[:7], None, *y[8:]], object), {}, "y contains None in row 7, which is not a number"),
    "NA": (pd.Series(y, dtype="Float64").mask(np.arange(600) == 7), {}, "y contains"),
    "inf in float32": (with_value(np.inf).astype("f4"), {}, r"y contains inf.*row 7"),
    "negative counts": (np.where(np.arange(600) == 7, -1, COUNTS), {"loss": "poisson"}, "y contains -1 in row 7, but"),
    "text": (np.array(["word"] * 600), {}, "y contains 'word' in row 0, which.*MLPClassifier"),
    "bytes": (y.astype("S"), {}, "y contains b'.*' in row 0, which is not a number"),
    "dicts": (np.array([{}] * 600, object), {}, r"y contains \{\} in row 0"),
    "lists of different lengths": ([[1], [2, 3]] * 300, {}, "y: rows must have the same number"),
    "mixed": (np.array([*y[:7], "word", *y[8:]], object), {}, "y contains 'word' in row 7, which is not a number"),
    "dates": (pd.Series(pd.date_range("2020", periods=600)), {}, "y .*datetime64"),
    "complex": (y + 1j, {}, "(?i)complex"),
    "1e30 in float32": (with_value(1e30), {"dtype": "float32"}, r"y contains 1e\+30.*row 7"),
    "1e300": (with_value(1e300), {}, r"y contains 1e\+300.*row 7"),
    "sparse": (scipy.sparse.csr_array(Y), {}, "(?i)sparse"),
    "too long": (np.append(y, 0), {}, r"\[600, 601\]"),
    "three dimensions": (Y[:, :, None], {}, "(?i)dim"),
    "several quantiles of several columns": (Y, LOSSES["quantiles"], "quantile.*one column"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_targets_are_refused_by_name_and_row(name):
    target, settings, words = BAD[name]
    for settings_ in (settings, {**settings, "solver": "lbfgs"}):
        if settings.get("dtype") == "float32" and "solver" in settings_:
            continue  # which computes in float64
        fresh = regressor(**settings_)
        with pytest.raises((ValueError, TypeError), match=words):
            fresh.fit(X, target)
        assert not hasattr(fresh, "coefs_")
    fitted = regressor(**settings).fit(X, COUNTS)
    before = fitted.coefs_[0].copy()
    with pytest.raises((ValueError, TypeError), match=words):
        fitted.partial_fit(X, target)
    np.testing.assert_array_equal(fitted.coefs_[0], before)


@pytest.mark.parametrize("value", [0, 1, -0.5, 2.0, np.nan, [0.5, 0.1], [0.5, 0.5], [], [0.1, 1.0], "half", [0.5, "x"]])
def test_bad_quantiles(value):
    with pytest.raises((ValueError, TypeError), match="quantile"):
        regressor(loss="quantile", quantile=value).fit(X, y)


@pytest.mark.parametrize("value", [0, -1.0, np.inf, np.nan, "one"])
def test_bad_deltas(value):
    with pytest.raises((ValueError, TypeError), match="delta"):
        regressor(loss="huber", delta=value).fit(X, y)


def test_validation_rows_are_named_as_the_user_names_them():
    with pytest.raises(ValueError, match=r"y_val contains.*row 7"):
        regressor().fit(X, y, X_val=X, y_val=with_value(np.nan))
    with pytest.raises(ValueError, match=r"y_val has 1 column.*3"):
        regressor().fit(X, Y, X_val=X, y_val=y)


def test_another_number_of_columns_is_refused_where_a_fit_goes_on():
    fitted = regressor().fit(X, Y)
    before = fitted.coefs_[0].copy()
    for call in (fitted.partial_fit, fitted.set_params(warm_start=True).fit):
        with pytest.raises(ValueError, match=r"y has 1 column.*3"):
            call(X, y)
    np.testing.assert_array_equal(fitted.coefs_[0], before)
    fitted.set_params(warm_start=False).fit(X, y)
    assert fitted.n_outputs_ == 1


def test_another_loss_is_refused_where_a_fit_goes_on():
    fitted = regressor().fit(X, COUNTS)
    before = fitted.predict(X)
    fitted.set_params(loss="poisson")
    np.testing.assert_array_equal(fitted.predict(X), before)
    with pytest.raises(ValueError, match=r"loss='poisson'.*squared_error"):
        fitted.partial_fit(X, COUNTS)
    assert (fitted.fit(X, COUNTS).predict(X) > 0).all()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "lbfgs"}, {"standardize_target": True}])
def test_a_constant_target(name, settings):
    if name == "poisson" and "standardize_target" in settings:
        return
    constant = np.full(600, 7.0)
    fitted = regressor(**LOSSES[name], **settings).fit(X, constant)
    assert np.isfinite(fitted.predict(X)).all()
    if name != "quantiles":
        assert fitted.score(X, constant) == r2_score(constant, fitted.predict(X))
    if settings.get("early_stopping"):
        assert np.isfinite(fitted.validation_scores_).all()


# --- standardize_target ----------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [y, Y, 1e6 + 1e-3 * Y])
@pytest.mark.parametrize("w", [None, w])
def test_a_standardised_target_is_that_of_a_scaled_one(target, w):
    mean = np.average(target, axis=0, weights=w)
    scale = np.sqrt(np.average((target - mean) ** 2, axis=0, weights=w))
    fitted = regressor(standardize_target=True).fit(X, target, w)
    expected = regressor().fit(X, (target - mean) / scale, w)
    np.testing.assert_allclose(fitted.target_mean_, mean, rtol=1e-12)
    np.testing.assert_allclose(fitted.target_scale_, scale, rtol=1e-9)
    np.testing.assert_allclose(fitted.predict(X), expected.predict(X) * scale + mean, rtol=1e-7)
    np.testing.assert_allclose(fitted.loss_curve_, expected.loss_curve_, rtol=1e-6)
    assert np.shape(fitted.target_mean_) == np.shape(fitted.target_scale_) == target.shape[1:]


def test_the_mean_is_that_of_rows_to_train_on():
    own = regressor(standardize_target=True).fit(X[60:], y[60:], X_val=X[:60], y_val=1e4 * y[:60])
    assert own.target_mean_ == pytest.approx(y[60:].mean(), rel=1e-12)
    early = {"standardize_target": True, "early_stopping": True}
    for given in ((X, y), (rows.Array(X, y),)):
        drawn = regressor(**early).fit(*given)
        halves = regressor(**early, validation_fraction=0.5).fit(*given)
        means = [drawn.target_mean_, halves.target_mean_]
        np.testing.assert_allclose(means, y.mean(), rtol=0.05)
        assert len({*means, y.mean()}) == 3


def test_warm_starts_and_partial_fits_keep_mean_and_scale():
    fitted = regressor(standardize_target=True, warm_start=True).fit(X, y)
    mean, scale = fitted.target_mean_, fitted.target_scale_
    fitted.fit(X, 10 * y).partial_fit(X, 100 + y)
    assert (fitted.target_mean_, fitted.target_scale_) == (mean, scale)
    fitted.set_params(warm_start=False).fit(X, 10 * y)
    assert fitted.target_mean_ == pytest.approx(10 * mean)
    first = regressor(standardize_target=True).partial_fit(X[:300], y[:300])
    assert first.target_mean_ == pytest.approx(y[:300].mean())
    assert not hasattr(fitted.set_params(standardize_target=False).fit(X, y), "target_mean_")


def test_standardising_neither_begins_nor_ends_where_a_fit_goes_on():
    for before, words in ((False, "standardize_target=True: was False"), (True, "standardize_target=False: was True")):
        fitted = regressor(standardize_target=before).fit(X, y).set_params(standardize_target=not before)
        with pytest.raises(ValueError, match=words):
            fitted.partial_fit(X, y)


def test_a_constant_column_has_scale_1():
    fitted = regressor(standardize_target=True).fit(X, np.stack([y, np.full(600, 7.0)], axis=1))
    assert fitted.target_scale_[1] == 1
    assert fitted.target_mean_[1] == 7


def test_counts_are_not_standardised():
    with pytest.raises(ValueError, match=r"standardize_target=True.*poisson"):
        regressor(loss="poisson", standardize_target=True).fit(X, COUNTS)
