"""Windows and orientations of a hole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixpaint.orientation import ORIENTATIONS, orient, positions, restore
from pixpaint.sampling.plan import best_orientation, plan, separate
from tests.partitions import holes

CROP = 8


@given(st.data())
def test_every_hole_pixel_lies_in_one_window_and_windows_meet_no_other_hole(data) -> None:
    height, width = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40))
    hole = data.draw(holes(height, width))
    covered = np.zeros((height, width), int)
    for job in plan(hole, CROP, oriented=True):
        assert 0 <= job.row <= job.row + job.height <= height
        assert 0 <= job.column <= job.column + job.width <= width
        assert job.height >= min(CROP, height)
        assert job.width >= min(CROP, width)
        assert hole[job.window].any()
        covered[job.window] += hole[job.window]
    np.testing.assert_array_equal(covered, hole)


def test_holes_a_crop_apart_are_separate_and_nearer_ones_are_not() -> None:
    hole = np.zeros((20, 60), bool)
    hole[5, 10] = hole[5, 19] = True
    assert len(separate(hole, CROP)) == 2
    hole[5, 19], hole[5, 18] = False, True
    assert len(separate(hole, CROP)) == 1


def test_holes_that_overlap_in_one_direction_only_after_another_split_are_found() -> None:
    """Three corners of an L: rows part the third, then columns part the first two."""
    hole = np.zeros((40, 40), bool)
    hole[0:2, 0:2] = hole[0:2, 30:32] = hole[30:32, 0:2] = True
    assert len(separate(hole, CROP)) == 3


def test_a_window_is_the_hole_with_half_a_crop_around_it() -> None:
    hole = np.zeros((50, 50), bool)
    hole[20:30, 22:24] = True
    (job,) = plan(hole, CROP, oriented=False)
    assert (job.row, job.height) == (16, 18)
    assert (job.column, job.width) == (18, 10)


def test_a_hole_with_known_pixels_on_one_side_only_is_painted_from_there() -> None:
    for orientation in range(ORIENTATIONS):
        hole = np.zeros((8, 12), bool)
        restore(hole, orientation)
        turned = orient(hole, orientation).copy()
        turned[turned.shape[0] // 2 :] = True  # known above, in this orientation
        hole = restore(turned, orientation)
        best = orient(hole, best_orientation(hole))
        assert best[1:].sum() > 0
        above = np.count_nonzero(best[1:] & ~best[:-1])
        left = np.count_nonzero(best[:, 1:] & ~best[:, :-1])
        assert above + left == turned.shape[1]


@pytest.mark.parametrize("hole", [np.ones((6, 6), bool), np.pad(np.ones((4, 4), bool), 3)])
def test_a_hole_with_no_better_side_is_painted_upright(hole) -> None:
    assert best_orientation(hole) == 0


def test_a_model_that_knows_only_upright_pictures_paints_upright() -> None:
    hole = np.zeros((8, 8), bool)
    hole[:4] = True
    assert plan(hole, CROP, oriented=False)[0].orientation == 0
    assert plan(hole, CROP, oriented=True)[0].orientation != 0


@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_orientations_are_undone_and_know_where_each_pixel_was(orientation: int) -> None:
    picture = np.arange(15).reshape(3, 5)
    turned = orient(picture, orientation)
    np.testing.assert_array_equal(restore(turned, orientation), picture)
    rows, columns = positions(3, 5, orientation)
    np.testing.assert_array_equal(picture[rows, columns], turned)


def test_the_eight_orientations_differ() -> None:
    picture = np.arange(9).reshape(3, 3)
    assert len({orient(picture, o).tobytes() for o in range(ORIENTATIONS)}) == ORIENTATIONS
