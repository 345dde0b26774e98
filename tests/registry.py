"""Every causal layer and every model, small, with weights that leave nothing unseen: the ground of the proofs.

`test_registry.py` fails where one that the package has is missing here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from pixpaint.layers.blocks import GatedBlock
from pixpaint.layers.cache import Cache, Halo
from pixpaint.layers.conv import (
    CausalUpsample,
    SameConv,
    ShiftedConv,
    down,
    down_right,
    down_right_stride,
    down_stride,
)
from pixpaint.layers.masked import FirstConv, MaskedConv
from pixpaint.layers.recurrent import DiagonalBiLSTM, DiagonalRecurrence, RowLSTM, RowRecurrence
from pixpaint.models.base import Model
from pixpaint.models.config import (
    DiagonalBiLSTMConfig,
    EncoderConfig,
    GatedPixelCNNConfig,
    ModelConfig,
    PixelCNNConfig,
    PixelCNNPPConfig,
    RowLSTMConfig,
)
from pixpaint.models.family import new_model

Sees = Callable[[int, int, int], bool]
"""Whether an output cell sees the input cell so many rows below and columns right of it (negative: above, left); the
third argument is the output's column."""


@dataclass(frozen=True)
class LayerCase:
    """A layer with `channels` in, from cells at 1/`scale_in` to cells at 1/`scale_out`, and what a cell sees, in input
    cells counted from the first one it covers. Vertical layers are only ever given full rows."""

    name: str
    layer: nn.Module
    channels: int
    scale_in: int
    scale_out: int
    vertical: bool
    sees: Sees


def box(top: int, left: int, right: int) -> Sees:
    return lambda row, column, _: -top <= row <= 0 and -left <= column <= right


