"""What compare.py compares: the works, each with a net, rows and a dtype, and the rivals of each dtype."""

from dataclasses import dataclass

MIXED = "mixed_bfloat16"


@dataclass(frozen=True)
class Work:
    """One item: what is computed, over how many rows, by which net."""

    mode: str
    n: int
    widths: tuple[int, ...]
    batch: int | None = None
    activation: str = "relu"
    loss: str = "log_loss"
    dtype: str = "float32"

    @property
    def special(self):
        """What is not as in most rows: activation and loss."""
        return [value for value in (self.activation, self.loss) if value not in ("relu", "log_loss")]

    @property
    def name(self):
        widths = map(str, self.widths)
        dtype = [self.dtype] if self.dtype == MIXED else []
        return "-".join([*dtype, self.mode, *widths, *self.special]) + (f"-b{self.batch}" if self.batch else "")

    @property
    def title(self):
        what = {"full": "gradient", "minibatch": f"Adam, batches of {self.batch}", "predict": "predict"}[self.mode]
        rows = f"{self.n // 1_000_000}M" if self.n % 1_000_000 == 0 else f"{self.n / 1000:g}k"
        special = "".join(f", {value.replace('_', ' ')}" for value in self.special)
        return f"{what}, {rows} × {'-'.join(map(str, self.widths))}{special}"

    @property
    def rows(self):
        """Rows that count: those in whole batches."""
        return self.n // self.batch * self.batch if self.batch else self.n

    @property
    def flops(self):
        """Of the matrix products; dA[0] is nobody's."""
        p = self.widths
        dense = sum(p[l - 1] * p[l] for l in range(1, len(p)))
        return self.rows * (2 * dense if self.mode == "predict" else 6 * dense - 2 * p[0] * p[1])


WORKS = [
    Work("full", 200_000, (28, 64, 64, 1)),
    Work("full", 200_000, (28, 256, 256, 1)),
    Work("full", 100_000, (28, 300, 300, 300, 300, 1)),
    Work("full", 100_000, (100, 512, 512, 1)),
    Work("full", 1_000_000, (28, 16, 1)),
    Work("full", 200_000, (28, 64, 64, 1), activation="tanh"),
    Work("full", 200_000, (28, 64, 64, 1), activation="logistic"),
    Work("full", 200_000, (28, 64, 64, 1), loss="squared_error"),
    Work("minibatch", 50_000, (28, 100, 1), 200),
    Work("minibatch", 50_000, (28, 100, 1), 200, loss="squared_error"),
    Work("minibatch", 50_000, (28, 64, 64, 1), 256),
    Work("minibatch", 50_000, (28, 64, 64, 1), 32),
    Work("minibatch", 50_000, (28, 256, 256, 1), 1024),
    Work("minibatch", 50_000, (100, 512, 512, 1), 256),
    Work("predict", 1_000_000, (28, 64, 64, 1)),
    Work("full", 200_000, (28, 256, 256, 1), dtype=MIXED),
    Work("full", 100_000, (28, 300, 300, 300, 300, 1), dtype=MIXED),
    Work("full", 100_000, (100, 512, 512, 1), dtype=MIXED),
    Work("full", 50_000, (100, 1024, 1024, 1), dtype=MIXED),
    Work("minibatch", 50_000, (28, 256, 256, 1), 1024, dtype=MIXED),
    Work("minibatch", 50_000, (100, 512, 512, 1), 256, dtype=MIXED),
    Work("minibatch", 50_000, (100, 1024, 1024, 1), 1024, dtype=MIXED),
    Work("predict", 200_000, (28, 256, 256, 1), dtype=MIXED),
    Work("predict", 100_000, (100, 512, 512, 1), dtype=MIXED),
]

RIVALS = {  # of works of a dtype, and the package that each needs
    "float32": {
        "numpy": "numpy", "torch": "torch", "torch.compile": "torch", "jax": "jax", "scikit-learn": "sklearn",
    },
    MIXED: {"fastmlp float32": "fastmlp", "torch bfloat16": "torch", "torch.compile bfloat16": "torch"},
}  # fmt: skip
HAS_NOT = {("numpy", "minibatch"), ("scikit-learn", "full")}  # no Adam; no gradient for the user
