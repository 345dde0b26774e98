"""All models in one table, those that were measured on the same pictures next to each other."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from pixpaint.gui.model_facts import ModelFacts

if TYPE_CHECKING:
    from pixpaint.models.card import ModelCard

FIGURES = 3
"""the first column of figures"""


class SideBySide(QTableWidget):
    """A row for each model. Bits/dim compare models of the same pictures only, so these stand together, under the
    pictures' name, the best one first."""

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
        self.itemActivated.connect(self._want)

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
        for column, name in enumerate(names):
            heading = QTableWidgetItem(name)
            heading.setTextAlignment(_alignment(column))
            self.setHorizontalHeaderItem(column, heading)
        self.clearSpans()
        self.setRowCount(0)
        for measured, group in groupby(
            sorted(map(ModelFacts, cards), key=ModelFacts.place), ModelFacts.measured
        ):
            self._add_heading(measured)
            for facts in group:
                self._add(facts)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setStretchLastSection(True)

    def _want(self, item: QTableWidgetItem) -> None:
        name = self.name_of(item.row())
        if name:
            self.wanted.emit(name)

    def _add_heading(self, text: str) -> None:
        """A row across the table, which can't be chosen."""
        row = self.rowCount()
        self.setRowCount(row + 1)
        item = QTableWidgetItem(text)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        font = item.font()
        font.setBold(True)
        item.setFont(font)
        self.setItem(row, 0, item)
        self.setSpan(row, 0, 1, self.columnCount())

    def _add(self, facts: ModelFacts) -> None:
        row = self.rowCount()
        self.setRowCount(row + 1)
        for column, text in enumerate([facts.card.name, facts.kind, *facts.in_figures()]):
            item = QTableWidgetItem(text)
            item.setTextAlignment(_alignment(column))
            self.setItem(row, column, item)

    def name_of(self, row: int) -> str:
        """The model of a row; empty for that of a heading."""
        item = self.item(row, 0)
        return "" if item is None or self.columnSpan(row, 0) > 1 else item.text()


def _alignment(column: int) -> Qt.AlignmentFlag:
    """Words begin where their heading does, figures end there."""
    side = Qt.AlignmentFlag.AlignLeft if column < FIGURES else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
