"""dtype="mixed_bfloat16": who may train with it, and how nets that were trained with it predict on other CPUs."""

import warnings
from dataclasses import replace

from .arguments import MIXED
from .jit.bfloat16_instructions import bfloat16_instructions, require_bfloat16, why_not
from .network.plan import Plan


def on_this_cpu(plan: Plan) -> Plan:
    """Return the plan that this CPU computes by: that of float32 where it cannot multiply bfloat16."""
    return replace(plan, mixed=False) if plan.mixed and bfloat16_instructions() is None else plan


def check_trains(mixed: bool) -> None:
    """Raise UnsupportedCPUError where a net of mixed_bfloat16 cannot be trained: its gradient would be another one."""
    if mixed:
        require_bfloat16()


def check_smooth(mixed: bool, rule: str, other: str) -> None:
    """Raise ValueError for L-BFGS, whose line search compares losses that rounded products would make jump.

    rule, other : the argument that asks for it, and one in place of it
    """
    if mixed:
        raise ValueError(
            f"dtype={MIXED!r}: the line search of {rule} needs a smooth loss, and rounded products make it jump; "
            f"use dtype='float32', or {other}"
        )


def warn_of_float32(mixed: bool) -> None:
    """Warn where a net of mixed_bfloat16 predicts in float32; called by what a method that users call reads θ with."""
    if mixed and bfloat16_instructions() is None:
        text = f"dtype={MIXED!r}: {why_not()}; predictions are computed in float32, and differ a little"
        warnings.warn(text, RuntimeWarning, stacklevel=4)  # the user's line, which Python shows once
