"""How the time of a fill grows with the hole, with the picture around it, and with the batch; and a picture of that."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pixpaint.bench.machine import contenders
from pixpaint.bench.subjects import MEDIUM, Subject, on_device, random_model
from pixpaint.bench.timing import RUNS, Task, row_times, time_whole
from pixpaint.errors import BadRequest
from pixpaint.files import write_whole
from pixpaint.models.base import Model


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured: holes of these sides in a picture of `picture`, a hole of `hole` in pictures of these sides,
    and that hole in batches, in a picture of `picture`; for each the median of as many fills as `patience` seconds
    allow."""

    subject: Subject = MEDIUM
    holes: tuple[int, ...] = (8, 16, 32, 48, 64)
    pictures: tuple[int, ...] = (64, 128, 256, 512, 1024, 2048)
    batches: tuple[int, ...] = (1, 2, 4, 8, 16)
    hole: int = 32
    picture: int = 128
    patience: float = 3.0


QUICK = Plan(holes=(8, 16, 32), pictures=(64, 256, 1024), batches=(1, 4), hole=16, patience=0.5)
FULL = Plan()


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Seconds a fill by an engine on a device, at each x."""

    engine: str
    device: str
    x: tuple[int, ...]
    seconds: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Curves over the same x."""

    title: str
    axis: str
    curves: tuple[Curve, ...]


def require_matplotlib() -> None:
    """Raises BadRequest where curves can't be drawn."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise BadRequest(
            "Curves are drawn by matplotlib, which is not installed: "
            "pip install 'pixpaint[bench]', or leave out --curves."
        )


def measure_curves(plan: Plan, on_progress: Callable[[float, float], None]) -> tuple[Panel, ...]:
    """The three panels: hole, picture, batch."""
    engines = contenders()
    model = random_model(plan.subject.config)
    models = {device: on_device(model, device) for _, device in engines}
    total = len(engines) * (len(plan.holes) + len(plan.pictures) + len(plan.batches))
    done = 0

    def seconds(task: Task, engine: str) -> float:
        nonlocal done
        expected = row_times(task, engine)[-1]
        runs = min(RUNS, int(plan.patience / expected))
        measured = time_whole(task, engine, runs).seconds if runs else expected
        done += 1
        on_progress(done, total)
        return measured

    def panel(title: str, axis: str, x: tuple[int, ...], task: Callable[[Model, int], Task]) -> Panel:
        curves = (
            Curve(
                engine=engine,
                device=device,
                x=x,
                seconds=tuple(seconds(task(models[device], value), engine) for value in x),
            )
            for engine, device in engines
        )
        return Panel(title=title, axis=axis, curves=tuple(curves))

    hole, picture = plan.hole, plan.picture
    return (
        panel(
            f"hole, in {picture} × {picture}",
            "side of the hole, pixels",
            plan.holes,
            lambda model, side: Task.of_hole(model, side, picture),
        ),
        panel(
            f"picture, hole of {hole} × {hole}",
            "side of the picture, pixels",
            plan.pictures,
            lambda model, side: Task.of_hole(model, hole, side),
        ),
        panel(
            f"batch, hole of {hole} × {hole}",
            "candidates painted at once",
            plan.batches,
            lambda model, batch: Task.of_hole(model, hole, picture, batch),
        ),
    )


def draw(panels: tuple[Panel, ...], title: str, path: Path) -> None:
    """Draws the panels side by side into a PNG. Raises CannotWrite."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * len(panels), 3.8), layout="constrained")
    figure.suptitle(title)
    for panel, axes in zip(
        panels, figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], strict=True
    ):
        for curve in panel.curves:
            axes.plot(curve.x, curve.seconds, marker="o", label=f"{curve.engine}, {curve.device}")
        axes.set(title=panel.title, xlabel=panel.axis, xscale="log", yscale="log")
        ticks = panel.curves[0].x
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.yaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("seconds a fill")
    figure.axes[0].legend()
    write_whole(path, lambda file: figure.savefig(file, format="png", dpi=120))
