"""The models of a coarse-to-fine fill: one that is hinted paints every level but the coarsest, which it paints too, or
another one does (multi-scale PixelRNN: van den Oord, Kalchbrenner, Kavukcuoglu, arXiv 1601.06759, section 3.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pixpaint.errors import BadModel, BadRequest, PixpaintError
from pixpaint.models.card import ModelCard, read_card
from pixpaint.models.config import ModelConfig, read_config
from pixpaint.sampling.plan import Hole
from pixpaint.sampling.pyramid import Part, parts

if TYPE_CHECKING:
    from pixpaint.models.base import Model


class Hand(NamedTuple):
    """A model, and the number of the class it is to paint, which is `config.classes` for none."""

    model: Model
    label: int

    @staticmethod
    def of(model: Model, label: int | None) -> Hand:
        """Raises BadRequest for a class that the model does not have; None is no class."""
        classes = model.config.classes
        if label is not None and not 0 <= label < classes:
            raise BadRequest(f"The model has classes 0 to {classes - 1}, not {label}.")
        return Hand(model, classes if label is None else label)


class Pair(NamedTuple):
    """The models of a fill: `coarse` paints the coarsest level, if there is such a model."""

    fine: Hand
    coarse: Hand | None

    @staticmethod
    def of(model: Model, label: int | None, coarse: Model | None, coarse_label: int | None) -> Pair:
        """Raises BadRequest for classes that they don't have, and where `check_pair` does."""
        if coarse is None:
            return Pair(Hand.of(model, label), None)
        check_pair(model.config, coarse.config)
        return Pair(Hand.of(model, label), Hand.of(coarse, coarse_label))

    def parts(self, hole: Hole) -> list[Part]:
        """The parts of a hole (H, W) and their levels."""
        config = self.fine.model.config
        coarse = None if self.coarse is None else self.coarse.model.config.crop
        return parts(hole, config.crop, pyramid=config.hinted, coarse=coarse)

    def at(self, part: Part, level: int) -> Hand:
        """Who paints a level of a part."""
        return self.coarse if self.coarse is not None and level == part.coarsest else self.fine


def partner(card: ModelCard) -> str | None:
    """The name of the model that a model's card would have paint the coarsest level; None where it names none, or none
    that is there and fits."""
    try:
        return card.coarse if card.coarse and can_pair(card, read_card(card.coarse)) else None
    except BadModel:
        return None


def can_pair(fine: ModelCard, coarse: ModelCard) -> bool:
    """Whether a model can go on from what another one has painted at the coarsest level."""
    try:
        check_pair(read_config(fine.config), read_config(coarse.config))
    except PixpaintError:
        return False
    return fine.name != coarse.name


def check_pair(fine: ModelConfig, coarse: ModelConfig) -> None:
    """Raises BadRequest where a fill can't go from one model to the other."""
    if not fine.hinted:
        raise BadRequest(
            f"The {fine.title} that paints the finer levels was trained without hints and can't go on from a coarse "
            "picture: name a model with hints, or leave the coarse one out."
        )
    if (fine.channels, fine.levels) != (coarse.channels, coarse.levels):
        raise BadRequest(
            f"The two models paint different pictures, the coarse one with {_values(coarse)} and the other with "
            f"{_values(fine)}: name two that paint the same."
        )


def _values(config: ModelConfig) -> str:
    return f"{config.channels} channel(s) of {config.levels} values"
