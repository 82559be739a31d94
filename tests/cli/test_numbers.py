"""Tables whose target is a number: training, figures and predictions of the command line, and what it decides."""

import datetime
import decimal
import re

import numpy as np
import pyarrow
import pytest
from command_line import figures, run_beside
from pyarrow import parquet
from sklearn.metrics import (
    mean_absolute_error,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
    r2_score,
)

from fastmlp import Model
from fastmlp.cli.main import main
from fastmlp.rows.order import validation_split

n = 800
random = np.random.default_rng(0)
a, b = random.standard_normal((2, n))
PRICE = 3e4 + 2e3 * (a - b * b) + 300 * random.standard_normal(n)
TABLE = pyarrow.table({
    "a": a, "b": b, "price": PRICE, "count": random.poisson(np.exp(1 + a / 2)), "w": random.random(n) + 0.1,
    "text": [f" {value:.3f}" for value in PRICE],
})  # fmt: skip
COUNT = TABLE["count"].to_numpy()
SHORT = ["--plain", "--columns", "a,b", "--hidden", "16", "--quiet"]
TRAINING = [*SHORT, "--epochs", "30", "--batch-size", "32", "--learning-rate", "0.01"]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs a command in a folder with the table, and returns what it prints."""
    return run_beside(TABLE, tmp_path, monkeypatch, capsys)


def approximately(**expected):
    return {name.replace("_", " "): pytest.approx(value, rel=2e-4) for name, value in expected.items()}


def predicted(run, name):
    """Return the columns that `predict` writes."""
    run("predict", "model.fastmlp", name, "--out", "p.parquet")
    return parquet.read_table("p.parquet")


@pytest.mark.parametrize("options", [[], ["--window-rows", "100"]])
@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_train_evaluate_predict(name, options, run):
    out = run("train", name, "--target", "price", *TRAINING, *options).splitlines()
    assert out[0] == (
        "target 'price': regression by squared error, as it holds numbers "
        "(--loss poisson for counts, --loss log_loss for classes)"
    )
    assert figures(out[-1])["R²"] > 0.95
    model = Model.load("model.fastmlp")
    assert (model.widths, model.loss_name, model.classes) == ((2, 16, 1), "squared_error", None)
    assert figures(out[-1])["R²"] == pytest.approx(model.history[-1]["validation_r2"], abs=6e-5)

    table = predicted(run, name)
    assert table.column_names == ["prediction"]
    prediction = table["prediction"].to_numpy()
    np.testing.assert_allclose(prediction, model.predict(TABLE.select(["a", "b"])), rtol=1e-6)
    for weight, w in (([], None), (["--weight", "w"], TABLE["w"].to_numpy())):
        assert figures(run("evaluate", "model.fastmlp", name, *weight)) == approximately(
            **{"R²": r2_score(PRICE, prediction, sample_weight=w)},
            RMSE=mean_squared_error(PRICE, prediction, sample_weight=w) ** 0.5,
            MAE=mean_absolute_error(PRICE, prediction, sample_weight=w),
        )


@pytest.mark.parametrize("options", [[], ["--weight", "w"]])
@pytest.mark.parametrize("window", [[], ["--window-rows", "100"]])
def test_targets_are_standardised_by_the_training_rows(options, window, run):
    w = TABLE["w"].to_numpy() if options else np.ones(n)
    for fraction in (0, 0.5):
        run("train", "t.parquet", "--target", "price", *SHORT, "--epochs", "0", *options, *window,
            "--validation-fraction", str(fraction))  # fmt: skip
        shift, factor = Model.load("model.fastmlp").target_scaling
        if fraction and window:
            assert shift != pytest.approx(np.average(PRICE, weights=w), rel=1e-9)
            continue
        training = validation_split(n, fraction, 0, None)[1].rows(0, n // 2) if fraction else np.arange(n)
        mean = np.average(PRICE[training], weights=w[training])
        variance = np.average((PRICE[training] - mean) ** 2, weights=w[training])
        assert shift == pytest.approx([mean], rel=1e-12)
        assert factor == pytest.approx([variance**-0.5], rel=1e-12)


@pytest.mark.parametrize("window", [[], ["--window-rows", "100"]])
def test_numbers_far_from_0_keep_their_digits(window, run):
    parquet.write_table(TABLE.set_column(2, "price", [PRICE + 1e12]), "t.parquet")
    out = run("train", "t.parquet", "--target", "price", *TRAINING, *window)
    assert figures(out)["R²"] > 0.95
    assert figures(run("evaluate", "model.fastmlp", "t.parquet"))["RMSE"] < 500


def test_quantiles(run):
    levels = [0.1, 0.5, 0.9]
    out = run("train", "t.parquet", "--target", "price", "--quantile", "0.1,0.5,0.9", *TRAINING, "--plot", "p.png")
    assert out.startswith("target 'price': regression by pinball loss, quantile 0.1, 0.5, 0.9\n")
    table = predicted(run, "t.parquet")
    assert table.column_names == ["quantile_0.1", "quantile_0.5", "quantile_0.9"]
    Q = np.stack([column.to_numpy() for column in table.columns])
    assert (np.diff(Q, axis=0) >= 0).all()
    for weight, w in (([], None), (["--weight", "w"], TABLE["w"].to_numpy())):
        out = run("evaluate", "model.fastmlp", "t.parquet", *weight)
        losses = [mean_pinball_loss(PRICE, q, alpha=t, sample_weight=w) for t, q in zip(levels, Q, strict=True)]
        assert figures(out) == approximately(mean_pinball_loss=np.mean(losses))
        shares = re.search(r"rows up to quantile 0.1: ([0-9.]+), 0.5: ([0-9.]+), 0.9: ([0-9.]+),", out)
        expected = [np.average(q >= PRICE, weights=w) for q in Q]
        assert list(map(float, shares.groups())) == pytest.approx(expected, abs=2e-3)
        assert expected == pytest.approx(levels, abs=0.1)


def test_one_quantile_is_a_prediction(run):
    run("train", "t.parquet", "--target", "price", "--loss", "quantile", *TRAINING)
    prediction = predicted(run, "t.parquet")["prediction"].to_numpy()
    assert figures(run("evaluate", "model.fastmlp", "t.parquet")) == approximately(
        **{"R²": r2_score(PRICE, prediction)}, RMSE=mean_squared_error(PRICE, prediction) ** 0.5,
        MAE=mean_absolute_error(PRICE, prediction), mean_pinball_loss=mean_pinball_loss(PRICE, prediction),
    )  # fmt: skip


def test_counts(run):
    out = run("train", "t.csv", "--target", "count", "--loss", "poisson", "--weight", "w", *TRAINING)
    assert out.startswith("target 'count': regression by Poisson deviance\n")
    assert Model.load("model.fastmlp").target_scaling is None
    y, w = COUNT, TABLE["w"].to_numpy()
    prediction = predicted(run, "t.csv")["prediction"].to_numpy().astype(float)
    assert (prediction > 0).all()
    assert figures(run("evaluate", "model.fastmlp", "t.csv", "--weight", "w")) == approximately(
        **{"R²": r2_score(y, prediction, sample_weight=w)},
        RMSE=mean_squared_error(y, prediction, sample_weight=w) ** 0.5,
        MAE=mean_absolute_error(y, prediction, sample_weight=w),
        mean_Poisson_deviance=mean_poisson_deviance(y, prediction, sample_weight=w),
    )


@pytest.mark.parametrize("window", [[], ["--window-rows", "100"]])
def test_counts_begin_with_their_mean(window, run):
    options = ["--loss", "poisson", "--weight", "w", "--validation-fraction", "0", "--epochs", "0", *window]
    run("train", "t.parquet", "--target", "count", *SHORT, *options)
    model = Model.load("model.fastmlp")
    mean = np.average(COUNT, weights=TABLE["w"].to_numpy())
    assert model.biases[-1] == pytest.approx([np.log(mean)], rel=1e-6)
    parquet.write_table(TABLE.append_column("none", [np.zeros(n)]), "t.parquet")
    run("train", "t.parquet", "--target", "none", *SHORT, *options)
    assert Model.load("model.fastmlp").biases[-1] == Model([2, 16, 1], loss="poisson").biases[-1]


def test_huber(run):
    out = run("train", "t.csv", "--target", "price", "--delta", "0.25", *TRAINING)
    assert out.startswith("target 'price': regression by Huber's loss\n")
    assert Model.load("model.fastmlp").delta == 0.25
    assert figures(out)["R²"] > 0.9


NUMBERS, CLASSES = "regression by squared error, as it holds numbers", "classes"
HUNDRED = np.arange(100)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (HUNDRED % 2, "2 classes, 0, 1, as it has two values (--loss squared_error for numbers"),
        (HUNDRED % 2 + 0.5, "2 classes, 0.5, 1.5, as it has two values"),
        (HUNDRED % 2 == 0, "2 classes, False, True\n"),
        ([str(k % 3) for k in HUNDRED], "3 classes, '0', '1', '2'\n"),
        (HUNDRED % 6 + 3, "6 classes, 3, 4, 5, 6, 7, …, as it has few whole numbers (--loss squared_error for"),
        (HUNDRED % 3 * 1.0, "3 classes, 0.0, 1.0, 2.0, as it has few whole numbers"),
        (pyarrow.array((HUNDRED % 3).tolist()).dictionary_encode(), "3 classes, 0, 1, 2, as it has few whole numbers"),
        (HUNDRED % 11, NUMBERS),  # 9 rows for each
        (np.repeat(np.arange(21), 10), NUMBERS),
        (np.repeat(np.arange(20), 10), "20 classes, 0, 1, 2, 3, 4, …, as it has few whole numbers"),
        (HUNDRED % 3 / 2, NUMBERS),
        ([decimal.Decimal(k % 3) for k in range(100)], NUMBERS),
        (HUNDRED.astype("float32"), NUMBERS),
        ([str(k / 3) for k in range(100)], "100 classes, '0.0', '0.3333333333333333', "),
    ],
)
def test_the_values_decide(values, expected, run):
    parquet.write_table(pyarrow.table({"a": random.standard_normal(len(values)), "y": values}), "t.parquet")
    out = run("train", "t.parquet", "--target", "y", "--plain", "--epochs", "1", "--quiet")
    assert out.startswith(f"target 'y': {expected}")
    assert Model.load("model.fastmlp").network.plan.loss.numeric == (expected == NUMBERS)


@pytest.mark.parametrize(
    ("options", "first", "loss"),
    [
        (["--target", "count", "--loss", "log_loss"], "target 'count': 15 classes, 0, 1, 2, 3, 4, …\n", "log_loss"),
        (["--target", "count", "--loss", "squared_error"], "regression by squared error\n", "squared_error"),
        (["--target", "text"], "as it holds text, though of numbers (--loss squared_error for numbers)\n", "log_loss"),
        (["--target", "text", "--loss", "huber"], "regression by Huber's loss\n", "huber"),
        (["--target", "text", "--numbers", "text"], "regression by squared error\n", "squared_error"),
        (["--target", "price", "--quantile", "0.25"], "regression by pinball loss, quantile 0.25\n", "quantile"),
    ],
)
@pytest.mark.parametrize("reading", [["t.parquet"], ["t.csv", "--types", "text=string"]])
def test_the_options_decide(options, first, loss, reading, run):
    assert run("train", *reading, *options, *SHORT, "--epochs", "1").splitlines(True)[0].endswith(first)
    assert Model.load("model.fastmlp").loss_name == loss
    run("evaluate", "model.fastmlp", *reading)


def test_numbers_as_text_with_a_decimal_comma(run, tmp_path):
    lines = [f"{x:.4f};{y:.2f}".replace(".", ",") for x, y in zip(a, PRICE, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["a;price", *lines[:-1], '0,5;" 30000,5"', ""]))
    reading = ["--decimal", ",", "--types", "price=string"]
    for window in ([], ["--window-rows", "100"]):
        run("train", "t.csv", "--target", "price", "--loss", "squared_error", "--plain", "--quiet", *reading, *window)
        assert Model.load("model.fastmlp").target_scaling[0] == pytest.approx([3e4], rel=0.1)
        assert figures(run("evaluate", "model.fastmlp", "t.csv", *reading))["MAE"] < 5000


TEXTS = TABLE["text"].to_pylist()
BAD = {
    "null": pyarrow.array([None, *PRICE[1:]]), "NaN": [np.nan, *PRICE[1:]], "inf": [*PRICE[:-1], np.inf],
    "late": pyarrow.array([*PRICE[:-1], None]), "constant": np.full(n, 2.5), "large": PRICE * 1e26,
    "signed": np.r_[COUNT[:700], -1.0 - np.arange(100)], "words": [*TEXTS[:-1], "dear"],
    "date": [datetime.date(2020, 1, 1)] * n,
}  # fmt: skip


@pytest.mark.parametrize(
    ("target", "options", "words"),
    [
        ("null", [], "t.parquet, row group 0: target 'null' has 1 missing value"),
        ("NaN", [], "t.parquet, row group 0: target 'NaN' has 1 missing value"),
        ("NaN", ["--loss", "huber"], "row group 0: target 'NaN' has 1 missing value, the first in row 0; drop"),
        ("late", [], "row group 3: target 'late' has 1 missing value, the first in row 799; drop"),
        ("inf", [], "t.parquet, row group 3: inf contains inf in row 799"),
        ("large", [], "t.parquet, row group 0: large contains 2.94529e+30 in row 0, with which --loss squared_error "),
        ("constant", [], "target 'constant' has one value only (2.5)"),
        ("signed", ["--loss", "poisson"], "t.parquet, row group 3: signed contains -1 in row 700, but --loss poisson"),
        ("words", ["--loss", "huber"], "row group 3: target 'words' holds text that spells no number ('dear')"),
        ("date", ["--loss", "squared_error"], "target 'date' is of type date32[day]"),
        ("price", ["--loss", "poisson", "--quantile", "0.5"], "--quantile belongs to --loss quantile, but the loss is"),
        ("price", ["--loss", "log_loss", "--delta", "1"], "--delta belongs to --loss huber, but the loss is log_loss"),
        ("price", ["--quantile", "0.5", "--delta", "1"], "--delta belongs to --loss huber, but the loss is quantile"),
    ],
)
def test_mistakes(target, options, words, run, capsys):
    table = TABLE
    for name, values in BAD.items():
        table = table.append_column(name, [values])
    parquet.write_table(table, "t.parquet", row_group_size=200)
    assert main(["train", "t.parquet", "--target", target, *SHORT, *options]) == 2
    error = capsys.readouterr().err
    assert error.startswith("fastmlp: error: ")
    assert words in error
    assert error.count("\n") == 1


def test_a_constant_can_be_asked_for(run):
    parquet.write_table(TABLE.append_column("y", [np.full(n, 2.5)]), "t.parquet")
    out = run("train", "t.parquet", "--target", "y", "--loss", "squared_error", *TRAINING)
    prediction = predicted(run, "t.parquet")["prediction"].to_numpy()
    assert prediction == pytest.approx(np.full(n, 2.5), abs=0.5)
    assert figures(out)["R²"] == r2_score(np.full(n, 2.5), prediction)


def test_no_rows(run, capsys):
    run("train", "t.parquet", "--target", "price", *SHORT, "--epochs", "1", "--quantile", "0.1,0.9")
    parquet.write_table(TABLE.slice(0, 0), "none.parquet")
    run("predict", "model.fastmlp", "none.parquet", "--out", "p.csv")
    with open("p.csv") as file:
        assert file.read() == '"quantile_0.1","quantile_0.9"\n'
    for options in ([], ["--loss", "poisson"]):
        assert main(["train", "none.parquet", "--target", "price", *options]) == 2
        assert "none.parquet has 0 rows; at least 1 is required" in capsys.readouterr().err
