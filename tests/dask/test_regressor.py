"""`DaskMLPRegressor` beside `MLPRegressor`: what both have means the same."""

import pickle
import warnings

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from one_worker import one_worker
from sklearn.base import clone, is_regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mean_pinball_loss, r2_score

from fastmlp import MLPRegressor, Model
from fastmlp.dask import DaskMLPClassifier, DaskMLPRegressor
from fastmlp.dask.network import DaskNetwork
from fastmlp.rows.order import drawn_for_validation

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

n, p = 300, 4
random = np.random.default_rng(0)
X = random.standard_normal((n, p))
ONE = 10 + 3 * X[:, 0] * X[:, 1] + random.standard_normal(n)
THREE = np.stack([ONE, 3 * X[:, 2] + 20, np.sin(X[:, 3])], axis=1)
COUNTS = random.poisson(np.exp(0.5 * X[:, :2]))
w = np.where(random.random(n) < 0.1, 0, random.uniform(0.5, 2, n))
LEVELS = [0.1, 0.5, 0.8]
QUANTILES = {"loss": "quantile", "quantile": LEVELS}
UNEQUAL = (120, 0, 1, 100, 79)


@pytest.fixture(scope="module", autouse=True)
def client():
    with one_worker() as client:
        yield client


def cut(*values, chunks=UNEQUAL):
    return [da.from_array(value, chunks=(chunks, *value.shape[1:])) for value in values]


