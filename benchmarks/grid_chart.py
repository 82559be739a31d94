"""Rows per second over n and widths, from what asv measured.

`python benchmarks/grid_chart.py docs/images/throughput.png` draws them.
"""

import json
import sys
from itertools import product
from pathlib import Path

BENCHMARK = "nets.Grid.track_rows_per_second"
RESULTS = Path(".asv/results")
TITLES = {"gradient": "gradient, all rows", "epoch": "Adam, batches of 256", "predict": "predict"}


def newest():
    """{(work, n, hidden): rows per second} of the last run of the grid; parameters as asv writes them."""
    for path in sorted(RESULTS.glob("*/*.json"), key=lambda path: path.stat().st_mtime, reverse=True):
        result = json.loads(path.read_text()).get("results", {}).get(BENCHMARK)
        if result and result[0]:
            return dict(zip(product(*result[1]), result[0], strict=True))
    return sys.exit(f"{RESULTS}: no results of {BENCHMARK}; run asv first")


def draw(rates, path):
    """Draw a panel for each work, and a line for each net."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, len(TITLES), figsize=(11, 4.4), sharey=True, layout="constrained")
    nets = list(dict.fromkeys(hidden for _, _, hidden in rates))
    for (work, title), axes in zip(TITLES.items(), panels, strict=True):
        for number, hidden in enumerate(nets):
            label = "-".join(["28", *hidden.strip("(),").replace(",", "").split(), "1"])
            points = [(int(n), rate) for (w, n, h), rate in rates.items() if (w, h) == (f"'{work}'", hidden) and rate]
            axes.loglog(*zip(*points, strict=True), marker="o", ms=4, color=f"C{number}", label=label)
        axes.set_title(title, fontsize=11)
        axes.set_xlabel("rows")
        axes.grid(color="#e5e5e5")
    panels[0].set_ylabel("rows per second")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(nets), frameon=False)
    figure.savefig(path, dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    draw(newest(), sys.argv[1])
