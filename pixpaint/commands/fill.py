"""`pixpaint fill`: paints the hole of a picture without a window and saves the results."""

import json
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pixpaint.commands.outputs import check_png, numbered
from pixpaint.commands.progress import Progress
from pixpaint.document import SUFFIXES, Document, open_picture, read_mask, transparent_hole
from pixpaint.errors import BadImage, BadMask
from pixpaint.models.card import suited_model
from pixpaint.png import save_png
from pixpaint.recipe import FillSettings, Recipe
from pixpaint.sampling import compile_cache
from pixpaint.sampling.painting import Painter

COMPILE_FROM = 20_000
"""From so many pixels on, compiling the fast engine and painting with it is sooner done than painting without."""


COMPILING = "compiling the fast engine, once on this machine ..."


@dataclass(frozen=True, kw_only=True)
class Job:
    """One picture to fill; without a mask its fully transparent pixels are the hole."""

    picture: Path
    mask: Path | None
    output: Path


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One result: where it was saved, its seed, its price under the model, how well it fits the known pixels in nats
    (None where there is nothing to compare it with), and sha256 of the painted bytes."""

    output: str
    seed: int
    bits_per_dim: float
    fit: float | None
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one fill came to. `pixels` counts those of all candidates, best fit first; `seconds` is the sampling's time
    alone."""

    pixels: int
    seconds: float
    candidates: tuple[Candidate, ...]


def fill_picture(job: Job, settings: FillSettings, *, as_json: bool) -> int:
    """Fills one picture and says so on standard output; returns the exit code. Raises PixpaintError."""
    painter = Painter()
    check(painter, settings)
    document = open_job(job, settings)
    with Progress("filling") as progress:
        pixels = int(np.count_nonzero(document.hole)) * settings.candidates
        used = load(painter, settings, progress, pixels)
        report = fill_document(painter, used, document, job.output, progress)
    if as_json:
        fields = summary(used, [report])
        if settings.candidates > 1:
            fields["candidates"] = [asdict(candidate) for candidate in report.candidates]
        print(json.dumps(fields))
    else:
        print(sentence(used, report))
    return 0


def suited(picture: Path) -> str:
    """The model for a picture, or for the first readable one of a folder, where none is named. Raises BadImage."""
    if not picture.is_dir():
        return suited_model(open_picture(picture).is_drawing)
    for path in sorted(picture.iterdir()):
        if path.suffix.lower() in SUFFIXES:
            with suppress(BadImage):
                return suited(path)
    return suited_model(True)


def check(painter: Painter, settings: FillSettings) -> None:
    """Raises BadModel or BadRequest for what can be known before the model is loaded."""
    painter.card(settings)
    painter.label(settings)
    painter.coarse_card(settings)


def open_job(job: Job, settings: FillSettings) -> Document:
    """The picture with its hole, once it is sure that its results have a place to go. Raises PixpaintError."""
    document = open_picture(job.picture)
    if job.mask is None:
        document.hole = transparent_hole(document)
        if not document.hole.any():
            raise BadMask(
                f"{job.picture.name} has no fully transparent pixels to fill: "
                "add --mask with a picture that is white where to paint."
            )
    else:
        document.hole = read_mask(job.mask, document.height, document.width)
    inputs = [job.picture] if job.mask is None else [job.picture, job.mask]
    check_png(numbered(job.output, settings.candidates), inputs)
    return document


def load(painter: Painter, settings: FillSettings, progress: Progress, pixels: int = 0) -> FillSettings:
    """Loads the model ahead, so that it isn't counted as painting; the settings as they are used for so many `pixels`.
    Raises PixpaintError."""
    compiling = settings.engine == "fused" and not compile_cache.ready()
    progress.say(COMPILING if compiling else f"loading {settings.model} ...")
    used = painter.prepare(settings)
    if settings.engine == "auto" and pixels >= COMPILE_FROM and painter.can_compile(used):
        progress.say(COMPILING)
        used = painter.prepare(replace(settings, engine="fused"))
    progress.start("filling")
    return used


