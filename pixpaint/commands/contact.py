"""The contact sheet of `pixpaint bench quality`: pictures, their holes, and what each filler made of them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pixpaint.commands.sheet import HIDDEN
from pixpaint.commands.tiles import GAP, GREY, tiled

LABEL = 28  # pixels, the height of a line of labels
TEXT = 18  # pixels


def band(
    kind: str,
    pictures: NDArray[np.uint8],
    holes: Sequence[NDArray[np.bool_]],
    fills: Mapping[str, Sequence[NDArray[np.uint8]]],
) -> NDArray[np.uint8]:
    """A row a picture of (n, H, W, 3), as uint8 (rows, columns, 3): as it was, with its hole (H, W), and filled by each
    of `fills`, in columns that are labelled."""
    tiles = []
    for i, (picture, hole) in enumerate(zip(pictures, holes, strict=True)):
        hidden = picture.copy()
        hidden[hole] = HIDDEN
        tiles += [picture, hidden, *(filled[i] for filled in fills.values())]
    titles = ("original", f"hole: {kind}", *fills)
    return np.concatenate([_labels(titles, pictures.shape[2]), tiled(np.stack(tiles), len(titles))])


def _labels(titles: Sequence[str], width: int) -> NDArray[np.uint8]:
    """A line of titles above columns of that width."""
    line = Image.new("RGB", (len(titles) * (width + GAP) + GAP, LABEL), (GREY,) * 3)
    draw = ImageDraw.Draw(line)
    for k, title in enumerate(titles):
        place = (GAP + k * (width + GAP) + width / 2, LABEL / 2)
        draw.text(place, title, fill="black", anchor="mm", font=ImageFont.load_default(TEXT))
    return np.asarray(line)
