"""The list of keys that F1 shows."""

from collections.abc import Sequence

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

COLUMNS = 2


class ShortcutsDialog(QDialog):
    """Every action that has a key, then what mouse and keyboard do on the canvas."""

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard Shortcuts"))
        self.resize(780, 600)
        rows = [(action.whatsThis(), _keys(action)) for action in actions]
        on_canvas = [
            (self.tr("Erase instead"), self.tr("right button")),
            (self.tr("Pan"), self.tr("Space and drag, middle drag, wheel")),
            (self.tr("Zoom about the pointer"), self.tr("Ctrl+wheel")),
            (self.tr("Move the tool (ten pixels)"), self.tr("arrows (Shift+arrows)")),
            (self.tr("Put the tool down, lift it"), self.tr("Return")),
            (self.tr("Show the original of answers"), self.tr("hold \\")),
        ]
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(20, 16, 20, 16)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(7)
        _add(grid, 0, rows)
        below = grid.rowCount()
        heading = QLabel(self.tr("On the canvas"))
        heading.setObjectName("heading")
        grid.addWidget(heading, below, 0, 1, 2 * COLUMNS)
        _add(grid, below + 1, on_canvas)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(2, 1)
        grid.setRowStretch(grid.rowCount(), 1)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 12, 12)
        column.addWidget(scroll)
        column.addWidget(buttons)


def _add(grid: QGridLayout, top: int, rows: Sequence[tuple[str, str]]) -> None:
    """Down the first column, then down the next."""
    height = -(-len(rows) // COLUMNS)
    for place, (name, keys) in enumerate(rows):
        row, column = top + place % height, 2 * (place // height)
        note = QLabel(keys)
        note.setObjectName("note")
        grid.addWidget(QLabel(name), row, column)
        grid.addWidget(note, row, column + 1)


def _keys(action: QAction) -> str:
    """Return and the number pad's Enter are one key to a person."""
    form = QKeySequence.SequenceFormat.NativeText
    keys = [key.toString(form).replace("Return", "Enter") for key in action.shortcuts()]
    return ", ".join(dict.fromkeys(keys))
