"""Which instructions multiply pairs of bfloat16 on this machine: a choice by feature flags, never by a timing.

A measured choice could differ from run to run, and with it the bits of results.
"""

import os
from typing import Literal

from ..system.amx import tiles_refused
from .compile import cpu_features, cpu_name

Instructions = Literal["amx", "avx512_bf16", "plain"]
VARIABLE = "FASTMLP_BFLOAT16"  # "plain": loops that any CPU runs, slowly, for tests
NEEDED = "Intel Xeon from 2023 on (AMX) or AMD from Zen 4 on (AVX512-BF16)"


def found() -> tuple[Instructions | None, str]:
    """Return the instructions, None if there are none, and then why."""
    if os.environ.get(VARIABLE) == "plain":
        return "plain", ""
    features = cpu_features().split(",")
    if "+amx-bf16" in features and "+avx512bf16" in features:
        refused = tiles_refused()
        return ("amx", "") if refused is None else (None, f"this CPU has the tiles of AMX, but {refused}")
    # On Intel, vdpbf16ps multiplies at half the rate of float32.
    if "+avx512bf16" in features and cpu_name().startswith("znver"):
        return "avx512_bf16", ""
    return None, f"this CPU ({cpu_name()}) has no fast products of bfloat16"


def bfloat16_instructions() -> Instructions | None:
    """Return the instructions that products of bfloat16 are compiled to, or None where training is refused."""
    return found()[0]


def why_not() -> str:
    """Return why this machine has none, and what has, as a part of a sentence."""
    return f"{found()[1]}; {NEEDED} have them"
