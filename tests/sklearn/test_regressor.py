"""MLPRegressor among scikit-learn's tools, and what it does beyond them."""

import copy
import inspect
import pickle

import numpy as np
import pandas as pd
import polars
import pytest
import scipy.sparse
from matplotlib import pyplot
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_friedman1
from sklearn.exceptions import DataConversionWarning
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.metrics import PredictionErrorDisplay, mean_pinball_loss, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPRegressor as Theirs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastmlp import MLPClassifier, MLPRegressor, rows
from fastmlp.plot import LossCurveDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_friedman1(600, 6, noise=0.5, random_state=0)
Y = np.stack([y, -3 * X[:, 0] + 1, np.sin(4 * X[:, 1])], axis=1)
COUNTS = np.random.default_rng(0).poisson(np.exp(X[:, 0] + X[:, 1]))
w = np.random.default_rng(1).uniform(0, 2, 600)
SETTINGS = {"hidden_layer_sizes": (16,), "max_iter": 8, "random_state": 0, "learning_rate_init": 0.01}
LEVELS = [0.1, 0.5, 0.9]
LOSSES = {
    "squared_error": {}, "poisson": {"loss": "poisson"}, "huber": {"loss": "huber", "delta": 0.7},
    "quantile": {"loss": "quantile", "quantile": 0.8}, "quantiles": {"loss": "quantile", "quantile": LEVELS},
}  # fmt: skip


def regressor(**settings):
    return MLPRegressor(**{**SETTINGS, **settings})


def target_of(name):
    return COUNTS if name == "poisson" else y


# --- what is scikit-learn's ---------------------------------------------------------------------------


def test_the_parameters_are_scikit_learn_s_and_then_ours():
    ours, theirs = (list(inspect.signature(kind).parameters.items()) for kind in (MLPRegressor, Theirs))
    assert [name for name, _ in ours[: len(theirs)]] == [name for name, _ in theirs]
    assert [p.default for _, p in ours[: len(theirs)]] == [p.default for _, p in theirs]
    assert [p.kind for _, p in ours[: len(theirs)]] == [p.kind for _, p in theirs]
    of_classifier = set(MLPClassifier().get_params()) - {"class_weight"}
    assert of_classifier < set(MLPRegressor().get_params())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c)), copy.copy])
@pytest.mark.parametrize("settings", [{}, {"standardize_target": True}, LOSSES["quantiles"]])
def test_copies_predict_and_go_on_like_the_original(copied, settings):
    original = regressor(**settings).fit(X, y)
    twin = copied(original)
    np.testing.assert_array_equal(twin.predict(X), original.predict(X))
    expected = copy.deepcopy(original).partial_fit(X, y).coefs_[0]
    np.testing.assert_array_equal(twin.partial_fit(X, y).coefs_[0], expected)
    assert not hasattr(clone(original), "coefs_")


def test_pipelines_searches_and_transformed_targets():
    pipeline = make_pipeline(StandardScaler(), regressor(max_iter=60))
    assert cross_val_score(pipeline, X, y).mean() > 0.7
    search = GridSearchCV(pipeline, {"mlpregressor__loss": ["squared_error", "huber"]}, n_jobs=2).fit(X, y)
    assert search.best_score_ > 0.7
    assert TransformedTargetRegressor(regressor(max_iter=60), transformer=StandardScaler()).fit(X, y).score(X, y) > 0.7


def test_inspection_and_displays():
    fitted = regressor(early_stopping=True, max_iter=60).fit(X, y)
    importances = permutation_importance(fitted, X, y, n_repeats=2, random_state=0).importances_mean
    assert importances[5] < 0.1 < importances[3]
    PartialDependenceDisplay.from_estimator(fitted, X, [0, (0, 1)], grid_resolution=5)
    display = PredictionErrorDisplay.from_estimator(fitted, X, y)
    np.testing.assert_array_equal(display.y_pred, fitted.predict(X))
    curves = LossCurveDisplay.from_estimator(fitted)
    assert [line.get_label() for line in curves.lines_] == ["training loss", "validation loss"]
    np.testing.assert_array_equal(curves.lines_[1].get_ydata(), fitted.validation_loss_curve_)
    pyplot.close("all")


# --- losses and scores -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOSSES)
def test_scores(name):
    fitted, target = regressor(**LOSSES[name]).fit(X, target_of(name), w), target_of(name)
    predicted = fitted.predict(X)
    if name == "quantiles":
        losses = [mean_pinball_loss(target, predicted[:, k], sample_weight=w, alpha=q) for k, q in enumerate(LEVELS)]
        expected = -np.mean(losses)
    else:
        expected = r2_score(target, predicted, sample_weight=w)
    assert fitted.score(X, target, w) == pytest.approx(expected, rel=1e-12)
    assert fitted.out_activation_ == ("exp" if name == "poisson" else "identity")


