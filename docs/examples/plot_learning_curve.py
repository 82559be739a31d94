"""
Reading a learning curve
========================

The losses over epochs tell whether a net is too small, trained for too short, or has begun to learn its rows by heart.
This example draws four fits of the same data, and says what to change after each.
"""

# %%
# Data with noise
# ---------------
# A tenth of the labels is wrong, so that no model can be right about every row, and a net that tries to has learned the
# mistakes.
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

X, y = make_classification(
    3000, n_features=20, n_informative=10, n_clusters_per_class=4, flip_y=0.1, class_sep=1.5, random_state=0
)
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.33, random_state=0)

# %%
# Four fits
# ---------
# Each is validated after every epoch on rows that it does not train on; its `history` keeps both losses.
from matplotlib import pyplot as plt

from fastmlp import Adam, Model
from fastmlp.plot import LossCurveDisplay


def fitted(widths, learning_rate, epochs, **settings):
    """Return a model that is trained on the data above."""
    return Model([20, *widths, 1], seed=0).fit(
        X_train,
        y_train,
        X_val=X_val,
        y_val=y_val,
        epochs=epochs,
        batch_size=64,
        optimizer=Adam(learning_rate),
        **settings,
    )


models = {
    "1. Too slow: both losses still fall": fitted([64, 64], 1e-4, 30),
    "2. Too hasty: losses jump": fitted([64, 64], 0.1, 30),
    "3. Too long: the validation loss rises": fitted([64, 64], 3e-3, 30),
    "4. Early stopping and an L2 penalty": fitted([64, 64], 1e-3, 100, l2=0.02, early_stopping=True),
}

# %%
figure, axes = plt.subplots(2, 2, figsize=(9, 6.5), layout="constrained", sharey=True)
for ax, (title, model) in zip(axes.flat, models.items(), strict=True):
    LossCurveDisplay.from_estimator(model, ax=ax)
    ax.set(title=title, ylim=(0, 0.8))
plt.show()

# %%
# What to do
# ----------
# 1. The curves are close to each other, and go down at the end: train longer, or take a larger learning rate. If both
#    had become flat at a high loss, the net would be too small.
# 2. The losses are high, and change by chance from one epoch to the next: take a smaller learning rate, or larger
#    batches.
# 3. The training loss goes on falling, and the validation loss has its minimum early. What is learned after it is true
#    of the rows trained on only: this is overfitting. More rows are the best remedy; otherwise stop early, or hold the
#    weights down by ``l2`` or ``dropout``.
# 4. ``early_stopping`` ends the training when the validation loss has not fallen for ten epochs, and goes back to the
#    weights of the dotted line.
for title, model in models.items():
    print(f"{title}: accuracy of rows not trained on {(model.predict(X_val) == y_val).mean():.3f}")
