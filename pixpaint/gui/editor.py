"""The open document and every change to it, each of which can be undone."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRect, Signal, SignalInstance

from pixpaint.document import Document, transparent_hole
from pixpaint.gui.commands import ALL_PLANES, HOLE_ONLY, Delta, DocumentCommand, History, Recorder
from pixpaint.gui.paper import blank_paper
from pixpaint.recipe import Box, Recipe, bounding_box


class Editor(QObject):
    """Holds the document and its history. Changes happen in the GUI thread, from `begin` to `commit`."""

    interrupted = Signal()
    """a step is about to be made in one go: a gesture in progress must end, since it is a step of its own"""
    changed = Signal(QRect)
    """pixels or mask, within this rectangle of the picture"""
    committed = Signal()
    """a step was done, undone or redone"""
    replaced = Signal()
    """another document was opened"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = Document.blank(32, 32)
        self.history = History(self)
        # Not when a command changes the document: the stack counts it only afterwards.
        self.history.indexChanged.connect(self.committed)
        self.last_hole: NDArray[np.bool_] | None = None
        self._recorder: Recorder | None = None
        self._recipes_before: tuple[Recipe, ...] = ()

    def open(self, document: Document) -> None:
        self.document = document
        self.last_hole = None
        self._recorder = None
        self.replaced.emit()
        self.history.clear()

    @property
    def working(self) -> bool:
        """Between `begin` and `commit`."""
        return self._recorder is not None

    @property
    def next_step(self) -> tuple[SignalInstance, ...]:
        """What ends a message about the document as it is now."""
        return self.committed, self.replaced

    def begin(self, planes: tuple[str, ...] = ALL_PLANES) -> None:
        """Starts a step that changes nothing but these planes."""
        self._recorder = Recorder(self.document, planes)
        self._recipes_before = self.document.recipes

    def ink(self, box: Box, opacity: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
        """Lays colour over the pixels of `box`, with `opacity` (its height, its width) from 0 to 1."""
        self._keep(box)
        rows, columns = np.nonzero(opacity)
        opacity = opacity[rows, columns, None]
        rows, columns = rows + box[0], columns + box[1]
        blended = self.document.pixels[rows, columns] * (1 - opacity) + np.array(colour) * opacity
        self.document.paint(rows, columns, np.rint(blended).astype(np.uint8))
        self._tell(box)

    def mask(self, box: Box, where: NDArray[np.bool_], hidden: bool) -> None:
        """Adds to the hole, or takes from it, the pixels of `box` where `where` is True."""
        self._keep(box)
        self.document.hole[box[0] : box[2], box[1] : box[3]][where] = hidden
        self._tell(box)

    def paint_row(self, rows: NDArray[np.intp], columns: NDArray[np.intp], pixels: NDArray[np.uint8]) -> None:
        """Pixels (n, 3) of a fill at `rows` and `columns` (n,): painted, and no longer part of the hole."""
        box = (int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
        self._keep(box)
        self.document.paint(rows, columns, pixels)
        self.document.hole[rows, columns] = False
        self._tell(box)

    def take_back(self, where: NDArray[np.bool_]) -> None:
        """Undoes the step under way for the pixels marked in `where` (H, W)."""
        if self._recorder is not None and where.any():
            self._recorder.put_back(where)
            self._tell(bounding_box(where))

    def commit(self, text: str, *, fill: int = -1, recipe: Recipe | None = None) -> None:
        """Ends the step and makes it undoable, if it changed anything."""
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        if recipe is not None and recipe not in self.document.recipes[-1:]:  # as it is after a fill anew
            self.document.recipes = (*self.document.recipes, recipe)
        deltas = recorder.deltas()
        if deltas or recipe is not None:
            recipes = (self._recipes_before, self.document.recipes)
            self.history.add(DocumentCommand(text, self, deltas, recipes, fill))

    def mask_all(self) -> None:
        self.set_mask(np.ones_like(self.document.hole), self.tr("Mask All"))

    def clear_mask(self) -> None:
        self.set_mask(np.zeros_like(self.document.hole), self.tr("Clear Mask"))

    def invert_mask(self) -> None:
        self.set_mask(~self.document.hole, self.tr("Invert Mask"))

    def mask_transparent(self) -> None:
        """Adds the fully transparent pixels to the hole."""
        self.set_mask(
            self.document.hole | transparent_hole(self.document), self.tr("Mask Transparent Pixels")
        )

    def blank_paper(self) -> NDArray[np.bool_]:
        """The pixels (H, W) that nobody has drawn on."""
        return blank_paper(self.document.on_white(self.document.hole))

    def mask_paper(self) -> None:
        """Adds the blank paper to the hole: a drawing stays."""
        self.set_mask(self.document.hole | self.blank_paper(), self.tr("Mask Blank Paper"))

    def recall_mask(self) -> None:
        """The hole that was last filled or cleared."""
        if self.last_hole is not None:
            self.set_mask(self.last_hole, self.tr("Recall Mask"))

    def strip_recipes(self) -> None:
        """Forgets, in one step, how the picture's fills were painted."""
        self.interrupted.emit()
        recipes = self.document.recipes
        if recipes:
            self.document.recipes = ()
            self.history.add(DocumentCommand(self.tr("Strip Recipe"), self, (), (recipes, ())))

    def set_mask(self, hole: NDArray[np.bool_], text: str) -> None:
        """One step, called `text`, from the present hole to another (H, W)."""
        self.interrupted.emit()
        if self.document.hole.any():
            self.last_hole = self.document.hole.copy()
        box = (0, 0, self.document.height, self.document.width)
        self.begin(HOLE_ONLY)
        self._keep(box)
        self.document.hole[:] = hole
        self._tell(box)
        self.commit(text)

    def apply(self, deltas: tuple[Delta, ...], recipes: tuple[Recipe, ...]) -> None:
        """What a command does when it is undone or redone."""
        for delta in deltas:
            delta.apply(self.document)
            self._tell(delta.box)
        self.document.recipes = recipes

    def _keep(self, box: Box) -> None:
        if self._recorder is None:
            raise RuntimeError("a change to the document outside a step could not be undone")
        self._recorder.keep(box)

    def _tell(self, box: Box) -> None:
        top, left, bottom, right = box
        self.changed.emit(QRect(left, top, right - left, bottom - top))
