"""`pixpaint bench quality`: pixpaint and others on the same holes in photographs, in a table, in JSON, as a sheet."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixpaint.bench.crops import SIDE, Crops, read_crops
from pixpaint.bench.holes import KINDS, seeded_hole
from pixpaint.bench.machine import Machine, this_machine, two_threads
from pixpaint.bench.peers import missing_peers, peers_at_hand
from pixpaint.bench.quality import DIRECTIONS, PATCHES, Comparison, Figure, Row, compare, painted_by
from pixpaint.commands.bench_speed import aligned, in_words
from pixpaint.commands.contact import band
from pixpaint.commands.fill import check, load
from pixpaint.commands.outputs import check_png
from pixpaint.commands.progress import Progress
from pixpaint.document import Document
from pixpaint.errors import BadRequest
from pixpaint.png import save_png
from pixpaint.recipe import FillSettings
from pixpaint.sampling.painting import Painter
from pixpaint.training.data import split_spec

OURS = "pixpaint"
ON_SHEET = 6  # pictures of each kind of hole
COLUMNS = ("hole", "filled by", "PSNR", "SSIM", "patch distance", "gradient", "step", "seconds")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is asked for: see `read_crops` for `pictures` and `count`; `holes` are of KINDS, or all of them."""

    pictures: str | None
    count: int | None
    model: str
    seed: int
    holes: tuple[str, ...]
    sheet: Path | None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was measured for each kind of hole, with which settings of pixpaint's, where, and who was missing."""

    crops: Crops
    settings: FillSettings
    comparisons: Mapping[str, Comparison]
    missing: tuple[str, ...]
    machine: Machine


def bench_quality(wish: Wish, *, as_json: bool) -> int:
    """Measures and prints; returns the exit code. Raises PixpaintError."""
    for kind in wish.holes:
        if kind not in KINDS:
            raise BadRequest(f"There is no kind of hole {kind!r}: choose from {','.join(KINDS)}.")
    painter, settings = Painter(), FillSettings(model=wish.model, seed=wish.seed)
    check(painter, settings)
    if wish.sheet is not None:
        check_png([wish.sheet], [] if wish.pictures is None else [split_spec(wish.pictures)[0]])
    with two_threads(), Progress("measuring") as progress:
        progress.say("reading the pictures ...")
        crops = read_crops(wish.pictures, wish.count)
        report, bands = _measure(wish, crops, painter, settings, progress)
    if wish.sheet is not None:
        save_png(Document(pixels=np.concatenate(bands)), wish.sheet)
    print(json.dumps(as_fields(report)) if as_json else "\n".join(lines(report)))
    return 0


def _measure(
    wish: Wish, crops: Crops, painter: Painter, settings: FillSettings, progress: Progress
) -> tuple[Report, list[NDArray[np.uint8]]]:
    count = len(crops.pictures)
    kinds = [kind for kind in KINDS if kind in wish.holes] if wish.holes else list(KINDS)
    holes = {kind: [seeded_hole(kind, SIDE, wish.seed, i) for i in range(count)] for kind in kinds}
    pixels = sum(int(np.count_nonzero(hole)) for kind in kinds for hole in holes[kind])
    used = load(painter, settings, progress, pixels)
    used = replace(used, **painter.sampling(used)._asdict())
    fillers = {**peers_at_hand(), OURS: painted_by(painter, used)}
    comparisons: dict[str, Comparison] = {}
    bands = []
    done = 0

    def filled(size: int) -> None:
        nonlocal done
        done += size
        progress.update(done, pixels * len(fillers))

    progress.start("measuring")
    for kind in kinds:
        found = compare(crops.pictures, holes[kind], fillers, seed=wish.seed, on_filled=filled)
        shown = {name: fills[:ON_SHEET] for name, fills in found.fills.items()}
        bands.append(band(kind, crops.pictures[:ON_SHEET], holes[kind][:ON_SHEET], shown))
        comparisons[kind] = found
    report = Report(
        crops=crops,
        settings=used,
        comparisons=comparisons,
        missing=missing_peers(),
        machine=this_machine(),
    )
    return report, bands


