"""`cpu_features`: what kernels are compiled for on this machine."""

from typing import NamedTuple

from .jit import cpu
from .jit.bfloat16_instructions import Instructions, bfloat16_instructions, why_not
from .jit.compile import VECTOR_BYTES


class CPUFeatures(NamedTuple):
    """What this process computes with.

    Attributes
    ----------
    name : str
        The CPU as LLVM knows it, "znver4" for example; of a new one, the nearest that LLVM knows.
    vector_bytes : int
        Size of the vectors that kernels compute with: 64, 32 or 16.
    avx512f, avx512_bf16, amx_bf16 : bool
        Whether the CPU has these instructions.
    mixed_bfloat16 : {"amx", "avx512_bf16", "plain"} or None
        The instructions that ``dtype="mixed_bfloat16"`` computes with. "plain" are loops that any CPU runs, slowly, if
        the environment variable FASTMLP_BFLOAT16 asks for them. None: training with this dtype is refused.
    why_not : str or None
        Why it is refused, and which CPUs have the instructions.

    Examples
    --------
    >>> import fastmlp
    >>> fastmlp.cpu_features().mixed_bfloat16 in ("amx", "avx512_bf16", "plain", None)
    True
    """

    name: str
    vector_bytes: int
    avx512f: bool
    avx512_bf16: bool
    amx_bf16: bool
    mixed_bfloat16: Instructions | None
    why_not: str | None


def cpu_features() -> CPUFeatures:
    """Return what kernels are compiled for: the CPU, its vectors, and the instructions of mixed_bfloat16.

    NUMBA_CPU_NAME and NUMBA_CPU_FEATURES replace what the machine says of itself.

    Returns
    -------
    CPUFeatures

    Examples
    --------
    >>> import fastmlp
    >>> fastmlp.cpu_features().vector_bytes in (16, 32, 64)
    True
    """
    flags, instructions = cpu.cpu_features().split(","), bfloat16_instructions()
    return CPUFeatures(
        cpu.cpu_name(), VECTOR_BYTES, "+avx512f" in flags, "+avx512bf16" in flags, "+amx-bf16" in flags,
        instructions, why_not() if instructions is None else None,
    )  # fmt: skip