def test_score_of_several_columns_is_their_mean():
    fitted = regressor().fit(X, Y)
    assert fitted.n_outputs_ == 3
    assert fitted.score(X, Y) == pytest.approx(r2_score(Y, fitted.predict(X)), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "columns"),
    [*((name, columns) for name in ("squared_error", "huber", "poisson") for columns in (1, 3)), ("quantile", 1)],
)
def test_the_loss_is_the_sum_over_outputs_but_the_mean_of_squared_errors(name, columns):
    """From the weights of one step over all rows, the loss of the next, with scikit-learn's penalty."""
    target = np.stack([target_of(name)] * columns, axis=1).squeeze()
    fitted = regressor(**LOSSES[name], batch_size=600, alpha=0.3).fit(X, target)
    before = fitted.predict(X).reshape(600, columns)
    penalty = 0.15 * sum(float((W**2).sum()) for W in fitted.coefs_) / 600
    e = before - target.reshape(600, columns)
    if name == "squared_error":
        losses = e**2 / 2 / columns
    elif name == "huber":
        losses = np.where(abs(e) <= 0.7, e**2 / 2, 0.7 * (abs(e) - 0.35))
    elif name == "quantile":
        losses = np.where(e > 0, 0.2 * e, -0.8 * e)
    else:
        n = target.reshape(600, columns)
        losses = before - n + np.where(n > 0, n * np.log(np.maximum(n, 1) / before), 0)
    fitted.partial_fit(X, target)
    assert fitted.loss_ == pytest.approx(losses.sum(axis=1).mean() + penalty, rel=1e-9)


def test_quantiles_are_ascending_columns_that_cover_their_shares():
    fitted = regressor(**LOSSES["quantiles"], max_iter=150).fit(X, y)
    predicted = fitted.predict(X)
    assert predicted.shape == (600, 3)
    assert fitted.n_outputs_ == 3
    assert (np.diff(predicted, axis=1) >= 0).all()
    np.testing.assert_allclose((y[:, None] <= predicted).mean(axis=0), LEVELS, atol=0.06)


def test_the_level_and_delta_count():
    low, high = (regressor(loss="quantile", quantile=q, max_iter=60).fit(X, y) for q in (0.1, 0.9))
    assert (low.predict(X) < high.predict(X)).mean() > 0.95
    deltas = [regressor(loss="huber", delta=delta).fit(X, y).predict(X) for delta in (0.1, 1e6)]
    assert not np.allclose(*deltas)
    np.testing.assert_allclose(deltas[1], regressor().fit(X, y).predict(X), rtol=1e-9)


def test_weights_stand_for_repeated_rows():
    times = np.random.default_rng(0).integers(0, 3, 600)
    for name, settings in LOSSES.items():
        if name.startswith("quantile"):
            continue  # its gradient has jumps, and L-BFGS ends anywhere near
        target, settings = target_of(name), {**settings, "solver": "lbfgs", "max_iter": 20}
        weighted = regressor(**settings).fit(X, target, times)
        repeated = regressor(**settings).fit(X.repeat(times, axis=0), target.repeat(times))
        np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-4, err_msg=name)


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
    outlier = np.where(np.arange(600) < 60, 1e4, y)
    fitted = regressor(standardize_target=True, early_stopping=True).fit(X, outlier)
    assert fitted.target_mean_ != pytest.approx(outlier.mean(), rel=1e-6)
    own = regressor(standardize_target=True).fit(X[60:], y[60:], X_val=X[:60], y_val=outlier[:60])
    assert own.target_mean_ == pytest.approx(y[60:].mean(), rel=1e-12)


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


def test_a_constant_column_has_scale_1():
    fitted = regressor(standardize_target=True).fit(X, np.stack([y, np.full(600, 7.0)], axis=1))
    assert fitted.target_scale_[1] == 1
    assert fitted.target_mean_[1] == 7


def test_counts_are_not_standardised():
    with pytest.raises(ValueError, match=r"standardize_target=True.*poisson"):
        regressor(loss="poisson", standardize_target=True).fit(X, COUNTS)


