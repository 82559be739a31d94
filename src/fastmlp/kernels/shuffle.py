"""Random orders of rows that need no memory: a keyed bijection of {0, …, n-1}, one row at a time.

Each round is a bijection of b-bit numbers, n <= 2^b: xor with a key, multiplication by an odd
number, xor with the number's own upper half. A result outside of {0, …, n-1} goes through once more
(cycle walking), which keeps the whole a bijection. A. Kensler, Correlated Multi-Jittered Sampling, 2013.
"""

import numpy as np

from ..jit.compile import entry_point, kernel
from .records import PERMUTATION, ROUNDS

FEWEST_BITS = 10  # with fewer, some orders of a few rows would come up more often than others


def permutation(n, seed, *stream, offset=0):
    """Return the order numbered `stream` of n rows under `seed`, as a PERMUTATION record: a pure function of the three.

    With an `offset`, position i of the order is the row at position offset + i of the order without it.
    """
    record = np.zeros(1, PERMUTATION)
    bits = max(FEWEST_BITS, (n - 1).bit_length())
    words = np.random.SeedSequence([seed, *stream]).generate_state(2 * ROUNDS, np.uint64)
    record["n"], record["mask"], record["shift"], record["offset"] = n, 2**bits - 1, bits // 2, offset
    record["keys"] = words[:ROUNDS].view(np.int64)
    record["factors"] = (words[ROUNDS:] | np.uint64(1)).view(np.int64)
    return record


def shift(offset):
    """Return the order of all numbers in which position i has the number offset + i, as a PERMUTATION record."""
    record = np.zeros(1, PERMUTATION)
    record["n"] = record["mask"] = np.iinfo(np.int64).max
    record["shift"], record["offset"], record["factors"] = 63, offset, 1
    return record


@kernel
def once(i, record, keys, factors):
    """Return position i after one pass through all rounds."""
    for r in range(ROUNDS):
        i = ((i ^ keys[r]) & record.mask) * factors[r] & record.mask
        i ^= i >> record.shift
    return i


@kernel
def permute(index, permutations):
    """index = the rows at the positions `index`, through each permutation in turn: in/out (m)."""
    for p in range(len(permutations)):
        record = permutations[p]
        keys, factors = record.keys, record.factors
        for i in range(len(index)):
            index[i] = once(index[i] + record.offset, record, keys, factors)
        for i in range(len(index)):  # apart, so that the loop above runs on whole vectors
            while index[i] >= record.n:
                index[i] = once(index[i], record, keys, factors)


@entry_point
def permuted_rows(first, permutations, out):
    """out = the rows at the positions first, first + 1, …: out (m)."""
    for i in range(len(out)):
        out[i] = first + i
    permute(out, permutations)
