"""Holes for training and evaluation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixpaint.errors import BadRequest
from pixpaint.training.masks import FIXED_HOLES, SHAPES, fixed_hole, random_hole, random_part

sides = st.integers(1, 70)
seeds = st.integers(0, 2**32)


@given(height=sides, width=sides, seed=seeds)
def test_a_random_hole_is_never_empty_and_repeatable(height: int, width: int, seed: int) -> None:
    hole = random_hole(np.random.default_rng(seed), height, width)
    assert hole.shape == (height, width)
    assert hole.dtype == bool
    assert hole.any()
    np.testing.assert_array_equal(hole, random_hole(np.random.default_rng(seed), height, width))


@given(height=sides, width=sides, seed=seeds)
def test_a_part_hides_one_to_sixty_percent(height: int, width: int, seed: int) -> None:
    hidden = np.count_nonzero(random_part(np.random.default_rng(seed), height, width))
    assert max(1, 0.01 * height * width) <= hidden <= max(1, 0.6 * height * width)


def test_one_random_hole_in_ten_hides_everything() -> None:
    rng = np.random.default_rng(0)
    assert np.mean([random_hole(rng, 16, 16).all() for _ in range(3000)]) == pytest.approx(0.1, abs=0.02)


def test_random_parts_reach_every_pixel_alike() -> None:
    rng = np.random.default_rng(1)
    often = np.mean([random_part(rng, 24, 32) for _ in range(3000)], axis=0)
    assert often.min() > 0.15
    assert often.max() < 0.4


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_each_shape_varies(shape) -> None:
    rng = np.random.default_rng(2)
    assert len({shape(rng, 32, 32).tobytes() for _ in range(50)}) >= 45


@given(height=sides, width=sides, kind=st.sampled_from(FIXED_HOLES))
def test_a_fixed_hole_is_never_empty(height: int, width: int, kind: str) -> None:
    hole = fixed_hole(kind, height, width, np.random.default_rng(0))
    assert hole.shape == (height, width)
    assert hole.any()


@pytest.mark.parametrize(
    ("kind", "rows", "columns"),
    [
        ("all", slice(0, 8), slice(0, 12)),
        ("bottom", slice(4, 8), slice(0, 12)),
        ("top", slice(0, 4), slice(0, 12)),
        ("right", slice(0, 8), slice(6, 12)),
        ("centre", slice(2, 6), slice(3, 9)),
    ],
)
def test_fixed_holes_are_where_they_are_named(kind: str, rows: slice, columns: slice) -> None:
    expected = np.zeros((8, 12), bool)
    expected[rows, columns] = True
    np.testing.assert_array_equal(fixed_hole(kind, 8, 12, np.random.default_rng(0)), expected)


def test_halves_of_an_odd_height_cover_it() -> None:
    rng = np.random.default_rng(0)
    assert (fixed_hole("top", 7, 3, rng) | fixed_hole("bottom", 7, 3, rng)).all()


def test_only_the_stroke_hole_draws_from_the_generator() -> None:
    for kind in FIXED_HOLES:
        rng = np.random.default_rng(3)
        fixed_hole(kind, 20, 20, rng)
        untouched = rng.random() == np.random.default_rng(3).random()
        assert untouched == (kind != "stroke")


def test_an_unknown_hole_is_refused_by_name() -> None:
    with pytest.raises(BadRequest, match=r"'left'.*centre"):
        fixed_hole("left", 8, 8, np.random.default_rng(0))
