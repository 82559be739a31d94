"""Ctrl-C at 200 random moments of a fit each, in the model, the estimator and the command line; 100 SIGKILLs."""

import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from ctrl_c import CtrlC

from fastmlp import MLPClassifier, Model, rows

TIMES = 200
random = np.random.default_rng(0)
X = random.standard_normal((20_000, 10)).astype("float32")
y = (X[:, 0] * X[:, 1] + 0.5 * random.standard_normal(20_000) > 0).astype(int)


def told(what, seconds):
    seconds = np.array(seconds) * 1e3
    print(
        f"{what}: {len(seconds)} times, back after {np.median(seconds):.1f} ms (median), "
        f"{np.percentile(seconds, 99):.1f} ms (99 %), {seconds.max():.1f} ms (most)"
    )
    assert np.percentile(seconds, 99) < 1000


CASES = {
    "batches of 32": {"batch_size": 32},
    "batches of 1024": {"batch_size": 1024, "validation_fraction": 0.2},
    "full batch": {"batch_size": None},
    "a stream": {"batch_size": 256, "stream": True},
}


def fitted(model, stream=False, **settings):
    given = (rows.Array(X, y, block_rows=500, window_rows=3000),) if stream else (X, y)
    return model.fit(*given, **{"epochs": 10**6} | settings)


@pytest.mark.parametrize("case", CASES)
def test_model(case, tmp_path):
    """The checkpoint that Ctrl-C leaves is of one completed step: the fit goes on from it to the bits of another."""
    seconds, checked = [], 0
    for _ in range(TIMES // len(CASES)):
        path, model = tmp_path / "run", Model([10, 32, 32, 1], seed=1)
        path.unlink(missing_ok=True)
        interrupt = CtrlC(random.uniform(0.0005, 0.4))
        with pytest.raises(KeyboardInterrupt), interrupt:
            fitted(model, **CASES[case], checkpoint=path, checkpoint_every=1000)
        seconds.append(interrupt.seconds)
        assert np.isfinite(model.predict_proba(X[:100])).all()
        end = len(model.history) + 2
        if end > 100:  # the undisturbed fit would take too long
            continue
        again, expected = (Model([10, 32, 32, 1], seed=1) for _ in range(2))
        fitted(again, **CASES[case], checkpoint=path, checkpoint_every=1000, resume=True,
               callbacks=lambda model, record, end=end: record["epoch"] == end)  # fmt: skip
        fitted(expected, **CASES[case], callbacks=lambda model, record, end=end: record["epoch"] == end)
        assert again.parameters.tobytes() == expected.parameters.tobytes()
        checked += 1
    told(f"Model, {case}", seconds)
    print(f"Model, {case}: gone on with, same bits {checked} times")
    assert checked > 4


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_estimator(solver):
    seconds, kept = [], 0
    for _ in range(TIMES // 3 + 1):
        classifier = MLPClassifier((32, 32), solver=solver, max_iter=10**6, max_fun=10**9, tol=0, random_state=0)
        classifier.set_params(n_iter_no_change=10**9)
        with CtrlC(random.uniform(0.005, 0.4)) as interrupt, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                classifier.fit(X, y)
                assert [str(w.message) for w in caught] == ["Training interrupted by user."]
                kept += 1
            except KeyboardInterrupt:
                pass  # while X was looked at
        seconds.append(interrupt.seconds)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            classifier.set_params(max_iter=1, max_fun=15).fit(X, y)
        assert np.isfinite(classifier.predict_proba(X[:100])).all()
    told(f"MLPClassifier, {solver} ({kept} times warned, weights kept)", seconds)


SCRIPT = "import sys; from fastmlp.cli import main; print('ready', flush=True); sys.exit(main(sys.argv[1:]))"


def started(*arguments):
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", SCRIPT, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "t.csv"
    np.savetxt(path, np.c_[X, y], delimiter=",", header=",".join("abcdefghij") + ",label", comments="", fmt="%.4g")
    return path


def test_command_line(table, tmp_path):
    seconds, saved = [], 0
    for number in range(TIMES):
        model = tmp_path / "m"
        model.unlink(missing_ok=True)
        process = started("train", table, "--target", "label", "--save", model, "--epochs", 10**6, "--quiet")
        if number % 4:  # else while the table is read, or before
            assert any("numbers a row" in line for line in process.stdout)
        time.sleep(random.uniform(0, 1))
        begin = time.perf_counter()
        process.send_signal(signal.SIGINT)
        _, message = process.communicate(timeout=60)
        seconds.append(time.perf_counter() - begin)
        assert process.returncode == 130, message
        assert "interrupted" in message
        assert "Traceback" not in message
        assert model.exists() == ("was saved to" in message)
        if model.exists():
            saved += 1
            Model.load(model)
    told(f"fastmlp train ({saved} models saved, {TIMES - saved} times before training), exit included", seconds)
    assert saved > TIMES // 4


def test_killed(table, tmp_path):
    """100 SIGKILLs, each going on from what the former left: always a checkpoint that loads, and the same end."""
    settings = ["--target", "label", "--epochs", 400, "--quiet", "--checkpoint-every", 0, "--hidden", "64,64"]
    whole = started("train", table, *settings, "--save", tmp_path / "whole", "--checkpoint", tmp_path / "other")
    _, message = whole.communicate(timeout=600)
    assert whole.returncode == 0, message
    steps, restarts = [], 0
    for _ in range(100):
        process = started(
            "train", table, *settings, "--save", tmp_path / "m", "--checkpoint", tmp_path / "run", "--resume"
        )
        time.sleep(random.uniform(0.2, 2.0))
        process.kill()
        process.communicate()
        if (tmp_path / "run").exists():
            steps.append(Model.load(tmp_path / "run").optimizer.t)
            assert steps == sorted(steps)
            if len(Model.load(tmp_path / "run").history) > 350:
                (tmp_path / "run").unlink()
                steps, restarts = [], restarts + 1
    process = started("train", table, *settings, "--save", tmp_path / "m", "--checkpoint", tmp_path / "run", "--resume")
    _, message = process.communicate(timeout=600)
    assert process.returncode == 0, message
    assert Model.load(tmp_path / "m").parameters.tobytes() == Model.load(tmp_path / "whole").parameters.tobytes()
    left = [path.name for path in tmp_path.iterdir() if path.name not in ("m", "whole", "run", "other")]
    print(f"100 SIGKILLs of training with a checkpoint after each call: all loaded, same bits at the end; left: {left}")
    assert not left
