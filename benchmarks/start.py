"""asv: what a user waits for before the first result, each in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile

FIRST_FIT = """
import json, time
begin = time.perf_counter()
import numpy as np
middle = time.perf_counter()
from fastmlp import Model
imported = time.perf_counter()
X = np.random.default_rng(0).standard_normal((1000, 28), np.float32)
Model([28, 64, 64, 1]).fit(X, X[:, 0] > 0, epochs=1)
print(json.dumps({"import": imported - middle, "fit": time.perf_counter() - imported}))
"""


def in_a_new_process(cache):
    """Seconds of the import, beyond that of NumPy, and of the first fit."""
    output = subprocess.check_output([sys.executable, "-c", FIRST_FIT], env={**os.environ, "FASTMLP_CACHE_DIR": cache})
    return json.loads(output)


class Start:
    timeout = 300

    def setup_cache(self):
        """Two starts from an empty kernel cache: the first compiles, the second finds the kernels."""
        with tempfile.TemporaryDirectory() as cache:
            return in_a_new_process(cache), in_a_new_process(cache)

    def track_import(self, starts):
        return starts[1]["import"]

    def track_first_fit_compiling(self, starts):
        return starts[0]["fit"]

    def track_first_fit_cached(self, starts):
        return starts[1]["fit"]

    track_import.unit = track_first_fit_compiling.unit = track_first_fit_cached.unit = "s"
