"""Run commands on a table, in this process or in one of their own, and read what they print."""

import os
import re
import signal
import subprocess

from pyarrow import csv, parquet

from fastmlp.cli.main import main

BARE = ["--plain", "--hidden", "16", "--epochs", "20", "--batch-size", "32", "--learning-rate", "0.01", "--quiet"]
FIGURES = "log loss|AUC|accuracy|R²|RMSE|MAE|mean Poisson deviance|mean pinball loss"


def run_beside(table, folder, monkeypatch, capsys):
    """Return a function that runs a command in a folder with t.parquet and t.csv, and returns what it prints."""
    monkeypatch.chdir(folder)
    parquet.write_table(table, "t.parquet", row_group_size=200)
    csv.write_csv(table, "t.csv")

    def command(*arguments):
        assert main(list(arguments)) == 0
        return capsys.readouterr().out

    return command


def figures(text):
    """Return the figures in a text, by their names, in their order."""
    return {name: float(figure) for name, figure in re.findall(rf"({FIGURES}) (-?[0-9.]+)", text)}


def interrupted(command, after):
    """Send Ctrl-C to a command whose errors contain these bytes; return its exit code, and what it still writes."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    progress = b""
    while after not in progress:
        part = os.read(process.stderr.fileno(), 4096)
        assert part, progress
        progress += part
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    return process.returncode, error
