import numpy as np
import pytest

from pixpaint.scaling import doubled, halved, halved_hole


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 2), (3, 3), (2, 5), (7, 3)])
def test_pictures_of_any_size_are_halved_and_doubled(shape: tuple[int, int], channels: int) -> None:
    picture = np.full((*shape, channels), 77, np.uint8)
    half = halved(picture)
    assert half.shape == (-(-shape[0] // 2), -(-shape[1] // 2), channels)
    assert np.array_equal(doubled(half, *shape), picture)


def test_what_is_halved_and_doubled_is_the_picture_without_its_finest_detail() -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:, 4:] = 200
    again = doubled(halved(picture), 8, 8)
    assert again[:, 0].max() < 40
    assert again[:, 7].min() > 160
    checks = np.indices((8, 8)).sum(0)[..., None] % 2 * np.full(1, 255, np.uint8)
    assert np.ptp(halved(checks.astype(np.uint8))) == 0


def test_a_cell_is_hidden_if_any_pixel_of_it_is() -> None:
    hole = np.zeros((5, 4), bool)
    hole[0, 1] = hole[4, 3] = True
    assert halved_hole(hole).tolist() == [[True, False], [False, False], [False, True]]
