"""Serialize fits of one object, and let other threads predict meanwhile with weights that no step changes."""

import contextlib
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class UnderWay:
    """A fit, the thread that runs it, and what other threads see meanwhile."""

    def __init__(self, seen: Any) -> None:
        self.thread, self.seen = threading.get_ident(), seen


class Guard:
    """The fit of an object that is under way, if any.

    Its own thread can take the lock again, as a signal handler may predict in the middle of a prediction.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.fit: UnderWay | None = None
        self.fits = 0  # number of fits that have begun


_guards: weakref.WeakKeyDictionary[Any, Guard] = weakref.WeakKeyDictionary()
_making = threading.RLock()


def guard_of(owner: Any) -> Guard:
    """Return the guard of an object, which lives as long as the object."""
    with _making:
        return _guards.setdefault(owner, Guard())


@contextlib.contextmanager
def fitting(owner: Any, seen: Callable[[], Any]) -> Iterator[UnderWay]:
    """Fit an object in the block; other threads see seen() until `UnderWay.seen` is set to something else.

    Raises
    ------
    RuntimeError : the object is being fitted already
    """
    guard, fit = guard_of(owner), None
    try:
        with guard.lock:
            if guard.fit is None:
                fit = UnderWay(seen())
            if fit is None or guard.fit is not None:  # a signal handler may begin a fit in the middle of seen()
                raise RuntimeError(f"this {type(owner).__name__} is being fitted already; make another one, or wait")
            guard.fit = fit
            guard.fits += 1
        yield fit
    finally:
        if guard.fit is fit:  # also if Ctrl-C came before the block
            guard.fit = None


def present(owner: Any, take: Callable[[], T]) -> T:
    """Return take(); while another thread fits the owner, return what that fit shows to others instead."""
    guard = guard_of(owner)
    with guard.lock:
        while True:
            fit, fits = guard.fit, guard.fits
            seen: T = fit.seen if fit is not None and fit.thread != threading.get_ident() else take()
            if guard.fits == fits:
                return seen
            # A signal handler has fitted the object in the middle of take(), whose result may mix both fits.


def check_at_rest(owner: Any) -> None:
    """Raise RuntimeError if another thread is fitting the object, so that its parts belong to different steps."""
    fit = guard_of(owner).fit
    if fit is not None and fit.thread != threading.get_ident():
        raise RuntimeError(f"this {type(owner).__name__} is being fitted in another thread; wait until that has ended")


def forget() -> None:
    """Drop all fits in a forked process, where the parent's threads do not run."""
    global _making
    _guards.clear()
    _making = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)
