"""How what a model reads of a hole in training may be off, as it is in sampling, where it reads what it has painted
itself and its errors add up (*exposure bias*). What it is to say stays true, so that it learns to come back to what the
known pixels tell: as scheduled sampling (arXiv 1506.03099) and the noise on the coarse pictures of cascaded models
(arXiv 2106.15282) teach it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pixpaint.scaling import Bytes, Hole

DRIFT, DRIFTING, NEAR = 12.0, 8, 8
"""How far off a drifted picture is in the end, where it is as smooth as can be; how many pixels it takes to be; and
from how many pixels around it is known how rough a picture is."""


def drifted(rng: np.random.Generator, image: Bytes, hole: Hole) -> Bytes:
    """A picture (H, W, C) with an error, mostly the same in all channels, inside the hole (H, W): it grows from the
    known pixels above and to the left on. It is larger where the known pixels are rough, since a fill strays less in a
    sky than in a wood, but in a sky large beside its grain: else a model takes the roughness of what it has painted
    itself for that of the picture, and goes on rougher and rougher."""
    height, width, channels = image.shape
    side = round(2 ** rng.uniform(1, np.log2(max(hole.shape))))
    noise = rng.normal(size=(side, side, 1)) + 0.5 * rng.normal(size=(side, side, channels))
    error = np.stack(
        [
            _resized(plane, (width, height), Image.Resampling.BICUBIC)
            for plane in np.moveaxis(noise, -1, 0).astype(np.float32)
        ],
        -1,
    )
    size = DRIFT * np.sqrt(roughness(image, ~hole)) * (2 / side) ** 0.25 * rng.normal()
    return _moved(image, size * error * _share_of_drift(hole)[..., None])


def drifted_details(rng: np.random.Generator, image: Bytes, hole: Hole) -> tuple[Bytes, Hole]:
    """A picture (H, W, C) whose hidden cells of 2 x 2 keep their means, as hints have them, while what is in a cell is
    fainter or stronger than it should be, and noisy, the more the farther from the known pixels above and to the left;
    and the part of the hole (H, W) that can be learnt from it. Of those cells that is the first two pixels: what the
    other two are owed is not what the true picture has."""
    height, width = (side // 2 for side in hole.shape)
    cells = hole[: 2 * height, : 2 * width].reshape(height, 2, width, 2).all((1, 3))
    counted = hole.copy()
    counted[1 : 2 * height : 2, : 2 * width] &= ~cells.repeat(2, 1)

    def doubled_cells(a: NDArray[np.float64]) -> NDArray[np.float64]:
        return a.repeat(2, 0).repeat(2, 1)

    def details(a: NDArray[np.float64]) -> NDArray[np.float64]:
        cut = a[: 2 * height, : 2 * width]
        means: NDArray[np.float64] = cut.reshape(height, 2, width, 2, -1).mean((1, 3))
        return cut - doubled_cells(means)

    inner = doubled_cells(_share_of_drift(hole)[: 2 * height : 2, : 2 * width : 2] * cells)[..., None]
    stronger = np.exp(inner * rng.normal(0, 0.7)) - 1
    noise = details(rng.normal(size=image.shape)) * 3 * np.sqrt(roughness(image, ~hole)) * rng.normal()
    error = np.zeros(image.shape)
    error[: 2 * height, : 2 * width] = stronger * details(image.astype(float)) + inner * noise
    return _moved(image, error), counted


def roughness(image: Bytes, known: Hole) -> NDArray[np.float32]:
    """How rough a picture (H, W, C) is by its known pixels (H, W), and near the others by those around: the mean
    difference between neighbours in bytes, at least 1 (H, W, 1)."""
    x = image.astype(np.float32)
    sums, counts = np.zeros(known.shape, np.float32), np.zeros(known.shape, np.float32)
    for axis in (0, 1):
        here, there = (slice(None),) * axis + (slice(1, None),), (slice(None),) * axis + (slice(-1),)
        pairs = known[here] & known[there]
        sums[here] += np.abs(x[here] - x[there]).mean(-1) * pairs
        counts[here] += pairs
    overall = max(1.0, float(sums.sum() / max(1.0, counts.sum())))
    few = (len(known[0]) // NEAR or 1, len(known) // NEAR or 1)
    near, count = (
        _resized(_resized(plane, few, Image.Resampling.BOX), known.shape[::-1], Image.Resampling.BILINEAR)
        for plane in (sums, counts)
    )
    # Where hardly anything is known near by, the whole picture counts.
    return np.maximum((near + 0.05 * overall) / (count + 0.05), 1)[..., None]


def _resized(plane: NDArray[np.float32], size: tuple[int, int], how: Image.Resampling) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(plane).resize(size, how))


def _moved(image: Bytes, error: NDArray[np.float64]) -> Bytes:
    moved: Bytes = np.clip(np.rint(image + error), 0, 255).astype(np.uint8)
    return moved


def _share_of_drift(hole: Hole) -> NDArray[np.float64]:
    """How much of a drift has come about at each pixel of a hole (H, W): 0 where it is known, 1 deep inside."""
    since = np.minimum(_since_known(hole), _since_known(hole.T).T)
    share: NDArray[np.float64] = np.minimum(since / DRIFTING, 1)
    return share


def _since_known(hole: Hole) -> NDArray[np.intp]:
    """How many pixels of the hole (H, W) there are in a row up to each, itself included; before the edge are more."""
    columns = np.arange(hole.shape[1])
    last = np.maximum.accumulate(np.where(hole, -DRIFTING, columns), axis=1)
    since: NDArray[np.intp] = columns - last
    return since
