"""Gated PixelCNN beside a literal network with square masked kernels, after arXiv 1606.05328, figure 2; what it is told
reaches every gate."""

import pytest
import torch
import torch.nn.functional as F

from pixpaint.models.base import framed
from pixpaint.models.config import GatedPixelCNNConfig
from pixpaint.models.family import new_model
from tests.layers.test_masked import whole_kernel
from tests.registry import model_of

KINDS = [(3, 256, 3), (1, 256, 5), (1, 2, 3)]
TOLD = GatedPixelCNNConfig(
    features=6, layers=3, kernel=3, head=9, classes=2, oriented=True, likeness=True, context=5, crop=8
)


def gate(x):
    a, b = x.chunk(2, 1)
    return torch.tanh(a) * torch.sigmoid(b)


def one(x, layer):
    return F.conv2d(x, layer.weight if layer.mask is None else layer.weight * layer.mask, layer.bias)


def literal(model, x):
    n = model.config.kernel
    half = n // 2
    # Vertical: 7 x 7 with the rows above only; a map shifted down a row would be the same.
    first = whole_kernel(model.first)
    rows_above, row = first.clone(), first.clone()
    rows_above[:, :, 3:] = 0
    row[:, :, :3] = 0
    v = F.conv2d(x, rows_above, model.first.above.conv.bias, padding=3)
    h = F.conv2d(x, row, padding=3)
    result = torch.zeros((), dtype=torch.float64)  # the first layer has no residual connection
    for i, (down, out) in enumerate(zip(model.down, model.out, strict=True)):
        from_above = F.conv2d(v, down.weight, down.bias)
        result = result + one(gate(h + from_above), out)
        if i < len(model.vertical):
            conv, beside = model.vertical[i].conv, model.horizontal[i].conv
            v = F.conv2d(gate(v), F.pad(conv.weight, (0, 0, 0, half)), conv.bias, padding=half)
            weight = beside.weight if beside.mask is None else beside.weight * beside.mask
            h = F.conv2d(result, F.pad(weight, (0, half)), beside.bias, padding=(0, half))
    return one(F.relu(one(F.relu(result), model.last)), model.head)


@pytest.mark.parametrize(("channels", "levels", "kernel"), KINDS)
def test_equals_the_literal_network(channels: int, levels: int, kernel: int) -> None:
    model = model_of(
        GatedPixelCNNConfig(channels=channels, levels=levels, kernel=kernel, features=7, layers=4, head=9)
    )
    x = torch.rand(2, channels, 12, 15, dtype=torch.float64) * 2 - 1
    torch.testing.assert_close(model(x).params, literal(model, x), rtol=0, atol=1e-12)


def test_every_gate_is_told() -> None:
    model = model_of(TOLD)
    x = torch.rand(1, 3, 8, 8, dtype=torch.float64) * 2 - 1
    zero = torch.tensor([0])
    (h,) = model.maps(None, zero, zero, x)
    condition = model.condition([h.requires_grad_()])
    gates = (
        2 * model.config.layers - 1
    )  # the last vertical layer is passed to the horizontal one before its gate
    assert len(condition) == gates
    params = model.decode(framed(x, (8, 8)), condition)
    for gradient in torch.autograd.grad(params.sum(), [h, *condition.values()]):
        assert gradient.ne(0).all()


def test_the_output_depends_on_class_orientation_and_likeness() -> None:
    model = model_of(TOLD)
    x, other = torch.rand(2, 1, 3, 8, 8, dtype=torch.float64) * 2 - 1

    def params(label: int = 2, orientation: int = 0, like: torch.Tensor | None = None) -> torch.Tensor:
        return model(x, None, torch.tensor([label]), torch.tensor([orientation]), like).params

    plain = params()
    told = [params(label=0), params(label=1), params(orientation=3), params(like=other), params(like=x)]
    for i, one_way in enumerate(told):
        assert not torch.equal(one_way, plain)
        assert not any(torch.equal(one_way, another) for another in told[:i])
    torch.testing.assert_close(params(like=torch.zeros_like(x)), plain, rtol=0, atol=1e-12)


def test_what_it_is_told_starts_as_nothing_but_can_be_learnt() -> None:
    torch.manual_seed(0)
    model = new_model(TOLD)
    x = torch.rand(2, 3, 8, 8) * 2 - 1
    zero = torch.zeros(2, dtype=torch.int64)
    a, b = (model(x, None, zero + label, zero, like).params for label, like in ((0, x), (2, None)))
    assert torch.equal(a, b)
    a.square().sum().backward()
    for matrix in (*model.tell_vertical, *model.tell_horizontal):
        assert matrix.weight.grad.ne(0).any()


def test_pictures_to_be_like_may_have_any_size() -> None:
    model = model_of(TOLD)
    for height, width in ((8, 8), (1, 1), (31, 12)):
        vector = model.likeness(torch.rand(2, 3, height, width, dtype=torch.float64))
        assert vector.shape == (2, 5, 1, 1)
        assert not torch.equal(vector[0], vector[1])
