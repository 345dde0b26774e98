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
REDRAWN = 5 * ((MIDDLE, 0.0),) + ((MIDDLE, 1.5), (0.5, 0.8))
"""The turns of `redrawn`: the deviation of the bell, as above, and how far grain goes, of how far votes are apart."""
USUAL, BESIDE = 1.5, 9
"""How many times as far apart as is usual in a square of this side in pixels, an odd one, the votes for a pixel count
at most: where they are at odds about an edge alone, grain would fray it."""
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
    x, mine = torch.from_numpy(picture).float(), torch.from_numpy(own)
    search = _Search(_trust(hole, own), mine, stop)
    for _ in range(TURNS):
        if stop():
            break
        x = x + _settled(torch.zeros_like(x), mine, _steps(search.matches(x, MIDDLE), 0.0))
    return x.numpy()


def redrawn(
    picture: NDArray[np.float32],
    grain: NDArray[np.float32],
    hole: Hole,
    own: Hole,
    stop: Callable[[], bool] = lambda: False,
) -> NDArray[np.float32]:
    """A picture (H, W, C) much as `echoed` has it, but as rough as the known pixels are: where those that vote for a
    pixel are at one, it is what they say; where they are not, `grain` (H, W, C), the squares of which are 1 on average,
    says on which side of their mean it lies and how far, of how far they do, which counts at most USUAL times what is
    usual around it: a vote about where an edge lies is no texture. Once more, then, it is compared, now pixel by pixel,
    so that what was drawn becomes what is somewhere. Without exemplars, and where `stop` says so, as `echoed`."""
    x, drawn, mine = torch.from_numpy(picture), torch.from_numpy(grain), torch.from_numpy(own)
    search = _Search(_trust(hole, own), mine, stop)
    for middle, spread in REDRAWN:
        if stop():
            break
        steps, none = _steps(search.matches(x, middle), MOVED), torch.zeros_like(x)
        if not spread:
            x = x + _settled(none, mine, steps)
            continue
        votes = ((places, torch.cat([step, step * step], 2), counts) for places, step, counts in steps)
        step, squares = _settled(torch.cat([none, none], 2), mine, votes).chunk(2, 2)
        apart = (squares - step * step).clamp(min=0).sqrt()
        x = x + step + spread * torch.minimum(apart, USUAL * _usual(apart, mine)) * drawn
    return x.numpy()


def carried(
    picture: Tensor,
    values: Tensor,
    trust: Tensor,
    known: Tensor,
    own: Tensor,
    stop: Callable[[], bool] = lambda: False,
) -> Tensor:
    """Values (H, W, K) that are right where they are `known` (H, W), with those that are `own` (H, W) as the exemplars
    have them that the picture (H, W, C) is most like there, each pixel of which counts as `trust` (H, W) says. Without
    exemplars values stay as they are; where `stop` says so, too."""
    search = _Search(trust, own, stop, known)
    table, matches = search.table(values), search.matches(picture, MIDDLE)
    return _settled(
        values, own, ((match.places, search.patches(table, match.nearest), match.counts) for match in matches)
    )


class _Tile(NamedTuple):
    """A square of patches: where in the picture with its edge, row by row, those of them begin that touch what was
    painted (n,), and the exemplars near them (m,)."""

    places: Tensor
    exemplars: Tensor


class _Match(NamedTuple):
    """Where the patches of a tile begin (n,); where the exemplars most like them begin (n,), and how far these are from
    them (n, PATCH * PATCH, C); how far each of their pixels is trusted, and how much votes for it count, as the whole
    patch is trusted and most in its middle (both n, PATCH * PATCH)."""

    places: Tensor
    nearest: Tensor
    steps: Tensor
    trust: Tensor
    counts: Tensor


_Votes = Iterable[tuple[Tensor, Tensor, Tensor]]
"""Where patches begin (n,), what they vote for (n, PATCH * PATCH, K), and how much that counts (n, PATCH * PATCH)."""


