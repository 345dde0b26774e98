"""The dialog for a new sketch: how large the sheet is."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

SIZES = (32, 64, 128, 256)
LARGEST = 8192


class NewSketchDialog(QDialog):
    """White paper of `sheet()` pixels."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("New Sketch"))
        self.across, self.down = _side(), _side()
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        form.addRow(self.tr("&Width"), self.across)
        form.addRow(self.tr("&Height"), self.down)
        presets = QHBoxLayout()
        for size in SIZES:
            button = QPushButton(f"{size} × {size}")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, size=size: self._preset(size))
            presets.addWidget(button)
        note = QLabel(self.tr("The sketch model learned at 32 × 32 pixels; small sheets are shown enlarged."))
        note.setObjectName("note")
        note.setWordWrap(True)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText(self.tr("Create"))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(14)
        column.addLayout(presets)
        column.addLayout(form)
        column.addWidget(note)
        column.addWidget(buttons)
        self._preset(SIZES[0])

    def sheet(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.down.value(), self.across.value()

    def _preset(self, size: int) -> None:
        self.across.setValue(size)
        self.down.setValue(size)


def _side() -> QSpinBox:
    box = QSpinBox()
    box.setRange(4, LARGEST)
    box.setSuffix(" px")
    return box
