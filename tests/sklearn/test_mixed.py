"""dtype="mixed_bfloat16" of the estimators: fits, copies and pickles, and CPUs without the instructions."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone

from fastmlp import MLPClassifier, MLPRegressor, UnsupportedCPUError, rows

random = np.random.default_rng(0)
X = random.standard_normal((200, 3))
y = (X[:, 0] * X[:, 1] > 0).astype(int)
KINDS = [MLPClassifier, MLPRegressor]
FLOAT32 = "dtype='mixed_bfloat16': .*; predictions are computed in float32"

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def made(kind, **options):
    given = {"hidden_layer_sizes": (8,), "dtype": "mixed_bfloat16", "max_iter": 3, "random_state": 0}
    return kind(**given | options)


def weights(estimator):
    return [a.tobytes() for a in (*estimator.coefs_, *estimator.intercepts_)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_net_is_mixed_and_its_weights_are_float32(kind, bfloat16):
    estimator = made(kind).fit(X, y)
    assert estimator._network().plan.mixed
    assert {a.dtype for a in (*estimator.coefs_, *estimator.intercepts_)} == {np.dtype("float32")}
    assert estimator._optimizer.moments.dtype == np.float32
    assert not made(kind, dtype="float32").fit(X, y)._network().plan.mixed


def test_partial_fit_streams_and_validation(bfloat16):
    steps = made(MLPClassifier)
    for _ in range(2):
        steps.partial_fit(X, y, classes=[0, 1])
    assert steps._network().plan.mixed
    assert made(MLPClassifier).fit(rows.Array(X, y))._network().plan.mixed
    assert made(MLPClassifier, early_stopping=True).fit(X, y)._network().plan.mixed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda estimator: pickle.loads(pickle.dumps(estimator))])
def test_copies_and_pickles_keep_it(kind, way, bfloat16):
    estimator = made(kind, warm_start=True).fit(X, y)
    again = way(estimator)
    assert again._network().plan.mixed
    assert np.array_equal(again.predict(X), estimator.predict(X))
    assert weights(again.fit(X, y)) == weights(estimator.fit(X, y))


def test_clones_and_parameters():
    estimator = clone(made(MLPClassifier))
    assert estimator.get_params()["dtype"] == "mixed_bfloat16"
    assert "mixed_bfloat16" in repr(estimator)
    with pytest.raises(ValueError, match=r"dtype.*mixed_bfloat16"):
        made(MLPClassifier, dtype="mixed_float16").fit(X, y)


def test_a_net_keeps_its_dtype_until_it_is_made_anew(bfloat16):
    """As for float32 and float64: a parameter that changes counts for the next first fit."""
    estimator = made(MLPClassifier, warm_start=True).fit(X, y)
    estimator.set_params(dtype="float64").fit(X, y)
    assert estimator._network().plan.mixed
    estimator.set_params(warm_start=False).fit(X, y)
    assert not estimator._network().plan.mixed
    estimator.set_params(warm_start=True, dtype="mixed_bfloat16").fit(X, y)
    assert estimator._network().plan.dtype == np.float64
    assert not estimator._network().plan.mixed


def test_a_fit_that_fails_leaves_the_dtype(bfloat16):
    estimator = made(MLPClassifier, dtype="float64").fit(X, y)
    bad = X.astype("float32")
    bad[3] = 1e30
    with pytest.raises(ValueError, match=r"(?i)overflow|finite|diverge"):
        estimator.set_params(dtype="mixed_bfloat16", solver="sgd", learning_rate_init=1e30).fit(bad, y)
    assert estimator.coefs_[0].dtype == np.float64
    assert not estimator._mixed


def test_float64_weights_of_the_user_compute_in_float64(bfloat16):
    estimator = made(MLPClassifier).fit(X, y)
    estimator.coefs_ = [W.astype(float) for W in estimator.coefs_]
    estimator.intercepts_ = [b.astype(float) for b in estimator.intercepts_]
    assert estimator.predict_proba(X).dtype == np.float64
    assert not estimator._network().plan.mixed


@pytest.mark.parametrize("kind", KINDS)
def test_lbfgs_is_refused(kind, bfloat16):
    with pytest.raises(
        ValueError, match=r"mixed_bfloat16.*line search of solver='lbfgs'.*dtype='float32', or solver='adam'"
    ):
        made(kind, solver="lbfgs").fit(X, y)
    estimator = made(kind, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="line search"):
        estimator.set_params(solver="lbfgs", dtype="float32").fit(X, y)


def interrupt(estimator, record):
    raise KeyboardInterrupt


def test_a_checkpoint_goes_on(bfloat16, tmp_path):
    file = {"checkpoint": tmp_path / "fit"}
    expected = made(MLPClassifier).fit(X, y)
    with pytest.warns(UserWarning, match="interrupted"):
        made(MLPClassifier, callbacks=interrupt).fit(X, y, **file)
    with pytest.raises(ValueError, match="dtype='mixed_bfloat16', but this one has 'float32'"):
        made(MLPClassifier, dtype="float32").fit(X, y, resume=True, **file)
    assert weights(made(MLPClassifier).fit(X, y, resume=True, **file)) == weights(expected)


def known_classes(estimator):
    return {"classes": [0, 1]} if isinstance(estimator, MLPClassifier) else {}


TRAINING = {
    "fit": lambda estimator: estimator.fit(X, y),
    "partial_fit": lambda estimator: estimator.partial_fit(X, y, **known_classes(estimator)),
    "a stream": lambda estimator: estimator.fit(rows.Array(X, y)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", TRAINING.values(), ids=TRAINING)
def test_training_is_refused_without_instructions(kind, call, bfloat16, without_bfloat16):
    new, fitted = made(kind), made(kind).fit(X, y)
    before = weights(fitted)
    without_bfloat16()
    for estimator in (new, fitted):
        with pytest.raises(UnsupportedCPUError, match=r"dtype='mixed_bfloat16': products .*; use dtype='float32'"):
            call(estimator)
    assert not hasattr(new, "coefs_")
    assert weights(fitted) == before
    fitted.set_params(dtype="float32").fit(X, y)


PREDICTING = {
    "predict": lambda estimator: estimator.predict(X),
    "a stream": lambda estimator: estimator.predict(rows.Array(X)),
    "score": lambda estimator: estimator.score(X, y),
    "score of a stream": lambda estimator: estimator.score(rows.Array(X, y)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", PREDICTING.values(), ids=PREDICTING)
def test_predictions_without_instructions_are_those_of_float32(kind, call, bfloat16, without_bfloat16):
    data = pickle.dumps(made(kind).fit(X, y))
    without_bfloat16()
    estimator, plain = pickle.loads(data), made(kind, dtype="float32").fit(X, y)
    for name in ("coefs_", "intercepts_"):
        setattr(plain, name, getattr(estimator, name))
    with pytest.warns(RuntimeWarning, match=FLOAT32) as warned:
        found = call(estimator)
    assert np.array_equal(found, call(plain))
    assert len(warned) == 1


def test_the_warning_names_the_user_s_line(bfloat16, without_bfloat16):
    estimator = made(MLPClassifier).fit(X, y)
    without_bfloat16()
    with pytest.warns(RuntimeWarning, match=FLOAT32) as warned:
        estimator.predict_proba(X)
    assert warned[0].filename == __file__
