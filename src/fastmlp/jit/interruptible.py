"""Compilations that Ctrl-C need not wait for, and that leave other threads and forked processes alone."""

import contextlib
import os
import queue
import threading
import warnings

from ..system.interrupts import check, on_main_thread
from .numba_private import KNOWN, errors, global_compiler_lock

WATCH_SECONDS = 0.05  # from one look for Ctrl-C to the next

# A process that is forked while a thread compiles would find the compiler's lock taken for ever.
if KNOWN and hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )


class SharedWarnings:
    """`warnings` for Numba's type inference: its own would catch those of all threads, and put filters back late."""

    def __getattr__(self, name):
        return getattr(warnings, name)

    @contextlib.contextmanager
    def catch_warnings(self, record=False):
        yield []

    def simplefilter(self, *rule):
        pass


@contextlib.contextmanager
def sharing_warnings():
    """In the block, compilation leaves the process's warnings alone; no other thread compiles meanwhile."""
    with global_compiler_lock:
        errors.warnings = SharedWarnings()
        try:
            yield
        finally:
            errors.warnings = warnings


def interruptible(compile_signature):
    """A dispatcher's `compile` that Ctrl-C need not wait for.

    A KeyboardInterrupt in the middle of it would leave Numba's lock closed, or be lost where LLVM calls Python. So a
    thread compiles to the end, which may be after the call; not a daemon: the process ends after it.
    """

    def compile(signature):
        if not on_main_thread() or global_compiler_lock.is_locked():
            return compile_signature(signature)
        # C code: what a signal handler raises cannot leave a lock closed that the thread needs to end.
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
