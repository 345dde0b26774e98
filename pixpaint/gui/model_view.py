"""One page of the list of models: what is known of a model, what it sees of a picture, and what it draws."""

import math
from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from pixpaint.gui.model_facts import ModelFacts
from pixpaint.models.field import Bytes, Field, decoder_diagram, encoder_diagram

SIDE = 33
CELL = 6
"""Qt's units a side, of a pixel in the drawings"""
SIZE, MIDDLE = (SIDE, SIDE), (SIDE // 2, SIDE // 2)
"""Of the picture that is drawn, and the pixel whose field it is."""
SAMPLES = 8
SAMPLE, GAP = 64, 6
"""Qt's units a side, about, of a picture that the model has drawn, and between two of them"""


class ModelView(QWidget):
    """The facts are shown at once, the field when it is found, the samples when they are drawn."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts: dict[str, str] = {}
        self.title, self.note = QLabel(), QLabel()
        self.title.setObjectName("heading")
        self.note.setObjectName("note")
        self.note.setWordWrap(True)
        self._table = QWidget()
        self.decoder, self.encoder = QLabel(), QLabel()
        self._captions = (
            QLabel(self.tr("What the decoder sees of earlier pixels")),
            QLabel(self.tr("What the encoder sees around a hole")),
        )
        drawings = QHBoxLayout()
        drawings.setSpacing(24)
        for caption, drawing in zip(self._captions, (self.decoder, self.encoder), strict=True):
            caption.setObjectName("note")
            caption.setWordWrap(True)
            caption.setFixedWidth(SIDE * CELL + 1)
            column = QVBoxLayout()
            column.setSpacing(6)
            column.addWidget(drawing)
            column.addWidget(caption)
            drawings.addLayout(column)
        drawings.addStretch(1)
        self.samples, self._drawn = QLabel(), QLabel()
        self.samples.setFixedHeight(SAMPLE)
        self.samples.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._drawn.setObjectName("note")
        drawn = QVBoxLayout()
        drawn.setSpacing(6)
        drawn.addWidget(self.samples)
        drawn.addWidget(self._drawn)
        self._whole = whole = QVBoxLayout(self)
        whole.setContentsMargins(4, 0, 12, 0)
        whole.setSpacing(14)
        whole.addWidget(self.title)
        whole.addLayout(drawings)
        whole.addWidget(self.note)
        whole.addLayout(drawn)
        whole.addWidget(self._table)
        whole.addStretch(1)

    def show_facts(self, facts: ModelFacts) -> None:
        """Those of another model, whose field and samples are not known yet."""
        self.title.setText(facts.card.name)
        self.facts = dict(facts.all())
        table = self._made_of(self.facts)
        self._whole.replaceWidget(self._table, table)
        self._table.deleteLater()
        self._table = table
        self.complain(self.tr("Finding out what it sees…"))
        self.samples.clear()
        self._drawn.setText(self.tr("Drawing…"))

    def show_field(self, field: Field) -> None:
        """What the pixel `MIDDLE` of a picture of `SIZE` sees."""
        cell = max(round(CELL * self.devicePixelRatioF()), 2)
        self._draw(self.decoder, decoder_diagram(field, cell))
        self._captions[0].show()
        if field.encoder is not None:
            self._draw(self.encoder, encoder_diagram(field, cell))
            self._captions[1].show()
        self.note.hide()

    def show_samples(self, pictures: Bytes) -> None:
        """What the model drew, uint8 (SAMPLES, size, size, 3)."""
        ratio = self.devicePixelRatioF()
        size = pictures.shape[1]
        side = max(round(SAMPLE * ratio / size), 1) * size  # whole pixels, so that all are of one size
        step = side + round(GAP * ratio)
        sheet = QPixmap(step * len(pictures), side)
        sheet.fill(Qt.GlobalColor.transparent)
        painter = QPainter(sheet)
        for k, picture in enumerate(pictures):
            painter.drawImage(QRect(k * step, 0, side, side), _image(picture))
        painter.end()
        sheet.setDevicePixelRatio(ratio)
        self.samples.setFixedHeight(max(SAMPLE, math.ceil(side / ratio)))
        self.samples.setPixmap(sheet)
        text = self.tr("Drawn from nothing, with seeds 0 to {last}")
        self._drawn.setText(text.format(last=len(pictures) - 1))

    def complain_of_samples(self, sentence: str) -> None:
        """In place of the samples."""
        self._drawn.setText(sentence)

    def complain(self, sentence: str) -> None:
        """In place of the drawings."""
        for label in (self.decoder, self.encoder, *self._captions):
            label.hide()
        self.note.setText(sentence)
        self.note.show()

    def _made_of(self, facts: Mapping[str, str]) -> QWidget:
        """A line for each fact, names beside values."""
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        for row, (name, value) in enumerate(facts.items()):
            heading, text = QLabel(name), QLabel(value)
            heading.setObjectName("note")
            text.setTextFormat(Qt.TextFormat.PlainText)
            text.setWordWrap(True)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(heading, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(text, row, 1)
        return table

    def _draw(self, label: QLabel, drawing: Bytes) -> None:
        pixmap = QPixmap.fromImage(_image(drawing))
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        label.setPixmap(pixmap)
        label.show()


def _image(pixels: Bytes) -> QImage:
    """A copy of RGB pixels uint8 (height, width, 3)."""
    height, width = pixels.shape[:2]
    return QImage(
        np.ascontiguousarray(pixels).data, width, height, 3 * width, QImage.Format.Format_RGB888
    ).copy()
