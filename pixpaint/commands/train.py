"""`pixpaint train`: trains a model on pictures, shows how it goes, and puts it where the other commands find it."""

import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import torch

from pixpaint.assets import data_folder, resource, user_models_folder
from pixpaint.commands.outputs import make_folder
from pixpaint.commands.progress import Progress, in_words
from pixpaint.commands.strip import strip
from pixpaint.document import Document
from pixpaint.errors import BadRequest
from pixpaint.models.base import Model
from pixpaint.models.card import ModelCard
from pixpaint.models.checkpoint import save_model
from pixpaint.png import save_png
from pixpaint.recipe import DEVICES
from pixpaint.training.data import digit_pictures, folder_pictures, photo_pictures, sketch_pictures
from pixpaint.training.pictures import Pictures
from pixpaint.training.recipe import Recipe, read_recipe
from pixpaint.training.train import Progress as Standing
from pixpaint.training.train import TrainOptions, run

CHECKPOINT = "checkpoint.safetensors"
SHOWN = 8  # held-out pictures in the strip of samples


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the command line asked for; None leaves it to the recipe. Raises BadRequest."""

    data: str
    recipe: str
    name: str | None
    out: Path | None
    minutes: float
    steps: int | None
    batch: int | None
    resume: bool
    device: str
    threads: int | None

    def __post_init__(self) -> None:
        for option, count in {"steps": self.steps, "batch": self.batch, "threads": self.threads}.items():
            if count is not None and count < 1:
                raise BadRequest(f"--{option} is {count}: use a whole number from 1.")
        if math.isnan(self.minutes) or self.minutes <= 0:
            raise BadRequest(f"--minutes is {self.minutes}: use a number above 0.")
        if self.name is not None and (not self.name or Path(self.name).name != self.name):
            raise BadRequest(f"A model can't be called {self.name!r}: use a name without slashes.")


@dataclass(frozen=True, kw_only=True)
class Folders:
    """`work` keeps the checkpoint and the strip of samples, `models` the model; they may be the same."""

    work: Path
    models: Path


def train(request: Request) -> int:
    """Trains until a limit or Ctrl-C, saving either way; returns the exit code. Raises PixpaintError."""
    recipe = read_recipe(request.recipe)
    recipe = replace(
        recipe,
        name=request.name or recipe.name,
        steps=request.steps or recipe.steps,
        batch=request.batch or recipe.batch,
    )
    folders = chosen_folders(request, recipe.name)
    device = chosen_device(request.device)
    with Progress("reading pictures") as progress:
        progress.say("reading pictures ...")
        pictures = read_pictures(recipe, request.data)
    if recipe.data == "folder":
        recipe = replace(recipe, model=replace(recipe.model, classes=len(pictures.classes)))
    for folder in (folders.work, folders.models):
        make_folder(folder)
    options = TrainOptions(
        recipe=recipe,
        folder=folders.work,
        minutes=request.minutes,
        resume=request.resume,
        device=device,
        threads=request.threads,
    )
    return watch(options, pictures, folders)


def watch(options: TrainOptions, pictures: Pictures, folders: Folders) -> int:
    """Runs the training, showing where it stands; returns the exit code. Raises PixpaintError."""
    examples, _ = pictures.held_out(options.recipe.model.crop, SHOWN)
    saved: list[str] = []  # stays empty in all processes but the first, which speaks for all

    def on_pause(model: Model, card: ModelCard) -> None:
        saved.append(str(folders.models / f"{card.name}.safetensors"))
        if folders.models != folders.work:
            save_model(model, card, folders.models)
        samples = folders.work / "samples.png"
        save_png(Document(pixels=strip(model, examples)), samples)
        bits = ", ".join(f"{hole} {value:.3f}" for hole, value in card.bits_per_dim.items())
        progress.clear()
        print(f"step {card.training['steps']}: held-out bits/dim {bits}; samples in {samples}", flush=True)

    def on_progress(now: Standing) -> None:
        progress.say(
            f"step {now.step}/{now.steps}, {now.bits_per_dim:.3f} bits/dim, "
            f"{now.pictures_per_second:.0f} pictures a second, {in_words(max(0, now.seconds_left))} left"
        )

    with Progress("training") as progress, _first_interrupt_waits() as interrupted:
        progress.say("starting ...")
        run(options, pictures, on_progress=on_progress, on_pause=on_pause, stop=lambda: bool(interrupted))
    if interrupted:
        raise KeyboardInterrupt("stopped and saved; --resume goes on from here.")
    if saved:
        print(f"{options.recipe.name} is trained: {saved[-1]}")
    return 0


def chosen_folders(request: Request, name: str) -> Folders:
    """Where the run and its model go. Raises BadRequest where something else would be lost or could not be found."""
    if request.out is not None:
        folders = Folders(work=request.out, models=request.out)
    elif resource("weights", f"{name}.safetensors").exists():
        raise BadRequest(
            f"pixpaint has a model called {name} already: add --name with another one, or --out."
        )
    else:
        folders = Folders(work=data_folder() / "training" / name, models=user_models_folder())
    if (folders.work / CHECKPOINT).exists() and not request.resume:
        raise BadRequest(
            f"{folders.work} holds an earlier run: add --resume to go on with it, or another --name or --out."
        )
    return folders


def chosen_device(device: str) -> str:
    """`auto` is CUDA where there is one. Raises BadRequest."""
    if device not in DEVICES:
        raise BadRequest(f"There is no device {device!r}: choose one of {', '.join(DEVICES)}.")
    if device == "cuda" and not torch.cuda.is_available():
        raise BadRequest("There is no CUDA device that pixpaint can use: choose --device cpu or auto.")
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


def read_pictures(recipe: Recipe, data: str) -> Pictures:
    """The pictures that a recipe trains on. Raises BadImage, BadRequest."""
    match recipe.data:
        case "sketch":
            return sketch_pictures(data)
        case "photo":
            return photo_pictures(data)
        case "digits":
            return digit_pictures(data)
        case "folder":
            return folder_pictures(data, channels=recipe.model.channels)
        case unknown:
            raise BadRequest(f"The recipe {recipe.name} wants data of the unknown kind {unknown!r}.")


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
