"""Permission to use the tiles of AMX, which Linux gives to a process that asks for it."""

import ctypes
import functools
import os
import platform
import sys

ARCH_PRCTL, ASK_FOR_STATE, TILE_DATA = 158, 0x1023, 18  # of x86-64 Linux: a system call, its request, its argument


@functools.cache
def _refusal(process: int) -> str | None:
    """Ask once for each process: a forked one has its parent's permission, but asking again costs little."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "only Linux on x86-64 grants them"
    kernel = ctypes.CDLL(None, use_errno=True)
    if kernel.syscall(ARCH_PRCTL, ASK_FOR_STATE, TILE_DATA) == 0:
        return None
    return f"Linux does not grant them ({os.strerror(ctypes.get_errno())})"


def tiles_refused() -> str | None:
    """Ask Linux for tiles. Return None if this process may use them, else why not.

    Without the permission, the first instruction on tiles ends the process by SIGILL. With it, frames of signal
    handlers are larger by 8 KiB: Linux refuses it while a thread has an alternative stack that is too small for them.

    Source: Linux, Documentation/arch/x86/xstate.rst.
    """
    return _refusal(os.getpid())
