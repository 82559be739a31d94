"""fastmlp, NumPy, scikit-learn, torch and jax on the same work, one after the other, in one run.

    python benchmarks/compare.py
    python benchmarks/compare.py --rows full,minibatch-28-100-1-b200 --only torch,jax --markdown table.md
    python benchmarks/compare.py --rows mixed_bfloat16 --json comparison.json

full: J and its gradient over all rows. minibatch: an epoch of Adam over shuffled rows, in whole batches. predict: the
probability of each row. All in float32, with biases, and with ReLU and log loss unless others are named; then wide nets
with products of bfloat16, where the CPU has instructions for them. Each contender (rivals.py) has a process of its own
and the same number of threads. They run in turn, A B C, A B C, …, while the others sleep; "times slower" is the median
over rounds of the rival's time over fastmlp's time in the same round, so below 1 the rival is faster. In each round the
machine is measured, too: its peak, a loop of fused multiply-adds in registers, on as many threads; and what a number
takes from one core to another. Before anything is timed, fastmlp's gradient is compared with NumPy's in float64; J and
the mean probability of the others are compared with fastmlp's. Contenders that are not installed are left out.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

from works import HAS_NOT, MIXED, RIVALS, WORKS

from fastmlp import cpu_features
from fastmlp.system.machine import available_cores

QUICK = 20  # --quick divides n by this
REST = 0.3  # seconds between runs: threads that wait for work by spinning fall asleep
QUIET = 0.9  # of the threads that only compute; where fewer run, other programs have the cores
SAME = {"float32": 1e-3, MIXED: 1e-2}  # relative difference, at most, between what contenders compute


class Contender:
    """The process of one contender; it sleeps until it is told to run."""

    def __init__(self, name, work, threads):
        command = [sys.executable, str(Path(__file__).with_name("rivals.py")), name, work.mode, str(work.rows)]
        command += [",".join(map(str, work.widths)), "--threads", str(threads)]
        command += ["--activation", work.activation, "--loss", work.loss, "--dtype", work.dtype]
        if work.batch:
            command += ["--batch", str(work.batch)]
        variables = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"), str(threads))
        environment = {**os.environ, **variables, "JAX_PLATFORMS": "cpu"}  # NPROC is XLA's number of threads
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
        )
        self.first = self.answer()
        self.runs = []

    def answer(self):
        """Return what a run took, or None if the process has ended."""
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def run(self):
        self.process.stdin.write("run\n")
        self.runs.append(self.answer() or sys.exit(f"{self.process.args[2]} has ended before its time"))

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    @property
    def seconds(self):
        return [run["seconds"] for run in self.runs]


def compare(work, names, threads, rounds):
    """Run all contenders in turn; what each took, and how it compares with fastmlp, by name."""
    contenders = {}
    for name in names:
        contender = Contender(name, work, threads)
        if contender.first is None:
            print(f"{name} failed, and is left out of {work.name}", file=sys.stderr)
            contender.close()
        else:
            contenders[name] = contender
    if not {"peak", "fastmlp"} <= contenders.keys():
        sys.exit("without fastmlp there is nothing to compare")
    for _ in range(rounds):
        for contender in contenders.values():
            time.sleep(REST)
            contender.run()
    for contender in contenders.values():
        contender.close()
    peak, ours = contenders.pop("peak"), contenders["fastmlp"]
    distance = contenders.pop("distance", None)
    peaks = [run["value"] / run["seconds"] for run in peak.runs]
    report = {name: summary(contender, ours, work, peaks) for name, contender in contenders.items()}
    for name, result in report.items():
        if result["value"] is not None and abs(result["value"] / report["fastmlp"]["value"] - 1) > SAME[work.dtype]:
            sys.exit(f"{work.name}: {name} computes {result['value']}, fastmlp {report['fastmlp']['value']}")
    busy = statistics.median(run["cpu_seconds"] / run["seconds"] for run in peak.runs)
    quiet = busy > QUIET * threads
    if not quiet:
        print(f"not a quiet machine: of {threads} threads that never wait, {busy:.1f} ran at a time", file=sys.stderr)
    apart = None if distance is None else statistics.median(run["value"] for run in distance.runs)
    figures = {"peak_gflops": statistics.median(peaks) / 1e9, "nanoseconds_apart": apart}
    return {**figures, "quiet": quiet, "contenders": report}


def summary(contender, ours, work, peaks):
    """Medians over the rounds, and all that they are made of."""
    median, seconds = statistics.median, contender.seconds
    return {
        "seconds": median(seconds),
        "times_slower": median(theirs / own for theirs, own in zip(seconds, ours.seconds)),
        "gflops": work.flops / median(seconds) / 1e9,
        "microseconds_per_step": median(seconds) / work.rows * (work.batch or work.rows) * 1e6,
        "fraction_of_peak": median(work.flops / time / peak for time, peak in zip(seconds, peaks)),
        "busy_cores": median(run["cpu_seconds"] / run["seconds"] for run in contender.runs),
        "first_call": contender.first["seconds"],
        "value": contender.runs[-1]["value"],
        "all_seconds": seconds,
    }


def cells(work, report, rivals):
    """Return the row of the table: the work, what fastmlp does, and how many times slower each rival is."""
    ours = report["fastmlp"]
    speed = f"{ours['microseconds_per_step']:.0f} µs/step" if work.batch else f"{ours['gflops']:.0f} GFLOP/s"
    without = {name: "–" if (name, work.mode) in HAS_NOT else "failed" for name in rivals}
    slower = [f"{report[name]['times_slower']:.2f}" if name in report else without[name] for name in rivals]
    of_peak = f", {ours['fraction_of_peak']:.0%} of peak" if work.dtype != MIXED else ""
    return [work.title, speed + of_peak, *slower]


def markdown(tables, about, results):
    """Return a table for each dtype, and on what they were measured."""
    text = "Columns of rivals: how many times slower than fastmlp; below 1, faster."
    lines = []
    for dtype, rows in tables.items():
        head, *rest = (f"| {' | '.join(row)} |" for row in rows)
        lines += [text if dtype != MIXED else f"With products of bfloat16, `dtype={MIXED!r}`:", "", head]
        lines += ["|---|---|" + "--:|" * (len(rows[0]) - 2), *rest, ""]
    note, apart = [], [result["nanoseconds_apart"] for result in results]
    if None not in apart:
        note.append(f"A number took {min(apart):.0f} to {max(apart):.0f} ns from one core to another.")
    if not all(result["quiet"] for result in results):
        note.append("Other programs ran at the same time: do not quote these figures.")
    return "\n".join([*lines, about, *note]) + "\n"


def processor():
    """Its name, as the system has it."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def machine(threads, missing):
    """Return the machine, and the versions of all that ran."""
    versions = {"Python": platform.python_version(), "fastmlp": importlib.import_module("fastmlp").__version__}
    for package in ("numba", "numpy", "torch", "jax", "scikit-learn"):
        if package not in missing:
            versions[package] = importlib.metadata.version(package)
    listed = ", ".join(f"{package} {version}" for package, version in versions.items())
    left_out = f" Not installed: {', '.join(missing)}." if missing else ""
    return f"{processor()}, {threads} of {os.cpu_count()} logical cores, {platform.system()}. {listed}.{left_out}"


