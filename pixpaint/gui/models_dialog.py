"""The list of models, those that came with pixpaint and a person's own, with all that is known of each, and a page with
all of them side by side."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from pixpaint.gui.field_worker import DrawJob, FieldWorker, TypicalJob
from pixpaint.gui.model_facts import ModelFacts
from pixpaint.gui.model_view import MIDDLE, SAMPLES, SIZE, ModelView
from pixpaint.gui.side_by_side import SideBySide
from pixpaint.models.field import Bytes, Field
from pixpaint.recipe import FillSettings
from pixpaint.sampling.pair import can_pair

if TYPE_CHECKING:
    from pixpaint.models.card import ModelCard

NAME = Qt.ItemDataRole.UserRole
LIST_WIDTH = 210
ALL = ""
"""The name that stands for the page with all models."""


class ModelsDialog(QDialog):
    """A model's field is found, and its samples are drawn, when it is first looked at; both are kept as long as its
    weights are the same."""

    use_wanted = Signal(str)
    """the name of the model that is to paint"""

    def __init__(self, worker: FieldWorker, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Models"))
        self.resize(1180, 760)
        self._worker = worker
        self._cards: dict[str, ModelCard] = {}
        self._fields: dict[str, Field] = {}
        self._samples: dict[tuple[str, ...], Bytes] = {}
        self._number = 0
        self.names = QListWidget()
        self.names.setObjectName("models")
        self.names.setFixedWidth(LIST_WIDTH)
        self.names.setAccessibleName(self.tr("Models"))
        self.view = ModelView()
        scroll = QScrollArea()
        scroll.setWidget(self.view)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self.all = SideBySide()
        self._pages = QStackedWidget()
        self._pages.addWidget(scroll)
        self._pages.addWidget(self.all)
        self.use = QPushButton(self.tr("&Use This Model"))
        self.use.setDefault(True)
        close = QPushButton(self.tr("C&lose"))
        close.setAutoDefault(False)
        pages = QHBoxLayout()
        pages.setSpacing(16)
        pages.addWidget(self.names)
        pages.addWidget(self._pages, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.use)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(16)
        column.addLayout(pages, 1)
        column.addLayout(buttons)
        self.names.currentItemChanged.connect(self._show_current)
        self.names.itemActivated.connect(self._use)
        self.use.clicked.connect(self._use)
        close.clicked.connect(self.close)
        # Queued: the key that chooses a row must not also press the button that its page brings.
        self.all.wanted.connect(self._look_at, Qt.ConnectionType.QueuedConnection)
        worker.found.connect(self._take)
        worker.drawn.connect(self._take_samples)
        worker.failed.connect(self._complain)

    def show_models(self, cards: "Sequence[ModelCard]", chosen: str) -> None:
        """The list anew; the model that is looked at stays so, or else the chosen one is."""
        item = self.names.currentItem()
        looked_at = chosen if item is None or not self.isVisible() else str(item.data(NAME))
        self._cards = {card.name: card for card in cards}
        self.all.show_models(cards)
        self.names.clear()
        self._add(self.tr("Side by side\nall models"), ALL)
        for card in cards:
            facts = ModelFacts(card)
            origin = self.tr("your own") if facts.own else self.tr("bundled")
            self._add(f"{card.name}\n{facts.kind}, {origin}", card.name)
        self._look_at(looked_at)
        self.names.setFocus()

    def _add(self, text: str, name: str) -> None:
        item = QListWidgetItem(text)
        item.setData(NAME, name)
        self.names.addItem(item)

    def _look_at(self, name: str) -> None:
        """Turns to the page of the model of this name, or to the one of all."""
        self.names.setCurrentRow(list(self._cards).index(name) + 1 if name in self._cards else 0)

    @property
    def _card(self) -> "ModelCard | None":
        """The model that is looked at; None is all."""
        item = self.names.currentItem()
        return None if item is None else self._cards.get(str(item.data(NAME)))

    def _show_current(self) -> None:
        card = self._card
        self._number += 1
        self.use.setEnabled(card is not None)
        self._pages.setCurrentIndex(int(card is None))
        if card is None:
            self._worker.drop(DrawJob)
            return
        self.view.show_facts(ModelFacts(card))
        settings = FillSettings(model=card.name, candidates=SAMPLES)
        if card.sha256 in self._fields:
            self.view.show_field(self._fields[card.sha256])
        else:
            self._worker.ask(TypicalJob(id=self._number, settings=settings, size=SIZE, at=MIDDLE))
        if self._drawn_by(card) in self._samples:
            self.view.show_samples(self._samples[self._drawn_by(card)])
        else:
            # On the CPU: a GPU may be at work on a fill, and its graphs are kept for that.
            coarse = self._partner(card)
            drawing = replace(settings, coarse=None if coarse is None else coarse.name, device="cpu")
            self._worker.ask(DrawJob(id=self._number, settings=drawing))

    def _partner(self, card: "ModelCard") -> "ModelCard | None":
        """Which model draws the coarsest level for it, as its card says; None where there is none such."""
        coarse = self._cards.get(card.coarse)
        return coarse if coarse is not None and can_pair(card, coarse) else None

    def _drawn_by(self, card: "ModelCard") -> tuple[str, ...]:
        """The weights that its samples come from."""
        coarse = self._partner(card)
        return (card.sha256,) if coarse is None else (card.sha256, coarse.sha256)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nobody waits for what is being drawn."""
        self._worker.drop(DrawJob)
        super().hideEvent(event)

    def _take(self, number: int, field: Field) -> None:
        card = self._card
        if number == self._number and card is not None:
            self._fields[card.sha256] = field
            self.view.show_field(field)

    def _take_samples(self, number: int, pictures: Bytes) -> None:
        card = self._card
        if number == self._number and card is not None:
            self._samples[self._drawn_by(card)] = pictures
            self.view.show_samples(pictures)

    def _complain(self, job: object, sentence: str) -> None:
        if isinstance(job, TypicalJob) and job.id == self._number:
            self.view.complain(sentence)
        elif isinstance(job, DrawJob) and job.id == self._number:
            self.view.complain_of_samples(sentence)

    def _use(self) -> None:
        card = self._card
        if card is not None:
            self.use_wanted.emit(card.name)
            self.close()
