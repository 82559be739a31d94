"""Tabular estimators on disk: after loading, predictions have the same bits, and all else is there."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_tables import SMALL, classes, numbers, table

from fastmlp import Model, ModelFormatError, TabularClassifier, TabularRegressor
from fastmlp.tabular import saved


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr("fastmlp.tabular.estimator.recipe_for", lambda n, classes: SMALL)


X = table()
OTHERS = table(40, seed=1).assign(kind=lambda frame: frame["kind"].replace("a", "unseen"))[X.columns[::-1]]
LABELS = {
    "text": ("no", "yes"), "three": ("a", "bb", "ü"), "whole numbers": (-1, 7, 9), "truth values": (False, True),
    "numbers": (2.0, 5.0),
}  # fmt: skip
LOSSES = {
    "squared_error": {}, "poisson": {}, "huber": {"delta": 0.5}, "median": {"loss": "quantile"},
    "quantiles": {"loss": "quantile", "quantile": (0.1, 0.9)},
}  # fmt: skip


def again(model, path):
    model.save(path)
    return type(model).load(path)


def same(loaded, model, method="predict"):
    for rows in (X, OTHERS):
        np.testing.assert_array_equal(getattr(loaded, method)(rows), getattr(model, method)(rows))


@pytest.mark.parametrize("kind", LABELS)
def test_classes_come_back(kind, tmp_path):
    y = classes(X, LABELS[kind])
    model = TabularClassifier(n_members=2, random_state=0).fit(X, y)
    loaded = again(model, tmp_path / "m")
    same(loaded, model, "predict_proba")
    same(loaded, model)
    assert loaded.classes_.dtype == model.classes_.dtype
    assert loaded.predict(X).dtype == model.predict(X).dtype


@pytest.mark.parametrize("dtype", [object, "str", "category"])
def test_classes_of_pandas_come_back(dtype, tmp_path):
    model = TabularClassifier(n_members=2).fit(X, pd.Series(classes(X)).astype(dtype))
    loaded = again(model, tmp_path / "m")
    same(loaded, model)
    assert loaded.classes_.dtype == model.classes_.dtype


@pytest.mark.parametrize("loss", LOSSES)
def test_numbers_come_back(loss, tmp_path):
    model = TabularRegressor(**{"loss": loss, **LOSSES[loss]}, n_members=3, random_state=0).fit(X, numbers(X))
    loaded = again(model, tmp_path / "m")
    same(loaded, model)
    assert loaded.weights_.tolist() == model.weights_.tolist()


def test_what_was_learned_of_the_table_and_the_parameters_come_back(tmp_path):
    weights = {"no": 1, "yes": 2.5}
    model = TabularClassifier(n_members=4, class_weight=weights, random_state=3, n_threads=1).fit(X, classes(X))
    loaded = again(model, tmp_path / "m")
    assert loaded.reading_ == model.reading_
    assert list(loaded.reading_.left_out) == ["same"]
    assert loaded.recipe_ == model.recipe_
    assert loaded.n_features_in_ == 7
    assert loaded.feature_names_in_.tolist() == X.columns.tolist()
    assert loaded.get_params() == {**model.get_params(), "n_threads": None}
    for one, other in zip(loaded.models_, model.models_, strict=True):
        assert one.features == other.features
        assert (one.widths, one.seed, one.dropout) == (other.widths, other.seed, other.dropout)
        np.testing.assert_array_equal(one.parameters, other.parameters)
        assert one.history == other.history
        assert [record["round"] for record in one.history] == list(range(1, len(one.history) + 1))
    assert TabularClassifier.load(tmp_path / "m", n_threads=2).n_threads == 2


def test_a_loaded_estimator_is_fitted_again_with_the_same_bits(tmp_path):
    model = TabularRegressor(loss="quantile", quantile=(0.25, 0.75), n_members=2, random_state=1).fit(X, numbers(X))
    loaded = again(model, tmp_path / "m")
    same(loaded.fit(X, numbers(X)), model)


def test_a_parameter_that_no_file_can_hold_becomes_the_default(tmp_path):
    model = TabularClassifier(n_members=2, random_state=np.random.RandomState(0)).fit(X, classes(X))
    assert again(model, tmp_path / "m").random_state is None


def test_a_fit_of_half_an_epoch_within_its_time_limit(tmp_path):
    model = TabularClassifier(n_members=2, time_limit=60.0).fit(X, classes(X))
    model.recipe_ = replace(model.recipe_, epochs=0.5)
    assert again(model, tmp_path / "m").recipe_.epochs == 0.5


def test_an_array_has_no_names(tmp_path):
    rows = X[["number", "holes", "flag"]].to_numpy(float)
    model = TabularClassifier(n_members=2).fit(rows, classes(X))
    loaded = again(model, tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict_proba(rows), model.predict_proba(rows))
    assert not hasattr(loaded, "feature_names_in_")


def test_equal_models_make_equal_files(tmp_path):
    model = TabularClassifier(n_members=4, random_state=0).fit(X, classes(X))
    again(model, tmp_path / "one").save(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_whichever_a_file_holds(tmp_path):
    classifier = TabularClassifier(n_members=2).fit(X, classes(X))
    regressor = TabularRegressor(n_members=2).fit(X, numbers(X))
    for model in (classifier, regressor):
        model.save(tmp_path / "m")
        loaded = saved.load(tmp_path / "m")
        assert type(loaded) is type(model)
        same(loaded, model)
        with pytest.raises(
            ModelFormatError, match=f"m: holds a {type(model).__name__}; load it by fastmlp.{type(model).__name__}.load"
        ):
            Model.load(tmp_path / "m")
    with pytest.raises(ModelFormatError, match="holds a TabularRegressor; load it by"):
        TabularClassifier.load(tmp_path / "m")
    Model([2, 1]).save(tmp_path / "m")
    for load in (saved.load, TabularClassifier.load, TabularRegressor.load):
        with pytest.raises(ModelFormatError, match=r"holds a Model; load it by fastmlp\.Model\.load"):
            load(tmp_path / "m")


def test_a_checkpoint_is_no_model(tmp_path):
    TabularClassifier(n_members=2).fit(X, classes(X), checkpoint=tmp_path / "fit")
    for load in (Model.load, saved.load, TabularClassifier.load, TabularRegressor.load):
        with pytest.raises(ModelFormatError, match="fit: holds a fit of a TabularClassifier, and no model; go on"):
            load(tmp_path / "fit")


class Mine(TabularClassifier):
    """A class of the user's own."""


