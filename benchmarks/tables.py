"""The tabular estimators and boosted trees on tables of your own, in turn: error and seconds.

    python benchmarks/tables.py FOLDER
    python benchmarks/tables.py FOLDER --only fastmlp,lightgbm-tuned --seeds 3 --markdown table.md --plot tables.png

FOLDER holds Parquet or CSV files and a tables.json, {file name without its ending: {"target": column, "task": "binary",
"multiclass", "regression" or "counts", "exposure": column, if any}}. Of each table 80 % are trained on and 20 % scored,
by the seed. Every estimator (table_rivals.py) has a process of its own and gets the table as it is. Error, less is
better: 1 - AUC, log loss of many classes, RMSE over the deviation of y, Poisson deviance. At the end stand geometric
means of the error over that of lightgbm-tuned. Estimators that are not installed are left out.
"""

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
from pathlib import Path

from table_rivals import ESTIMATORS

from fastmlp.system.machine import available_cores

MODULES = {"lightgbm-tuned": "lightgbm", "scikit-learn": "sklearn"}
BASE = "lightgbm-tuned"


def installed(name):
    return importlib.util.find_spec(MODULES.get(name, name)) is not None


def run(name, file, about, seed, threads):
    """Return {"fit", "predict", "error"} of one estimator on one table, or None where it fails."""
    script = Path(__file__).with_name("table_rivals.py")
    command = [sys.executable, str(script), name, str(file), json.dumps(about), str(seed), "--threads", str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name} fails on {file.name}: {(done.stderr.splitlines() or ['?'])[-1][:200]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def file_of(folder, name):
    return next(file for file in (folder / f"{name}.parquet", folder / f"{name}.csv") if file.exists())


def measure(folder, tables, names, seeds, threads):
    """Return {table: {estimator: means over seeds}}, the estimators in turn for each seed."""
    results = {}
    for table, about in tables.items():
        runs = {name: [] for name in names}
        for seed in range(seeds):
            for name in names:
                runs[name].append(run(name, file_of(folder, table), about, seed, threads))
        results[table] = {
            name: {figure: statistics.mean(each[figure] for each in found) for figure in found[0]}
            for name, found in runs.items()
            if None not in found
        }
        print(line(table, results[table], names), flush=True)
    return results


def line(table, row, names):
    """Return a row of the table in Markdown: error and seconds of each, the least error bold."""
    least = min(each["error"] for each in row.values())
    cells = []
    for name in names:
        text = "–"
        if name in row:
            error = f"{row[name]['error']:.4f}"
            text = f"{f'**{error}**' if row[name]['error'] == least else error}, {row[name]['fit']:.1f} s"
        cells.append(text)
    return f"| {' | '.join([table, *cells])} |"


def summary(results, names):
    """Yield a line for each estimator: its error over that of BASE, and all its seconds."""
    for name in names:
        both = [row for row in results.values() if name in row and BASE in row]
        if both:
            ratio = statistics.geometric_mean(row[name]["error"] / row[BASE]["error"] for row in both)
            seconds = sum(row[name]["fit"] for row in both)
            yield f"{name}: error {ratio:.3f} of {BASE}'s over {len(both)} tables, {seconds:.1f} s"


def draw(results, path):
    """Draw error over that of BASE against seconds of fit: a small mark per table, a large one for the geometric mean.

    Seconds, too, are over those of BASE, as tables are of many sizes.
    """
    import matplotlib

    matplotlib.use("Agg")
    from chart import STYLES
    from matplotlib import pyplot as plt

    styles = {"fastmlp": STYLES["fastmlp"], "scikit-learn": STYLES["scikit-learn"], "lightgbm-tuned": ("v", "#59a14f")}
    styles |= {"lightgbm": ("^", "#9fc795"), "xgboost": ("s", "#e15759"), "catboost": ("P", "#b07aa1")}
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    for name, (mark, colour) in styles.items():
        rows = [row for row in results.values() if name in row and BASE in row]
        if not rows:
            continue
        seconds, errors = ([row[name][key] / row[BASE][key] for row in rows] for key in ("fit", "error"))
        axes.scatter(seconds, errors, marker=mark, s=22, color=colour, alpha=0.4, linewidths=0)
        mean = [statistics.geometric_mean(values) for values in (seconds, errors)]
        axes.scatter(*mean, marker=mark, s=170, color=colour, edgecolors="black", label=name, zorder=3)
    axes.set(xscale="log", yscale="log", xlabel="seconds of fit, over those of lightgbm-tuned")
    axes.set_ylabel("error, over that of lightgbm-tuned; lower is better")
    for set_ticks, ticks in ((axes.set_xticks, (0.1, 1, 10, 100)), (axes.set_yticks, (0.1, 0.2, 0.5, 1, 2, 5, 10))):
        set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xlim(0.05, 300)
    axes.set_ylim(0.08, 12)
    axes.axhline(1, color="#999999", linewidth=1, zorder=0)
    axes.grid(color="#eeeeee", zorder=0)
    axes.legend(frameon=False, title="large: geometric\nmean over tables", loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", help="estimators, separated by commas")
    parser.add_argument("--tables", help="of the folder, separated by commas")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    tables = json.loads((arguments.folder / "tables.json").read_text())
    if arguments.tables:
        tables = {name: tables[name] for name in arguments.tables.split(",")}
    wanted = arguments.only.split(",") if arguments.only else ESTIMATORS
    names = [name for name in ESTIMATORS if name in wanted and installed(name)]
    head = [f"| {' | '.join(['table', *names])} |", f"|---|{'--:|' * len(names)}"]
    print(*head, sep="\n", flush=True)
    results = measure(arguments.folder, tables, names, arguments.seeds, arguments.threads)
    print(*summary(results, names), sep="\n")
    if arguments.markdown:
        lines = [line(table, row, names) for table, row in results.items()]
        arguments.markdown.write_text("\n".join([*head, *lines]) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    if arguments.plot:
        draw(results, arguments.plot)


if __name__ == "__main__":
    main()
