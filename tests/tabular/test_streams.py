"""Streams as X of the tabular estimators: kept in memory where they are small, and else read epoch by epoch."""

import numpy as np
import pandas as pd
import pytest

from fastmlp import TabularClassifier, TabularRegressor, rows
from fastmlp.exceptions import RowError
from fastmlp.losses import LOG_LOSS
from fastmlp.rows.labels import Labels
from fastmlp.rows.order import Pass, lots
from fastmlp.rows.streamed import StreamedRows
from fastmlp.tabular import estimator
from fastmlp.tabular.members import rules, streamed_data
from fastmlp.tabular.members.recipe import Recipe
from fastmlp.tabular.members.streamed_data import StreamedData, among, taken
from fastmlp.training.loop import Part

n = 600
random = np.random.default_rng(0)
TABLE = pd.DataFrame({
    "number": random.normal(50, 20, n), "other": random.standard_normal(n),
    "kind": random.choice(["a", "b", "c"], n), "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n), "D"),
})  # fmt: skip
TABLE.loc[::7, "other"] = np.nan
CLASS = np.where((TABLE["number"] > 60) ^ (TABLE["kind"] == "b"), "yes", "no")
NUMBER = TABLE["number"] / 10 + (TABLE["kind"] == "c") * 5 + 100
WEIGHT = random.uniform(0.5, 2, n)
X = random.standard_normal((n, 3))
PLAIN = X[:, 0] > 0


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch):
    monkeypatch.setattr(
        estimator, "recipe_for", lambda n, classes: Recipe(n_members=2, width=32, depth=2, epochs=15, batch_rows=32)
    )


@pytest.fixture
def folder(tmp_path):
    """Return a folder of three Parquet files, with row groups of several sizes."""
    table = TABLE.assign(label=CLASS, amount=NUMBER, weight=WEIGHT)
    for k, part in enumerate((table[:100], table[100:450], table[450:])):
        part.to_parquet(tmp_path / f"{k}.parquet", row_group_size=(100, 70, 40)[k], index=False)
    return tmp_path


def parquet(folder, target, **settings):
    return rows.Parquet(folder, target, columns=list(TABLE), **settings)


def classifier(**settings):
    return TabularClassifier(random_state=0, **settings)


def regressor(**settings):
    return TabularRegressor(random_state=0, **settings)


def test_a_stream_in_memory_gives_the_bits_of_its_table(folder):
    stream = classifier(class_weight="balanced").fit(parquet(folder, "label", weight="weight"))
    table = classifier(class_weight="balanced").fit(TABLE, CLASS, WEIGHT)
    np.testing.assert_array_equal(stream.predict_proba(TABLE), table.predict_proba(TABLE))
    stream, table = regressor().fit(parquet(folder, "amount")), regressor().fit(TABLE, NUMBER)
    np.testing.assert_array_equal(stream.predict(TABLE), table.predict(TABLE))


@pytest.mark.parametrize("fit", ["streamed", "kept"])
def test_classes_are_learned(folder, fit):
    stream = parquet(folder, "label", window_rows=256 if fit == "streamed" else None)
    model = classifier().fit(stream)
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.feature_names_in_.tolist() == list(TABLE)
    assert model.score(stream) > 0.88
    np.testing.assert_array_equal(model.predict_proba(stream), model.predict_proba(TABLE))
    assert model.score(stream) == pytest.approx(model.score(TABLE, CLASS))
    weighted = parquet(folder, "label", weight="weight")
    assert model.score(weighted) == pytest.approx(model.score(TABLE, CLASS, WEIGHT))


def test_numbers_are_learned(folder):
    stream = parquet(folder, "amount", window_rows=256)
    model = regressor().fit(stream)
    assert model.score(stream) > 0.95
    assert model.score(stream) == pytest.approx(model.score(TABLE, NUMBER))
    np.testing.assert_array_equal(model.predict(stream), model.predict(TABLE))


def test_counts_begin_at_their_mean(folder, monkeypatch):
    """Of a stream, too: with a rate of next to nothing, predictions are near the mean."""
    monkeypatch.setattr(
        estimator,
        "recipe_for",
        lambda n, classes: Recipe(n_members=1, epochs=1, learning_rate=1e-9, smooth_learning_rate=1e-9),
    )
    model = regressor(loss="poisson").fit(parquet(folder, "amount", window_rows=256))
    assert model.predict(TABLE).mean() == pytest.approx(NUMBER.mean(), rel=0.3)


