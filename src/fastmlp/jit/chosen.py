"""Calls that choose between kernels while they are compiled, by the types of their arguments or by the machine."""

import inspect
from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import intrinsic


def chosen(like: Any, choose: Callable[..., Any]) -> Any:
    """Build a call f(*arguments) of the kernel choose(*types of the arguments); None stands for one that does nothing.

    Only what was chosen is compiled, unlike both branches of an `if`.

    Parameters
    ----------
    like : a kernel with the same arguments, whose names the call takes over
    """

    def call(typing, *arguments):
        choice = choose(*arguments)
        if choice is None:
            return types.void(*arguments), lambda context, *rest: context.get_dummy_value()
        kernel = typing.resolve_value_type(choice)
        signature = kernel.get_call_type(typing, arguments, {})

        def generate(context, builder, signature, values):
            function = context.get_function(kernel, signature)
            context.add_linking_libs(getattr(function, "libs", ()))
            return function(builder, values)

        return signature, generate

    function = getattr(like, "py_func", like)  # without compilation, a kernel is its function
    arguments = inspect.signature(function).parameters.values()
    first = inspect.Parameter("typing", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    call.__signature__ = inspect.Signature([first, *arguments])
    call.__name__, call.__doc__ = function.__name__, function.__doc__
    return intrinsic(call)
