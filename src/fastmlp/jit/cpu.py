"""The CPU that kernels are compiled for: the host, or what Numba's settings say instead."""

import functools

import llvmlite.binding
from numba.core import config


@functools.cache  # every call of a mixed net asks
def features_of_host() -> str:
    """Return the features of this machine, as LLVM names them, each with a + or -."""
    return str(llvmlite.binding.get_host_cpu_features().flatten())


def cpu_features() -> str:
    """Return the features that LLVM compiles for: NUMBA_CPU_FEATURES where it is set, else the host's."""
    return config.CPU_FEATURES if config.CPU_FEATURES is not None else features_of_host()


def cpu_name() -> str:
    """Return the processor that LLVM compiles for: NUMBA_CPU_NAME where it is set, else the host."""
    return config.CPU_NAME or llvmlite.binding.get_host_cpu_name()
