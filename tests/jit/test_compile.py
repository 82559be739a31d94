"""The compile options and the import, each in a process of its own."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from numba.core import errors

from fastmlp.jit.interruptible import interruptible


def python(code, folder, **environment):
    """Run code in a new process; returns (exit code, standard output, standard error)."""
    variables = {**os.environ, "FASTMLP_CACHE_DIR": str(folder), **environment}
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, timeout=900)
    return done.returncode, done.stdout.split(), done.stderr


PLANTED = """
import numpy as np
import numba
from fastmlp.kernels.matmul import multiply_transposed
from fastmlp.kernels.arrays import Matrix

@numba.njit
def call(A, B, C, K):
    multiply_transposed(8, 2, K, Matrix(A, 0, 8), Matrix(B, 0, 32), Matrix(C, 0, 0), False, Matrix(C, 0, 32), 72)

A, B, C = (np.ones(n, np.float32) for n in (72 + 72, 8 * 32, 8 * 32))
call(A, B, C, 8)
assert C[0] == 9
try:
    call(A, B, C, 9)
except IndexError:
    print("raised")
"""


@pytest.mark.parametrize(("check", "expected"), [("1", ["raised"]), ("0", [])])
def test_bounds_check_catches_a_planted_overrun(tmp_path, check, expected):
    """One row too many in a product, which the intrinsic itself cannot notice."""
    code, out, error = python(PLANTED, tmp_path, NUMBA_BOUNDSCHECK=check)
    assert (code, out, error) == (0, expected, "")


def test_light_import(tmp_path):
    """Numba itself loads the top of scipy where it is installed; nothing more may come."""
    heavy = "{'sklearn', 'scipy.sparse', 'scipy.special', 'pyarrow', 'matplotlib', 'pandas', 'safetensors'}"
    code = f"import sys, fastmlp; print(*{heavy} & set(sys.modules))"
    assert python(code, tmp_path) == (0, [], "")


def test_a_compilation_leaves_the_warnings_of_other_threads_alone():
    """Else Ctrl-C, which does not wait for it, loses its own warning, and the filters of its `with` come back later."""
    seen = []

    def compile_signature(signature):
        with errors.WarningsFixer(errors.NumbaWarning).catch_warnings():  # as Numba does at each step of type inference
            seen.append(warnings.filters is filters)

    filters = warnings.filters
    interruptible(compile_signature)(())
    assert seen == [True]
    assert errors.warnings is warnings


def test_without_compilation_the_first_call_says_so(tmp_path):
    code = """
import numpy as np
from fastmlp import Model
for call in (lambda X: Model([2, 1]).fit(X, [0, 1]), lambda X: Model([2, 1]).predict(X)):
    try:
        call(np.eye(2))
    except RuntimeError as error:
        print(str(error).split()[0])
"""
    exit_code, said, errors_said = python(code, tmp_path, NUMBA_DISABLE_JIT="1")
    assert (exit_code, said) == (0, ["NUMBA_DISABLE_JIT"] * 2), errors_said


PREDICTION = """
import numpy as np
from fastmlp import ActivationError, Model

X = np.random.default_rng(0).standard_normal((600, 9)).astype(np.float32)
def square(z):
    if z > 1e30:
        raise ValueError("too large")
    return z * z

model = Model([9, 20, 8, 1], ["tanh", (square, lambda z: 2 * z)])
print(model.predict_proba(X).tobytes().hex())
model.weights[0][...] = 0
model.weights[1][...] = 1e30
model.biases[0][...] = 1
try:
    model.predict(X)
except ActivationError as error:
    print(str(error).split()[-1])
"""


def test_a_version_of_numba_that_nobody_tried_compiles_the_public_way(tmp_path):
    """Without Numba's private names; nothing is kept on disk.

    Vectors are those that LLVM prefers for the processor, narrower for some, and sums are rounded in their order.
    """
    code = f"""
import numba
numba.version_info = numba.version_info._replace(short=(9, 99))
from fastmlp.jit import numba_private
assert numba_private.JITCodeLibrary is object and numba_private.dumps is None
{PREDICTION}"""
    public = python(code, tmp_path / "public")
    private = python(PREDICTION, os.environ.get("FASTMLP_CACHE_DIR", ""))  # "": the user's cache, filled or not
    assert public[0] == private[0] == 0, public[2] + private[2]
    found, expected = (np.frombuffer(bytes.fromhex(out[0]), np.float32) for _, out, _ in (public, private))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert public[1][1:] == private[1][1:] == ["large"]
    assert not (tmp_path / "public").exists()
