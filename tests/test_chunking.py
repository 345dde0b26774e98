"""A layer or model run chunk by chunk through a FeatureCache equals one pass over the whole image, in float64; rows and
pixels may be placed by a tensor alone."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixpaint.layers.cache import Chunk, FeatureCache, MovingCache, NoCache
from pixpaint.models.base import framed, views
from pixpaint.models.encoder import Base, Context
from pixpaint.sampling.fill_cached import runs_of
from tests.partitions import chunks, holes
from tests.registry import HEIGHT, MODELS, WIDTH, LayerCase, layer_cases, model_of

CASES = layer_cases()
COARSEST = 4  # of the layers' scales
EXACT = {"rtol": 0, "atol": 1e-12}
some = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def cells(x: torch.Tensor, chunk: Chunk, scale: int) -> torch.Tensor:
    """The part of a plane at 1/scale that holds the chunk's pixels."""
    bottom, right = -(-(chunk.row + chunk.height) // scale), -(-(chunk.column + chunk.width) // scale)
    return x[:, :, chunk.row // scale : bottom, chunk.column // scale : right]


def context_of(x: torch.Tensor, hole: torch.Tensor) -> Context:
    """What a model is told of two pictures x (2, C, H, W) with holes (2, 1, H, W): a hint everywhere of the first one,
    of the other none."""
    everywhere = torch.tensor([1.0, 0.0], dtype=x.dtype)[:, None, None, None].expand_as(hole)
    return Context.of(x, hole, 0.8 * x.roll(1, 3), everywhere)


def counted(x: torch.Tensor, base: torch.Tensor | None) -> torch.Tensor:
    """Pictures as the decoder is given them."""
    return x if base is None else x - Base.of(base).origin


def placed(cache: FeatureCache, chunk: Chunk, coarsest: int, moving: bool) -> FeatureCache:
    """The cache around a chunk; `moving`: for single rows and pixels one that is not told where they are."""
    if moving and chunk.height == 1 and chunk.width in (1, cache.width):
        phase = Chunk(chunk.row % coarsest, chunk.column % coarsest, 1, chunk.width)
        around = MovingCache(cache, phase, torch.tensor([chunk.row, chunk.column]), coarsest)
        around.locate()
        return around
    cache.move_to(*chunk)
    return cache


@pytest.mark.parametrize("moving", [False, True])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@some
@given(data=st.data())
def test_layer(case: LayerCase, moving: bool, data: st.DataObject) -> None:
    partition = data.draw(chunks(HEIGHT, WIDTH, COARSEST, full_rows=case.vertical))
    x = torch.randn(2, case.channels, HEIGHT // case.scale_in, WIDTH // case.scale_in, dtype=torch.float64)
    planes = FeatureCache(HEIGHT, WIDTH)
    with torch.inference_mode():
        whole = case.layer(x, NoCache())
        for chunk in partition:
            if hasattr(case.layer, "rows") and (chunk.column, chunk.height) == (0, 1):
                row = Chunk(chunk.row, 0, 1, WIDTH)
                case.layer.rows(cells(x, row, 1), placed(planes, row, COARSEST, moving))
            cache = placed(planes, chunk, COARSEST, moving)
            if not cache.owns_cell(min(case.scale_in, case.scale_out)):
                continue
            given_cells = cells(x, chunk, case.scale_in) if cache.owns_cell(case.scale_in) else None
            out = case.layer(given_cells, cache)
            if out is None:
                assert not cache.owns_cell(case.scale_out)
            else:
                torch.testing.assert_close(out, cells(whole, chunk, case.scale_out), **EXACT)


@pytest.mark.parametrize("moving", [False, True])
@pytest.mark.parametrize("name", MODELS)
@some
@given(data=st.data())
def test_model(name: str, moving: bool, data: st.DataObject) -> None:
    model = model_of(MODELS[name])
    channels = model.config.channels
    height, width = (model.coarsest * data.draw(st.integers(1, 16 // model.coarsest)) for _ in range(2))
    partition = data.draw(chunks(height, width, model.coarsest))
    x = torch.rand(2, channels, height, width, dtype=torch.float64) * 2 - 1
    hole = (torch.rand(2, 1, height, width) < 0.4).double()
    label, orientation = torch.tensor([0, model.config.classes]), torch.tensor([3, 0])
    with torch.inference_mode():
        whole = model(x, context_of(x, hole), label, orientation).params
        context, base = model.told(context_of(x, hole))
        above, left, here = views(framed(counted(x, base), (height, width)))
        condition = model.condition(model.maps(context, label, orientation), base)
        planes = FeatureCache(height, width)
        for chunk in partition:
            if chunk.column == 0:
                cache = placed(planes, Chunk(chunk.row, 0, chunk.height, width), model.coarsest, moving)
                model.rows(above[:, :, chunk.row : chunk.row + chunk.height], cache, condition)
            cache = placed(planes, chunk, model.coarsest, moving)
            params = model.pixels(cells(left, chunk, 1), cache, condition, cells(here, chunk, 1))
            torch.testing.assert_close(params, cells(whole, chunk, 1), **EXACT)


@pytest.mark.parametrize("name", MODELS)
@settings(some, max_examples=6)
@given(data=st.data())
def test_model_where_a_hole_is_painted_anew_in_a_picture_that_was_run_before(
    name: str, data: st.DataObject
) -> None:
    """Below and beside the hole the planes hold features of what it held before."""
    model = model_of(MODELS[name])
    cell, channels = model.coarsest, model.config.channels
    height, width = (cell * data.draw(st.integers(1, 12 // cell)) for _ in range(2))
    hole = data.draw(holes(height, width))
    before, after = (torch.rand(2, channels, height, width, dtype=torch.float64) * 2 - 1 for _ in range(2))
    after = torch.where(torch.from_numpy(hole), after, before)
    context = context_of(after, torch.from_numpy(hole).expand(2, 1, -1, -1).double())
    told = torch.tensor([0, model.config.classes]), torch.tensor([3, 0])
    with torch.inference_mode():
        whole = model(after, context, *told).params
        context, base = model.told(context)
        condition = model.condition(model.maps(context, *told), base)
        planes = FeatureCache(height, width)
        old, new = (views(framed(counted(x, base), (height, width))) for x in (before, after))
        model.rows(old.above, planes, condition)
        model.pixels(old.left, planes, condition, old.here)
        rows = np.flatnonzero(hole.any(1))
        for row in range(rows[0] // cell * cell, rows[-1] + 1):
            planes.move_to(row, 0, 1, width)
            model.rows(planes.crop(new.above, 1), planes, condition)
            for first, last, known in runs_of(hole[row], width):
                parts = [(first // cell * cell, last)] if known else [(c, c + 1) for c in range(first, last)]
                for start, end in parts:
                    planes.move_to(row, start, 1, end - start)
                    left, here = planes.crop(new.left, 1), planes.crop(new.here, 1)
                    params = model.pixels(left, planes, condition, here)
                    torch.testing.assert_close(params, planes.crop(whole, 1), **EXACT)
