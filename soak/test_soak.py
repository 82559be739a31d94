"""SOAK_MINUTES of fits and predictions of random shapes in one process leave nothing behind.

The first fifth of the time warms up: code is loaded, pools of threads start. Rounds of actions repeat the same random
shapes: with ever new ones, the free pages that the allocator's heap keeps move by more than the drift that is looked
for. The resident memory (RSS) is read after each action; a round's is the median of them. The rounds of the last fifth
are compared with those of the second. Threads and file descriptors are counted after the warm-up and at the end.
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

ROUND = 1000  # actions, some 35 seconds
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
    """Return the digest of a fit that is always the same."""
    random = np.random.default_rng(0)
    X = random.standard_normal((3000, 20))
    model = Model([20, 64, 32, 1], ["tanh", "gelu"], seed=1).fit(X, X[:, 0] * X[:, 1] > 0, epochs=2, batch_size=256)
    return hashlib.sha256(model.parameters.tobytes()).hexdigest()


def play(actions):
    """Run a round, and return the median of the RSS after each action."""
    actions.begin_round()
    sizes = []
    for _ in range(ROUND):
        actions.act()
        sizes.append(rss())
    return np.median(sizes)


def test_nothing_stays_behind(tmp_path, soak_seconds):
    actions, expected = Actions(tmp_path), control()
    begin, at, base = time.monotonic(), 0.0, None
    rounds = []  # (the part of the time at which it began, RSS)
    while at < 1:
        rounds.append((at, play(actions)))
        at = (time.monotonic() - begin) / soak_seconds
        assert control() == expected, "the same fit gives other bits"
        print(f"{at * soak_seconds / 60:.1f} minutes: median RSS of the round {rounds[-1][1]:.1f} MiB", flush=True)
        if base is None and at >= 0.2:
            gc.collect()
            base = settled(left_open())
    gc.collect()
    end = settled(base)
    first, last = (np.median([size for at, size in rounds if low <= at < low + 0.2]) for low in (0.2, 0.8))
    drift = last / first - 1
    print(", ".join(f"{count} × {name}" for name, count in sorted(actions.done.items())))
    print(f"RSS {first:.1f} MiB after the warm-up, {last:.1f} MiB at the end: drift {100 * drift:+.2f} %")
    print(f"threads of Python, threads, file descriptors: {base} after the warm-up, {end} at the end")
    assert not exceeds(end, base), "threads or files are left open"
    assert drift < MOST_DRIFT
