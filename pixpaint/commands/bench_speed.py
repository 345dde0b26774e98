"""`pixpaint bench speed`: measures the engines on this machine, in a table, in JSON or as curves; or for `auto`."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pixpaint.bench import calibrate, curves, speed
from pixpaint.bench.machine import Machine, this_machine, two_threads
from pixpaint.bench.timing import RUNS
from pixpaint.commands.outputs import check_png, make_folder
from pixpaint.commands.progress import Progress
from pixpaint.errors import BadRequest
from pixpaint.sampling.speeds import Speed, calibrated_path, save_speeds

COLUMNS = (
    "model", "size", "batch", "engine", "device", "seconds", "µs/pixel", "images/s", "× reference", "× torch", "× one",
    "floor",
)  # fmt: skip
WORDS = ("model", "size", "engine", "device")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is asked for: a table, quick or in full, and curves in a file; or else, with `calibrate`, the table by which
    `auto` picks."""

    quick: bool
    curves: Path | None
    calibrate: bool


def bench_speed(wish: Wish, *, as_json: bool) -> int:
    """Measures and prints; returns the exit code. Raises BadRequest, CannotWrite."""
    if wish.calibrate:
        if wish.quick or wish.curves is not None:
            raise BadRequest("--calibrate measures by itself: leave out --quick and --curves.")
        return _calibrate(as_json=as_json)
    if wish.curves is not None:
        curves.require_matplotlib()
        check_png([wish.curves])
    with two_threads(), Progress("measuring") as progress:
        progress.say("compiling the loops ...")
        prepared = speed.prepare()
        progress.start("measuring")
        report = speed.measure(speed.QUICK if wish.quick else speed.FULL, progress.update)
        machine = this_machine()
        if wish.curves is not None:
            progress.start("measuring curves")
            panels = curves.measure_curves(curves.QUICK if wish.quick else curves.FULL, progress.update)
            curves.draw(panels, f"{curves.FULL.subject.name}; {in_words(machine)}", wish.curves)
    if as_json:
        print(json.dumps(as_fields(report, machine, prepared), ensure_ascii=False))
    else:
        print("\n".join(lines(report, machine, prepared)))
    return 0


def as_fields(report: speed.Report, machine: Machine, prepared: float) -> dict[str, Any]:
    """The fields of `--json`."""
    return {
        "rows": [asdict(row) for row in report.rows],
        "first_row_seconds": report.first_row_seconds,
        "hole_seconds": report.hole_seconds,
        "hole": {
            "model": report.hole.subject.name,
            "side": report.hole.hole,
            "picture": report.hole.picture,
            "engine": "fused",
        },
        "peak_rss_bytes": report.peak_rss_bytes,
        "prepare_seconds": prepared,
        "machine": asdict(machine),
    }


def lines(report: speed.Report, machine: Machine, prepared: float) -> Iterator[str]:
    """What a person reads: the table, the hole, the machine, and how it was measured."""
    yield aligned([COLUMNS, *map(cells, report.rows)], [COLUMNS.index(word) for word in WORDS])
    yield ""
    hole = report.hole
    yield (
        f"A hole of {hole.hole} × {hole.hole} in {hole.picture} × {hole.picture}, {hole.subject.name}, fused: "
        f"first row after {report.first_row_seconds:.3f} s, all of it after {report.hole_seconds:.3f} s."
    )
    if report.peak_rss_bytes is not None:
        yield f"Memory at the most: {report.peak_rss_bytes / 2**20:.0f} MB."
    yield f"On {in_words(machine)}."
    yield (
        "Everything hidden, from the call to the last row, encoder included, after an untimed fill of some rows; "
        f"the median of up to {RUNS} fills."
    )
    yield "× one: over one candidate, the median of fills by turns; nothing where either was timed by a sample."
    yield "*: from a sample of pixels (reference) or rows spread over the picture, scaled to the whole."
    yield "Weights are random, rounded to float16 as in a model's file; a batch is so many candidates of one fill."
    yield "PixelCNN++ where no other model is named; all in colour, which takes the others three passes a pixel."
    yield "floor: the share of the time that reading a pixel's weights from cache takes, measured too."
    yield f"Compiling or loading the loops took {prepared:.1f} s before all that."


def cells(row: speed.Row) -> tuple[str, ...]:
    """One line of the table."""
    return (
        row.model,
        f"{row.width} × {row.height}",
        str(row.batch),
        row.engine,
        row.device,
        f"{row.seconds:.3f}{'*' if row.sampled else ' '}",
        f"{row.us_per_pixel:.1f}",
        f"{row.images_per_second:.3g}",
        f"{row.speedup_over_reference:.1f}",
        f"{row.speedup_over_torch:.2f}",
        f"{row.times_one_candidate:.2f}" if row.times_one_candidate is not None else "",
        f"{row.floor_share:.0%}" if row.floor_share is not None else "",
    )


def in_words(machine: Machine) -> str:
    """A machine in one line."""
    threads = f"{machine.threads} thread{'s' if machine.threads > 1 else ''}"
    cuda = f", {machine.cuda}" if machine.cuda else ""
    return f"{machine.processor}, {threads}{cuda}, torch {machine.torch}, numba {machine.numba}"


def aligned(rows: Sequence[Sequence[str]], words: Collection[int]) -> str:
    """Rows of cells in columns as wide as their widest cell: words to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        pairs = enumerate(zip(row, widths, strict=True))
        return "  ".join(
            cell.ljust(width) if i in words else cell.rjust(width) for i, (cell, width) in pairs
        ).rstrip()

    return "\n".join(map(line, rows))


def _calibrate(*, as_json: bool) -> int:
    make_folder(calibrated_path().parent)
    with two_threads(), Progress("measuring") as progress:
        progress.say("compiling the loops ...")
        speed.prepare()
        progress.start("measuring")
        speeds = calibrate.measure_speeds(calibrate.PLAN, progress.update)
    path = save_speeds(speeds)
    if as_json:
        auto = [asdict(choice) for choice in calibrate.choices(speeds)]
        print(json.dumps({"path": str(path), "speeds": [asdict(speed) for speed in speeds], "auto": auto}))
    else:
        print(choice_table(speeds))
        print(f"\nµs a pixel of a fill. `auto` goes by this from now on; it is kept in {path}.")
    return 0


def choice_table(speeds: tuple[Speed, ...]) -> str:
    """What was measured for each model and batch, and what `auto` takes."""
    engines = list(dict.fromkeys(measured.engine for measured in speeds))
    rows = [("device", "weights", "batch", *engines, "auto")]
    for choice in calibrate.choices(speeds):
        measured = {
            speed.engine: f"{speed.us_per_pixel:.1f}"
            for speed in speeds
            if (speed.device, speed.weights, speed.candidates)
            == (choice.device, choice.weights, choice.candidates)
        }
        rows.append(
            (
                choice.device,
                f"{choice.weights / 1e6:.2f} M",
                str(choice.candidates),
                *(measured.get(engine, "") for engine in engines),
                choice.engine,
            )
        )
    return aligned(rows, [0, len(rows[0]) - 1])
