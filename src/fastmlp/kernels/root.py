"""√x as arithmetic that runs on whole vectors, where the machine's own root is slow."""

import numpy as np

from .compile import SLOW_ROOT, kernel
from .llvm import fma
from .pointwise import by_dtype

# Of Walczyk, Moroz & Cieśliński 2021, Improving the Accuracy of the Fast Inverse Square Root by Modifying
# Newton-Raphson Corrections: with these, two steps leave a relative error of 6.5e-7.
MAGIC, FIRST, SECOND = np.int32(0x5F376908), np.float32(1.50087896), np.float32(1.50000057)


@by_dtype
def root(T):
    """√x for x >= 0, within one unit in the last place; of float32 below 1e-30, within 1e-6 of it."""
    if T is np.float64 or not SLOW_ROOT:

        def root(x):
            return np.sqrt(x)

        return root

    half, one, largest = T(0.5), np.int32(1), np.finfo(T).max

    @kernel
    def step(y, half_x, constant):
        """Newton's for y = 1/√x."""
        return y * fma(-(half_x * y), y, constant)

    def root(x):
        half_x = half * x
        y = np.int32(MAGIC - (T(x).view(np.int32) >> one)).view(T)
        y = step(step(y, half_x, FIRST), half_x, SECOND)
        s = x * y
        s = fma(fma(-s, s, x), half * y, s)  # Heron's for s = √x
        return x if x > largest else s

    return root
