"""All models in one table, those that were measured on the same pictures next to each other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from pixpaint.gui.model_facts import ModelFacts

if TYPE_CHECKING:
    from pixpaint.models.card import ModelCard


class SideBySide(QTableWidget):
    """A row for each model. Bits/dim compare models of the same pictures only, so these stand together, best first."""

    wanted = Signal(str)
    """the name of the model whose row was activated"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Models side by side"))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        self.setTabKeyNavigation(False)
        self.itemActivated.connect(lambda item: self.wanted.emit(self.name_of(item.row())))

    def show_models(self, cards: "Sequence[ModelCard]") -> None:
        names = [
            self.tr("Model"),
            self.tr("Kind"),
            self.tr("Pictures"),
            self.tr("Parameters"),
            self.tr("Training"),
            self.tr("Drawing"),
            self.tr("Bits/dim"),
            self.tr("Nats a picture"),
            self.tr("Published"),
        ]
        self.setColumnCount(len(names))
        self.setHorizontalHeaderLabels(names)
        every = sorted((ModelFacts(card) for card in cards), key=ModelFacts.place)
        self.setRowCount(len(every))
        for row, facts in enumerate(every):
            for column, text in enumerate([facts.card.name, facts.kind, *facts.in_figures()]):
                item = QTableWidgetItem(text)
                if column > 2:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(row, column, item)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setStretchLastSection(True)

    def name_of(self, row: int) -> str:
        """The model of a row."""
        item = self.item(row, 0)
        return "" if item is None else item.text()
