"""SOAK_MINUTES of fits and predictions of random shapes in one process: does anything stay behind?

The first fifth warms up: code is loaded, pools of threads start, the allocator's heap reaches the size that the
largest shapes need. The resident memory (RSS) is read after each action: its median over the last fifth of the time is
compared with that over the second fifth. Threads and file descriptors are counted after the warm-up and at the end.
In less than about five minutes the heap does not warm up, and what it still grows by looks like a drift.
"""

import gc
import hashlib
import os
import threading
import time

import numpy as np
from actions import Actions

from fastmlp import Model

MOST_DRIFT = 0.01
SETTLE_SECONDS = 5  # for a thread that waits for its queue to notice that it is no longer needed
PAGE = os.sysconf("SC_PAGE_SIZE") / 2**20


def rss():
    """Resident memory of this process in MiB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE


def left_open():
    """(threads of Python, threads of the process, open file descriptors)."""
    return threading.active_count(), len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd")) - 1


def exceeds(found, base):
    return any(a > b for a, b in zip(found, base, strict=True))


def settled(base):
    """`left_open`, once nothing exceeds the base, or after some seconds."""
    end = time.monotonic() + SETTLE_SECONDS
    while exceeds(left_open(), base) and time.monotonic() < end:
        time.sleep(0.05)
    return left_open()


def control():
    """The digest of a fit that is always the same."""
    random = np.random.default_rng(0)
    X = random.standard_normal((3000, 20))
    model = Model([20, 64, 32, 1], ["tanh", "gelu"], seed=1).fit(X, X[:, 0] * X[:, 1] > 0, epochs=2, batch_size=256)
    return hashlib.sha256(model.parameters.tobytes()).hexdigest()


def test_nothing_stays_behind(tmp_path, soak_seconds):
    actions, expected = Actions(tmp_path), control()
    begin = now = time.monotonic()
    seen, fifth, base = [], 0, None
    while now < begin + soak_seconds:
        actions.act()
        now = time.monotonic()
        seen.append(((now - begin) / soak_seconds, rss()))
        if seen[-1][0] >= (fifth + 1) / 5:
            fifth += 1
            assert control() == expected, "the same fit gives other bits"
            median = np.median([size for at, size in seen if at >= (fifth - 1) / 5])
            print(
                f"{(now - begin) / 60:.1f} minutes, {len(seen)} actions: median RSS of the last fifth {median:.1f} MiB"
            )
            if base is None:
                gc.collect()
                base = settled(left_open())
    gc.collect()
    end = settled(base)
    first, last = (np.median([size for at, size in seen if low <= at < low + 0.2]) for low in (0.2, 0.8))
    drift = last / first - 1
    print(", ".join(f"{count} × {name}" for name, count in sorted(actions.done.items())))
    print(f"RSS {first:.1f} MiB after the warm-up, {last:.1f} MiB at the end: drift {100 * drift:+.2f} %")
    print(f"threads of Python, threads, file descriptors: {base} after the warm-up, {end} at the end")
    assert not exceeds(end, base), "threads or files are left open"
    assert drift < MOST_DRIFT
