"""What a model looks at for one pixel, as numbers and as a picture. No torch, no Qt."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Colour = tuple[int, int, int]

DECADES = 4
"""What has a ten-thousandth of the largest influence or less is shown as the least that is seen."""
FAINTEST = 0.22
"""How strongly that is drawn, of 1."""

MOST_OPAQUE = 0.85
"""Of 1: the picture below stays in sight."""

DECODER_COLOUR: Colour = (232, 108, 14)
ENCODER_COLOUR: Colour = (38, 104, 222)
THE_PIXEL: Colour = (28, 32, 40)
UNSEEN: Colour = (164, 170, 180)
LATER: Colour = (236, 238, 241)
PAPER: Colour = (255, 255, 255)


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """How much what a model says of the pixel `at` (row, column) depends on each pixel of a picture, float64 (H, W), 0
    where not at all: `decoder` on those that were drawn before it, `encoder`, if there is one, on those known around
    the hole. Derivatives of the output parameters by pixels in [-1, 1]."""

    at: tuple[int, int]
    decoder: Map
    encoder: Map | None

    @property
    def seen(self) -> NDArray[np.bool_]:
        """What the decoder depends on at all, (H, W)."""
        return self.decoder > 0


def strength(influence: Map) -> Map:
    """How strongly each pixel is drawn: 0 where there is no influence, from FAINTEST to 1 on a scale of decades
    below the largest."""
    largest = influence.max()
    if largest == 0:
        return np.zeros_like(influence)
    below = np.log10(np.where(influence > 0, influence, largest) / largest)
    shown = 1 + np.maximum(below, -DECADES) / DECADES * (1 - FAINTEST)
    return np.where(influence > 0, shown, 0.0)


def overlay(field: Field) -> Bytes:
    """To be laid over the picture, RGBA (H, W, 4): what the decoder sees in one colour, the encoder in another, both
    mixed; transparent elsewhere."""
    layers = [(strength(field.decoder), DECODER_COLOUR)]
    if field.encoder is not None:
        layers.append((strength(field.encoder), ENCODER_COLOUR))
    shown = np.stack([strengths for strengths, _ in layers])
    # By powers, so that of two influences the stronger one is plain, and only equal ones are mixed.
    shares = shown**3 / np.maximum((shown**3).sum(0), np.finfo(np.float64).tiny)
    mixed = np.einsum("khw,kc->hwc", shares, np.array([colour for _, colour in layers], np.float64))
    opacity = 255 * MOST_OPAQUE * shown.max(0)
    laid: Bytes = np.rint(np.dstack([mixed, opacity])).astype(np.uint8)
    return laid


def decoder_diagram(field: Field, cell: int) -> Bytes:
    """The picture's pixels as cells of so many pixels a side, uint8 (H * cell + 1, W * cell + 1, 3): what the decoder
    sees, the darker the more, what it does not see though it came before, what comes later, and the pixel itself. A
    decoder that saw what comes later would show it."""
    order = np.arange(field.decoder.size).reshape(field.decoder.shape)
    later = order >= order[field.at]
    return _diagram(field.at, field.decoder, DECODER_COLOUR, later, cell)


def encoder_diagram(field: Field, cell: int) -> Bytes:
    """The same of what the encoder sees; what it does not see is the hole."""
    assert field.encoder is not None
    return _diagram(field.at, field.encoder, ENCODER_COLOUR, np.zeros(field.encoder.shape, np.bool_), cell)


def _diagram(
    at: tuple[int, int], influence: Map, colour: Colour, later: NDArray[np.bool_], cell: int
) -> Bytes:
    shown = strength(influence)[..., None]
    cells = (1 - shown) * PAPER + shown * np.array(colour)
    cells[influence == 0] = UNSEEN
    cells[later & (influence == 0)] = LATER
    cells[at] = THE_PIXEL
    height, width = influence.shape
    picture = np.full((height * cell + 1, width * cell + 1, 3), PAPER, np.uint8)
    enlarged = np.rint(cells).astype(np.uint8).repeat(cell, 0).repeat(cell, 1)
    # A line of paper above and to the left of each cell.
    inside = (np.arange(height * cell) % cell > 0)[:, None] & (np.arange(width * cell) % cell > 0)
    picture[:-1, :-1][inside] = enlarged[inside]
    return picture
