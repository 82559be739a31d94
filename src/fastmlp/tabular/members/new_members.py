"""Members before their training: their encodings, nets and rows."""

from collections.abc import Callable

from ...model import Model
from ...training.loop import Part
from .data import Data
from .member import Member
from .recipe import NET, Recipe
from .streamed_data import StreamedData


class NewMembers:
    """Members that are made one by one.

    Parameters
    ----------
    data, recipe, seed, held, start : as for `fit`
    n_threads : of each member
    """

    def __init__(
        self, data: Data | StreamedData, recipe: Recipe, seed: int, n_threads: int, held: Data | None,
        start: Callable[[Model], None],
    ) -> None:  # fmt: skip
        self.data, self.recipe, self.seed, self.n_threads, self.start = data, recipe, seed, n_threads, start
        self.parts = parts_of(data, held, recipe)
        sample = data.sample(seed)
        self.features = {encoding: sample.features(encoding, recipe.wave_scale) for encoding in recipe.encodings}

    def member(self, k: int) -> Member:
        """Return member k = 0, 1, …, before its training."""
        recipe, loss = self.recipe, self.data.loss
        turn, at = divmod(k, len(recipe.encodings))
        encoding = recipe.encodings[at]
        validation, rest = self.parts(self.seed + turn)
        features = self.features[encoding]
        model = Model(
            [features.n_inputs, *[recipe.width] * recipe.depth, self.data.outputs], recipe.activation_of(encoding),
            dtype=NET, seed=self.seed + k, n_threads=self.n_threads, dropout=recipe.dropout, features=features,
            **loss.arguments(),
        )  # fmt: skip
        model.target_scaling = self.data.scaling
        self.start(model)
        return Member(encoding, turn, model, rest, validation)


def parts_of(data: Data | StreamedData, held: Data | None, recipe: Recipe) -> Callable[[int], tuple[Part, Part]]:
    """Return a function of a seed that gives rows to validate a member on, and those that it is trained on."""
    if held is None:
        return data.parts(recipe)
    both = held.part(), data.part()
    return lambda seed: both
