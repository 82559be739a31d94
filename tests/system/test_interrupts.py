"""Ctrl-C at any moment of a fit, and what other threads see of one: whole weights, always."""

import copy
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from ctrl_c import CtrlC
from sklearn.exceptions import NotFittedError

from fastmlp import MLPClassifier, Model, rows

random = np.random.default_rng(0)
X = random.standard_normal((4000, 6)).astype("float32")
y = (X[:, 0] * X[:, 1] > 0).astype(int)
NOISE = random.integers(0, 2, 4000)  # there is no end to learning it
MOMENTS = [0.001, 0.004, 0.013, 0.03, 0.06, 0.1]  # seconds after a fit begins


def fit(model, **options):
    given = options.pop("X", X)
    labels = () if isinstance(given, rows.Stream) else (y,)
    return model.fit(given, *labels, **{"epochs": 1000, "batch_size": 50} | options)


@pytest.mark.parametrize("delay", MOMENTS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": None},
        {"validation_fraction": 0.3},
        {"X": rows.Array(X, y, block_rows=300, window_rows=900)},
        {"X": rows.Array(X, y, block_rows=100, window_rows=500), "batch_size": 1200},
    ],
    ids=["batches", "full batch", "validation", "stream", "batches larger than windows"],
)
def test_a_fit_goes_on_from_any_moment_with_the_same_bits(options, delay, tmp_path):
    """θ, moments, tally and history of the checkpoint that Ctrl-C leaves are those of one completed step."""
    model = Model([6, 32, 1], seed=2)
    settings = options | {"checkpoint": tmp_path / "run", "checkpoint_every": 1000, "epochs": 4000}
    interrupt = CtrlC(delay)
    with pytest.raises(KeyboardInterrupt), interrupt:
        fit(model, **settings)
    assert interrupt.seconds < 5
    t, done = 0 if model.optimizer is None else model.optimizer.t, len(model.history)
    assert np.isfinite(model.predict_proba(X)).all()
    ended = [done + 3]
    expected = Model([6, 32, 1], seed=2)
    fit(expected, **options, epochs=4000, callbacks=lambda model, record: record["epoch"] == ended[0])
    fit(model, **settings, resume=True, callbacks=lambda model, record: record["epoch"] == ended[0])
    assert model.optimizer.t == expected.optimizer.t > t
    assert model.parameters.tobytes() == expected.parameters.tobytes()
    assert [r["loss"] for r in model.history] == [r["loss"] for r in expected.history]


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("delay", MOMENTS[2:])
def test_the_estimator_warns_and_keeps_its_weights(solver, delay):
    classifier = MLPClassifier((32, 32), solver=solver, max_iter=10**6, max_fun=10**9, tol=0, n_iter_no_change=10**9)
    classifier.set_params(random_state=1, batch_size="auto")
    with CtrlC(delay) as interrupt, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            classifier.fit(X, NOISE)
        except KeyboardInterrupt:  # while X was looked at: there is nothing to keep
            assert not hasattr(classifier, "loss_curve_") or not classifier.loss_curve_
            return
    assert interrupt.seconds < 5
    assert [str(w.message) for w in caught] == ["Training interrupted by user."]
    P = classifier.predict_proba(X)
    assert np.isfinite(P).all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert classifier.set_params(max_iter=3, max_fun=15).fit(X, y).n_iter_ <= 3


