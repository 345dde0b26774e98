"""What is done to each level of a fill once it is painted, so that it goes on where the known pixels end.

A model that paints pixel by pixel reads its own pixels: one that is a little off is in what the next ones are drawn
from. So smooth grounds come out mottled, and where the last rows and columns of a hole meet the known pixels again,
there is a step. The known pixels around the hole tell both; `calmed` mends the one and `joined` the other. And what is
painted strays as a whole from what they lead to expect, and has edges and colours that they have nowhere. At the
coarsest level of several `held` takes that back, and `contrasted` what it costs; at the finer ones, where it is edges
and textures that are seen, `retold` has the known pixels tell them. A coarser level is mended before the next one is
painted on it.

Pictures are uint8 (H, W, C), as large as the level they belong to; only the level's own pixels change.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.models.encoder import continued
from pixpaint.recipe import bounding_box
from pixpaint.sampling.exemplars import carried, echoed, redrawn
from pixpaint.sampling.pyramid import Level
from pixpaint.scaling import Bytes

AROUND = 32
"""How far from a hole, in pixels of a level, its surroundings reach that tell how rough it is to be."""
SQUARE = 7
"""Side in pixels of the squares in which roughness is measured."""
COMPANY = 0.25
"""Share of such a square that is known around a pixel that is not alone."""
ENLARGED = 4
"""How far in pixels from a cell of the coarser level the enlarged one still reads it."""
MOST, MOST_COARSEST = 2.0, 1.5
"""How many times rougher the details of a finer level may become, and those of the coarsest of several."""
LEAST_ROUGH = 0.15
"""Bytes that both roughnesses have more than they are measured to have: rounding makes it, and no ground is flatter."""
SWEEPS = 32
"""Of Jacobi's method for the smooth continuation, at each size."""
REACH = 32
"""How far in pixels a seam's step is felt: so many steps of the conjugate gradients."""
HELD, LEAST_HELD = 5.6, 1.4
"""Deviation of the bell, in pixels of the picture and at least in those of a level, over which colours are averaged
that are held to what is extrapolated."""
ECHOED, LEAST_ECHOED = 2.8, 0.7
"""The same, of those held to what exemplars have there."""
GRAIN, GRAIN_NEAR, LEAST_GRAIN = 2.0, 4.0, 0.05
"""Deviations of the bells, in pixels of the level, of what grain is finer than, and of where its own is measured; and
the least that its square has there, in bytes."""
CONTRAST = 0.3
"""By what share colours averaged near a pixel move away from those averaged widely."""
CONTRAST_NEAR, CONTRAST_WIDE, CONTRAST_RIM = 1.0, 8.0, 2.0
"""Deviations of the bells, in pixels of the level, of these averages, and of the one that leaves the rim as it is."""
OPPONENT = torch.tensor(
    [[3**-0.5, 3**-0.5, 3**-0.5], [2**-0.5, 0, -(2**-0.5)], [6**-0.5, -2 * 6**-0.5, 6**-0.5]]
)
"""From RGB to light, red against blue and both against green: where the light changes, the colour often does not."""

Near = tuple[NDArray[np.intp], NDArray[np.intp]]


def held(
    picture: Bytes,
    level: Level,
    expected: NDArray[np.float32],
    hold: float,
    stop: Callable[[], bool] = lambda: False,
) -> Bytes:
    """The picture with the colours of its painted pixels, averaged around each, moved by the share `hold`, from 0 to 1,
    to those of what is `expected` (H, W, C), see extrapolation.py, and then, averaged more closely, to those that the
    known pixels have in places like these, see exemplars.py; or as far as that has come when `stop` says so. What is
    finer than that stays mostly as it was painted."""
    found = _by_waves(picture, level, expected)
    echo = echoed(found, level.hole, level.own, stop)
    found = _moved(found, level, echo, max(LEAST_ECHOED, ECHOED / 2**level.level))
    return _by_share(picture, found, hold)


def retold(
    picture: Bytes,
    level: Level,
    expected: NDArray[np.float32] | None,
    hold: float,
    stop: Callable[[], bool] = lambda: False,
) -> Bytes:
    """The picture of a finer level with its painted pixels moved by the share `hold`, from 0 to 1, to what the known
    ones have in places like these, see exemplars.py, or as far as that has come when `stop` says so. So edges, lines
    and grounds are the picture's own. What was painted tells which places are alike; and where these differ, its grain
    tells which of them is followed. First its colours are moved to those of what is `expected` (H, W, C), if anything
    is, as `held` does it."""
    found = picture.astype(np.float32) if expected is None else _by_waves(picture, level, expected)
    turn = _turn(picture).numpy()
    drawn = redrawn(found @ turn.T, _grain(picture, level), level.hole, level.own, stop) @ turn
    return _by_share(picture, np.where(level.own[..., None], drawn, picture), hold)


