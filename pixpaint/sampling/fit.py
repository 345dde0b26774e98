"""How well each of several answers fits the pixels that were known: what a fill is ranked by.

A fill is drawn pixel by pixel from p(hole | known) as the model has learnt it. The same weights, shown nothing, also
price the whole window: p(known, hole). The one less the other, log p(known, hole) - log p(hole | known), is the fill's
importance weight. It asks how well the known pixels that come after the hole follow from what was painted. Where a hole
is painted coarse to fine each level has a weight of its own, given the one below, and they add up.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.layers.pixels import bytes_to_units
from pixpaint.models.base import Model
from pixpaint.models.encoder import Context
from pixpaint.orientation import orient
from pixpaint.sampling.fill import Hints, in_colours_of, jobs_of
from pixpaint.sampling.plan import Job
from pixpaint.sampling.pyramid import Level, levels, parts
from pixpaint.scaling import Bytes, doubled, halved


@torch.inference_mode()
def fits(
    model: Model,
    results: Bytes,
    hole: NDArray[np.bool_],
    *,
    label: int | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> NDArray[np.float64]:
    """The fit in nats of finished pictures uint8 (candidates, H, W, 3) whose `hole` (H, W) the model painted, the
    higher the better: (levels, candidates), the coarsest level first; their sum ranks them. Asks `stop` now and then,
    and then gives what it has."""
    config = model.config
    number = config.classes if label is None else label
    found = parts(hole, config.crop, pyramid=config.hinted)
    weights = np.zeros((1 + max(part.coarsest for part in found), len(results)))
    for part in found:
        for k, result in enumerate(results):
            pixels = in_colours_of(config, result[part.region])
            known = levels(pixels, hole[part.region], part.own(hole), part.coarsest)
            pictures = [known[0].picture]
            for _ in range(part.coarsest):
                pictures.append(halved(pictures[-1]))
            for level, picture in zip(known, pictures, strict=True):
                hints = None
                if level.level < part.coarsest:
                    hints = doubled(pictures[level.level + 1])
                for job in jobs_of(config, part, level):
                    if stop():
                        return weights
                    weights[-1 - level.level, k] += _weight(model, level, job, picture, hints, number)
    return weights


def _weight(model: Model, level: Level, job: Job, picture: Bytes, hints: Hints | None, label: int) -> float:
    """The fit of one window of a level, in nats."""
    like = model.head.weight

    def units(pixels: NDArray[Any]) -> Tensor:
        cut = orient(pixels[job.window], job.orientation).copy()
        return bytes_to_units(torch.from_numpy(cut).movedim(-1, 0)[None], like.dtype).to(like.device)

    def mask(where: NDArray[np.bool_]) -> Tensor:
        return torch.from_numpy(orient(where[job.window], job.orientation).copy()).to(like)[None, None]

    x, hole, own = units(picture), mask(level.hole), mask(level.own)
    everything = torch.ones_like(hole)
    hint = None if hints is None else units(hints)
    told = [
        Context.of(x, hidden, hint, None if hint is None else everything) for hidden in (everything, hole)
    ]
    context = Context(*(torch.cat(planes) for planes in zip(*told, strict=True)))
    label_, orientation = (torch.tensor([n], device=like.device) for n in (label, job.orientation))
    both = x.repeat(2, 1, 1, 1)
    params = model(both, context, label_, orientation).params
    shown_nothing, shown_all = model.output.log_prob(params, both).double()
    return float(shown_nothing.sum() - (shown_all * own[0, 0]).sum())
