"""PixelCNN++ against a second, literal writing-down of the network that shares only the weights.

The lists u_list and ul_list, the order of shifts, crops and concatenations follow the description in arXiv 1701.05517,
section 2.4, and design figures: convolve, then shift; transpose-convolve, then cut.
"""

import pytest
import torch
import torch.nn.functional as F

from pixpaint.models.base import framed
from pixpaint.models.config import PixelCNNPPConfig
from pixpaint.models.encoder import Context
from pixpaint.models.pixel_cnn_pp import PixelCNNPP
from tests.registry import MODELS, SMALL_ENCODER, model_of

PLUS_PLUS = [name for name, config in MODELS.items() if isinstance(config, PixelCNNPPConfig)]


def concat_elu(x):
    return F.elu(torch.cat([x, -x], 1))


def down_shift(x):
    return F.pad(x, (0, 0, 1, 0))[:, :, :-1]


def right_shift(x):
    return F.pad(x, (1, 0))[..., :-1]


def down_shifted_conv(x, conv, stride=1):
    return F.conv2d(F.pad(x, (1, 1, 1, 0)), conv.weight, conv.bias, stride)


def down_right_shifted_conv(x, conv, stride=1):
    return F.conv2d(F.pad(x, (1, 0, 1, 0)), conv.weight, conv.bias, stride)


def down_shifted_deconv(x, conv):
    full = F.conv_transpose2d(x, conv.weight, conv.bias, 2)
    return full[..., 1 : 1 + 2 * x.shape[3]]


def down_right_shifted_deconv(x, conv):
    return F.conv_transpose2d(x, conv.weight, conv.bias, 2)


def gated_resnet(x, block, conv, aux=None):
    c1 = conv(concat_elu(x), block.conv_in.conv)
    if aux is not None:
        c1 = c1 + F.conv2d(concat_elu(aux), block.aux.weight, block.aux.bias)
    a, b = conv(concat_elu(c1), block.conv_out.conv).chunk(2, 1)
    return x + a * torch.sigmoid(b)


def literal(model, x):
    v, h, q = model.vertical, model.horizontal, model.config.blocks
    x = torch.cat([x, torch.ones_like(x[:, :1])], 1)
    first_above, first_left = model.first_above.conv, model.first_left.conv
    above = F.conv2d(F.pad(x, (1, 1)), first_above.weight, first_above.bias)
    left = F.conv2d(F.pad(x, (0, 0, 1, 0)), first_left.weight, first_left.bias)
    u_list = [down_shift(down_shifted_conv(x, model.first_vertical.conv))]
    ul_list = [down_shift(above) + right_shift(left)]
    for level in range(3):
        for i in range(q):
            u_list.append(gated_resnet(u_list[-1], v.inward[level][i], down_shifted_conv))
            ul_list.append(gated_resnet(ul_list[-1], h.inward[level][i], down_right_shifted_conv, u_list[-1]))
        if level < 2:
            u_list.append(down_shifted_conv(u_list[-1], v.shrink[level].conv, 2))
            ul_list.append(down_right_shifted_conv(ul_list[-1], h.shrink[level].conv, 2))
    u, ul = u_list.pop(), ul_list.pop()
    for level in (2, 1, 0):
        for i in range(q + (level < 2)):
            u = gated_resnet(u, v.outward[level][i], down_shifted_conv, u_list.pop())
            aux = torch.cat([u, ul_list.pop()], 1)
            ul = gated_resnet(ul, h.outward[level][i], down_right_shifted_conv, aux)
        if level > 0:
            u = down_shifted_deconv(u, v.enlarge[level - 1].conv)
            ul = down_right_shifted_deconv(ul, h.enlarge[level - 1].conv)
    assert not u_list
    assert not ul_list
    return F.conv2d(F.elu(ul), model.head.weight, model.head.bias)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("blocks", [1, 3])
def test_equals_the_literal_network(channels: int, blocks: int) -> None:
    model = model_of(PixelCNNPPConfig(channels=channels, features=4, blocks=blocks, components=2))
    x = torch.rand(2, channels, 12, 16, dtype=torch.float64) * 2 - 1
    torch.testing.assert_close(model(x).params, literal(model, x), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("features", "blocks", "millions"), [(160, 5, 53.66), (64, 3, 5.4)])
def test_has_as_many_parameters_as_the_paper_s(features: int, blocks: int, millions: float) -> None:
    with torch.device("meta"):
        model = PixelCNNPP(PixelCNNPPConfig(features=features, blocks=blocks))
    # The authors count a length for each output channel of weight norm too: one more number a bias.
    count = sum(p.numel() for name, p in model.named_parameters())
    lengths = sum(p.numel() for name, p in model.named_parameters() if name.endswith("bias"))
    assert (count + lengths) / 1e6 == pytest.approx(millions, rel=0.01)


