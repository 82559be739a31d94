"""One thread for BLAS while anybody needs it; the numbers from before return when nobody does any more."""

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any

from threadpoolctl import ThreadpoolController

# A signal handler may run such a block in the middle of the lines below: hence a lock that its own thread does not
# wait for, and an order of steps that puts the right numbers back wherever the handler comes.
_lock = threading.RLock()
_holders: dict[object, int] = {}  # blocks under way, and the thread of each
_former: dict[str, tuple[Any, int]] = {}  # libraries by their path, and the threads that they had


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let BLAS compute with one thread in the block, so that its sums have the same parts on any machine.

    The setting is that of the whole process. Blocks may overlap: the last one to end restores the numbers that were
    there before the first.
    """
    holder = object()
    try:
        with _lock:
            _holders[holder] = threading.get_ident()
            libraries = ThreadpoolController().select(user_api="blas").lib_controllers
            # All numbers are known before one is changed, and the first to know them is right.
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
    """Put the former numbers back if no block is under way."""
    while _former and not _holders:
        library, number = _former.popitem()[1]
        library.set_num_threads(number)


def forget() -> None:
    """In a forked process, only the blocks of the thread that forked it go on."""
    global _lock
    _lock = threading.RLock()
    for holder, thread in list(_holders.items()):
        if thread != threading.get_ident():
            del _holders[holder]
    restore_if_free()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)
