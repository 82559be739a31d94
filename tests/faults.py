"""System calls that fail: a stand-in for the module `os` (and fcntl) of the code under test."""

import fcntl
import os
import signal

CALLS = {
    "stat", "access", "listdir", "open", "flock", "fstat", "write", "lseek", "fchmod", "fsync", "replace", "close",
}  # fmt: skip


def killed():
    """In place of an exception: the process ends as by kill -9."""
    os.kill(os.getpid(), signal.SIGKILL)


class FaultyOs:
    """`os` with one fault.

    Parameters
    ----------
    k : the number of the system call that fails, from 0
    fault : makes the exception
    kind : "before" the call has done anything, or "after" it was done
    """

    def __init__(self, k, fault, kind):
        self.k, self.fault, self.kind = k, fault, kind
        self.calls, self.failed = [], None

    def __getattr__(self, name):
        real = getattr(os if hasattr(os, name) else fcntl, name)
        if name not in CALLS:
            return real

        def call(*arguments, **named):
            self.calls.append(name)
            fails = len(self.calls) - 1 == self.k
            if fails:
                self.failed = name
            if fails and self.kind == "before" and name != "close":
                raise self.fault()
            result = real(*arguments, **named)
            if fails:
                raise self.fault()
            return result

        return call
