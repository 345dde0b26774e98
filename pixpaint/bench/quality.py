"""How good fills are: several fillers on the same pictures and holes, each beside the true picture."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from pixpaint.bench import metrics
from pixpaint.bench.peers import Filler
from pixpaint.recipe import FillSettings
from pixpaint.sampling.painting import Painter

PATCHES, DIRECTIONS = 256, 256
"""Of a patch distance: patches a picture, and directions on which they are projected."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A mean over pictures, or a ratio of sums over them, and its standard error; None where it is not defined."""

    mean: float | None
    error: float | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One filler on one kind of hole: `metrics` says what is what.

    `gradient_energy` and `border_step` are the fills' sums over all pictures by the true ones'; all others are means
    over pictures. `seconds` is for one fill.
    """

    psnr: Figure
    ssim: Figure
    patch_distance: Figure
    gradient_energy: Figure
    border_step: Figure
    seconds: Figure


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A row and the filled pictures of each filler. `floor` is the patch distance of a perfect one: of the true
    pictures' patches from other ones of the same holes."""

    rows: dict[str, Row]
    fills: dict[str, list[NDArray[np.uint8]]]
    floor: Figure


def compare(
    pictures: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
    holes: Sequence[NDArray[np.bool_]],
    fillers: Mapping[str, Filler],
    *,
    seed: int = 0,
    on_filled: Callable[[int], None] = lambda pixels: None,
) -> Comparison:
    """Fills hole i (H, W) of picture i, uint8 (H, W, 3), with each filler and with seed + i, and measures.

    The fillers see black where the hole is; what they change elsewhere is not looked at. Each first fills a small hole
    untimed: libraries load themselves piece by piece. `on_filled` is told the hole's size in pixels after each fill.
    The same arguments give the same figures, seconds aside.
    """
    for fill in fillers.values():
        fill(np.zeros((32, 32, 3), np.uint8), np.pad(np.ones((4, 4), np.bool_), 14), seed)
    judges = [
        _Judge(truth, hole, [seed, i]) for i, (truth, hole) in enumerate(zip(pictures, holes, strict=True))
    ]
    fills: dict[str, list[NDArray[np.uint8]]] = {name: [] for name in fillers}
    verdicts: dict[str, list[_Verdict]] = {name: [] for name in fillers}
    for i, judge in enumerate(judges):
        for name, fill in fillers.items():
            start = perf_counter()
            filled = fill(judge.masked(), judge.hole, seed + i)
            seconds = perf_counter() - start
            filled = np.where(judge.hole[..., None], filled, judge.truth)
            fills[name].append(filled)
            verdicts[name].append(judge.verdict(filled, seconds))
            on_filled(int(np.count_nonzero(judge.hole)))
    return Comparison(
        rows={name: _row(verdicts[name]) for name in fillers},
        fills=fills,
        floor=mean([judge.patch_distance(judge.truth) for judge in judges]),
    )


@dataclass(frozen=True, kw_only=True)
class _Verdict:
    """The figures of one fill; pairs are sums of the fill and of the true picture."""

    psnr: float
    ssim: float
    patch: float
    gradient: tuple[float, float]
    step: tuple[float, float]
    seconds: float


class _Judge:
    """A true picture and its hole. Which patches are compared is drawn with `seed`, the same for all fillers; the
    fill's are taken at other places than the true ones."""

    def __init__(self, truth: NDArray[np.uint8], hole: NDArray[np.bool_], seed: Sequence[int]) -> None:
        self.truth, self.hole = truth, hole
        rng = np.random.default_rng(seed)
        self._along = metrics.directions(DIRECTIONS, metrics.PATCH**2 * 3, rng)
        reach = metrics.PATCH // 2
        fitting = np.zeros_like(hole)
        fitting[reach:-reach, reach:-reach] = hole[reach:-reach, reach:-reach]
        rows, columns = np.nonzero(fitting)
        there, here = (rng.choice(len(rows), PATCHES, replace=len(rows) < PATCHES) for _ in range(2))
        self._true_patches = metrics.patches_at(truth, rows[there], columns[there])
        self._places = rows[here], columns[here]

    def masked(self) -> NDArray[np.uint8]:
        """The picture as fillers are given it."""
        return np.where(self.hole[..., None], np.uint8(0), self.truth)

    def patch_distance(self, filled: NDArray[np.uint8]) -> float:
        patches = metrics.patches_at(filled, *self._places)
        return metrics.patch_distance(patches, self._true_patches, self._along)

    def verdict(self, filled: NDArray[np.uint8], seconds: float) -> _Verdict:
        return _Verdict(
            psnr=metrics.psnr(filled, self.truth, self.hole),
            ssim=metrics.ssim(filled, self.truth, self.hole),
            patch=self.patch_distance(filled),
            gradient=(metrics.gradient(filled, self.hole), metrics.gradient(self.truth, self.hole)),
            step=(metrics.step(filled, self.hole), metrics.step(self.truth, self.hole)),
            seconds=seconds,
        )


def _row(verdicts: Sequence[_Verdict]) -> Row:
    return Row(
        psnr=mean([verdict.psnr for verdict in verdicts]),
        ssim=mean([verdict.ssim for verdict in verdicts]),
        patch_distance=mean([verdict.patch for verdict in verdicts]),
        gradient_energy=ratio([verdict.gradient for verdict in verdicts]),
        border_step=ratio([verdict.step for verdict in verdicts]),
        seconds=mean([verdict.seconds for verdict in verdicts]),
    )


def mean(values: Sequence[float]) -> Figure:
    """The mean and its standard error, which takes two values."""
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else None
    return Figure(mean=float(np.mean(values)), error=error)


def ratio(pairs: Sequence[tuple[float, float]]) -> Figure:
    """The sum of the first by the sum of the second, and its standard error to first order, which takes two pairs."""
    above, below = np.array(pairs, dtype=np.float64).T
    if not below.sum():
        return Figure(mean=None, error=None)
    share = float(above.sum() / below.sum())
    count = len(pairs)
    if count == 1:
        return Figure(mean=share, error=None)
    left = np.square(above - share * below).sum() * count / (count - 1)
    return Figure(mean=share, error=float(math.sqrt(left) / below.sum()))


def painted_by(painter: Painter, settings: FillSettings) -> Filler:
    """pixpaint as a filler: the first candidate of these settings, but for the seed."""

    def fill(image: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int) -> NDArray[np.uint8]:
        filled = image.copy()
        for event in painter.paint(replace(settings, seed=seed), image, hole):
            filled[event.rows, event.columns] = event.pixels[0]
        return filled

    return fill
