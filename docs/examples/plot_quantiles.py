"""
How far to trust a prediction: a band of quantiles
==================================================

A prediction of a number is more useful with a range in which the number will lie. With ``loss="quantile"``, one net
predicts several quantiles at once, and the range is wide where the data scatter, and narrow where they do not.
"""

# %%
# Data whose noise depends on x
# -----------------------------
# The scatter of y grows from left to right, and is not symmetric: large values are further from the middle than small
# ones. A mean and a standard deviation could not describe it.
import numpy as np
from sklearn.model_selection import train_test_split

random = np.random.default_rng(0)
n = 6000
x = random.uniform(0, 10, n)
y = np.sin(x) + (0.05 + 0.1 * x) * random.gamma(2.0, 1.0, n)
X_train, X_test, y_train, y_test = train_test_split(x[:, np.newaxis], y, random_state=0)

# %%
# Fit
# ---
# Three levels make a net with three outputs: ``predict`` returns a column for each, in ascending order in every row, so
# that quantiles never cross. The activation "silu" has no kinks, and so has the band. The estimators
# :class:`~fastmlp.MLPRegressor` and :class:`~fastmlp.TabularRegressor` take ``loss`` and ``quantile``, too.
#
# Quantiles far from the middle depend on few rows, and rattle while steps are large. So the fit goes on with smaller
# ones: a second ``fit`` starts from the weights of the first.
from fastmlp import Adam, Model

levels = [0.05, 0.5, 0.95]
model = Model([1, 64, 64, 3], activation="silu", loss="quantile", quantile=levels, seed=0)
model.fit(X_train, y_train, epochs=80, batch_size=200, optimizer=Adam(1e-3))
model.fit(X_train, y_train, epochs=20, batch_size=200, optimizer=Adam(1e-4))
low, middle, high = model.predict(X_test).T

# %%
# The band
# --------
from matplotlib import pyplot as plt

grid = np.linspace(0, 10, 300)
band = model.predict(grid[:, np.newaxis])
figure, (ax, below) = plt.subplots(
    2, 1, figsize=(7, 6), layout="constrained", sharex=True, gridspec_kw={"height_ratios": [3, 1]}
)
ax.plot(X_test, y_test, ".", markersize=2, color="0.6", label="rows kept from training")
ax.fill_between(grid, band[:, 0], band[:, 2], alpha=0.3, label="5 % to 95 %")
ax.plot(grid, band[:, 1], label="median")
ax.set_ylabel("y")
ax.legend()

edges = np.arange(0, 11)
inside = (low <= y_test) & (y_test <= high)
part = np.digitize(X_test[:, 0], edges) - 1
below.bar(edges[:-1], [inside[part == k].mean() for k in range(10)], width=0.9, align="edge", alpha=0.5)
below.axhline(0.9, color="black", linestyle=":")
below.set(xlabel="x", ylabel="share inside", ylim=(0.7, 1))
plt.show()

# %%
# Does the band keep its word
# ---------------------------
# Of rows that were kept from training, about 90 % should lie between the quantiles of 5 % and 95 %, and so they do. The
# lower picture has the share for each unit of x, some 150 rows, which chance moves by 5 %: only in the last one, where
# the data end, is the band too narrow.
print(f"{inside.mean():.1%} of the rows are inside")
for level, predicted in zip(levels, (low, middle, high), strict=True):
    print(f"{(y_test <= predicted).mean():.1%} are below the quantile of {level:.0%}")