def _by_waves(picture: Bytes, level: Level, expected: NDArray[np.float32]) -> NDArray[np.float32]:
    """The picture with the colours of its painted pixels, averaged around each, moved to those of what is expected."""
    return _moved(picture.astype(np.float32), level, expected, max(LEAST_HELD, HELD / 2**level.level))


def _by_share(picture: Bytes, found: NDArray[np.float32], hold: float) -> Bytes:
    """The picture moved by the share `hold` to what was found."""
    moved: Bytes = np.rint(picture + hold * (found - picture)).clip(0, 255).astype(np.uint8)
    return moved


def _grain(picture: Bytes, level: Level) -> NDArray[np.float32]:
    """What is fine in the painted pixels, in light and two colours apart, and by how much in the pixels near each: (H,
    W, C), of which the squares are 1 on average."""
    cut = _Cut.of(level)
    x = _tensor(picture[cut.box], _turn(picture))
    fine = x - _averaged(x, cut.own + cut.known, GRAIN)
    deviation = _averaged(fine * fine, cut.own, GRAIN_NEAR).clamp(min=LEAST_GRAIN).sqrt()
    grain = np.zeros(picture.shape, np.float32)
    grain[cut.box] = (cut.own * fine / deviation)[0].movedim(0, -1).numpy()
    return grain


def _turn(picture: Bytes) -> Tensor:
    """What turns the picture's channels into light and two colours; of grey it leaves the light."""
    return OPPONENT if picture.shape[2] == 3 else torch.eye(1)


def _moved(
    picture: NDArray[np.float32], level: Level, expected: NDArray[np.float32], deviation: float
) -> NDArray[np.float32]:
    """The picture with its painted pixels moved by what the expected ones are away, averaged around each by a bell of
    this deviation."""
    cut = _Cut.of(level)
    away = _tensor(expected[cut.box] - picture[cut.box], torch.eye(picture.shape[2]))
    found = picture.copy()
    found[cut.box] += (cut.own * _averaged(away, cut.own, deviation))[0].movedim(0, -1).numpy()
    return found


def contrasted(picture: Bytes, level: Level, hold: float) -> Bytes:
    """The picture with its painted pixels' contrast raised: their colours, averaged near each, move away from those
    averaged widely, known pixels counted, by the share CONTRAST of `hold`; the less the nearer known ones are.

    What colours are held to is averaged, of waves and of votes: details of 2 to 8 pixels come out a quarter fainter
    than those of photographs. Where half size is the coarsest, this gives some of it back.
    """
    cut = _Cut.of(level)
    turn = torch.eye(picture.shape[2])
    x, read = _tensor(picture[cut.box], turn), cut.own + cut.known
    away = _averaged(x, read, CONTRAST_NEAR) - _averaged(x, read, CONTRAST_WIDE)
    inside = (1 - 2 * _averaged(cut.known, torch.ones_like(read), CONTRAST_RIM)).clamp(min=0)
    return cut.put(picture, x + CONTRAST * hold * inside * away, turn)


def calmed(
    picture: Bytes,
    level: Level,
    hints: NDArray[np.float32] | None,
    calm: float,
    near: Near | None,
    stop: Callable[[], bool] = lambda: False,
) -> Bytes:
    """The picture with its painted pixels as rough as the known ones around them, by the share `calm` of that, from 0
    to 1: at most MOST times rougher at a finer level, MOST_COARSEST times at the coarsest of several, and only calmer
    where there is one. `near` is `nearest_known`, and what the turns before this one have painted counts as known.

    Roughness is how far pixels are from what has none: at a finer level `hints` (H, W, C), the enlarged coarser level;
    at the coarsest, where there are none, the median of the pixels around each, which keeps edges and lines. It is
    averaged near each pixel, in light and two colours apart. That of a painted pixel is to be that of the nearest known
    one, or at a finer level that of known ones where the coarser level looks alike, until `stop` says so: an average of
    all those around the hole would be a little rough everywhere, and pictures are smooth here and rough there. Painted
    pixels are brought nearer to what has none, or farther from it.
    """
    if not calm or near is None:
        return picture
    cut = _Cut.of(level)
    turn = _turn(picture)
    x = _tensor(picture[cut.box], turn)
    plain = (
        _median(continued(x, cut.own + cut.known, SWEEPS)) if hints is None else _tensor(hints[cut.box], turn)
    )
    far = (x - plain).abs()
    measured = cut.measured(hinted=hints is not None)
    wanted = _nearby(far, measured)[..., *near]
    if hints is not None:
        wanted = _where_alike(plain, wanted, cut, measured, stop)
    share = (wanted + LEAST_ROUGH) / (_nearby(far, cut.own) + LEAST_ROUGH)
    most = MOST if hints is not None else MOST_COARSEST if level.level else 1.0
    share = share.clamp(max=most)
    return cut.put(picture, plain + (1 - calm * (1 - share)) * (x - plain), turn)


