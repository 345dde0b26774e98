"""Held-out likelihood of what a hole hides: bits per dimension and nats per picture."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.errors import BadRequest
from pixpaint.layers.pixels import bytes_to_units
from pixpaint.models.base import Model
from pixpaint.models.encoder import Context
from pixpaint.orientation import ORIENTATIONS, Scalar, orient
from pixpaint.scaling import doubled, halved, quantized
from pixpaint.training.masks import fixed_hole


@dataclass(frozen=True, kw_only=True)
class Score:
    """Bits per dimension of the hidden pixels, and nats per picture, each with its standard error over pictures."""

    bits_per_dim: float
    standard_error: float
    nats_per_image: float
    nats_error: float
    images: int


@torch.inference_mode()
def evaluate(
    model: Model,
    images: NDArray[np.uint8],
    labels: NDArray[np.integer] | None = None,
    *,
    hole: str = "all",
    blank_map: bool = False,
    ensemble: bool = False,
    hints: bool = False,
    batch: int = 64,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Score:
    """Scores pictures (n, H, W, C) with labels (n,), -1 or None for no class, under holes of
    `training.masks.fixed_hole`.

    With `blank_map` the encoder is told that everything is hidden; the pixels scored stay the same. With `hints` the
    model is told the picture at half size, as at all but the coarsest level of a pyramid. With `ensemble` a
    picture's probability is the mean of those in all 8 orientations, a mixture of eight orders of the pixels, by a
    model that is told the orientation. The pictures are seen in the model's levels. `on_progress` is told how many
    of how many pictures are done. Raises BadRequest for pictures the model can't take.
    """
    config = model.config
    if images.ndim != 4 or images.shape[3] != config.channels or not len(images):
        raise BadRequest(
            f"The model takes pictures of {config.channels} channel(s); these have the shape {images.shape}."
        )
    if ensemble and not config.oriented:
        raise BadRequest(
            "This model has learnt one orientation only: leave out the ensemble over orientations."
        )
    if hints and not config.hinted:
        raise BadRequest("This model was trained without hints: leave them out.")
    images = quantized(images, config.levels)
    device = model.head.weight.device
    rng = np.random.default_rng(seed)
    nats: list[Tensor] = []
    sizes: list[Tensor] = []
    for start in range(0, len(images), batch):
        part = images[start : start + batch]
        n, height, width, _ = part.shape
        holes = np.stack([fixed_hole(hole, height, width, rng) for _ in range(n)])
        label = torch.full((n,), config.classes, device=device)
        if labels is not None:
            given = torch.from_numpy(labels[start : start + batch].astype(np.int64)).to(device)
            label = torch.where((given >= 0) & (given < config.classes), given, label)
        told = None
        if hints:
            half = [doubled(halved(image, config.levels)) for image in part]
            told = np.stack(half)[:, :height, :width]
        each_order = []
        for orientation in range(ORIENTATIONS if ensemble else 1):
            pictures = torch.from_numpy(_oriented(part, orientation)).movedim(-1, 1)
            x = bytes_to_units(pictures, model.head.weight.dtype).to(device)
            hidden = torch.from_numpy(_oriented(holes, orientation))[:, None].to(x)
            context = Context.of(x, hidden)
            if told is not None:
                large = torch.from_numpy(_oriented(told, orientation)).movedim(-1, 1)
                enlarged = bytes_to_units(large, x.dtype).to(device)
                context = Context.of(x, hidden, enlarged, torch.ones_like(hidden))
            turn = torch.full((n,), orientation, device=device)
            params = model(x, context.blanked() if blank_map else context, label, turn).params
            log_prob = model.output.log_prob(params.float(), x.float())
            each_order.append((log_prob * hidden[:, 0]).sum((1, 2)).double().cpu())
        together = torch.logsumexp(torch.stack(each_order), 0) - log(len(each_order))
        nats.append(-together)
        on_progress(start + n, len(images))
        sizes.append(torch.from_numpy(holes.sum((1, 2))).double() * config.channels)
    each, dims = torch.cat(nats), torch.cat(sizes)
    bits = each / np.log(2)
    ratio = bits.sum() / dims.sum()
    # The standard error of a ratio of sums, to first order: that of the residuals bits - ratio * dims.
    spread = (bits - ratio * dims).std() / dims.mean() / len(each) ** 0.5 if len(each) > 1 else torch.nan
    return Score(
        bits_per_dim=float(ratio),
        standard_error=float(spread),
        nats_per_image=float(each.mean()),
        nats_error=float(each.std() / len(each) ** 0.5) if len(each) > 1 else torch.nan,
        images=len(each),
    )


def _oriented(arrays: NDArray[Scalar], orientation: int) -> NDArray[Scalar]:
    """A copy of arrays (n, H, W, ...), each in this orientation."""
    return np.moveaxis(orient(np.moveaxis(arrays, 0, -1), orientation), -1, 0).copy()