def fill_document(
    painter: Painter, settings: FillSettings, document: Document, output: Path, progress: Progress
) -> Report:
    """Paints the hole of `document` as often as there are candidates and saves each. Raises PixpaintError."""
    hole = document.hole
    results = [document.copy() for _ in range(settings.candidates)]
    nats = np.zeros(settings.candidates)
    start = time.perf_counter()
    for event in painter.paint(settings, document.on_white(hole), hole):
        for result, pixels in zip(results, event.pixels, strict=True):
            result.paint(event.rows, event.columns, pixels)
        if not event.level:
            nats += event.nats
        progress.update(event.done, event.total)
    seconds = time.perf_counter() - start

    fits = None
    if settings.candidates > 1:
        progress.say("comparing the results ...")
        fits = painter.fits(settings, np.stack([result.pixels for result in results]), hole).sum(0)
    card, coarse = painter.card(settings), painter.coarse_card(settings)
    bits_per_dim = nats / (math.log(2) * np.count_nonzero(hole) * card.channels)
    candidates = []
    for k, path in enumerate(numbered(output, settings.candidates)):
        recipe = Recipe.of_fill(
            replace(settings, seed=settings.seed + k, candidates=1),
            card.sha256,
            results[k].pixels,
            hole,
            coarse_sha256=None if coarse is None else coarse.sha256,
        )
        results[k].recipes = (*document.recipes, recipe)
        save_png(results[k], path)
        candidates.append(
            Candidate(
                output=str(path),
                seed=recipe.settings.seed,
                bits_per_dim=float(bits_per_dim[k]),
                fit=None if fits is None else float(fits[k]),
                sha256=recipe.result_sha256,
            )
        )
    candidates.sort(key=lambda candidate: -(candidate.fit or 0.0))
    pixels = int(np.count_nonzero(hole)) * settings.candidates
    return Report(pixels=pixels, seconds=seconds, candidates=tuple(candidates))


def summary(settings: FillSettings, reports: Sequence[Report]) -> dict[str, Any]:
    """The fields of `--json`: totals over `reports`, bits_per_dim their mean a painted pixel.

    `sha256` is that of the best candidate, and None where there are several pictures or none.
    """
    pixels = sum(report.pixels for report in reports)
    seconds = sum(report.seconds for report in reports)
    bits = sum(
        candidate.bits_per_dim * report.pixels / len(report.candidates)
        for report in reports
        for candidate in report.candidates
    )
    return {
        "model": settings.model,
        "coarse": settings.coarse,
        "seed": settings.seed,
        "engine": settings.engine,
        "device": settings.device,
        "pixels": pixels,
        "seconds": seconds,
        "pixels_per_second": pixels / seconds if seconds else None,
        "bits_per_dim": bits / pixels if pixels else None,
        "sha256": reports[0].candidates[0].sha256 if len(reports) == 1 else None,
    }


def sentence(settings: FillSettings, report: Report) -> str:
    """What a person reads at the end: `out.png: 512 pixels in 1.3 s (394 a second), ...`."""
    ordered = sorted(report.candidates, key=lambda candidate: candidate.seed)
    best, first, last = report.candidates[0], ordered[0], ordered[-1]
    outputs = first.output if first is last else f"{first.output} to {last.output}"
    fitting = "" if first is last else f"; {best.output}, of seed {best.seed}, fits best"
    bits = sum(candidate.bits_per_dim for candidate in report.candidates) / len(report.candidates)
    rate = f"{report.pixels / report.seconds:.0f} a second" if report.seconds else "at once"
    return (
        f"{outputs}: {report.pixels} pixels in {report.seconds:.1f} s ({rate}), {bits:.3f} bits/dim, "
        f"{settings.models} with seed {settings.seed}, {settings.engine} on {settings.device}{fitting}"
    )
