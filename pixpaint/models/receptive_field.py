"""Receptive fields from a model's own gradients: how much what it says of a pixel depends on every other pixel.

`Model.sees` declares what a pixel sees; this measures it, for any weights and any picture. A derivative that is not
zero is a path through the network, so that what is not seen, and every later pixel, comes out as exactly zero, and no
mask is laid over it.

The measure of a pixel is the norm of the derivatives of all output parameters by all its channels. Where there are many
parameters it is estimated, from their sums with random signs, whose squares are on average the square of that norm.
"""

from math import sqrt

import torch
from torch import Tensor

from pixpaint.layers.pixels import bytes_to_units
from pixpaint.models.base import Model, framed
from pixpaint.models.encoder import Base, Context
from pixpaint.models.field import Field

SUMS = 4
"""With so many, the estimate's deviation is a third of the norm at most: little on a scale of decades."""


def receptive_field(
    model: Model,
    x: Tensor,
    hole: Tensor,
    at: tuple[int, int],
    *,
    label: int | None = None,
    orientation: int = 0,
) -> Field:
    """What the pixel `at` (row, column) sees of pictures x (N, C, H, W) in [-1, 1]: over these the root of the mean
    square. The encoder is shown the pictures but for the hole (1, 1, H, W), 1 = hidden; `label` None is no class.

    The model must be in evaluation mode.
    """
    config, (row, column), (height, width) = model.config, at, x.shape[2:]
    drawn, known = x.detach().clone().requires_grad_(), x.detach().clone().requires_grad_()
    numbers = (config.classes if label is None else label, orientation)
    with torch.enable_grad():
        context, base = model.told(Context.of(known, hole.expand(len(x), -1, -1, -1)).as_painted())
        maps = model.maps(context, *(torch.full((len(x),), n, device=x.device) for n in numbers))
        # The decoder runs as far as the pixel's own cells: what lies below can't matter to it.
        cell = model.coarsest
        rows = (row // cell + 1) * cell
        before, maps = drawn[:, :, :rows], [m[:, :, : rows // 2**scale] for scale, m in enumerate(maps)]
        if base is not None:
            base = base[:, :, :rows]
            before = before - Base.of(base).origin[:, :, : before.shape[2], :width]
        frame = framed(before, (rows, -(-width // cell) * cell))
        params = model.decode(frame, model.condition(maps, base))[:, :, row, column]  # (N, P)
    squares = [x.new_zeros(height, width).double() for _ in range(2)]
    for signs in _sums(params.shape[1]).to(params):
        gradients = torch.autograd.grad(
            (params * signs).sum(), (drawn, known), retain_graph=True, materialize_grads=True
        )
        # Squared in float64: a weak dependence must not become none.
        squares = [s + g.double().square().sum(1).mean(0) for s, g in zip(squares, gradients, strict=True)]
    decoder, encoder = (square.sqrt().cpu().numpy() for square in squares)
    decoder[at] = 0  # of its own channels some are drawn before others, but it is no earlier pixel
    return Field(at=at, decoder=decoder, encoder=None if config.encoder is None else encoder)


def typical_field(
    model: Model, size: tuple[int, int], at: tuple[int, int], *, pictures: int = 4, seed: int = 0
) -> Field:
    """What a pixel of pictures of noise sees, H x W = `size`, in the middle of a small square hole: what the model can
    see whatever is in the picture."""
    generator = torch.Generator().manual_seed(seed)
    like, (row, column) = model.head.weight, at
    levels, shape = model.config.levels, (pictures, model.config.channels, *size)
    noise = torch.randint(levels, shape, generator=generator) * (255 // (levels - 1))
    x = bytes_to_units(noise, like.dtype).to(like.device)
    hole, reach = x.new_zeros(1, 1, *size), min(size) // 8
    hole[..., max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1] = 1
    return receptive_field(model, x, hole, at)


def _sums(parameters: int) -> Tensor:
    """Each parameter by itself, where there are few: (P, P); else sums of all with random signs, (SUMS, P)."""
    if parameters <= SUMS:
        return torch.eye(parameters)
    signs = torch.randint(2, (SUMS, parameters), generator=torch.Generator().manual_seed(0))
    return (2.0 * signs - 1) / sqrt(SUMS)
