"""A trained model shown: the learning curve. Needs matplotlib (extra `plot`)."""

import os
from typing import Any


def learning_curve(history: list[dict[str, Any]], path: str | os.PathLike) -> None:
    """Draw training and validation loss over epochs into an image file; its type is the ending of its name."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        raise ImportError("plotting needs matplotlib: pip install 'fastmlp[plot]'") from None
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    epochs = [record["epoch"] for record in history]
    for name, label, marker in (("loss", "training", "o"), ("validation_loss", "validation", "s")):
        if history and name in history[0]:
            axes.plot(epochs, [record[name] for record in history], marker=marker, markersize=4, label=label)
    validation = [record.get("validation_loss") for record in history]
    if history and None not in validation:
        best = min(range(len(history)), key=lambda i: history[i]["validation_loss"])
        axes.axvline(epochs[best], color="0.6", linestyle=":", label=f"lowest: {validation[best]:.4f}")
    axes.set(xlabel="epoch", ylabel="mean log loss", title="Learning curve")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=150)
