"""Signal handlers that predict, fit, raise again and again, or replace one another, at the worst moments."""

import itertools
import signal
import subprocess
import sys
import threading

import numba
import numpy as np
import pytest

from fastmlp import MLPClassifier, Model
from fastmlp.kernels.barrier import STOP, barrier, new_team
from fastmlp.network import threads
from fastmlp.rows.ahead import read_ahead
from fastmlp.system import blas, fit_lock, interrupts
from fastmlp.system.blas import one_blas_thread
from fastmlp.system.interrupts import allowed, check, outlast, postponed
from fastmlp.system.machine import Patience
from fastmlp.training import lbfgs

X = np.random.default_rng(0).standard_normal((400, 3)).astype("float32")
y = (X[:, 0] > 0).astype(int)


@numba.njit(nogil=True)
def meet(flags, n_threads):
    """Pass barriers until one does not let this thread on."""
    while barrier(flags, n_threads):
        pass


# --- predictions and fits by handlers -----------------------------------------------------------------------

PREDICTS = """
import signal
import numpy as np
from fastmlp import Model
from fastmlp.model import state as module
X, model, seen = np.ones((5, 3), "float32"), Model([3, 4, 1], seed=1), []
expected, copy = model.predict_proba(X).tobytes(), module.aligned_copy

def interrupted(theta):
    if not seen:
        signal.raise_signal(signal.SIGALRM)
    return copy(theta)

def handler(number, frame):
    seen.append(None)
    seen[0] = model.predict_proba(X).tobytes()

signal.signal(signal.SIGALRM, handler)
module.aligned_copy = interrupted
print(model.predict_proba(X).tobytes() == expected, seen[0] == expected)
"""


def test_a_handler_predicts_in_the_middle_of_a_prediction():
    done = subprocess.run([sys.executable, "-c", PREDICTS], capture_output=True, text=True, timeout=100)
    assert (done.stdout, done.stderr) == ("True True\n", "")


class Owner:
    """Something that can be fitted."""


def in_a_thread(call):
    """Return what call() returns, in a thread that may hang."""
    found = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    thread.join(30)
    assert found, "it hangs, or failed"
    return found[0]


def test_what_a_handler_fits_in_the_middle_of_a_look_is_looked_at_anew():
    owner, parts = Owner(), ["old", "old"]

    def take():
        first = parts[0]
        if first == "old":
            with fit_lock.fitting(owner, lambda: None):
                parts[:] = "new", "new"
        return first, parts[1]

    assert in_a_thread(lambda: fit_lock.present(owner, take)) == ("new", "new")


def test_what_a_handler_fits_as_another_fit_begins_leaves_that_as_it_is():
    owner = Owner()

    def seen():
        with fit_lock.fitting(owner, lambda: "inner"):
            pass
        return "outer"

    def fit():
        with fit_lock.fitting(owner, seen):
            return in_a_thread(lambda: fit_lock.present(owner, lambda: "torn"))

    assert in_a_thread(fit) == "outer"
    assert fit_lock.present(owner, lambda: "at rest") == "at rest"


# --- handlers that raise again and again --------------------------------------------------------------------


class AgainError(Exception):
    """What the handler raises."""


def storm(call, first=0.004, then=0.0004):
    """Run call() while a handler raises again and again, and return whether it was cut."""
    armed = [True]

    def handler(number, frame):
        if armed:
            raise AgainError

    former, hook = signal.signal(signal.SIGALRM, handler), sys.unraisablehook
    sys.unraisablehook = lambda what: None  # Python drops what is raised while it finalizes a generator
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, first, then)
            call()
        finally:
            armed.clear()  # C code, which is not cut
    except AgainError:
        return True
    except RuntimeError as error:
        # threading.Condition, cut while Thread.start waits by it, releases a lock that it does not hold.
        if str(error) != "release unlocked lock" or not isinstance(error.__context__, AgainError):
            raise
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
        sys.unraisablehook = hook
    return False


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_no_thread_outlives_a_call_that_is_cut_again_and_again(n_threads):
    meet(np.ones_like(new_team()), n_threads)  # compiles it
    running, cut = [], 0

    def work(flags, thread):
        running.append(thread)
        try:
            for _ in range(20):  # comes back late
                meet(flags, n_threads)
        finally:
            running.remove(thread)

    for _ in range(30):
        flags = new_team()
        cut += storm(lambda flags=flags: threads.run(lambda thread: work(flags, thread), flags, n_threads, False, None))
        assert running == []
        assert threads._running == {}
    assert cut == 30


def test_ctrl_c_works_after_a_fit_that_was_cut_again_and_again():
    model = Model([3, 8, 1]).fit(X, y, epochs=1)
    for _ in range(30):
        assert storm(lambda: model.fit(X, y, epochs=10**6, batch_size=10), 0.01, 0.0003)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert interrupts._blocks == []
    model.fit(X, y, epochs=1)
    assert np.isfinite(model.predict_proba(X)).all()


def test_the_thread_that_reads_ahead_ends_with_a_reader_that_is_cut_again_and_again():
    def read():
        for _ in read_ahead(lambda stopped: itertools.count(), 2):
            pass

    for _ in range(20):
        assert storm(read)
        for thread in threading.enumerate():
            # Told to end, though not waited for; one whose start was cut has no number.
            if "read-ahead" in thread.name and thread.ident is not None:
                thread.join(30)
                assert not thread.is_alive()


def test_outlast_raises_the_first_and_goes_on_to_the_end():
    calls = []

    def end():
        calls.append("end")
        if len(calls) < 5:
            raise ValueError(len(calls))

    def begin():
        calls.append("begin")
        raise KeyError("the first")

    with pytest.raises(KeyError, match="the first"):
        outlast(begin, end)
    assert calls == ["begin"] + ["end"] * 4