def nearest_known(level: Level, *, hinted: bool) -> Near | None:
    """Where, in the part of a level that `calmed` looks at, the known pixel lies that is nearest to each one, of those
    whose roughness can be told: rows and columns, each (h, w). None if there is none.

    The nearest in each column is found first, then for each pixel the nearest of these that its row has, which is
    exact (Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions", 2012, by plain search).
    """
    known = _Cut.of(level).measured(hinted=hinted)[0, 0].numpy() > 0
    if not known.any():
        return None
    height, width = known.shape
    row, far = np.arange(height)[:, None], 2 * (height + width)
    above = np.maximum.accumulate(np.where(known, row, -far))
    below = np.minimum.accumulate(np.where(known, row, far)[::-1])[::-1]
    nearest = np.where(row - above <= below - row, above, below)
    down = np.square(nearest - row, dtype=np.float32)
    across = np.square(np.arange(width)[:, None] - np.arange(width), dtype=np.float32)
    columns = np.stack([(across + gaps).argmin(1) for gaps in down])
    return np.take_along_axis(nearest, columns, 1), columns


def joined(picture: Bytes, level: Level, weight: float, stop: Callable[[], bool] = lambda: False) -> Bytes:
    """The picture without the step where painted pixels meet known ones: it is spread over the painted ones.

    Least squares: their steps among each other are to stay as they are, and those to known neighbours are to be none,
    which counts `weight` times as much. So it is the seamless cloning of Perez, Gangnet and Blake (2003), but bears
    with a seam that looks like any other step. It is found by conjugate gradients, from no change at all, or left as
    far as it has come when `stop` says so.
    """
    if not weight:
        return picture
    cut = _Cut.of(level)
    if not cut.known.any():
        return picture
    turn = torch.eye(picture.shape[2])
    x = _tensor(picture[cut.box], turn)
    seams = [cut.own * side for side in _neighbours(cut.known)]
    inner = [cut.own * side for side in _neighbours(cut.own)]
    met = torch.stack(seams).sum(0)
    diagonal = (torch.stack(inner).sum(0) + weight * met).clamp(min=1e-9)

    def applied(change: Tensor) -> Tensor:
        return diagonal * change - _total(inner, _neighbours(change))

    left = weight * (_total(seams, _neighbours(x)) - met * x)
    change, way, last = torch.zeros_like(x), torch.zeros_like(x), torch.ones(())
    for _ in range(REACH):
        towards = left / diagonal
        size = (left * towards).sum()
        if size < 1e-6 or stop():
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
        box = _around(level)
        own, known = (torch.from_numpy(mask[box]).float()[None, None] for mask in (level.own, ~level.hole))
        return cls(box, own, known)

    def measured(self, *, hinted: bool) -> Tensor:
        """The known pixels whose distance from the enlarged coarser level, if they are `hinted`, says how rough they
        are: beside the hole that level was painted, too, and as far as its enlargement reaches. Without hints those
        that are not alone: what is measured at a few pixels amid painted ones says little of the known ones."""
        if hinted:
            return _eroded(self.known)
        company = F.avg_pool2d(self.known, SQUARE, 1, SQUARE // 2, count_include_pad=False)
        together = self.known * (company >= COMPANY)
        return together if together.any() else self.known

    def put(self, picture: Bytes, x: Tensor, turn: Tensor) -> Bytes:
        """The picture with its own pixels from x (1, C, h, w), in the components that `turn` leads to."""
        pixels = (x[0].movedim(0, -1) @ turn).round().clamp(0, 255).to(torch.uint8).numpy()
        found = picture.copy()
        found[self.box] = np.where(self.own[0, 0].numpy()[..., None] > 0, pixels, picture[self.box])
        return found


def _around(level: Level) -> tuple[slice, slice]:
    """The rows and columns of the box of what is to be painted, and AROUND more on each side; it begins where a cell of
    the coarser level does."""
    top, left, bottom, right = bounding_box(level.own)
    top, left = (max(side - AROUND, 0) // 2 * 2 for side in (top, left))
    return slice(top, bottom + AROUND), slice(left, right + AROUND)


def _tensor(pixels: NDArray[np.uint8] | NDArray[np.float32], turn: Tensor) -> Tensor:
    """Pixels (h, w, C) as (1, C, h, w), turned."""
    return (torch.from_numpy(pixels).float() @ turn.T).movedim(-1, 0)[None]


def _median(x: Tensor) -> Tensor:
    """Of the 3 x 3 pixels around each one of x (1, C, h, w); beyond the edges their pixels go on."""
    squares = F.pad(x, (1, 1, 1, 1), mode="replicate").unfold(2, 3, 1).unfold(3, 3, 1)
    return squares.flatten(4).median(4).values


def _eroded(mask: Tensor) -> Tensor:
    """Where all pixels within ENLARGED of a pixel of the mask (1, 1, h, w) are in it."""
    return 1 - F.max_pool2d(1 - mask, 2 * ENLARGED + 1, 1, ENLARGED)


def _where_alike(
    plain: Tensor, wanted: Tensor, cut: _Cut, measured: Tensor, stop: Callable[[], bool]
) -> Tensor:
    """How rough pixels are to be (1, C, h, w), right where they are `measured` (1, 1, h, w), its own ones anew: as
    known ones are where the enlarged coarser level, `plain` (1, C, h, w), looks alike. At half size, as that one is,
    and by its mean near each pixel and how rough it is itself: pixel by pixel, all grain is most like plain ground."""
    half, values, told, own, known = (
        F.avg_pool2d(planes, 2, ceil_mode=True) for planes in (plain, wanted, measured, cut.own, cut.known)
    )
    complete = (own + known == 1).float()
    mean = _nearby(half, complete)
    looks = torch.cat([mean, _nearby((half - mean).abs(), complete)], 1)
    look, rough = (planes[0].movedim(0, -1) for planes in (looks, values))
    found = carried(look, rough, complete[0, 0], told[0, 0] == 1, own[0, 0] > 0, stop)
    enlarged = F.interpolate(found.movedim(-1, 0)[None], scale_factor=2.0)
    return enlarged[..., : plain.shape[2], : plain.shape[3]]


def _nearby(amount: Tensor, mask: Tensor) -> Tensor:
    """The mean of an amount (1, C, h, w) over those pixels of the square around each pixel that are in the mask (1, 1,
    h, w), 0 where there are none."""
    total, count = (F.avg_pool2d(part, SQUARE, 1, SQUARE // 2) for part in (amount * mask, mask))
    return total / count.clamp(min=1e-9)


def _averaged(x: Tensor, mask: Tensor, deviation: float) -> Tensor:
    """The mean of those of x (1, C, h, w) that are in the mask (1, 1, h, w) around each pixel, weighted by a normal
    distribution of this deviation."""
    return _bell(x * mask, deviation) / _bell(mask, deviation).clamp(min=1e-9)


def _bell(x: Tensor, deviation: float) -> Tensor:
    """The sum of x (1, C, h, w) around each pixel, weighted by a normal distribution of this deviation."""
    reach = math.ceil(3 * deviation)
    weights = (-0.5 * (torch.arange(-reach, reach + 1) / deviation) ** 2).exp()
    x = F.conv2d(x.movedim(0, 1), weights.view(1, 1, -1, 1), padding=(reach, 0))
    return F.conv2d(x, weights.view(1, 1, 1, -1), padding=(0, reach)).movedim(0, 1)


def _total(masks: list[Tensor], sides: list[Tensor]) -> Tensor:
    """The sum of what lies at those sides of each pixel that the masks (1, 1, h, w) name."""
    return torch.stack([mask * side for mask, side in zip(masks, sides, strict=True)]).sum(0)


def _neighbours(x: Tensor) -> list[Tensor]:
    """What lies above, below, left and right of each pixel of x (1, C, h, w), 0 beyond its edges."""
    padded = F.pad(x, (1, 1, 1, 1))
    return [
        padded[..., :-2, 1:-1], padded[..., 2:, 1:-1], padded[..., 1:-1, :-2], padded[..., 1:-1, 2:],
    ]  # fmt: skip
