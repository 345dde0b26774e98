"""The contact sheet: pictures with a part hidden, what a model makes of them, and the originals."""

import numpy as np
from numpy.typing import NDArray

from pixpaint.commands.tiles import tiled
from pixpaint.models.base import Model
from pixpaint.sampling.fill import fill
from pixpaint.scaling import quantized
from pixpaint.training.masks import fixed_hole

HOLES = ("bottom", "right", "centre", "top", "stroke")
HIDDEN = (244, 164, 180)
"""The colour of what is hidden, that of the mask in the window."""
ENLARGED = 2


def contact_sheet(
    model: Model,
    pictures: NDArray[np.uint8],
    labels: NDArray[np.integer],
    *,
    count: int = 24,
    completions: int = 3,
    across: int = 3,
    seed: int = 0,
) -> NDArray[np.uint8]:
    """A sheet, uint8 (rows, columns, 3), of `count` of the pictures (n, S, S, C) with labels (n,), -1 for none.

    Each is shown with its hole, then `completions` times filled, then as it was; the holes take turns. Which pictures,
    holes and seeds is decided by `seed`, not by eye. The pictures are in the model's levels.
    """
    rng = np.random.default_rng(seed)
    pictures = quantized(pictures, model.config.levels)
    chosen = rng.permutation(len(pictures))[:count]
    tiles = []
    for k, i in enumerate(chosen):
        picture = np.broadcast_to(pictures[i], (*pictures.shape[1:3], 3))
        hole = fixed_hole(HOLES[k % len(HOLES)], picture.shape[0], picture.shape[1], rng)
        hidden = picture.copy()
        hidden[hole] = HIDDEN
        filled = np.repeat(picture[None], completions, 0)
        label = int(labels[i]) if labels[i] >= 0 else None
        for event in fill(model, filled[0], hole, seed=seed, label=label, candidates=completions):
            filled[:, event.rows, event.columns] = event.pixels
        tiles += [hidden, *filled, picture]
    sheet = tiled(np.stack(tiles), across=across * (completions + 2))
    return sheet.repeat(ENLARGED, 0).repeat(ENLARGED, 1)
