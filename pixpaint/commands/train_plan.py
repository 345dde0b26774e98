"""What a training run is to do: its recipe, pictures, folders and device, from what the command line asked for."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from pixpaint.assets import user_models_folder
from pixpaint.errors import BadRequest
from pixpaint.models.card import ModelCard, check_name, is_taken, read_card
from pixpaint.models.config import read_config
from pixpaint.recipe import DEVICES
from pixpaint.training.data import (
    digit_pictures,
    folder_pictures,
    photo_pictures,
    sketch_pictures,
    tiny_pictures,
)
from pixpaint.training.pictures import Pictures
from pixpaint.training.recipe import Recipe, read_recipe
from pixpaint.training.runs import CHECKPOINT, Run, read_run, run_folder

OWN_PICTURES = "folder"  # the recipe, and the kind of data
FINE_TUNING = {
    "learning_rate": 3e-4,
    "warmup": 50,
    "clip": 5.0,
    "encoder_steps": 0,
    "cooldown": 0.5,
    "patience": 5,
}
"""What the recipe becomes when it starts from a model: gentle, so that what was learned is not lost, and at an end when
it only learns its few pictures by heart."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the command line asked for; None leaves it to the recipe or, with `resume`, to the earlier run. Raises
    BadRequest."""

    data: str | None
    recipe: str | None
    start_from: str | None
    name: str | None
    out: Path | None
    minutes: float | None
    steps: int | None
    batch: int | None
    resume: bool
    device: str
    threads: int | None
    as_json: bool

    def __post_init__(self) -> None:
        for option, count in {"steps": self.steps, "batch": self.batch, "threads": self.threads}.items():
            if count is not None and count < 1:
                raise BadRequest(f"--{option} is {count}: use a whole number from 1.")
        if self.minutes is not None and not self.minutes > 0:
            raise BadRequest(f"--minutes is {self.minutes}: use a number above 0.")
        if self.name is not None:
            check_name(self.name)


@dataclass(frozen=True, kw_only=True)
class Folders:
    """`work` keeps the checkpoint and the strip of samples, `models` the model; they may be the same."""

    work: Path
    models: Path


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`resumes` where an earlier run is gone on with; `classes` are those that the model has already, None for a new
    one, whose classes are the folders of the pictures."""

    recipe: Recipe
    data: str
    folders: Folders
    resumes: bool
    classes: tuple[str, ...] | None


def make_plan(request: Request) -> Plan:
    """Raises BadRequest where something else would be lost or could not be found, BadModel."""
    first = read_recipe(request.recipe or OWN_PICTURES)
    folders = chosen_folders(request, request.name or first.name)
    run = read_run(folders.work) if (folders.work / CHECKPOINT).exists() else None
    data = str(Path(request.data).resolve()) if request.data else run.data if run else ""
    if not data:
        raise BadRequest("Name the folder of the pictures with --data.")
    recipe, classes = first, None
    if run is not None:
        recipe = gone_on_with(run, request.start_from) if request.recipe is None else first
        classes = read_card(str(run.folder / f"{run.recipe.name}.safetensors")).classes
    elif request.start_from is not None:
        source = read_card(request.start_from)
        recipe, classes = starting_from(source, first, request), source.classes
    recipe = replace(
        recipe,
        name=request.name or recipe.name,
        steps=request.steps or recipe.steps,
        minutes=request.minutes or recipe.minutes,
        batch=request.batch or recipe.batch,
    )
    return Plan(recipe=recipe, data=data, folders=folders, resumes=run is not None, classes=classes)


def starting_from(source: ModelCard, recipe: Recipe, request: Request) -> Recipe:
    """A recipe for the model of this card; the licence of what it has learned so far stays with it."""
    changes: dict[str, Any] = dict(FINE_TUNING) if request.recipe is None else {"encoder_steps": 0}
    model = read_config(source.config)
    if not model.oriented:
        changes["turned"] = 0.0  # it can't be told which way up a picture is
    if not model.hinted:
        changes["half_size_hints"] = 0.0
    if not model.smoothed:  # it has not learnt to come back from an error, nor has it what to come back to
        changes["drift"] = 0.0
    assert request.start_from is not None
    named = request.start_from
    start_from = str(source.path.resolve()) if named.endswith(".safetensors") and source.path else named
    return replace(recipe, model=model, start_from=start_from, licence=source.licence, **changes)


def gone_on_with(run: Run, start_from: str | None) -> Recipe:
    """The recipe of an earlier run. Raises BadRequest where another start is asked for than it had."""
    if start_from is not None and Path(start_from).stem != Path(run.recipe.start_from).stem:
        had = f"started from {Path(run.recipe.start_from).stem}" if run.recipe.start_from else "started anew"
        raise BadRequest(
            f"The run in {run.folder} {had}, not from {start_from}: leave --from out, or choose another --name."
        )
    return run.recipe


def chosen_folders(request: Request, name: str) -> Folders:
    """Where the run and its model go. Raises BadRequest where an earlier run or model would be lost."""
    if request.out is not None:
        folders = Folders(work=request.out, models=request.out)
    else:
        folders = Folders(work=run_folder(name), models=user_models_folder())
    holds_run = (folders.work / CHECKPOINT).exists()
    if holds_run and not request.resume:
        raise BadRequest(
            f"{folders.work} holds an earlier run: add --resume to go on with it, or another --name or --out."
        )
    if request.out is None and is_taken(name) and not holds_run:
        raise BadRequest(
            f"pixpaint has a model called {name} already: add --name with another one, or --out."
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
        case "tiny":
            return tiny_pictures(data)
        case "digits":
            return digit_pictures(data)
        case "folder":
            return folder_pictures(
                data, channels=recipe.model.channels, smallest=recipe.model.crop << recipe.halved
            )
        case unknown:
            raise BadRequest(f"The recipe {recipe.name} wants data of the unknown kind {unknown!r}.")
