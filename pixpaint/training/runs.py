"""Training runs on disk: which there are, how far each got, and with what it can be gone on with. No torch.

A run's folder holds its checkpoint; the notes in the checkpoint's header tell all of this.
"""

import glob
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixpaint.assets import data_folder, user_models_folder
from pixpaint.errors import BadModel, CannotWrite, PixpaintError
from pixpaint.training.recipe import Recipe

CHECKPOINT = "checkpoint.safetensors"
SAMPLES = "samples.png"
HEADLINE = "all"  # the hole whose bits/dim tell how well a model has learned
HEADER_LIMIT = 100_000_000  # bytes; safetensors' own


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run that was stopped or has ended, in `folder`; `data` is where its pictures lie, `history` how the figures of
    the held-out ones fell: "step", "seconds", and bits/dim by what is hidden."""

    folder: Path
    recipe: Recipe
    data: str
    step: int
    seconds: float
    history: tuple[Mapping[str, Any], ...]

    @property
    def share_done(self) -> float:
        """From 0 to 1; 1 is all."""
        if out_of_patience(self.recipe, self.history):
            return 1.0
        return min(1.0, self.recipe.share_done(self.step, self.seconds))


def comparable(recipe: Recipe, history: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of the scores of a run those that compare with the last one: of weights that had begun to paint, on as many
    held-out pictures."""
    return [
        score
        for score in history
        if score["step"] > recipe.encoder_steps
        and HEADLINE in score
        and score.get("held_out") == history[-1].get("held_out")
    ]


def is_best(recipe: Recipe, history: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the last score, be it no number, is not known to be as bad as an earlier one."""
    *earlier, last = comparable(recipe, history) or [{}]
    return not any(last[HEADLINE] >= score[HEADLINE] for score in earlier)


def out_of_patience(recipe: Recipe, history: Sequence[Mapping[str, Any]]) -> bool:
    """Whether held-out pictures have not become cheaper for as long as the recipe waits. Scores that were taken because
    the run was stopped do not count."""
    scores = comparable(recipe, history) if recipe.patience else []
    if not scores:
        return False
    best = min(range(len(scores)), key=lambda k: float(scores[k][HEADLINE]))
    return sum(not score.get("stopped") for score in scores[best + 1 :]) >= recipe.patience


def run_folder(name: str) -> Path:
    """Where the run that makes a person's model of this name is kept; it may not exist yet."""
    return data_folder() / "training" / name


def read_run(folder: Path) -> Run:
    """The run of a folder. Raises BadModel where its checkpoint is missing or damaged."""
    path = folder / CHECKPOINT
    notes = read_notes(path)
    try:
        recipe = Recipe.from_json(notes["recipe"])
        step, seconds, history = int(notes["step"]), float(notes["seconds"]), tuple(notes["history"])
    except (PixpaintError, TypeError, ValueError) as error:
        raise _not_resumed(path, error) from error
    data = str(notes.get("data", ""))
    return Run(folder=folder, recipe=recipe, data=data, step=step, seconds=seconds, history=history)


def unfinished_runs() -> list[Run]:
    """The runs among a person's own that were stopped before their end, the latest first; unreadable ones are
    passed over."""
    found = []
    for path in (data_folder() / "training").glob(f"*/{CHECKPOINT}"):
        try:
            run = read_run(path.parent)
            found.append((path.stat().st_mtime, run))
        except (BadModel, OSError):
            continue
    found.sort(key=lambda pair: pair[0], reverse=True)
    return [run for _, run in found if run.share_done < 1 and run.recipe.name == run.folder.name]


def discard_run(name: str) -> None:
    """Removes a person's run of this name and the model it has made so far. Raises CannotWrite."""
    try:
        if run_folder(name).exists():
            shutil.rmtree(run_folder(name))
        for suffix in (".safetensors", ".json"):
            (user_models_folder() / f"{name}{suffix}").unlink(missing_ok=True)
            # What a process that was ended while it wrote has left behind.
            for rest in user_models_folder().glob(f".{glob.escape(name)}{suffix}.*"):
                rest.unlink(missing_ok=True)
    except OSError as error:
        raise CannotWrite(f"{name} can't be removed: {error.strerror or error}.") from error


def read_notes(path: Path) -> Mapping[str, Any]:
    """The notes in a checkpoint's header: step, seconds, recipe, history, data. Raises BadModel."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > HEADER_LIMIT:
                raise ValueError(f"a header of {size} bytes")
            notes: Mapping[str, Any] = json.loads(json.loads(file.read(size))["__metadata__"]["pixpaint"])
        missing = {"step", "seconds", "recipe", "history"} - set(notes)
        if missing or "model" not in notes["recipe"]:
            raise ValueError(f"its notes lack {', '.join(sorted(missing)) or 'the model'}")
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise _not_resumed(path, error) from error
    return notes


def _not_resumed(path: Path, error: Exception) -> BadModel:
    return BadModel(f"{path} can't be resumed from: it is missing or damaged ({error}).")
