"""
Rare classes: probabilities, class weights and a threshold
==========================================================

When one class is rare, `predict` hardly ever names it, as it is seldom the more probable one. Class weights and a
threshold of your own both change that. This example shows what each does to the probabilities, and how to choose a
threshold by what mistakes cost.
"""

# %%
# A class of 5 %
# --------------
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

X, y = make_classification(
    20_000, n_features=12, n_informative=6, weights=[0.96], flip_y=0.02, class_sep=0.6, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# Two models
# ----------
# They differ in one argument. By the AUC, which looks at the order of the rows only, they are alike.
from sklearn.metrics import roc_auc_score

from fastmlp import TabularClassifier

plain = TabularClassifier(n_members=2, random_state=0).fit(X_train, y_train)
balanced = TabularClassifier(n_members=2, class_weight="balanced", random_state=0).fit(X_train, y_train)
models = {"no class weights": plain, 'class_weight="balanced"': balanced}
probabilities = {name: model.predict_proba(X_test)[:, 1] for name, model in models.items()}
for name, probability in probabilities.items():
    named = (probability > 0.5).mean()
    print(f"{name}: AUC {roc_auc_score(y_test, probability):.3f}, predicts the rare class for {named:.1%} of the rows")

# %%
# What a mistake costs
# --------------------
# Let a rare case that is missed cost 20, and a false alarm 1. Then it pays to act wherever the probability is above
# 1 / (1 + 20), if probabilities are what they say.
import numpy as np

thresholds = np.linspace(0.005, 0.995, 199)


def cost(probability, threshold):
    """Return the mean cost of a row."""
    acts = probability > threshold
    return (20 * (y_test == 1) * ~acts + (y_test == 0) * acts).mean()


costs = {name: [cost(probability, t) for t in thresholds] for name, probability in probabilities.items()}

# %%
# Calibration and cost
# --------------------
# On the left: of the rows to which a model gives a probability of 0.3, do three in ten belong to the rare class?
# Without class weights, they nearly do. With them, the model was told of a world in which the rare class is as common
# as the other, and its probabilities are far too high.
#
# On the right: both models reach about the same least cost, as they put rows in nearly the same order. Without class
# weights it lies where the costs say, so that the threshold need not be searched; the default, 0.5, costs far more.
from matplotlib import pyplot as plt
from sklearn.calibration import CalibrationDisplay

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for name, probability in probabilities.items():
    CalibrationDisplay.from_predictions(y_test, probability, n_bins=8, name=name, ax=left)
    right.plot(thresholds, costs[name], label=name)
left.set(xlabel="predicted probability", ylabel="share of the rare class", title="calibration")
left.legend(loc="upper left")
right.axvline(1 / 21, color="black", linestyle=":", label="1 / (1 + 20)")
right.set(xlabel="threshold", ylabel="cost of a row", title="cost", ylim=(0, 1.3))
right.legend()
plt.show()

# %%
# So: leave class weights out where you use probabilities, and choose the threshold by what mistakes cost. Take
# ``class_weight="balanced"`` where only `predict` is used, and cannot be told of a threshold. Where costs are not
# known, scikit-learn's :class:`~sklearn.model_selection.TunedThresholdClassifierCV` searches for the threshold that is
# best by a score of your choice.
for name, probability in probabilities.items():
    figures = [f"{cost(probability, t):.3f} at {at}" for t, at in ((1 / 21, "1/21"), (0.5, "0.5"))]
    print(f"{name}: {figures[0]}, {figures[1]}, {min(costs[name]):.3f} at best")
