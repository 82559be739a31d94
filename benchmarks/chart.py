"""The picture of what compare.py measured: `python benchmarks/chart.py comparison.json docs/images/comparison.png`."""

import json
import sys
from statistics import median

STYLES = {  # in the order of the legend; fastmlp last, so that it is drawn on top
    "numpy": ("s", "#7f7f7f"),
    "scikit-learn": ("D", "#f28e2b"),
    "torch": ("v", "#e15759"),
    "torch bfloat16": ("v", "#e15759"),
    "torch.compile": ("^", "#b07aa1"),
    "torch.compile bfloat16": ("^", "#b07aa1"),
    "jax": ("P", "#59a14f"),
    "fastmlp float32": ("o", "#8fb0e0"),
    "fastmlp": ("o", "#1f4e9c"),
}
INCHES = 0.45  # of a line
MIXED = "mixed_bfloat16"


def draw(content, path):
    """Draw a panel for each dtype: one line per work, a mark for each contender."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    float32 = [result for result in content["results"] if result["work"].get("dtype") != MIXED]
    mixed = [result for result in content["results"] if result["work"].get("dtype") == MIXED]
    parts = [(draw_panel, results) for draw_panel, results in ((fractions, float32), (rates, mixed)) if results]
    heights = [INCHES * len(results) + 1.6 for _, results in parts]
    figure, panels = plt.subplots(
        len(parts), figsize=(9, sum(heights)), height_ratios=heights, squeeze=False, layout="constrained"
    )
    for (draw_panel, results), axes in zip(parts, panels[:, 0]):
        draw_panel(axes, results)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def fractions(axes, results):
    """Draw the fraction of the machine's peak that each contender reaches."""
    from matplotlib.ticker import PercentFormatter

    marks(axes, results, "fraction_of_peak")
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("of the machine's peak of fused multiply-adds, float32; further right is faster")


def rates(axes, results):
    """Draw GFLOP/s with products of bfloat16, and the machine's peak in float32 as a line."""
    marks(axes, results, "gflops")
    peak = median(result["peak_gflops"] for result in results)
    axes.axvline(peak, color="#555555", linestyle="--", linewidth=1, zorder=1, label="peak of float32")
    legend(axes)
    axes.set_xlim(left=0)
    axes.set_xlabel("GFLOP/s, products of bfloat16 (mixed_bfloat16); further right is faster")


def marks(axes, results, figure):
    """Draw a figure of all contenders."""
    for name, (mark, colour) in STYLES.items():
        points = [
            (result["contenders"][name][figure], y) for y, result in enumerate(results) if name in result["contenders"]
        ]
        if points:
            size = 75 if name == "fastmlp" else 42
            axes.scatter(*zip(*points), marker=mark, s=size, color=colour, label=name, zorder=3)
    axes.set_yticks(range(len(results)), [result["title"] for result in results])
    axes.set_ylim(len(results) - 0.5, -0.5)
    axes.grid(axis="x", color="#dddddd", zorder=0)
    axes.grid(axis="y", color="#eeeeee", zorder=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    legend(axes)


def legend(axes):
    """Write what the marks are, above the panel."""
    columns = len(axes.get_legend_handles_labels()[0])
    place = dict(loc="lower center", bbox_to_anchor=(0.3, 1.0))
    axes.legend(**place, ncols=columns, frameon=False, columnspacing=1.0, handletextpad=0.4)


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        draw(json.load(file), sys.argv[2])
