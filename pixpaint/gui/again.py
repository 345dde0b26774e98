"""Painting the last fill anew from the recipe that the picture carries, to see that it comes out the same."""

import dataclasses

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from pixpaint.errors import PixpaintError
from pixpaint.gui.actions import Actions
from pixpaint.gui.editor import Editor
from pixpaint.gui.fill_state import State
from pixpaint.gui.filling import Filling
from pixpaint.gui.message_bar import MessageBar
from pixpaint.models.card import read_card
from pixpaint.recipe import FillSettings, Recipe, painted_sha256
from pixpaint.sampling import compile_cache


class Again(QObject):
    """Connects the two actions that a picture's recipe has: to fill by it, and to strip it."""

    def __init__(self, editor: Editor, filling: Filling, actions: Actions, bar: MessageBar) -> None:
        super().__init__(filling)
        self._editor, self._filling, self._bar = editor, filling, bar
        self._actions = actions
        self._recipe: Recipe | None = None
        self._before: NDArray[np.uint8] | None = None
        actions.fill_again.triggered.connect(self._ask)
        actions.strip_recipe.triggered.connect(editor.strip_recipes)
        filling.finished.connect(self._compare)
        filling.state_changed.connect(self._watch)
        editor.replaced.connect(self._forget)

    def update(self) -> None:
        """What can be done now, after anything has changed."""
        can = bool(self._editor.document.recipes) and self._filling.settled
        self._actions.fill_again.setEnabled(can)
        self._actions.strip_recipe.setEnabled(can)

    def _ask(self) -> None:
        """Fills by the newest recipe; where its model is another one now, asks first."""
        self._editor.interrupted.emit()
        document = self._editor.document
        recipe = document.recipes[-1]
        settings = recipe.settings
        try:
            hole = recipe.hole_mask(document.height, document.width)
            here = [read_card(settings.model).sha256]
            made = [recipe.model_sha256]
            if settings.coarse is not None:
                here.append(read_card(settings.coarse).sha256)
                made.append(str(recipe.coarse_sha256))
        except PixpaintError as error:
            text = self.tr("The recipe can't be followed: {reason}").format(reason=str(error))
            self._bar.complain(text, until=self._editor.next_step)
            return
        if here == made:
            self._fill(recipe, hole)
            return

        def fill() -> None:
            if document is self._editor.document and self._filling.settled:
                self._fill(recipe, hole)

        text = self.tr("{models} has learned other weights since: it would paint something else.")
        choices = [(self.tr("Fill &All the Same"), fill)]
        self._bar.say(text.format(models=settings.models), choices, until=self._editor.next_step)

    def _fill(self, recipe: Recipe, hole: NDArray[np.bool_]) -> None:
        before = self._editor.document.pixels.copy()
        self._editor.set_mask(hole, self.tr("Mask of the Recipe"))
        own = self._editor.last_hole
        self._filling.start(_as_here(recipe.settings))
        self._editor.last_hole = own
        self._recipe, self._before = recipe, before

    def _compare(self) -> None:
        """Says whether it came out the same, and if not, by how many pixels."""
        recipe, before = self._recipe, self._before
        self._forget()
        if recipe is None or before is None:
            return
        pixels = self._editor.document.pixels
        hole = recipe.hole_mask(*pixels.shape[:2])
        count = int(np.count_nonzero(hole))
        if painted_sha256(pixels, hole) == recipe.result_sha256:
            text = self.tr("Painted again from the recipe: all {count} pixels are the same.")
        elif painted_sha256(before, hole) == recipe.result_sha256:
            differing = int(np.count_nonzero((pixels != before).any(2) & hole))
            text = self.tr("Painted again from the recipe: {differing} of {count} pixels differ.")
            text = text.replace("{differing}", f"{differing:,}")
        else:
            text = self.tr(
                "Painted again from the recipe: not what it tells of, and neither was what stood here before."
            )
        self._bar.say(text.format(count=f"{count:,}"), until=self._editor.next_step)

    def _watch(self) -> None:
        """A fill that was stopped, or came to nothing, is compared with nothing."""
        if (
            self._filling.state in (State.STOPPED, State.CHOOSING, State.IDLE)
            and not self._filling.just_filled
        ):
            self._forget()

    def _forget(self) -> None:
        self._recipe, self._before = None, None


def _as_here(settings: FillSettings) -> FillSettings:
    """A recipe's settings with its own engine, for the same bytes, if that is at hand; on a GPU if there is one."""
    device = "cpu" if settings.device == "cpu" else "auto"
    at_hand = settings.engine != "fused" or (device == "cpu" and compile_cache.ready())
    return dataclasses.replace(settings, engine=settings.engine if at_hand else "auto", device=device)
