"""Where the compiled loops find a fill's features: the cache's planes, and the encoder's maps, each in one buffer."""

from collections.abc import Hashable, Sequence
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.layers.cache import FeatureCache
from pixpaint.models.base import framed, views
from pixpaint.models.pixel_cnn_pp import COARSEST, PixelCNNPP

ROWS = 2
"""Rows kept of each plane."""


class Arena:
    """For `count` candidates the planes of a cache, (N, ROWS, columns, channels) each, all zero."""

    def __init__(self, planes: "Planes", count: int, width: int, dtype: np.dtype[np.floating]) -> None:
        sizes = {key: planes.size(key, width) for key in planes.keys}
        self.buffer = np.zeros(count * ROWS * sum(map(prod, sizes.values())), dtype)
        self._places: dict[Hashable, tuple[int, int, int]] = {}
        self._views: list[NDArray[np.floating]] = []
        start = 0
        for key, (columns, channels) in sizes.items():
            size = ROWS * columns * channels
            self._places[key] = (start, columns, size)
            self._views.append(self.buffer[start : start + count * size].reshape(count, size))
            start += count * size

    def place(self, key: Hashable) -> tuple[int, int, int]:
        """Where a plane begins, its columns, and the length of one candidate's part."""
        return self._places[key]

    def copy_first(self) -> None:
        """Gives all candidates the features of the first."""
        for view in self._views:
            view[1:] = view[:1]


class Planes:
    """How wide a model's planes are, learnt from two small pictures: a cell for each pixel or few, and a border."""

    def __init__(self, model: PixelCNNPP) -> None:
        self._small, self._large = (self._sizes(model, side) for side in (COARSEST, 2 * COARSEST))
        self.keys = tuple(self._small)

    @staticmethod
    @torch.inference_mode()
    def _sizes(model: PixelCNNPP, side: int) -> dict[Hashable, tuple[int, int]]:
        cache = FeatureCache(side, side)
        frame = framed(model.head.weight.new_zeros(1, model.config.channels, side, side), (side, side))
        above, left, _ = views(frame)
        model.rows(above, cache, {})
        model.pixels(left, cache, {})
        return {key: (plane.shape[3], plane.shape[1]) for key, plane in cache.planes.items()}

    def size(self, key: Hashable, width: int) -> tuple[int, int]:
        """Columns and channels of a plane in a window so many pixels wide."""
        (columns, channels), (more, _) = self._small[key], self._large[key]
        return columns + (more - columns) * (width - COARSEST) // COARSEST, channels


class Maps:
    """A model's maps, finest first, (N, H, W, channels) each; N is 1 where all candidates share them."""

    def __init__(self, maps: Sequence[Tensor], dtype: np.dtype[np.floating]) -> None:
        parts = [map_.movedim(1, -1).reshape(-1).numpy() for map_ in maps]
        self.buffer = np.concatenate(parts) if parts else np.zeros(1, dtype)
        self._places: list[tuple[int, int, int, int, int]] = []
        start = 0
        for map_ in maps:
            count, channels, rows, columns = map_.shape
            own = rows * columns * channels if count > 1 else 0
            strides = (0, 0) if rows == columns == 1 else (columns * channels, channels)
            self._places.append((start, own, *strides, channels))
            start += map_.numel()

    def place(self, scale: int) -> tuple[int, int, int, int, int]:
        """Where the map at 1/scale begins, the lengths of one candidate's part, 0 where all share it, of a row and of a
        cell, 0 where it holds everywhere, and its channels."""
        return self._places[scale.bit_length() - 1]