# --- what the classifier has, too -------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("kind", [scipy.sparse.csr_matrix, scipy.sparse.csc_array])
def test_sparse_is_what_dense_is(name, kind):
    thin, target = np.where(X > 0.5, X, 0), target_of(name)
    expected, got = (regressor(**LOSSES[name]).fit(A, target) for A in (thin, kind(thin)))
    np.testing.assert_allclose(got.predict(kind(thin)), expected.predict(thin), rtol=1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_float32(name):
    target = target_of(name)
    small = regressor(**LOSSES[name]).fit(X.astype("f4"), target)
    named = regressor(**LOSSES[name], dtype="float32").fit(X, target)
    assert small.coefs_[0].dtype == small.predict(X).dtype == named.predict(X).dtype == np.float32
    np.testing.assert_allclose(small.predict(X), regressor(**LOSSES[name]).fit(X, target).predict(X), rtol=0.05)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("standardize", [False, True])
def test_a_stream_is_what_an_array_is(name, standardize):
    if name == "poisson" and standardize:
        return
    target, settings = target_of(name), {**LOSSES[name], "shuffle": False, "standardize_target": standardize}
    stream = rows.Array(X, target, w, block_rows=70, window_rows=150)
    got = regressor(**settings).fit(stream, X_val=stream)
    expected = regressor(**settings, dtype="float32").fit(X, target, w, X_val=X, y_val=target, sample_weight_val=w)
    np.testing.assert_allclose(got.predict(X), expected.predict(X), rtol=1e-3)
    np.testing.assert_array_equal(got.predict(rows.Array(X)), got.predict(X.astype("f4")))
    np.testing.assert_allclose(got.validation_scores_, expected.validation_scores_, rtol=1e-3)
    assert got.score(stream) == pytest.approx(got.score(X, target, w), rel=1e-5)
    if standardize:
        assert got.target_mean_ == pytest.approx(expected.target_mean_, rel=1e-12)
        assert got.target_scale_ == pytest.approx(expected.target_scale_, rel=1e-9)


def test_streams_of_tables_and_of_several_columns(tmp_path):
    frame = pd.DataFrame(X, columns=list("abcdef")).assign(price=y)
    frame.to_csv(tmp_path / "t.csv", index=False)
    fitted = regressor(max_iter=60, early_stopping=True).fit(rows.Csv(tmp_path / "t.csv", "price"))
    assert fitted.score(rows.Csv(tmp_path / "t.csv", "price")) > 0.5
    assert list(fitted.feature_names_in_) == list("abcdef")
    several = regressor().fit(rows.Array(X, Y))
    assert several.predict(X).shape == (600, 3)
    assert several.score(rows.Array(X, Y)) == pytest.approx(several.score(X, Y), rel=1e-5)
    holes = frame.assign(price=frame["price"].where(frame.index != 7))
    with pytest.raises(ValueError, match="'price' has 1 missing value, the first in row 7"):
        regressor().fit(rows.Arrow(holes, "price"))
    with pytest.raises((ValueError, TypeError), match="'price'"):
        regressor().fit(rows.Arrow(frame.assign(price="word"), "price"))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_validation_scores_are_those_of_score(name, standardize, stream):
    if name == "poisson" and standardize:
        return
    target, settings = target_of(name), {**LOSSES[name], "standardize_target": standardize, "max_iter": 40}
    held = rows.Array(X[:100], target[:100], w[:100]), None, None
    held = held if stream else (X[:100], target[:100], w[:100])
    given = dict(zip(("X_val", "y_val", "sample_weight_val"), held, strict=True))
    train = (rows.Array(X, target),) if stream else (X, target)
    fitted = regressor(**settings).fit(*train, **given)
    expected = fitted.score(X[:100], target[:100], w[:100])
    assert fitted.validation_scores_[-1] == pytest.approx(expected, rel=2e-3 if name == "quantiles" else 1e-4)


def test_scorers_callbacks_and_own_validation_rows():
    records = []
    frame = pd.DataFrame(X, columns=list("abcdef"))
    fitted = regressor(
        scoring="neg_mean_absolute_error", callbacks=lambda owner, record: records.append(record), early_stopping=True
    ).fit(frame, y, X_val=frame[:100], y_val=y[:100])
    assert [record["validation_score"] for record in records] == fitted.validation_scores_
    last = -np.abs(fitted.predict(frame[:100]) - y[:100]).mean()
    assert fitted.best_validation_score_ == pytest.approx(last)
    with pytest.raises(ValueError, match=r"scoring='r2'.*the R² is"):
        regressor(scoring="r2", early_stopping=True).fit(rows.Array(X, y))


def test_activations_dropout_optimizers_and_schedules():
    fitted = regressor(
        hidden_layer_sizes=(16, 8), activation=["gelu", "silu"], dropout=[0.1, 0.0], optimizer="adamw",
        learning_rate="one_cycle", max_iter=40, n_iter_no_change=40, standardize_target=True,
    ).fit(X, y)  # fmt: skip
    assert fitted.score(X, y) > 0.7
    assert max(fitted.learning_rate_curve_) > 2 * fitted.learning_rate_curve_[-1]


@pytest.mark.parametrize("name", LOSSES)
def test_the_number_of_threads_changes_no_bit(name):
    target = target_of(name)
    fits = [regressor(**LOSSES[name], batch_size=300, n_threads=k).fit(X, target) for k in (1, 2, 3)]
    for other in fits[1:]:
        np.testing.assert_array_equal(other.coefs_[0], fits[0].coefs_[0])
