"""A program: all that fastmlp does with files, by a Python without what Windows lacks.

Arguments: a folder, which a second run finds as the first has left it. Prints digests, and whether the kernel cache had
the first kernel.
"""

import contextlib
import errno
import hashlib
import io
import os
import signal
import sys
import time
from pathlib import Path

# The libraries below are left alone: they ask sys.platform, which still says what the machine is.
import numba
import numpy as np
import pandas
import psutil
import pyarrow.csv
import scipy.optimize
import sklearn.model_selection
import sklearn.neural_network
import threadpoolctl
import tqdm

LIBRARIES = numba, pandas, psutil, pyarrow, scipy, sklearn, threadpoolctl, tqdm
MODULES = "fcntl", "grp", "posix", "pwd", "resource", "syslog", "termios"
CALLS = {
    os: [
        "O_CLOEXEC", "O_DIRECTORY", "O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK", "O_SYNC", "O_TMPFILE", "fchdir", "fchmod",
        "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getgroups", "getpgid", "getuid", "killpg",
        "lchown", "lockf", "mkfifo", "posix_fadvise", "pread", "pwrite", "register_at_fork", "sched_getaffinity",
        "sched_setaffinity", "sched_yield", "statvfs", "sysconf", "uname",
    ],
    time: ["clock_getres", "clock_gettime", "pthread_getcpuclockid"],
    signal: ["pthread_kill", "pthread_sigmask", "setitimer", "sigwait"],
}  # fmt: skip
BINARY = 1 << 30
real_open, real_replace, real_unlink, real_write = os.open, os.replace, os.unlink, os.write
as_text: set[int] = set()  # handles whose \n become \r\n


def like_windows():
    """Take away what Windows lacks, and refuse what it refuses."""
    for name in MODULES:
        sys.modules[name] = None
    for module, names in CALLS.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    os.supports_dir_fd = set()
    os.O_BINARY = BINARY
    os.open, os.write = open_handle, write
    os.replace, os.unlink, os.remove = replace, unlink, unlink


def open_handle(path, flags, mode=0o777, *, dir_fd=None):
    refuse_folders(dir_fd)
    if os.path.isdir(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    handle = real_open(path, flags & ~BINARY, mode)
    (as_text.discard if flags & BINARY else as_text.add)(handle)
    return handle


def write(handle, data):
    text = bytes(data)
    real_write(handle, text.replace(b"\n", b"\r\n") if handle in as_text else text)
    return len(text)


def refuse_folders(*handles):
    """There are no names relative to an open folder."""
    if any(handle is not None for handle in handles):
        raise NotImplementedError("dir_fd unavailable on this platform")


def refuse_open(*paths, folders):
    """No name of a file that this process has open changes."""
    refuse_folders(*folders)
    for path in filter(os.path.exists, paths):
        known = os.stat(path)
        for handle in range(256):
            try:
                found = os.fstat(handle)
            except OSError:
                continue
            if os.path.samestat(found, known):
                raise PermissionError(errno.EACCES, f"{path}: is used by another process")


def replace(source, target, *, src_dir_fd=None, dst_dir_fd=None):
    refuse_open(source, target, folders=(src_dir_fd, dst_dir_fd))
    real_replace(source, target)


def unlink(path, *, dir_fd=None):
    refuse_open(path, folders=(dir_fd,))
    real_unlink(path)


def digest(*arrays):
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()[:16]


def cached(folder):
    """Was the smallest kernel in the cache? The other ones come from where the test suite keeps them."""
    from fastmlp.kernels.shuffle import permuted_rows
    from fastmlp.rows.order import Order

    before = os.environ.get("FASTMLP_CACHE_DIR")
    os.environ["FASTMLP_CACHE_DIR"] = str(folder)
    Order(1000).shuffled(1, 2).rows(0, 1000)
    del os.environ["FASTMLP_CACHE_DIR"]
    if before is not None:
        os.environ["FASTMLP_CACHE_DIR"] = before
    assert [path for path in folder.rglob("*") if path.is_file()], "nothing is kept"
    return bool(sum(permuted_rows.stats.cache_hits.values()))


def fits(folder):
    """Digests of a model, of one that goes on from its checkpoint, and of an estimator's."""
    from fastmlp import MLPClassifier, Model
    from fastmlp.system.atomic_write import replaced

    X = np.random.default_rng(0).standard_normal((400, 3))
    y = X[:, 0] > X[:, 1]
    model = Model([3, 4, 1], n_threads=2).fit(X, y, epochs=3, batch_size=50)
    model.save(folder / "m")
    model.save(folder / "m")
    assert np.array_equal(Model.load(folder / "m").parameters, model.parameters)

    def stop(model, record):
        if len(model.history) == 2:
            raise KeyboardInterrupt

    kept = dict(epochs=3, batch_size=50, checkpoint=folder / "c", checkpoint_every=0)
    with contextlib.suppress(KeyboardInterrupt):
        Model([3, 4, 1]).fit(X, y, callbacks=stop, **kept)
    resumed = Model([3, 4, 1]).fit(X, y, resume=True, **kept)
    settings = dict(hidden_layer_sizes=(4,), tol=0.1, n_iter_no_change=2, random_state=0)
    estimators = [MLPClassifier(solver=solver, **settings).fit(X, y) for solver in ("adam", "lbfgs")]
    with contextlib.suppress(ZeroDivisionError), replaced(folder / "m") as file:
        file.write(b"part")
        raise ZeroDivisionError
    assert np.array_equal(Model.load(folder / "m").parameters, model.parameters), "the old file stays"
    return model.parameters, resumed.parameters, *[one.predict_proba(X) for one in estimators]


def command_line(folder):
    """Write a table, a model of it, and predictions, which replace others; return their digest."""
    from fastmlp.cli.main import main

    table, out = folder / "d.csv", folder / "p.csv"
    table.write_text("a,b,y\n" + "".join(f"{k},{k % 7},{int(k % 5 > 1)}\n" for k in range(300)))
    with contextlib.redirect_stdout(io.StringIO()):
        train = ["train", str(table), "--target", "y", "--save", str(folder / "t"), "--epochs", "2", "--quiet"]
        predict = ["predict", str(folder / "t"), str(table), "--out", str(out)]
        assert [main(one) for one in (train, predict, predict)] == [0, 0, 0]
    return np.frombuffer(out.read_bytes(), np.uint8)


if __name__ == "__main__":
    if sys.argv[2] == "without":
        like_windows()
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    hit = cached(folder / "kernels")
    found = digest(*fits(folder)), digest(command_line(folder))
    print(*found, hit, *sorted(path.name for path in folder.iterdir()))
