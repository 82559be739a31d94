"""What MLPClassifier can do beyond scikit-learn's: each parameter against an independent way to the same result."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import get_scorer, log_loss
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_sample_weight

from fastmlp import Adam, AdamW, DivergenceError, MLPClassifier, rows
from fastmlp.sklearn import data

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_classification(600, 8, n_informative=6, n_classes=3, weights=[0.7, 0.2], random_state=0)
SETTINGS = {"hidden_layer_sizes": (16,), "max_iter": 8, "random_state": 0, "learning_rate_init": 0.01}


def fitted(*arguments, **settings):
    return MLPClassifier(**{**SETTINGS, **settings}).fit(X, y, *arguments)


def same(a, b):
    for ours, theirs in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True):
        np.testing.assert_array_equal(ours, theirs)


# --- weights of classes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1, 1: 3.0, 2: 0.5}])
@pytest.mark.parametrize("w", [None, np.random.default_rng(0).uniform(0.5, 2, 600)])
def test_class_weights_are_row_weights(class_weight, w):
    both = compute_sample_weight(class_weight, y) * (1 if w is None else w)
    same(fitted(w, class_weight=class_weight), fitted(both))


def test_class_weights_do_not_weigh_the_validation_score():
    parts = train_test_split(X, y, random_state=1)
    classifier = MLPClassifier(**SETTINGS, class_weight={0: 0, 1: 0, 2: 1})
    classifier.fit(parts[0], parts[2], X_val=parts[1], y_val=parts[3])
    assert classifier.validation_scores_[-1] == classifier.score(parts[1], parts[3])


def test_class_weights_of_classes_that_a_batch_does_not_hold():
    part = y != 1
    weighted = MLPClassifier(**SETTINGS, class_weight={1: 5.0, 2: 3.0}).partial_fit(X[part], y[part], classes=[0, 1, 2])
    by_row = np.where(y[part] == 2, 3.0, 1.0)
    same(weighted, MLPClassifier(**SETTINGS).partial_fit(X[part], y[part], by_row, classes=[0, 1, 2]))
    labels = np.stack([y == 0, y == 3], axis=1).astype(int)  # no row has the second one
    of_labels = MLPClassifier(**SETTINGS, class_weight=[{1: 2.0}, {0: 0.5, 1: 5.0}]).fit(X, labels)
    same(of_labels, MLPClassifier(**SETTINGS).fit(X, labels, np.where(y == 0, 1.0, 0.5)))
    with pytest.raises(ValueError, match="are not in class_weight"):
        fitted(class_weight={7: 1.0})


def test_balanced_weights_of_a_part_are_refused():
    with pytest.raises(ValueError, match="class_weight='balanced'"):
        MLPClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_weights_that_leave_no_row_to_train_on_are_named(solver):
    nothing = dict.fromkeys(range(3), 0)
    with pytest.raises(ValueError, match=r"class_weight={0: 0, 1: 0, 2: 0} leaves no row with a weight above 0"):
        fitted(class_weight=nothing, solver=solver)
    with pytest.raises(ValueError, match=r"sample_weight(: .*at least one non-zero| is 0 for every row)"):
        fitted(np.zeros(600), solver=solver)
    with pytest.raises(ValueError, match=r"sample_weight_val(: .*at least one non-zero| is 0 for every row)"):
        MLPClassifier(**SETTINGS).fit(X, y, X_val=X, y_val=y, sample_weight_val=np.zeros(600))


def test_weights_of_which_a_drawn_part_has_none():
    """One row has a weight: it is either trained on, or validated on."""
    found, one = set(), (np.arange(600) == 0) * 1.0
    for seed in range(40):
        with pytest.raises(ValueError, match="give X_val and y_val") as caught:
            MLPClassifier(**{**SETTINGS, "random_state": seed}, early_stopping=True).fit(X, y, one)
        found.add(str(caught.value).split(";")[0])
        if len(found) == 2:
            break
    assert found == {
        "the rows kept for validation have no weight above 0",
        "sample_weight is 0 for every row to train on: the others are kept for validation",
    }


@pytest.mark.parametrize(("class_weight", "words"), [
    ([{0: 1, 1: 2}], "number of elements in class_weight should match number of outputs. Got 1 .* 2 outputs"),
    ({0: 1, 1: 2}, "class_weight should be a list of dicts, or the string 'balanced'"),
])  # fmt: skip
def test_class_weights_that_labels_cannot_have(class_weight, words):
    with pytest.raises(ValueError, match=words):
        MLPClassifier(class_weight=class_weight).fit(X, np.stack([y == 0, y == 1], axis=1).astype(int))


def test_class_weights_that_a_stream_cannot_have():
    with pytest.raises(ValueError, match=r"class_weight=\[{0: 2.0}\]: with a stream, give a dict, 'balanced' or None"):
        MLPClassifier(class_weight=[{0: 2.0}]).fit(rows.Array(X, y))


# --- a validation set of one's own -----------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_own_validation_set(early_stopping, weighted):
    X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=1)
    w = np.random.default_rng(0).uniform(0, 2, len(X_val)) if weighted else None
    seen = []

    def keep(classifier, record):
        seen.append((classifier.predict_proba(X_val), record))

    classifier = MLPClassifier(**SETTINGS, early_stopping=early_stopping, callbacks=keep)
    classifier.fit(X_train, y_train, X_val=X_val, y_val=y_val, sample_weight_val=w)
    losses = [log_loss(y_val, P, sample_weight=w) for P, _ in seen]
    scores = [np.average(P.argmax(axis=1) == y_val, weights=w) for P, _ in seen]
    np.testing.assert_allclose(classifier.validation_loss_curve_, losses, rtol=1e-9)
    np.testing.assert_allclose(classifier.validation_scores_, scores)
    assert [record["validation_loss"] for _, record in seen] == classifier.validation_loss_curve_
    if early_stopping:
        np.testing.assert_array_equal(classifier.predict_proba(X_val), seen[int(np.argmax(scores))][0])
        assert classifier.best_validation_score_ == max(scores)
    else:
        same(classifier, MLPClassifier(**SETTINGS).fit(X_train, y_train))


def test_curves_of_fits_with_and_without_validation_are_of_the_same_epochs():
    classifier = MLPClassifier(**{**SETTINGS, "max_iter": 2}, warm_start=True).fit(X, y)
    classifier.fit(X, y, X_val=X, y_val=y).fit(X, y).fit(X, y, X_val=X, y_val=y)
    assert np.isnan(classifier.validation_scores_).tolist() == [True] * 2 + [False] * 2 + [True] * 2 + [False] * 2
    assert len(classifier.loss_curve_) == len(classifier.validation_loss_curve_) == 8
    classifier.set_params(early_stopping=True).fit(X, y)
    assert classifier.best_validation_score_ == max(classifier.validation_scores_[-2:])


def test_half_a_validation_set_or_one_with_other_classes():
    with pytest.raises(ValueError, match="X_val and y_val: give both or neither"):
        MLPClassifier().fit(X, y, X_val=X)
    with pytest.raises(ValueError, match=r"`y_val` has classes not in `self.classes_`"):
        MLPClassifier().fit(X, y, X_val=X, y_val=y + 1)
    with pytest.raises(ValueError, match="features"):
        MLPClassifier().fit(X, y, X_val=X[:, 1:], y_val=y)


@pytest.mark.parametrize("scoring", ["roc_auc_ovr", "neg_log_loss", get_scorer("f1_macro")])
@pytest.mark.parametrize("own", [False, True])
def test_scoring(own, scoring):
    X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=1)
    given = {"X_val": X_val, "y_val": y_val} if own else {}
    classifier = MLPClassifier(**SETTINGS, early_stopping=True, scoring=scoring).fit(X_train, y_train, **given)
    assert len(set(classifier.validation_scores_)) > 3
    assert classifier.best_validation_score_ == max(classifier.validation_scores_)
    if own:
        scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
        assert scorer(classifier, X_val, y_val) == classifier.best_validation_score_


# --- optimizers, schedules, callbacks ---------------------------------------------------------------------------


def test_optimizers_by_name_and_as_objects():
    same(fitted(optimizer="adam"), fitted())
    same(fitted(optimizer=Adam(0.01)), fitted())
    same(fitted(optimizer="sgd"), fitted(solver="sgd", momentum=0))
    same(fitted(optimizer="nesterov"), fitted(solver="sgd"))
    decayed = fitted(optimizer=AdamW(0.01, weight_decay=3.0))
    assert np.linalg.norm(decayed.coefs_[0]) < 0.7 * np.linalg.norm(fitted().coefs_[0])


def test_an_optimizer_object_is_not_changed():
    optimizer = Adam(0.01)
    same(fitted(optimizer=optimizer), fitted(optimizer=optimizer))
    assert optimizer.t == 0
    used = fitted(optimizer=optimizer)._optimizer
    assert used.t > 0
    same(fitted(optimizer=used), fitted(optimizer=optimizer))


def test_an_optimizer_for_lbfgs_is_refused():
    with pytest.raises(ValueError, match="optimizer='adamw' takes the place of solver='adam'"):
        fitted(optimizer="adamw", solver="lbfgs")


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_schedules(schedule):
    classifier = fitted(learning_rate=schedule)
    same(classifier, fitted(optimizer=Adam(0.01, schedule=schedule)))
    assert len(classifier.learning_rate_curve_) == 8
    assert classifier.learning_rate_curve_[-1] < 1e-4
    assert max(classifier.learning_rate_curve_) > 0.0094


def test_callbacks_see_the_epoch_and_may_end_it():
    records = []
    classifier = fitted(callbacks=[lambda c, record: records.append(record), lambda c, record: record["epoch"] == 3])
    assert classifier.n_iter_ == 3
    assert [record["loss"] for record in records] == classifier.loss_curve_
    assert records[0].keys() == {"epoch", "loss", "learning_rate", "seconds"}


def test_progress_bar(capsys):
    fitted(verbose="bar")
    captured = capsys.readouterr()
    assert "4.80k/4.80k" in captured.err
    assert captured.out == ""


# --- activations --------------------------------------------------------------------------------------------------


def test_activations_per_layer():
    classifier = fitted(hidden_layer_sizes=(9, 7), activation=["gelu", "tanh"])
    same(fitted(hidden_layer_sizes=(9, 7), activation=["relu", "relu"]), fitted(hidden_layer_sizes=(9, 7)))
    assert classifier.score(X, y) > 0.7
    with pytest.raises(ValueError, match="3 given for 2 hidden layers"):
        fitted(hidden_layer_sizes=(9, 7), activation=["gelu"] * 3)


def slope(z):
    return 1.0 if z > 0 else 0.25


def leaky(z):
    return z if z > 0 else 0.25 * z


def test_an_activation_of_ones_own():
    classifier = fitted(activation=(leaky, slope))
    W, b = classifier.coefs_, classifier.intercepts_
    Z = X @ W[0] + b[0]
    logits = np.where(Z > 0, Z, 0.25 * Z) @ W[1] + b[1]
    np.testing.assert_array_equal(classifier.predict(X), logits.argmax(axis=1))


# --- scorers within fit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["pandas", "polars", "numpy"])
@pytest.mark.parametrize("of_one_s_own", [False, True])
def test_a_scorer_gets_rows_as_they_were_given(library, of_one_s_own, monkeypatch):
    """A frame where a frame was given, and its predictions ask no questions that `fit` has answered."""
    table = X if library == "numpy" else pytest.importorskip(library).DataFrame(dict(zip("abcdefgh", X.T, strict=True)))
    seen, checks = [], []
    checked = data.validate_data
    monkeypatch.setattr(data, "validate_data", lambda *a, **k: checks.append(1) or checked(*a, **k))

    def scorer(estimator, given, labels):
        seen.append((type(given), list(getattr(given, "columns", "")), given.shape))
        return get_scorer("roc_auc")(estimator, given, labels)

    scoring = scorer if of_one_s_own else "roc_auc"
    settings = {**SETTINGS, "scoring": scoring}
    for options, given in [({"early_stopping": True}, {}), ({}, {"X_val": table[:60], "y_val": y[:60] > 0})]:
        checks.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            warnings.simplefilter("ignore", ConvergenceWarning)
            found = MLPClassifier(**settings, **options).fit(table, y > 0, **given)
            arrays = {name: np.asarray(value) for name, value in given.items()}
            expected = MLPClassifier(**settings, **options).fit(X, y > 0, **arrays)
        assert found.validation_scores_ == expected.validation_scores_
        assert len(checks) == 2 * (1 + len(given) // 2)
        if of_one_s_own:
            assert (type(table), list(getattr(table, "columns", "")), (60, 8)) in seen
    assert "_scored" not in vars(found)


# --- where scikit-learn's leaves something to be desired ----------------------------------------------------------


@pytest.mark.parametrize("labels", [y == 0, y, np.stack([y == 0, y == 1], axis=1)])
def test_logarithms_of_probabilities_that_are_rounded_to_0_or_1(labels):
    classifier = MLPClassifier(**SETTINGS).fit(X, labels)
    P = np.stack([*classifier.predict_proba(X)])
    np.testing.assert_allclose(classifier.predict_log_proba(X), np.log(P), rtol=1e-9, atol=1e-12)
    Z = np.maximum(1e4 * X @ classifier.coefs_[0] + classifier.intercepts_[0], 0) @ classifier.coefs_[1]
    Z += classifier.intercepts_[1]
    found = classifier.predict_log_proba(1e4 * X)
    assert (classifier.predict_proba(1e4 * X) == 0).any()
    if labels.dtype == bool:
        expected = np.minimum(np.concatenate([-Z, Z], axis=1) if labels.ndim == 1 else Z, 0)
    else:
        expected = Z - Z.max(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1)


def test_a_fit_that_fails_before_its_first_epoch_leaves_nothing_behind():
    bad = np.where(np.arange(600) == 599, 1e39, 1.0)[:, None] * X
    settings = {**SETTINGS, "dtype": "float32"}
    for fit in ("fit", "partial_fit"):
        classifier = MLPClassifier(**settings)
        with pytest.raises(ValueError, match="exceeds float32"):
            getattr(classifier, fit)(bad, y, **({"classes": [0, 1, 2]} if fit == "partial_fit" else {}))
        assert vars(classifier) == vars(MLPClassifier(**settings))
        with pytest.raises(NotFittedError):
            classifier.predict(X)
    fitted_before = MLPClassifier(**settings).fit(X, y > 0)
    expected = fitted_before.predict_proba(X)
    with pytest.raises(ValueError, match="exceeds float32"):
        fitted_before.fit(bad, y)
    np.testing.assert_array_equal(fitted_before.predict_proba(X), expected)
    assert fitted_before.n_iter_ == 8


def test_an_error_after_an_epoch_leaves_what_was_learned():
    def fails(classifier, record):
        raise RuntimeError("enough")

    classifier = MLPClassifier(**SETTINGS, callbacks=fails)
    with pytest.raises(RuntimeError, match="enough"):
        classifier.fit(X, y)
    same(classifier, fitted(max_iter=1))


def test_weights_that_a_callback_spoils_in_the_last_epoch_are_an_error():
    def spoil(classifier, record):
        classifier.coefs_[0][0, 0] = np.nan if record["epoch"] == 8 else 0.5

    with pytest.raises(DivergenceError, match="Solver produced non-finite parameter weights"):
        MLPClassifier(**SETTINGS, callbacks=spoil).fit(X, y)


def test_lbfgs_prints_a_line_for_each_iteration(capsys):
    classifier = fitted(solver="lbfgs", verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == classifier.n_iter_ == 8
    assert lines[-1] == f"loss = {classifier.loss_:.8f}"


@pytest.mark.parametrize("solvers", [("lbfgs", "adam"), ("lbfgs", "sgd"), ("adam", "lbfgs", "sgd")])
def test_another_solver_goes_on_where_one_ended(solvers):
    classifier = MLPClassifier(**SETTINGS, warm_start=True)
    for solver in solvers:
        loss = classifier.set_params(solver=solver).fit(X, y).loss_
    assert loss < 0.95 * fitted().loss_
    assert len(classifier.loss_curve_) == 8 * (len(solvers) - 1)