def parse():
    names = "\n".join(f"  {work.name}" for work in WORKS)
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f"rows:\n{names}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help=f"a {QUICK}th of the rows: does everything run?")
    parser.add_argument("--rows", default="", help="names of rows, or how they begin, with commas between")
    rivals = dict.fromkeys(name for group in RIVALS.values() for name in group)
    parser.add_argument("--only", default=",".join(rivals), help="rivals, with commas between; fastmlp always runs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, help="write all figures there")
    parser.add_argument("--markdown", type=Path, help="write the table there")
    parser.add_argument("--plot", type=Path, help="draw the chart there (chart.py; needs matplotlib)")
    arguments = parser.parse_args()
    arguments.only = arguments.only.split(",")
    if unknown := set(arguments.only) - {*rivals, "fastmlp"}:
        parser.error(f"--only: {', '.join(unknown)} is none of {', '.join(rivals)}")
    arguments.works = [work for work in WORKS if work.name.startswith(tuple(arguments.rows.split(",")))]
    if not arguments.works:
        parser.error(f"--rows: none begins with {arguments.rows}; --help lists them")
    if cpu_features().mixed_bfloat16 in (None, "plain"):
        print(f"left out are works in {MIXED}, as {cpu_features().why_not or 'plain loops are slow'}", file=sys.stderr)
        arguments.works = [work for work in arguments.works if work.dtype != MIXED]
    return arguments


def main():
    arguments = parse()
    packages = {name: module for group in RIVALS.values() for name, module in group.items()}
    missing = [name for name, module in packages.items() if importlib.util.find_spec(module) is None]
    about = machine(arguments.threads, missing)
    tables, results = {}, []
    print(about)
    for work in arguments.works:
        rivals = [name for name in RIVALS[work.dtype] if name in arguments.only and name not in missing]
        if work.dtype not in tables:
            tables[work.dtype] = [["work", "fastmlp", *rivals]]
            print(f"\n{'work, ' + work.dtype:54}{'fastmlp':28}times slower: {'  '.join(rivals)}")
        work = replace(work, n=work.n // QUICK) if arguments.quick else work
        machine_itself = ["peak", "distance"] if min(arguments.threads, available_cores()) > 1 else ["peak"]
        names = [*machine_itself, "fastmlp", *(name for name in rivals if (name, work.mode) not in HAS_NOT)]
        result = compare(work, names, arguments.threads, arguments.rounds)
        row = cells(work, result["contenders"], rivals)
        tables[work.dtype].append(row)
        results.append({"title": work.title, "work": asdict(work), "flops": work.flops, **result})
        slower = "".join(f"{cell:>{len(name) + 2}}" for name, cell in zip(rivals, row[2:]))
        print(f"{row[0]:54}{row[1]:28}{'':12}{slower}", flush=True)
        content = {"machine": about, "threads": arguments.threads, "rounds": arguments.rounds, "results": results}
        if arguments.json:
            arguments.json.write_text(json.dumps(content, indent=1) + "\n")
        if arguments.markdown:
            arguments.markdown.write_text(markdown(tables, about, results))
    if arguments.plot:
        from chart import draw

        draw(content, arguments.plot)


if __name__ == "__main__":
    main()
