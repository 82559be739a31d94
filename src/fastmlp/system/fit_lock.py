"""One fit of an object at a time; predictions of other threads meanwhile compute with weights that stay as they are."""

import contextlib
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class UnderWay:
    """A fit, the thread that runs it, and what the others see meanwhile."""

    def __init__(self, seen: Any) -> None:
        self.thread, self.seen = threading.get_ident(), seen


class Guard:
    """Which fit of an object is under way.

    The lock is one that its own thread does not wait for: a signal handler may predict in the middle of a prediction.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.fit: UnderWay | None = None
        self.fits = 0  # that have begun


_guards: weakref.WeakKeyDictionary[Any, Guard] = weakref.WeakKeyDictionary()
_making = threading.RLock()


def guard_of(owner: Any) -> Guard:
    """The guard of an object, which lives as long as it."""
    with _making:
        return _guards.setdefault(owner, Guard())


@contextlib.contextmanager
def fitting(owner: Any, seen: Callable[[], Any]) -> Iterator[UnderWay]:
    """Fit an object; seen() is what other threads see until `UnderWay.seen` is set anew.

    Raises
    ------
    RuntimeError : it is being fitted already
    """
    guard, fit = guard_of(owner), None
    try:
        with guard.lock:
            if guard.fit is None:
                fit = UnderWay(seen())
            if fit is None or guard.fit is not None:  # the latter by a signal handler in the middle of seen()
                raise RuntimeError(f"this {type(owner).__name__} is being fitted already; make another one, or wait")
            guard.fit = fit
            guard.fits += 1
        yield fit
    finally:
        if guard.fit is fit:  # also where Ctrl-C came before the block
            guard.fit = None


def present(owner: Any, take: Callable[[], T]) -> T:
    """take(), while no other thread can begin to fit; or what a fit in another thread lets this one see."""
    guard = guard_of(owner)
    with guard.lock:
        while True:
            fit, fits = guard.fit, guard.fits
            seen: T = fit.seen if fit is not None and fit.thread != threading.get_ident() else take()
            if guard.fits == fits:
                return seen
            # A signal handler has fitted the object in the middle of take(), which may have parts of both fits.


def check_at_rest(owner: Any) -> None:
    """Raise where another thread is fitting the object, and parts of it belong to different steps."""
    fit = guard_of(owner).fit
    if fit is not None and fit.thread != threading.get_ident():
        raise RuntimeError(f"this {type(owner).__name__} is being fitted in another thread; wait until that has ended")


def forget() -> None:
    """No thread of the parent runs in a child process."""
    global _making
    _guards.clear()
    _making = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)
