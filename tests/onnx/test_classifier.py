"""What onnxruntime computes from an exported MLPClassifier is what the classifier predicts."""

import importlib
import subprocess
import sys

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import skl2onnx
from onnx import numpy_helper
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.ensemble import StackingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastmlp.onnx  # noqa: F401
from fastmlp import MLPClassifier
from fastmlp.activations import ACTIVATIONS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
NAMES = np.array(["bee", "ant", "cat"])[y]
FLOATS = ["float32", "float64"]


def fitted(X=X, y=NAMES, **settings):
    settings = {"hidden_layer_sizes": (7,), "max_iter": 5, "learning_rate_init": 0.05, "random_state": 0, **settings}
    return MLPClassifier(**settings).fit(X, y)


def outputs(classifier, X, **options):
    """By name."""
    model = skl2onnx.to_onnx(classifier, X[:1], options=options or {"zipmap": False})
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, {"X": X}), strict=True))


def test_a_net_of_mixed_bfloat16_is_written_in_float32(bfloat16):
    classifier = fitted(dtype="mixed_bfloat16")
    initializers = skl2onnx.to_onnx(classifier, X[:1].astype("float32")).graph.initializer
    weights = [numpy_helper.to_array(tensor) for tensor in initializers]
    for W in classifier.coefs_:
        assert any(w.dtype == np.float32 and np.array_equal(w, W) for w in weights)
    plain = fitted(dtype="float32")
    plain.coefs_, plain.intercepts_ = classifier.coefs_, classifier.intercepts_
    assert_same(plain, X.astype("float32"))
    found, expected = (outputs(one, X.astype("float32"))["probabilities"] for one in (classifier, plain))
    np.testing.assert_array_equal(found, expected)


def assert_same(classifier, X, atol=1e-5):
    found = outputs(classifier, X)
    expected = classifier.predict_proba(X)
    assert found["probabilities"].dtype == X.dtype
    np.testing.assert_allclose(found["probabilities"], expected, rtol=0, atol=atol)
    np.testing.assert_array_equal(found["label"], classifier.predict(X))
    assert len(np.unique(found["label"])) > 1  # else equal labels would say little
    return found


# --- kinds of y ---------------------------------------------------------------------------------------

