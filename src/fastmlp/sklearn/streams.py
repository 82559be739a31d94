"""Streams as X of an `MLPClassifier`."""

from typing import Any

import numpy as np

from ..messages import difference
from ..network.network import Network
from ..rows.labels import Labels
from ..rows.order import Pass
from ..rows.streamed import StreamedRows
from ..rows.streams.stream import Stream, check_alone
from ..rows.survey import classes_of
from ..rows.targets import check_sum
from ..training.validation import Validation, warn_of_one_class
from . import view
from .classes import class_weights, learn_classes


class StreamData:
    """A stream, which brings y and weights with its rows: parameters and methods as for `MemoryData`."""

    dtype = np.dtype(np.float32)

    def __init__(self, classifier: Any, X: Stream, y: Any = None, w: Any = None, suffix: str = "") -> None:
        check_alone(y, w, suffix)
        self.classifier, self.stream = classifier, X

    def learn(self, reset: bool, new_classes: bool) -> None:
        """Set the classifier's features (reset) and classes, or compare the stream's with them."""
        classifier, names = self.classifier, self.stream.names
        if reset:
            classifier.n_features_in_ = self.stream.n_features
            vars(classifier).pop("feature_names_in_", None)
            if names is not None:
                classifier.feature_names_in_ = np.array(names, dtype=object)
        self.compare()
        learn_classes(classifier, np.array(classes_of(self.stream)), new_classes)

    def compare(self) -> None:
        """Raise ValueError unless the stream's features are those of `fit`."""
        classifier, stream = self.classifier, self.stream
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

    def rows(self, network: Network) -> StreamedRows:
        """Return rows to predict."""
        self.compare()
        return StreamedRows(self.stream, n_features=network.plan.widths[0], dtype=network.plan.dtype)

    def labelled_rows(self, network: Network, others: bool = False) -> StreamedRows:
        """Return rows with targets; others: also those of classes that the classifier does not know."""
        plan, name = network.plan, self.stream.target_name or "y"
        labels = Labels(plan.widths[-1], plan.softmax, self.classifier.classes_.tolist(), name, others)
        return StreamedRows(self.stream, n_features=plan.widths[0], dtype=plan.dtype, labels=labels)

    def training_rows(self, network: Network) -> StreamedRows:
        """Return rows with targets, and weights of rows times weights of classes."""
        rows = self.labelled_rows(network)
        weights = self.weights_of_classes(rows)
        if weights is not None:
            rows.class_weights = np.concatenate([weights, np.ones(rows.survey().by_class.size - weights.size)])
            with np.errstate(over="ignore"):
                check_sum(float(rows.class_weights @ rows.survey().by_class))
        return rows

    def weights_of_classes(self, rows: StreamedRows) -> np.ndarray | None:
        """Return the weight of each class in the order of `classes_`, or None where all are the same."""
        given, classes = self.classifier.class_weight, self.classifier.classes_
        if given is None:
            return None
        if isinstance(given, dict):
            return class_weights(given, classes)
        if given != "balanced":
            raise ValueError(f"class_weight={given!r}: with a stream, give a dict, 'balanced' or None")
        counts = rows.survey().all[: len(classes)]
        return np.asarray(counts.sum() / (len(classes) * np.maximum(counts, 1)))

    def all_rows(self, rows: StreamedRows) -> Pass:
        """Return a pass over all rows."""
        return rows.order()

    def split(self, network: Network, rows: StreamedRows) -> tuple[Pass, Validation]:
        """Draw rows to train on and rows to validate on, one by one."""
        self.check_scoring()
        classifier, fraction = self.classifier, self.classifier.validation_fraction
        seed = int(classifier._random_state.randint(2**31))
        validated = self.labelled_rows(network)  # without the weights of classes
        validated.surveys, (training, kept) = rows.surveys, rows.parts(fraction, seed)
        found = rows.survey(fraction, seed)
        if found.n_validation < 2 or found.n_training < 1:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        if np.count_nonzero(found.kept) < 2 <= len(classifier.classes_):
            warn_of_one_class(fraction, found.n_validation, "X_val")
        return training, Validation(validated, kept, None, own=True)

    def validation(self, network: Network) -> Validation:
        """Return what evaluates a network over all rows, after a check that they are like those of `learn`."""
        self.check_scoring()
        self.compare()
        rows = self.labelled_rows(network)
        return Validation(rows, rows.order(), None, own=True)

    def check_scoring(self) -> None:
        """Raise ValueError where the classifier has a scorer, which would need all rows at once."""
        if self.classifier.scoring is not None:
            raise ValueError(
                f"scoring={self.classifier.scoring!r} needs X in memory; of a stream, the accuracy is the score"
            )

    def score(self) -> float:
        """Return the accuracy, by weight, of what `predict` would give."""
        now, network, theta = view.present(self.classifier)
        data = StreamData(now, self.stream)
        data.compare()
        if now._label_binarizer.y_type_.startswith("multilabel"):
            raise ValueError("X is a stream, whose rows have one class each, but the classifier was fitted to labels")
        rows, right, weight = data.labelled_rows(network, others=True), 0.0, 0.0
        for P, window, first in network.outputs(rows, rows.order(), probabilities=True, theta=theta):
            y, w = window.labels(first, first + len(P))
            softmax, several = network.plan.softmax, len(now.classes_) > 1
            predicted = P.argmax(axis=1) if softmax else (P[:, 0] > 0.5) & several
            v = np.ones(len(P)) if w is None else w
            right, weight = right + float(v[predicted == y].sum()), weight + float(v.sum())
        return right / weight