def regressor(**settings):
    return DaskMLPRegressor(**{"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0, "timeout": 60} | settings)


@pytest.mark.parametrize(
    ("y", "settings"),
    [
        (ONE, {}), (ONE, {"solver": "momentum", "standardize_target": True}), (ONE, {"solver": "lbfgs", "alpha": 0.0}),
        (THREE, {"alpha": 30.0}), (THREE, {"alpha": 30.0, "solver": "lbfgs", "standardize_target": True}),
        (THREE, {"loss": "huber", "delta": 0.4, "standardize_target": True}), (ONE, QUANTILES),
        (COUNTS, {"loss": "poisson"}), (COUNTS[:, 0], {"loss": "poisson", "solver": "lbfgs"}),
        (ONE, QUANTILES | {"standardize_target": True}), (ONE, {"loss": "quantile", "quantile": 0.8}),
        (THREE, {"standardize_target": True, "dtype": "float32"}),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else str(np.shape(value)[1:]),
)  # fmt: skip
def test_exact_steps_from_the_same_weights(monkeypatch, y, settings):
    """Weights, losses with their penalty, predictions and scores; a tenth of the rows has no weight."""

    def drawn(widths, activation, random, dtype):
        start = Model(widths, activation, dtype=dtype, seed=0)
        return list(start.weights), list(start.biases)

    monkeypatch.setattr("fastmlp.sklearn.fit.initialize_like_scikit_learn", drawn)
    solver = settings.get("solver", "adam")
    how = {"solver": solver} if solver == "lbfgs" else {"optimizer": solver, "solver": "adam", "batch_size": n}
    common = {"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0, "learning_rate_init": 0.02} | settings
    local = MLPRegressor(**{"dtype": "float64", "shuffle": False, **common, **how}).fit(X, y, w)
    ours = regressor(**{"dtype": "float64", "batch_size": None} | common).fit(*cut(X, y, w))
    close = {"rtol": 1e-4, "atol": 1e-5} if ours.dtype == "float32" else {"rtol": 1e-6, "atol": 1e-9}
    for a, b in zip(ours.coefs_ + ours.intercepts_, local.coefs_ + local.intercepts_, strict=True):
        np.testing.assert_allclose(a, b, **close)
    assert (ours.n_iter_, ours.n_outputs_) == (local.n_iter_, local.n_outputs_)
    np.testing.assert_allclose(ours.loss_, local.loss_, **close)
    if solver != "lbfgs":
        np.testing.assert_allclose(ours.loss_curve_, local.loss_curve_, **close)
        assert ours.best_loss_ == pytest.approx(local.best_loss_, rel=1e-5)
    for name in ("target_mean_", "target_scale_"):
        assert hasattr(ours, name) == hasattr(local, name) == ours.standardize_target
        np.testing.assert_allclose(getattr(ours, name, 0), getattr(local, name, 0), rtol=1e-12)
    D, Y, W = cut(X, y, w, chunks=(70, 70, 70, 70, 20))
    predicted = ours.predict(D)
    assert predicted.dtype == (np.float64 if ours.standardize_target else ours.dtype)
    assert predicted.shape == local.predict(X).shape
    np.testing.assert_allclose(predicted.compute(), local.predict(X), **close)
    assert ours.score(D, Y, W) == pytest.approx(local.score(X, y, w), rel=1e-5)
    assert ours.score(D, Y.rechunk({0: 50})) == pytest.approx(local.score(X, y), rel=1e-5)


def test_parameters_and_their_defaults():
    ours, local = DaskMLPRegressor().get_params(), MLPRegressor().get_params()
    assert ours == {**{name: local[name] for name in ours.keys() & local.keys()}, "client": None, "timeout": 600.0}
    of_classifier = DaskMLPClassifier().get_params()
    assert ours.keys() - of_classifier.keys() == {"loss", "quantile", "delta", "standardize_target"}
    assert is_regressor(DaskMLPRegressor())


def test_local_steps_learn(client):
    """Two targets on very different scales."""
    Z = np.random.default_rng(1).standard_normal((4000, 3)).astype(np.float32)
    Y = np.stack([1e4 + 100 * Z[:, 0] * Z[:, 1], 1e-3 * np.sin(2 * Z[:, 2])], axis=1)
    settings = {"hidden_layer_sizes": (32,), "max_iter": 30, "learning_rate_init": 0.01, "standardize_target": True}
    ours = regressor(**settings).fit(*cut(Z[:3000], Y[:3000], chunks=(1500, 500, 1000)))
    assert ours.coefs_[0].dtype == np.float32
    assert ours.score(*cut(Z[3000:], Y[3000:], chunks=(300, 700))) > 0.95
    np.testing.assert_allclose(ours.target_mean_, Y[:3000].mean(axis=0), rtol=1e-6)


def test_the_target_is_standardised_by_the_rows_that_are_trained_on():
    settings = {"early_stopping": True, "validation_fraction": 0.3, "standardize_target": True, "max_iter": 2}
    ours = regressor(**settings).fit(*cut(X, THREE, w))
    kept = ~drawn_for_validation(0, n, 0.3, 0)
    mean = np.average(THREE[kept], axis=0, weights=w[kept])
    np.testing.assert_allclose(ours.target_mean_, mean, rtol=1e-12)
    variance = np.average((THREE[kept] - mean) ** 2, axis=0, weights=w[kept])
    np.testing.assert_allclose(ours.target_scale_, np.sqrt(variance), rtol=1e-12)
    again = regressor(standardize_target=True, max_iter=2).fit(*cut(X, np.full(n, 7.0)))
    assert (again.target_mean_, again.target_scale_) == (7.0, 1.0)
    np.testing.assert_allclose(ours.model_.target_scaling[0], ours.target_mean_)
    assert not hasattr(again.set_params(standardize_target=False).fit(*cut(X, ONE)), "target_mean_")


@pytest.mark.parametrize(("y", "settings"), [(THREE, {"standardize_target": True}), (COUNTS, {"loss": "poisson"})])
def test_early_stopping_goes_by_r2(y, settings):
    """Of the validation rows, with their weights; the weights are those of the highest."""
    settings = {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 2, "max_iter": 40} | settings
    ours = regressor(learning_rate_init=0.1, batch_size=40, **settings).fit(*cut(X, y, w))
    held = drawn_for_validation(0, n, 0.3, 0)
    r2 = r2_score(y[held], ours.predict(cut(X)[0]).compute()[held], sample_weight=w[held])
    assert ours.best_validation_score_ == max(ours.validation_scores_) == pytest.approx(r2, rel=1e-9)
    assert len(ours.validation_scores_) == ours.n_iter_ < 40
    assert ours.best_loss_ is None


@pytest.mark.parametrize("standardize", [False, True])
def test_early_stopping_of_several_quantiles_goes_by_their_mean_loss(monkeypatch, standardize):
    """In units of the net's targets, as the losses."""
    losses = iter([3.0, 0.6, 0.9, 0.585, 0.9, 0.9, 0.9])
    thetas = []

    def evaluate(network, held):
        thetas.append(network.theta.copy())
        return {"validation_loss": next(losses)}

    monkeypatch.setattr(DaskNetwork, "evaluate", evaluate)
    settings = {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.05, "standardize_target": standardize}
    ours = regressor(**QUANTILES, **settings).fit(*cut(X, ONE))
    assert ours.validation_scores_ == pytest.approx([-1.0, -0.2, -0.3, -0.195, -0.3])
    np.testing.assert_array_equal(ours.model_.parameters, thetas[3])


def test_scores_of_quantiles_are_pinball_losses_in_units_of_y():
    ours = regressor(**QUANTILES, standardize_target=True).fit(*cut(X, ONE))
    P = ours.predict(cut(X)[0]).compute()
    assert (np.diff(P, axis=1) >= 0).all()
    losses = [mean_pinball_loss(ONE, P[:, k], sample_weight=w, alpha=q) for k, q in enumerate(LEVELS)]
    assert ours.score(*cut(X, ONE, w)) == pytest.approx(-np.mean(losses), rel=1e-12)


def test_dataframes_of_unknown_chunk_sizes():
    frame = pd.DataFrame(X, columns=list("abcd")).assign(r=THREE[:, 0], s=THREE[:, 1], t=THREE[:, 2], w=w)
    table = dd.from_pandas(frame.astype("float32"), npartitions=3)
    ours = regressor().fit(table, ["r", "s", "t"], "w")
    assert ours.feature_names_in_.tolist() == list("abcd")
    assert ours.coefs_[0].dtype == np.float32
    features = table[list("abcd")]
    P = ours.predict(features).compute()
    assert P.shape == (n, 3)
    assert P.dtype == np.float32
    expected = r2_score(THREE, P, sample_weight=w)
    assert ours.score(table, ["r", "s", "t"], "w") == pytest.approx(expected, rel=1e-6)
    assert ours.score(features, table[["r", "s", "t"]], table["w"]) == pytest.approx(expected, rel=1e-6)
    with pytest.raises(ValueError, match="the model was trained with"):
        ours.score(table, ["r", "s", "t"])
    some = table[table["a"] > 5]  # no row is left
    with pytest.raises(ValueError, match="no rows with a weight above 0"):
        ours.score(some, ["r", "s", "t"], "w")


def test_clones_share_the_client_and_files_leave_it_out(client, tmp_path):
    D, Y = cut(X, THREE)
    ours = regressor(standardize_target=True, client=client).fit(D, Y)
    again = clone(ours)
    assert again.client is client
    assert not hasattr(again, "model_")
    np.testing.assert_array_equal(again.fit(D, Y).coefs_[0], ours.coefs_[0])
    loaded = pickle.loads(pickle.dumps(ours))
    assert loaded.client is None
    expected = ours.predict(D).compute()
    np.testing.assert_array_equal(loaded.predict(D).compute(), expected)
    ours.model_.save(tmp_path / "m")
    np.testing.assert_array_equal(Model.load(tmp_path / "m").predict(X), expected)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_fit_that_max_iter_ends_says_so(solver):
    with pytest.warns(ConvergenceWarning, match="max_iter=2 iterations"):
        regressor(solver=solver, max_iter=2).fit(*cut(X, ONE))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        regressor(solver=solver, max_iter=200, tol=1e3, n_iter_no_change=1).fit(*cut(X, ONE))


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "setting",
    [{"loss": "log_loss"}, {"quantile": 1.0}, {"delta": 0.0}, {"standardize_target": "yes"}, {"alpha": -1},
     {"solver": "x"}, {"batch_size": 0}],
)  # fmt: skip
def test_parameters_are_checked_before_the_cluster_is_asked(setting):
    ((name, _),) = setting.items()
    with pytest.raises(ValueError, match=f"'{name}' parameter of DaskMLPRegressor"):
        DaskMLPRegressor(**setting).fit(None, None)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "quantile", "quantile": [0.8, 0.2]}, r"quantile=\[0.8, 0.2\]: levels must ascend"),
        ({"loss": "poisson", "standardize_target": True}, "standardize_target=True: loss='poisson' takes counts"),
        ({"early_stopping": True, "validation_fraction": 0.0}, "early_stopping needs validation_fraction > 0"),
    ],
)
def test_parameters_that_exclude_each_other(settings, words):
    with pytest.raises(ValueError, match=words):
        DaskMLPRegressor(**settings).fit(None, None)


