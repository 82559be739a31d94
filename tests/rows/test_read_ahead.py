"""The thread that reads ahead ends, whatever Ctrl-C interrupts."""

import threading
import time

import pytest

from fastmlp.rows import ahead


def items(stopped):
    for k in range(1000):
        if stopped():
            return
        yield k


def assert_no_thread_is_left():
    end = time.monotonic() + 10
    while any(thread.name == "fastmlp-read-ahead" for thread in threading.enumerate()):
        assert time.monotonic() < end, "the thread waits for ever"
        time.sleep(0.01)


@pytest.mark.parametrize("started", [True, False])
def test_interrupted_while_the_thread_starts(monkeypatch, started):
    class Interrupted(threading.Thread):
        def start(self):
            if started:
                super().start()
            raise KeyboardInterrupt

    monkeypatch.setattr(ahead.threading, "Thread", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(ahead.read_ahead(items, 2))
    assert_no_thread_is_left()


@pytest.mark.parametrize("read", [0, 1, 5])
def test_closed_in_the_middle(read):
    made = ahead.read_ahead(items, 2)
    for expected in range(read):
        assert next(made) == expected
    made.close()
    assert_no_thread_is_left()