@pytest.mark.parametrize("name", PLUS_PLUS)
@pytest.mark.parametrize(("height", "width"), [(7, 9), (1, 1), (5, 12)])
def test_a_picture_of_any_size_is_the_top_of_a_higher_one(name: str, height: int, width: int) -> None:
    """Up to the next multiple of 4: hidden rows added below change nothing above, and hidden columns added to the
    right nothing in the first row. (Pixels of later rows do see whether there are columns to the right.)"""
    model = model_of(MODELS[name])
    channels = model.config.channels
    x = torch.rand(1, channels, height, width, dtype=torch.float64) * 2 - 1
    hole = (torch.rand(1, 1, height, width) < 0.5).double()
    context = Context.of(x, hole)
    label, upright = torch.tensor([0]), torch.tensor([0])
    alone = model(x, context, label, upright)
    assert alone.params.shape == (1, model.output.parameters, height, width)
    if alone.preview is not None:
        assert alone.preview.shape == alone.params.shape

    below, right = -height % 4, -width % 4
    higher, both = (
        torch.cat([F.pad(x, (0, more, 0, 0)), torch.rand(1, channels, below, width + more).double()], 2)
        for more in (0, right)
    )
    for larger, rows in ((higher, height), (both, 1)):
        more = larger.shape[3] - width
        told = Context.of(larger, F.pad(hole, (0, more, 0, below), value=1.0))
        params = model(larger, told, label, upright).params
        torch.testing.assert_close(params[:, :, :rows, :width], alone.params[:, :, :rows], rtol=0, atol=1e-12)


ENCODED = [name for name, config in MODELS.items() if config.encoder]


@pytest.mark.parametrize("name", ENCODED)
def test_the_output_depends_on_everything_the_encoder_is_told(name: str) -> None:
    model = model_of(MODELS[name])
    x = torch.rand(1, model.config.channels, 8, 8, dtype=torch.float64) * 2 - 1
    planes = [
        torch.rand(1, c, 8, 8, dtype=torch.float64, requires_grad=True)
        for c in (x.shape[1], 1, x.shape[1], 1, 1)
    ]
    zero = torch.tensor([0])
    prediction = model(x, Context(*planes), zero, zero)
    told = planes if MODELS[name].encoder.painted else planes[:-1]
    for output in prediction:
        for gradient in torch.autograd.grad(output.sum(), told, retain_graph=True):
            assert gradient.ne(0).all()


@pytest.mark.parametrize("name", [name for name in PLUS_PLUS if not name.endswith("alone")])
def test_every_block_at_every_scale_is_conditioned(name: str) -> None:
    model = model_of(MODELS[name])
    x = torch.rand(1, model.config.channels, 8, 8, dtype=torch.float64) * 2 - 1
    context, zero = Context.of(x, torch.ones(1, 1, 8, 8).double()), torch.tensor([0])
    maps = [m.requires_grad_() for m in model.maps(context, zero, zero)]
    condition = model.condition(maps)
    assert {block.scale for block in condition} == {1, 2, 4}
    assert set(condition) == set(model.gated_blocks)
    params = model.decode(framed(x, (8, 8)), condition)
    for gradient in torch.autograd.grad(params.sum(), [*maps, *condition.values()]):
        assert gradient.ne(0).any()


@pytest.mark.parametrize("name", MODELS)
def test_the_output_depends_on_the_class_and_the_orientation(name: str) -> None:
    model = model_of(MODELS[name])
    x = torch.rand(1, model.config.channels, 8, 8, dtype=torch.float64) * 2 - 1
    context = Context.of(x, torch.ones(1, 1, 8, 8).double())

    def params(label: int, orientation: int) -> torch.Tensor:
        return model(x, context, torch.tensor([label]), torch.tensor([orientation])).params

    for label in range(1, model.config.classes + 1):
        assert not torch.equal(params(label, 0), params(0, 0))
    for orientation in range(1, 8):
        assert torch.equal(params(0, orientation), params(0, 0)) != model.config.oriented


def test_conditioning_starts_as_the_unconditional_model() -> None:
    torch.manual_seed(0)
    config = PixelCNNPPConfig(
        features=4, blocks=1, components=2, classes=2, oriented=True, encoder=SMALL_ENCODER
    )
    model = PixelCNNPP(config).eval()
    x = torch.rand(1, 3, 8, 8) * 2 - 1
    hole = (torch.rand(1, 1, 8, 8) < 0.5).float()
    with torch.inference_mode():
        a = model(x, Context.of(x, hole), torch.tensor([0]), torch.tensor([3])).params
        b = model(x, Context.of(x, hole).blanked(), torch.tensor([2]), torch.tensor([0])).params
    assert torch.equal(a, b)


def test_a_class_can_be_learnt_where_it_is_all_that_is_told() -> None:
    torch.manual_seed(0)
    model = PixelCNNPP(PixelCNNPPConfig(channels=1, levels=2, features=4, blocks=1, classes=2, crop=8))
    label = torch.tensor([1])
    model(torch.rand(1, 1, 8, 8), None, label, None).params.sum().backward()
    assert any(block.project.weight.grad.any() for block in model.gated_blocks)
