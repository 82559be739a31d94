"""`--report` of train and evaluate: which rows the page is about, and what is refused before training."""

import argparse
import builtins
import os
import shlex

import numpy as np
import pyarrow
import pytest
from command_line import BARE, figures, run_beside
from pages import EMPTY_PICTURE, Page
from sklearn.metrics import r2_score, roc_auc_score

from fastmlp import Model, TabularClassifier
from fastmlp.cli.main import main
from fastmlp.cli.option_types import OfNetwork
from fastmlp.cli.report import OF_NETWORK
from fastmlp.cli.train_options import add_train_options
from fastmlp.reporting import picture
from fastmlp.rows.order import validation_split

n = 600
random = np.random.default_rng(0)
a, b = random.standard_normal((2, n))
TABLE = pyarrow.table({
    "a": a, "b <script>": b, "job": np.array(["clerk", "smith", "cook"])[np.arange(n) % 3],
    "yes": np.where(a + b + random.standard_normal(n) > 0, "ja", "nein"), "price": 1e4 + 2e3 * a,
    "w": random.random(n) + 0.1,
})  # fmt: skip
FEATURES = ["--columns", "a,b <script>,job"]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs a command in a folder with the table, and returns what it prints."""
    monkeypatch.setattr(picture, "svg_of", lambda draw, height: EMPTY_PICTURE)
    return run_beside(TABLE, tmp_path, monkeypatch, capsys)


def page_of(path="report.html"):
    with open(path, encoding="utf-8") as file:
        page = Page(file.read())
    page.figures = {row[0]: row[1] for row in page.table("All figures")}
    return page


def assert_printed(page, line):
    """Assert that the page has the figures that the command prints."""
    for name, figure in figures(line).items():
        shown = page.figures.get(name) or page.figures[f"macro {name}"]
        assert float(shown) == pytest.approx(figure, rel=2e-4, abs=1.1e-4), name


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_evaluate(name, run):
    run("train", name, "--target", "yes", *FEATURES, "--members", "1", "--quiet")
    for weight in ([], ["--weight", "w"]):
        out = run("evaluate", "model.fastmlp", name, *weight, "--report", "report.html").splitlines()
        assert out[-1] == "report written to report.html"
        page = page_of()
        assert_printed(page, out[0])
        assert f"600: the rows of {name}" in page.text
        assert (
            shlex.join(["fastmlp", "evaluate", "model.fastmlp", name, *weight, "--report", "report.html"]) in page.text
        )
    predicted = TabularClassifier.load("model.fastmlp").predict_proba(TABLE.select(["a", "b <script>", "job"]))[:, 1]
    truth, w = TABLE["yes"].to_numpy() == "nein", TABLE["w"].to_numpy()
    assert page.figures["AUC"] == f"{roc_auc_score(truth, predicted, sample_weight=w):.4f}"
    assert "b <script>" in {row[0] for row in page.table("Permutation importances")}


@pytest.mark.parametrize("window", [[], ["--window-rows", "100"]])
def test_rows_that_nets_were_not_trained_on(window, run):
    options = [*FEATURES, "--members", "5", "--quiet", *window, "--report", "report.html"]
    out = run("train", "t.parquet", "--target", "yes", *options).splitlines()
    validation = next(line for line in out if line.startswith("validation"))
    page = page_of()
    assert_printed(page, validation)
    rows = int(validation.split(" rows")[0].split()[-1])
    assert f"{rows}: rows of t.parquet that were kept from training, each predicted by the nets" in page.text
    assert any(text.startswith("Learning curve of ") for text in page.alternatives())
    settings = {row[0]: row[1] for row in page.table("Settings")}
    assert settings["--members"] == "5"
    assert "--hidden" not in settings
    assert "TabularClassifier, the average of 5 nets" in page.text
    assert settings["nets"] == "5"
    assert settings["--target"] == "yes"


@pytest.mark.parametrize("window", [[], ["--window-rows", "100"]])
def test_rows_that_a_bare_network_was_validated_on(window, run):
    options = ["--columns", "a,b <script>", *BARE, *window, "--report", "report.html"]
    out = run("train", "t.csv", "--target", "price", *options).splitlines()
    page = page_of()
    assert_printed(page, next(line for line in out if line.startswith("validation")))
    model = Model.load("model.fastmlp")
    assert float(page.figures["R²"]) == pytest.approx(model.history[-1]["validation_r2"], abs=1e-4)
    if not window:
        index = validation_split(n, 0.2, 0)[0].rows(0, n)
        predicted = model.predict(TABLE.select(["a", "b <script>"]).take(index))
        found = r2_score(TABLE["price"].to_numpy()[index], predicted)
        assert float(page.figures["R²"]) == pytest.approx(found, abs=1e-4)
    assert "--validation-fraction 0.2" in page.text
    settings = {row[0]: row[1] for row in page.table("Settings")}
    assert settings["--hidden"] == "[16]"


def test_options_of_a_bare_network_are_known():
    parser = argparse.ArgumentParser()
    add_train_options(parser)
    assert {action.dest for action in parser._actions if isinstance(action, OfNetwork)} == OF_NETWORK


def test_classes_of_a_bare_network(run):
    out = run("train", "t.csv", "--target", "job", *BARE, "--report", "report.html").splitlines()
    page = page_of()
    assert_printed(page, next(line for line in out if line.startswith("validation")))
    assert [row[0] for row in page.table("Rows, and shares")] == ["true clerk", "true cook", "true smith"]


def test_so_few_rows_that_all_are_trained_on(run, tmp_path):
    from pyarrow import parquet

    parquet.write_table(TABLE.slice(0, 30), tmp_path / "few.parquet")
    run("train", "few.parquet", "--target", "yes", *FEATURES, "--members", "1", "--quiet", "--report", "report.html")
    with open("report.html", encoding="utf-8") as file:
        page = Page(file.read())
    assert "none: so few rows are all trained on" in page.text
    assert [title for _, title in page.headings[1:]] == [
        "What was trained on what", "Learning curve", "Settings, and how to repeat this"
    ]  # fmt: skip


def refused(capsys, *arguments):
    """Return the error of a command that does nothing."""
    before = sorted(os.listdir())
    assert main(list(arguments)) == 2
    assert sorted(os.listdir()) == before
    return capsys.readouterr().err


def test_what_is_refused_before_training(run, capsys, monkeypatch):
    run("train", "t.csv", "--target", "yes", *FEATURES, *BARE)
    train = ["train", "t.csv", "--target", "yes", "--report"]
    assert "--report t.csv: is the file of the data" in refused(capsys, *train, "t.csv")
    assert "--save model.fastmlp: is also the file of --report" in refused(capsys, *train, "model.fastmlp")
    assert "its folder does not exist" in refused(capsys, *train, "no/report.html")
    error = refused(capsys, *train, "r.html", "--plain", "--validation-fraction", "0")
    assert "--report r.html: is about rows that are kept from training" in error
    evaluate = ["evaluate", "model.fastmlp", "t.csv", "--report"]
    assert "is the file of the model" in refused(capsys, *evaluate, "model.fastmlp")
    real = builtins.__import__

    def without(name, *rest, **named):
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    for command in (train, evaluate):
        assert 'pip install "fastmlp[plot]"' in refused(capsys, *command, "r.html")
