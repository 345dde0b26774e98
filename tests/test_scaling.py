import numpy as np
import pytest

from pixpaint.scaling import doubled, halved, halved_hole


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 2), (3, 3), (2, 5), (7, 3)])
def test_pictures_of_any_size_are_halved_and_doubled(shape: tuple[int, int], channels: int) -> None:
    picture = np.full((*shape, channels), 77, np.uint8)
    half = halved(picture)
    assert half.shape == (-(-shape[0] // 2), -(-shape[1] // 2), channels)
    assert np.array_equal(doubled(half), np.full((2 * half.shape[0], 2 * half.shape[1], channels), 77.0))


def test_what_is_halved_and_doubled_is_the_picture_without_its_finest_detail() -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:, 4:] = 200
    again = doubled(halved(picture))
    assert again[:, 0].max() < 40
    assert again[:, 7].min() > 160
    checks = np.indices((8, 8)).sum(0)[..., None] % 2 * np.full(1, 255, np.uint8)
    assert np.ptp(halved(checks.astype(np.uint8))) == 0


def test_a_cell_is_hidden_if_any_pixel_of_it_is() -> None:
    hole = np.zeros((5, 4), bool)
    hole[0, 1] = hole[4, 3] = True
    assert halved_hole(hole).tolist() == [[True, False], [False, False], [False, True]]


def test_the_mean_of_a_doubled_cell_is_the_pixel_it_was() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    cells = doubled(picture).reshape(5, 2, 7, 2, 3)
    np.testing.assert_array_equal(cells.mean((1, 3)), picture)
