"""`pixpaint eval`: how well a model predicts the hidden part of pictures, in figures and as a sheet of completions."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixpaint.commands.outputs import check_png
from pixpaint.commands.progress import Progress
from pixpaint.commands.sheet import contact_sheet
from pixpaint.document import Document
from pixpaint.errors import BadRequest
from pixpaint.models.base import Model
from pixpaint.models.card import ModelCard, read_card
from pixpaint.models.checkpoint import load_model
from pixpaint.png import save_png
from pixpaint.recipe import FillSettings
from pixpaint.sampling.fill_cached import one_thread
from pixpaint.sampling.painting import Painter
from pixpaint.sampling.pair import partner
from pixpaint.scaling import halved
from pixpaint.training.data import open_pictures, split_spec
from pixpaint.training.evaluate import Score, evaluate
from pixpaint.training.freed_memory import keep_freed_memory
from pixpaint.training.masks import FIXED_HOLES
from pixpaint.training.pictures import shrunk
from pixpaint.training.recipe import MOST_HALVED

DRAWN = 5
"""How many pictures are drawn to time it."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of a model: `hole` of `masks.fixed_hole`; `size` the side of the pictures in pixels, None for the
    model's own; they are `halved` so many times, from pictures so much larger, and `hints` tells the model each at half
    its size; `sheet` is where a contact sheet goes; `record` scores every kind of hole, with the map and without,
    times the drawing of a picture, and writes the figures into the model's card."""

    model: str
    data: str
    hole: str
    size: int | None
    halved: int
    hints: bool
    blank_map: bool
    ensemble: bool
    sheet: Path | None
    record: bool


def evaluate_model(question: Question, *, as_json: bool) -> int:
    """Prints bits/dim, nats a picture and the number of pictures; returns the exit code. Raises PixpaintError."""
    card = read_card(question.model)
    if question.size is not None and question.size < 1:
        raise BadRequest(f"--size is {question.size}: use a whole number from 1.")
    if not 0 <= question.halved <= MOST_HALVED:
        raise BadRequest(f"--halved is {question.halved}: use a whole number from 0 to {MOST_HALVED}.")
    if question.blank_map and not card.has_encoder:
        raise BadRequest(f"{card.name} has no encoder, and so no map to blank: leave --blank-map out.")
    if question.sheet is not None:
        check_png([question.sheet], [split_spec(question.data)[0]])
    size = (question.size or card.size) << question.halved
    images, labels = open_pictures(question.data, channels=card.channels, classes=card.classes, size=size)
    if question.halved:
        images = np.stack([shrunk(image, question.halved, levels=card.levels) for image in images])
    keep_freed_memory()
    with Progress("evaluating") as progress:
        progress.say(f"loading {question.model} ...")
        network = load_model(question.model)
        progress.start("evaluating")
        score = evaluate(
            network,
            images,
            labels,
            hole=question.hole,
            blank_map=question.blank_map,
            hints=question.hints,
            ensemble=question.ensemble,
            on_progress=progress.update,
        )
        if question.record:
            progress.say("evaluating every kind of hole ...")
            record(network, card, question, images, labels)
        if question.sheet is not None:
            progress.say("painting completions ...")
            sheet = contact_sheet(network, images, labels)
            save_png(Document(pixels=sheet), question.sheet)
    print(json.dumps(as_fields(question, score)) if as_json else sentence(question, card, score))
    return 0


def record(
    network: Model,
    card: ModelCard,
    question: Question,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
) -> None:
    """Writes bits/dim for each hole, its standard error, bits/dim with the map blanked, nats of a whole picture, which
    pictures these are and how long drawing one takes into the card's file. Raises CannotWrite."""
    figures: dict[str, Any] = {}
    for hole in FIXED_HOLES:
        seeing = evaluate(network, images, labels, hole=hole)
        figures[hole] = round(seeing.bits_per_dim, 4)
        figures[f"{hole} standard error"] = round(seeing.standard_error, 4)
        if network.config.encoder is not None and hole != "all":
            blank = evaluate(network, images, labels, hole=hole, blank_map=True)
            figures[f"{hole} blanked"] = round(blank.bits_per_dim, 4)
        if hole == "all" and network.config.hinted:
            hinted = evaluate(network, images, labels, hole=hole, hints=True)
            figures["all hinted"] = round(hinted.bits_per_dim, 4)
            coarse = partner(card)
            if coarse is not None:
                small = np.stack([halved(image, network.config.levels) for image in images])
                first = evaluate(load_model(coarse), small, labels, hole=hole)
                both = hinted.bits_per_dim + first.bits_per_dim * small.size / images.size
                figures["all from coarse"] = round(both, 4)
        if hole == "all":
            figures["all nats per image"] = round(seeing.nats_per_image, 4)
            figures["all nats standard error"] = round(seeing.nats_error, 4)
    evaluated_on: dict[str, Any] = {"data": Path(question.data).resolve().name, "pictures": len(images)}
    if question.halved:
        evaluated_on["halved"] = question.halved
    card = replace(
        card,
        bits_per_dim=figures,
        training={**card.training, "evaluated on": evaluated_on},
        drawn_in=float(f"{seconds_a_picture(question.model):.2g}"),
    )
    assert card.path is not None
    card.write(card.path.with_suffix(".json"))


def seconds_a_picture(model: str) -> float:
    """The least time that `fused` took on one thread to draw a picture from nothing, of the size the model was trained
    at, its loops compiled; by a pair, if it is half of one."""
    painter = Painter()
    settings = FillSettings(model=model, coarse=partner(read_card(model)), engine="fused", device="cpu")
    used = painter.prepare(settings)

    def once() -> float:
        start = perf_counter()
        painter.draw(used)
        return perf_counter() - start

    with one_thread():
        return min(once() for _ in range(DRAWN))


def as_fields(question: Question, score: Score) -> dict[str, Any]:
    """The fields of `--json`."""
    return {
        "model": question.model,
        "data": question.data,
        "hole": question.hole,
        "size": question.size,
        "halved": question.halved,
        "hints": question.hints,
        "blank_map": question.blank_map,
        "ensemble": question.ensemble,
        "bits_per_dim": score.bits_per_dim,
        "standard_error": score.standard_error,
        "nats_per_image": score.nats_per_image,
        "nats_standard_error": score.nats_error,
        "images": score.images,
    }


def sentence(question: Question, card: ModelCard, score: Score) -> str:
    """What a person reads."""
    said = {
        f"halved {question.halved} time(s)": question.halved,
        "told the half-size picture": question.hints,
        "map blanked": question.blank_map,
        "ensemble of 8 orientations": question.ensemble,
    }
    how = "".join(f", {words}" for words, holds in said.items() if holds)
    return (
        f"{card.name} on {question.data}, hole {question.hole}{how}: "
        f"{score.bits_per_dim:.4f} ± {score.standard_error:.4f} bits/dim, "
        f"{score.nats_per_image:.2f} ± {score.nats_error:.2f} nats a picture, {score.images} pictures"
    )
