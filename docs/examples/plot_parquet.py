"""
More rows than memory, from Parquet files
=========================================

`fastmlp.rows` reads a table block by block while a net trains on it, so that memory does not grow with the number of
rows. This example writes a folder of Parquet files, trains on a part of it and on all of it, and draws what the
additional rows are worth.
"""

# %%
# A folder of files
# -----------------
# The label of a row depends on the place (a, b) by fine rings, and is wrong in three of ten rows: a pattern that only
# many rows can tell from chance. The files here are small enough for a quick example; nothing below would change if
# they were 100 times as large.
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow
from pyarrow import parquet


def rings(a, b):
    """Return the probability of the label 1."""
    return np.where(np.sin(14 * np.hypot(a - 0.3, b + 0.2)) > 0, 0.7, 0.3)


temporary = TemporaryDirectory()
folder = Path(temporary.name)
random = np.random.default_rng(0)
for k in range(40):
    a, b = random.uniform(-1, 1, (2, 10_000)).astype(np.float32)
    label = random.random(len(a)) < rings(a, b)
    table = pyarrow.table({"a": a, "b": b, "label": label})
    parquet.write_table(table, folder / f"part-{k:02}.parquet", row_group_size=2_500)

# %%
# Train on a stream
# -----------------
# A stream takes the place of X and brings y with it. ``window_rows`` is the number of rows that are in memory, twice,
# and shuffled together; without it, windows have 128 MiB. Small row groups mix best.
from fastmlp import Adam, Model, rows


def fitted(files, epochs):
    """Return a model that is trained on some files."""
    data = rows.Parquet(files, target="label", window_rows=50_000)
    return Model([data.n_features, 64, 64, 64, 1], seed=0).fit(
        data, epochs=epochs, batch_size=256, optimizer=Adam(2e-3)
    )


files = sorted(folder.glob("*.parquet"))
few, all_rows = fitted(files[:1], 100), fitted(files, 7)


# %%
# What more rows are worth
# ------------------------
# Of 10,000 rows, the net learned the labels by heart that are wrong. Of forty files, it learned the rings.
from matplotlib import pyplot as plt

axis = np.linspace(-1, 1, 200, dtype=np.float32)
A, B = np.meshgrid(axis, axis)
grid = np.column_stack([A.ravel(), B.ravel()])
figure, axes = plt.subplots(1, 3, figsize=(9, 3.3), layout="constrained", sharey=True)
pictures = {
    "the truth": rings(A, B),
    "10,000 rows, one file": few.predict_proba(grid).reshape(A.shape),
    "400,000 rows, forty files": all_rows.predict_proba(grid).reshape(A.shape),
}
for ax, (title, probability) in zip(axes, pictures.items(), strict=True):
    mesh = ax.pcolormesh(A, B, probability, vmin=0.2, vmax=0.8, rasterized=True)
    ax.set(title=title, xlabel="a", aspect="equal")
axes[0].set_ylabel("b")
figure.colorbar(mesh, ax=axes, label="probability of the label", shrink=0.75)
plt.show()

# %%
# Predictions come from files, too, block by block:
probability = all_rows.predict_proba(rows.Parquet(files[:2], columns=["a", "b"]))
print(probability.shape)
temporary.cleanup()
