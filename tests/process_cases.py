"""What test_processes.py runs: ``python process_cases.py CASE`` prints the digests of all results of the case.

In a file, as processes that are spawned import it again.
"""

import hashlib
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
import warnings

import numpy as np

LIMIT = 60  # seconds, after which a process that hangs is killed


def rows():
    """Enough rows for several threads."""
    random = np.random.default_rng(0)
    X = random.standard_normal((20_000, 20)).astype("float32")
    return X, X[:, 0] * X[:, 1] > 0


def digest(*arrays):
    """Of all bits."""
    text = hashlib.sha256()
    for array in arrays:
        text.update(np.ascontiguousarray(array).tobytes())
    return text.hexdigest()[:16]


def fitted():
    """Return a model of two threads."""
    from fastmlp import Model

    return Model([20, 64, 1], "relu", n_threads=2).fit(*rows(), epochs=2, batch_size=500)


def fit_and_predict(_=None):
    """Return the digest that every process and every thread should find."""
    model = fitted()
    return digest(model.parameters, model.predict_proba(rows()[0]))


def fit_with_own_activation(_=None):
    """As `fit_and_predict`, with something to compile that no cache holds."""
    from fastmlp import Model

    model = Model([20, 8, 1], (lambda z: z if z > 0 else 0.5 * z, lambda z: 1.0 if z > 0 else 0.5))
    return digest(model.fit(*rows(), epochs=1).parameters)


def forked(call):
    """Return what call() returns in a forked process."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        signal.alarm(LIMIT)
        code = 1
        try:
            os.write(writer, call().encode())
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writer)
    with open(reader, "rb") as pipe:
        result = pipe.read().decode()
    _, status = os.waitpid(process, 0)
    assert status == 0, f"the forked process ended with status {status}"
    return result


def first_fits_in_threads():
    """Eight threads need kernels that nobody has loaded yet."""
    return several(fit_and_predict, 8)


def fit_after_fork():
    import fastmlp  # noqa: F401

    return [forked(fit_and_predict), forked(fit_and_predict), fit_and_predict()]


def fork_after_fit():
    return [fit_and_predict(), forked(fit_and_predict), forked(fit_and_predict), fit_and_predict()]


def several(call, n=2):
    """Make the same call from n threads at once."""
    results = []
    threads = [threading.Thread(target=lambda: results.append(call())) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == n
    return results


def preloading_server():
    """Fit a model in the parent; workers predict with it from threads, fit, and fork once more."""
    model, X = fitted(), rows()[0]

    def request():
        return digest(model.parameters, model.predict_proba(X))

    def worker():
        answers = {*several(request), fit_and_predict(), *several(fit_and_predict), forked(request)}
        assert len(answers) == 1
        return answers.pop()

    return [request(), forked(worker), forked(worker), request()]


def fork_during_a_fit():
    """Fork: the child has none of its parent's threads, and must neither wait for them nor count them."""
    from fastmlp import Model
    from fastmlp.network import threads
    from fastmlp.system import machine

    X, y = rows()
    expected, going, stop = fit_and_predict(), threading.Event(), threading.Event()

    def callback(model, record):
        going.set()
        return stop.is_set()

    long = Model([20, 64, 1], "relu", n_threads=2)
    thread = threading.Thread(
        target=lambda: long.fit(X, y, epochs=10**6, batch_size=8000, callbacks=callback), daemon=True
    )
    thread.start()
    going.wait()
    found = []

    def child():
        assert threads.free_cores() == machine.available_cores()
        return fit_and_predict()

    while len(found) < 4:
        if threads._running:  # in the middle of a call
            found.append(forked(child))
    stop.set()
    thread.join()
    assert not threads._running
    return [expected, *found, fit_and_predict()]


def fork_within_a_call():
    """As a signal's handler may: a child that goes on with the call has none of its threads. An error, not a hang."""
    from fastmlp.kernels.barrier import new_team
    from fastmlp.network import threads

    expected, children, over = fit_and_predict(), [], threading.Event()

    def watch(progress):
        if not children:
            children.append(os.fork())
            if children[0] == 0:
                signal.alarm(LIMIT)
        over.set()

    try:
        threads.run(lambda thread: over.wait(LIMIT), new_team(), 2, False, watch)
    except RuntimeError as error:
        if children != [0]:
            raise
        os._exit("ended before its work was done" not in str(error) or bool(threads._running))
    if children == [0]:
        os._exit(1)
    assert os.waitpid(children[0], 0)[1] == 0
    return [expected, fit_and_predict(), fit_and_predict()]