def as_fields(report: Report) -> dict[str, Any]:
    """The fields of `--json`."""
    return {
        "rows": [
            {"hole": kind, "method": name, **_flat(row)}
            for kind, comparison in report.comparisons.items()
            for name, row in comparison.rows.items()
        ],
        "patch_floor": {kind: comparison.floor.mean for kind, comparison in report.comparisons.items()},
        "pictures": len(report.crops.pictures),
        "data": str(report.crops.path),
        "which": report.crops.which,
        "small": report.crops.small,
        "unreadable": report.crops.unreadable,
        "side": SIDE,
        "model": report.settings.model,
        "seed": report.settings.seed,
        "choice": report.settings.choice,
        "scale": report.settings.scale,
        "top_p": report.settings.top_p,
        "calm": report.settings.calm,
        "join": report.settings.join,
        "hold": report.settings.hold,
        "engine": report.settings.engine,
        "device": report.settings.device,
        "missing": list(report.missing),
        "machine": asdict(report.machine),
    }


def _flat(row: Row) -> dict[str, float | None]:
    """Each figure's mean under its own name, and its standard error under "<name>_error"."""
    figures: dict[str, Figure] = vars(row)
    means = {name: figure.mean for name, figure in figures.items()}
    return means | {f"{name}_error": figure.error for name, figure in figures.items()}


def lines(report: Report) -> Iterator[str]:
    """What a person reads: the table, the pictures, and what the figures are."""
    yield aligned([COLUMNS, *_table(report)], [0, 1])
    yield ""
    crops, settings = report.crops, report.settings
    skipped = f"; {crops.small} were smaller than that" if crops.small else ""
    skipped += f"; {crops.unreadable} could not be read" if crops.unreadable else ""
    yield (
        f"{len(crops.pictures)} pictures of {crops.path} ({crops.which}), the middle {SIDE} × {SIDE} pixels{skipped}. "
        "Means and standard errors over them."
    )
    yield (
        f"{OURS}: {settings.model}, choice {settings.choice:g}, scale {settings.scale:g}, top-p {settings.top_p:g}, "
        f"calm {settings.calm:g}, join {settings.join:g}, hold {settings.hold:g}, "
        f"seed {settings.seed} and on, {settings.engine} on {settings.device}."
    )
    yield from report.missing
    yield "All figures look at the hole alone. PSNR: dB, of the error squared and averaged over pixels and channels."
    yield "SSIM: Gaussian window of 11 × 11, deviation 1.5, averaged over pixels and channels."
    yield (
        f"patch distance: 1000 × the mean over {DIRECTIONS} directions of the Wasserstein distance between {PATCHES} "
        "patches of 7 × 7 of the fill and as many of the original, elsewhere in the same hole, values 0 to 1."
    )
    yield "floor: what that is for the original itself."
    yield "gradient: absolute differences of neighbouring pixels in the hole, the fills' sum by the originals'."
    yield "step: the same of neighbours of which one is in the hole."
    yield f"On {in_words(report.machine)}."


def _table(report: Report) -> Iterator[tuple[str, ...]]:
    for kind, comparison in report.comparisons.items():
        for name, row in comparison.rows.items():
            yield (
                kind,
                name,
                _cell(row.psnr, 2),
                _cell(row.ssim, 3),
                _cell(row.patch_distance, 1),
                _cell(row.gradient_energy, 3),
                _cell(row.border_step, 3),
                _cell(row.seconds, 3),
            )
        yield (kind, "floor", "", "", _cell(comparison.floor, 1), "", "", "")


def _cell(figure: Figure, digits: int) -> str:
    if figure.mean is None:
        return "-"
    error = "" if figure.error is None else f" ± {figure.error:.{digits}f}"
    return f"{figure.mean:.{digits}f}{error}"
