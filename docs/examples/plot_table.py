"""
A table as it is: categories, dates and holes
=============================================

:class:`~fastmlp.TabularClassifier` takes a frame with numbers, categories, text, dates and missing values, and has
nothing that must be set. This example trains it on the customers of a made-up telephone company, of whom some leave,
and looks at what it has learned: which columns matter, and how.
"""

# %%
# The customers
# -------------
# We make the customers ourselves, so that we know what drives them: those with a monthly contract leave more often, and
# so do those who joined in the last year, and those who pay much for little use. The age of one customer in five is
# unknown, and the town plays no part.
import numpy as np
import pandas as pd

random = np.random.default_rng(0)
n = 5000
customers = pd.DataFrame(
    {
        "contract": pd.Categorical(random.choice(["monthly", "yearly"], n, p=[0.6, 0.4])),
        "joined": pd.Timestamp("2024-12-31") - pd.to_timedelta(random.integers(0, 6 * 365, n), unit="D"),
        "price": random.uniform(10, 60, n).round(2),
        "gigabytes": random.exponential(20, n).round(1),
        "age": np.where(random.random(n) < 0.2, np.nan, random.integers(18, 80, n)),
        "town": random.choice(["Bergen", "Oslo", "Tromsø", "Trondheim"], n),
    }
)
years = (pd.Timestamp("2024-12-31") - customers["joined"]).dt.days / 365
dear = customers["price"] > 20 + customers["gigabytes"]
logit = -3 + 1.5 * (customers["contract"] == "monthly") + 2 * (years < 1) + 2 * dear
leaves = random.random(n) < 1 / (1 + np.exp(-logit))
customers.head()

# %%
# Fit
# ---
# The frame goes in as it is. Rows that are kept from training tell how good the model is. As we made the customers, we
# also know how good a model can be: the AUC of the true probabilities.
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from fastmlp import TabularClassifier

X, X_test, y, y_test = train_test_split(customers, leaves, random_state=0)
model = TabularClassifier(n_members=4, random_state=0).fit(X, y)
probability = model.predict_proba(X_test)[:, 1]  # of True, the second of model.classes_
print(f"AUC of the model: {roc_auc_score(y_test, probability):.3f}")
print(f"AUC of the truth: {roc_auc_score(y_test, logit[X_test.index]):.3f}")

# %%
# Which columns matter
# --------------------
# A column is important if predictions become worse when its values are shuffled. Age and town have hardly a bar: the
# model found that they say nothing.
from matplotlib import pyplot as plt

from fastmlp.plot import importances

found = model.feature_importances(X_test, y_test, scoring="roc_auc")
ax = importances(found)
ax.set_xlabel("fall of the AUC where the column is shuffled")
plt.show()

# %%
# How they matter
# ---------------
# The partial dependence of a column is the mean prediction if that column had the same value in every row.
# scikit-learn's functions take the model as they take any estimator. In the picture on the right, two columns are set
# at once. It shows the rule by which the data were made: customers leave above the line, where they pay much for little
# use. In the partial dependence of the price alone, this rule is blurred to a slope.
from sklearn.inspection import PartialDependenceDisplay, partial_dependence

some = X_test.sample(200, random_state=0)
pair = partial_dependence(model, some, ["gigabytes", "price"], grid_resolution=20)
gigabytes, price = pair["grid_values"]

figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), width_ratios=[1, 2, 3], layout="constrained")
PartialDependenceDisplay.from_estimator(
    model, some, ["contract", "price"], categorical_features=["contract"], ax=axes[:2]
)
axes[0].set_ylabel("probability to leave")
axes[1].set_ylabel("")
mesh = axes[2].pcolormesh(gigabytes, price, pair["average"][0].T)
axes[2].plot(gigabytes, 20 + gigabytes, color="white", linestyle=":")
axes[2].set(xlabel="gigabytes", ylabel="price", ylim=(price[0], price[-1]))
figure.colorbar(mesh, label="probability to leave")
plt.show()
