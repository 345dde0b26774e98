"""Where a fill works: which windows of the picture, and in which orientation.

The rule: holes farther apart than the model's training crop are separate jobs. A job's window is the bounding box of
its holes with a margin of half a crop on each side, at least a crop wide and high, moved inward at the picture's edges.
So a window reaches at most a crop beyond its holes and never touches another job's.

A box whose window would be larger than SMALL is halved across its longer side, and each half shrunk to what it holds,
as often as that brings the windows to SPARED of their area, and until none is larger than LARGEST. So a scratch across
a large photograph takes the time and the memory of its surroundings, not those of all that lies between its ends. These
jobs' windows overlap. Each is painted in full, so that nothing above or to the left of a pixel is missing, but of its
pixels only those in the job's own box are kept, and known to the jobs after it.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pixpaint.orientation import ORIENTATIONS, orient

Hole = NDArray[np.bool_]

GAIN = 0.25
"""A turned or mirrored picture must have at least this share of the hole's border more above and left than the
upright one: people expect rows to appear from the top."""

SMALL, LARGEST = 2**16, 2**17
"""Pixels of a window. The larger one takes some 2 GB with all its features, which `torch` keeps."""
SPARED = 0.75


@dataclass(frozen=True, kw_only=True)
class Job:
    """A window of the picture, in pixels from its top left corner, and the orientation it is painted in. What it is
    painted for lies in these `rows` and `columns` of the picture."""

    row: int
    column: int
    height: int
    width: int
    orientation: int
    rows: range
    columns: range

    @property
    def window(self) -> tuple[slice, slice]:
        """Cuts the window out of an array (H, W, ...) of the whole picture."""
        return slice(self.row, self.row + self.height), slice(self.column, self.column + self.width)

    def is_for(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which of these pixels (n,) of the picture it is painted for."""
        down = (rows >= self.rows.start) & (rows < self.rows.stop)
        return down & (columns >= self.columns.start) & (columns < self.columns.stop)

    @property
    def box(self) -> tuple[slice, slice]:
        """Cuts what it is painted for out of an array (H, W, ...) of the whole picture."""
        return slice(self.rows.start, self.rows.stop), slice(self.columns.start, self.columns.stop)


def plan(hole: Hole, crop: int, *, oriented: bool, cell: int = 1) -> list[Job]:
    """The jobs of a hole (H, W), from top to bottom; `oriented` says whether the model paints turned pictures. Windows
    are made of whole cells of so many pixels a side, as the picture is."""
    jobs, left = [], hole.copy()
    for box in separate(hole, crop):
        for rows, columns in small(hole, *box, crop):
            row, height = in_cells(widen(rows, hole.shape[0], crop), cell)
            column, width = in_cells(widen(columns, hole.shape[1], crop), cell)
            job = Job(
                row=row, column=column, height=height, width=width, orientation=0, rows=rows, columns=columns
            )
            if oriented:
                job = replace(job, orientation=best_orientation(left[job.window]))
            jobs.append(job)
            left[job.box] = False
    return jobs


