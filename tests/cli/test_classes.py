"""Tables whose target has three classes or more: training, figures and predictions of the command line."""

import numpy as np
import pyarrow
import pytest
from command_line import BARE, figures, run_beside
from pyarrow import csv, parquet
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from fastmlp import Model
from fastmlp.cli.main import main

n = 900
random = np.random.default_rng(0)
a, b = random.standard_normal((2, n))
KIND = np.digitize(a + b / 2, [-0.7, 0.7])
NAMES = np.array(["low", "mid, or so", 'a "b"\nhigh'])  # in another order than the alphabet's
TABLE = pyarrow.table({"a": a, "b": b, "kind": NAMES[KIND], "number": KIND * 10 + 5, "w": random.random(n)})


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs a command in a folder with the table, and returns what it prints."""
    return run_beside(TABLE, tmp_path, monkeypatch, capsys)


def train(run, name="t.parquet", target="kind", *options):
    return run("train", name, "--columns", "a,b", "--target", target, *BARE, *options)


@pytest.mark.parametrize("options", [[], ["--window-rows", "100"]])
@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_train_evaluate_predict(name, options, run, tmp_path):
    out = train(run, name, "kind", *options).splitlines()
    assert out[0] == "target 'kind': 3 classes, 'a \"b\"\\nhigh', 'low', 'mid, or so'"
    assert out[-2].endswith("saved to model.fastmlp")
    assert out[-1].startswith("validation: log loss ")
    model = Model.load("model.fastmlp")
    classes = sorted(NAMES)
    assert (model.widths, model.classes) == ((2, 16, 3), classes)

    run("predict", "model.fastmlp", name, "--out", "p.parquet")
    run("predict", "model.fastmlp", name, "--out", "p.csv")
    predicted = parquet.read_table("p.parquet")
    assert predicted.column_names == [*(f"probability_{value}" for value in classes), "prediction"]
    assert csv.read_csv("p.csv", parse_options=csv.ParseOptions(newlines_in_values=True)).schema.names == (
        predicted.column_names
    )
    P = np.stack([predicted[k].to_numpy() for k in range(3)], axis=1).astype(float)
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-6)
    prediction = np.array(predicted["prediction"].to_pylist())
    assert (prediction == np.array(classes)[P.argmax(axis=1)]).all()
    assert (prediction == NAMES[KIND]).mean() > 0.9

    truth = NAMES[KIND]
    for weight, w in (([], None), (["--weight", "w"], TABLE["w"].to_numpy())):
        P /= P.sum(axis=1, keepdims=True)
        auc = np.mean([roc_auc_score(truth == value, P[:, k], sample_weight=w) for k, value in enumerate(classes)])
        expected = [log_loss(truth, P, sample_weight=w), auc, accuracy_score(truth, prediction, sample_weight=w)]
        found = figures(run("evaluate", "model.fastmlp", name, *weight))
        assert found == pytest.approx(dict(zip(["log loss", "AUC", "accuracy"], expected, strict=True)), abs=6e-5)


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_numbers_are_classes_too(name, run):
    assert train(run, name, "number").startswith("target 'number': 3 classes, 5, 15, 25, as it has few whole numbers")
    run("predict", "model.fastmlp", name, "--out", "p.parquet")
    predicted = parquet.read_table("p.parquet")
    assert predicted.column_names == ["probability_5", "probability_15", "probability_25", "prediction"]
    assert (predicted["prediction"].to_numpy() == TABLE["number"].to_numpy()).mean() > 0.9


def test_no_rows_have_the_columns_of_predictions(run):
    train(run)
    parquet.write_table(TABLE.slice(0, 0), "none.parquet")
    run("predict", "model.fastmlp", "none.parquet", "--out", "p.parquet")
    predicted = parquet.read_table("p.parquet")
    assert (predicted.num_rows, predicted.num_columns) == (0, 4)
    assert predicted.schema.field("prediction").type == pyarrow.string()


def test_a_class_that_the_model_does_not_know(run, capsys):
    train(run)
    parquet.write_table(pyarrow.table({"a": [1.0], "b": [2.0], "kind": ["new"]}), "new.parquet")
    assert main(["evaluate", "model.fastmlp", "new.parquet"]) == 2
    assert "new.parquet, row group 0: kind contains 'new', but the classes are" in capsys.readouterr().err


def test_labels_are_no_target_of_a_table(run, capsys):
    Model([2, 3], out_activation="logistic").save("labels")
    for command in ("evaluate labels t.csv --target kind", "predict labels t.csv --out p.csv"):
        assert main(command.split()) == 2
        assert "labels: the model has 3 targets for each row" in capsys.readouterr().err


def test_the_model_is_not_saved_over_the_table(run, capsys, tmp_path):
    (tmp_path / "t.parquet").rename(tmp_path / "model.fastmlp")
    assert main(["train", "model.fastmlp", "--target", "kind"]) == 2
    assert "--save model.fastmlp: is the file of the data" in capsys.readouterr().err
