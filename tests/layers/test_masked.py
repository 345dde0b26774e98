"""Masked convolutions, part by part, against the kernels that the papers draw."""

import pytest
import torch
import torch.nn.functional as F

from pixpaint.layers.cache import NoCache
from pixpaint.layers.masked import FirstConv, MaskedConv, MaskedConv2d, group_of


def test_groups_are_as_even_as_may_be() -> None:
    assert group_of(6, 3).tolist() == [0, 0, 1, 1, 2, 2]
    assert group_of(128, 3).bincount().tolist() == [43, 43, 42]
    assert group_of(8, 3, halves=2).tolist() == [0, 0, 1, 2, 0, 0, 1, 2]
    assert group_of(768, 3).tolist() == [0] * 256 + [1] * 256 + [2] * 256
    assert group_of(5, 1).tolist() == [0] * 5


@pytest.mark.parametrize(("kind", "sees"), [("A", [[], [0], [0, 1]]), ("B", [[0], [0, 1], [0, 1, 2]])])
def test_a_channel_sees_those_before_it_and_in_type_b_itself(kind, sees) -> None:
    conv = MaskedConv2d(3, 3, (1, 1), 0, groups=3, kind=kind)
    x = torch.randn(1, 3, 1, 1, requires_grad=True)
    for channel in range(3):
        (gradient,) = torch.autograd.grad(conv(x)[0, channel].sum(), x)
        assert gradient.flatten().nonzero().flatten().tolist() == sees[channel]


def whole_kernel(first: FirstConv) -> torch.Tensor:
    """The 7 x 7 kernel that the parts of a first layer are of."""
    kernel = torch.zeros(first.left.conv.out_channels, first.left.conv.in_channels, 7, 7, dtype=torch.float64)
    kernel[:, :, :3] = first.above.conv.weight
    kernel[:, :, 3, :3] = first.left.conv.weight[:, :, 0]
    if first.here is not None:
        kernel[:, :, 3, 3] = (first.here.weight * first.here.mask)[:, :, 0, 0]
    return kernel


@pytest.mark.parametrize("channels", [1, 3])
def test_the_first_layer_is_one_convolution_with_mask_a(channels: int) -> None:
    first = FirstConv(channels, 6, 7).double()
    x = torch.randn(2, channels, 9, 11, dtype=torch.float64)
    above, left = F.pad(x, (0, 0, 1, 0))[:, :, :-1], F.pad(x, (1, 0))[..., :-1]
    parts = first.above(above, NoCache()) + first(left, NoCache(), x)
    kernel = whole_kernel(first)
    whole = F.conv2d(x, kernel, first.above.conv.bias, padding=3)
    torch.testing.assert_close(parts, whole, rtol=0, atol=1e-12)
    # Red's features see no channel of the current pixel, green's red, blue's red and green.
    centre = kernel[:, :, 3, 3].ne(0)
    expected = [[c < group for c in range(channels)] for group in (0, 0, 1, 1, 2, 2)]
    assert centre.tolist() == (expected if channels == 3 else [[False]] * 6)


@pytest.mark.parametrize("groups", [1, 3])
def test_a_folded_layer_computes_the_same_and_its_weights_are_those_that_count(groups: int) -> None:
    layer = MaskedConv(6, 6, (2, 3), 1, groups=groups).double()
    x = torch.randn(1, 6, 4, 5, dtype=torch.float64)
    before = layer(x, NoCache())
    layer.conv.fold()
    assert layer.conv.mask is None
    assert torch.equal(layer(x, NoCache()), before)
    assert not layer.conv.weight[:, :, 1, 2].any()
    assert bool((layer.conv.weight[:2, 2:, 1, 1] == 0).all()) == (groups == 3)
