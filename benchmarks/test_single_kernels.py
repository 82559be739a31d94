"""pytest-benchmark: each kernel alone (`make bench`); see single_kernels.py."""

import pytest

from .single_kernels import KERNELS


@pytest.mark.parametrize("name", KERNELS)
def test_kernel(name, benchmark):
    run, amount, unit = KERNELS[name]()
    benchmark(run)
    benchmark.extra_info["per ns"] = f"{amount / benchmark.stats['median'] / 1e9:.2f} {unit}s"
