"""Pictures at half size, as a coarser level of a pyramid has them: what a coarse model learns from."""

import numpy as np
import pytest

from pixpaint.scaling import halved, quantized
from pixpaint.training.pictures import HalvedPictures, Pictures, shrunk
from tests.training.examples import FourPictures


class Noise(FourPictures):
    """Four pictures of noise, of two classes."""

    def _all(self, size: int) -> np.ndarray:
        return np.random.default_rng(size).integers(0, 256, (4, size, size, 1), dtype=np.uint8)

    def held_out(self, size: int, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        return self._all(size)[:limit], np.array([0, 1, 1, 0])[:limit]


@pytest.mark.parametrize("levels", [256, 16, 2])
@pytest.mark.parametrize("times", [1, 2])
def test_they_are_drawn_larger_and_halved(times: int, levels: int) -> None:
    whole = Noise()
    small = HalvedPictures.of(whole, times, levels=levels)
    picture, _ = small.sample(np.random.default_rng(3), 8)
    large, _ = whole.sample(np.random.default_rng(3), 8 << times)
    assert picture.shape == (8, 8, 1)
    assert np.array_equal(picture, shrunk(large, times, levels=levels))
    kept, labels = small.held_out(8, 3)
    assert np.array_equal(kept, [shrunk(p, times, levels=levels) for p in whole.held_out(8 << times, 3)[0]])
    assert labels.tolist() == [0, 1, 1]
    assert (len(small), small.channels, small.classes) == (4, 1, ())


def test_one_bit_pictures_are_cut_before_and_after() -> None:
    """The same as a pyramid makes of the picture that the model of its full size is given."""
    picture = Noise().held_out(8)[0][0]
    half = shrunk(picture, 1, levels=2)
    assert set(np.unique(half)) == {0, 255}
    ink = (picture >= 128).reshape(4, 2, 4, 2).sum((1, 3))
    assert np.array_equal(half[..., 0] == 255, ink >= 2)
    assert np.array_equal(half, halved(quantized(picture, 2), 2))


def test_pictures_that_are_not_halved_stay_what_they_are() -> None:
    whole: Pictures = Noise()
    assert HalvedPictures.of(whole, 0, levels=2) is whole
