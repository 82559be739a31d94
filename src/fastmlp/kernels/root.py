"""√x as arithmetic that runs on whole vectors, where the machine's own root is slow."""

import numpy as np

from .compile import SLOW_ROOT, kernel
from .llvm import fma
from .pointwise import by_dtype

# The first guess of 1/√x, and a step of Newton's with a constant that leaves it within 8.8e-4: Walczyk, Moroz &
# Cieśliński 2021, Improving the Accuracy of the Fast Inverse Square Root by Modifying Newton-Raphson Corrections.
MAGIC, NEWTON = np.int32(0x5F376908), np.float32(1.50087896)


@by_dtype
def root(T):
    """√x for x >= 0, rounded as the machine's; in float32, below 1e-30, where kernels have no smaller numbers, almost.

    So which of the two computes it changes no bit. Goldschmidt's iteration, after Markstein 2004, Software Division
    and Square Root Using Goldschmidt's Algorithms.
    """
    if T is np.float64 or not SLOW_ROOT:

        def root(x):
            return np.sqrt(x)

        return root

    half, one, largest = T(0.5), np.int32(1), np.finfo(T).max

    @kernel
    def closer(g, h):
        """One iteration: (√x, 1/(2√x)), each with about the square of its former error."""
        r = fma(-g, h, half)
        return fma(g, r, g), fma(h, r, h)

    def root(x):
        y = np.int32(MAGIC - (T(x).view(np.int32) >> one)).view(T)
        y *= fma(-(half * x * y), y, NEWTON)
        g, h = closer(x * y, half * y)
        g, h = closer(g, h)
        g = fma(fma(-g, g, x), h, g)
        return x if x > largest else g

    return root
