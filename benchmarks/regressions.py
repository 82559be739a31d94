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
ASV = [sys.executable, "-m", "asv"]


def slower(options, bench):
    """Return the benchmarks whose names match that are slower in the second commit, after measuring both.

    `asv continuous` prints no table where a benchmark cannot run on one of the commits, so `asv compare` makes it.
    """
    commits, factor = [options.base, options.new], ["--factor", str(options.factor)]
    subprocess.run([*ASV, "continuous", "--interleave-rounds", *factor, "--bench", bench, *commits], check=False)
    table = subprocess.run([*ASV, "compare", *factor, *commits], stdout=subprocess.PIPE, text=True, check=True).stdout
    print(table, flush=True)
    return [found for line in table.splitlines() for found in SLOWER.findall(line)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("new")
    parser.add_argument("--factor", type=float, default=1.15)
    parser.add_argument("--bench", default="time_", help="a regular expression for names of benchmarks")
    options = parser.parse_args()
    first = slower(options, options.bench)
    again = set(first) & set(slower(options, f"^({'|'.join(map(re.escape, first))})$")) if first else ()
    if again:
        raise SystemExit("slower in both runs: " + ", ".join(sorted(again)))


if __name__ == "__main__":
    main()
