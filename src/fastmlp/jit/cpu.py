"""The CPU that kernels are compiled for: the host, or what Numba's settings say instead."""

import llvmlite.binding
from numba.core import config


def cpu_features() -> str:
    """Return the features that LLVM compiles for: NUMBA_CPU_FEATURES where it is set, else the host's."""
    if config.CPU_FEATURES is not None:
        return config.CPU_FEATURES
    return llvmlite.binding.get_host_cpu_features().flatten()


def cpu_name() -> str:
    """Return the processor that LLVM compiles for: NUMBA_CPU_NAME where it is set, else the host."""
    return config.CPU_NAME or llvmlite.binding.get_host_cpu_name()
