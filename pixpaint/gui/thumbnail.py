"""A small view of one answer, with how well it fits and its seed; a button that makes it the current one."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

PICTURE = QSize(132, 96)
LEAST_WIDTH = 48
MARGIN, TEXT_MARGIN = 6, 2
ROUNDING = 6
FINER = 4
"""how many picture pixels a screen pixel is smoothed from at most, in each direction"""


class Thumbnail(QAbstractButton):
    """Shows `picture` uint8 (h, w, 3), which others may go on painting in, and two lines of text."""

    def __init__(self, picture: NDArray[np.uint8], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = picture
        self._scaled: QPixmap | None = None
        self.headlines: tuple[str, ...] = ("",)
        self.footnotes: tuple[str, ...] = ("",)
        self.distinguished = False
        self.setCheckable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        # Not by a click: the canvas keeps the keys then.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(LEAST_WIDTH)
        self.setMaximumWidth(PICTURE.width() + 2 * MARGIN)

    def refresh(self) -> None:
        """To be called when the picture has changed."""
        self._scaled = None
        self.update()

    def describe(
        self, headlines: tuple[str, ...], footnotes: tuple[str, ...], distinguished: bool = False
    ) -> None:
        """Two lines below the picture, of each the first wording that fits; the upper one may stand out."""
        self.headlines, self.footnotes, self.distinguished = headlines, footnotes, distinguished
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        lines = 2 * self.fontMetrics().lineSpacing()
        return PICTURE + QSize(2 * MARGIN, lines + 3 * MARGIN)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        frame = self.rect().adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked():
            painter.setBrush(palette.highlight())
            painter.drawRoundedRect(frame, ROUNDING, ROUNDING)
        elif self.underMouse():
            painter.setBrush(palette.midlight())
            painter.drawRoundedRect(frame, ROUNDING, ROUNDING)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.windowText(), 2))
            painter.drawRoundedRect(frame, ROUNDING, ROUNDING)
        room = QRect(MARGIN, MARGIN, self.width() - 2 * MARGIN, PICTURE.height())
        pixmap = self._fitted(room.size())
        size = pixmap.deviceIndependentSize().toSize()
        painter.drawPixmap(
            room.x() + (room.width() - size.width()) // 2,
            room.y() + (room.height() - size.height()) // 2,
            pixmap,
        )
        self._write(painter, room)

    def _write(self, painter: QPainter, room: QRect) -> None:
        palette, height = self.palette(), self.fontMetrics().lineSpacing()
        colour = QPalette.ColorRole.HighlightedText if self.isChecked() else QPalette.ColorRole.WindowText
        line = QRect(TEXT_MARGIN, room.bottom() + MARGIN, self.width() - 2 * TEXT_MARGIN, height)
        font = self.font()
        font.setBold(self.distinguished)
        painter.setFont(font)
        painter.setPen(palette.color(colour))
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, _fitting(self.headlines, painter, line.width()))
        painter.setFont(self.font())
        if not self.isChecked():
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        footnote = _fitting(self.footnotes, painter, line.width())
        painter.drawText(line.translated(0, height), Qt.AlignmentFlag.AlignCenter, footnote)

    def _fitted(self, room: QSize) -> QPixmap:
        """The picture as large as fits, scaled once and then kept; sharp on any screen."""
        ratio = self.devicePixelRatioF()
        height, width = self._picture.shape[:2]
        zoom = min(room.width() * ratio / width, room.height() * ratio / height)
        zoom = (
            float(int(zoom)) if zoom >= 2 else zoom
        )  # small ones enlarged by a whole number, for even pixels
        size = QSize(max(round(width * zoom), 1), max(round(height * zoom), 1))
        if self._scaled is None or self._scaled.size() != size:
            self._scaled = QPixmap.fromImage(_resized(self._picture, size, zoom))
            self._scaled.setDevicePixelRatio(ratio)
        return self._scaled


def _fitting(texts: tuple[str, ...], painter: QPainter, width: int) -> str:
    metrics = painter.fontMetrics()
    short = next((text for text in texts if metrics.horizontalAdvance(text) <= width), texts[-1])
    return metrics.elidedText(short, Qt.TextElideMode.ElideMiddle, width)


def _resized(picture: NDArray[np.uint8], size: QSize, zoom: float) -> QImage:
    """Of a large picture pixels are left out first: rows come often, and each has to be shown soon."""
    step = max(1, int(1 / (FINER * zoom)))
    pixels = np.ascontiguousarray(picture[::step, ::step])
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    smooth = Qt.TransformationMode.SmoothTransformation
    mode = smooth if zoom < 1 else Qt.TransformationMode.FastTransformation
    return image.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, mode)