# --- handlers of Ctrl-C, and the flag that it sets ----------------------------------------------------------


@pytest.fixture
def restored():
    """Return the handler of Ctrl-C from before the test."""
    former = signal.getsignal(signal.SIGINT)
    yield former
    signal.signal(signal.SIGINT, former)


def test_a_handler_that_a_callback_installs_stays(restored):
    came = []

    def install(*arguments):
        signal.signal(signal.SIGINT, lambda number, frame: came.append(number))

    for fit in (
        lambda: Model([3, 4, 1]).fit(X, y, epochs=2, callbacks=install),
        lambda: MLPClassifier((4,), max_iter=50, n_iter_no_change=1, tol=1, callbacks=install).fit(X, y),
        lambda: MLPClassifier((4,), max_iter=50, tol=1, n_iter_no_change=1, early_stopping=True,
                              scoring=lambda *arguments: install() or 1.0).fit(X, y),
    ):  # fmt: skip
        signal.signal(signal.SIGINT, restored)
        fit()
        assert signal.getsignal(signal.SIGINT) not in (restored, signal.default_int_handler)
        signal.raise_signal(signal.SIGINT)
    assert came == [signal.SIGINT] * 3


@pytest.mark.parametrize("where", [allowed, interrupts.contextlib.nullcontext])
def test_a_new_handler_is_postponed_as_the_former_was(restored, where):
    came = []
    with postponed():
        with where():
            signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
        with postponed(lambda: came.append("stop")):
            signal.raise_signal(signal.SIGINT)
            assert came == ["stop"]
            check()
            assert came == ["stop", signal.SIGINT]
    signal.raise_signal(signal.SIGINT)
    assert came == ["stop"] + [signal.SIGINT] * 2


def test_ctrl_c_that_user_code_ignores_stays_ignored(restored):
    with postponed():
        with allowed():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        check()
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


class Recorded(np.ndarray):
    """Flags that know what was written to STOP."""

    def __setitem__(self, key, value):
        if isinstance(key, int) and key == STOP:
            self.written.append(int(value))
        super().__setitem__(key, value)


@pytest.mark.parametrize("share", [0.0, 2.0])
def test_the_stop_flag_is_only_ever_set(share):
    """It is never computed from what it was: a Ctrl-C could come between."""
    flags, looks, go = new_team().view(Recorded), [], threading.Event()
    flags.written = []

    def watch(progress):
        looks.append(progress)
        if len(looks) > 2:
            go.set()

    threads.run(lambda thread: go.wait(30), flags, 1, False, watch, Patience(0.0, share))
    assert len(looks) > 2
    assert set(flags.written) == ({1} if share else set())


# --- BLAS ---------------------------------------------------------------------------------------------------


class Library:
    """Of 8 threads; a signal handler comes with the k-th call, from 0."""

    filepath = "libblas.so"

    def __init__(self, k=-1):
        self.number, self.k = 8, k

    def come(self):
        self.k -= 1
        if self.k == -1:
            with one_blas_thread():
                assert self.number == 1

    def get_num_threads(self):
        self.come()
        number = self.number
        self.come()
        return number

    def set_num_threads(self, number):
        self.come()
        self.number = number
        self.come()


@pytest.fixture
def controlled(monkeypatch):
    """Let this library be the only BLAS."""

    def control(library):
        class Controller:
            lib_controllers = (library,)

            def select(self, **what):
                return self

        monkeypatch.setattr(blas, "ThreadpoolController", Controller)
        return library

    return control


def test_the_last_block_restores_the_threads_of_blas(controlled):
    library, blocks = controlled(Library()), [one_blas_thread() for _ in range(3)]
    numbers = []
    for step in (blocks[0].__enter__, blocks[1].__enter__, blocks[2].__enter__):
        step()
        numbers.append(library.number)
    for block in (blocks[0], blocks[2], blocks[1]):
        block.__exit__(None, None, None)
        numbers.append(library.number)
    assert numbers == [1, 1, 1, 1, 1, 8]


def test_a_handler_with_a_block_of_its_own_in_the_middle_of_another(controlled):
    for k in range(10):
        library = controlled(Library(k))
        with one_blas_thread():
            assert library.number == 1
        assert library.number == 8, k
    assert library.k >= 0, "all calls were tried"


def test_a_forked_process_has_no_blocks_of_other_threads(controlled):
    library, begun, go = controlled(Library()), threading.Event(), threading.Event()

    def hold():
        with one_blas_thread():
            begun.set()
            go.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait(30)
    with one_blas_thread():
        blas.forget()
        assert library.number == 1
    assert library.number == 8
    go.set()
    thread.join()


def test_overlapping_fits_leave_blas_as_it_was(controlled, monkeypatch):
    library, minimize, first, second = controlled(Library()), lbfgs.minimize, threading.Event(), threading.Event()
    numbers = []

    def overlapping(*arguments, **settings):
        if threading.current_thread() is threads[0]:
            first.set()
            second.wait(30)
        else:
            second.set()
            threads[0].join(30)
        numbers.append(library.number)
        return minimize(*arguments, **settings)

    def fit():
        if threading.current_thread() is not threads[0]:
            first.wait(30)
        MLPClassifier((4,), solver="lbfgs", max_iter=50, tol=1).fit(X, y)

    monkeypatch.setattr(lbfgs, "minimize", overlapping)
    threads = [threading.Thread(target=fit) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (numbers, library.number) == ([1, 1], 8)
