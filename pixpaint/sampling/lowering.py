"""Lowers a model's horizontal stack to a flat program of pixel operations, for the `fused` engine.

The wiring is not written down a second time: it is *recorded* from one pass of the model itself over a picture of one
coarsest cell. Hooks tell which layer ran on whose output; what a layer computes is held to the layer by the engine's
tests. A layer of another kind, or a tensor from elsewhere, makes recording fail, so that a changed model can't be run
with an old program.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pixpaint.layers.blocks import GatedBlock
from pixpaint.layers.cache import NoCache
from pixpaint.layers.conv import CausalConv, CausalUpsample, SameConv
from pixpaint.models.pixel_cnn_pp import COARSEST, PixelCNNPP, framed

Layer = GatedBlock | CausalConv | CausalUpsample


@dataclass(frozen=True, kw_only=True)
class Step:
    """One layer run at the current cell: features of slot `source` to slot `target`; a block also reads slot `skip`, or
    -1, and what the vertical stack published under `above`."""

    layer: Layer
    source: int
    target: int
    skip: int = -1
    above: Hashable = None


@dataclass(frozen=True, kw_only=True)
class Program:
    """The steps of the horizontal stack in order. Slot 0 is its input, slot `output` what the head reads."""

    steps: tuple[Step, ...]
    slots: int
    output: int


class _Recorder(NoCache):
    """Remembers under which key a tensor was published."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[int, Hashable] = {}

    def publish(self, key: Hashable, x: Tensor, scale: int) -> None:
        super().publish(key, x, scale)
        self.keys[id(x)] = key


@torch.inference_mode()
def lower(model: PixelCNNPP) -> Program:
    """The program of a model's horizontal stack. Raises ValueError for one that has other layers than PixelCNN++'s."""
    recorder = _Recorder()
    kept: list[Tensor] = []  # alive until the end, so that no two tensors share an id
    slots: dict[int, int] = {}
    steps: list[Step] = []

    def slot_of(x: Tensor) -> int:
        if id(x) not in slots:
            kept.append(x)
            slots[id(x)] = len(slots)
        return slots[id(x)]

    def known(x: Tensor) -> int:
        if id(x) not in slots:
            raise ValueError("the horizontal stack reads features that none of its layers made")
        return slots[id(x)]

    def record(layer: nn.Module, inputs: tuple[Any, ...], out: Tensor) -> None:
        assert isinstance(layer, Layer)
        aux: tuple[Tensor, ...] = inputs[2] if isinstance(layer, GatedBlock) else ()
        above = [recorder.keys[id(x)] for x in aux if id(x) in recorder.keys]
        skips = [known(x) for x in aux if id(x) not in recorder.keys]
        if len(above) > 1 or len(skips) > 1 or (isinstance(layer, GatedBlock) and not above):
            raise ValueError("a gated block of the horizontal stack reads other features than PixelCNN++'s")
        steps.append(
            Step(
                layer=layer,
                source=known(inputs[0]),
                target=slot_of(out),
                skip=skips[0] if skips else -1,
                above=above[0] if above else None,
            )
        )

    def begin(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        if not slots:
            slot_of(inputs[0])

    inner = {module for block in model.gated_blocks() for module in block.modules() if module is not block}
    layers = [m for m in model.horizontal.modules() if isinstance(m, Layer) and m not in inner]
    handles = [layer.register_forward_hook(record) for layer in layers]
    handles.append(model.horizontal.register_forward_pre_hook(begin))
    picture = model.head.weight.new_zeros(1, model.config.channels, COARSEST, COARSEST)
    frame = framed(picture, (COARSEST, COARSEST))
    outputs: list[Tensor] = []
    handles.append(model.horizontal.register_forward_hook(lambda _, __, out: outputs.append(out)))
    try:
        model.rows(frame[:, :, :-1, 1:], recorder, {})
        slots.clear()
        model.pixels(frame[:, :, 1:, :-1], recorder, {})
    finally:
        for handle in handles:
            handle.remove()
    if any(isinstance(step.layer, SameConv) for step in steps) or len(steps) != len(layers):
        raise ValueError("the horizontal stack has other layers than PixelCNN++'s")
    return Program(steps=tuple(steps), slots=len(slots), output=known(outputs[-1]))