def test_training_reads_only_a_stream_of_windows(folder):
    """What validates is in memory, disjoint from what is trained on, and drawn anew for each turn."""
    made = {}
    original = streamed_data.StreamedData.parts

    def parts(self, recipe):
        of = original(self, recipe)
        made["data"], made["parts"] = self, [of(seed) for seed in (1, 2)]
        return of

    streamed_data.StreamedData.parts, before = parts, original
    try:
        classifier().fit(parquet(folder, "label", window_rows=256))
    finally:
        streamed_data.StreamedData.parts = before
    assert isinstance(made["data"], StreamedData)
    sizes = []
    for validation, rest in made["parts"]:
        assert isinstance(rest.order, Pass)
        assert validation.rows.n_rows + rest.order.size == n
        sizes.append(validation.rows.n_rows)
        drawn = ~rest.order.chosen(0, n)
        np.testing.assert_array_equal(validation.rows.y, (CLASS == "yes")[drawn])
    assert not np.array_equal(made["parts"][0][0].rows.X, made["parts"][1][0].rows.X)
    assert all(30 < size < 100 for size in sizes)


def test_the_sample_of_a_stream_has_the_rows_of_the_tables(folder, monkeypatch):
    monkeypatch.setattr("fastmlp.tabular.members.encodings.SAMPLED_ROWS", 150)
    found = []
    original = streamed_data.Sample.__init__

    def init(self, *arguments, **named):
        original(self, *arguments, **named)
        found.append((self.X, np.asarray(self.y, float)))

    monkeypatch.setattr(streamed_data.Sample, "__init__", init)
    for stream in (parquet(folder, "label", window_rows=256), parquet(folder, "label")):
        classifier().fit(stream)
    (streamed, y), (kept, labels) = found
    assert streamed.shape[0] == 150
    np.testing.assert_array_equal(streamed, kept)
    np.testing.assert_array_equal(y, labels)


def test_any_number_of_threads_gives_the_same_bits(folder):
    first = classifier(n_threads=1).fit(parquet(folder, "label", window_rows=256))
    second = classifier(n_threads=3).fit(parquet(folder, "label", window_rows=256))
    np.testing.assert_array_equal(first.predict_proba(TABLE), second.predict_proba(TABLE))


def test_class_weights_count_in_streams(folder):
    plain, weighted = (
        classifier(class_weight=given).fit(parquet(folder, "label", window_rows=256))
        for given in (None, {"yes": 20.0, "no": 1.0})
    )
    assert weighted.predict_proba(TABLE)[:, 1].mean() > plain.predict_proba(TABLE)[:, 1].mean() + 0.02


@pytest.mark.parametrize("window_rows", [256, None])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_rows_to_validate_on_may_be_a_stream_or_a_table(folder, window_rows, class_weight):
    """Balanced weights are those of the training rows: of these rows, nearly all have one class."""
    few = np.flatnonzero((CLASS == "yes") | (np.arange(n) % 40 == 0))[:150]
    held = rows.Arrow(TABLE.iloc[few].assign(label=CLASS[few]), "label")
    stream = parquet(folder, "label", window_rows=window_rows)
    by_stream = classifier(class_weight=class_weight).fit(stream, X_val=held)
    by_table = classifier(class_weight=class_weight).fit(stream, X_val=TABLE.iloc[few], y_val=CLASS[few])
    np.testing.assert_array_equal(by_stream.predict_proba(TABLE), by_table.predict_proba(TABLE))
    histories = [model.models_[0].history[-1]["validation_loss"] for model in (by_stream, by_table)]
    assert histories[0] == histories[1]


def test_rows_drawn_for_validation_need_weight(folder, monkeypatch):
    none = np.zeros(n)
    none[np.flatnonzero(lots(0, n, 1) > np.uint64(2**63))[:3]] = 1
    table = TABLE.assign(label=CLASS, weight=none)
    monkeypatch.setattr(estimator, "check_random_state", lambda state: Fixed())
    with pytest.raises(RowError, match="the rows drawn for validation: sample_weight is 0 for every row"):
        classifier().fit(rows.Arrow(table, "label", weight="weight", window_rows=256))


class Fixed:
    """Draws 1."""

    def randint(self, most):
        return 1


