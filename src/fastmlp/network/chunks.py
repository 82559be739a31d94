"""How rows are cut into chunks whose gradients are summed apart, as the net and their number alone decide."""

from ..cached import cached_property
from ..kernels.steps import MOST_SUM_ROWS
from .formats import round_up
from .layout import lay_out
from .plan import Plan

MOST_ACCUMULATORS = 32
ACCUMULATOR_BYTES = 64 * 2**20  # for all accumulators together, if FEWEST_ACCUMULATORS or more fit
FEWEST_ACCUMULATORS, MOST_ACCUMULATOR_BYTES = 16, 256 * 2**20
# Numbers of A and dZ that cores exchange per number of θ, from which on two accumulators cost less; and one more
LEAST_EXCHANGE, EXCHANGE_RATIO = 0.9, 1.5
CHUNK_ROWS = 96  # about the fewest


class Chunks:
    """How rows of one net are cut.

    Parameters
    ----------
    plan : shape of the net
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @cached_property
    def accumulator_size(self) -> int:
        """Numbers in one accumulator: every dW and db, padded."""
        return int(lay_out(self.plan, self.plan.together, 1)[1]["gradient_size"][0])

    @cached_property
    def most_accumulators(self) -> int:
        """Accumulators for large batches that memory has room for."""
        size = self.accumulator_size * self.plan.format.itemsize
        roomy = ACCUMULATOR_BYTES // size
        tight = min(FEWEST_ACCUMULATORS, MOST_ACCUMULATOR_BYTES // size)
        return int(min(max(roomy, tight, 1), MOST_ACCUMULATORS))

    def of_rows(self, n: int) -> tuple[int, int]:
        """Return (rows of a chunk, accumulators) for sums over n rows.

        It depends on the net and n alone, because it decides the order of sums, and with it the bits of the result.
        """
        count = max(1, min(n // CHUNK_ROWS, self.most_accumulators))
        rows = min(round_up(max(1, -(-n // count)), self.plan.together), MOST_SUM_ROWS)
        return rows, count

    def of_batch(self, n: int) -> tuple[int, int]:
        """Return `of_rows` for training in batches of n rows; (0, 1): the whole batch lies in shared buffers.

        Cores that share buffers exchange A and dZ, about n Σ p numbers; with chunks, they exchange accumulators.
        """
        unused = sum(self.plan.inputs.codes) - self.plan.inputs.capacity(n)  # rows of W[1], at least
        exchange = n * self.plan.row_numbers / (self.plan.n_parameters - unused * self.plan.widths[1])
        count = min(-(-n // CHUNK_ROWS), max(2, 1 + int(exchange / EXCHANGE_RATIO)))
        if exchange < LEAST_EXCHANGE or count < 2:
            return 0, 1
        count = min(count, self.most_accumulators)
        count = 2 ** (count.bit_length() - 1)  # an odd number would give one of two threads more
        return min(round_up(-(-n // count), self.plan.together), MOST_SUM_ROWS), count
