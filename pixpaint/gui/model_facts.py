"""What a person is told of a model, from its card alone."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from pixpaint.assets import user_models_folder
from pixpaint.gui.papers import PAPERS, Paper
from pixpaint.models.config import CONFIGS

if TYPE_CHECKING:
    from pixpaint.models.card import ModelCard

MINUTE, HOUR = 60, 3600
BINARIZED_MNIST = "binarized-mnist.npz:test"
"""What a card calls the pictures that papers report figures for."""
DETAILS = ("standard error", "blanked", "nats per image")
"""How the names of those of a card's figures end that say more of another one."""


class ModelFacts(QObject):
    """The card in words."""

    def __init__(self, card: "ModelCard", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.card = card

    @property
    def kind(self) -> str:
        """The model's name in its paper; empty where the card names none that there is."""
        config = CONFIGS.get(str(self.card.config.get("kind")))
        return "" if config is None else config.title

    @property
    def _paper(self) -> Paper | None:
        return PAPERS.get(str(self.card.config.get("kind")))

    @property
    def own(self) -> bool:
        """Whether it is the person's, and did not come with pixpaint."""
        return self.card.path is not None and self.card.path.parent == user_models_folder()

    def in_short(self) -> str:
        """Its size, in a sentence."""
        text = self.tr("Learned at {size} × {size} pixels in {colour}, {parameters} parameters.")
        count = self.card.parameters
        parameters = self.tr("{millions} million").format(millions=f"{count / 1e6:.1f}")
        if count < 1e6:
            parameters = self.tr("{thousands} thousand").format(thousands=f"{count / 1e3:.0f}")
        return text.format(size=self.card.size, colour=self._colour(), parameters=parameters)

    def outlook(self) -> str:
        """What a model without an encoder goes by, in a sentence, and what helps; empty for others."""
        if self.card.has_encoder:
            return ""
        if self.card.oriented:
            return self.tr(
                "Goes by what is above and to the left only, and turns fills to where most is known; several answers "
                "are ranked by fit."
            )
        return self.tr(
            "Goes by what is above and to the left only; several answers are ranked by fit: ask for some."
        )

    def all(self) -> list[tuple[str, str]]:
        """Every fact with its name; what the card does not tell is left out."""
        card, paper = self.card, self._paper
        published = self._published()
        if published:
            published = self.tr("{nats} nats a picture, by the paper").format(nats=published)
        goes_by = self.outlook() or self.tr("All that is known around the hole, on every side.")
        facts = [
            (self.tr("Kind"), self.kind),
            (self.tr("Paper"), paper.reference if paper else ""),
            (self.tr("Idea"), paper.about() if paper else ""),
            (self.tr("Pictures"), f"{card.size} × {card.size}, {self._colour()}"),
            (self.tr("Classes"), f"{len(card.classes):,}" if card.classes else ""),
            (self.tr("Parameters"), f"{card.parameters:,}" if card.parameters else ""),
            (self.tr("Size on disk"), self._bytes(card.path)),
            (self.tr("Trained on"), card.data),
            (self.tr("Training"), self._training(card.training)),
            (self.tr("Bits/dim"), "\n".join(self._figures(card.bits_per_dim))),
            (self.tr("Measured on"), self._measured_on(card.training.get("evaluated on"))),
            (self.tr("Published"), published),
            (self.tr("Drawing"), self._drawing()),
            (self.tr("Goes by"), goes_by),
            (self.tr("Coarse to fine"), self._coarse_to_fine()),
            (self.tr("Licence"), card.licence),
            (self.tr("Notes"), card.notes),
            (self.tr("Lies at"), str(card.path) if self.own else ""),
        ]
        return [(name, value) for name, value in facts if value]

    def in_figures(self) -> tuple[str, ...]:
        """For a line of a table: pictures, parameters, the time of training, that of drawing one, bits/dim of pictures
        that are hidden whole and, where they are of one bit, nats, and the paper's; what the card does not tell is
        empty."""
        card, bits = self.card, self.card.bits_per_dim
        seconds = self._learned(card.training)[1]
        nats, error = (
            _number(bits.get(f"all {detail}")) for detail in ("nats per image", "nats standard error")
        )
        one_bit = card.levels == 2
        return (
            f"{card.size} × {card.size}, {self.tr('one bit') if one_bit else self._colour()}",
            f"{card.parameters:,}" if card.parameters else "",
            self._duration(seconds) if seconds else "",
            self.tr("{seconds} s").format(seconds=f"{card.drawn_in:g}") if card.drawn_in else "",
            f"{self._whole:.4f}" if self._whole else "",
            f"{nats:,.2f}" + (f" ± {error:.2f}" if error else "") if one_bit and nats else "",
            self._published(),
        )

    def measured(self) -> str:
        """On which pictures, in words."""
        pictures = self._measured_on(self.card.training.get("evaluated on"))
        if pictures:
            return self.tr("Measured on {pictures}").format(pictures=pictures)
        data = self.card.data or self.tr("pictures that the card does not name")
        return self.tr("Measured while learning from {data}").format(data=data)

    def place(self) -> tuple[str, float, str]:
        """Where it stands among others: with those that were measured on the same pictures, the best one first. One's
        own, which are measured on some of the pictures they come from, stand with those of the same ones."""
        measured_on = self.card.training.get("evaluated on")
        group = str(measured_on) if measured_on else f"~{self.card.data}"  # after all others
        return group, self._whole or math.inf, self.card.name

    @property
    def _whole(self) -> float:
        """Bits/dim of pictures that are hidden whole, by a pair of models where it is half of one; 0 if unknown."""
        bits = self.card.bits_per_dim
        return _number(bits.get("all from coarse", bits.get("all")))

    def _colour(self) -> str:
        if self.card.channels == 3:
            return self.tr("colour")
        if self.card.levels == 256:
            return self.tr("grey")
        if self.card.levels == 2:
            return self.tr("black and white")
        return self.tr("{levels} greys").format(levels=self.card.levels)

    def _drawing(self) -> str:
        """How long a picture takes."""
        text = self.tr(
            "{seconds} s a picture from nothing, on one thread of the machine where it was measured"
        )
        return text.format(seconds=f"{self.card.drawn_in:g}") if self.card.drawn_in else ""

    def _coarse_to_fine(self) -> str:
        """What a model goes by that was told of smaller pictures; empty for others."""
        card = self.card
        if card.config.get("hinted") is not True:
            return ""
        text = self.tr(
            "Multi-scale (arXiv 1601.06759, section 3.6): it paints a picture given one at half its size, which it has "
            "painted itself or a model of any other kind has."
        )
        if not card.has_encoder:
            text += "\n" + self.tr(
                "Departures: the small picture is the mean of each 2 × 2 pixels, and is told in every layer, enlarged "
                "and with a mask of where it is known."
            )
        if card.coarse:
            text += "\n" + self.tr(
                "It learned to go on from the pictures of {coarse}, with which what it draws begins."
            ).format(coarse=card.coarse)
        return text

    def _bytes(self, path: Path | None) -> str:
        if path is None or not path.is_file():
            return ""
        size = path.stat().st_size
        if size < 1e6:
            return self.tr("{size} kB").format(size=f"{size / 1e3:.0f}")
        return self.tr("{size} MB").format(size=f"{size / 1e6:.1f}")

    def _training(self, told: Mapping[str, Any]) -> str:
        steps, seconds = self._learned(told)
        text = self.tr("{steps} steps of {batch} pictures, {time}")
        if not steps:
            return ""
        batch = _number(told.get("batch"))
        text = text.format(steps=f"{steps:,.0f}", batch=f"{batch:,.0f}", time=self._duration(seconds))
        start = told.get("from")
        return self.tr("{text}, from {start}").format(text=text, start=start) if start else text

    def _learned(self, told: Mapping[str, Any]) -> tuple[float, float]:
        """Steps and seconds in all: "decoder_before" was an earlier part of it."""
        before = told.get("decoder_before")
        parts = [told, before] if isinstance(before, Mapping) else [told]
        steps, seconds = (sum(_number(part.get(name)) for part in parts) for name in ("steps", "seconds"))
        return steps, seconds

    def _figures(self, bits: Mapping[str, Any]) -> list[str]:
        """A line for each kind of hole, with the standard error and nats a picture where they are known."""
        names = {
            "all": self.tr("all hidden"),
            "all hinted": self.tr("all hidden, told at half size"),
            "all from coarse": self.tr("all hidden, at half size first"),
            "bottom": self.tr("lower half"),
            "top": self.tr("upper half"),
            "right": self.tr("right half"),
            "centre": self.tr("centre"),
            "spot": self.tr("a spot"),
            "stroke": self.tr("a stroke"),
        }
        lines = []
        for hole in (hole for hole in bits if not hole.endswith(DETAILS)):
            line = f"{names.get(hole, hole)}: {_number(bits[hole]):.4f}"
            error, _, nats = (_number(bits.get(f"{hole} {detail}")) for detail in DETAILS)
            if error:
                line += f" ± {error:.4f}"
            if nats:
                line += self.tr(" ({nats} nats a picture)").format(nats=f"{nats:,.2f}")
            lines.append(line)
        return lines

    def _measured_on(self, pictures: object) -> str:
        if not isinstance(pictures, Mapping):
            return ""
        text = self.tr("{count} pictures ({data})")
        if pictures.get("halved"):
            text = self.tr("{count} pictures, halved ({data})")
        return text.format(count=f"{_number(pictures.get('pictures')):,.0f}", data=pictures.get("data"))

    def _published(self) -> str:
        """What the paper reports for the same pictures, in nats a picture; empty where it reports nothing."""
        pictures = self.card.training.get("evaluated on")
        same = isinstance(pictures, Mapping) and pictures.get("data") == BINARIZED_MNIST
        nats = self._paper.published if self._paper and same else None
        return f"{nats:.2f}" if nats else ""

    def _duration(self, seconds: float) -> str:
        if seconds < 2 * MINUTE:
            return self.tr("{seconds} s").format(seconds=f"{seconds:.0f}")
        if seconds < 90 * MINUTE:
            return self.tr("{minutes} min").format(minutes=f"{seconds / MINUTE:.0f}")
        return self.tr("{hours} hours").format(hours=f"{seconds / HOUR:.1f}")


def _number(value: object) -> float:
    """0 for what is none: a card from elsewhere may hold anything."""
    return float(value) if isinstance(value, int | float) else 0.0
