"""The `torch` engine of CUDA, on the CPU: its steps as they are, and replayed from a tape as CUDA replays a graph."""

import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import count, zip_longest
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from pixpaint.layers.output import AS_TRAINED, Tempering
from pixpaint.models.base import Model
from pixpaint.sampling import fill_captured
from pixpaint.sampling.events import RowPainted
from pixpaint.sampling.fill import ENGINES, fill
from pixpaint.sampling.fill_captured import CapturedFill
from pixpaint.sampling.fill_slowly import fill_slowly
from pixpaint.sampling.graphs import Recorder, Step
from pixpaint.sampling.noise import draw_noise
from pixpaint.sampling.window import PaintedRow, Window
from pixpaint.scaling import quantized
from tests import test_fill_engines as engines
from tests.registry import MODELS, model_of

ASKS_THE_DEVICE = {"_local_scalar_dense", "nonzero", "masked_select", "equal", "lift_fresh", "unique"}


class Tape(TorchDispatchMode):
    """Notes every operation with its arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert func.overloadpacket.__name__ not in ASKS_THE_DEVICE
        out = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, out))
        return out

    def replay(self) -> None:
        """The same operations, with the same numbers, on the same tensors and on what comes of them."""
        made: dict[int, torch.Tensor] = {}

        def now(noted: torch.Tensor) -> torch.Tensor:
            return made.get(id(noted), noted)

        for func, args, kwargs, out in self.calls:
            new = func(*tree_map_only(torch.Tensor, now, args), **tree_map_only(torch.Tensor, now, kwargs))
            made |= {id(a): b for a, b in zip(tree_leaves(out), tree_leaves(new), strict=True)}


class Taped(Recorder):
    """Records as CUDA does: what is recorded is not done, and what the host knows is what it knew then."""

    def __init__(self) -> None:
        self.tapes: list[Tape] = []

    def record(self, step: Step) -> Step:
        tape = Tape()
        with FakeTensorMode(allow_non_fake_inputs=True), tape:
            step()
        self.tapes.append(tape)
        return tape.replay


def window_of(model: Model, seed: int, *, everything: bool = False) -> Window:
    """A picture of 10 x 11 pixels with a hole that is scattered, or everywhere."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (10, 11, model.config.channels), dtype=np.uint8)
    hole = (rng.random((10, 11)) < 0.4) | everything
    return Window(
        image=quantized(image, model.config.levels),
        hole=hole,
        todo=hole,
        noise=np.stack([draw_noise(seed + k, 0, 0, 0, 10, 11) for k in range(2)]),
        label=model.config.classes,
        orientation=seed % 8 if model.config.oriented else 0,
    )


def assert_same_rows(expected: Iterable[PaintedRow], rows: Iterable[PaintedRow]) -> None:
    for a, b in zip(expected, rows, strict=True):
        assert (a.row, a.columns.tolist()) == (b.row, b.columns.tolist())
        np.testing.assert_array_equal(a.pixels, b.pixels)
        np.testing.assert_allclose(a.nats, b.nats, rtol=1e-6, atol=1e-6)


def never() -> bool:
    return False


@pytest.fixture(scope="module", autouse=True)
def _engine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ENGINES, "captured", fill_captured.fill_captured)
        yield


@pytest.fixture(autouse=True)
def _none_before() -> None:
    fill_captured.let_go()


@pytest.mark.parametrize("name", MODELS)
@engines.some
@given(data=st.data())
def test_it_paints_the_same_bytes_in_float64(name: str, data: st.DataObject) -> None:
    engines.assert_same_bytes(name, "captured", data)


@pytest.mark.parametrize("name", MODELS)
def test_float32_differs_only_on_rounding_edges(name: str) -> None:
    engines.test_float32_differs_only_on_rounding_edges(name, "captured")


@pytest.mark.parametrize("rows", [2, 6])
def test_a_stopped_fill_continues_to_the_same_picture(rows: int) -> None:
    engines.test_a_stopped_fill_continues_to_the_same_picture("captured", "pixel_cnn_pp RGB", rows)


@pytest.mark.parametrize("name", ["pixel_cnn_pp RGB", "pixel_cnn_pp one bit, classes only", "pixel_cnn RGB"])
@torch.inference_mode()
def test_a_step_recorded_at_one_place_does_for_all_of_its_phase_and_for_the_next_fill(name: str) -> None:
    model = model_of(MODELS[name])
    recorder = Taped()
    first = window_of(model, 0, everything=True)
    captured = CapturedFill(model, first, AS_TRAINED, recorder)
    assert_same_rows(fill_slowly(model, first, AS_TRAINED, never), captured.paint(never))
    cell = model.coarsest
    assert len(recorder.tapes) == cell + cell**2
    for seed in (1, 2):
        window = window_of(model, seed)
        captured.load(window)
        assert_same_rows(fill_slowly(model, window, AS_TRAINED, never), captured.paint(never))
    assert len(recorder.tapes) == cell + cell**2


def test_the_next_fill_of_the_same_shape_takes_over_what_was_recorded() -> None:
    model = model_of(MODELS["pixel_cnn_pp grey"])
    list(fill_captured.fill_captured(model, window_of(model, 0), AS_TRAINED, never))
    (kept,) = fill_captured._last
    list(fill_captured.fill_captured(model, window_of(model, 1), AS_TRAINED, never))
    assert fill_captured._last == [kept]
    list(fill_captured.fill_captured(model, window_of(model, 1), Tempering(0.5, 0.5), never))
    (other,) = fill_captured._last
    assert other is not kept
    model.head.weight = nn.Parameter(model.head.weight.clone(), requires_grad=False)
    list(fill_captured.fill_captured(model, window_of(model, 1), Tempering(0.5, 0.5), never))
    assert fill_captured._last != [other]


def test_two_fills_at_once_share_nothing() -> None:
    model = model_of(MODELS["pixel_cnn_pp grey"])
    list(fill_captured.fill_captured(model, window_of(model, 0), AS_TRAINED, never))
    windows = [window_of(model, seed) for seed in (1, 2)]
    both = [fill_captured.fill_captured(model, window, AS_TRAINED, never) for window in windows]
    rows: tuple[list[PaintedRow], list[PaintedRow]] = ([], [])
    for pair in zip_longest(*both):
        for part, row in zip(rows, pair, strict=True):
            part += [row] if row is not None else []
    for window, part in zip(windows, rows, strict=True):
        assert_same_rows(fill_slowly(model, window, AS_TRAINED, never), part)


def test_where_memory_runs_out_the_planes_are_released_and_another_engine_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    hole = np.ones((8, 8), bool)
    (unbroken,), _ = engines.painted(model, image, hole, engine="captured")
    plane = weakref.ref(fill_captured._last[0].cache.planes["above"])
    draws = count()
    sample = model.output.sample

    def sample_a_while(*args: Any) -> torch.Tensor:
        if next(draws) == 20:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return sample(*args)

    done = np.zeros_like(hole)

    def keep(event: RowPainted) -> None:
        image[event.rows, event.columns] = event.pixels[0]
        done[event.rows, event.columns] = True

    with monkeypatch.context() as patch:
        patch.setattr(model.output, "sample", sample_a_while)
        with pytest.raises(torch.OutOfMemoryError) as error:
            deque(map(keep, fill(model, image, hole, engine="captured")))
    assert error.value.__traceback__ is not None  # it lives still, and all its frames
    assert plane() is None
    assert done.sum() == 16
    (continued,), _ = engines.painted(model, image, hole, engine="torch", painted=done)
    np.testing.assert_array_equal(continued, unbroken)
