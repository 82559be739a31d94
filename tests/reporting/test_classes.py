"""Reports on classes and labels: their figures are scikit-learn's, on the same rows."""

import functools

import numpy as np
import pytest
from pages import Page
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.datasets import make_classification, make_multilabel_classification

import fastmlp
from fastmlp import MLPClassifier, Model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_classification(600, 6, n_informative=4, weights=[0.7], random_state=0)
X = X.astype(np.float32)
w = np.random.default_rng(0).integers(0, 4, len(y)).astype(float)
NAMES = np.array(["no", "yes"])[y]
PRECISION = 1e-6  # of predict_proba, which returns float32


@functools.cache
def of_two():
    return MLPClassifier((16,), max_iter=20, random_state=0).fit(X[:300], NAMES[:300])


def four(x):
    return f"{x:.4f}"


def assert_among(expected, figures):
    assert {name: figures[name] for name in expected} == pytest.approx(expected, rel=PRECISION)


@pytest.mark.parametrize("weights", [None, w[300:]])
def test_figures_of_two_classes(weights, undrawn):
    found = fastmlp.report(of_two(), X[300:], NAMES[300:], weights, n_repeats=1, threshold=0.3)
    P, truth = of_two().predict_proba(X[300:]), y[300:]
    above = P[:, 1] > 0.3
    matrix = metrics.confusion_matrix(truth, above, sample_weight=weights)
    expected = {
        "AUC": metrics.roc_auc_score(truth, P[:, 1], sample_weight=weights),
        "log loss": metrics.log_loss(truth, P, sample_weight=weights),
        "accuracy": metrics.accuracy_score(truth, above, sample_weight=weights),
        "average precision": metrics.average_precision_score(truth, P[:, 1], sample_weight=weights),
        "Brier score": metrics.brier_score_loss(truth, P[:, 1], sample_weight=weights),
        "balanced accuracy": metrics.balanced_accuracy_score(truth, above, sample_weight=weights),
        "precision": metrics.precision_score(truth, above, sample_weight=weights),
        "recall": metrics.recall_score(truth, above, sample_weight=weights),
        "F1": metrics.f1_score(truth, above, sample_weight=weights),
        "share of yes": np.average(truth, weights=weights),
    }
    assert_among(expected, found.figures)
    page = Page(found.html)
    shown = {name: four(value) for name, value in found.figures.items()}
    assert {row[0]: row[1] for row in page.table("All figures")} == shown
    kind = "Rows" if weights is None else "Weight of rows"
    rows = page.table(f"{kind}, and shares of the true class")
    counts = [[float(cell.split(" (")[0].replace(",", "")) for cell in row[1:3]] for row in rows]
    np.testing.assert_allclose(counts, matrix)
    histogram = next(text for text in page.alternatives() if text.startswith("Histogram of the predicted probability"))
    repeated = np.repeat(P[:, 1], 1 if weights is None else weights.astype(int))
    middle = np.quantile(repeated, 0.5, method="inverted_cdf")
    assert f"half below {middle:.4f}" in histogram
    in_use = next(row for row in page.table("Other thresholds") if "in use" in row[0])
    assert in_use[0] == "0.3 (in use)"
    assert in_use[2] == f"{100 * expected['precision']:.1f} %"
    roc = next(text for text in page.alternatives() if text.startswith("ROC curve"))
    assert f"the area under it is {expected['AUC']:.4f}" in roc
    assert f"true positive rate is {expected['recall']:.4f}" in roc


def test_calibration_is_that_of_scikit_learn(undrawn):
    found = fastmlp.report(of_two(), X[300:], NAMES[300:], n_repeats=1)
    page = Page(found.html)
    P = of_two().predict_proba(X[300:])[:, 1].astype(float)
    true, predicted = calibration_curve(y[300:], P, n_bins=10, strategy="quantile")
    rows = page.table("Predicted probability of yes")
    np.testing.assert_allclose([float(row[2]) for row in rows], predicted, atol=6e-5)
    np.testing.assert_allclose([float(row[3]) for row in rows], true, atol=6e-5)
    sizes = [int(row[1]) for row in rows]
    assert found.figures["calibration error"] == pytest.approx(
        np.average(np.abs(true - predicted), weights=sizes), rel=PRECISION
    )


def test_weights_of_whole_numbers_are_repeated_rows(undrawn):
    n = 300
    weighted = fastmlp.report(of_two(), X[n:], NAMES[n:], w[n:], n_repeats=1).figures
    again = np.repeat(np.arange(n, 600), w[n:].astype(int))
    repeated = fastmlp.report(of_two(), X[again], NAMES[again], n_repeats=1).figures
    but = {"calibration error"}  # as groups are of as many rows each, whatever their weights
    assert weighted.keys() == repeated.keys()
    assert_among({name: figure for name, figure in repeated.items() if name not in but}, weighted)


