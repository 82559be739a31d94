"""One fit of an object at a time; predictions of other threads meanwhile compute with weights that stay as they are."""

import contextlib
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class Guard:
    """Which thread fits an object, and what the others see meanwhile."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.thread: int | None = None
        self.fit: object = None  # the one under way
        self.seen: Any = None

    def elsewhere(self) -> bool:
        """Does another thread fit the object?"""
        return self.thread not in (None, threading.get_ident())


_guards: weakref.WeakKeyDictionary[Any, Guard] = weakref.WeakKeyDictionary()
_making = threading.Lock()


def guard_of(owner: Any) -> Guard:
    """The guard of an object, which lives as long as it."""
    with _making:
        return _guards.setdefault(owner, Guard())


@contextlib.contextmanager
def fitting(owner: Any, seen: Callable[[], Any]) -> Iterator[Guard]:
    """Fit an object; seen() is what other threads see until `Guard.seen` is set anew.

    Raises
    ------
    RuntimeError : it is being fitted already
    """
    guard, fit = guard_of(owner), object()
    try:
        with guard.lock:
            if guard.thread is not None:
                raise RuntimeError(f"this {type(owner).__name__} is being fitted already; make another one, or wait")
            guard.seen = seen()
            guard.fit, guard.thread = fit, threading.get_ident()
        yield guard
    finally:
        if guard.fit is fit:  # also where Ctrl-C came before the block
            with guard.lock:
                guard.thread = guard.fit = guard.seen = None


def present(owner: Any, take: Callable[[], T]) -> T:
    """take(), while no other thread can begin to fit; or what a fit in another thread lets this one see."""
    guard = guard_of(owner)
    with guard.lock:
        seen: T = guard.seen if guard.elsewhere() else take()
        return seen


def check_at_rest(owner: Any) -> None:
    """Raise where another thread is fitting the object, and parts of it belong to different steps."""
    if guard_of(owner).elsewhere():
        raise RuntimeError(f"this {type(owner).__name__} is being fitted in another thread; wait until that has ended")


def forget() -> None:
    """No thread of the parent runs in a child process."""
    global _making
    _guards.clear()
    _making = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)
