"""Compare two commits by asv, in turn; ends with 1 where the second is slower by more than a factor, twice.

    python benchmarks/regressions.py main~1 main --factor 1.15 --bench time_

A busy machine slows some benchmark down in every run: what was slower in the first run is measured once more, alone.
"""

import argparse
import re
import subprocess
import sys

# A row of asv's table, + for slower and ! for one that fails now; its last column is the benchmark.
SLOWER = re.compile(r"^\| [+!] .*\|\s*(\S.*?)\s*\|$")


def slower(options, bench):
    """Benchmarks whose names match that are slower in the second commit."""
    command = [sys.executable, "-m", "asv", "continuous", "--interleave-rounds", "--factor", str(options.factor)]
    process = subprocess.Popen(
        [*command, "--bench", bench, options.base, options.new], stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    found = []
    for line in process.stdout:
        print(line, end="", flush=True)
        found += SLOWER.findall(line.rstrip())
    if process.wait() != 0 and not found:
        raise SystemExit(process.returncode)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("new")
    parser.add_argument("--factor", type=float, default=1.15)
    parser.add_argument("--bench", default="time_", help="a regular expression for names of benchmarks")
    options = parser.parse_args()
    first = slower(options, options.bench)
    again = slower(options, f"^({'|'.join(map(re.escape, first))})$") if first else []
    if again:
        raise SystemExit("slower in both runs: " + ", ".join(again))


if __name__ == "__main__":
    main()