def put(y, value, *place):
    y = y.astype(float)
    y[place] = value
    return y


@pytest.mark.parametrize(
    ("settings", "y", "words"),
    [
        ({}, put(ONE, np.nan, 230), "y contains NaN in row 230; drop or impute such rows"),
        ({"standardize_target": True}, put(THREE, np.inf, 121, 1), "y contains inf in row 121, column 1; replace or"),
        ({"loss": "poisson"}, put(ONE, -1, 120), "y contains -1 in row 120, but loss='poisson' takes counts or rates"),
        ({"dtype": "float32"}, put(ONE, 1e30, 299), "1e.30 in row 299, with which .* overflows float32; scale it"),
        (QUANTILES, THREE, "y has 3 columns, but the model, with loss='quantile' and 3 outputs, takes 1"),
        (QUANTILES | {"standardize_target": True}, THREE, "y has 3 columns, but the model"),
        ({}, ONE.astype("datetime64[s]"), "y has dtype datetime64"),
    ],
)
def test_bad_targets(settings, y, words):
    ours = regressor(**settings)
    with pytest.raises(ValueError, match=words):
        ours.fit(*cut(X, y))
    assert not [name for name in vars(ours) if name.endswith("_")]


def test_rows_that_are_trained_on_without_weight():
    weights = drawn_for_validation(0, n, 0.3, 0).astype(float)
    ours = regressor(early_stopping=True, validation_fraction=0.3, standardize_target=True)
    with pytest.raises(ValueError, match="sample_weight is 0 for every row to train on"):
        ours.fit(*cut(X, ONE, weights))


def test_scores_of_bad_targets():
    ours = regressor(max_iter=2).fit(*cut(X, ONE))
    with pytest.raises(ValueError, match="y of partition 4 contains NaN in row 8; drop or impute"):
        ours.score(*cut(X, put(ONE, np.nan, 229)))
    with pytest.raises(ValueError, match="X has 3 features, but the model was made for 4"):
        ours.score(*cut(X[:, :3], ONE))
