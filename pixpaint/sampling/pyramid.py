"""Coarse to fine: which part of the picture a hole is filled from, and at how many sizes (design: section 4).

The rule: holes farther apart than the model's training crop are parts of their own. A part is halved until no square
larger than half a crop fits into its hole, or until the whole picture fits into a crop; it is filled at the coarsest of
these *levels* without hints, and at each finer one with the coarser fill, enlarged, as a hint. At each level the hole
has half a crop around it, so the coarsest one sees farthest: half a crop times 2^level pixels.

So the model never paints more than half a crop beyond what it has been told, which is what it has learnt to do, and a
fill of any size costs a third more pixels than the hole has.

Where another model paints the coarsest level, it is the one that paints without hints, and its crop says how often a
part is halved; at least once, since the other, which may have learnt nothing else, is to have hints. So a picture that
is hidden whole, twice as large as the coarse model's crop, is drawn in two levels, and larger ones in more, of which
the coarse model draws the coarsest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pixpaint.sampling.plan import Hole, separate, widen
from pixpaint.scaling import Bytes, halved, halved_hole

HIDDEN = 127
"""What a coarser level's picture has where it is not known: it is painted over before anybody looks."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A hole of its own: its bounding box, the rows and columns of the picture it is filled from, aligned to whole
    cells of the coarsest level, and that level (0: no pyramid). All in pixels of the picture."""

    rows: range
    columns: range
    region_rows: range
    region_columns: range
    coarsest: int

    @property
    def region(self) -> tuple[slice, slice]:
        """Cuts the region out of an array (H, W, ...) of the whole picture."""
        return _slice(self.region_rows), _slice(self.region_columns)

    @property
    def box(self) -> tuple[slice, slice]:
        """Cuts the hole's bounding box out of an array (H, W, ...) of the whole picture."""
        return _slice(self.rows), _slice(self.columns)

    def own(self, hole: Hole) -> Hole:
        """Of a hole (H, W) of the picture this part's, as the region has it."""
        own = np.zeros_like(hole[self.region])
        top, left = self.rows.start - self.region_rows.start, self.columns.start - self.region_columns.start
        own[top : top + len(self.rows), left : left + len(self.columns)] = hole[self.box]
        return own


@dataclass(frozen=True, kw_only=True, eq=False)
class Level:
    """A part at 1/2^`level`: picture uint8 (h, w, C), `hole` (h, w), all that is hidden, and of that `own`, what is to
    be painted."""

    level: int
    picture: Bytes
    hole: Hole
    own: Hole


def parts(hole: Hole, crop: int, *, pyramid: bool, coarse: int | None = None) -> list[Part]:
    """The parts of a hole (H, W), from top to bottom; without `pyramid` all have one level. `coarse` is the crop of
    another model that paints the coarsest level, if one does."""
    found = []
    for rows, columns in separate(hole, crop):
        box = hole[_slice(rows), _slice(columns)]
        coarsest = depth(box, hole.shape, coarse or crop) if pyramid else 0
        if coarse is None:
            reach = crop << coarsest
        else:
            coarsest = max(coarsest, 1)
            reach = max(coarse << coarsest, crop << (coarsest - 1))
        found.append(
            Part(
                rows=rows,
                columns=columns,
                region_rows=_region(rows, hole.shape[0], reach, 2**coarsest),
                region_columns=_region(columns, hole.shape[1], reach, 2**coarsest),
                coarsest=coarsest,
            )
        )
    return found


def depth(hole: Hole, picture: tuple[int, ...], crop: int) -> int:
    """How often a hole, cut out of a picture of (height, width), is halved: see the rule above."""
    level = 0
    while holds_square(hole, (crop // 2 << level) + 1) and any(
        min(side + (crop << level), limit) > crop << level
        for side, limit in zip(hole.shape, picture, strict=True)
    ):
        level += 1
    return level


def holds_square(hole: Hole, side: int) -> bool:
    """Whether a square of so many pixels a side fits into a hole (H, W)."""
    if side > min(hole.shape):
        return False
    counts: NDArray[np.int64] = np.pad(hole, ((1, 0), (1, 0))).cumsum(0).cumsum(1)  # hidden above and left
    inside = counts[side:, side:] - counts[:-side, side:] - counts[side:, :-side] + counts[:-side, :-side]
    return bool((inside == side * side).any())


def levels(picture: Bytes, hole: Hole, own: Hole, coarsest: int, *, values: int = 256) -> list[Level]:
    """A part's levels, finest first, of its region's picture (h, w, C), what is hidden in it and what is its own; where
    the picture ends within a coarsest cell they go on to its end, hidden. Pixels have so many `values`."""
    unit = 2**coarsest
    below, right = (-side % unit for side in hole.shape)
    # What lies beyond an edge goes on with what is known there: not with what happens to lie in the hole.
    shown = np.where(hole[..., None], np.uint8(HIDDEN), picture)
    padded = np.pad(shown, ((0, below), (0, right), (0, 0)), mode="edge")
    padded[: hole.shape[0], : hole.shape[1]] = picture
    hole = np.pad(hole, ((0, below), (0, right)), constant_values=True)
    found = [Level(level=0, picture=padded, hole=hole, own=np.pad(own, ((0, below), (0, right))))]
    for level in range(1, coarsest + 1):
        last = found[-1]
        found.append(
            Level(
                level=level,
                # Means of 2 x 2 pixels, and what enlarges them again, read what is hidden, too.
                picture=halved(np.where(last.hole[..., None], np.uint8(HIDDEN), last.picture), values),
                hole=halved_hole(last.hole),
                own=halved_hole(last.own),
            )
        )
    return found


def covered(
    rows: NDArray[np.intp], columns: NDArray[np.intp], size: int, shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """The pixels of a region (height, width) that cells (n,) of so many pixels a side cover: rows, columns, and of
    which cell each is a part."""
    if size == 1:
        here = np.flatnonzero((rows < shape[0]) & (columns < shape[1]))
        return rows[here], columns[here], here
    down, right = np.indices((size, size)).reshape(2, -1, 1)
    row, column = (rows * size + down).ravel(), (columns * size + right).ravel()
    cell = np.tile(np.arange(len(rows)), size * size)
    inside = (row < shape[0]) & (column < shape[1])
    return row[inside], column[inside], cell[inside]


def _region(span: range, limit: int, reach: int, unit: int) -> range:
    start, length = widen(span, limit, reach)
    return range(start // unit * unit, min(limit, -(-(start + length) // unit) * unit))


def _slice(span: range) -> slice:
    return slice(span.start, span.stop)
