"""How well each of several answers fits the pixels that were known: what a fill is ranked by.

A fill is drawn pixel by pixel from p(hole | known) as the model has learnt it. The same weights, shown nothing, also
price the whole window, fill and known pixels together: log p(known, hole) asks how well each pixel, those after the
hole too, follows from the ones before it. Where a hole is painted coarse to fine each level has a price of its own,
given the one below, and they add up. The finest levels are left out: they cost the most and say the least, since all
that they paint stays near what the coarser ones say. Where a fill's colours are held to what the known pixels lead to
expect (`Tempering.hold`), that is a second witness: how far they are from it at the coarsest level, as if they were
spread around it normally, as far as photographs' are on average. Then the coarsest level alone counts: finer ones are
retold by known pixels, and of that the model's price says nothing.

Less log p(hole | known) this would be the fill's importance weight. That ranks worse: by it an unlikely draw, as rough
or as odd as they come, is worth more, since there are few such draws (README, Photographs).
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
from pixpaint.sampling.extrapolation import extrapolated
from pixpaint.sampling.fill import Hints, in_colours_of, is_held, jobs_of, levels_of
from pixpaint.sampling.pair import Hand, Pair
from pixpaint.sampling.plan import Job
from pixpaint.sampling.pyramid import Level
from pixpaint.scaling import Bytes, doubled, halved

RANKED = 2
"""How many levels count, from the coarsest on, where nothing is held."""
ASTRAY = 30.0
"""How far in bytes true pixels of the coarsest level are from what is expected of them: the root mean square over 48 x
48 holes in photographs."""


@torch.inference_mode()
def fits(
    model: Model,
    results: Bytes,
    hole: NDArray[np.bool_],
    *,
    label: int | None = None,
    coarse: Model | None = None,
    coarse_label: int | None = None,
    hold: float = 0.0,
    stop: Callable[[], bool] = lambda: False,
) -> NDArray[np.float64]:
    """The fit in nats of finished pictures uint8 (candidates, H, W, 3) whose `hole` (H, W) the model painted, with
    `coarse` if there was such a model, held to what was expected by `hold`. The higher the better: (levels,
    candidates), the coarsest level first, RANKED levels at most, with `hold` one; their sum ranks them. Asks `stop` now
    and then, and then gives what it has."""
    pair, config = Pair.of(model, label, coarse, coarse_label), model.config
    found = pair.parts(hole)
    ranked = 1 if hold else min(RANKED, 1 + max(part.coarsest for part in found))
    nats = np.zeros((ranked, len(results)))
    for part in found:
        pictures = [in_colours_of(config, result[part.region]) for result in results]
        known = levels_of(pair, part, results[0], hole)
        height, width = known[0].hole.shape
        short = ((0, height - pictures[0].shape[0]), (0, width - pictures[0].shape[1]), (0, 0))
        pictures = [np.pad(picture, short, mode="edge") for picture in pictures]
        for level in known:
            coarser = []
            if level.level < part.coarsest:
                coarser = [halved(picture, config.levels) for picture in pictures]
            if level.level > part.coarsest - ranked:
                hints = [doubled(picture) for picture in coarser]
                row, by = nats[part.coarsest - level.level], pair.at(part, level.level)
                for job in jobs_of(by.model.config, part, level):
                    for k, picture in enumerate(pictures):
                        if stop():
                            return nats
                        row[k] += _nats(by, level, job, picture, hints[k] if hints else None)
            if level.level == part.coarsest and is_held(part, level, hold):
                expected = extrapolated(level.picture, level.hole, level.own, stop)
                if expected is None:
                    return nats
                away = (np.stack(pictures) - expected)[:, level.own]
                nats[0] -= hold / 2 * np.square(away / ASTRAY, dtype=np.float64).sum((1, 2))
            pictures = coarser
    return nats


def _nats(by: Hand, level: Level, job: Job, picture: Bytes, hints: Hints | None) -> float:
    """The fit of one window of a level, in nats."""
    model, label = by
    like = model.head.weight

    def units(pixels: NDArray[Any]) -> Tensor:
        cut = orient(pixels[job.window], job.orientation).copy()
        return bytes_to_units(torch.from_numpy(cut).movedim(-1, 0)[None], like.dtype).to(like.device)

    x = units(picture)
    everything = torch.ones_like(x[:, :1])
    context = Context.of(x, everything, *(() if hints is None else (units(hints), everything)))
    label_, orientation = (torch.tensor([n], device=like.device) for n in (label, job.orientation))
    params = model(x, context, label_, orientation).params
    return float(model.output.log_prob(params, x).double().sum())
