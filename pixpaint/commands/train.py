"""`pixpaint train`: trains a model on pictures, shows how it goes, and puts it where the other commands find it."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import FrameType

from pixpaint.commands.outputs import make_folder
from pixpaint.commands.progress import Progress
from pixpaint.commands.strip import strip
from pixpaint.commands.train_plan import (
    OWN_PICTURES,
    Folders,
    Plan,
    Request,
    chosen_device,
    make_plan,
    read_pictures,
)
from pixpaint.commands.train_report import Lines, Report, Words
from pixpaint.document import Document
from pixpaint.models.base import Model
from pixpaint.models.card import ModelCard, read_card
from pixpaint.models.checkpoint import save_model
from pixpaint.png import save_png
from pixpaint.training.data import with_classes
from pixpaint.training.photos import PhotoPictures
from pixpaint.training.pictures import HalvedPictures, Pictures
from pixpaint.training.recipe import Recipe
from pixpaint.training.runs import SAMPLES
from pixpaint.training.train import TrainOptions, run

SHOWN = 8  # held-out pictures in the strip of samples
PAUSE = 5.0  # minutes from one score to the next; less in a run of less than PAUSES of them
PAUSES = 10
SHORTEST_PAUSE = 0.5


def train(request: Request) -> int:
    """Trains until a limit or Ctrl-C, saving either way; returns the exit code. Raises PixpaintError."""
    plan = make_plan(request)
    device = chosen_device(request.device)
    with Progress("training") as progress:
        report = Lines(progress) if request.as_json else Words(progress)
        progress.say("reading pictures ...")
        pictures = read_pictures(plan.recipe, plan.data)
        recipe, fitting = fitted(plan, pictures)
        for folder in (plan.folders.work, plan.folders.models):
            make_folder(folder)
        options = TrainOptions(
            recipe=recipe,
            folder=plan.folders.work,
            data=plan.data,
            resume=plan.resumes,
            device=device,
            threads=request.threads,
            pause_minutes=pause_minutes(recipe.minutes),
        )
        if os.environ.get("RANK", "0") == "0":  # of several processes the first one speaks for all
            report.pictures(pictures, tuple(name for name in pictures.classes if name not in fitting.classes))
        progress.say("starting ...")
        return watch(options, fitting, plan.folders, report)


def fitted(plan: Plan, pictures: Pictures) -> tuple[Recipe, Pictures]:
    """Recipe and pictures of the same size and classes. The folders of own pictures are the classes of a new model; one
    that has learned already keeps its own: a folder that is called like one of them teaches that class, all others
    none."""
    recipe = plan.recipe
    small = partial(HalvedPictures.of, times=recipe.halved, levels=recipe.model.levels)
    if recipe.data != OWN_PICTURES:
        return recipe, small(pictures)
    if plan.classes is not None and isinstance(pictures, PhotoPictures):
        pictures = with_classes(pictures, plan.classes)
    return replace(recipe, model=replace(recipe.model, classes=len(pictures.classes))), small(pictures)


def watch(options: TrainOptions, pictures: Pictures, folders: Folders, report: Report) -> int:
    """Runs the training, showing where it stands; returns the exit code. Raises PixpaintError."""
    examples, _ = pictures.held_out(options.recipe.model.crop, SHOWN)
    ended: list[ModelCard] = []  # stays empty in all processes but the first

    def on_pause(model: Model, card: ModelCard, kept: bool) -> None:
        # Before the first step it is another model, or none: nothing to be found among a person's models yet.
        if kept and folders.models != folders.work and card.training["steps"]:
            save_model(model, card, folders.models)
        samples = folders.work / SAMPLES
        if kept:
            save_png(Document(pixels=strip(model, examples)), samples)
        report.score(card, samples)
        ended[:] = [card if kept else read_card(str(options.folder / f"{card.name}.safetensors"))]

    with _first_interrupt_waits() as interrupted:
        run(
            options,
            pictures,
            on_progress=report.standing,
            on_pause=on_pause,
            stop=lambda: bool(interrupted) or report.unheard,
        )
    if interrupted or report.unheard:
        raise KeyboardInterrupt("stopped and saved; --resume goes on from here.")
    for card in ended:
        report.end(card, folders.models / f"{card.name}.safetensors")
    return 0


def pause_minutes(minutes: float | None) -> float:
    """How long after one score the next is due: often enough to see a short run get better."""
    return PAUSE if minutes is None else min(PAUSE, max(SHORTEST_PAUSE, minutes / PAUSES))


@contextmanager
def _first_interrupt_waits() -> Iterator[list[int]]:
    """The first Ctrl-C is put on the list, so that the step can end and be saved; the second ends it at once."""
    seen: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        del frame
        seen.append(number)
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
