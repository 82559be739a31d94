"""Ctrl-C at moments of our choice.

Python raises KeyboardInterrupt between any two steps of the main thread: then θ and what counts its steps part, a lock
stays closed, and an exception in a weak reference's callback is lost. Signals reach the main thread alone; in others
there is nothing to do.
"""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Handler = Callable[[int, Any], Any]


class Block(NamedTuple):
    """A block of code that Ctrl-C does not cut: the handler from before, the block's own, and signals that came."""

    handler: Handler
    own: Handler
    arrived: list[tuple[int, Any]]

    def pass_on(self) -> None:
        """Call the handler from before, if there was a signal."""
        if self.arrived:
            first, self.arrived[:] = self.arrived[0], []
            self.handler(*first)


_blocks: list[Block] = []  # of the main thread, from the outermost on


@contextlib.contextmanager
def postponed(react: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Let Ctrl-C in the block call react(), and reach its handler in `check`, or after the block."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return

    def own(number: int, frame: Any) -> None:
        block.arrived.append((number, frame))
        react()

    block = Block(handler, own, [])
    _blocks.append(block)
    signal.signal(signal.SIGINT, own)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        _blocks.remove(block)
        block.pass_on()


def check() -> None:
    """Call the handler of a Ctrl-C that was postponed: KeyboardInterrupt, as a rule."""
    if _blocks and threading.current_thread() is threading.main_thread():
        _blocks[-1].pass_on()


@contextlib.contextmanager
def allowed() -> Iterator[None]:
    """Let Ctrl-C reach its handler at once, as the block is the user's own code."""
    if not _blocks or threading.current_thread() is not threading.main_thread():
        yield
        return
    block = _blocks[-1]
    block.pass_on()
    signal.signal(signal.SIGINT, block.handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, block.own)