class BlockAlone(nn.Module):
    """A gated block with itself as auxiliary input and a conditioning map that differs in every cell."""

    def __init__(self, block: GatedBlock, height: int, width: int) -> None:
        super().__init__()
        self.inner = block
        maps = torch.randn(1, 4, height // block.scale, width // block.scale)
        self.register_buffer("map", maps)

    def forward(self, x: Tensor, cache: Cache) -> Tensor:
        return self.inner(x, cache, (x,), self.inner.condition(self.map))


class FirstOfRow(nn.Module):
    """The current row's part of a first layer, given as its left neighbours the pixels that it is given themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = FirstConv(3, 6, 7)

    def forward(self, x: Tensor, cache: Cache) -> Tensor:
        return self.inner(x, cache, x)


class RightToLeft(nn.Module):
    """A diagonal recurrence over the mirrored picture, as a bidirectional layer has it."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = DiagonalBiLSTM(3, 2, 1)

    def forward(self, gates: Tensor, cache: Cache) -> Tensor:
        return self.inner.right_to_left(gates, cache)


HEIGHT, WIDTH = 16, 20


def layer_cases() -> list[LayerCase]:
    """All layers, in float64."""
    torch.manual_seed(1)
    cases = [
        LayerCase("down", down(3, 2, 1), 3, 1, 1, True, box(1, 1, 1)),
        LayerCase("down at 1/4", down(3, 2, 4), 3, 4, 4, True, box(1, 1, 1)),
        LayerCase("down_right", down_right(3, 2, 1), 3, 1, 1, False, box(1, 1, 0)),
        LayerCase("down_right at 1/2", down_right(3, 2, 2), 3, 2, 2, False, box(1, 1, 0)),
        LayerCase("down_stride", down_stride(3, 2, 1), 3, 1, 2, True, box(1, 1, 1)),
        LayerCase("down_right_stride", down_right_stride(3, 2, 1), 3, 1, 2, False, box(1, 1, 0)),
        LayerCase("down_right_stride at 1/2", down_right_stride(3, 2, 2), 3, 2, 4, False, box(1, 1, 0)),
        LayerCase("shifted left", ShiftedConv(3, 2, (2, 1), Halo(1, 0, 0)), 3, 1, 1, False, box(1, 0, 0)),
        LayerCase("shifted above", ShiftedConv(3, 2, (1, 3), Halo(0, 1, 1)), 3, 1, 1, True, box(0, 1, 1)),
        LayerCase("shifted vertical", ShiftedConv(3, 2, (2, 3), Halo(1, 1, 1)), 3, 1, 1, True, box(1, 1, 1)),
        LayerCase("upsample down", CausalUpsample(3, 2, (2, 3), scale=1), 3, 2, 1, True, upsampled),
        LayerCase("upsample down_right", CausalUpsample(3, 2, (2, 2), scale=2), 3, 4, 2, False, box(0, 0, 0)),
        LayerCase("block down", BlockAlone(gated(down, 1), HEIGHT, WIDTH), 3, 1, 1, True, box(2, 2, 2)),
        LayerCase(
            "block down_right", BlockAlone(gated(down_right, 2), HEIGHT, WIDTH), 3, 2, 2, False, box(2, 2, 0)
        ),
        LayerCase("first, rows above", FirstConv(3, 2, 7).above, 3, 1, 1, True, box(2, 3, 3)),
        LayerCase("first, current row", FirstOfRow(), 3, 1, 1, False, box(0, 2, 0)),
        LayerCase("first, left", FirstOfRow().inner.left, 3, 1, 1, False, box(0, 2, 0)),
        LayerCase("vertical 5x5", SameConv(3, 2, (3, 5), Halo(2, 2, 2)), 3, 1, 1, True, box(2, 2, 2)),
        LayerCase(
            "masked 1x3", MaskedConv(6, 12, (1, 2), 1, groups=3, halves=2), 6, 1, 1, False, box(0, 1, 0)
        ),
        LayerCase(
            "masked 1x5", MaskedConv(3, 4, (1, 3), 2, groups=1, halves=2), 3, 1, 1, False, box(0, 2, 0)
        ),
        LayerCase("masked 3x3", MaskedConv(3, 6, (2, 3), 1, groups=1), 3, 1, 1, False, masked),
        LayerCase("masked 3x3, groups", MaskedConv(6, 6, (2, 3), 1, groups=3), 6, 1, 1, False, masked),
        LayerCase("row states", RowRecurrence(2, 3), 8, 1, 1, False, triangle(1, 0)),
        LayerCase("row states, kernel 5", RowRecurrence(1, 5), 4, 1, 1, False, triangle(2, 0)),
        LayerCase("row lstm", RowLSTM(3, 2, 3, 1), 3, 1, 1, False, triangle(1, 1)),
        LayerCase("row lstm, groups, kernel 5", RowLSTM(3, 3, 5, 3), 3, 1, 1, False, triangle(2, 2)),
        LayerCase("diagonal states", DiagonalRecurrence(2), 8, 1, 1, False, corner),
        LayerCase("diagonal states, from the right", RightToLeft(), 8, 1, 1, True, other_corner),
        LayerCase("diagonal bilstm", DiagonalBiLSTM(3, 2, 1), 3, 1, 1, False, all_before),
        LayerCase("diagonal bilstm, groups", DiagonalBiLSTM(3, 3, 3), 3, 1, 1, False, all_before),
    ]
    for case in cases:
        case.layer.double().eval()
    return cases


def masked(row: int, column: int, _: int) -> bool:
    """Of a masked 3 x 3 kernel: the row above, and the current one as far as the pixel."""
    return (row == -1 and -1 <= column <= 1) or (row == 0 and -1 <= column <= 0)


def upsampled(row: int, column: int, out_column: int) -> bool:
    """Of a 2x3 transposed kernel the odd columns read the cell to the right too."""
    return row == 0 and 0 <= column <= out_column % 2


def triangle(half: int, beside: int) -> Sees:
    """`half` cells more to each side a row up, to the left `beside` more in each row."""
    return lambda row, column, _: row <= 0 and row * half - beside <= column <= -row * half


def corner(row: int, column: int, _: int) -> bool:
    return row <= 0 and column <= 0


def other_corner(row: int, column: int, _: int) -> bool:
    return row <= 0 and column >= 0


def all_before(row: int, column: int, _: int) -> bool:
    """The cell itself too."""
    return row < 0 or (row == 0 and column <= 0)


def gated(make: Callable[[int, int, int], SameConv], scale: int) -> GatedBlock:
    block = GatedBlock(3, make, scale=scale, aux=3, context=4)
    stir(block)
    return block


def stir(model: nn.Module) -> None:
    """Gives the parameters that start at zero a value, so that nothing they lead to goes unseen."""
    for parameter in model.parameters():
        if not parameter.detach().any():
            nn.init.normal_(parameter, std=0.3)


def model_of(config: ModelConfig, dtype: torch.dtype = torch.float64, seed: int = 0) -> Model:
    torch.manual_seed(seed)
    model = new_model(config).to(dtype).eval().requires_grad_(False)
    stir(model)
    return model


SMALL_ENCODER = EncoderConfig(widths=(4, 4, 4, 4))

MODELS: dict[str, ModelConfig] = {
    "pixel_cnn_pp RGB": PixelCNNPPConfig(
        features=4,
        blocks=1,
        components=2,
        classes=2,
        oriented=True,
        hinted=True,
        smoothed=True,
        encoder=replace(SMALL_ENCODER, painted=True),
        crop=8,
    ),
    "pixel_cnn_pp RGB, two blocks a stage, alone": PixelCNNPPConfig(
        features=4, blocks=2, components=2, crop=8
    ),
    "pixel_cnn_pp grey": PixelCNNPPConfig(
        channels=1,
        features=4,
        blocks=1,
        components=2,
        oriented=True,
        hinted=True,
        encoder=SMALL_ENCODER,
        crop=8,
    ),
    "pixel_cnn_pp of 16 greys, hinted": PixelCNNPPConfig(
        channels=1,
        levels=16,
        features=4,
        blocks=1,
        components=2,
        oriented=True,
        hinted=True,
        encoder=SMALL_ENCODER,
        crop=8,
    ),
    "pixel_cnn_pp of 6 values a channel, alone": PixelCNNPPConfig(
        levels=6, features=4, blocks=1, components=2, crop=8
    ),
    "pixel_cnn_pp one bit, classes only": PixelCNNPPConfig(
        channels=1, levels=2, features=4, blocks=1, classes=3, context=4, crop=8
    ),
    "pixel_cnn_pp RGB, hinted, without an encoder": PixelCNNPPConfig(
        features=4, blocks=1, components=2, hinted=True, context=4, crop=8
    ),
    "pixel_cnn_pp one bit, hinted": PixelCNNPPConfig(
        channels=1, levels=2, features=4, blocks=1, hinted=True, encoder=SMALL_ENCODER, crop=8
    ),
    "pixel_cnn RGB": PixelCNNConfig(features=12, blocks=2, head=24, crop=8),
    "pixel_cnn RGB, features that three does not divide": PixelCNNConfig(
        features=13, blocks=1, head=23, crop=8
    ),
    "pixel_cnn grey": PixelCNNConfig(channels=1, features=6, blocks=1, head=8, crop=8),
    "pixel_cnn one bit, oriented": PixelCNNConfig(
        channels=1, levels=2, features=6, blocks=3, head=8, oriented=True, context=4, crop=8
    ),
    "pixel_cnn RGB, hinted": PixelCNNConfig(features=12, blocks=2, head=24, hinted=True, context=4, crop=8),
    "gated_pixel_cnn RGB": GatedPixelCNNConfig(
        features=12, layers=3, kernel=3, head=24, classes=2, oriented=True, likeness=True, context=4, crop=8
    ),
    "gated_pixel_cnn grey": GatedPixelCNNConfig(
        channels=1, features=4, layers=2, kernel=5, head=12, oriented=True, context=4, crop=8
    ),
    "gated_pixel_cnn one bit, alone": GatedPixelCNNConfig(
        channels=1, levels=2, features=4, layers=4, kernel=3, head=12, crop=8
    ),
    "gated_pixel_cnn one bit, classes only": GatedPixelCNNConfig(
        channels=1, levels=2, features=4, layers=1, kernel=3, head=12, classes=3, context=4, crop=8
    ),
    "gated_pixel_cnn one bit, hinted": GatedPixelCNNConfig(
        channels=1,
        levels=2,
        features=6,
        layers=3,
        kernel=3,
        head=24,
        classes=2,
        hinted=True,
        context=4,
        crop=8,
    ),
    "row_lstm RGB": RowLSTMConfig(features=6, layers=2, head=18, crop=8),
    "row_lstm grey, kernel 5": RowLSTMConfig(channels=1, features=3, layers=1, kernel=5, head=8, crop=8),
    "row_lstm one bit, oriented": RowLSTMConfig(
        channels=1, levels=2, features=3, layers=2, head=8, oriented=True, context=4, crop=8
    ),
    "row_lstm RGB, hinted": RowLSTMConfig(features=6, layers=2, head=18, hinted=True, context=4, crop=8),
    "diagonal_bilstm RGB": DiagonalBiLSTMConfig(features=6, layers=2, head=18, crop=8),
    "diagonal_bilstm grey": DiagonalBiLSTMConfig(channels=1, features=3, layers=1, head=8, crop=8),
    "diagonal_bilstm grey, hinted": DiagonalBiLSTMConfig(
        channels=1, features=3, layers=2, head=8, oriented=True, hinted=True, context=4, crop=8
    ),
    "diagonal_bilstm one bit, oriented": DiagonalBiLSTMConfig(
        channels=1, levels=2, features=3, layers=3, head=8, oriented=True, context=4, crop=8
    ),
}
