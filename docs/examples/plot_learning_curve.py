"""
Read a learning curve
=====================

Losses over epochs tell when a fit has learned what it can.
"""

from sklearn.datasets import make_moons

from fastmlp import MLPClassifier
from fastmlp.plot import LossCurveDisplay

X, y = make_moons(2000, noise=0.2, random_state=0)
classifier = MLPClassifier((32, 32), early_stopping=True, random_state=0).fit(X, y)

# %%
# The score over rows that are kept from training decides when to stop.

display = LossCurveDisplay.from_estimator(classifier)
