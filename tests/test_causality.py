"""No output depends on a later pixel, and every output depends on all that its receptive field is declared to hold.

The second half matters as much as the first: a kernel that only loses context passes every other test.
"""

import pytest
import torch

from pixpaint.layers.cache import NoCache
from pixpaint.layers.recurrent import Recurrence
from pixpaint.models.encoder import Context
from tests.registry import HEIGHT, MODELS, WIDTH, LayerCase, layer_cases, model_of


@pytest.mark.parametrize("case", layer_cases(), ids=lambda case: case.name)
def test_layer_sees_exactly_its_halo(case: LayerCase) -> None:
    height, width = HEIGHT // case.scale_in, WIDTH // case.scale_in
    x = torch.randn(1, case.channels, height, width, dtype=torch.float64, requires_grad=True)
    out = case.layer(x, NoCache())
    # Of a recurrence, whose gradient is of all that lies before a cell, not every cell is tried.
    step = 3 if any(isinstance(m, Recurrence) for m in case.layer.modules()) else 1
    for row in range(0, out.shape[2], step):
        for column in range(out.shape[3] - 1, -1, -step):
            (gradient,) = torch.autograd.grad(out[0, :, row, column].sum(), x, retain_graph=True)
            first = row * case.scale_out // case.scale_in, column * case.scale_out // case.scale_in
            expected = torch.tensor(
                [[case.sees(r - first[0], c - first[1], column) for c in range(width)] for r in range(height)]
            )
            assert torch.equal(gradient[0].abs().sum(0) != 0, expected), (row, column)


PLACES = [(0, 0), (0, 7), (1, 0), (3, 17), (6, 6), (7, 7), (8, 8), (9, 1), (14, 17), (14, 0)]


@pytest.mark.parametrize("name", MODELS)
def test_model_sees_every_declared_pixel_and_no_later_one(name: str) -> None:
    """Of each channel of a pixel's output, with respect to each channel of each pixel. Where channels take turns, one
    sees those before it of its own pixel and not itself; else none sees any."""
    model = model_of(MODELS[name])
    height, width = 15, 18  # no whole number of coarsest cells: padding must not leak either
    channels, pictures = (
        model.config.channels,
        3,
    )  # of several pictures one may leave a unit without a gradient
    x = (torch.rand(pictures, channels, height, width, dtype=torch.float64) * 2 - 1).requires_grad_()
    hidden = Context.of(torch.zeros_like(x), torch.ones(pictures, 1, height, width, dtype=torch.float64))
    zero = torch.zeros(pictures, dtype=torch.int64)
    params = model(x, hidden, zero, zero).params.chunk(model.substeps, 1)
    for row, column in PLACES:
        declared = [
            [
                model.sees(row - r, c - column) if (r, c) < (row, column) else False  # (none later)
                for c in range(width)
            ]
            for r in range(height)
        ]
        must = torch.tensor([[sees is True for sees in line] for line in declared])
        must_not = torch.tensor([[sees is False for sees in line] for line in declared])
        for turn, part in enumerate(params):
            (gradient,) = torch.autograd.grad(part[:, :, row, column].sum(), x, retain_graph=True)
            seen = gradient.ne(0).any(0)  # (C, H, W)
            assert seen[:, row, column].tolist() == [channel < turn for channel in range(channels)]
            seen[:, row, column] = False
            assert not (seen & must_not).any(), f"{row, column} sees a later pixel or more than is declared"
            assert (seen | ~must).all(), f"{row, column} misses a pixel it is declared to see"


@pytest.mark.parametrize("name", [name for name, config in MODELS.items() if config.encoder])
def test_encoder_sees_known_pixels_on_all_sides_and_nothing_in_the_hole(name: str) -> None:
    model = model_of(MODELS[name])
    size = 16
    x = (torch.rand(1, model.config.channels, size, size, dtype=torch.float64) * 2 - 1).requires_grad_()
    hole = torch.zeros(1, 1, size, size, dtype=torch.float64)
    hole[..., 5:11, 4:12] = 1
    context, base = model.told(Context.of(x, hole))
    maps = model.maps(context, torch.zeros(1, dtype=torch.int64), torch.zeros(1, dtype=torch.int64))
    for level, plane in enumerate(maps):
        centre = 8 >> level
        (gradient,) = torch.autograd.grad(plane[0, :, centre, centre].sum(), x, retain_graph=True)
        seen = gradient[0].abs().amin(0) != 0
        assert torch.equal(seen, hole[0, 0] == 0)
    if model.config.smoothed:
        assert base is not None
        (gradient,) = torch.autograd.grad(base[..., 8, 8].sum(), x)
        assert gradient.any()
        assert not (gradient * hole).any()
