"""Defer Ctrl-C (SIGINT) to safe points, and finish steps that no signal handler may leave half done.

Python raises KeyboardInterrupt between any two instructions of the main thread: θ and the optimizer's count of steps
may then disagree, a lock stay closed, and an exception in a weak reference's callback be lost. Only the main thread
runs signal handlers, so that there is nothing to do in others.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

Handler = Callable[[int, Any], Any]


class CodeBlock:
    """A block of code that Ctrl-C does not interrupt.

    Parameters
    ----------
    handler : the handler of Ctrl-C from before the block
    react : called at once when Ctrl-C comes
    """

    def __init__(self, handler: Handler, react: Callable[[], None]) -> None:
        self.handler, self.reactions = handler, [react]
        self.arrived: list[tuple[int, Any]] = []
        self.open = False  # whether the user's own code runs now, see `allowed`
        self.own: Handler = self.note  # kept, as each access to a method makes a new object

    def note(self, number: int, frame: Any) -> None:
        """Handle Ctrl-C within the block: note it for later, and react."""
        if self not in _blocks:  # the handler of another signal has raised, and cut the end of the block
            signal.signal(signal.SIGINT, self.handler)
            self.handler(number, frame)
            return
        self.arrived.append((number, frame))
        for reaction in list(self.reactions):
            reaction()

    def take_over(self) -> None:
        """Keep a handler that user code has installed meanwhile for the time after the block."""
        current = signal.getsignal(signal.SIGINT)
        if current is not self.own and callable(current):
            self.handler = current
            signal.signal(signal.SIGINT, self.own)

    def give_back(self) -> None:
        """Restore the handler from before, unless user code has replaced it."""
        if signal.getsignal(signal.SIGINT) is self.own:
            signal.signal(signal.SIGINT, self.handler)

    def pass_on(self) -> None:
        """Call the handler from before if there was a signal."""
        if self.arrived:
            first, self.arrived[:] = self.arrived[0], []
            self.handler(*first)


_blocks: list[CodeBlock] = []  # of the main thread, the outermost first
_main = threading.main_thread().ident


def forget() -> None:
    """Drop the main thread's blocks in a process that another thread forked, and restore the handler of Ctrl-C."""
    global _main
    if _blocks and threading.get_ident() != _main:
        for block in reversed(_blocks):
            block.give_back()
        _blocks.clear()
    _main = threading.get_ident()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)


def on_main_thread() -> bool:
    """Return whether this is the thread that runs signal handlers."""
    return threading.current_thread() is threading.main_thread()


def innermost() -> CodeBlock | None:
    """Return the block that is under way, or None, also while it runs the user's own code."""
    return _blocks[-1] if _blocks and not _blocks[-1].open and on_main_thread() else None


@contextlib.contextmanager
def postponed(react: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Let Ctrl-C call react() at once, and its handler only in `check` or after the outermost block.

    A handler that user code installs in the block stays after it.
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
    block = CodeBlock(handler, react)
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
    """Call the handler if Ctrl-C was postponed; as a rule it raises KeyboardInterrupt."""
    block = innermost()
    if block is not None:
        block.take_over()
        block.pass_on()


@contextlib.contextmanager
def allowed() -> Iterator[None]:
    """Let Ctrl-C call its handler at once in the block, which is the user's own code and may install a handler."""
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
    """Run begin(). If an exception cuts it, run end() (begin() if there is none) until that returns, then raise.

    A signal handler may raise at any moment, also while another exception is handled. What is run again must be safe to
    repeat wherever it was cut.

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
        except BaseException as failure:  # raised between the few instructions outside the inner block
            raised.append(failure)
    if raised:
        raise raised[0]
