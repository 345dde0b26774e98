"""What is done to each level of a fill once it is painted, so that it goes on where the known pixels end.

A model that paints pixel by pixel reads its own pixels: one that is a little off is in what the next ones are drawn
from. So smooth grounds come out mottled, and where the last rows and columns of a hole meet the known pixels again,
there is a step. The known pixels around the hole tell both; `calmed` mends the one and `joined` the other. A coarser
level is mended before the next one is painted on it.

Pictures are uint8 (H, W, C), as large as the level they belong to; only the level's own pixels change.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.models.encoder import continued
from pixpaint.sampling.pyramid import AROUND, Level
from pixpaint.scaling import Bytes

SQUARE = 5
"""Side in pixels of the squares in which roughness is measured."""
LEAST_ROUGH = 0.15
"""Bytes that both roughnesses have more than they are measured to have: rounding makes it, and no ground is flatter."""
SWEEPS = 32
"""Of Jacobi's method for the smooth continuation, at each size."""
REACH = 32
"""How far in pixels a seam's step is felt: so many steps of the conjugate gradients."""
OPPONENT = torch.tensor(
    [[3**-0.5, 3**-0.5, 3**-0.5], [2**-0.5, 0, -(2**-0.5)], [6**-0.5, -2 * 6**-0.5, 6**-0.5]],
    dtype=torch.float64,
)
"""From RGB to light, red against blue and both against green: where the light changes, the colour often does not."""


def calmed(picture: Bytes, level: Level, hints: NDArray[np.float32] | None, calm: float) -> Bytes:
    """The picture with its painted pixels as rough as the known ones around them, where they are rougher; by the share
    `calm` of that, from 0 to 1.

    At a finer level roughness is how far pixels are from `hints` (H, W, C), the enlarged coarser level, and the painted
    ones are brought nearer to these; at the coarsest, where there are none, it is how far they are from their
    neighbours, and they are brought nearer to the smooth continuation of the known pixels. It is measured near each
    pixel, in light and two colours apart, and its logarithm is continued smoothly from the known pixels into the hole.
    """
    cut = _Cut.of(level)
    if not calm or not cut.known.any():
        return picture
    turn = OPPONENT if picture.shape[2] == 3 else torch.eye(1, dtype=torch.float64)
    x = _tensor(picture[cut.box], turn)
    if hints is None:
        base = continued(x, cut.known, SWEEPS)
        known, painted = _steps(x, cut.known), _steps(x, cut.own)
    else:
        base = _tensor(hints[cut.box], turn)
        far = (x - base).abs()
        known, painted = _Amount(far * cut.known, cut.known), _Amount(far * cut.own, cut.own)
    around, measured = known.nearby()
    wanted = continued((around + LEAST_ROUGH).log(), cut.known * measured, SWEEPS).exp()
    share = (wanted / (painted.nearby()[0] + LEAST_ROUGH)).clamp(max=1)
    return cut.put(picture, base + (1 - calm * (1 - share)) * (x - base), turn)


def joined(picture: Bytes, level: Level, weight: float) -> Bytes:
    """The picture without the step where painted pixels meet known ones: it is spread over the painted ones.

    Least squares: their steps among each other are to stay as they are, and those to known neighbours are to be none,
    which counts `weight` times as much. So it is the seamless cloning of Perez, Gangnet and Blake (2003), but bears
    with a seam that looks like any other step. It is found by conjugate gradients, from no change at all.
    """
    cut = _Cut.of(level)
    if not weight or not cut.known.any():
        return picture
    turn = torch.eye(picture.shape[2], dtype=torch.float64)
    x = _tensor(picture[cut.box], turn)
    seams = [cut.own * side for side in _neighbours(cut.known)]
    inner = [cut.own * side for side in _neighbours(cut.own)]
    diagonal = (torch.stack(inner).sum(0) + weight * torch.stack(seams).sum(0)).clamp(min=1e-9)

    def applied(change: Tensor) -> Tensor:
        sides = zip(inner, _neighbours(change), strict=True)
        return diagonal * change - torch.stack([mask * side for mask, side in sides]).sum(0)

    steps = [mask * (side - x) for mask, side in zip(seams, _neighbours(x), strict=True)]
    left = weight * torch.stack(steps).sum(0)
    change, way, last = torch.zeros_like(x), torch.zeros_like(x), torch.ones(())
    for _ in range(REACH):
        towards = left / diagonal
        size = (left * towards).sum()
        if size < 1e-9:
            break
        way = towards + size / last * way
        against = applied(way)
        length = size / (way * against).sum()
        change, left, last = change + length * way, left - length * against, size
    return cut.put(picture, x + change, turn)


class _Cut(NamedTuple):
    """A level's own pixels and those around them: where they lie, and masks (1, 1, h, w) of its own and the known."""

    box: tuple[slice, slice]
    own: Tensor
    known: Tensor

    @classmethod
    def of(cls, level: Level) -> "_Cut":
        rows, columns = (np.flatnonzero(level.own.any(axis)) for axis in (1, 0))
        box = (
            slice(max(rows[0] - AROUND, 0), rows[-1] + AROUND + 1),
            slice(max(columns[0] - AROUND, 0), columns[-1] + AROUND + 1),
        )
        own, known = (torch.from_numpy(mask[box]).double()[None, None] for mask in (level.own, ~level.hole))
        return cls(box, own, known)

    def put(self, picture: Bytes, x: Tensor, turn: Tensor) -> Bytes:
        """The picture with its own pixels from x (1, C, h, w), in the components that `turn` leads to."""
        pixels = (x[0].movedim(0, -1) @ turn).round().clamp(0, 255).to(torch.uint8).numpy()
        found = picture.copy()
        found[self.box] = np.where(self.own[0, 0].numpy()[..., None] > 0, pixels, picture[self.box])
        return found


class _Amount(NamedTuple):
    """Something measured at each pixel, summed (1, C, h, w), and how often (1, 1, h, w)."""

    total: Tensor
    times: Tensor

    def nearby(self) -> tuple[Tensor, Tensor]:
        """Its mean in the square around each pixel, 0 where it was measured nowhere, and whether it was."""
        total, times = (F.avg_pool2d(part, SQUARE, 1, SQUARE // 2) for part in self)
        return total / times.clamp(min=1e-9), (times > 0).double()


def _tensor(pixels: NDArray[np.uint8] | NDArray[np.float32], turn: Tensor) -> Tensor:
    """Pixels (h, w, C) as (1, C, h, w), turned."""
    return (torch.from_numpy(pixels).double() @ turn.T).movedim(-1, 0)[None]


def _steps(x: Tensor, mask: Tensor) -> _Amount:
    """The steps from each pixel of the mask to its neighbours in it."""
    pairs = [mask * side for side in _neighbours(mask)]
    steps = [pair * (side - x).abs() for pair, side in zip(pairs, _neighbours(x), strict=True)]
    return _Amount(torch.stack(steps).sum(0), torch.stack(pairs).sum(0))


def _neighbours(x: Tensor) -> list[Tensor]:
    """What lies above, below, left and right of each pixel of x (1, C, h, w), 0 beyond its edges."""
    padded = F.pad(x, (1, 1, 1, 1))
    return [
        padded[..., :-2, 1:-1], padded[..., 2:, 1:-1], padded[..., 1:-1, :-2], padded[..., 1:-1, 2:],
    ]  # fmt: skip
