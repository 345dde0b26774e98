"""How well each of several answers fits the pixels that were known: what a fill is ranked by.

A fill is drawn pixel by pixel from p(hole | known) as the model has learnt it. The same weights, shown nothing, also
price the whole window: p(known, hole). The one less the other, log p(known, hole) - log p(hole | known), is the fill's
importance weight. It asks how well the known pixels that come after the hole follow from what was painted. Where a hole
is painted coarse to fine each level has a weight of its own, given the one below, and they add up. The finest levels
are left out: they cost the most and say the least, since all that they paint stays near what the coarser ones say.
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
from pixpaint.sampling.fill import Hints, in_colours_of, jobs_of, levels_of
from pixpaint.sampling.pair import Hand, Pair
from pixpaint.sampling.plan import Job
from pixpaint.sampling.pyramid import Level
from pixpaint.scaling import Bytes, doubled, halved

RANKED = 2
"""How many levels count, from the coarsest on."""


@torch.inference_mode()
def fits(
    model: Model,
    results: Bytes,
    hole: NDArray[np.bool_],
    *,
    label: int | None = None,
    coarse: Model | None = None,
    coarse_label: int | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> NDArray[np.float64]:
    """The fit in nats of finished pictures uint8 (candidates, H, W, 3) whose `hole` (H, W) the model painted, with
    `coarse` if there was such a model, the higher the better: (levels, candidates), the coarsest level first, RANKED
    levels at most; their sum ranks them. Asks `stop` now and then, and then gives what it has."""
    pair, config = Pair.of(model, label, coarse, coarse_label), model.config
    found = pair.parts(hole)
    weights = np.zeros((min(RANKED, 1 + max(part.coarsest for part in found)), len(results)))
    for part in found:
        pictures = [in_colours_of(config, result[part.region]) for result in results]
        known = levels_of(pair, part, results[0], hole)
        height, width = known[0].hole.shape
        short = ((0, height - pictures[0].shape[0]), (0, width - pictures[0].shape[1]), (0, 0))
        pictures = [np.pad(picture, short, mode="edge") for picture in pictures]
        for level in known:
            coarser = []
            if level.level < part.coarsest:
                coarser = [halved(picture, one_bit=config.levels == 2) for picture in pictures]
            if level.level > part.coarsest - RANKED:
                hints = [doubled(picture) for picture in coarser]
                row, by = weights[part.coarsest - level.level], pair.at(part, level.level)
                for job in jobs_of(by.model.config, part, level):
                    for k, picture in enumerate(pictures):
                        if stop():
                            return weights
                        row[k] += _weight(by, level, job, picture, hints[k] if hints else None)
            pictures = coarser
    return weights


def _weight(by: Hand, level: Level, job: Job, picture: Bytes, hints: Hints | None) -> float:
    """The fit of one window of a level, in nats."""
    model, label = by
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
        Context.of(x, hidden, hint, None if hint is None else everything).as_painted()
        for hidden in (everything, hole)
    ]
    context = Context(*(torch.cat(planes) for planes in zip(*told, strict=True)))
    label_, orientation = (torch.tensor([n], device=like.device) for n in (label, job.orientation))
    both = x.repeat(2, 1, 1, 1)
    params = model(both, context, label_, orientation).params
    shown_nothing, shown_all = model.output.log_prob(params, both).double()
    return float(shown_nothing.sum() - (shown_all * own[0, 0]).sum())