def fork_during_a_compilation():
    """Numba's lock is taken then; a child must not find it taken for ever."""
    expected, stop, compiled = fit_with_own_activation(), threading.Event(), []

    def compile_on_and_on():
        while not stop.is_set():
            compiled.append(fit_with_own_activation())

    thread = threading.Thread(target=compile_on_and_on, daemon=True)
    thread.start()
    found = []
    for _ in range(4):
        time.sleep(0.05)
        found.append(forked(fit_with_own_activation))
    stop.set()
    thread.join()
    return [expected, *found, *compiled]


def ctrl_c_after_a_fork_beside_a_fit():
    """While the main thread's fit postpones Ctrl-C, another thread forks: the child's Ctrl-C must come through."""
    from fastmlp import Model

    signal.signal(signal.SIGINT, signal.default_int_handler)
    expected, found, going, over = fit_and_predict(), [], threading.Event(), threading.Event()

    def child():
        before = fit_and_predict()
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        except KeyboardInterrupt:
            return before
        raise AssertionError("Ctrl-C was lost")

    def fork():
        going.wait()
        try:
            while signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                time.sleep(0.001)
            found.extend([forked(child), forked(child)])
        finally:
            over.set()

    thread = threading.Thread(target=fork, daemon=True)
    thread.start()

    def callback(model, record):
        going.set()
        return over.is_set()

    Model([20, 64, 1], "relu", n_threads=2).fit(*rows(), epochs=10**6, batch_size=8000, callbacks=callback)
    thread.join()
    assert len(found) == 2
    return [expected, *found]


def fork_during_a_redraw():
    """Of the progress bar, ours or another one of tqdm's: a child must not find its lock taken for ever."""
    from tqdm import tqdm

    from fastmlp.system.progress_bar import Bar

    before, taken, over = fit_and_predict(), threading.Event(), threading.Event()

    def redraw():
        with Bar.get_lock(), tqdm.get_lock():
            taken.set()
            over.wait(LIMIT)

    thread = threading.Thread(target=redraw, daemon=True)
    thread.start()
    taken.wait()
    found = [forked(fit_and_predict), forked(fit_and_predict)]
    over.set()
    thread.join()
    return [before, *found]


def pool(method):
    """Two processes of the standard library's; a fit leaves the choice of the method open."""
    before = [fit_and_predict()]
    multiprocessing.set_start_method(method)
    if method == "forkserver":
        multiprocessing.set_forkserver_preload(["fastmlp"])
    workers = multiprocessing.Pool(2)
    found = workers.map(fit_and_predict, range(3), chunksize=1)
    workers.close()
    workers.join()
    return before + found


def loky():
    """Two processes of joblib's, by themselves and below scikit-learn."""
    from joblib import Parallel, delayed
    from sklearn.model_selection import GridSearchCV

    from fastmlp import MLPClassifier

    found = [fit_and_predict(), *Parallel(n_jobs=2)(delayed(fit_and_predict)() for _ in range(3))]
    X, y = rows()
    scores = []
    for n_jobs in (1, 2):
        search = GridSearchCV(
            MLPClassifier((8,), max_iter=3, random_state=0, early_stopping=True, verbose=False),
            {"alpha": [0.0, 0.1]}, n_jobs=n_jobs, cv=2,
        )  # fmt: skip
        os.environ["PYTHONWARNINGS"] = "ignore"  # of workers to come: three epochs are few
        with warnings.catch_warnings(action="ignore"):
            search.fit(X[:2000], y[:2000])
        scores.append(digest(search.cv_results_["mean_test_score"], *search.best_estimator_.coefs_))
    assert scores[0] == scores[1]
    return found


CASES = {
    "first_fits_in_threads": first_fits_in_threads,
    "fit_after_fork": fit_after_fork,
    "fork_after_fit": fork_after_fit,
    "fork_during_a_fit": fork_during_a_fit,
    "fork_within_a_call": fork_within_a_call,
    "fork_during_a_compilation": fork_during_a_compilation,
    "ctrl_c_after_a_fork_beside_a_fit": ctrl_c_after_a_fork_beside_a_fit,
    "fork_during_a_redraw": fork_during_a_redraw,
    "preloading_server": preloading_server,
    "spawn": lambda: pool("spawn"),
    "fork": lambda: pool("fork"),
    "forkserver": lambda: pool("forkserver"),
    "loky": loky,
}

if __name__ == "__main__":
    print(*CASES[sys.argv[1]]())