def small(hole: Hole, rows: range, columns: range, crop: int) -> list[tuple[range, range]]:
    """A bounding box of a hole (H, W), or smaller ones of its parts: see the rule above."""

    def area(rows: range, columns: range) -> int:
        return (len(rows) + crop) * (len(columns) + crop)

    def pieces(rows: range, columns: range) -> list[tuple[range, range]]:
        if max(len(rows), len(columns)) <= crop:
            return [(rows, columns)]
        # Between whole cells of 2 x 2 pixels.
        down, across = (span.start + (len(span) // 4 * 2) + span.start % 2 for span in (rows, columns))
        if len(rows) >= len(columns):
            halves = [(range(rows.start, down), columns), (range(down, rows.stop), columns)]
        else:
            halves = [(rows, range(columns.start, across)), (rows, range(across, columns.stop))]
        shrunk = [box for half in halves for box in _shrunk(hole, *half)]
        if area(rows, columns) <= LARGEST and sum(area(*box) for box in shrunk) > SPARED * area(
            rows, columns
        ):
            return [(rows, columns)]
        return [piece for box in shrunk for piece in pieces(*box)]

    return pieces(rows, columns) if area(rows, columns) > SMALL else [(rows, columns)]


def _shrunk(hole: Hole, rows: range, columns: range) -> list[tuple[range, range]]:
    """The bounding box of what a box holds of a hole (H, W); none if that is nothing."""
    down, across = np.nonzero(hole[rows.start : rows.stop, columns.start : columns.stop])
    if not len(down):
        return []
    top, left = rows.start + int(down.min()), columns.start + int(across.min())
    return [
        (range(top, rows.start + int(down.max()) + 1), range(left, columns.start + int(across.max()) + 1))
    ]


def separate(hole: Hole, gap: int) -> list[tuple[range, range]]:
    """Bounding boxes, rows and columns, of parts of the hole with at least `gap` free rows or columns between them."""
    boxes = [(range(hole.shape[0]), range(hole.shape[1]))]
    done: list[tuple[range, range]] = []
    while boxes:
        rows, columns = boxes.pop()
        part = hole[rows.start : rows.stop, columns.start : columns.stop]
        down = [(range(rows.start + a, rows.start + b), columns) for a, b in runs(np.any(part, axis=1), gap)]
        across = [
            (rows, range(columns.start + a, columns.start + b)) for a, b in runs(np.any(part, axis=0), gap)
        ]
        split = down if len(down) > 1 else across
        if len(split) > 1:
            boxes.extend(split)
        elif split:
            (down_rows, _), (_, across_columns) = down[0], across[0]
            if (down_rows, across_columns) == (rows, columns):
                done.append((rows, columns))
            else:  # trimmed: a smaller box may fall apart further
                boxes.append((down_rows, across_columns))
    return sorted(done, key=lambda box: (box[0].start, box[1].start))


def runs(marked: NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """The stretches [start, stop) of a vector that hold marked cells, parted where `gap` or more unmarked ones
    lie between."""
    (at,) = np.nonzero(marked)
    if not len(at):
        return []
    (breaks,) = np.nonzero(np.diff(at) > gap)
    starts = at[np.concatenate([[0], breaks + 1])]
    stops = at[np.concatenate([breaks, [-1]])] + 1
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]


def widen(span: range, limit: int, crop: int) -> tuple[int, int]:
    """Start and length of a window around a span of rows or columns, in a picture with `limit` of them."""
    length = min(max(len(span) + 2 * (crop // 2), crop), limit)
    start = span.start - (length - len(span)) // 2
    return min(max(start, 0), limit - length), length


def in_cells(span: tuple[int, int], cell: int) -> tuple[int, int]:
    """Start and length of what cells of so many pixels cover a span, given by its own."""
    start = span[0] // cell * cell
    return start, -(-(span[0] + span[1] - start) // cell) * cell


def best_orientation(hole: Hole) -> int:
    """Of the 8 orientations the first with most known border above and left of the hole, the upright one unless another
    gains `GAIN`.

    Swapping rows and columns swaps what is above and what is left, so that only flips gain by this measure; held-out
    sketches with the right half hidden cost as much row by row as column by column (1.306 and 1.304 bits/dim).
    """
    borders = []
    for orientation in range(ORIENTATIONS):
        turned = orient(hole, orientation)
        above = np.count_nonzero(turned[1:] & ~turned[:-1])
        left = np.count_nonzero(turned[:, 1:] & ~turned[:, :-1])
        borders.append(above + left)
    best = int(np.argmax(borders))
    # 3 is half a turn: what is above and left there is below and right here.
    whole_border = borders[0] + borders[3]
    return best if borders[best] - borders[0] > GAIN * whole_border else 0