class _Search:
    """The patches that touch what is `own` (H, W), and those near them whose pixels are all `known` (H, W), or where
    that is not told count wholly, as `trust` (H, W) says of each pixel. Stops looking when `stop` says so."""

    def __init__(
        self, trust: Tensor, own: Tensor, stop: Callable[[], bool], known: Tensor | None = None
    ) -> None:
        self.known, self.stop = trust == 1 if known is None else known, stop
        self.tiles = list(_tiles(self.known, own, stop))
        self.width = own.shape[1] + PATCH - 1
        named = torch.zeros((own.shape[0] + PATCH - 1) * self.width, dtype=torch.bool)
        for tile in self.tiles:
            for places in tile:
                named[self._lines(places)] = True
        self.named, self.rank = named.nonzero()[:, 0].int(), named.cumsum(0, dtype=torch.int32) - 1
        self.trusted = self.table(trust[..., None])

    def table(self, x: Tensor) -> Tensor:
        """The lines of all these patches of x (H, W, C), each line's pixels together, so that they are quick to fetch:
        (lines, PATCH * C). Beyond the edges x is 0."""
        lines = F.pad(x, (0, 0, *_EDGE)).flatten().unfold(0, PATCH * x.shape[2], x.shape[2])
        return lines.index_select(0, self.named)

    def patches(self, table: Tensor, places: Tensor) -> Tensor:
        """Those of a table that begin at these pixels (n,): (n, PATCH * PATCH, C)."""
        lines = table.index_select(0, self.rank[self._lines(places)])
        return lines.view(len(places), PATCH * PATCH, table.shape[1] // PATCH)

    def matches(self, x: Tensor, middle: float) -> Iterator[_Match]:
        """Each tile's patches of x (H, W, C) and the exemplars most like them, where pixels count as they are trusted,
        and as a bell of the deviation `middle`."""
        if not self.tiles:
            return
        bell = _bell(middle)
        x = x - x[self.known].mean(0)  # lest small differences be lost in large squares
        table = self.table(torch.cat([x, x.square().sum(2, keepdim=True)], 2))
        for tile in self.tiles:
            if self.stop():
                return
            mine, exemplars = (self.patches(table, places) for places in tile)
            trust = self.patches(self.trusted, tile.places)[..., 0]
            weight = trust * bell
            # (a - b)^2 without the square of the patch's own pixels, which is the same for all its exemplars
            asked = -2 * mine
            asked[..., -1] = 1
            away = (asked * _shares(weight)[..., None]).flatten(1) @ exemplars.flatten(1).T
            nearest = torch.from_numpy(away.numpy().argmin(1))  # several times as fast as torch's own
            yield _Match(
                places=tile.places,
                nearest=tile.exemplars[nearest],
                steps=(exemplars[nearest] - mine)[..., :-1],
                trust=trust,
                counts=weight.mean(1, keepdim=True) * bell,
            )

    def _lines(self, places: Tensor) -> Tensor:
        """Where the lines of the patches begin that begin at these pixels (n,): (n * PATCH,)."""
        return (places[:, None] + self.width * torch.arange(PATCH, dtype=torch.int32)).flatten()


def _steps(matches: Iterable[_Match], most: float) -> _Votes:
    """The votes for what is to be added to what the patches are: what exemplars have, but moved to the mean of a
    patch's own pixels, by `most` at most: grounds are plain, but seldom of one colour."""
    for match in matches:
        mean = (match.steps * _shares(match.trust)[..., None]).sum(1, keepdim=True)
        yield match.places, match.steps - mean.clamp(-most, most), match.counts


def _settled(values: Tensor, own: Tensor, votes: _Votes) -> Tensor:
    """The values (H, W, K), with those that are `own` (H, W) the mean of the votes for them, if there are any."""
    found, own = F.pad(values, (0, 0, *_EDGE)), F.pad(own, _EDGE)
    height, width, kinds = found.shape
    patch = (width * torch.arange(PATCH)[:, None] + torch.arange(PATCH)).flatten()
    total = found.new_zeros(height * width, kinds + 1)
    for places, told, counts in votes:
        pixels = (places[:, None] + patch).flatten()[:, None].expand(-1, kinds + 1)
        weighed = torch.cat([told, torch.ones_like(told[..., :1])], 2) * counts[..., None]
        total.scatter_add_(0, pixels, weighed.flatten(0, 1))
    sums, count = total.view(height, width, -1).tensor_split([kinds], 2)
    settled = own & (count[..., 0] > 0)
    found[settled] = sums[settled] / count[settled]
    return found[_RIM:-_RIM, _RIM:-_RIM]


def _usual(amount: Tensor, own: Tensor) -> Tensor:
    """What an amount (H, W, C) usually is for those that are `own` (H, W) in the square around each pixel: the square
    of the mean of its square roots, to which the few that are far larger matter little."""
    planes = torch.cat([amount.sqrt(), torch.ones_like(amount[..., :1])], 2) * own[..., None]
    means = F.avg_pool2d(planes.movedim(-1, 0)[None], BESIDE, 1, BESIDE // 2)[0].movedim(0, -1)
    return (means[..., :-1] / means[..., -1:].clamp(min=1e-9)).square()


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
        here = touching[row : row + TILE, column : column + TILE], row, column
        near = whole[top:end, left:right], top, left
        yield _Tile(*(_places(*found, width + PATCH - 1).int() for found in (here, near)))


def _places(mask: Tensor, top: int, left: int, width: int) -> Tensor:
    """Where, row by row in a picture of this width, the pixels of a mask lie that begins there."""
    down, across = mask.nonzero(as_tuple=True)
    return (top + down) * width + left + across


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


def _bell(deviation: float) -> Tensor:
    """How much each pixel of a patch counts (PATCH * PATCH,)."""
    line = (-0.5 * ((torch.arange(PATCH) - _RIM) / deviation) ** 2).exp()
    return torch.outer(line, line).flatten()
