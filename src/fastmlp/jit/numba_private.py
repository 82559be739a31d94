"""Names of Numba that are not part of its public interface, each with its use, and the versions that have them.

With any other version of Numba, kernels are compiled by plain `njit`: each process compiles its kernels, which takes
some four times as long. Their loops run on vectors of the width that LLVM prefers, for many Intel CPUs half of the
widest: there, sums are added in another order, and results differ by rounding.
"""

import numba

FIRST_KNOWN, FIRST_UNKNOWN = (0, 63), (0, 69)  # versions from the first up to, not including, the second are tested
KNOWN = FIRST_KNOWN <= numba.version_info.short < FIRST_UNKNOWN

if KNOWN:
    from numba.core import errors  # whose `warnings` Numba's type inference uses
    from numba.core.caching import _Cache  # the interface of a dispatcher's cache
    from numba.core.codegen import JITCodeLibrary  # an LLVM module: attributes of its functions, and when it is emitted
    from numba.core.compiler import CompilerBase, CompileResult, DefaultPassBuilder  # a pipeline with such modules
    from numba.core.compiler_lock import global_compiler_lock  # which a forked process must find open
    from numba.core.serialize import dumps  # machine code as bytes
else:
    errors = global_compiler_lock = dumps = CompileResult = DefaultPassBuilder = None
    _Cache = JITCodeLibrary = CompilerBase = object
