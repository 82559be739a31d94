"""Which instructions multiply pairs of bfloat16 on this machine: a choice by feature flags, never by a timing.

A measured choice could differ from run to run, and with it the bits of results.
"""

import os
from typing import Literal

from ..arguments import MIXED
from ..exceptions import UnsupportedCPUError
from ..system.amx import tiles_refused
from .cpu import cpu_features, cpu_name

Instructions = Literal["amx", "avx512_bf16", "plain"]
VARIABLE = "FASTMLP_BFLOAT16"  # "plain": loops that any CPU runs, slowly, for tests
NEEDED = "Intel Xeon from 2023 on (AMX) or AMD from Zen 4 on (AVX512-BF16)"


def by_flags() -> Instructions | None:
    """Return the instructions that kernels are compiled to, whether or not this process may use them."""
    if os.environ.get(VARIABLE) == "plain":
        return "plain"
    features = cpu_features()
    if "+avx512bf16" not in features:
        return None
    if "+amx-bf16" in features:
        return "amx"
    # On Intel, vdpbf16ps multiplies at half the rate of float32.
    return "avx512_bf16" if cpu_name().startswith("znver") else None


def bfloat16_instructions() -> Instructions | None:
    """Return the instructions that this process may use, or None; it must ask before it runs any on tiles."""
    found = by_flags()
    return None if found == "amx" and tiles_refused() else found


def why_not() -> str:
    """Return why `bfloat16_instructions` is None, and which CPUs have some, as a part of a sentence."""
    refused = tiles_refused() if by_flags() == "amx" else None
    what = f"this CPU has the tiles of AMX, but {refused}" if refused else f"this CPU ({cpu_name()}) has none"
    return f"products of bfloat16 need special instructions, and {what}; {NEEDED} have them"


def require_bfloat16() -> None:
    """Ask for the instructions. Raise UnsupportedCPUError where there are none."""
    if bfloat16_instructions() is None:
        raise UnsupportedCPUError(f"dtype={MIXED!r}: {why_not()}; use dtype='float32'")
