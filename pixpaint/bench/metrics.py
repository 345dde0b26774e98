"""How good a fill is beside the true picture: all figures look at the hole alone.

Pictures are uint8 (H, W, 3), holes bool (H, W). PSNR and SSIM ask whether the fill is the lost original, which a wide
hole does not tell; patch distance, gradients and the step across the border ask whether it could have been.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pixpaint.recipe import bounding_box

Picture = NDArray[np.uint8]
Hole = NDArray[np.bool_]
Floats = NDArray[np.float64]

MOST_PSNR = 60.0  # dB; one byte wrong by one in twenty comes to 61
PATCH = 7  # pixels
WINDOW, DEVIATION = 11, 1.5  # of SSIM, pixels


def psnr(fill: Picture, truth: Picture, hole: Hole) -> float:
    """Peak signal to noise ratio, dB: the squared error is averaged over the hole's pixels and channels.

    At most MOST_PSNR, so that one perfect fill leaves a mean over pictures finite.
    """
    error = np.square(fill[hole].astype(np.float64) - truth[hole]).mean()
    return min(MOST_PSNR, 10 * math.log10(255**2 / error)) if error else MOST_PSNR


def ssim(fill: Picture, truth: Picture, hole: Hole) -> float:
    """Structural similarity averaged over the hole's pixels and channels: see `ssim_map`."""
    top, left, bottom, right = bounding_box(hole)
    reach = WINDOW // 2
    # Only what the hole's windows see is looked at; where that ends before the picture does, the rest changes nothing.
    part = np.s_[max(top - reach, 0) : bottom + reach, max(left - reach, 0) : right + reach]
    return float(ssim_map(fill[part], truth[part])[hole[part]].mean())


def ssim_map(a: Picture, b: Picture) -> Floats:
    """Structural similarity at each pixel and channel, (H, W, 3), as Wang et al. 2004 define it: a Gaussian window of
    11x11 pixels, deviation 1.5, K = (0.01, 0.03), the edge mirrored.

    It is scikit-image's `structural_similarity(full=True, gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False)`.
    """
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y, xx, yy, xy = _blurred(np.stack([x, y, x * x, y * y, x * y]))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    both = mean_x * mean_y
    squares = mean_x**2 + mean_y**2
    map_: Floats = (2 * both + c1) * (2 * (xy - both) + c2) / ((squares + c1) * (xx + yy - squares + c2))
    return map_


def _blurred(planes: Floats) -> Floats:
    """Planes (n, H, W, C) under SSIM's window."""
    reach = WINDOW // 2
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / DEVIATION) ** 2)
    weights /= weights.sum()
    for axis in (1, 2):
        length = planes.shape[axis]
        around = [(0, 0)] * 4
        around[axis] = (reach, reach)
        wide = np.moveaxis(np.pad(planes, around, mode="symmetric"), axis, 0)
        blurred = sum(weight * wide[k : k + length] for k, weight in enumerate(weights))
        planes = np.moveaxis(np.asarray(blurred), 0, axis)
    return planes


def patches_at(picture: Picture, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float32]:
    """The PATCH x PATCH patches around these pixels, which fit into the picture, as (n, 147), values 0 to 1."""
    windows = sliding_window_view(picture, (PATCH, PATCH), axis=(0, 1))
    reach = PATCH // 2
    found = windows[rows - reach, columns - reach]
    return found.reshape(len(rows), -1).astype(np.float32) / np.float32(255)


def directions(count: int, length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Random unit vectors, (length, count)."""
    vectors = rng.normal(size=(length, count))
    unit: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=0)).astype(np.float32)
    return unit


def patch_distance(a: NDArray[np.float32], b: NDArray[np.float32], along: NDArray[np.float32]) -> float:
    """1000 times the sliced Wasserstein distance of patches, (n, d) both: the mean over the directions (d, k) of the
    mean absolute difference of their sorted projections."""
    return float(1000 * np.abs(np.sort(a @ along, axis=0) - np.sort(b @ along, axis=0)).mean())


def gradient(picture: Picture, hole: Hole) -> float:
    """The sum of the absolute differences, in bytes, of all pixels that lie side by side or one below the other in
    the hole."""
    return _differences(picture, hole, inside=True)


def step(picture: Picture, hole: Hole) -> float:
    """The sum of the absolute differences, in bytes, of all pixels side by side or one below the other of which one
    lies in the hole."""
    return _differences(picture, hole, inside=False)


def _differences(picture: Picture, hole: Hole, *, inside: bool) -> float:
    total = 0
    for axis in (0, 1):
        pixels, holes = picture.swapaxes(0, axis).astype(np.int64), hole.swapaxes(0, axis)
        pairs = (holes[1:] & holes[:-1]) if inside else (holes[1:] ^ holes[:-1])
        total += int(np.abs(np.diff(pixels, axis=0))[pairs].sum())
    return float(total)
