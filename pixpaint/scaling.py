"""Pictures in fewer values, at half size and back, the same in training and in sampling."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]
Hole = NDArray[np.bool_]


def quantized(pixels: Bytes, levels: int) -> Bytes:
    """The nearest of so many bytes, evenly spaced from 0 to 255, of bytes of any shape; of two, 255 from 128 on."""
    if levels == 256:
        return pixels
    steps = (pixels.astype(np.uint16) * (levels - 1) + 127) // 255
    return (steps * (255 // (levels - 1))).astype(np.uint8)


def halved(picture: Bytes, levels: int = 256) -> Bytes:
    """A picture uint8 (H, W, C) at half its size, (ceil(H / 2), ceil(W / 2), C): means of 2 x 2 pixels, rounded, to as
    many levels as it has; an odd last row or column counts twice."""
    height, width, channels = picture.shape
    even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    cells = even.reshape(-(-height // 2), 2, -(-width // 2), 2, channels).astype(np.uint16)
    return quantized(np.rint(cells.sum((1, 3)) / 4).astype(np.uint8), levels)


def halved_hole(hole: Hole) -> Hole:
    """A hole bool (H, W) at half its size: a cell of which any pixel is hidden is hidden."""
    height, width = hole.shape
    even = np.pad(hole, ((0, height % 2), (0, width % 2)))
    hidden: Hole = np.any(even.reshape(-(-height // 2), 2, -(-width // 2), 2), axis=(1, 3))
    return hidden


def doubled(picture: Bytes) -> NDArray[np.float32]:
    """A picture uint8 (H, W, C) at twice its size, smoothly, in bytes but not whole ones: (2H, 2W, C). The mean of each
    2 x 2 pixels is the pixel they were."""
    wanted = picture.astype(np.float32)
    large = np.clip(_enlarged(wanted), np.float32(0), np.float32(255))
    # What the means are off by is enlarged, too: what that leaves is little, and the steps it makes between cells.
    large += _enlarged(wanted - _means(large))
    found = np.rint(large * 64).astype(np.float32) / np.float32(64)  # so that what follows is exact
    found += (wanted - _means(found)).repeat(2, 0).repeat(2, 1)
    return found


def _enlarged(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, C) to (2H, 2W, C), bicubic."""
    height, width, channels = picture.shape
    size = 2 * width, 2 * height
    planes = [
        Image.fromarray(np.ascontiguousarray(picture[..., c])).resize(size, Image.Resampling.BICUBIC)
        for c in range(channels)
    ]
    return np.stack([np.asarray(plane) for plane in planes], -1)


def _means(large: NDArray[np.float32]) -> NDArray[np.float32]:
    """Those of each 2 x 2 pixels: (2H, 2W, C) to (H, W, C)."""
    height, width, channels = large.shape
    means: NDArray[np.float32] = large.reshape(height // 2, 2, width // 2, 2, channels).mean((1, 3))
    return means
