"""Every engine paints the same bytes as `fill_slowly`, one full forward a pixel, from the same noise."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixpaint.layers.output import AS_TRAINED, Tempering
from pixpaint.layers.pixels import bytes_to_units
from pixpaint.models.config import EncoderConfig, PixelCNNPPConfig
from pixpaint.models.encoder import Context
from pixpaint.models.family import new_model
from pixpaint.sampling.events import RowPainted
from pixpaint.sampling.fill import ENGINES, fill
from pixpaint.sampling.fill_fused import can_fuse, side_by_side
from pixpaint.sampling.noise import draw_noise
from pixpaint.sampling.window import PaintedRow, Window
from pixpaint.scaling import quantized
from tests.partitions import holes
from tests.registry import MODELS, model_of

FAST = [engine for engine in ENGINES if engine != "reference"]
FUSED = [name for name, config in MODELS.items() if can_fuse(new_model(config))]
FUSED_PLUS_PLUS = [name for name in FUSED if isinstance(MODELS[name], PixelCNNPPConfig)]
some = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
many = settings(some, max_examples=50)


def painted(model, image, hole, **options) -> tuple[np.ndarray, list[RowPainted]]:
    """The pictures of all candidates (n, H, W, 3) after a fill, and its events."""
    events = list(fill(model, image, hole, **options))
    results = np.repeat(image[None], options.get("candidates", 1), 0)
    for event in events:
        results[:, event.rows, event.columns] = event.pixels
    return results, events


@pytest.mark.parametrize("name", MODELS)
@some
@given(data=st.data())
def test_torch_paints_the_same_bytes_in_float64(name: str, data: st.DataObject) -> None:
    assert_same_bytes(name, "torch", data)


@pytest.mark.parametrize("name", FUSED_PLUS_PLUS)
@many
@given(data=st.data())
def test_fused_paints_the_same_bytes_in_float64(name: str, data: st.DataObject) -> None:
    assert_same_bytes(name, "fused", data)


@pytest.mark.parametrize("name", [name for name in FUSED if name not in FUSED_PLUS_PLUS])
@some
@given(data=st.data())
def test_fused_paints_the_same_bytes_by_masked_models_in_float64(name: str, data: st.DataObject) -> None:
    assert_same_bytes(name, "fused", data)


TEMPERING = ((0.0, 0.7, 1.0), (0.0, 0.6, 1.0), (0.3, 0.9, 1.0))


def assert_same_bytes(name: str, engine: str, data: st.DataObject) -> None:
    model = model_of(MODELS[name])
    height, width = data.draw(st.integers(3, 14)), data.draw(st.integers(3, 14))
    hole = data.draw(holes(height, width))
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    options = {
        "seed": data.draw(st.integers(0, 2**40)),
        "tempering": Tempering(*(data.draw(st.sampled_from(values)) for values in TEMPERING)),
        "label": 0 if model.config.classes else None,
        "candidates": data.draw(st.integers(1, 3)),
    }
    slow, events = painted(model, image, hole, engine="reference", **options)
    threads = torch.get_num_threads()
    torch.set_num_threads(data.draw(st.integers(1, 2)) if engine == "fused" else 1)
    try:
        fast, fast_events = painted(model, image, hole, engine=engine, **options)
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(slow, fast)
    assert (slow[:, ~hole] == image[~hole]).all()
    for a, b in zip(events, fast_events, strict=True):
        assert (a.row, a.row_count, a.done, a.total) == (b.row, b.row_count, b.done, b.total)
        np.testing.assert_array_equal(a.rows, b.rows)
        np.testing.assert_array_equal(a.columns, b.columns)
        np.testing.assert_allclose(a.nats, b.nats, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "engine"),
    [(name, engine) for name in MODELS for engine in FAST if engine != "fused" or name in FUSED],
)
def test_float32_differs_only_on_rounding_edges(name: str, engine: str) -> None:
    """In float32 sums round differently: a first differing byte must be a draw within 1e-4 of an edge."""
    model = model_of(MODELS[name], torch.float32)
    exact = model_of(MODELS[name], torch.float32).double()
    rng = np.random.default_rng(1)
    pixels = edges = 0
    for _ in range(6):
        hole = np.zeros((12, 12), bool)
        hole[3:10, 2:11] = rng.random((7, 9)) < 0.8
        image = rng.integers(0, 256, (12, 12, model.config.channels), dtype=np.uint8)
        window = Window(
            image=quantized(image, model.config.levels),
            hole=hole,
            todo=hole,
            noise=draw_noise(int(rng.integers(1000)), 0, 0, 0, 12, 12)[None],
            label=model.config.classes,
            orientation=0,
        )
        slow = list(ENGINES["reference"](model, window, AS_TRAINED, lambda: False))
        fast = list(ENGINES[engine](model, window, AS_TRAINED, lambda: False))
        pixels += hole.sum()
        for a, b in zip(slow, fast, strict=True):
            differ = np.flatnonzero((a.pixels[0] != b.pixels[0]).any(1))
            if not len(differ):
                np.testing.assert_allclose(a.nats, b.nats, rtol=1e-3, atol=1e-3)
                continue
            # All bytes before are the same, so both were drawn from the same pixels.
            edges += 1
            drawn = [tuple(part.pixels[0, differ[0]].tolist()) for part in (a, b)]
            near = draws_near(exact, window, slow, a.row, a.columns[differ[0]])
            if model.substeps > 1:  # each channel has an edge of its own
                channel = next(i for i, values in enumerate(zip(*drawn, strict=True)) if len(set(values)) > 1)
                drawn, near = [pixel[channel] for pixel in drawn], {pixel[channel] for pixel in near}
            assert set(drawn) <= near
            break
    print(f"{edges} rounding edges in {pixels} pixels")
    assert edges <= 2


def draws_near(model, window: Window, rows: list[PaintedRow], row: int, column: int) -> set[tuple[int, ...]]:
    """What may be drawn at a pixel, given the rows painted before it and, where channels take turns, each channel given
    those before it, by parameters within 1e-4 of those in float64."""
    image, todo = window.image.copy(), window.todo.copy()
    for part in rows:
        for i, c in enumerate(part.columns):
            if (part.row, c) < (row, column) or (model.substeps > 1 and (part.row, c) == (row, column)):
                image[part.row, c] = part.pixels[0, i]
                todo[part.row, c] = False
    given = replace(window, image=image, todo=todo)
    with torch.inference_mode():
        told = given.told(model)
        params = model.decode(given.frame(model, told.base), told.condition(model))[
            :, :, row : row + 1, column : column + 1
        ]
        noise = given.noise_planes(params)[:, :, row : row + 1, column : column + 1]
        near = params + 1e-4 * (2 * torch.rand(4000, *params.shape[1:], dtype=params.dtype) - 1)
        drawn = model.output.sample(near, noise.expand(4000, -1, -1, -1))[:, :, 0, 0]
    return {tuple(pixel) for pixel in drawn.tolist()}


@pytest.mark.parametrize("name", MODELS)
def test_parameters_agree_within_1e_4_in_float32(name: str) -> None:
    """Teacher-forced: the same picture through whole-image and chunked arithmetic in float32."""
    from pixpaint.layers.cache import FeatureCache
    from pixpaint.models.base import framed, views

    model = model_of(MODELS[name], torch.float32)
    x = bytes_to_units(torch.randint(0, 256, (1, model.config.channels, 16, 16)))
    context = Context.of(x, torch.ones(1, 1, 16, 16))
    label = torch.tensor([model.config.classes])
    above, left, here = views(framed(x, (16, 16)))
    with torch.inference_mode():
        whole = model(x, context, label, torch.tensor([0])).params
        condition = model.condition(model.maps(context, label, torch.tensor([0])))
        cache = FeatureCache(16, 16)
        for row in range(16):
            cache.move_to(row, 0, 1, 16)
            model.rows(above[:, :, row : row + 1], cache, condition)
            for column in range(16):
                cache.move_to(row, column, 1, 1)
                at = (..., slice(row, row + 1), slice(column, column + 1))
                params = model.pixels(left[at], cache, condition, here[at])
                torch.testing.assert_close(params[..., 0, 0], whole[..., row, column], rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", FUSED_PLUS_PLUS)
def test_fused_draws_from_parameters_within_1e_4_in_float32(name: str) -> None:
    """Teacher-forced: all pixels but one are known, and its parameters are still where the loop left them."""
    from pixpaint.sampling.fill_fused import FusedFill
    from pixpaint.sampling.tiles import padded

    def go_on() -> bool:
        return False

    model = model_of(MODELS[name], torch.float32)
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (16, 16, model.config.channels), dtype=np.uint8)
    image = quantized(image, model.config.levels)
    for place in rng.choice(256, 12, replace=False).tolist():
        todo = np.zeros((16, 16), bool)
        todo[divmod(place, 16)] = True
        window = Window(
            image=image,
            hole=todo,
            todo=todo,
            noise=draw_noise(place, 0, 0, 0, 16, 16)[None],
            label=model.config.classes,
            orientation=0,
        )
        row, column = divmod(place, 16)
        with torch.inference_mode():
            told = window.told(model)
            whole = model.decode(window.frame(model, told.base), told.condition(model))[0, :, row, column]
            fill_ = FusedFill(model, window, AS_TRAINED, window.told(model, window.rows(model)))
            fill_.prefill(0, row, go_on)
            fill_.run_row(row, go_on)
            if column:
                fill_.pass_run(row, 0, column, go_on)
            fill_.paint_run(row, column, column + 1, go_on)
        slots = fill_._lowered.horizontal.slots
        start = (slots + 1) * padded(model.config.features)
        left = fill_._work.scratch[start : start + model.output.parameters]
        np.testing.assert_allclose(left, whole, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    "rows", [2, 6]
)  # painted before: some of the coarse level, all of it and some of the fine one
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["pixel_cnn_pp RGB", "gated_pixel_cnn RGB", "diagonal_bilstm RGB"])
def test_a_stopped_fill_continues_to_the_same_picture(engine: str, name: str, rows: int) -> None:
    model = model_of(MODELS[name])
    image = np.random.default_rng(2).integers(0, 256, (10, 12, 3), dtype=np.uint8)
    hole = np.zeros((10, 12), bool)
    hole[2:9, 3:10] = True
    (unbroken,), _ = painted(model, image, hole, engine=engine, seed=5)
    events: list[RowPainted] = []
    stopped = False

    def stop() -> bool:
        """True only once: an engine must not ask again."""
        nonlocal stopped
        stopped, now = len(events) >= rows, len(events) >= rows and not stopped
        return now

    half, done = image.copy(), np.zeros_like(hole)
    for event in fill(model, image, hole, engine=engine, seed=5, stop=stop):
        events.append(event)
        half[event.rows, event.columns] = event.pixels[0]
        if event.level == 0:
            done[event.rows, event.columns] = True
    assert done.any() == (events[-1].level == 0) == (rows == 6 or not model.config.hinted)
    assert not done[hole].all()
    np.testing.assert_array_equal(half[done], unbroken[done])
    (continued,), rest = painted(model, half, hole, engine=engine, seed=5, painted=done)
    np.testing.assert_array_equal(continued, unbroken)
    assert rest[-1].done == rest[-1].total


def test_what_the_hole_held_before_does_not_matter() -> None:
    model = model_of(MODELS["pixel_cnn_pp grey"])
    image = np.random.default_rng(2).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    hole = np.zeros((9, 9), bool)
    hole[2:6, 3:8] = True
    other = image.copy()
    other[hole] = 255 - other[hole]
    (a,), _ = painted(model, image, hole, seed=1)
    (b,), _ = painted(model, other, hole, seed=1)
    np.testing.assert_array_equal(a[hole], b[hole])


def test_a_candidate_is_the_fill_of_its_own_seed() -> None:
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    image = np.random.default_rng(2).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    hole = np.ones((9, 9), bool)
    three, _ = painted(model, image, hole, seed=10, candidates=3)
    for k in range(3):
        (alone,), _ = painted(model, image, hole, seed=10 + k)
        np.testing.assert_array_equal(three[k], alone)
    assert (three[0] != three[1]).any()


@pytest.mark.parametrize("name", [name for name in FUSED_PLUS_PLUS if MODELS[name].hinted])
def test_candidates_with_hints_of_their_own_are_painted_together(name: str) -> None:
    """Below many known rows, which such candidates have different features of."""
    model = model_of(MODELS[name])
    image = np.random.default_rng(2).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    hole = np.zeros((24, 24), bool)
    hole[10:22, 4:20] = True
    expected, _ = painted(model, image, hole, candidates=5, engine="torch")
    assert (expected[0] != expected[4]).any()
    threads = torch.get_num_threads()
    try:
        for torch_threads in (1, 2):
            torch.set_num_threads(torch_threads)
            found, _ = painted(model, image, hole, candidates=5, engine="fused")
            np.testing.assert_array_equal(found, expected)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("name", ["pixel_cnn_pp RGB", "gated_pixel_cnn RGB", "row_lstm RGB"])
def test_two_shares_leave_the_number_of_threads_as_it_was(name: str) -> None:
    model, hole = model_of(MODELS[name], torch.float32), np.ones((8, 8), bool)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        painted(model, np.zeros((8, 8, 3), np.uint8), hole, engine="fused", candidates=3)
        with ThreadPoolExecutor(1) as another:
            assert another.submit(torch.get_num_threads).result() == torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_the_other_share_is_begun_before_the_first_row_of_this_one() -> None:
    begun = Event()
    row = PaintedRow(0, np.arange(1), np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1)))

    def mine() -> Iterator[PaintedRow]:
        assert begun.wait(10)
        yield row

    def theirs() -> Iterator[PaintedRow]:
        begun.set()
        yield row

    with ThreadPoolExecutor(1) as helper:
        (both,) = side_by_side(mine(), theirs(), helper)
    assert both.pixels.shape[0] == both.nats.shape[0] == 2


def test_all_fills_in_float32_run_the_same_compiled_loops() -> None:
    """So that none is compiled while a person waits."""
    from pixpaint.sampling import loops
    from pixpaint.sampling.compile_loops import compile_loops

    model = model_of(MODELS["pixel_cnn_pp RGB"], torch.float32)
    for weight in model.parameters():
        weight.data = weight.data.half().float()
    compile_loops()
    every = (loops.run_row, loops.hoist_row, loops.hoist_above, loops.pass_run, loops.paint_run)
    before = [loop.signatures for loop in every]
    image, hole = np.zeros((24, 24, 3), np.uint8), np.zeros((24, 24), bool)
    hole[10:22, 4:20] = True
    for candidates in (1, 2, 5):
        painted(model, image, hole, candidates=candidates, engine="fused")
    assert [loop.signatures for loop in every] == before


def test_holes_far_apart_are_painted_as_if_alone() -> None:
    model = model_of(MODELS["pixel_cnn_pp grey"])
    image = np.random.default_rng(2).integers(0, 256, (10, 40, 3), dtype=np.uint8)
    left, right = np.zeros((10, 40), bool), np.zeros((10, 40), bool)
    left[3:6, 2:6] = True
    right[4:7, 30:34] = True
    (both,), events = painted(model, image, left | right, seed=3)
    (only_left,), _ = painted(model, image, left, seed=3)
    (only_right,), _ = painted(model, image, right, seed=3)
    np.testing.assert_array_equal(both[left], only_left[left])
    np.testing.assert_array_equal(both[right], only_right[right])
    assert [event.row for event in events] == list(range(1, len(events) + 1))
    assert events[-1].row == events[-1].row_count


@pytest.mark.slow
def test_the_cached_engine_is_at_least_thirty_times_as_fast() -> None:
    """64 x 64, F = 32, q = 2, everything hidden, on two threads, both from a sample of pixels in the same run.

    The naive cost of a pixel is the same everywhere; eight rows of the cached engine hold two whole coarsest cells.
    """
    from time import perf_counter

    config = PixelCNNPPConfig(features=32, blocks=2, oriented=True, encoder=EncoderConfig(), crop=64)
    model = model_of(config, torch.float32)
    image, hole = np.zeros((64, 64, 3), np.uint8), np.ones((64, 64), bool)

    def seconds_a_pixel(engine: str, count: int) -> float:
        left = count

        def stop() -> bool:
            nonlocal left
            left -= 1
            return left < 0

        start = perf_counter()
        done = [event.done for event in fill(model, image, hole, engine=engine, stop=stop)]
        return (perf_counter() - start) / done[-1]

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        seconds_a_pixel("torch", 64)
        ratio = max(seconds_a_pixel("reference", 6) / seconds_a_pixel("torch", 512) for _ in range(2))
    finally:
        torch.set_num_threads(threads)
    print(f"torch is {ratio:.0f} times as fast as reference")
    assert ratio >= 30


def test_a_hole_too_large_for_the_memory_is_refused_before_it_is_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pixpaint.errors import OutOfMemory
    from pixpaint.sampling import memory

    model = model_of(MODELS["pixel_cnn_pp grey"])
    image, hole = np.zeros((60, 60, 3), np.uint8), np.ones((60, 60), bool)
    monkeypatch.setattr(memory, "bytes_at_hand", lambda device: memory.RESERVE + 1000)
    with pytest.raises(OutOfMemory, match="64 × 64"):
        next(fill(model, image, hole))


def test_noise_orientation_and_label_reach_the_model_from_where_they_belong() -> None:
    """In every orientation a pixel draws from its own place's noise and sees its own place's picture."""
    from pixpaint.orientation import ORIENTATIONS, positions
    from pixpaint.sampling.fill import _turns, _window
    from pixpaint.sampling.plan import Job
    from pixpaint.sampling.pyramid import Level

    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    hole = np.random.default_rng(1).random((20, 30)) < 0.3
    noise = draw_noise(9, 0, 0, 0, 22, 31)
    for orientation in range(ORIENTATIONS):
        rows, columns = range(4, 12), range(7, 19)
        job = Job(row=4, column=7, height=8, width=12, orientation=orientation, rows=rows, columns=columns)
        level = Level(level=0, picture=image, hole=hole, own=hole)
        (turn,) = _turns([job], level, hole)
        window = _window(turn, image, None, level=0, origin=(2, 1), seeds=[9], label=1)
        rows, columns = positions(8, 12, orientation)
        assert (window.orientation, window.label) == (orientation, 1)
        np.testing.assert_array_equal(window.image, image[4 + rows, 7 + columns])
        np.testing.assert_array_equal(window.hole, hole[4 + rows, 7 + columns])
        np.testing.assert_array_equal(window.noise[0], noise[6 + rows, 8 + columns])


@pytest.mark.parametrize("orientation", range(8))
def test_a_fill_in_any_orientation_paints_the_same_bytes_with_every_engine(
    orientation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pixpaint.sampling import plan

    monkeypatch.setattr(plan, "best_orientation", lambda hole: orientation)
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    image = np.random.default_rng(2).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    hole = np.zeros((9, 13), bool)
    hole[2:7, 4:10] = True
    results = [painted(model, image, hole, engine=engine, seed=4)[0] for engine in ENGINES]
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)
    assert (results[0][0][~hole] == image[~hole]).all()


def test_the_label_and_the_orientation_matter() -> None:
    model = model_of(MODELS["pixel_cnn_pp RGB"])
    image, hole = np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), bool)
    (a,), _ = painted(model, image, hole, label=0)
    (b,), _ = painted(model, image, hole, label=1)
    (c,), _ = painted(model, image, hole)
    assert (a != b).any()
    assert (a != c).any()


def test_a_model_without_loops_is_filled_by_torch_and_fused_says_that_it_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pixpaint.errors import BadRequest
    from pixpaint.sampling import compile_cache
    from pixpaint.sampling import fill as door
    from pixpaint.sampling.fill import choose_engine

    model = model_of(MODELS["pixel_cnn one bit, oriented"])
    monkeypatch.setattr(compile_cache, "_compiled_here", True)
    monkeypatch.setattr(door, "can_fuse", lambda model: False)
    assert choose_engine("auto", model, 1) == "torch"
    with pytest.raises(BadRequest, match="no loops for PixelCNN; choose auto or torch"):
        choose_engine("fused", model, 1)


def test_each_channel_is_drawn_given_those_before_it() -> None:
    """What a fill says it paid is what the model says the picture costs: in colour each channel is paid for given
    those before it."""
    model = model_of(MODELS["pixel_cnn RGB"])
    image, hole = np.zeros((6, 7, 3), np.uint8), np.ones((6, 7), bool)
    for engine in ENGINES:
        (picture,), events = painted(model, image, hole, engine=engine, seed=3)
        x = bytes_to_units(torch.from_numpy(picture).movedim(-1, 0)[None], torch.float64)
        with torch.inference_mode():
            nats = -model.output.log_prob(model(x).params, x).sum()
        assert float(nats) == pytest.approx(sum(float(event.nats[0]) for event in events), rel=1e-9)
