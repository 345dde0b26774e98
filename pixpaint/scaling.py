"""Pictures at half size and back: the step between two levels of a pyramid, the same in training and in sampling."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]
Hole = NDArray[np.bool_]


def halved(picture: Bytes) -> Bytes:
    """A picture uint8 (H, W, C) at half its size, (ceil(H / 2), ceil(W / 2), C): means of 2 x 2 pixels, rounded; an odd
    last row or column counts twice."""
    height, width, channels = picture.shape
    even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    cells = even.reshape(-(-height // 2), 2, -(-width // 2), 2, channels).astype(np.uint16)
    mean: Bytes = np.rint(cells.sum((1, 3)) / 4).astype(np.uint8)
    return mean


def halved_hole(hole: Hole) -> Hole:
    """A hole bool (H, W) at half its size: a cell of which any pixel is hidden is hidden."""
    height, width = hole.shape
    even = np.pad(hole, ((0, height % 2), (0, width % 2)))
    hidden: Hole = np.any(even.reshape(-(-height // 2), 2, -(-width // 2), 2), axis=(1, 3))
    return hidden


def doubled(picture: Bytes) -> NDArray[np.float32]:
    """A picture uint8 (H, W, C) at twice its size, smoothly, in bytes but not whole ones: (2H, 2W, C). The mean of each
    2 x 2 pixels is the pixel they were."""
    rows, columns, channels = picture.shape
    image = Image.fromarray(picture if channels == 3 else picture[..., 0])
    large = np.asarray(image.resize((2 * columns, 2 * rows), Image.Resampling.BICUBIC))
    cells = large.reshape(rows, 2, columns, 2, channels).astype(np.float32)
    exact: NDArray[np.float32] = cells + (picture[:, None, :, None] - cells.mean((1, 3), keepdims=True))
    return exact.reshape(2 * rows, 2 * columns, channels)
