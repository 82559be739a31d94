"""`TableEncoder` over Dask dataframes: learned by partitions, encoded where these lie."""

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from dask import delayed
from one_worker import one_worker
from sklearn.pipeline import make_pipeline

from fastmlp import TableEncoder
from fastmlp.dask import DaskMLPClassifier

n = 240
random = np.random.default_rng(0)
FRAME = pd.DataFrame({
    "age": np.where(random.random(n) < 0.2, np.nan, random.normal(40, 10, n)),
    "job": pd.Series(random.choice(["clerk", "nun", "smith"], n), dtype=object),
    "count": random.integers(0, 9, n),
})  # fmt: skip
FRAME.loc[n - 40 :, "job"] = None  # a partition without a value
TABLE = dd.from_pandas(FRAME, npartitions=6, sort=False)


def computed(encoder, table):
    with_dask = encoder.transform(table)
    assert with_dask.shape[1] == len(encoder.get_feature_names_out())
    assert with_dask.dtype == encoder.dtype
    return with_dask.compute(scheduler="synchronous")


@pytest.mark.parametrize("settings", [{}, {"scaling": "robust", "dtype": "float64", "categories": ["count"]}])
def test_as_a_frame_of_pandas(settings):
    encoder, expected = TableEncoder(**settings).fit(TABLE), TableEncoder(**settings).fit(FRAME)
    assert encoder.get_feature_names_out().tolist() == expected.get_feature_names_out().tolist()
    assert (encoder.n_rows_, encoder.feature_names_in_.tolist()) == (n, ["age", "job", "count"])
    np.testing.assert_allclose(computed(encoder, TABLE), expected.transform(FRAME), rtol=1e-6)
    some = TABLE[TABLE["age"] > 50][["job", "age", "count"]]  # in another order
    np.testing.assert_array_equal(computed(encoder, some), encoder.transform(FRAME[FRAME["age"] > 50]))


def test_partitions_are_read_one_at_a_time_and_none_before_it_is_needed():
    read = []

    def part(k):
        read.append(k)
        return FRAME[k * 60 : k * 60 + 60]

    table = dd.from_delayed([delayed(part)(k) for k in range(4)], meta=FRAME[:0], verify_meta=False)
    encoder = TableEncoder().fit(table)
    assert read == [0, 1, 2, 3]
    encoder.transform(table)
    assert read == [0, 1, 2, 3]


def test_empty_partitions_and_what_is_wrong():
    encoder = TableEncoder().fit(FRAME)
    none = TABLE[TABLE["age"] > 1000]
    assert computed(encoder, none).shape == (0, len(encoder.get_feature_names_out()))
    with pytest.raises(ValueError, match="0 sample"):
        TableEncoder().fit(none)
    with pytest.raises(ValueError, match="no column named 'job'"):
        encoder.transform(TABLE[["age", "count"]])
    wrong = dd.from_map(lambda k: FRAME[["age"]].assign(age="x" if k else 1.0), range(2), meta=FRAME[["age"]])
    with pytest.raises(ValueError, match="partition 1: column 'age'"):
        TableEncoder().fit(wrong)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_pipeline_over_a_cluster():
    with one_worker():
        y = dd.from_pandas(FRAME["count"] > 4, npartitions=6, sort=False)
        pipeline = make_pipeline(
            TableEncoder(), DaskMLPClassifier((4,), solver="lbfgs", random_state=0, timeout=60)
        ).fit(TABLE, y)
        told = pipeline.predict(TABLE).compute()
        np.testing.assert_array_equal(told, FRAME["count"] > 4)
        assert pipeline.score(TABLE, y) == 1
