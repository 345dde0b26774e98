"""The strip of samples of a training run: what the model makes of held-out pictures, and what it draws from nothing."""

import numpy as np
from numpy.typing import NDArray

from pixpaint.commands.tiles import GREY, tiled
from pixpaint.models.base import Model
from pixpaint.sampling.fill import fill
from pixpaint.scaling import quantized
from pixpaint.training.masks import fixed_hole


def strip(model: Model, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A sheet, uint8 (rows, columns, 3), with four rows of as many pictures as given, (n, S, S, C).

    From the top: the lower half hidden, painted by the model, the original, and drawn from nothing. The same model
    and pictures give the same sheet.
    """
    pictures = quantized(pictures, model.config.levels)
    originals = np.ascontiguousarray(np.broadcast_to(pictures, (*pictures.shape[:3], 3)))
    height, width = originals.shape[1:3]
    bottom = fixed_hole("bottom", height, width, np.random.default_rng(0))
    hidden, painted, drawn = originals.copy(), originals.copy(), np.full_like(originals, 255)
    hidden[:, bottom] = GREY
    for k, picture in enumerate(originals):
        for event in fill(model, picture, bottom, seed=k):
            painted[k, event.rows, event.columns] = event.pixels[0]
    everything = np.ones((height, width), dtype=np.bool_)
    for event in fill(model, drawn[0], everything, candidates=len(drawn)):
        drawn[:, event.rows, event.columns] = event.pixels
    return tiled(np.concatenate([hidden, painted, originals, drawn]), across=len(originals))