def test_more_classes():
    Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0) + (X[:, 2] > 0.5)
    model = Model([6, 16, 5], seed=1).fit(X[:300], Y[:300], epochs=15, batch_size=32)  # class 4 has no rows
    found = fastmlp.report(model, X[300:], Y[300:], n_repeats=1)
    P, truth = model.predict_proba(X[300:]).astype(float), Y[300:]
    P /= P.sum(axis=1, keepdims=True)
    predicted = P.argmax(axis=1)
    aucs = [metrics.roc_auc_score(truth == k, P[:, k]) for k in range(4)]
    expected = {
        "macro AUC": np.mean(aucs),
        "log loss": metrics.log_loss(truth, P, labels=range(5)),
        "accuracy": metrics.accuracy_score(truth, predicted),
        "balanced accuracy": metrics.recall_score(truth, predicted, average="macro", labels=range(4), zero_division=0),
        "macro F1": metrics.f1_score(truth, predicted, average="macro", labels=range(4), zero_division=0),
    }
    assert_among(expected, found.figures)
    page = Page(found.html)
    assert "without 1 of 5 classes" in page.text
    by_class = page.table("Each class against the rest")
    assert [row[0] for row in by_class] == ["0", "1", "2", "3", "4"]
    assert [row[2] for row in by_class] == [*map(four, aucs), "undefined"]
    matrix = metrics.confusion_matrix(truth, predicted, labels=range(5))
    rows = page.table("Rows, and shares of the true class")
    assert [[int(cell.split(" (")[0]) for cell in row[1:6]] for row in rows] == matrix.tolist()


def test_many_classes_name_the_pairs_that_are_confused():
    random = np.random.default_rng(1)
    Y = np.repeat(np.arange(26), 20)
    Z = np.eye(26)[Y] + 0.6 * random.standard_normal((520, 26))
    letters = np.array([chr(65 + k) for k in range(26)])
    model = MLPClassifier((), max_iter=30, random_state=0).fit(Z, letters[Y])
    page = Page(fastmlp.report(model, Z, letters[Y], n_repeats=1).html)
    matrix = metrics.confusion_matrix(Y, np.searchsorted(letters, model.predict(Z)))
    np.fill_diagonal(matrix, 0)
    rows = page.table("The 15 pairs of classes")
    assert [int(row[2]) for row in rows] == sorted(matrix.ravel().tolist(), reverse=True)[:15]
    for true, predicted, count, _ in rows:
        assert matrix[ord(true) - 65, ord(predicted) - 65] == int(count)
    assert len(page.table("Each class against the rest")) == 26


def test_labels():
    Xl, Y = make_multilabel_classification(300, 6, n_classes=3, random_state=0)
    model = MLPClassifier((16,), max_iter=20, random_state=0).fit(Xl[:200], Y[:200])
    found = fastmlp.report(model, Xl[200:], Y[200:], n_repeats=1)
    P, truth = model.predict_proba(Xl[200:]), Y[200:]
    expected = {
        "macro AUC": metrics.roc_auc_score(truth, P),
        "log loss": sum(metrics.log_loss(truth[:, k], P[:, k]) for k in range(3)),
        "accuracy": metrics.accuracy_score(truth, P > 0.5),
        "Hamming loss": metrics.hamming_loss(truth, P > 0.5),
        "macro F1": metrics.f1_score(truth, P > 0.5, average="macro"),
        "macro average precision": metrics.average_precision_score(truth, P),
    }
    assert found.figures == pytest.approx(expected, rel=PRECISION)
    rows = Page(found.html).table("Each label")
    for row, ((_, false), (missed, hit)) in zip(rows, metrics.multilabel_confusion_matrix(truth, P > 0.5), strict=True):
        assert row[2:5] == [str(hit), str(missed), str(false)]


def test_scored_rows_of_one_class():
    only = np.flatnonzero(y[300:] == 1) + 300
    found = fastmlp.report(of_two(), X[only], NAMES[only], n_repeats=1)
    assert found == fastmlp.report(of_two(), X[only], NAMES[only], n_repeats=1)
    undefined = {name for name, figure in found.figures.items() if np.isnan(figure)}
    assert undefined == {"AUC", "average precision", "balanced accuracy"}
    assert found.figures["recall"] == (of_two().predict_proba(X[only])[:, 1] > 0.5).mean()
    page = Page(found.html)
    assert "All scored rows are of one class, yes" in page.text
    assert {row[0] for row in page.table("All figures") if row[1] == "undefined"} == undefined
    rows = np.append(only, np.flatnonzero(y[300:] == 0)[:3] + 300)
    weights = np.append(np.ones(len(only)), np.zeros(3))  # rows of the other class that do not count
    weighted = fastmlp.report(of_two(), X[rows], NAMES[rows], weights, n_repeats=1)
    assert weighted.figures == pytest.approx(found.figures, rel=PRECISION, nan_ok=True)


def test_constant_predictions():
    model = Model([6, 1])
    model.parameters[:] = 0
    found = fastmlp.report(model, X, y, n_repeats=1)
    assert found.figures["AUC"] == 0.5
    page = Page(found.html)
    assert len(page.table("Predicted probability")) == 1
    assert "its history is empty" in page.text


def test_weights_of_classes_are_told(undrawn):
    model = MLPClassifier((4,), max_iter=3, class_weight="balanced", random_state=0).fit(X, y)
    page = Page(fastmlp.report(model, X, y, n_repeats=1).html)
    assert "class_weight='balanced'" in page.text
    assert "the figures of this page do not weight classes" in page.text
