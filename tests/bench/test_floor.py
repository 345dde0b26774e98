"""The floor counts each weight that a pixel needs once, at its scale, as the fused engine stores it."""

import torch
from torch import nn

from pixpaint.bench.floor import bytes_a_pixel, seconds_to_read
from pixpaint.bench.subjects import random_model
from pixpaint.layers.blocks import GatedBlock
from pixpaint.models.config import DiagonalBiLSTMConfig, PixelCNNPPConfig
from pixpaint.sampling.tiles import PANEL, READS_HALF

F, K = 2 * PANEL, 10  # whole panels: nothing is padded, but the head


def test_the_bytes_of_a_small_network_by_hand() -> None:
    config = PixelCNNPPConfig(features=F, blocks=1, components=K)
    # Two taps of the current row, in and out; out also twice the outputs; going out the 1x1 of the skip.
    inward, outward = 2 * 2 * F * F + 2 * 2 * F * 2 * F, 2 * F * F
    blocks = inward + (inward + outward) * 2  # at full resolution: one in, two out
    blocks += (inward + (inward + outward) * 2) / 4
    blocks += (inward + (inward + outward)) / 16
    strided = 2 * F * F / 4 + 2 * F * F / 16  # two taps of the current row, due at the coarser cells
    transposed = 4 * F * F / 4 + 4 * F * F / 16
    first, head = 4 * F, F * (-(-10 * K // PANEL) * PANEL)
    numbers = blocks + strided + transposed + first + head
    assert bytes_a_pixel(random_model(config)) == numbers * (2 if READS_HALF else 4)


def test_the_bytes_of_a_small_lstm_by_hand() -> None:
    """Three passes a pixel, each of which reads all but what is right to left: that has one."""
    config = DiagonalBiLSTMConfig(features=PANEL, layers=2, head=F)
    first = 4 * 3 * F  # three pixels to the left, and the pixel itself
    gates, states, widen = F * 4 * PANEL, PANEL * 4 * PANEL, PANEL * F
    last = 2 * F * F + F * 3 * 256
    numbers = 3 * (first + 2 * (gates + states + widen) + last) + 2 * states
    assert bytes_a_pixel(random_model(config)) == numbers * 4


def test_weights_that_float16_does_not_hold_take_twice_as_much() -> None:
    config = PixelCNNPPConfig(features=4, blocks=1, components=2)
    rounded, whole = random_model(config), random_model(config)
    whole.head.weight.data.fill_(1 + 2**-20)
    assert bytes_a_pixel(whole) == bytes_a_pixel(rounded) * (2 if READS_HALF else 1)


def test_reading_takes_as_long_as_there_is_to_read() -> None:
    small, large = seconds_to_read(2**14), seconds_to_read(2**22)
    assert 0 < 20 * small < large  # 256 times as much


def test_random_weights_are_those_of_a_model_file() -> None:
    """Float16 holds them, they come from the seed alone, and nothing that training starts at zero stays there."""
    config = PixelCNNPPConfig(features=4, blocks=1, components=2, oriented=True)
    torch.manual_seed(5)
    before = torch.rand(1)
    torch.manual_seed(5)
    model, same, other = random_model(config), random_model(config), random_model(config, 1)
    assert torch.rand(1) == before
    for weight, again in zip(model.parameters(), same.parameters(), strict=True):
        assert torch.equal(weight, again)
        assert torch.equal(weight, weight.half().float())
    assert not torch.equal(model.head.weight, other.head.weight)
    for block in model.modules():
        if isinstance(block, GatedBlock):
            assert isinstance(block.project, nn.Conv2d)
            assert block.project.weight.abs().max() > 0
