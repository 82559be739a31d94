"""Set BLAS to one thread while any call needs that, and restore its numbers of threads after the last one."""

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any

from threadpoolctl import ThreadpoolController

# A signal handler may enter such a block between any two of the lines below: hence a lock that its own thread can take
# again, and an order of steps that restores the right numbers wherever the handler comes.
_lock = threading.RLock()
_holders: dict[object, int] = {}  # the thread of each block that is under way
_former: dict[str, tuple[Any, int]] = {}  # libraries by their path, with the number of threads that they had


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let BLAS compute with one thread in the block, so that its sums have the same parts on any machine.

    The setting is that of the whole process. Blocks may overlap: the last one to end restores the numbers from before
    the first.
    """
    holder = object()
    try:
        with _lock:
            _holders[holder] = threading.get_ident()
            libraries = ThreadpoolController().select(user_api="blas").lib_controllers
            # Read all numbers before changing one, and keep those that an earlier block has read.
            for library, number in [(library, library.get_num_threads()) for library in libraries]:
                _former.setdefault(library.filepath, (library, number))
            for library in libraries:
                library.set_num_threads(1)
        yield
    finally:
        with _lock:
            _holders.pop(holder, None)
            restore_if_free()


def restore_if_free() -> None:
    """Restore the former numbers of threads if no block is under way."""
    while _former and not _holders:
        library, number = _former.popitem()[1]
        library.set_num_threads(number)


def forget() -> None:
    """Drop the blocks of other threads in a forked process, where only the forking thread goes on."""
    global _lock
    _lock = threading.RLock()
    for holder, thread in list(_holders.items()):
        if thread != threading.get_ident():
            del _holders[holder]
    restore_if_free()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)
