"""What `pixpaint train` tells while it goes: sentences for a person, or lines of JSON for a program."""

import json
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pixpaint.commands.progress import Progress, in_words
from pixpaint.models.card import ModelCard
from pixpaint.training.photos import PhotoPictures
from pixpaint.training.pictures import Pictures
from pixpaint.training.runs import HEADLINE
from pixpaint.training.train import Progress as Standing


class Report(ABC):
    """Told of each thing that happens in a run; `progress` is the line on a terminal. `unheard` once whoever read it
    has left."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.unheard = False

    @abstractmethod
    def pictures(self, pictures: Pictures, folders: tuple[str, ...]) -> None:
        """The pictures are read; `folders` are those whose names the model takes for no class."""

    @abstractmethod
    def standing(self, now: Standing) -> None:
        """Some steps were taken."""

    @abstractmethod
    def score(self, card: ModelCard, samples: Path) -> None:
        """The held-out pictures were scored, and the strip of samples drawn."""

    @abstractmethod
    def end(self, card: ModelCard, model: Path) -> None:
        """The run is over and its model lies at `model`."""

    def _print(self, line: str) -> None:
        self.progress.clear()
        try:
            print(line, flush=True)
        except BrokenPipeError:  # the window was killed, say: the run must still be saved
            self.unheard = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Words(Report):
    """For a person."""

    def pictures(self, pictures: Pictures, folders: tuple[str, ...]) -> None:
        if isinstance(pictures, PhotoPictures):
            self._print(_about(pictures))
        if folders:
            self._print(
                "The model to start from keeps its own classes: pictures in "
                f"{', '.join(folders)} are learned without a class."
            )

    def standing(self, now: Standing) -> None:
        self.progress.say(
            f"step {now.step}/{now.steps}, {now.share_done:.0%}, {now.bits_per_dim:.3f} bits/dim, "
            f"{now.pictures_per_second:.0f} pictures a second, {in_words(now.seconds_left)} left"
        )

    def score(self, card: ModelCard, samples: Path) -> None:
        bits = ", ".join(f"{hole} {value:.3f}" for hole, value in card.bits_per_dim.items())
        self._print(f"step {card.training['steps']}: held-out bits/dim {bits}; samples in {samples}")

    def end(self, card: ModelCard, model: Path) -> None:
        before, now = before_and_now(card)
        self._print(f"{card.name} is trained, held-out bits/dim {before:.3f} before, {now:.3f} now: {model}")


class Lines(Report):
    """For a program: one JSON object a line on standard output, each with an "event"."""

    def pictures(self, pictures: Pictures, folders: tuple[str, ...]) -> None:
        counts = {"training": len(pictures), "folders_without_class": list(folders)}
        if isinstance(pictures, PhotoPictures):
            counts |= {
                "held_out": len(pictures.kept),
                "unreadable": pictures.unreadable,
                "too_small": pictures.too_small,
            }
        self._tell("pictures", counts)

    def standing(self, now: Standing) -> None:
        self._tell("progress", asdict(now))

    def score(self, card: ModelCard, samples: Path) -> None:
        before, now = before_and_now(card)
        score = {"step": card.training["steps"], "before": before, "now": now}
        self._tell("score", {**score, "bits_per_dim": dict(card.bits_per_dim), "samples": str(samples)})

    def end(self, card: ModelCard, model: Path) -> None:
        before, now = before_and_now(card)
        self._tell("end", {"name": card.name, "before": before, "now": now, "model": str(model)})

    def _tell(self, event: str, facts: Mapping[str, Any]) -> None:
        self._print(json.dumps({"event": event, **facts}))


def before_and_now(card: ModelCard) -> tuple[float, float]:
    """Held-out bits/dim of pictures that are hidden whole: before the first step, and of this card's weights."""
    return float(card.training["history"][0][HEADLINE]), card.bits_per_dim[HEADLINE]


def _about(pictures: PhotoPictures) -> str:
    kept = len(pictures.kept)
    sentence = f"{len(pictures) + kept} pictures: {len(pictures)} to learn from, {kept} held out"
    passed_over = [
        f"{count} {why}"
        for count, why in (
            (pictures.unreadable, "that can't be read"),
            (pictures.too_small, "too small"),
        )
        if count
    ]
    return f"{sentence}; passed over {', '.join(passed_over)}." if passed_over else f"{sentence}."
