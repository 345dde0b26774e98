"""The `fused` engine, for the CPU: the cached fill with its runs of hidden pixels painted by one compiled loop.

All else is the `torch` engine's: encoder, prefill, vertical rows and runs of known pixels are the model's own
layers on the same cache. Its planes are moved into one buffer, channels last, which the loop reads and writes in
place. Before a run is painted, whatever its pixels need of the row above, the vertical stack and the conditioning
is *hoisted*: one product a scale for all blocks and columns of the row.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pixpaint.layers.blocks import GatedBlock, concat_elu
from pixpaint.layers.cache import FeatureCache
from pixpaint.layers.conv import CausalConv
from pixpaint.models.pixel_cnn_pp import COARSEST, PixelCNNPP
from pixpaint.sampling import pixel_loop
from pixpaint.sampling.fill_cached import CachedFill
from pixpaint.sampling.lowering import Program, lower
from pixpaint.sampling.window import PaintedRow, Window

PIXELS_A_CALL = 32
"""The loop runs so many pixels before `stop` is asked again."""


@torch.inference_mode()
def fill_fused(
    model: PixelCNNPP, window: Window, temperature: float, stop: Callable[[], bool]
) -> Iterator[PaintedRow]:
    """Paints the window's `todo` pixels in raster order, on the CPU."""
    yield from FusedFill(model, window, temperature).paint(stop)


class Weights:
    """Matrices (inputs, outputs) and vectors, one after the other in one array."""

    def __init__(self) -> None:
        self._parts: list[Tensor] = []
        self._size = 0

    def add(self, part: Tensor) -> int:
        """Where the part begins."""
        self._parts.append(part.reshape(-1))
        start, self._size = self._size, self._size + part.numel()
        return start

    def array(self) -> Tensor:
        """All parts."""
        return torch.cat(self._parts)


def taps(weight: Tensor, row: int) -> Tensor:
    """A row of a kernel (out, in, rows, columns) as a matrix (columns * in, out), the leftmost column first."""
    return weight[:, :, row].permute(2, 1, 0).reshape(-1, weight.shape[0])


@dataclass(frozen=True, kw_only=True)
class Level:
    """The gated blocks at one scale, whose planes lie one behind the other, and the matrices that hoist them.

    B blocks: `inputs`, `middles` (B, N, H + 1, W + 1, 2F) and `above` (B, N, H, W, F) view the planes; `to_hidden`
    (B, 6F, F) and `to_gate` (B, 4F, 2F) with their biases; `gate` (B, 1, H, W, 2F) is bias and condition;
    `hidden_out` (B, N, W, F) and `gate_out` (B, N, W, 2F) take the result for the row.
    """

    scale: int
    inputs: Tensor
    middles: Tensor
    above: Tensor
    to_hidden: Tensor
    hidden_bias: Tensor
    to_gate: Tensor
    gate: Tensor
    hidden_out: Tensor
    gate_out: Tensor

    def hoist(self, row: int, first: int, last: int) -> None:
        """Prepares cells [first, last) of a row of cells."""
        count = last - first
        over = self.inputs[:, :, row, first : last + 1]  # the row above, from the cell to the left on
        above = concat_elu(self.above[:, :, row, first:last].movedim(-1, 1)).movedim(1, -1)
        x = torch.cat([over[:, :, :-1], over[:, :, 1:], above], -1).flatten(1, 2)
        hidden = torch.baddbmm(self.hidden_bias, x, self.to_hidden)
        self.hidden_out[:, :, :count] = hidden.view(*self.hidden_out.shape[:2], count, -1)
        over = self.middles[:, :, row, first : last + 1]
        x = torch.cat([over[:, :, :-1], over[:, :, 1:]], -1).flatten(1, 2)
        gate = torch.bmm(x, self.to_gate).view(*self.gate_out.shape[:2], count, -1)
        self.gate_out[:, :, :count] = gate + self.gate[:, :, row, first:last]


