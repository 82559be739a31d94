"""Draw the learning curve of a training into an image file."""

from pathlib import Path
from typing import IO, Any, cast

from ..plot import LossCurveDisplay, of_history, require_matplotlib
from ..system.atomic_write import replaced


def learning_curve(history: list[dict[str, Any]], path: str, loss: str = "log loss") -> None:
    """Draw the `history` of a Model into an image file, whose type is the ending of its name; loss: its name."""
    require_matplotlib()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    ax = figure.subplots()
    LossCurveDisplay(**of_history(history)).plot(ax)
    ax.set(ylabel=f"mean {loss}", title="Learning curve")
    with replaced(path) as file:
        figure.savefig(cast("IO[bytes]", file), dpi=150, format=image_type(path))


def check_image(path: str) -> None:
    """Raise, before anything is computed, if `learning_curve` cannot draw into a file of this name."""
    require_matplotlib()
    from matplotlib.figure import Figure

    known = Figure().canvas.get_supported_filetypes()
    if image_type(path) not in known:
        raise ValueError(
            f"{path}: matplotlib draws no such file; let the name end with one of "
            f"{', '.join('.' + kind for kind in known)}"
        )


def image_type(path: str) -> str:
    """Return the ending of a name, or png if there is none."""
    return Path(path).suffix[1:].lower() or "png"