def test_a_class_of_the_user_s_own(tmp_path):
    model = Mine(n_members=2).fit(X, classes(X))
    loaded = again(model, tmp_path / "m")
    assert type(loaded) is Mine
    assert type(saved.load(tmp_path / "m")) is TabularClassifier
    same(loaded, model)


def test_what_no_file_can_hold(tmp_path):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        TabularClassifier().save(tmp_path / "m")
    model = TabularClassifier(n_members=2).fit(X, classes(X))
    model.models_[1].parameters[3] = np.nan
    with pytest.raises(ValueError, match="cannot be saved: the parameters are not finite"):
        model.save(tmp_path / "m")
    dates = TabularClassifier(n_members=2).fit(X, classes(X))
    dates.classes_ = np.array(["2020-01-01", "2020-01-02"], "M8[D]")
    with pytest.raises(ValueError, match="cannot be saved: the classes"):
        dates.save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_parameters_that_were_set_since_the_fit(tmp_path):
    """They change no prediction, so that they may be saved."""
    model = TabularRegressor(n_members=2, random_state=0).fit(X, numbers(X)).set_params(loss="poisson", n_members=5)
    loaded = again(model, tmp_path / "m")
    same(loaded, model)
    assert (loaded.loss, loaded.n_members) == ("poisson", 5)
