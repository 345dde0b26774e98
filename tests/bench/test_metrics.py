"""Every figure against a case that can be reckoned by hand, and SSIM against scikit-image's."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from pixpaint.bench import metrics

Picture = NDArray[np.uint8]

HOLE = np.zeros((20, 24), np.bool_)
HOLE[6:14, 7:19] = True


def noise(seed: int, height: int = 20, width: int = 24) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def grey(level: int) -> Picture:
    return np.full((20, 24, 3), level, np.uint8)


def test_psnr_of_a_known_error() -> None:
    assert metrics.psnr(grey(110), grey(100), HOLE) == pytest.approx(20 * math.log10(25.5))
    half = grey(100)
    half[6:10] = 110
    assert metrics.psnr(half, grey(100), HOLE) == pytest.approx(20 * math.log10(25.5) + 10 * math.log10(2))


def test_psnr_of_a_perfect_fill_is_finite_and_the_most() -> None:
    assert metrics.psnr(noise(0), noise(0), HOLE) == metrics.MOST_PSNR
    nearly = grey(100)
    nearly[6, 7, 0] = 101
    assert 50 < metrics.psnr(nearly, grey(100), HOLE) <= metrics.MOST_PSNR


@pytest.mark.parametrize("figure", [metrics.psnr, metrics.ssim])
def test_what_lies_outside_the_hole_is_not_looked_at_by_psnr_and_told_by_ssims_window_only(
    figure: Callable[..., float],
) -> None:
    wide = np.zeros((40, 40), np.bool_)
    wide[10:20, 10:20] = True
    fill, truth = noise(1, 40, 40), noise(2, 40, 40)
    other = fill.copy()
    other[26:] = 0
    assert figure(other, truth, wide) == figure(fill, truth, wide)


def test_ssim_of_identical_pictures_is_1_and_of_flat_ones_as_their_means_say() -> None:
    assert metrics.ssim(noise(0), noise(0), HOLE) == pytest.approx(1)
    c1 = (0.01 * 255) ** 2
    expected = (2 * 100 * 150 + c1) / (100**2 + 150**2 + c1)
    assert metrics.ssim(grey(100), grey(150), HOLE) == pytest.approx(expected)


def test_ssim_of_the_holes_part_is_that_of_the_whole_picture() -> None:
    for place in (slice(0, 3), slice(18, 22), slice(37, 40)):
        hole = np.zeros((40, 40), np.bool_)
        hole[place, 11:15] = True
        whole = metrics.ssim_map(noise(1, 40, 40), noise(2, 40, 40))[hole].mean()
        assert metrics.ssim(noise(1, 40, 40), noise(2, 40, 40), hole) == pytest.approx(whole, abs=1e-12)


def test_ssim_is_that_of_scikit_image() -> None:
    structural_similarity = pytest.importorskip("skimage.metrics").structural_similarity
    truth = noise(1)
    fill = np.clip(truth.astype(np.int64) + noise(2) // 3 - 40, 0, 255).astype(np.uint8)
    _, expected = structural_similarity(
        fill, truth, channel_axis=2, full=True, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )  # fmt: skip
    assert np.abs(metrics.ssim_map(fill, truth) - expected).max() < 1e-9


def test_patches_are_the_picture_around_their_middles() -> None:
    picture = noise(3)
    patches = metrics.patches_at(picture, np.array([3, 16]), np.array([5, 20]))
    assert patches.shape == (2, 147)
    cut = picture[13:20, 17:24].transpose(2, 0, 1)
    assert np.allclose(patches[1].reshape(3, 7, 7), cut / 255)


def test_directions_are_of_length_one_and_follow_from_the_seed() -> None:
    found = metrics.directions(50, 147, np.random.default_rng(4))
    assert found.shape == (147, 50)
    assert np.allclose(np.linalg.norm(found, axis=0), 1)
    assert np.array_equal(found, metrics.directions(50, 147, np.random.default_rng(4)))


def test_patch_distance_of_a_shift_is_its_length_along_each_direction() -> None:
    rng = np.random.default_rng(5)
    a = rng.random((64, 147), dtype=np.float32)
    along = metrics.directions(32, 147, rng)
    shifted = a + np.float32(0.25)
    expected = 1000 * 0.25 * np.abs(along.sum(0)).mean()
    assert metrics.patch_distance(a, shifted, along) == pytest.approx(expected, rel=1e-4)


def test_patch_distance_is_symmetric_positive_and_does_not_know_the_order() -> None:
    rng = np.random.default_rng(6)
    a, b = (rng.random((64, 147), dtype=np.float32) for _ in range(2))
    along = metrics.directions(32, 147, rng)
    assert metrics.patch_distance(a, b, along) == metrics.patch_distance(b, a, along) > 0
    assert metrics.patch_distance(a, rng.permutation(a), along) == pytest.approx(0, abs=1e-3)


def test_gradient_counts_each_pair_in_the_hole_once() -> None:
    ramp = np.zeros((20, 24, 3), np.uint8)
    ramp[...] = (2 * np.arange(24) + 3 * np.arange(20)[:, None])[..., None]
    assert metrics.gradient(ramp, HOLE) == 3 * (2 * 8 * 11 + 3 * 7 * 12)
    assert metrics.gradient(grey(7), HOLE) == 0
    flat = ramp.copy()
    flat[HOLE] = 100
    assert metrics.gradient(flat, HOLE) == 0


def test_step_counts_each_pair_across_the_border_once() -> None:
    picture = grey(100)
    picture[HOLE] = 110
    assert metrics.step(picture, HOLE) == 3 * 10 * 2 * (8 + 12)
    assert metrics.step(grey(100), HOLE) == 0
    bright = picture.copy()
    bright[8:12, 9:17] = 255  # within the hole, away from its border
    assert metrics.step(bright, HOLE) == metrics.step(picture, HOLE)


def test_a_hole_at_the_pictures_edge_has_no_step_there() -> None:
    corner = np.zeros((20, 24), np.bool_)
    corner[:4, :5] = True
    picture = grey(100)
    picture[corner] = 90
    assert metrics.step(picture, corner) == 3 * 10 * (4 + 5)
