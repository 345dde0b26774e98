"""The holes that fillers are compared on have the stated widths and sizes, a rim, and follow from their numbers."""

import numpy as np
import pytest

from pixpaint.bench.holes import (
    KINDS,
    RIM,
    SCRATCH_WIDTHS,
    SCRATCHES,
    STROKE_WIDTH,
    STROKES,
    along,
    seeded_hole,
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hole_is_seeded_never_empty_and_keeps_the_rim(kind: str) -> None:
    seen = set()
    for number in range(6):
        hole = seeded_hole(kind, 256, 3, number)
        assert hole.shape == (256, 256)
        assert set(np.unique(hole.view(np.uint8))) == {0, 1}  # some libraries take the bytes for numbers
        rim = np.ones_like(hole)
        rim[RIM:-RIM, RIM:-RIM] = False
        assert not (hole & rim).any()
        assert np.array_equal(hole, seeded_hole(kind, 256, 3, number))
        seen.add(hole.tobytes())
    assert len(seen) == 6
    assert not np.array_equal(seeded_hole(kind, 256, 4, 0), seeded_hole(kind, 256, 3, 0))


@pytest.mark.parametrize("length", [48, 96])
def test_a_square_is_of_its_length_and_anywhere(length: int) -> None:
    holes = [seeded_hole(str(length), 256, 0, number) for number in range(40)]
    tops, lefts = [], []
    for hole in holes:
        rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
        assert len(rows) == len(columns) == length
        assert np.count_nonzero(hole) == length**2
        tops.append(int(rows[0]))
        lefts.append(int(columns[0]))
    for places in (tops, lefts):
        assert min(places) < 30
        assert max(places) > 256 - length - 30


def test_a_smallest_picture_has_one_place_for_the_square() -> None:
    assert seeded_hole("96", 96 + 2 * RIM, 0, 0)[RIM:-RIM, RIM:-RIM].all()


@pytest.mark.parametrize("width", [3.0, STROKE_WIDTH])
def test_a_line_is_as_wide_as_it_says(width: float) -> None:
    level = along(np.array([(30.0, 20.0), (30.0, 75.0)]), width, 100)
    assert np.count_nonzero(level[:, 50]) == pytest.approx(width, abs=1)
    assert np.flatnonzero(level[30])[[0, -1]] == pytest.approx((20 - width / 2, 74 + width / 2), abs=1)
    slope = along(np.array([(15.0, 15.0), (85.0, 62.0)]), width, 100)
    length = np.hypot(70, 47)
    assert np.count_nonzero(slope) == pytest.approx(width * length + np.pi * width**2 / 4, rel=0.03)


def inside(hole: np.ndarray, width: int) -> bool:
    """Whether a square of that width fits into the hole."""
    windows = np.lib.stride_tricks.sliding_window_view(hole, (width, width))
    return bool(windows.all((2, 3)).any())


def test_scratches_are_thin_and_strokes_are_not() -> None:
    thin, wide = [], []
    for number in range(6):
        scratch, stroke = (seeded_hole(kind, 256, 0, number) for kind in ("scratch", "stroke"))
        thin.append(np.count_nonzero(scratch))
        wide.append(np.count_nonzero(stroke))
        assert not inside(scratch, SCRATCHES * round(SCRATCH_WIDTHS[1]))
        assert inside(stroke, int(STROKE_WIDTH / 2**0.5) - 1)
    assert np.mean(thin) < 256 * SCRATCHES * np.mean(SCRATCH_WIDTHS)
    assert np.mean(wide) == pytest.approx(STROKES * STROKE_WIDTH * 128, rel=0.4)
