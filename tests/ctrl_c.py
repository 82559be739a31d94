"""Ctrl-C at a given moment."""

import os
import signal
import time

LOSING = ("_remove", "__del__")  # callbacks of weak references, and finalizers: exceptions from there go nowhere


class CtrlC:
    """Send SIGINT to this process a while after the block begins, and tell how long the block ran on after it."""

    def __init__(self, delay):
        self.delay, self.sent = delay, None

    def __enter__(self):
        self.former = signal.signal(signal.SIGALRM, self.send)
        signal.setitimer(signal.ITIMER_REAL, self.delay)
        return self

    def send(self, number, frame):
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler and frame.f_code.co_name in LOSING:
            signal.setitimer(signal.ITIMER_REAL, 0.001)  # later: outside of a fit, Python itself loses it here
            return
        self.sent = time.perf_counter()
        os.kill(os.getpid(), signal.SIGINT)

    def __exit__(self, *error):
        self.seconds = 0.0 if self.sent is None else time.perf_counter() - self.sent
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self.former)
