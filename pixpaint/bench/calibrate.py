"""Measures the table by which `auto` picks an engine: sampling/speeds.py keeps it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pixpaint.bench.machine import contenders
from pixpaint.bench.subjects import SUBJECTS, Subject, on_device, random_model
from pixpaint.bench.timing import Task, time_fill
from pixpaint.sampling.speeds import Speed, fastest


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured: each subject with each batch, on a square picture all hidden. See speed.Plan for `patience`."""

    subjects: tuple[Subject, ...] = SUBJECTS
    batches: tuple[int, ...] = (1, 4, 16)
    side: int = 32
    patience: float = 1.0


PLAN = Plan()


def measure_speeds(plan: Plan, on_progress: Callable[[float, float], None]) -> tuple[Speed, ...]:
    """The table of this machine. Where the loops have not been prepared, compiling them is measured too."""
    engines = contenders()
    total = len(plan.subjects) * len(plan.batches) * len(engines)
    speeds: list[Speed] = []
    for subject in plan.subjects:
        model = random_model(subject.config)
        weights = model.decoder_weights
        for engine, device in engines:
            there = on_device(model, device)
            for batch in plan.batches:
                task = Task.of_nothing(there, plan.side, plan.side, batch)
                pixel = time_fill(task, engine, plan.patience).seconds / plan.side**2
                speeds.append(
                    Speed(
                        engine=engine,
                        device=device,
                        weights=weights,
                        candidates=batch,
                        us_per_pixel=round(pixel * 1e6, 2),
                    )
                )
                on_progress(len(speeds), total)
    return tuple(speeds)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What `auto` takes for a model and a batch on a device."""

    device: str
    weights: int
    candidates: int
    engine: str


def choices(speeds: tuple[Speed, ...]) -> Iterator[Choice]:
    """What `auto` takes for everything that was measured, in the table's order."""
    engines = {speed.engine for speed in speeds}
    for device, weights, candidates in dict.fromkeys((s.device, s.weights, s.candidates) for s in speeds):
        engine = fastest(speeds, engines, device, weights, candidates)
        assert engine is not None
        yield Choice(device=device, weights=weights, candidates=candidates, engine=engine)