class FusedFill(CachedFill):
    """A cached fill whose planes and weights are laid out for the compiled loop."""

    def __init__(self, model: PixelCNNPP, window: Window, temperature: float) -> None:
        super().__init__(model, window, temperature)
        program = lower(model)
        n, F = len(self.frame), model.config.features
        # A first pass over the top rows makes every plane; what it leaves there is written again before it is read.
        self.prefill(0, COARSEST)
        weights = Weights()
        self._steps = np.full((len(program.steps), pixel_loop.COLUMNS), -1, np.int64)
        self._levels = self._lay_out(program, weights)
        self._fill_table(program, weights)
        self._scratch = np.zeros((program.slots + 3, n, 2 * F), self._planes.dtype)
        self._layout = self._describe(program, weights)
        self._weights = weights.array().numpy()

    def _lay_out(self, program: Program, weights: Weights) -> list[Level]:
        """Moves the planes into one buffer, those of a scale's blocks together, and makes the levels."""
        blocks: dict[int, list[tuple[int, GatedBlock, Hashable]]] = {}
        for i, step in enumerate(program.steps):
            if isinstance(step.layer, GatedBlock):
                blocks.setdefault(step.layer.scale, []).append((i, step.layer, step.above))
        order: list[Hashable] = []
        for found in blocks.values():
            order += [block.conv_in for _, block, _ in found]
            order += [block.conv_out for _, block, _ in found]
            order += [above for _, _, above in found]
        self._arena = Arena(self.cache, order)
        self._planes = self._arena.buffer.numpy()
        n, F = len(self.frame), self.model.config.features
        sizes = {s: len(found) * n * (self.width // s) * F for s, found in blocks.items()}
        hoisted = self.frame.new_zeros(3 * sum(sizes.values()))
        self._hoisted = hoisted.numpy()
        levels, start = [], 0
        for scale, found in blocks.items():
            span = self.width // scale
            shape = (len(found), n, span)
            hidden_out = hoisted[start : start + sizes[scale]].view(*shape, F)
            gate_out = hoisted[start + sizes[scale] : start + 3 * sizes[scale]].view(*shape, 2 * F)
            for b, (i, block, _) in enumerate(found):
                self._steps[i, pixel_loop.HOIST] = start + b * n * span * F
                self._steps[i, pixel_loop.HOIST2] = start + sizes[scale] + b * n * span * 2 * F
                self._add_block(self._steps[i], block, weights)
            start += 3 * sizes[scale]
            levels.append(self._level(scale, found, hidden_out, gate_out))
        return levels

    def _level(
        self,
        scale: int,
        found: list[tuple[int, GatedBlock, Hashable]],
        hidden_out: Tensor,
        gate_out: Tensor,
    ) -> Level:
        F = self.model.config.features
        to_hidden, hidden_bias, to_gate, gate = [], [], [], []
        for _, block, _ in found:
            conv_in, conv_out, aux = block.conv_in.conv, block.conv_out.conv, block.aux
            assert aux is not None
            matrix = aux.weight[:, :, 0, 0].T  # rows: ELU(above), [ELU(skip),] ELU(-above), [ELU(-skip)]
            half = len(matrix) // 2
            from_above = torch.cat([matrix[:F], matrix[half : half + F]])
            to_hidden.append(torch.cat([taps(conv_in.weight, 0), from_above]))
            hidden_bias.append(conv_in.bias + aux.bias)  # type: ignore[operator]
            to_gate.append(taps(conv_out.weight, 0))
            height, width = self.picture.shape[2] // scale, self.width // scale
            given = self.condition.get(block)
            map_ = conv_out.bias.view(1, -1, 1, 1) + (0 if given is None else given)  # type: ignore[union-attr]
            gate.append(map_.expand(-1, -1, height, width).movedim(1, -1))
        return Level(
            scale=scale,
            inputs=self._arena.together([block.conv_in for _, block, _ in found]),
            middles=self._arena.together([block.conv_out for _, block, _ in found]),
            above=self._arena.together([above for _, _, above in found]),
            to_hidden=torch.stack(to_hidden),
            hidden_bias=torch.stack(hidden_bias)[:, None],
            to_gate=torch.stack(to_gate),
            gate=torch.stack(gate),
            hidden_out=hidden_out,
            gate_out=gate_out,
        )

    def _add_block(self, step: np.ndarray, block: GatedBlock, weights: Weights) -> None:
        F = self.model.config.features
        conv_in, conv_out, aux = block.conv_in.conv, block.conv_out.conv, block.aux
        assert aux is not None
        step[pixel_loop.W] = weights.add(taps(conv_in.weight, 1))
        step[pixel_loop.W3] = weights.add(taps(conv_out.weight, 1))
        matrix = aux.weight[:, :, 0, 0].T
        if len(matrix) == 4 * F:
            step[pixel_loop.W2] = weights.add(torch.cat([matrix[F : 2 * F], matrix[3 * F :]]))

    def _fill_table(self, program: Program, weights: Weights) -> None:
        plane = slice(pixel_loop.PLANE, pixel_loop.STRIDE + 1)
        for row, step in zip(self._steps, program.steps, strict=True):
            row[[pixel_loop.SOURCE, pixel_loop.TARGET, pixel_loop.SKIP]] = step.source, step.target, step.skip
            row[pixel_loop.SCALE] = step.layer.scale
            layer = step.layer
            if isinstance(layer, GatedBlock):
                row[pixel_loop.KIND] = pixel_loop.BLOCK
                row[plane] = self._arena.place(layer.conv_in)
                row[pixel_loop.PLANE2 : pixel_loop.STRIDE2 + 1] = self._arena.place(layer.conv_out)
                continue
            row[plane] = self._arena.place(layer)
            assert layer.conv.bias is not None
            row[pixel_loop.BIAS] = weights.add(layer.conv.bias)
            if isinstance(layer, CausalConv):
                row[pixel_loop.KIND] = pixel_loop.SHRINK
                row[pixel_loop.W] = weights.add(torch.cat([taps(layer.conv.weight, i) for i in (0, 1)]))
            else:
                row[pixel_loop.KIND] = pixel_loop.ENLARGE
                row[pixel_loop.W] = weights.add(layer.conv.weight.permute(2, 3, 0, 1).contiguous())

    def _describe(self, program: Program, weights: Weights) -> tuple[int, ...]:
        """The numbers `run_pixels` wants as `layout`."""
        model = self.model
        first, head = model.first_left.conv, model.head
        assert first.bias is not None
        assert head.bias is not None
        return (
            model.config.features,
            program.slots,
            program.output,
            weights.add(torch.cat([taps(first.weight, 0), taps(first.weight, 1)])),
            weights.add(first.bias),
            *self._arena.place(model.first_left),
            *self._arena.place("above"),
            weights.add(head.weight[:, :, 0, 0].T),
            weights.add(head.bias),
            int(model.config.levels == 2),
            model.config.components,
            model.output.parameters,
        )

    def paint_run(self, row: int, first: int, last: int, stop: Callable[[], bool]) -> Tensor:
        hoist_first = np.zeros(COARSEST + 1, np.int64)
        hoist_first[0] = self.width
        for level in self._levels:
            scale = level.scale
            if row % scale == 0:
                hoist_first[scale] = -(-first // scale)
                if (end := (last - 1) // scale + 1) > hoist_first[scale]:
                    level.hoist(row // scale, int(hoist_first[scale]), end)
        params = self.frame.new_empty(len(self.frame), last - first, self.model.output.parameters)
        frame, noise, drawn_from = self.frame.numpy(), self.noise.numpy(), params.numpy()
        done = first
        while done < last and not stop():
            end = min(done + PIXELS_A_CALL, last)
            pixel_loop.run_pixels(
                self._steps,
                self._planes,
                self._weights,
                self._hoisted,
                hoist_first,
                frame,
                noise,
                drawn_from[:, done - first : end - first],
                row,
                done,
                end,
                self._layout,
                self._scratch,
                float(self.temperature),
            )
            done = end
        return params[:, : done - first].movedim(-1, 1)[:, :, None]


class Arena:
    """The planes of a cache, moved into one buffer (N, rows, columns, channels) each, those of `order` first and
    in order.

    The cache goes on working on them: its planes become views of the buffer.
    """

    def __init__(self, cache: FeatureCache, order: list[Hashable]) -> None:
        planes = cache.planes
        keys = [*order, *(key for key in planes if key not in set(order))]
        self.buffer = torch.cat([planes[key].movedim(1, -1).reshape(-1) for key in keys])
        self._views: dict[Hashable, Tensor] = {}
        start = 0
        for key in keys:
            n, channels, rows, columns = planes[key].shape
            size = planes[key].numel()
            view = self.buffer[start : start + size].view(n, rows, columns, channels)
            self._views[key] = view
            planes[key] = view.movedim(-1, 1)
            start += size

    def place(self, key: Hashable) -> tuple[int, int, int]:
        """Where a plane begins, its columns, and the length of one candidate's part."""
        view = self._views[key]
        return int(view.storage_offset()), view.shape[2], view.stride(0)

    def together(self, keys: list[Hashable]) -> Tensor:
        """Planes of one shape that lie one behind the other, as one view (B, N, rows, columns, channels)."""
        views = [self._views[key] for key in keys]
        first = views[0]
        assert all(
            v.storage_offset() == first.storage_offset() + i * first.numel() for i, v in enumerate(views)
        )
        return self.buffer[first.storage_offset() :][: len(views) * first.numel()].view(
            len(views), *first.shape
        )