@pytest.mark.parametrize("window_rows", [256, None])
def test_streams_of_numbers(window_rows):
    def blocks():
        for first in range(0, n, 90):
            yield X[first : first + 90], PLAIN[first : first + 90]

    array = rows.Array(X, PLAIN, window_rows=window_rows, block_rows=50)
    for stream in (rows.Blocks(blocks, window_rows=window_rows), array):
        model = classifier().fit(stream)
        assert model.classes_.tolist() == [False, True]
        assert not hasattr(model, "feature_names_in_")
        assert model.score(stream) > 0.93
        np.testing.assert_array_equal(model.predict_proba(stream), model.predict_proba(X))


def test_more_classes_from_text(tmp_path):
    table = TABLE.assign(code=TABLE["kind"].map({"a": "01", "b": "2", "c": "x"}))
    table.drop(columns="day").to_csv(tmp_path / "table.csv", index=False)
    stream = rows.Csv(tmp_path / "table.csv", "code", window_rows=256)
    model = classifier().fit(stream)
    assert model.classes_.tolist() == ["01", "2", "x"]
    assert model.score(stream) > 0.97


@pytest.mark.parametrize(("later", "what"), [(n - 1, "fewer"), (n, "more")])
def test_a_stream_that_changes_is_refused(later, what):
    length = [2 * n - 1 - later]
    stream = rows.Blocks(lambda: iter([(X[: length[0]], PLAIN[: length[0]])]), n_features=3)
    of = StreamedRows(stream, n_features=3, dtype=np.float32, labels=Labels(1, LOG_LOSS))
    found = of.survey().n_training
    length[0] = later
    with pytest.raises(RowError, match=f"{what} rows than an earlier pass"):
        taken(of, found, lambda first, n: None)


def test_bad_streams(folder):
    with pytest.raises(ValueError, match="X is a stream, which brings y"):
        classifier().fit(parquet(folder, "label"), CLASS)
    with pytest.raises(ValueError, match="no target"):
        classifier().fit(parquet(folder, None))
    one = TABLE.assign(label="yes")
    with pytest.raises(ValueError, match="only one class"):
        classifier().fit(rows.Arrow(one, "label"))
    hole = TABLE.assign(amount=NUMBER.where(TABLE.index != 17))
    with pytest.raises(RowError, match="missing value"):
        regressor().fit(rows.Arrow(hole, "amount"))


def test_rows_are_found_among_numbers():
    assert among(np.array([3, 7, 8]), 4, 4).tolist() == [False, False, False, True]
    assert among(np.array([3, 7, 8]), 9, 2).tolist() == [False, False]


def test_a_part_of_a_pass_is_its_beginning():
    """Of streams of known and unknown blocks; rows after it are not missed."""
    blocks = rows.Blocks(lambda: iter([(X[:400], PLAIN[:400]), (X[400:], PLAIN[400:])]), window_rows=128)
    for stream in (blocks, rows.Array(X, PLAIN, window_rows=128)):
        of = StreamedRows(stream, n_features=3, dtype=np.float32, labels=Labels(1, LOG_LOSS))
        whole, _ = of.parts(0.1, 0)
        order = whole.shuffled(3, 1)
        found = [window.X.copy() for window in of.windows(order, 32)]
        first = [window.X.copy() for window in of.windows(order.part(0, 200), 32)]
        taken_rows = {tuple(row) for row in np.concatenate(found)}
        assert len(np.concatenate(first)) == 200
        assert all(tuple(row) in taken_rows for row in np.concatenate(first))
        assert whole.part(0, n) == whole
    with pytest.raises(ValueError, match="first=1"):
        whole.part(1, 5)


def test_less_than_an_epoch_of_a_stream():
    of = StreamedRows(rows.Array(X, PLAIN), n_features=3, dtype=np.float32, labels=Labels(1, LOG_LOSS))
    course = rules.Course(Part(of, of.order()), 0.3, 32, 0)
    assert (course.rounds, course.size(0), course.steps) == (1, 192, 6)
    assert (course.order(0).size, course.order(0).cut) == (192, True)
    whole = rules.Course(Part(of, of.order()), 2, 32, 0)
    assert (whole.rounds, whole.size(1), whole.order(1).cut) == (2, n, False)


def test_a_time_limit_holds_for_streams(folder):
    model = classifier(time_limit=1.0).fit(parquet(folder, "label", window_rows=256))
    assert np.isfinite(model.predict_proba(TABLE)).all()
    assert model.recipe_.epochs <= 15  # how good it is, depends on the machine
