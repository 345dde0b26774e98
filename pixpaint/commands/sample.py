"""`pixpaint sample`: draws pictures from nothing and shows them side by side in one PNG."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pixpaint.commands.fill import check, load
from pixpaint.commands.outputs import check_png
from pixpaint.commands.progress import Progress
from pixpaint.commands.tiles import tiled
from pixpaint.document import Document, open_picture
from pixpaint.png import save_png
from pixpaint.recipe import FillSettings
from pixpaint.sampling.painting import Painter


def sample(settings: FillSettings, output: Path, like: Path | None = None) -> int:
    """Draws `settings.candidates` pictures of the size the model was trained at, like the picture `like` where one is
    given; returns the exit code. Raises PixpaintError.
    """
    painter = Painter()
    check(painter, settings)
    check_png([output], [] if like is None else [like])
    across = math.ceil(math.sqrt(settings.candidates))
    size = painter.card(settings).size
    shown = None if like is None else thumbnail(like, size)
    with Progress("drawing") as progress:
        used = load(painter, settings, progress, size * size * settings.candidates)
        progress.start("drawing")
        pictures = painter.draw(
            used, like=shown, on_row=lambda event: progress.update(event.done, event.total)
        )
    save_png(Document(pixels=tiled(pictures, across)), output)
    count = "1 picture" if settings.candidates == 1 else f"{settings.candidates} pictures"
    print(f"{output}: {count} of {size} × {size} pixels by {settings.models}, seed {settings.seed}")
    return 0


def thumbnail(path: Path, size: int) -> NDArray[np.uint8]:
    """A picture as models know it, uint8 (size, size, 3), whatever its shape: on white where it is transparent. Raises
    BadImage."""
    document = open_picture(path)
    picture = document.on_white(document.hole)
    if picture.shape[:2] == (size, size):
        return picture
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BOX))
