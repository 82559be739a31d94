"""asv: whole nets, as users call them, over numbers of rows and widths; then one thing varied at a time.

Only names that every commit has are imported, so that any two can be compared.

With QUICK=1 in the environment (`make bench-quick`) only a few rows of the grid are measured.
"""

import os

from joblib import cpu_count

import fastmlp

from .measure import Subject, seconds
from .peak import peak

QUICK = bool(os.environ.get("QUICK"))
N = [100_000] if QUICK else [1_000, 10_000, 100_000, 1_000_000]
HIDDEN = [(16,), (64, 64), (256, 256)] if QUICK else [(16,), (64, 64), (100,), (256, 256), (512, 512), (300,) * 4]
WIDE = [(256, 256)] if QUICK else [(256, 256), (512, 512), (1024, 1024), (300,) * 4]
MIDDLE = dict(n=100_000, hidden=(64, 64), batch=256)
WORKS = ["gradient", "epoch", "predict"]
VARIED = {
    "batch": [16, 32, 64, 128, 256, 512, 1024, 4096, 16384],
    "dtype": ["float32", "float64"],
    "activation": ["relu", "tanh", "logistic", "leaky_relu", "elu", "selu", "softplus", "gelu", "silu"],
    "threads": sorted({1, 2, cpu_count()}),
    "loss": ["log_loss", "squared_error", "poisson", "quantile"],  # quantiles at three levels
}
VARIATIONS = {f"{name}={value}": {name: value} for name, values in VARIED.items() for value in values}
CASES = {  # the size of a batch matters for epochs only
    f"{work}, {what}": (work, changed)
    for work in WORKS
    for what, changed in VARIATIONS.items()
    if work == "epoch" or "batch" not in changed
}


class Speed:
    """Rows per second, and the fraction of the machine's peak that the products reach."""

    timeout = 600

    def measure_rows(self, work):
        return round(self.subject.n / seconds(self.subject.calls[work])[0])

    def measure_fraction(self, work):
        run = peak(self.threads)
        ours, peaks = seconds(self.subject.calls[work], run)
        return self.subject.flops(work) / ours / (run() / peaks)

    @property
    def threads(self):
        return self.subject.model.n_threads or cpu_count()


class Grid(Speed):
    """FEATURES-hidden-1 with ReLU in float32, Adam in batches of 256, by all cores."""

    params = (WORKS, N, HIDDEN)
    param_names = ("work", "n", "hidden")

    def setup(self, work, n, hidden):
        self.subject = Subject(n, hidden)

    def track_rows_per_second(self, work, n, hidden):
        return self.measure_rows(work)

    def track_fraction_of_peak(self, work, n, hidden):
        return self.measure_fraction(work)

    def time_work(self, work, n, hidden):
        self.subject.calls[work]()

    def peakmem_work(self, work, n, hidden):
        """Of the whole process: Python, the imports, the kernels and X count, too."""
        self.subject.calls[work]()

    track_rows_per_second.unit = "rows/s"
    track_fraction_of_peak.unit = "of peak"


class Varied(Speed):
    """One thing other than in MIDDLE."""

    params = list(CASES)
    param_names = ("case",)

    def setup(self, case):
        self.work, changed = CASES[case]
        self.subject = Subject(**{**MIDDLE, **changed})

    def track_rows_per_second(self, case):
        return self.measure_rows(self.work)

    def time_work(self, case):
        self.subject.calls[self.work]()

    track_rows_per_second.unit = "rows/s"


class Losses:
    """What a loss of numbers takes beside log loss: the net of MIDDLE over as many rows, in turn."""

    timeout = 600
    params = (["gradient", "epoch"], [loss for loss in VARIED["loss"] if loss != "log_loss"])
    param_names = ("work", "loss")

    def setup(self, work, loss):
        self.subject, self.beside = Subject(**MIDDLE, loss=loss), Subject(**MIDDLE)

    def track_times_log_loss(self, work, loss):
        ours, log_loss = seconds(self.subject.calls[work], self.beside.calls[work])
        return ours / log_loss

    track_times_log_loss.unit = "× log loss"


class Mixed(Speed):
    """Wide nets with products of bfloat16, in batches of 1024, by all cores; left out where the CPU multiplies none."""

    params = (WORKS, WIDE)
    param_names = ("work", "hidden")

    def setup(self, work, hidden):
        features = getattr(fastmlp, "cpu_features", None)
        if features is None or features().mixed_bfloat16 in (None, "plain"):
            raise NotImplementedError("no instructions for products of bfloat16")
        net = dict(n=100_000, hidden=hidden, batch=1024)
        self.subject, self.beside = Subject(**net, dtype="mixed_bfloat16"), Subject(**net)

    def track_rows_per_second(self, work, hidden):
        return self.measure_rows(work)

    def track_speed_over_float32(self, work, hidden):
        """How many times as fast as in float32, in turn."""
        ours, float32 = seconds(self.subject.calls[work], self.beside.calls[work])
        return float32 / ours

    def time_work(self, work, hidden):
        self.subject.calls[work]()

    track_rows_per_second.unit = "rows/s"
    track_speed_over_float32.unit = "× float32"
