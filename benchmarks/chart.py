"""The picture of what compare.py measured: `python benchmarks/chart.py comparison.json docs/comparison.png`."""

import json
import sys

STYLES = {  # in the order of the legend; fastmlp last, so that it is drawn on top
    "numpy": ("s", "#7f7f7f"),
    "scikit-learn": ("D", "#f28e2b"),
    "torch": ("v", "#e15759"),
    "torch.compile": ("^", "#b07aa1"),
    "jax": ("P", "#59a14f"),
    "fastmlp": ("o", "#1f4e9c"),
}


def draw(content, path):
    """One line per work; a mark for each contender at its fraction of the machine's peak."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import PercentFormatter

    results = content["results"]
    figure, axes = plt.subplots(figsize=(9, 0.45 * len(results) + 1.6), layout="constrained")
    for name, (mark, colour) in STYLES.items():
        points = [
            (result["contenders"][name]["fraction_of_peak"], y)
            for y, result in enumerate(results)
            if name in result["contenders"]
        ]
        if points:
            size = 75 if name == "fastmlp" else 42
            axes.scatter(*zip(*points), marker=mark, s=size, color=colour, label=name, zorder=3)
    axes.set_yticks(range(len(results)), [result["title"] for result in results])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="x", color="#dddddd", zorder=0)
    axes.grid(axis="y", color="#eeeeee", zorder=0)
    axes.set_xlabel("of the machine's peak of fused multiply-adds, float32; further right is faster")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="lower center", bbox_to_anchor=(0.35, 1.0), ncols=len(STYLES), frameon=False, columnspacing=1.2)
    figure.savefig(path, dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        draw(json.load(file), sys.argv[2])