def test_lbfgs_keeps_its_last_iteration():
    classifier = MLPClassifier((8,), solver="lbfgs", random_state=1, max_iter=1000, tol=0, verbose=False)
    with CtrlC(0.2), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classifier.fit(X, NOISE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = MLPClassifier((8,), solver="lbfgs", random_state=1, max_iter=classifier.n_iter_, tol=0)
        expected.fit(X, NOISE)
    assert 0 < classifier.n_iter_ < 1000
    np.testing.assert_array_equal(classifier.coefs_[0], expected.coefs_[0])
    assert classifier.loss_ == expected.loss_


SCRIPT = "import sys; from fastmlp.cli import main; print('ready', flush=True); sys.exit(main(sys.argv[1:]))"


def test_the_command_line_saves_what_it_has(tmp_path):
    table = tmp_path / "t.csv"
    np.savetxt(table, np.c_[X, y], delimiter=",", header="a,b,c,d,e,f,label", comments="", fmt="%.4g")
    command = ["train", str(table), "--target", "label", "--save", str(tmp_path / "m"), "--epochs", "100000"]
    command += ["--checkpoint", str(tmp_path / "run"), "--checkpoint-every", "0", "--quiet"]
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not ((tmp_path / "run").exists() and Model.load(tmp_path / "run").history):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"interrupted; the model as it is was saved to {tmp_path / 'm'}; go on with --resume" in message
    assert len(Model.load(tmp_path / "m").history) > 0
    assert Model.load(tmp_path / "run").parameters.tobytes() == Model.load(tmp_path / "m").parameters.tobytes()


# --- what other threads see ---------------------------------------------------------------------------------


class Elsewhere:
    """A fit in another thread, which waits in a callback until it may go on."""

    def __init__(self, work):
        self.reached, self.go = threading.Event(), threading.Event()
        self.errors = []

        def body():
            try:
                work(self.stop)
            except BaseException as error:
                self.errors.append(error)

        self.thread = threading.Thread(target=body)

    def stop(self, *arguments):
        self.reached.set()
        assert self.go.wait(30)

    def __enter__(self):
        self.thread.start()
        assert self.reached.wait(30)
        return self

    def __exit__(self, *error):
        self.go.set()
        self.thread.join(30)
        assert not self.errors


def test_a_model_is_whole_while_another_thread_fits_it():
    model, seen, allowed = Model([6, 64, 64, 1], seed=1), [], []
    allowed.append(model.predict_proba(X[:50]).tobytes())

    def predict():
        while not done.is_set():
            seen.append((model.predict_proba(X[:50]).tobytes(), model.loss(X[:50], y[:50])))

    done = threading.Event()
    threads = [threading.Thread(target=predict) for _ in range(3)]
    for thread in threads:
        thread.start()
    fit(model, epochs=30, callbacks=lambda model, record: allowed.append(model.predict_proba(X[:50]).tobytes()))
    done.set()
    for thread in threads:
        thread.join()
    found = {P for P, _ in seen}
    assert found <= set(allowed)
    assert len(found) > 2


def test_an_estimator_is_whole_while_another_thread_fits_it():
    """Even where the classes become others: predictions are those of the fit before."""
    names = np.where(y, "yes", "no")
    classifier = MLPClassifier((16,), max_iter=2, random_state=0, callbacks=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classifier.fit(X, names)
    before = classifier.predict_proba(X), classifier.predict(X)

    def refit(stop):
        classifier.set_params(callbacks=lambda *arguments: stop())
        classifier.fit(X[:, :4], 2 * y + (X[:, 0] > 1))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Elsewhere(refit):
            np.testing.assert_array_equal(classifier.predict_proba(X), before[0])
            np.testing.assert_array_equal(classifier.predict(X), before[1])
            with pytest.raises(RuntimeError, match="is being fitted in another thread"):
                pickle.dumps(classifier)
            with pytest.raises(RuntimeError, match="is being fitted already"):
                classifier.fit(X, y)
        assert classifier.predict_proba(X[:, :4]).shape == (len(X), len(classifier.classes_))


def test_partial_fit_leaves_predictions_under_way_as_they_are():
    classifier = MLPClassifier((64, 64), random_state=0).partial_fit(X, y, classes=[0, 1])
    allowed, seen, done = [classifier.predict_proba(X[:300]).tobytes()], set(), threading.Event()

    def predict():
        while not done.is_set():
            seen.add(classifier.predict_proba(X[:300]).tobytes())

    thread = threading.Thread(target=predict)
    thread.start()
    for _ in range(100):
        classifier.partial_fit(X[:500], y[:500])
        allowed.append(classifier.predict_proba(X[:300]).tobytes())
    done.set()
    thread.join()
    assert seen <= set(allowed)


def test_the_first_fit_elsewhere_is_not_fitted_yet():
    classifier = MLPClassifier((4,), max_iter=1)

    def first(stop):
        classifier.set_params(callbacks=lambda *arguments: stop())
        classifier.fit(X, y)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Elsewhere(first), pytest.raises(NotFittedError):
            classifier.predict(X)
        classifier.predict(X)


def test_one_fit_at_a_time(tmp_path):
    model = Model([6, 8, 1])
    with Elsewhere(lambda stop: fit(model, epochs=1, callbacks=lambda *arguments: stop() and None)):
        for forbidden in (
            lambda: fit(model, epochs=1), lambda: model.save(tmp_path / "m"), lambda: pickle.dumps(model),
            lambda: copy.deepcopy(model),
        ):  # fmt: skip
            with pytest.raises(RuntimeError, match="is being fitted"):
                forbidden()
    fit(model, epochs=1, callbacks=lambda model, record: model.save(tmp_path / "m"))  # the own thread may
    with pytest.raises(RuntimeError, match="is being fitted already"):
        fit(model, epochs=1, callbacks=lambda model, record: fit(model))
    assert fit(pickle.loads(pickle.dumps(model)), epochs=1).history[-1]["epoch"] == len(model.history) + 1


def test_a_callback_may_change_the_weights():
    model = Model([6, 8, 1])

    def halve(model, record):
        model.parameters[:] = 0

    fit(model, epochs=2, callbacks=halve)
    assert not model.parameters.any()
