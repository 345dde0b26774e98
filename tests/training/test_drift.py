"""What a model reads of a hole in training may be off: how far, where, and what stays as it was."""

import numpy as np
import pytest

from pixpaint.training.drift import drifted, drifted_details, roughness

HOLE = np.zeros((32, 32), bool)
HOLE[5:28, 3:] = True


@pytest.mark.parametrize("colours", [1, 3])
def test_details_drift_within_cells_that_keep_their_means(colours: int) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(100, 150, (32, 32, colours), np.uint8)
    for _ in range(10):
        read, _ = drifted_details(rng, image, HOLE)
        assert np.abs(read.astype(int) - image)[HOLE].max() > 5
        means = (a.reshape(16, 2, 16, 2, colours).mean((1, 3)) for a in (read, image))
        assert np.ptp(np.stack(list(means)), axis=0).max() <= 0.5


def test_a_smooth_picture_drifts_less_than_a_rough_one() -> None:
    rough = np.random.default_rng(0).integers(100, 150, (32, 32, 3), np.uint8)
    smooth = np.full_like(rough, 125)
    smooth[::2] += 2
    far = [
        np.mean(
            [
                np.abs(drifted(np.random.default_rng(seed), image, HOLE).astype(int) - image)[HOLE].mean()
                for seed in range(20)
            ]
        )
        for image in (smooth, rough)
    ]
    assert 0 < 2.5 * far[0] < far[1]


def test_a_picture_is_as_rough_as_its_known_pixels_near_by() -> None:
    image = np.full((32, 32, 3), 125, np.uint8)
    image[:, 16:] = np.random.default_rng(0).integers(100, 150, (32, 16, 3))
    hole = np.zeros((32, 32), bool)
    hole[8:24, 8:24] = True
    rough = roughness(image, ~hole)[..., 0]
    assert rough[16, 10] * 3 < rough[16, 22]
    image[hole] = 0
    assert np.array_equal(roughness(image, ~hole)[..., 0], rough)
    assert (roughness(image, np.zeros_like(hole)) == 1).all()
