"""Compile so that Ctrl-C need not wait, and without effects on other threads and forked processes."""

import contextlib
import os
import queue
import threading
import warnings

from ..system.interrupts import check, on_main_thread
from .numba_private import KNOWN, errors, global_compiler_lock

WATCH_SECONDS = 0.05  # between two checks for Ctrl-C

# In a process that is forked while a thread compiles, nobody would ever release the compiler's lock.
if KNOWN and hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )


class SharedWarnings:
    """Stand for `warnings` in Numba's type inference, which would catch the warnings of all threads."""

    def __getattr__(self, name):
        return getattr(warnings, name)

    @contextlib.contextmanager
    def catch_warnings(self, record=False):
        yield []

    def simplefilter(self, *rule):
        pass


@contextlib.contextmanager
def sharing_warnings():
    """Leave the process's warnings alone in the block; no other thread compiles meanwhile."""
    with global_compiler_lock:
        errors.warnings = SharedWarnings()
        try:
            yield
        finally:
            errors.warnings = warnings


def interruptible(compile_signature):
    """Wrap a dispatcher's `compile` so that Ctrl-C need not wait for it.

    A KeyboardInterrupt in the middle of a compilation would leave Numba's lock closed, or be lost where LLVM calls
    Python. So a thread compiles to the end, even if the call ends before. It is no daemon: the process waits for it.
    """

    def compile(signature):
        if not on_main_thread() or global_compiler_lock.is_locked():
            return compile_signature(signature)
        # SimpleQueue is C code, whose locks no exception of a signal handler can leave closed.
        outcome = queue.SimpleQueue()

        def work():
            try:
                with sharing_warnings():
                    outcome.put((compile_signature(signature), None))
            except BaseException as failure:
                outcome.put((None, failure))

        threading.Thread(target=work, name="fastmlp-compile").start()
        while True:
            try:
                compiled, failure = outcome.get(timeout=WATCH_SECONDS)
            except queue.Empty:
                check()
                continue
            if failure is not None:
                raise failure
            return compiled

    return compile
