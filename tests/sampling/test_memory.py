"""Where memory runs out: what is let go first, and what a person is told."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pixpaint.errors import OutOfMemory
from pixpaint.layers.output import Tempering
from pixpaint.recipe import FillSettings
from pixpaint.sampling import fill as filling
from pixpaint.sampling import fill_captured, memory, painting
from pixpaint.sampling.fill import fill
from pixpaint.sampling.fill_fused import FusedFill
from pixpaint.sampling.painting import Painter
from pixpaint.sampling.plan import Job
from pixpaint.sampling.window import Window
from tests.registry import MODELS, model_of


def test_what_the_last_fill_keeps_is_let_go_before_a_hole_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of(MODELS["pixel_cnn_pp grey"])
    image, hole = np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), bool)
    monkeypatch.setitem(filling.ENGINES, "captured", fill_captured.fill_captured)
    list(fill(model, image, hole, engine="captured"))
    assert fill_captured._last
    monkeypatch.setattr(memory, "bytes_at_hand", lambda device: 0 if fill_captured._last else 2**40)
    next(fill(model, image, hole))
    assert not fill_captured._last


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:113] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
@pytest.mark.parametrize(
    ("device", "way_on"), [("cpu", "choose a smaller hole"), ("cuda", "use --device cpu")]
)
def test_running_out_of_memory_is_explained(error: Exception, device: str, way_on: str) -> None:
    with pytest.raises(OutOfMemory, match=way_on) as told, painting._memory_of(device):
        raise error
    assert told.value.device == device
    assert told.value.__cause__ is error


def test_another_failure_is_not_taken_for_it() -> None:
    with pytest.raises(RuntimeError, match="sizes"), painting._memory_of("cuda"):
        raise RuntimeError("the sizes of tensors must match")


def test_a_painter_keeps_the_rows_it_has_painted(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    painter = Painter()
    settings = painter.prepare(FillSettings(model=str(tiny_model), engine="torch", device="cpu"))
    model = painter.model(settings)
    sample, left = model.output.sample, 40

    def sample_a_while(*args: object) -> torch.Tensor:
        nonlocal left
        left -= 1
        if not left:
            raise torch.OutOfMemoryError("out of memory")
        return sample(*args)

    monkeypatch.setattr(model.output, "sample", sample_a_while)
    events = painter.paint(settings, np.zeros((16, 16, 3), np.uint8), np.ones((16, 16), bool))
    assert [next(events).done, next(events).done] == [16, 32]
    with pytest.raises(OutOfMemory):
        next(events)


@pytest.mark.parametrize("candidates", [1, 3])
def test_fused_is_asked_for_little_more_than_it_keeps(candidates: int) -> None:
    """The pictures, the maps and two rows of the planes, not all of them."""
    model = model_of(replace(MODELS["pixel_cnn_pp RGB"], features=32, blocks=2)).float()
    side = 128
    window = Window(
        image=np.zeros((side, side, 3), np.uint8),
        hole=np.ones((side, side), bool),
        todo=np.ones((side, side), bool),
        noise=np.zeros((candidates, side, side, 4)),
        label=2,
        orientation=0,
        hints=np.zeros((candidates, side, side, 3), np.float32),
    )
    told = window.told(model)
    begun = FusedFill(model, window, Tempering(), told)
    arrays = [value for value in begun._work if isinstance(value, np.ndarray)]
    tensors = [begun.frame, begun.noise, told.base, *told.maps]
    weights = begun._work.weights.nbytes + begun._work.row_weights.nbytes
    kept = sum(a.nbytes for a in arrays) - weights + sum(t.nbytes for t in tensors) + window.noise.nbytes
    job = Job(row=0, column=0, height=side, width=side, orientation=0, rows=range(side), columns=range(side))
    asked = memory.bytes_needed(model, job, candidates, "fused")
    assert kept < asked < memory.bytes_needed(model, job, candidates, "torch") / 4