TARGETS = {
    "binary": y == 1,
    "binary, numbers": np.where(y == 1, 7, -3),
    "binary, of float": np.where(y == 1, 1.0, 0.0),
    "binary, names": NAMES == "cat",
    "multiclass": y,
    "multiclass, large numbers": y * 10 - 2**40,
    "multiclass, names": NAMES,
    "multiclass, names as objects": NAMES.astype(object),
    "two labels": np.stack([y == 1, y > 0], axis=1).astype(int),
    "three labels": make_multilabel_classification(120, 6, n_classes=3, random_state=0)[1],
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("kind", TARGETS)
def test_targets(kind, dtype):
    assert_same(fitted(X.astype(dtype), TARGETS[kind]), X.astype(dtype))


def test_a_single_class():
    classifier = fitted(y=np.full(len(y), "bee"), max_iter=1, learning_rate_init=1e-9)
    P = classifier.predict_proba(X)
    assert (P[:, 1] > 0.5).any()  # the second column's label is the one class, too
    found = outputs(classifier, X)
    np.testing.assert_allclose(found["probabilities"], P, rtol=0, atol=1e-5)
    assert set(found["label"]) == {"bee"}


def test_whole_numbers_as_input():
    counts = (10 * X).astype(np.int64)
    classifier = fitted(counts, y)
    found = outputs(classifier, counts)
    np.testing.assert_allclose(found["probabilities"], classifier.predict_proba(counts), rtol=0, atol=1e-5)


# --- activations --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation, dtype):
    exact = dtype == "float64" and activation != "gelu"  # onnxruntime's erf is of float32
    classifier = fitted(X.astype(dtype), activation=activation)
    assert_same(classifier, X.astype(dtype), atol=1e-12 if exact else 1e-5)
    far = (X * 1e5).astype(dtype)
    assert np.isfinite(outputs(classifier, far)["probabilities"]).all()


def test_one_activation_per_layer():
    classifier = fitted(hidden_layer_sizes=(7, 6, 5), activation=["gelu", "tanh", "leaky_relu"])
    assert_same(classifier, X)


def test_no_hidden_layer():
    assert_same(fitted(hidden_layer_sizes=()), X, atol=1e-12)


def cubed(z):
    return z * z * z


def cubed_slope(z):
    return 3 * z * z


@pytest.mark.parametrize("activation", [(cubed, cubed_slope), ["relu", (cubed, cubed_slope)]])
def test_own_functions_are_refused_by_name(activation):
    classifier = fitted(hidden_layer_sizes=(4, 3), activation=activation)
    with pytest.raises(ValueError, match="activation: cubed is a Python function"):
        skl2onnx.to_onnx(classifier, X[:1])


# --- options, and scikit-learn's tools ------------------------------------------------------------------


def test_dictionaries_of_probabilities():
    single = X.astype("float32")
    classifier = fitted(single)
    found = outputs(classifier, single, zipmap=True)
    np.testing.assert_array_equal(found["output_label"], classifier.predict(single))
    P = [[row[name] for name in classifier.classes_] for row in found["output_probability"]]
    np.testing.assert_allclose(P, classifier.predict_proba(single), rtol=0, atol=1e-5)


def test_columns_of_probabilities():
    found, P = outputs(fitted(), X, zipmap="columns"), fitted().predict_proba(X)
    for column, name in enumerate(["sant", "sbee", "scat"]):
        np.testing.assert_allclose(found[name], P[:, column], rtol=0, atol=1e-5)


def test_class_labels_as_an_output():
    found = outputs(fitted(), X, zipmap=False, output_class_labels=True)
    assert list(found["class_labels"]) == ["ant", "bee", "cat"]


def test_numbers_in_place_of_class_labels():
    classifier = fitted()
    found = outputs(classifier, X, zipmap=False, nocl=True)
    np.testing.assert_array_equal(classifier.classes_[found["label"]], classifier.predict(X))


def test_shapes_of_outputs():
    def shapes(classifier):
        graph = skl2onnx.to_onnx(classifier, X[:1], options={"zipmap": False}).graph
        return [[axis.dim_value for axis in output.type.tensor_type.shape.dim] for output in graph.output]

    assert shapes(fitted()) == [[0], [0, 3]]  # 0: any number of rows
    assert shapes(fitted(y=y == 1)) == [[0], [0, 2]]
    assert shapes(fitted(y=TARGETS["two labels"])) == [[0, 2], [0, 2]]


@pytest.mark.parametrize("dtype", FLOATS)
def test_pipeline(dtype):
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((7,), max_iter=5, random_state=0))
    assert_same(pipeline.fit((9 + 5 * X).astype(dtype), NAMES), (9 + 5 * X).astype(dtype))


def test_a_frame_of_columns_needs_a_step_that_joins_them():
    """skl2onnx makes an input of each column, and its own classifiers take only one."""
    frame = pd.DataFrame(X, columns=list("abcdef"))
    with pytest.raises(RuntimeError, match=r"at most 1 input\(s\)"):
        skl2onnx.to_onnx(fitted(frame), frame[:1])
    skl2onnx.to_onnx(make_pipeline(StandardScaler(), fitted(frame)).fit(frame, NAMES), frame[:1])


@pytest.mark.parametrize(
    "around",
    [
        lambda inner: GridSearchCV(inner, {"hidden_layer_sizes": [(4,), (7,)]}, cv=2),
        lambda inner: StackingClassifier([("net", inner)], inner, cv=2),
    ],
)
def test_inside_other_estimators(around):
    inner = MLPClassifier((7,), max_iter=5, learning_rate_init=0.05, random_state=0)
    assert_same(around(inner).fit(X.astype("float32"), y), X.astype("float32"))


def test_coefficients_put_in_later_are_exported():
    classifier = fitted()
    classifier.coefs_[0] = np.ones((6, 7), int)
    classifier.intercepts_ = [b + 1 for b in classifier.intercepts_]
    assert_same(classifier, X, atol=1e-12)


# --- imports ------------------------------------------------------------------------------------------


def test_without_skl2onnx_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    monkeypatch.delitem(sys.modules, "fastmlp.onnx")
    with pytest.raises(ImportError, match=r'pip install "fastmlp\[onnx\]"'):
        importlib.import_module("fastmlp.onnx")


def test_nothing_of_onnx_is_imported_unless_asked_for():
    code = "import sys, fastmlp.sklearn.classifier; print({'onnx', 'skl2onnx', 'fastmlp.onnx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
