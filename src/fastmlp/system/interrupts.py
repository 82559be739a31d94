"""Ctrl-C at moments of our choice, and waits that signal handlers cannot cut.

Python raises KeyboardInterrupt between any two steps of the main thread: then θ and what counts its steps part, a lock
stays closed, and an exception in a weak reference's callback is lost. Signals reach the main thread alone; in others
there is nothing to do.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

Handler = Callable[[int, Any], Any]


class Block:
    """A block of code that Ctrl-C does not cut.

    Parameters
    ----------
    handler : the one from before
    react : what to call at once when a signal comes
    """

    def __init__(self, handler: Handler, react: Callable[[], None]) -> None:
        self.handler, self.reactions = handler, [react]
        self.arrived: list[tuple[int, Any]] = []
        self.open = False  # runs the user's own code now, see `allowed`
        self.own: Handler = self.note  # one object: a method is a new one each time

    def note(self, number: int, frame: Any) -> None:
        """The block's handler of Ctrl-C."""
        if self not in _blocks:  # its end was cut by what the handler of another signal raised
            signal.signal(signal.SIGINT, self.handler)
            self.handler(number, frame)
            return
        self.arrived.append((number, frame))
        for reaction in list(self.reactions):
            reaction()

    def take_over(self) -> None:
        """Make what user code has installed meanwhile the handler to come after this block's."""
        current = signal.getsignal(signal.SIGINT)
        if current is not self.own and callable(current):
            self.handler = current
            signal.signal(signal.SIGINT, self.own)

    def give_back(self) -> None:
        """Put the handler from before in place, unless user code has replaced it."""
        if signal.getsignal(signal.SIGINT) is self.own:
            signal.signal(signal.SIGINT, self.handler)

    def pass_on(self) -> None:
        """Call the handler from before, if there was a signal."""
        if self.arrived:
            first, self.arrived[:] = self.arrived[0], []
            self.handler(*first)


_blocks: list[Block] = []  # of the main thread, from the outermost on
_main = threading.main_thread().ident


def forget() -> None:
    """In a process that another thread than the main one forked, none of its blocks goes on, and Ctrl-C is free."""
    global _main
    if _blocks and threading.get_ident() != _main:
        for block in reversed(_blocks):
            block.give_back()
        _blocks.clear()
    _main = threading.get_ident()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)


def on_main_thread() -> bool:
    """Is this the thread that signals reach?"""
    return threading.current_thread() is threading.main_thread()


def innermost() -> Block | None:
    """The block that is under way and does not run the user's own code."""
    return _blocks[-1] if _blocks and not _blocks[-1].open and on_main_thread() else None


@contextlib.contextmanager
def postponed(react: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Let Ctrl-C in the block call react(), and reach its handler in `check`, or after the (outermost) block.

    A handler that user code installs in the block takes the place of the one from before, and stays after it.
    """
    around = innermost()
    if around is not None:
        around.take_over()
        around.reactions.append(react)
        try:
            yield
        finally:
            around.reactions.remove(react)
        return
    handler = signal.getsignal(signal.SIGINT)
    if not on_main_thread() or not callable(handler):
        yield
        return
    block = Block(handler, react)
    try:
        signal.signal(signal.SIGINT, block.own)
        _blocks.append(block)
        yield
    finally:
        if block in _blocks:
            _blocks.remove(block)
        block.give_back()
        block.pass_on()


def check() -> None:
    """Call the handler of a Ctrl-C that was postponed: KeyboardInterrupt, as a rule."""
    block = innermost()
    if block is not None:
        block.take_over()
        block.pass_on()


@contextlib.contextmanager
def allowed() -> Iterator[None]:
    """Let Ctrl-C reach its handler at once, as the block is the user's own code, which may install another one."""
    block = innermost()
    if block is None:
        yield
        return
    block.take_over()
    block.pass_on()
    block.open = True
    try:
        block.give_back()
        yield
    finally:
        block.open = False
        block.take_over()


def outlast(begin: Callable[[], Any], end: Callable[[], Any] | None = None) -> None:
    """Run begin(); once anything is raised, run end(), or begin(), again and again until it has returned.

    A handler may raise at any moment, also where an exception of another is being dealt with. What is run again must be
    such that it can be cut at any place.

    Raises
    ------
    BaseException : the first that was raised
    """
    raised: list[BaseException] = []
    done = False
    while not done:
        try:
            while not done:
                try:
                    if raised and end is not None:
                        end()
                    else:
                        begin()
                    done = True
                except BaseException as failure:
                    raised.append(failure)
        except BaseException as failure:  # it came within the few instructions outside of the inner block
            raised.append(failure)
    if raised:
        raise raised[0]
