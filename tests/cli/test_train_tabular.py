"""What the command line trains by default: several nets, with what is printed, saved, predicted and evaluated."""

import re
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from command_line import figures, interrupted, run_beside
from pyarrow import csv, parquet
from sklearn.metrics import accuracy_score, log_loss, mean_poisson_deviance, r2_score, roc_auc_score

from fastmlp import Model, TabularClassifier, TabularRegressor
from fastmlp.cli.main import main
from fastmlp.tabular.members.recipe import Recipe

n = 600
random = np.random.default_rng(0)
a, b = random.standard_normal((2, n))
PRICE = 100 + 5 * (a - b * b) + random.standard_normal(n)
JOBS = random.choice(["cook", "smith", None], n)
TABLE = pa.table({
    "id": [f"u{k}" for k in range(n)], "a": a, "b": b, "job": pa.array(JOBS.tolist()), "const": [1] * n,
    "day": pd.date_range("2020-01-01", periods=n), "w": random.random(n) + 0.1, "price": PRICE,
    "count": random.poisson(np.exp(1 + a / 2)), "label": np.where(a > b, "yes", "no"),
})  # fmt: skip
FEATURES = ["--columns", "id,a,b,job,const,day", "--quiet"]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs a command in a folder with the table, and returns what it prints."""
    recipe = Recipe(encodings=("smooth", "quantiles"), n_members=3, width=16, depth=1, epochs=4, learning_rate=1e-2)
    monkeypatch.setattr("fastmlp.tabular.estimator.recipe_for", lambda n, classes: recipe)
    return run_beside(TABLE, tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("options", [[], ["--window-rows", "100"]])
@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_classes(name, options, run):
    out = run("train", name, "--target", "label", *FEATURES, *options).splitlines()
    assert out[:3] == [
        "target 'label': 2 classes, 'no', 'yes'",
        "600 rows × 4 columns: 2 of numbers, 1 of categories, 1 of dates",
        "column 'id' is left out, as it has 600 different values in 600 rows, like identifiers or free text; "
        "--categories id keeps it",
    ]
    assert out[3] == "column 'const' is left out, as it is constant"
    assert re.fullmatch(
        r"training 3 nets \(2 smooth, 1 quantiles\) of 1 × 16 hidden units, 4 epochs of 5\d\d rows", out[4]
    )
    assert re.fullmatch(r"trained 3 nets in [0-9.]+ s in all; saved to model.fastmlp", out[5])
    assert figures(out[6])["AUC"] > 0.8
    assert out[6].endswith(" rows, each by the nets that were not trained on it")

    model = TabularClassifier.load("model.fastmlp")
    assert model.target_name_ == "label"
    assert "probability is that of 'yes'" in run("predict", "model.fastmlp", name, "--out", "p.parquet")
    predicted = parquet.read_table("p.parquet").to_pandas()
    assert list(predicted.columns) == ["probability", "prediction"]
    p = predicted["probability"].to_numpy()
    np.testing.assert_allclose(p, model.predict_proba(TABLE)[:, 1])
    y = np.array(TABLE["label"].to_pylist())
    assert ((p > 0.5) == (predicted["prediction"] == "yes")).all()
    for weight, w in (([], None), (["--weight", "w"], TABLE["w"].to_numpy())):
        expected = [f(y == "yes", x, sample_weight=w) for f, x in [(log_loss, p), (roc_auc_score, p)]]
        expected.append(accuracy_score(y, predicted["prediction"], sample_weight=w))
        assert list(figures(run("evaluate", "model.fastmlp", name, *weight)).values()) == (
            pytest.approx(expected, abs=6e-5)
        )


def test_many_classes_and_options_of_columns(run):
    parquet.write_table(TABLE.append_column("kind", [np.digitize(a, [-0.5, 0.5])]), "t.parquet")
    options = ["--columns", "a,b,id", "--drop", "b", "--categories", "id", "--members", "1", "--weight", "w"]
    out = run("train", "t.parquet", "--target", "kind", *options, "--quiet", "--plot", "curve.png")
    assert "training 1 net (1 smooth)" in out
    with open("curve.png", "rb") as file:
        assert file.read(4) == b"\x89PNG"
    model = TabularClassifier.load("model.fastmlp")
    assert (model.classes_.tolist(), len(model.models_)) == ([0, 1, 2], 1)
    assert model.reading_.names == ("a", "id")
    assert not model.reading_.left_out
    run("predict", "model.fastmlp", "t.parquet", "--out", "p.parquet")
    assert parquet.read_table("p.parquet").column_names == [
        "probability_0", "probability_1", "probability_2", "prediction"
    ]  # fmt: skip
    parquet.write_table(TABLE.slice(0, 0), "none.parquet")
    assert "0 rows" in run("predict", "model.fastmlp", "none.parquet", "--out", "p.parquet")
    assert parquet.read_table("p.parquet").num_columns == 4


@pytest.mark.parametrize("options", [[], ["--window-rows", "100"]])
def test_numbers(options, run):
    run("train", "t.csv", "--target", "price", *FEATURES, *options)
    prediction = TabularRegressor.load("model.fastmlp").predict(TABLE)
    run("predict", "model.fastmlp", "t.csv", "--out", "p.parquet")
    np.testing.assert_allclose(parquet.read_table("p.parquet")["prediction"].to_numpy(), prediction)
    assert figures(run("evaluate", "model.fastmlp", "t.csv"))["R²"] == (
        pytest.approx(r2_score(PRICE, prediction), abs=1e-4)
    )

    run("train", "t.csv", "--target", "count", "--loss", "poisson", "--weight", "w", *FEATURES, *options)
    prediction, count = TabularRegressor.load("model.fastmlp").predict(TABLE), TABLE["count"].to_numpy()
    found = figures(run("evaluate", "model.fastmlp", "t.csv"))
    assert found["mean Poisson deviance"] == pytest.approx(mean_poisson_deviance(count, prediction), rel=1e-3)

    out = run("train", "t.csv", "--target", "price", "--quantile", "0.1,0.9", *FEATURES, *options)
    assert "rows up to quantile 0.1" in out.splitlines()[-1]
    assert "2 quantiles of 'price'" in run("predict", "model.fastmlp", "t.csv", "--out", "p.csv")
    assert csv.read_csv("p.csv").column_names == ["quantile_0.1", "quantile_0.9"]
    run("train", "t.csv", "--target", "price", "--delta", "0.5", *FEATURES, *options)
    model = TabularRegressor.load("model.fastmlp")
    assert (model.loss, model.delta) == ("huber", 0.5)


def test_text_that_spells_numbers_as_target(run):
    table = TABLE.set_column(7, "price", [[f" {value:.2f}" for value in PRICE]])
    parquet.write_table(table, "t.parquet")
    run("train", "t.parquet", "--target", "price", "--loss", "squared_error", *FEATURES)
    assert figures(run("evaluate", "model.fastmlp", "t.parquet"))["R²"] > 0


def test_options_of_a_bare_network_imply_it(run):
    features = ["--target", "label", "--columns", "a,b", "--quiet"]
    out = run("train", "t.csv", *features, "--hidden", "4", "--epochs", "1").splitlines()
    assert out[1] == "training a bare network, as with --plain, because of --hidden, --epochs"
    assert Model.load("model.fastmlp").widths == (2, 4, 1)
    assert "bare" not in run("train", "t.csv", *features, "--plain", "--early-stopping")
    assert Model.load("model.fastmlp").widths == (2, 256, 256, 1)


def test_seed_threads_and_checkpoint(run, capsys):
    for options in (["--threads", "1"], ["--threads", "2", "--checkpoint", "run"]):
        run("train", "t.parquet", "--target", "label", *FEATURES, "--seed", "7", *options, "--save", f"m{options[1]}")
    one, two = (TabularClassifier.load(name).predict_proba(TABLE) for name in ("m1", "m2"))
    assert (one == two).all()
    run("train", "t.parquet", "--target", "label", *FEATURES, "--seed", "8", "--save", "m1")
    assert (TabularClassifier.load("m1").predict_proba(TABLE) != one).any()
    other = ["train", "t.parquet", "--target", "label", *FEATURES, "--seed", "8", "--checkpoint", "run", "--resume"]
    assert main(other) == 2
    assert "had --seed=7, but this one has 8" in capsys.readouterr().err
    assert main(["evaluate", "run", "t.parquet"]) == 2
    assert "run: holds a fit of a TabularClassifier, and no model" in capsys.readouterr().err
    out = ["--checkpoint", "run", "--resume", "--save", "m1"]
    run("train", "t.parquet", "--target", "label", *FEATURES, "--seed", "7", *out)
    assert (TabularClassifier.load("m1").predict_proba(TABLE) == one).all()


def test_so_few_rows_that_all_are_trained_on(run):
    parquet.write_table(TABLE.slice(0, 30), "t.parquet")
    out = run("train", "t.parquet", "--target", "label", *FEATURES)
    assert out.splitlines()[-1] == "validation: none, as so few rows are all trained on"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("predict model.fastmlp less.parquet --out p.csv", "no column named 'job'"),
        ("evaluate model.fastmlp less.parquet", "no column named 'job'"),
        ("evaluate model.fastmlp other.parquet", "label contains 'maybe', but the classes are 'no', 'yes'"),
        ("evaluate model.fastmlp t.parquet --target none", "no column named 'none'"),
        ("train t.parquet --target label --categories cod", "categories: no column named 'cod'"),
        ("train t.parquet --target label --columns const", "no column is left to learn from: 'const' is constant"),
    ],
)
def test_mistakes(command, words, run, capsys):
    run("train", "t.parquet", "--target", "label", *FEATURES)
    parquet.write_table(TABLE.drop(["job"]), "less.parquet")
    parquet.write_table(TABLE.set_column(9, "label", [["maybe"] * n]), "other.parquet")
    assert main(command.split()) == 2
    error = capsys.readouterr().err
    assert error.startswith("fastmlp: error: ")
    assert words in error
    assert error.count("\n") == 1


def test_ctrl_c_saves_the_model(tmp_path):
    parquet.write_table(TABLE, tmp_path / "t.parquet")
    command = ["train", str(tmp_path / "t.parquet"), "--target", "label", "--save", str(tmp_path / "m")]
    script = (
        "import sys, fastmlp.tabular.estimator as e; from fastmlp.cli.main import main; "
        "from fastmlp.tabular.members.recipe import Recipe; e.recipe_for = lambda n, classes: Recipe(epochs=10**4); "
        f"sys.exit(main({command!r}))"
    )
    code, error = interrupted([sys.executable, "-c", script], after=b"validation loss")
    assert code == 130
    assert b"fastmlp: interrupted; the model as it is was saved to" in error
    assert b"Training interrupted by user" not in error
    assert np.isfinite(TabularClassifier.load(tmp_path / "m").predict_proba(TABLE)).all()
