"""PixelCNN beside a literal network with whole masked kernels, after arXiv 1601.06759, table 1 and figure 5."""

import pytest
import torch
import torch.nn.functional as F

from pixpaint.models.config import PixelCNNConfig
from pixpaint.models.pixel_cnn import PixelCNN
from tests.layers.test_masked import whole_kernel
from tests.registry import model_of

KINDS = [(3, 256), (1, 256), (1, 2)]


def conv(x, layer):
    """A layer's convolution with its kernel as the papers draw it: square, with a mask."""
    weight = layer.weight if layer.mask is None else layer.weight * layer.mask
    rows, columns = layer.kernel_size
    kernel = F.pad(weight, (0, 0, 0, rows - 1))
    return F.conv2d(x, kernel, layer.bias, padding=(rows - 1, columns // 2))


def literal(model, x):
    x = F.conv2d(x, whole_kernel(model.first), model.first.above.conv.bias, padding=3)
    for block in model.blocks:
        hidden = conv(F.relu(x), block.narrow)
        hidden = conv(F.relu(hidden), block.conv.conv)
        x = x + conv(F.relu(hidden), block.widen)
    for layer in (*model.last, model.head):
        x = conv(F.relu(x), layer)
    return x


@pytest.mark.parametrize(("channels", "levels"), KINDS)
def test_equals_the_literal_network(channels: int, levels: int) -> None:
    model = model_of(PixelCNNConfig(channels=channels, levels=levels, features=7, blocks=3, head=9))
    x = torch.rand(2, channels, 12, 15, dtype=torch.float64) * 2 - 1
    torch.testing.assert_close(model(x).params, literal(model, x), rtol=0, atol=1e-12)


def test_the_blind_spot_is_a_wedge_up_and_to_the_right() -> None:
    """With a 7x7 kernel and two of 3x3: one row up 3 columns, two rows up 4, from three rows up 5."""
    model = PixelCNN(PixelCNNConfig(features=4, blocks=2, head=4))

    def columns(above: int) -> list[int]:
        return [c for c in range(-9, 10) if model.sees(above, c)]

    assert columns(0) == list(range(-5, 0))
    assert columns(1) == list(range(-5, 4))
    assert columns(2) == list(range(-5, 5))
    for above in (3, 4, 5):
        assert columns(above) == list(range(-5, 6))
    assert columns(6) == []


def test_has_the_paper_s_layers_for_cifar() -> None:
    with torch.device("meta"):
        model = PixelCNN(PixelCNNConfig(features=128, blocks=15, head=1024))
    assert [layer.conv.weight.shape for layer in (model.first.above, model.first.left)] == [
        (256, 3, 3, 7),
        (256, 3, 1, 3),
    ]
    block = model.blocks[7]
    assert block.narrow.weight.shape == (128, 256, 1, 1)
    assert block.conv.conv.weight.shape == (128, 128, 2, 3)
    assert block.widen.weight.shape == (256, 128, 1, 1)
    assert model.head.weight.shape == (768, 1024, 1, 1)
