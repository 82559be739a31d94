"""
Counts and exposure: claims of motor insurance
==============================================

Contracts that lasted for a year have more claims than those that lasted for a month, whoever drives. A model of counts
has to know for how long each row was watched: its *exposure*. This example shows what happens if it does not, and the
two arguments that tell it.
"""

# %%
# The contracts
# -------------
# Young drivers have more accidents. They also change their contracts often, so that many of theirs last a few months
# only.
import numpy as np
import pandas as pd

random = np.random.default_rng(0)
n = 40_000
age = random.integers(18, 80, n)
power = random.choice(["small", "middle", "large"], n, p=[0.5, 0.4, 0.1])
exposure = np.where(age < 35, random.uniform(0.05, 0.6, n), random.uniform(0.5, 1.0, n))


def yearly_rate(age, power):
    """Return the expected number of claims in a year."""
    of_power = np.select([power == "small", power == "middle"], [0.8, 1.0], 1.6)
    return of_power * (0.08 + 0.5 * np.exp(-(age - 18) / 8) + 0.1 * np.exp((age - 80) / 6))


contracts = pd.DataFrame({"age": age, "power": power})
claims = random.poisson(exposure * yearly_rate(age, power))
print(f"{claims.sum():,} claims in {exposure.sum():,.0f} years; {np.mean(claims == 0):.0%} of the contracts have none")

# %%
# Fit
# ---
# The target is the rate, claims divided by years, and the exposure is the weight of the row: this is the Poisson
# regression with an offset of statistics. For comparison, a second model learns the bare counts.
from fastmlp import TabularRegressor

settings = {"loss": "poisson", "n_members": 2, "random_state": 0}
model = TabularRegressor(**settings).fit(contracts, claims / exposure, sample_weight=exposure)
without = TabularRegressor(**settings).fit(contracts, claims)

# %%
# Rates by age
# ------------
# The points are the claims of each age divided by its years, with two standard deviations: what an actuary would draw
# first. The model with exposure follows them and the truth. The model of bare counts believes that the young are three
# times as careful as they are, because it has watched them for a third of the time.
from matplotlib import pyplot as plt

ages = np.arange(18, 80)
people = pd.DataFrame({"age": ages, "power": "middle"})
seen = pd.DataFrame({"age": age, "claims": claims, "years": exposure})[power == "middle"].groupby("age").sum()
rate = seen["claims"] / seen["years"]
error = 2 * np.sqrt(seen["claims"]) / seen["years"]

figure, ax = plt.subplots(layout="constrained")
ax.errorbar(seen.index, rate, error, fmt=".", color="0.6", label="claims of an age / its years")
ax.plot(ages, yearly_rate(ages, np.full(len(ages), "middle")), color="black", linestyle=":", label="truth")
ax.plot(ages, model.predict(people), label="rate, weighted by exposure")
ax.plot(ages, without.predict(people), label="bare counts")
ax.set(xlabel="age", ylabel="claims in a year", ylim=(0, None))
ax.legend()
plt.show()

# %%
# The deviance of held-out rows is the figure to compare models by; `score` is R², which says little about counts that
# are mostly 0. Of the rows that the nets kept from their training, the fit has it already.
print(model.validation_scores_)
