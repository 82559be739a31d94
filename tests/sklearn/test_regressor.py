"""MLPRegressor among scikit-learn's tools, and what it does beyond them."""

import copy
import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from matplotlib import pyplot
from regression import LEVELS, LOSSES, X, Y, regressor, target_of, w, y
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.metrics import PredictionErrorDisplay, mean_pinball_loss, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPRegressor as Theirs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastmlp import MLPClassifier, MLPRegressor, rows
from fastmlp.plot import LossCurveDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_validation_losses_are_comparable_to_training_losses(loss):
    """A learning rate that is too small to change a weight: the same rows have the same loss."""
    fitted = regressor(loss=loss, learning_rate_init=1e-300, alpha=0, max_iter=1).fit(X, Y, X_val=X, y_val=Y)
    assert fitted.validation_loss_curve_ == [pytest.approx(fitted.loss_, rel=1e-12)]


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


def test_partial_fits_of_streams():
    parts = [slice(0, 300), slice(300, 600)]
    streamed, whole = (
        regressor(shuffle=False, standardize_target=True),
        regressor(shuffle=False, standardize_target=True, dtype="float32"),
    )
    for part in parts:
        streamed.partial_fit(rows.Array(X[part], y[part], w[part]))
        whole.partial_fit(X[part], y[part], w[part])
    assert streamed.t_ == 600
    np.testing.assert_allclose(streamed.predict(X), whole.predict(X), rtol=1e-4)


def test_streams_whose_blocks_are_empty():
    nothing = X[:0], y[:0]
    some = rows.Blocks(lambda: iter([nothing, (X, y), nothing]))
    np.testing.assert_array_equal(regressor().fit(some).coefs_[0], regressor().fit(rows.Array(X, y)).coefs_[0])
    with pytest.raises(ValueError, match="X has 0 rows; at least 1 is required"):
        regressor().fit(rows.Blocks(lambda: iter([nothing])))


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
    if name == "quantiles":
        expected /= getattr(fitted, "target_scale_", 1.0)
    elif name == "quantile":  # R² is highest for what is near the mean
        losses = mean_pinball_loss(target[:100], fitted.predict(X[:100]), sample_weight=w[:100], alpha=0.8)
        expected = -losses / getattr(fitted, "target_scale_", 1.0)
    assert fitted.validation_scores_[-1] == pytest.approx(expected, rel=2e-3 if name == "quantiles" else 1e-4)


def test_early_stopping_of_a_quantile_goes_by_its_loss():
    """R² is highest before the net has left the mean."""
    random = np.random.default_rng(0)
    X = random.standard_normal((2000, 2))
    y = X[:, 0] + np.exp(X[:, 1] / 2) * random.exponential(2, 2000)
    fitted = regressor(loss="quantile", quantile=0.9, max_iter=60, early_stopping=True, random_state=1).fit(X, y)
    assert 0.85 < np.mean(y <= fitted.predict(X)) < 0.95


def test_lbfgs_takes_no_rows_to_validate_on():
    with pytest.raises(ValueError, match=r"X_val, y_val: solver='lbfgs' has no epochs to validate after"):
        regressor(solver="lbfgs").fit(X, y, X_val=X, y_val=y)


def test_negative_weights_are_refused_also_of_validation_rows_and_in_score():
    bad = np.where(np.arange(len(y)) == 3, -5.0, 1.0)
    with pytest.raises(ValueError, match=r"sample_weight_val contains -5.0; weights must not be negative"):
        regressor().fit(X, y, X_val=X, y_val=y, sample_weight_val=bad)
    with pytest.raises(ValueError, match=r"sample_weight contains -5.0; weights must not be negative"):
        regressor(max_iter=1).fit(X, y).score(X, y, bad)


def test_held_out_targets_are_named_whatever_is_wrong_with_them():
    bad, X32 = np.where(np.arange(len(y)) == 7, 1e38, y), X.astype(np.float32)
    with pytest.raises(ValueError, match=r"X_val, y_val: y contains 1e\+38 in row 7"):
        regressor().fit(X32, y, X_val=X32, y_val=bad)
    bad[7] = np.nan
    with pytest.raises(ValueError, match=r"X_val, y_val: .*y contains NaN in row 7"):
        regressor().fit(rows.Array(X, y), X_val=rows.Array(X, bad))


def test_the_score_of_float32_is_computed_in_float64():
    large = (y * 1e20).astype(np.float32)
    fitted = regressor(standardize_target=True).fit(X.astype(np.float32), large)
    assert fitted.score(X.astype(np.float32), large) == pytest.approx(fitted.score(X, large.astype(float)), abs=1e-5)


def test_a_score_knows_the_loss_of_the_fit():
    fitted = regressor(max_iter=2).fit(X, y - y.mean())
    before = fitted.score(X, y)
    assert fitted.set_params(loss="poisson").score(X, y - y.mean()) <= 1
    assert fitted.score(X, y) == before


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
