"""Lowers a model's two stacks to flat programs of layers and slots, for the `fused` engine.

The wiring is not written down a second time: it is *recorded* from one pass of the model itself over a picture of one
coarsest cell. Hooks tell which layer ran on whose output; what a layer computes is held to the layer by the engine's
tests. A layer of another kind, or a tensor from elsewhere, makes recording fail, so that a changed model can't be run
with an old program.
"""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from pixpaint.layers.blocks import GatedBlock
from pixpaint.layers.cache import NoCache
from pixpaint.layers.conv import CausalConv, CausalUpsample, SameConv
from pixpaint.models.base import framed, views
from pixpaint.models.pixel_cnn_pp import COARSEST, PixelCNNPP, Stack

Layer = GatedBlock | CausalConv | CausalUpsample


@dataclass(frozen=True, kw_only=True)
class Step:
    """One layer run over a chunk: features of slot `source` to slot `target`.

    A block may also read slot `skip` (-1: none) and what the other stack published under `above`. `publish` is the key
    under which the other stack finds the result.
    """

    layer: Layer
    source: int
    target: int
    skip: int = -1
    above: Hashable = None
    publish: Hashable = None


@dataclass(frozen=True, kw_only=True)
class Program:
    """The steps of a stack in order. Slot 0 is its input, slot `output` its result."""

    steps: tuple[Step, ...]
    slots: int
    output: int


class _Recorder(NoCache):
    """The cache of the recorded pass, and what was run on what in it."""

    def __init__(self) -> None:
        super().__init__()
        self.published_as: dict[int, Hashable] = {}
        self._kept: list[Tensor] = []  # alive until the end, so that no two tensors share an id

    def publish(self, key: Hashable, x: Tensor, scale: int) -> None:
        super().publish(key, x, scale)
        self.published_as[id(x)] = key
        self._kept.append(x)

    @contextmanager
    def recording(self, stack: Stack) -> Iterator[list[Program]]:
        """While it lasts, a pass of the stack is recorded; it is given at the end. Raises ValueError."""
        slots: dict[int, int] = {}
        steps: list[Step] = []
        results: list[Tensor] = []
        made: list[Program] = []

        def new_slot(x: Tensor) -> int:
            self._kept.append(x)
            return slots.setdefault(id(x), len(slots))

        def slot_of(x: Tensor) -> int:
            if id(x) not in slots:
                raise ValueError("a stack reads features that none of its layers made")
            return slots[id(x)]

        def record(layer: nn.Module, inputs: tuple[Any, ...], out: Tensor) -> None:
            assert isinstance(layer, Layer)
            aux: tuple[Tensor, ...] = inputs[2] if isinstance(layer, GatedBlock) else ()
            above = [
                self.published_as[id(x)] for x in aux if id(x) in self.published_as and id(x) not in slots
            ]
            skips = [slot_of(x) for x in aux if id(x) in slots or id(x) not in self.published_as]
            if len(above) > 1 or len(skips) > 1:
                raise ValueError("a gated block reads other features than PixelCNN++'s")
            steps.append(
                Step(
                    layer=layer,
                    source=slot_of(inputs[0]),
                    target=new_slot(out),
                    skip=skips[0] if skips else -1,
                    above=above[0] if above else None,
                )
            )

        blocks = [m for m in stack.modules() if isinstance(m, GatedBlock)]
        inner = {part for block in blocks for part in block.modules() if part is not block}
        layers = [m for m in stack.modules() if isinstance(m, Layer) and m not in inner]
        handles = [layer.register_forward_hook(record) for layer in layers]
        handles.append(stack.register_forward_hook(lambda _, __, out: results.append(out)))

        def begin(_: nn.Module, inputs: tuple[Any, ...]) -> None:
            if not slots:  # the stack calls itself for the coarser scales
                new_slot(inputs[0])

        handles.append(stack.register_forward_pre_hook(begin))
        try:
            yield made
        finally:
            for handle in handles:
                handle.remove()
        if any(isinstance(step.layer, SameConv) for step in steps) or len(steps) != len(layers):
            raise ValueError("a stack has other layers than PixelCNN++'s")
        key_of = {slot: self.published_as.get(x) for x, slot in slots.items()}
        made.append(
            Program(
                steps=tuple(replace(step, publish=key_of[step.target]) for step in steps),
                slots=len(slots),
                output=slot_of(results[-1]),
            )
        )


@torch.inference_mode()
def lower(model: PixelCNNPP) -> tuple[Program, Program]:
    """The programs of a model's vertical and horizontal stack. Raises ValueError for other layers than PixelCNN++'s."""
    picture = model.head.weight.new_zeros(1, model.config.channels, COARSEST, COARSEST)
    above, left, _ = views(framed(picture, (COARSEST, COARSEST)))
    recorder = _Recorder()
    with recorder.recording(model.vertical) as vertical:
        model.rows(above, recorder, {})
    with recorder.recording(model.horizontal) as horizontal:
        model.pixels(left, recorder, {})
    return vertical[0], horizontal[0]
