"""Streams in place of X in an `MLPClassifier`: its classes, and rows to train on and to validate on."""

from typing import Any

import numpy as np

from ..network.network import Network
from ..rows.labels import Labels
from ..rows.order import Pass
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream
from ..rows.survey import classes_of
from ..rows.targets import check_sum
from ..shown import difference
from ..training.validation import Validation, warn_of_one_class
from .classes import class_weights, learn_classes


def learn(classifier: Any, stream: Stream, reset: bool, anew: bool) -> None:
    """Set the classifier's features (reset) and classes (anew), or compare the stream's with those it knows."""
    if reset:
        classifier.n_features_in_ = stream.n_features
        vars(classifier).pop("feature_names_in_", None)
        if stream.names is not None:
            classifier.feature_names_in_ = np.array(stream.names, dtype=object)
    check_features(classifier, stream)
    learn_classes(classifier, np.array(classes_of(stream)), anew)


def check_features(classifier: Any, stream: Stream) -> None:
    """Are the stream's features those of `fit`?"""
    if stream.n_features != classifier.n_features_in_:
        raise ValueError(
            f"X has {stream.n_features} features, but {type(classifier).__name__} is expecting "
            f"{classifier.n_features_in_} features as input"
        )
    known = getattr(classifier, "feature_names_in_", None)
    if known is not None and stream.names is not None and list(known) != stream.names:
        raise ValueError(
            "The feature names should match those that were passed during fit: "
            f"X has {difference(stream.names, list(known))}"
        )


def rows_of(
    classifier: Any, network: Network, stream: Stream, labelled: bool, others: bool = False
) -> StreamedRows:  # fmt: skip
    """The stream's rows as kernels read them; others: also of classes that the classifier does not know."""
    plan, labels = network.plan, None
    if labelled:
        name = stream.target_name or "y"
        labels = Labels(plan.widths[-1], plan.softmax, classifier.classes_.tolist(), name, others)
    return StreamedRows(stream, n_features=plan.widths[0], dtype=plan.dtype, labels=labels)


def score(classifier: Any, network: Network, theta: np.ndarray, stream: Stream) -> float:
    """The part of the stream's rows, by weight, whose class is the one that is predicted."""
    check_features(classifier, stream)
    if classifier._label_binarizer.y_type_.startswith("multilabel"):
        raise ValueError("X is a stream, whose rows have one class each, but the classifier was fitted to labels")
    rows, right, weight = rows_of(classifier, network, stream, labelled=True, others=True), 0.0, 0.0
    for P, window, first in network.outputs(rows, rows.order(), probabilities=True, theta=theta):
        y, w = window.labels(first, first + len(P))
        softmax, several = network.plan.softmax, len(classifier.classes_) > 1
        predicted = P.argmax(axis=1) if softmax else (P[:, 0] > 0.5) & several
        v = np.ones(len(P)) if w is None else w
        right, weight = right + float(v[predicted == y].sum()), weight + float(v.sum())
    return right / weight


def weights_of_classes(classifier: Any, rows: StreamedRows) -> np.ndarray | None:
    """The weight of each class, in the order of `classes_`; None: all the same."""
    given, classes = classifier.class_weight, classifier.classes_
    if given is None:
        return None
    if isinstance(given, dict):
        return class_weights(given, classes)
    if given != "balanced":
        raise ValueError(f"class_weight={given!r}: with a stream, give a dict, 'balanced' or None")
    counts = rows.survey().all[: len(classes)]
    return np.asarray(counts.sum() / (len(classes) * np.maximum(counts, 1)))


def training_rows(classifier: Any, network: Network, stream: Stream) -> StreamedRows:
    """All rows of the stream, weighted by classes, too."""
    rows = rows_of(classifier, network, stream, labelled=True)
    weights = weights_of_classes(classifier, rows)
    if weights is not None:
        rows.class_weights = np.concatenate([weights, np.ones(rows.survey().by_class.size - weights.size)])
        with np.errstate(over="ignore"):
            check_sum(float(rows.class_weights @ rows.survey().by_class))
    return rows


def split(classifier: Any, network: Network, rows: StreamedRows, given: tuple | None) -> tuple[Pass, Validation | None]:
    """Rows to train on, and rows to validate on, if any."""
    if classifier.scoring is not None and (given is not None or classifier.early_stopping):
        raise ValueError(f"scoring={classifier.scoring!r} needs X in memory; of a stream, the accuracy is the score")
    if given is not None:
        if not isinstance(given[0], Stream) or given[1] is not None or given[2] is not None:
            raise ValueError("X is a stream; X_val must be one, too, which brings y_val and sample_weight_val with it")
        check_features(classifier, given[0])
        held = rows_of(classifier, network, given[0], labelled=True)
        return rows.order(), Validation(held, held.order(), None, own=True)
    if not classifier.early_stopping:
        return rows.order(), None
    seed = int(classifier._random_state.randint(2**31))
    held = rows_of(classifier, network, rows.stream, labelled=True)  # without the weights of classes
    held.surveys, parts = rows.surveys, rows.parts(classifier.validation_fraction, seed)
    found = rows.survey(classifier.validation_fraction, seed)
    if found.n_validation < 2 or found.n_training < 1:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    if np.count_nonzero(found.kept) < 2 <= len(classifier.classes_):
        warn_of_one_class(classifier.validation_fraction, found.n_validation, "X_val")
    return parts[0], Validation(held, parts[1], None, own=True)
