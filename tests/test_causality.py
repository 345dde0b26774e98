"""No output depends on a later pixel, and every output depends on all that its receptive field is declared to hold.

The second half matters as much as the first: a kernel that only loses context passes every other test.
"""

import pytest
import torch

from pixpaint.layers.cache import NoCache
from pixpaint.models.encoder import Context
from tests.registry import HEIGHT, MODELS, WIDTH, LayerCase, layer_cases, model_of


@pytest.mark.parametrize("case", layer_cases(), ids=lambda case: case.name)
def test_layer_sees_exactly_its_halo(case: LayerCase) -> None:
    height, width = HEIGHT // case.scale_in, WIDTH // case.scale_in
    x = torch.randn(1, case.channels, height, width, dtype=torch.float64, requires_grad=True)
    out = case.layer(x, NoCache())
    for row in range(out.shape[2]):
        for column in range(out.shape[3]):
            (gradient,) = torch.autograd.grad(out[0, :, row, column].sum(), x, retain_graph=True)
            first = row * case.scale_out // case.scale_in, column * case.scale_out // case.scale_in
            expected = torch.tensor(
                [[case.sees(r - first[0], c - first[1], column) for c in range(width)] for r in range(height)]
            )
            assert torch.equal(gradient[0].abs().sum(0) != 0, expected), (row, column)


@pytest.mark.parametrize("name", MODELS)
def test_model_sees_every_earlier_pixel_in_reach_and_no_later_one(name: str) -> None:
    model = model_of(MODELS[name])
    height, width = 15, 18  # no whole number of coarsest cells: padding must not leak either
    channels = model.config.channels
    x = (torch.rand(1, channels, height, width, dtype=torch.float64) * 2 - 1).requires_grad_()
    hidden = Context.of(torch.zeros_like(x), torch.ones(1, 1, height, width, dtype=torch.float64))
    zero = torch.zeros(1, dtype=torch.int64)
    params = model(x, hidden, zero, zero).params
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    for row, column in [(0, 0), (0, 7), (1, 0), (3, 17), (6, 6), (7, 7), (8, 8), (9, 1), (14, 17), (14, 0)]:
        (gradient,) = torch.autograd.grad(params[0, :, row, column].sum(), x, retain_graph=True)
        seen = gradient[0].abs().amin(0) != 0, gradient[0].abs().amax(0) != 0
        earlier = (rows < row) | ((rows == row) & (columns < column))
        assert not (seen[1] & ~earlier).any(), f"{row, column} sees a later pixel"
        near = (row - rows <= model.reach) & ((columns - column).abs() <= model.reach)
        assert (seen[0] | ~(earlier & near)).all(), f"{row, column} misses an earlier pixel"


@pytest.mark.parametrize("name", [name for name, config in MODELS.items() if config.encoder])
def test_encoder_sees_known_pixels_on_all_sides_and_nothing_in_the_hole(name: str) -> None:
    model = model_of(MODELS[name])
    size = 16
    x = (torch.rand(1, model.config.channels, size, size, dtype=torch.float64) * 2 - 1).requires_grad_()
    hole = torch.zeros(1, 1, size, size, dtype=torch.float64)
    hole[..., 5:11, 4:12] = 1
    maps = model.maps(
        Context.of(x, hole), torch.zeros(1, dtype=torch.int64), torch.zeros(1, dtype=torch.int64)
    )
    for level, plane in enumerate(maps):
        centre = 8 >> level
        (gradient,) = torch.autograd.grad(plane[0, :, centre, centre].sum(), x, retain_graph=True)
        seen = gradient[0].abs().amin(0) != 0
        assert torch.equal(seen, hole[0, 0] == 0)
