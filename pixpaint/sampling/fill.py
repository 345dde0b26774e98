"""Filling a hole: plans the windows, draws the noise, runs an engine in each, reports rows in the picture's
coordinates."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from pixpaint.errors import BadMask, BadRequest
from pixpaint.layers.pixels import binarize, grey
from pixpaint.models.base import Model
from pixpaint.models.config import ModelConfig
from pixpaint.orientation import orient, positions
from pixpaint.sampling import compile_cache
from pixpaint.sampling.events import RowPainted
from pixpaint.sampling.fill_cached import fill_cached
from pixpaint.sampling.fill_captured import fill_captured
from pixpaint.sampling.fill_fused import can_fuse, fill_fused
from pixpaint.sampling.fill_slowly import fill_slowly
from pixpaint.sampling.memory import check_memory
from pixpaint.sampling.noise import draw_noise
from pixpaint.sampling.plan import Job, plan
from pixpaint.sampling.speeds import fastest, read_speeds
from pixpaint.sampling.window import PaintedRow, Window

Engine = Callable[[Model, Window, float, Callable[[], bool]], Iterator[PaintedRow]]

ENGINES: dict[str, Engine] = {"reference": fill_slowly, "torch": fill_cached, "fused": fill_fused}
ON_CUDA: dict[str, Engine] = ENGINES | {"torch": fill_captured}
FAST = ("torch", "fused")


def choose_engine(engine: str, model: Model, candidates: int) -> str:
    """The engine that is meant by `engine`, "auto" or a name in ENGINES, for a model where it lies. Raises BadRequest.

    "auto" is the fastest by measurement; on the CPU `torch` as long as the loops of `fused` are not compiled, and for
    models that `fused` has no loops for.
    """
    device = model.head.weight.device.type
    if engine == "auto":
        if device != "cpu" or not can_fuse(model) or not compile_cache.ready():
            return "torch"
        return fastest(read_speeds(), FAST, device, model.decoder_weights, candidates) or "fused"
    if engine == "fused" and device != "cpu":
        raise BadRequest(f"The engine fused runs on the CPU, not on {device}; choose auto or torch.")
    if engine == "fused" and not can_fuse(model):
        raise BadRequest(f"The engine fused has no loops for {model.config.title}; choose auto or torch.")
    if engine not in ENGINES:
        raise BadRequest(f"There is no engine {engine}; choose auto, {', '.join(ENGINES)}.")
    return engine


def fill(
    model: Model,
    image: NDArray[np.uint8],
    hole: NDArray[np.bool_],
    *,
    seed: int = 0,
    temperature: float = 1.0,
    label: int | None = None,
    candidates: int = 1,
    engine: str = "auto",
    painted: NDArray[np.bool_] | None = None,
    like: NDArray[np.uint8] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[RowPainted]:
    """Paints the hole (H, W) of an RGB picture uint8 (H, W, 3), which is not changed; what it holds there is not read.

    Candidate k is painted with seed + k. `painted` (H, W) marks the pixels of the hole that a stopped fill has already
    painted: with them in `image` and all else the same, the fill ends as if it had not been stopped. To cancel, stop
    iterating, or let `stop()` be true: then the row so far is the last event. It is asked before each pixel,
    by `fused` every few milliseconds and perhaps by another thread. `like` is an RGB picture, of the size of those the
    model was trained on, that the result is to be like, for models with `likeness`.

    Raises BadMask for a hole that is empty or of another size, BadRequest for options out of range; before the
    first row of a window, OutOfMemory for one that is too large.
    """
    if hole.shape != image.shape[:2]:
        raise BadMask(
            f"The mask is {hole.shape[1]} x {hole.shape[0]} pixels, the picture {image.shape[1]} x {image.shape[0]}."
        )
    if not hole.any():
        raise BadMask("The mask is empty: mark the part of the picture to paint.")
    classes = model.config.classes
    if label is not None and not 0 <= label < classes:
        raise BadRequest(f"The model has classes 0 to {classes - 1}, not {label}.")
    if candidates < 1 or temperature < 0 or not 0 <= seed <= 2**64 - candidates:
        raise BadRequest(
            "A fill needs one candidate or more, a temperature of 0 or more, a seed from 0 to 2**64 - 1."
        )
    if like is not None and not model.config.likeness:
        raise BadRequest(
            f"{model.config.title} can't be shown what to draw: this model was trained without likeness."
        )
    engines = ON_CUDA if model.head.weight.is_cuda else ENGINES
    paint = engines[choose_engine(engine, model, candidates)]
    return _fill(
        model,
        image,
        hole,
        hole if painted is None else hole & ~painted,
        [seed + k for k in range(candidates)],
        classes if label is None else label,
        None if like is None else in_colours_of(model.config, like),
        lambda window: paint(model, window, temperature, stop),
    )


def _fill(
    model: Model,
    image: NDArray[np.uint8],
    hole: NDArray[np.bool_],
    todo: NDArray[np.bool_],
    seeds: list[int],
    label: int,
    like: NDArray[np.uint8] | None,
    paint: Callable[[Window], Iterator[PaintedRow]],
) -> Iterator[RowPainted]:
    jobs = plan(hole, model.config.crop, oriented=model.config.oriented)
    jobs = [job for job in jobs if todo[job.window].any()]
    row_count = sum(int(orient(todo[job.window], job.orientation).any(1).sum()) for job in jobs)
    total = int(hole.sum())
    row, done = 0, total - int(todo.sum())
    for job in jobs:
        check_memory(model, job, len(seeds))
        rows, columns = positions(job.height, job.width, job.orientation)
        end = done + int(todo[job.window].sum())
        for part in paint(_window(model.config, job, image, hole, todo, seeds, label, like)):
            row += 1
            done += len(part.columns)
            at = (part.row, part.columns)
            pixels = part.pixels.numpy().transpose(0, 2, 1)
            yield RowPainted(
                rows=job.row + rows[at],
                columns=job.column + columns[at],
                pixels=np.broadcast_to(pixels, (*pixels.shape[:2], 3)).copy(),
                nats=part.nats.sum(1).numpy(),
                row=row,
                row_count=row_count,
                done=done,
                total=total,
            )
        if done < end:  # stopped
            return


def _window(
    config: ModelConfig,
    job: Job,
    image: NDArray[np.uint8],
    hole: NDArray[np.bool_],
    todo: NDArray[np.bool_],
    seeds: list[int],
    label: int,
    like: NDArray[np.uint8] | None = None,
) -> Window:
    pixels = in_colours_of(config, image[job.window])
    noise = (draw_noise(seed, 0, job.row, job.column, job.height, job.width) for seed in seeds)
    return Window(
        image=orient(pixels, job.orientation).copy(),
        hole=orient(hole[job.window], job.orientation).copy(),
        todo=orient(todo[job.window], job.orientation).copy(),
        noise=np.stack([orient(plane, job.orientation) for plane in noise]),
        label=label,
        orientation=job.orientation,
        like=like,
    )


def in_colours_of(config: ModelConfig, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB pixels (H, W, 3) as a model knows them: in its channels and levels."""
    if config.channels == 1:
        pixels = grey(pixels)
    return binarize(pixels) if config.levels == 2 else pixels
