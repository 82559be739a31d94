"""What a user may write, for mypy (`make lint`): correct arguments have types that fit, and wrong ones do not."""

from collections.abc import Iterator

import numpy as np

from fastmlp import Adam, MLPClassifier, MLPRegressor, Model, TableEncoder, rows
from fastmlp.typing import Record

X, y = np.zeros((10, 3)), np.zeros(10)


def stop(model: Model, record: Record) -> bool:
    return record["loss"] < 0.1


def blocks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    yield X, y


def right() -> None:
    model = Model([3, 4, 1], ["tanh"], dtype=np.float64)
    Model([3, 4, 1], dtype="mixed_bfloat16")
    Model([3, 4, 1], (np.tanh, lambda z: 1 - np.tanh(z) ** 2), dropout=[0.5])
    model.fit(X, y, X_val=X, y_val=[0, 1], callbacks=[stop, lambda model, record: None], optimizer=Adam())
    model.fit([[1.0, 2.0, 3.0]], [1], callbacks=stop, optimizer="adamw", verbose="bar")
    for stream in (
        rows.Parquet("a.parquet", "y"),
        rows.Csv(["a.csv"], "y"),
        rows.Array(X, "y.npy"),
        rows.Blocks(blocks),
    ):
        model.fit(stream, X_val=stream)
    classifier = MLPClassifier((4,), callbacks=lambda classifier, record: None, class_weight={"a": 1.0}, dropout=[0.5])
    classifier.fit(X, y, X_val=X, y_val=y).partial_fit(X, y).predict_proba(X)
    regressor = MLPRegressor(
        "quantile", (4,), dtype="mixed_bfloat16", callbacks=lambda regressor, record: None, quantile=[0.1, 0.9]
    )
    regressor.fit(X, y, X_val=X, y_val=y).partial_fit(X, [1.5] * 10).predict(X)
    TableEncoder(numbers=["a"]).fit(rows.Parquet("a.parquet"))


def wrong(model: Model, classifier: MLPClassifier, regressor: MLPRegressor) -> None:
    Model([3, 1], "swish")  # type: ignore[arg-type]
    model.fit(X, y, verbose="bars")  # type: ignore[arg-type]
    model.fit(X, y, optimizer="adagrad")  # type: ignore[arg-type]
    model.fit(X, y, callbacks=3)  # type: ignore[arg-type]
    MLPClassifier(solver="newton")  # type: ignore[arg-type]
    classifier.fit(X, y, 3, 4)  # type: ignore[call-arg]
    MLPRegressor("log_loss")  # type: ignore[arg-type]
    MLPRegressor(class_weight="balanced")  # type: ignore[call-arg]
    regressor.predict(X, y)  # type: ignore[call-arg]
