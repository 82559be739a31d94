"""asv: each kernel alone, on one core; see single_kernels.py."""

from .measure import seconds
from .single_kernels import KERNELS


class Kernel:
    params = list(KERNELS)
    param_names = ["kernel"]

    def setup(self, name):
        self.run, self.amount, _ = KERNELS[name]()

    def track_rate(self, name):
        """Operations, numbers or rows in a nanosecond."""
        return self.amount / seconds(self.run)[0] / 1e9

    def time_kernel(self, name):
        self.run()

    track_rate.unit = "per ns"
