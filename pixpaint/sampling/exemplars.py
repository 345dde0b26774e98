"""What the known pixels of a picture have in places like those that were painted: patches that are alike (Wexler,
Shechtman and Irani, "Space-Time Completion of Video", IEEE Transactions on Pattern Analysis and Machine Intelligence
29, 2007).

Each *patch*, a small square, that touches painted pixels is compared with the known ones near it, its *exemplars*. The
one most like it votes for what each of its pixels is to be, and all that vote for a pixel settle it between them. What
they vote for may be the pixels themselves (`echoed`): then all are compared again, and known pixels count most, painted
ones the less the farther inside they lie. So edges and lines that end at the hole go on into it as they go on elsewhere
in the picture, and what looks like no part of it goes. What they settle is a mean, too smooth where they disagree, as
they do in textures: there a pixel may be drawn from around it (`redrawn`). Or they vote for something that is measured
at each pixel (`carried`).
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.scaling import Hole

PATCH = 5
"""Side in pixels of a patch."""
TURNS = 4
"""How often all patches are compared for `echoed`."""
FADING, LEAST_TRUST = 1.5, 0.05
"""How many times less a painted pixel counts that lies a pixel farther inside, down to a share of a known one."""
MIDDLE = PATCH / 3
"""Deviation in pixels of the bell by which the middle of a patch counts more than its rim."""
REDRAWN = ((MIDDLE, 0.0), (MIDDLE, 0.0), (MIDDLE, 0.0), (MIDDLE, 1.4), (0.5, 0.6))
"""The turns of `redrawn`: the deviation of the bell, as above, and how far grain goes, of how far those who vote do."""
MOVED = 4.0
"""By how much, in bytes of each of its components, what a patch votes for in `redrawn` is moved at most."""
TILE, REACH = 16, 16
"""In pixels: side of the squares that the patches are taken in, and how far around each square exemplars are sought."""
FARTHER, ENOUGH = 8, 256
"""By how many pixels they are sought farther, and again, until there are so many."""

_RIM = PATCH // 2
_EDGE = (_RIM, _RIM, _RIM, _RIM)


def echoed(
    picture: NDArray[np.float32], hole: Hole, own: Hole, stop: Callable[[], bool] = lambda: False
) -> NDArray[np.float32]:
    """A picture (H, W, C) in bytes, but not whole ones, with the painted pixels `own` (H, W) of its hole (H, W) as the
    known ones would have them. What else is hidden is not read. Without exemplars pixels stay as they were painted;
    where `stop` says so, as far as they have come."""
    x = torch.from_numpy(picture).float().movedim(-1, 0)
    trust, mine = _trust(hole, own), torch.from_numpy(own)
    tiles = list(_tiles(trust == 1, mine, stop))
    for _ in range(TURNS):
        x = _voted(x, x, trust, mine, tiles, stop)
    return x.movedim(0, -1).numpy()


def redrawn(
    picture: NDArray[np.float32],
    grain: NDArray[np.float32],
    hole: Hole,
    own: Hole,
    stop: Callable[[], bool] = lambda: False,
) -> NDArray[np.float32]:
    """A picture (H, W, C) much as `echoed` has it, but as rough as the known pixels are: where those that vote for a
    pixel are at one, it is what they say; where they are not, `grain` (H, W, C), the squares of which are 1 on average,
    says on which side of their mean it lies and how far, of how far they do. Once more, then, it is compared, now pixel
    by pixel, so that what was drawn becomes what is somewhere."""
    x, drawn = (torch.from_numpy(pixels).movedim(-1, 0) for pixels in (picture, grain))
    trust, mine = _trust(hole, own), torch.from_numpy(own)
    tiles = list(_tiles(trust == 1, mine, stop))
    ground = x[:, trust == 1].mean(1)[:, None, None] if tiles else 0.0
    x = x - ground  # lest differences of squares be lost in rounding
    for middle, spread in REDRAWN:
        votes = (
            (tile, torch.cat([told, told * told], 1), counts)
            for tile, told, counts in _moved_votes(x, trust, tiles, stop, middle)
        )
        mean, squares = _settled(torch.cat([x, x * x]), mine, votes).chunk(2)
        x = torch.where(mine, mean + spread * (squares - mean * mean).clamp(min=0).sqrt() * drawn, x)
    return (x + ground).movedim(0, -1).numpy()


def carried(
    picture: Tensor,
    values: Tensor,
    trust: Tensor,
    known: Tensor,
    own: Tensor,
    stop: Callable[[], bool] = lambda: False,
) -> Tensor:
    """Values (K, H, W) that are right where they are `known` (H, W), with those that are `own` (H, W) as the exemplars
    have them that the picture (C, H, W) is most like there, each pixel of which counts as `trust` (H, W) says. Without
    exemplars values stay as they are; where `stop` says so, too."""
    return _voted(picture, values, trust, own, _tiles(known, own, stop), stop)


class _Tile(NamedTuple):
    """A square of patches: where their pixels lie, which of them, row by row, touch what was painted, and where in the
    picture with its edge, row by row, the exemplars near them begin."""

    box: tuple[slice, slice]
    patches: Tensor
    exemplars: Tensor


class _Match(NamedTuple):
    """The patches of a tile (n, C * PATCH * PATCH); where the exemplars most like them begin (n,); how far each
    of their pixels is trusted, and how much votes for it count, as the whole patch is trusted and most in its middle
    (both n, PATCH * PATCH)."""

    tile: _Tile
    patches: Tensor
    nearest: Tensor
    trust: Tensor
    counts: Tensor


_Votes = Iterable[tuple[_Tile, Tensor, Tensor]]
"""What the patches of each tile vote for (n, K * PATCH * PATCH), and how much these votes count (n, PATCH * PATCH)."""


def _matched(
    x: Tensor, trust: Tensor, tiles: Iterable[_Tile], stop: Callable[[], bool], middle: float
) -> Iterator[_Match]:
    """Each tile's patches of x (C, H, W), with its edge, and the exemplars most like them, where pixels count as
    `trust` (H, W) says, with its edge, too, and as a bell of the deviation `middle`."""
    bell = _bell(middle)
    for tile in tiles:
        if stop():
            break
        exemplars = _patches_at(x, tile.exemplars)
        mine, sure = (_patches(planes[:, *tile.box])[tile.patches] for planes in (x, trust[None]))
        weight = sure * bell
        share = _shares(weight).repeat(1, len(x))
        # (a - b)^2 without the square of the patch's own pixels, which is the same for all its exemplars
        away = torch.cat([share, -2 * share * mine], 1) @ torch.cat([exemplars * exemplars, exemplars], 1).T
        yield _Match(tile, mine, tile.exemplars[away.argmin(1)], sure, weight.mean(1, keepdim=True) * bell)


def _voted(
    x: Tensor, values: Tensor, trust: Tensor, own: Tensor, tiles: Iterable[_Tile], stop: Callable[[], bool]
) -> Tensor:
    """The values (K, H, W), with those that are `own` (H, W) voted for by the exemplars that are most like x (C, H, W),
    whose pixels count as `trust` (H, W) says."""
    x, framed, trust = (F.pad(planes, _EDGE) for planes in (x, values, trust))
    matches = _matched(x, trust, tiles, stop, MIDDLE)
    votes = ((match.tile, _patches_at(framed, match.nearest), match.counts) for match in matches)
    return _settled(values, own, votes)


def _moved_votes(
    x: Tensor, trust: Tensor, tiles: Iterable[_Tile], stop: Callable[[], bool], middle: float
) -> _Votes:
    """The votes for x (C, H, W) itself, each patch's moved to the mean of its own pixels, by MOVED at most: grounds are
    plain, but seldom of one colour."""
    x, trust = (F.pad(planes, _EDGE) for planes in (x, trust))
    for match in _matched(x, trust, tiles, stop, middle):
        told = _patches_at(x, match.nearest)
        away = (match.patches - told).view(len(told), len(x), -1)
        step = (away * _shares(match.trust)[:, None]).sum(2, keepdim=True).clamp(-MOVED, MOVED)
        yield match.tile, told + step.expand_as(away).flatten(1), match.counts


def _settled(values: Tensor, own: Tensor, votes: _Votes) -> Tensor:
    """The values (K, H, W), with those that are `own` (H, W) the mean of the votes for them, if there are any."""
    found, own = F.pad(values, _EDGE), F.pad(own, _EDGE)
    total, count = torch.zeros_like(found), torch.zeros_like(found[0])
    for tile, told, counts in votes:
        total[:, *tile.box] += _laid(told * counts.repeat(1, len(found)), tile)
        count[tile.box] += _laid(counts, tile)[0]
    settled = own & (count > 0)
    found[:, settled] = total[:, settled] / count[settled]
    return found[:, _RIM:-_RIM, _RIM:-_RIM]


def _shares(weights: Tensor) -> Tensor:
    """Weights (n, m) that add up to 1 in each row."""
    return weights / weights.sum(1, keepdim=True).clamp(min=1e-9)


def _tiles(known: Tensor, own: Tensor, stop: Callable[[], bool]) -> Iterator[_Tile]:
    """The squares that have patches which touch `own` (H, W), until `stop` says so; none if there are no exemplars."""
    touching, whole = _any(F.pad(own, _EDGE)), ~_any(~F.pad(known, _EDGE))
    counts = F.pad(whole.long().cumsum(0).cumsum(1), (1, 0, 1, 0)).numpy()  # above and to the left
    enough = min(ENOUGH, counts[-1, -1])
    height, width = touching.shape
    rows, columns = np.nonzero(touching.numpy())
    for row, column in np.unique(np.stack([rows, columns], 1) // TILE, axis=0) * TILE if enough else ():
        if stop():
            return
        for reach in itertools.count(REACH, FARTHER):
            top, left = max(row - reach, 0), max(column - reach, 0)
            end, right = min(row + TILE + reach, height), min(column + TILE + reach, width)
            if counts[end, right] - counts[top, right] - counts[end, left] + counts[top, left] >= enough:
                break
        down, across = whole[top:end, left:right].nonzero(as_tuple=True)
        exemplars = (top + down) * (width + PATCH - 1) + left + across
        here = slice(row, min(row + TILE, height)), slice(column, min(column + TILE, width))
        box = slice(here[0].start, here[0].stop + PATCH - 1), slice(here[1].start, here[1].stop + PATCH - 1)
        yield _Tile(box, touching[here].flatten().nonzero()[:, 0], exemplars)


def _trust(hole: Hole, own: Hole) -> Tensor:
    """How much each pixel counts (H, W): a known one 1, one that is hidden and not `own` nothing."""
    trust, inside = (torch.from_numpy(mask).float()[None, None] for mask in (~hole | own, hole))
    for _ in range(math.ceil(-math.log(LEAST_TRUST, FADING))):
        trust = torch.where(inside > 0, trust / FADING, trust)
        inside = 1 - F.max_pool2d(1 - inside, 3, 1, 1)
    return torch.where(torch.from_numpy(own), trust.clamp(min=LEAST_TRUST), trust)[0, 0]


def _any(mask: Tensor) -> Tensor:
    """Whether a mask (H, W) has something in each patch (H - PATCH + 1, W - PATCH + 1)."""
    return F.max_pool2d(mask[None, None].float(), PATCH, 1)[0, 0] > 0


def _patches(x: Tensor) -> Tensor:
    """The patches of x (C, h, w), row by row: (patches, C * PATCH * PATCH)."""
    return F.unfold(x[None], PATCH)[0].T


def _patches_at(x: Tensor, places: Tensor) -> Tensor:
    """The patches of x (C, h, w) that begin at these pixels (n,), counted row by row: (n, C * PATCH * PATCH)."""
    down, across = torch.meshgrid(torch.arange(PATCH), torch.arange(PATCH), indexing="ij")
    pixels = places[:, None] + (down * x.shape[2] + across).flatten()
    return x.flatten(1)[:, pixels].movedim(0, 1).flatten(1)


def _laid(patches: Tensor, tile: _Tile) -> Tensor:
    """The sum of a tile's patches (patches, C * PATCH * PATCH), each where it lies: (C, h, w)."""
    height, width = (side.stop - side.start for side in tile.box)
    places = torch.zeros(patches.shape[1], (height - PATCH + 1) * (width - PATCH + 1))
    places[:, tile.patches] = patches.T
    return F.fold(places[None], (height, width), PATCH)[0]


def _bell(deviation: float) -> Tensor:
    """How much each pixel of a patch counts (PATCH * PATCH,)."""
    line = (-0.5 * ((torch.arange(PATCH) - _RIM) / deviation) ** 2).exp()
    return torch.outer(line, line).flatten()
