"""Saves under fire, for minutes: SIGKILL at random moments, many processes at one path, a disk that is really full."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1] / "tests"
KILLS = int(os.environ.get("SOAK_KILLS", 1000))

MANY = """
import os, sys
import numpy as np
from fastmlp import Model
path, n_processes, saves = sys.argv[1], 6, 60
models = [Model([50, 40, 1], seed=n) for n in range(n_processes)]
models[0].save(path)
children = []
for model in models:
    children.append(os.fork())
    if children[-1] == 0:
        for _ in range(saves):
            model.save(path)
            theta = Model.load(path).parameters
            assert any(np.array_equal(theta, other.parameters) for other in models)
        os._exit(0)
failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
assert failed == 0 and os.listdir(os.path.dirname(path)) == ["m"]
print(f"{n_processes} processes, {saves} saves of each to one path: every load gave one of the models, nothing left")
"""

FULL = """
import os, sys
from pathlib import Path
import numpy as np
from fastmlp import Model
folder = Path(sys.argv[1])
small, large = Model([20, 10, 1]), Model([400, 400, 1], seed=1)
small.save(folder / "m")
old = (folder / "m").read_bytes()
refused = 0
for _ in range(50):
    try:
        large.save(folder / "m")
    except OSError as error:
        refused += error.errno == 28
    assert (folder / "m").read_bytes() == old and os.listdir(folder) == ["m"]
small.save(folder / "m")
print(f"{refused} of 50 saves to a full disk: OSError (ENOSPC), old file intact, nothing left")
assert refused == 50
"""


def run(*arguments, prefix=()):
    done = subprocess.run([*prefix, sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=3000)
    print(done.stdout.strip())
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_moments(tmp_path, seed):
    run(TESTS / "killed_saves.py", tmp_path, KILLS // 2, seed)


def test_many_processes_save_to_one_path(tmp_path):
    run("-c", MANY, tmp_path / "m")


def test_a_full_disk(tmp_path):
    """A file system of 256 kB, mounted where the user may: in a name space of its own."""
    mount = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    script = 'mount -t tmpfs -o size=256k none "$0" && exec "$@"'
    if subprocess.run([*mount, script, tmp_path, "true"], capture_output=True).returncode != 0:
        print("no file system can be mounted here: not tested on a disk that is really full")
        return
    run("-c", FULL, tmp_path, prefix=[*mount, script, tmp_path])
