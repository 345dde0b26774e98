"""The options of the chosen tool, in the bar above the canvas: its size or tolerance, its colours, what the eraser
erases."""

import math

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QColorDialog,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QSpinBox,
    QToolButton,
    QWidget,
)

from pixpaint.gui.gestures import Colour
from pixpaint.gui.tools import (
    BRUSH,
    ERASER,
    LASSO,
    MAX_SIZE,
    MAX_TOLERANCE,
    PENCIL,
    PICKER,
    RECTANGLE,
    WAND,
    ToolBox,
)

SWATCH = 22
SLIDER_STEPS = 100


class OptionsBar(QWidget):
    """Shows and changes the state of a ToolBox."""

    def __init__(self, tools: ToolBox, swap: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tools = tools
        self._colours: tuple[Colour, Colour] | None = None
        self._names = {
            PENCIL: self.tr("Pencil"),
            PICKER: self.tr("Eyedropper"),
            BRUSH: self.tr("Mask brush"),
            ERASER: self.tr("Eraser"),
            RECTANGLE: self.tr("Mask rectangle"),
            LASSO: self.tr("Mask lasso"),
            WAND: self.tr("Magic wand"),
        }
        self._name = QLabel()
        self._name.setObjectName("heading")
        self._name.setMinimumWidth(
            max(self._name.fontMetrics().horizontalAdvance(n) for n in self._names.values()) + 24
        )
        self._size_label = QLabel(self.tr("Si&ze"))
        self.size_box = QSpinBox()
        self.size_box.setRange(1, MAX_SIZE)
        self.size_box.setSuffix(self.tr(" px"))
        self._size_label.setBuddy(self.size_box)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, SLIDER_STEPS)
        self._slider.setFixedWidth(120)
        self._slider.setAccessibleName(self.tr("Size"))
        self._tolerance_label = QLabel(self.tr("Tole&rance"))
        self.tolerance = QSpinBox()
        self.tolerance.setRange(0, MAX_TOLERANCE)
        self.tolerance.setToolTip(
            self.tr("How far red, green and blue may lie from those of the pixel clicked")
        )
        self._tolerance_label.setBuddy(self.tolerance)
        self._target = QComboBox()
        self._target.addItems([self.tr("Erases the mask"), self.tr("Erases ink")])
        self._target.setAccessibleName(self.tr("What the eraser erases"))
        self.ink = _swatch(self.tr("Ink, drawn with the left button"))
        self.paper = _swatch(self.tr("Paper, drawn with the right button and the eraser"))
        self._swap = QToolButton()
        self._swap.setDefaultAction(swap)
        self._swap.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 0)
        row.setSpacing(8)
        row.addWidget(self._name)
        row.addWidget(self._size_label)
        row.addWidget(self._slider)
        row.addWidget(self.size_box)
        row.addWidget(self._tolerance_label)
        row.addWidget(self.tolerance)
        row.addWidget(self._target)
        row.addSpacing(6)
        row.addWidget(self.ink)
        row.addWidget(self._swap)
        row.addWidget(self.paper)
        row.addStretch(1)
        self.size_box.valueChanged.connect(tools.set_size)
        self.tolerance.valueChanged.connect(tools.set_tolerance)
        self._slider.valueChanged.connect(lambda step: tools.set_size(_size_at(step)))
        self._target.currentIndexChanged.connect(lambda place: tools.set_erases_ink(place == 1))
        self.ink.clicked.connect(self._choose_ink)
        self.paper.clicked.connect(self._choose_paper)
        tools.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        tools = self._tools
        with QSignalBlocker(self.size_box), QSignalBlocker(self._slider), QSignalBlocker(self._target):
            self.size_box.setValue(tools.size)
            self._slider.setValue(_step_for(tools.size))
            self._target.setCurrentIndex(int(tools.erases_ink))
        with QSignalBlocker(self.tolerance):
            self.tolerance.setValue(tools.tolerance)
        self._name.setText(self._names[tools.tool])
        for widget in (self._size_label, self.size_box, self._slider):
            widget.setVisible(tools.has_size)
        for widget in (self._tolerance_label, self.tolerance):
            widget.setVisible(tools.tool == WAND)
        self._target.setVisible(tools.tool == ERASER)
        for button in (self.ink, self._swap):
            button.setVisible(tools.tool in (PENCIL, PICKER))
        self.paper.setVisible(tools.tool == PICKER or tools.is_soft)
        if self._colours != (tools.ink, tools.paper):
            self._colours = (tools.ink, tools.paper)
            _paint(self.ink, tools.ink)
            _paint(self.paper, tools.paper)

    def _choose_ink(self) -> None:
        colour = QColorDialog.getColor(QColor(*self._tools.ink), self.window(), self.tr("Ink"))
        if colour.isValid():
            self._tools.set_colours((colour.red(), colour.green(), colour.blue()), self._tools.paper)

    def _choose_paper(self) -> None:
        colour = QColorDialog.getColor(QColor(*self._tools.paper), self.window(), self.tr("Paper"))
        if colour.isValid():
            self._tools.set_colours(self._tools.ink, (colour.red(), colour.green(), colour.blue()))


def _swatch(tip: str) -> QToolButton:
    button = QToolButton()
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return button


def _paint(button: QToolButton, colour: Colour) -> None:
    pixmap = QPixmap(SWATCH, SWATCH)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(128, 134, 145))
    painter.setBrush(QColor(*colour))
    painter.drawRoundedRect(1, 1, SWATCH - 2, SWATCH - 2, 4, 4)
    painter.end()
    button.setIcon(QIcon(pixmap))


def _size_at(step: int) -> int:
    """The slider is logarithmic: small brushes are chosen as finely as large ones."""
    return round(math.pow(MAX_SIZE, step / SLIDER_STEPS))


def _step_for(size: int) -> int:
    return next(step for step in range(SLIDER_STEPS + 1) if _size_at(step) >= size)
