"""How fast the engines are: every engine, model, size and batch, beside the naive sampler and the floor, in one run."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from pixpaint.bench.floor import bytes_a_pixel, seconds_to_read
from pixpaint.bench.machine import contenders, peak_memory
from pixpaint.bench.subjects import FAMILY, MEDIUM, SUBJECTS, Subject, on_device, random_model
from pixpaint.bench.timing import RUNS, Task, Timing, row_times, time_fills
from pixpaint.models.base import Model
from pixpaint.sampling.compile_loops import compile_loops

OnProgress = Callable[[float, float], None]
"""Told how many measurements of how many are made."""


@dataclass(frozen=True, kw_only=True)
class HoleTask:
    """A square hole in the middle of a square picture, sides in pixels, filled by a model."""

    subject: Subject = MEDIUM
    hole: int = 48
    picture: int = 512


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured: each subject at each of `cells`, (side, batch), each of `family` at each of `family_cells`, and
    a hole. `patience` is how many seconds one engine is given for each, roughly; where it would take longer, a sample
    of its fill is timed."""

    subjects: tuple[Subject, ...] = SUBJECTS
    cells: tuple[tuple[int, int], ...] = ((32, 1), (32, 4), (32, 16), (64, 1), (64, 4))
    family: tuple[Subject, ...] = FAMILY
    family_cells: tuple[tuple[int, int], ...] = ((32, 1), (32, 4), (32, 16))
    hole: HoleTask = HoleTask()
    patience: float = 15.0


QUICK = Plan(cells=((32, 1), (32, 4)), family_cells=((32, 1),), patience=1.0)
FULL = Plan()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement of the fill of a picture that is hidden everywhere, by one engine.

    `seconds` is for all of the `batch`; `us_per_pixel` is that by the picture's pixels, each of which is painted in
    all of the batch. The speedups are over the engines of that name on the CPU in the same run; `times_one_candidate`
    is over one candidate painted in turns with it, None where either was timed by a sample or one alone was not at all.
    `floor_us_per_pixel` is the least time that reading the weights takes, `floor_share` what part of the time that is:
    of the fused engine. `blocks` are the layers of models that have no blocks.
    """

    model: str
    kind: str
    features: int
    blocks: int
    encoder: bool
    weights: int
    height: int
    width: int
    batch: int
    engine: str
    device: str
    seconds: float
    sampled: bool
    runs: int
    us_per_pixel: float
    images_per_second: float
    speedup_over_reference: float
    speedup_over_torch: float
    times_one_candidate: float | None
    floor_us_per_pixel: float
    floor_share: float | None


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that was measured. Of the hole: seconds from the call to the first row and to the last. Bytes of memory at
    the most."""

    rows: tuple[Row, ...]
    hole: HoleTask
    first_row_seconds: float
    hole_seconds: float
    peak_rss_bytes: int | None


def prepare() -> float:
    """Lets the fused engine compile its loops, or load them; seconds it took."""
    start = perf_counter()
    compile_loops()
    return perf_counter() - start


def measure(plan: Plan, on_progress: OnProgress = lambda done, total: None) -> Report:
    """Measures everything in a plan. Where the loops have not been prepared, compiling them is measured too."""
    engines = (("reference", "cpu"), *contenders())
    work = [
        *((subject, plan.cells) for subject in plan.subjects),
        *((subject, plan.family_cells) for subject in plan.family),
    ]
    total = sum(len(cells) for _, cells in work) * len(engines) + 1
    rows: list[Row] = []
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        on_progress(done, total)

    for subject, cells in work:
        model = random_model(subject.config)
        floor = seconds_to_read(bytes_a_pixel(model))
        models = {device: on_device(model, device) for _, device in engines}
        for side in dict.fromkeys(side for side, _ in cells):
            batches = [batch for this, batch in cells if this == side]
            timings: dict[int, dict[tuple[str, str], Timing]] = {batch: {} for batch in batches}
            for engine, device in engines:
                tasks = [Task.of_nothing(models[device], side, side, batch) for batch in batches]
                for batch, timing in zip(batches, time_fills(tasks, engine, plan.patience), strict=True):
                    timings[batch][engine, device] = timing
                    tick()
            for batch in batches:
                rows.extend(_rows(subject, model, side, batch, timings, floor))
    first_row, whole = _measure_hole(plan.hole)
    tick()
    return Report(
        rows=tuple(rows),
        hole=plan.hole,
        first_row_seconds=first_row,
        hole_seconds=whole,
        peak_rss_bytes=peak_memory(),
    )


def _rows(
    subject: Subject,
    model: Model,
    side: int,
    batch: int,
    timings: Mapping[int, Mapping[tuple[str, str], Timing]],
    floor: float,
) -> Iterator[Row]:
    beside = timings[batch]
    for (engine, device), timing in beside.items():
        pixel = timing.seconds / side**2
        one = timings[1][engine, device] if 1 in timings else None
        yield Row(
            model=subject.name,
            kind=subject.config.kind,
            features=subject.config.features,
            blocks=subject.blocks,
            encoder=subject.config.encoder is not None,
            weights=model.decoder_weights,
            height=side,
            width=side,
            batch=batch,
            engine=engine,
            device=device,
            seconds=timing.seconds,
            sampled=not timing.turns,
            runs=max(1, len(timing.turns)),
            us_per_pixel=pixel * 1e6,
            images_per_second=batch / timing.seconds,
            speedup_over_reference=beside["reference", "cpu"].seconds / timing.seconds,
            speedup_over_torch=beside["torch", "cpu"].seconds / timing.seconds,
            times_one_candidate=None if one is None else timing.times(one),
            floor_us_per_pixel=floor * 1e6,
            floor_share=floor / pixel if engine == "fused" else None,
        )


def _measure_hole(wanted: HoleTask) -> tuple[float, float]:
    """Seconds from the call to the first row and to the last, by the fused engine: each the median of some fills after
    an untimed one."""
    task = Task.of_hole(random_model(wanted.subject.config), wanted.hole, wanted.picture)
    row_times(task, "fused")
    runs = [row_times(task, "fused") for _ in range(RUNS)]
    return median(rows[0] for rows in runs), median(rows[-1] for rows in runs)
