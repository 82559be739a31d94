"""Columns may have any name, also those by which tables of other kinds are recognised."""

import numpy as np
import pandas as pd
import pytest

import fastmlp
from fastmlp import MLPClassifier, Model, TableEncoder, TabularClassifier, rows

NAMES = [
    "batches", "chunks", "collect", "column_names", "compute", "map_blocks", "names", "nnz", "npartitions", "read_all",
    "record_batches", "table_blocks", "tocsr", "to_dask_array", "to_delayed", "toarray", "with_text",
]  # fmt: skip
random = np.random.default_rng(0)
X = pd.DataFrame(random.standard_normal((60, len(NAMES))), columns=NAMES)
y = X["compute"].to_numpy() > 0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimators():
    for classifier in (MLPClassifier((4,), max_iter=2), TabularClassifier(n_members=1, random_state=0)):
        classifier.fit(X, y)
        assert classifier.feature_names_in_.tolist() == NAMES
        assert classifier.predict_proba(X).shape == (60, 2)


def test_models_and_reports():
    model = Model([len(NAMES), 4, 1]).fit(X, y, epochs=1)
    assert model.feature_names == NAMES
    streamed = Model([len(NAMES), 4, 1]).fit(rows.Arrow(X.assign(y=y), target="y"), epochs=1)
    np.testing.assert_allclose(streamed.predict_proba(X), model.predict_proba(X), rtol=1e-5)
    assert fastmlp.report(model, X, y, n_repeats=1).figures["AUC"] > 0


def test_encoders():
    encoder = TableEncoder().fit(X)
    assert encoder.get_feature_names_out().tolist() == NAMES
    assert encoder.transform(X).shape == X.shape
