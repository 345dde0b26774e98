"""What a model would look at for one pixel of a picture: in the window and the orientation that a fill would paint it
in."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from pixpaint.layers.pixels import bytes_to_units
from pixpaint.models.base import Model
from pixpaint.models.field import Field
from pixpaint.models.receptive_field import receptive_field
from pixpaint.orientation import orient, restore
from pixpaint.recipe import Box, bounding_box
from pixpaint.sampling.fill import in_colours_of
from pixpaint.sampling.plan import plan
from pixpaint.sampling.pyramid import parts
from pixpaint.scaling import Bytes

Scalar = TypeVar("Scalar", bound=np.generic)

FARTHEST = 32
"""So many pixels to each side are looked at, at most: as large as a bundled model's training crop. The derivatives of a
large window take long."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """The field of a pixel, upright and as large as `box` of the picture; the orientation it is painted in; and whether
    a fill would go coarse to fine there, which this leaves out."""

    box: Box
    field: Field
    orientation: int
    coarse_to_fine: bool


def look(
    model: Model, image: Bytes, hole: NDArray[np.bool_], at: tuple[int, int], *, label: int | None = None
) -> Look:
    """For the pixel `at` (row, column) of an RGB picture uint8 (H, W, 3), as if it belonged to the hole (H, W) too. Of
    what is not painted yet the decoder is given what the picture holds there now.

    The window is the fill's as far as `FARTHEST` from the pixel. Where a fill would go coarse to fine this looks as if
    it did not: the hints are only known while it is painted.
    """
    config = model.config
    pixel = np.zeros_like(hole)
    pixel[at] = True
    hole = hole | pixel
    jobs = plan(hole, config.crop, oriented=config.oriented)
    job = next(job for job in jobs if pixel[job.box].any())

    def turned(array: NDArray[Scalar]) -> NDArray[Scalar]:
        return orient(array[job.window], job.orientation)

    ((row, column),) = np.argwhere(turned(pixel)).tolist()
    # What is left out above and to the left is whole coarsest cells: the others stay where they are in the fill.
    top, left = (max(place - FARTHEST, 0) // model.coarsest * model.coarsest for place in (row, column))
    part = np.s_[top : row + FARTHEST + 1, left : column + FARTHEST + 1]
    like = model.head.weight
    pixels = torch.from_numpy(turned(in_colours_of(config, image))[part].copy())
    x = bytes_to_units(pixels.movedim(-1, 0)[None], like.dtype).to(like.device)
    hidden = torch.from_numpy(turned(hole)[part].copy()).to(x)[None, None]
    within = (row - top, column - left)
    field = receptive_field(model, x, hidden, within, label=label, orientation=job.orientation)
    inside = np.zeros_like(turned(hole))
    inside[part] = True
    rows, columns = job.row, job.column
    top, left, bottom, right = bounding_box(restore(inside, job.orientation))
    box = (rows + top, columns + left, rows + bottom, columns + right)
    upright = Field(
        at=(at[0] - box[0], at[1] - box[1]),
        decoder=restore(field.decoder, job.orientation),
        encoder=None if field.encoder is None else restore(field.encoder, job.orientation),
    )
    found = parts(hole, config.crop, pyramid=config.hinted)
    pyramid = any(part.coarsest > 0 and pixel[part.box].any() for part in found)
    return Look(box=box, field=upright, orientation=job.orientation, coarse_to_fine=pyramid)
