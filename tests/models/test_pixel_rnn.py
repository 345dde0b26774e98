"""Row LSTM and Diagonal BiLSTM beside literal networks after arXiv 1601.06759, sections 3.1, 3.2 and table 1: whole
masked kernels, row by row, and skewed maps with a column-wise convolution."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pixpaint.models.config import DiagonalBiLSTMConfig, RowLSTMConfig
from pixpaint.models.diagonal_bilstm import DiagonalBiLSTMModel
from pixpaint.models.row_lstm import RowLSTMModel
from tests.layers.test_masked import whole_kernel
from tests.registry import model_of

KINDS = [(3, 256), (1, 256), (1, 2)]


def conv(x, layer):
    """A layer's convolution along the row, its kernel whole, with a mask."""
    weight = layer.weight if layer.mask is None else layer.weight * layer.mask
    return F.conv2d(F.pad(x, (layer.centre, 0)), weight, layer.bias)


def cell(gates, memory):
    """Equation 3: the gates o, f, i and the content g; the new hidden and cell states."""
    o, f, i, g = gates.chunk(4, 1)
    memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(memory), memory


def row_lstm(x, lstm):
    taps = lstm.states.taps  # (kernel, h, 4h)
    state_to_state = taps.permute(2, 1, 0)
    gates = conv(x, lstm.input_to_state.conv)
    hidden = memory = gates.new_zeros(len(x), taps.shape[1], x.shape[3])
    rows = []
    for row in gates.unbind(2):
        hidden, memory = cell(row + F.conv1d(hidden, state_to_state, padding=len(taps) // 2), memory)
        rows.append(hidden)
    return torch.stack(rows, 2)


def skewed(x):
    """Each row one column right of the one above."""
    height = x.shape[2]
    rows = [F.pad(row, (r, height - 1 - r)) for r, row in enumerate(x.unbind(2))]
    return torch.stack(rows, 2)


def unskewed(x, width):
    return torch.stack([row[..., r : r + width] for r, row in enumerate(x.unbind(2))], 2)


def diagonal_lstm(gates, taps):
    """Left to right over the skewed map, with a 2 x 1 convolution over each column; the gates hold the bias, so that
    cells beyond the picture are told from those inside."""
    height, width = gates.shape[2:]
    inside = skewed(torch.ones_like(gates[:, :1]))
    kernel = taps.permute(2, 1, 0)
    hidden = memory = gates.new_zeros(len(gates), taps.shape[1], height)
    columns = []
    for column, real in zip(skewed(gates).unbind(3), inside.unbind(3), strict=True):
        hidden, memory = cell(column + F.conv1d(F.pad(hidden, (1, 0)), kernel), memory)
        hidden, memory = hidden * real, memory * real
        columns.append(hidden)
    return unskewed(torch.stack(columns, 3), width)


def diagonal_bilstm(x, lstm, picture):
    left = diagonal_lstm(conv(x, lstm.input_to_right), lstm.to_right.taps)
    gates = conv(x, lstm.input_to_left)
    if lstm.pixel_to_left is not None:
        gates = gates + F.conv2d(picture, lstm.pixel_to_left.weight)
    right = diagonal_lstm(gates.flip(3), lstm.to_left.taps).flip(3)
    return left + F.pad(right, (0, 0, 1, 0))[:, :, :-1]


def literal(model, picture):
    x = F.conv2d(picture, whole_kernel(model.first), model.first.above.conv.bias, padding=3)
    for layer in model.layers:
        diagonal = isinstance(model, DiagonalBiLSTMModel)
        states = diagonal_bilstm(x, layer.lstm, picture) if diagonal else row_lstm(x, layer.lstm)
        x = x + conv(states, layer.widen)
    for layer in (*model.last, model.head):
        x = conv(F.relu(x), layer)
    return x


@pytest.mark.parametrize("size", [(7, 9), (9, 6), (1, 5), (6, 1)])
@pytest.mark.parametrize(("channels", "levels"), KINDS)
@pytest.mark.parametrize("kind", [RowLSTMConfig, DiagonalBiLSTMConfig])
def test_equals_the_literal_network(kind, channels: int, levels: int, size: tuple[int, int]) -> None:
    model = model_of(kind(channels=channels, levels=levels, features=7, layers=3, head=9))
    x = torch.rand(2, channels, *size, dtype=torch.float64) * 2 - 1
    torch.testing.assert_close(model(x).params, literal(model, x), rtol=0, atol=1e-12)


def test_row_lstm_sees_a_triangle() -> None:
    """With a 7x7 kernel and two layers of kernel 3."""
    model = RowLSTMModel(RowLSTMConfig(features=4, layers=2, head=4))

    def columns(above: int) -> list[int]:
        return [c for c in range(-50, 50) if model.sees(above, c)]

    assert columns(0) == list(range(-5, 0))
    assert columns(1) == list(range(-6, 4))
    assert columns(2) == list(range(-7, 5))
    assert columns(20) == list(range(-25, 23))


def last_pixel_s_viewers(model: DiagonalBiLSTMModel) -> list[int]:
    """The columns of row 3 that see the last pixel of row 2, of a picture 12 wide."""
    x = (torch.rand(3, 1, 6, 12, dtype=torch.float64) * 2 - 1).requires_grad_()
    params = model(x).params
    gradients = (
        torch.autograd.grad(params[:, :, 3, column].sum(), x, retain_graph=True)[0] for column in range(12)
    )
    return [column for column, gradient in enumerate(gradients) if gradient[:, :, 2, 11].any()]


def test_without_its_departure_diagonal_bilstm_hides_a_row_s_last_pixel() -> None:
    model = model_of(DiagonalBiLSTMConfig(channels=1, levels=2, features=6, layers=2, head=12))
    assert last_pixel_s_viewers(model) == list(range(12))
    weight: Tensor = model.layers[0].lstm.pixel_to_left.weight
    weight.zero_()
    assert last_pixel_s_viewers(model) == [8, 9, 10, 11]


def test_has_the_paper_s_layers_for_mnist() -> None:
    with torch.device("meta"):
        model = DiagonalBiLSTMModel(
            DiagonalBiLSTMConfig(channels=1, levels=2, features=16, layers=7, head=32)
        )
        row = RowLSTMModel(RowLSTMConfig(channels=1, levels=2, features=16, layers=7, head=32))
    assert len(model.layers) == len(row.layers) == 7
    lstm = model.layers[3].lstm
    assert lstm.input_to_right.weight.shape == lstm.input_to_left.weight.shape == (64, 32, 1, 1)
    assert lstm.to_right.taps.shape == lstm.to_left.taps.shape == (2, 16, 64)
    assert lstm.pixel_to_left is None
    assert model.layers[3].widen.weight.shape == (32, 16, 1, 1)
    assert row.layers[3].lstm.input_to_state.conv.weight.shape == (64, 32, 1, 2)
    assert row.layers[3].lstm.states.taps.shape == (3, 16, 64)
    assert model.head.weight.shape == row.head.weight.shape == (1, 32, 1, 1)
