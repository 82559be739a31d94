"""Ctrl-C at moments of our choice.

Python raises KeyboardInterrupt between any two steps of the main thread: then θ and what counts its steps part, a lock
stays closed, and an exception in a weak reference's callback is lost. Signals reach the main thread alone; in others
there is nothing to do.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Handler = Callable[[int, Any], Any]


class Block(NamedTuple):
    """A block of code that Ctrl-C does not cut.

    handler : the one from before; own: the block's
    arrived : signals that came
    reactions : what to call at once when one comes
    """

    handler: Handler
    own: Handler
    arrived: list[tuple[int, Any]]
    reactions: list[Callable[[], None]]

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
        signal.signal(signal.SIGINT, _blocks[0].handler)
        _blocks.clear()
    _main = threading.get_ident()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)


def on_main_thread() -> bool:
    """Is this the thread that signals reach?"""
    return threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def postponed(react: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Let Ctrl-C in the block call react(), and reach its handler in `check`, or after the (outermost) block."""
    handler = signal.getsignal(signal.SIGINT)
    if not on_main_thread() or not callable(handler):
        yield
        return
    if _blocks and handler is _blocks[-1].own:
        reactions = _blocks[-1].reactions
        reactions.append(react)
        try:
            yield
        finally:
            reactions.remove(react)
        return

    def own(number: int, frame: Any) -> None:
        block.arrived.append((number, frame))
        for reaction in list(block.reactions):
            reaction()

    block = Block(handler, own, [], [react])
    signal.signal(signal.SIGINT, own)  # first and, below, last: no Ctrl-C parts the block from its handler
    _blocks.append(block)
    try:
        yield
    finally:
        _blocks.remove(block)
        signal.signal(signal.SIGINT, handler)
        block.pass_on()


def check() -> None:
    """Call the handler of a Ctrl-C that was postponed: KeyboardInterrupt, as a rule."""
    if _blocks and on_main_thread():
        _blocks[-1].pass_on()


@contextlib.contextmanager
def allowed() -> Iterator[None]:
    """Let Ctrl-C reach its handler at once, as the block is the user's own code."""
    if not _blocks or not on_main_thread():
        yield
        return
    block = _blocks[-1]
    block.pass_on()
    signal.signal(signal.SIGINT, block.handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, block.own)
