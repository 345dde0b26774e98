"""Where the compiled loops find a fill's features: the planes of its cache and its conditions, each in one buffer."""

from collections.abc import Hashable
from math import prod

import torch
from torch import Tensor

from pixpaint.layers.blocks import GatedBlock
from pixpaint.layers.cache import FeatureCache
from pixpaint.models.pixel_cnn_pp import COARSEST, Condition, PixelCNNPP, framed


class Arena:
    """The planes of a cache, in one buffer (N, rows, columns, channels) each; the cache works on views of it."""

    def __init__(self, cache: FeatureCache, planes: "Planes", like: Tensor) -> None:
        sizes = {key: planes.size(key, cache.height, cache.width) for key in planes.keys}
        self.buffer = like.new_zeros(len(like) * sum(map(prod, sizes.values())))
        self._places: dict[Hashable, tuple[int, int, int]] = {}
        start = 0
        for key, size in sizes.items():
            view = self.buffer[start : start + len(like) * prod(size)].view(len(like), *size)
            cache.planes[key] = view.movedim(-1, 1)
            self._places[key] = (start, size[1], prod(size))
            start += view.numel()

    def place(self, key: Hashable) -> tuple[int, int, int]:
        """Where a plane begins, its columns, and the length of one candidate's part."""
        return self._places[key]


class Planes:
    """How large a model's planes are, learnt from two small pictures: a plane has a cell or none for each pixel or few,
    and a border."""

    def __init__(self, model: PixelCNNPP) -> None:
        self._small, self._large = (self._sizes(model, side) for side in (COARSEST, 2 * COARSEST))
        self.keys = tuple(self._small)

    @staticmethod
    @torch.inference_mode()
    def _sizes(model: PixelCNNPP, side: int) -> dict[Hashable, tuple[int, int, int]]:
        cache = FeatureCache(side, side)
        frame = framed(model.head.weight.new_zeros(1, model.config.channels, side, side), (side, side))
        model.rows(frame[:, :, :-1, 1:], cache, {})
        model.pixels(frame[:, :, 1:, :-1], cache, {})
        return {key: (*plane.shape[2:], plane.shape[1]) for key, plane in cache.planes.items()}

    def size(self, key: Hashable, height: int, width: int) -> tuple[int, int, int]:
        """Rows, columns and channels of a plane in a window."""
        (rows, columns, channels), (more_rows, more_columns, _) = self._small[key], self._large[key]
        return (
            rows + (more_rows - rows) * (height - COARSEST) // COARSEST,
            columns + (more_columns - columns) * (width - COARSEST) // COARSEST,
            channels,
        )


class Maps:
    """The conditions of a model's blocks, moved into one buffer, (H, W, 2F) or (1, 1, 2F) each; they become views of
    it."""

    def __init__(self, condition: Condition, like: Tensor) -> None:
        parts = [map_.movedim(1, -1).reshape(-1) for map_ in condition.values()]
        self.buffer = torch.cat(parts) if parts else like.new_zeros(1)
        self._places: dict[GatedBlock, tuple[int, int, int]] = {}
        start = 0
        for block, map_ in condition.items():
            _, channels, rows, columns = map_.shape
            view = self.buffer[start : start + map_.numel()].view(1, rows, columns, channels)
            condition[block] = view.movedim(-1, 1)
            everywhere = rows == columns == 1
            self._places[block] = (start, 0, 0) if everywhere else (start, columns * channels, channels)
            start += map_.numel()

    def place(self, block: GatedBlock) -> tuple[int, int, int]:
        """Where a map begins, and the lengths of a row and of a cell; nothing where it holds everywhere."""
        return self._places[block]
