"""What the canvas shows, from the bottom up: the picture, the mask over it, the tool at work."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QPolygonF,
    QRegion,
    QTransform,
    qRgba,
)

from pixpaint.document import Document
from pixpaint.gui.brush import Point, covered, snapped
from pixpaint.gui.view import View

MASK_COLOUR = (232, 62, 96)
MASK_OPACITY = 120
VEIL = QColor(20, 22, 26, 110)
"""over what a model may look at, so that what it does look at stands out"""
CHECK = 8
OUTLINED_FROM = 3
"""the zoom from which a brush is shown pixel by pixel, not as a circle"""


class Layers:
    """Images over the document's own memory, so that a new row costs its own rectangle and nothing else."""

    def __init__(self, document: Document) -> None:
        self._document = document
        height, width = document.height, document.width
        # Qt wants colour and alpha interleaved: only a picture with alpha needs a copy of its own.
        self._blended: NDArray[np.uint8] | None = None
        if document.alpha is not None:
            self._blended = np.dstack([document.pixels, document.alpha])
            self._picture = _image(self._blended, QImage.Format.Format_RGBA8888)
        else:
            self._picture = _image(document.pixels, QImage.Format.Format_RGB888)
        self._over: tuple[QImage, QRect] | None = None
        self._field: tuple[QImage, QRect, QRect] | None = None
        self._mask = QImage(document.hole.data, width, height, width, QImage.Format.Format_Indexed8)
        self._mask.setColorTable([0, qRgba(*MASK_COLOUR, MASK_OPACITY)])

    def refresh(self, changed: QRect) -> None:
        """To be called when the document has changed within this rectangle of the picture."""
        if self._blended is not None and self._document.alpha is not None:
            part = np.s_[changed.top() : changed.bottom() + 1, changed.left() : changed.right() + 1]
            self._blended[part][..., :3] = self._document.pixels[part]
            self._blended[part][..., 3] = self._document.alpha[part]

    def lay_over(self, part: Document | None, corner: tuple[int, int] = (0, 0)) -> None:
        """Shows another picture in place of the part from the pixel at `corner` (row, column) on; None ends it."""
        self._over = None
        if part is not None:
            image = _image(part.pixels, QImage.Format.Format_RGB888)
            if part.alpha is not None:
                blended = np.dstack([part.pixels, part.alpha])
                image = _image(blended, QImage.Format.Format_RGBA8888)
            self._over = image.copy(), QRect(corner[1], corner[0], part.width, part.height)

    def lay_field(
        self, colours: NDArray[np.uint8] | None, corner: tuple[int, int], pixel: tuple[int, int]
    ) -> None:
        """Shows what a model looks at for a pixel (row, column), RGBA (h, w, 4), from the pixel at `corner` on; None
        ends it."""
        self._field = None
        if colours is not None:
            image = _image(np.ascontiguousarray(colours), QImage.Format.Format_RGBA8888).copy()
            place = QRect(corner[1], corner[0], image.width(), image.height())
            self._field = image, place, QRect(pixel[1], pixel[0], 1, 1)

    @property
    def has_field(self) -> bool:
        """Whether it shows what a model looks at."""
        return self._field is not None

    def draw(self, painter: QPainter, view: View, shows_mask: bool) -> None:
        """The picture as `view` places it, clipped by the painter."""
        source = _seen(view) & self._picture.rect()
        if source.isEmpty():
            return
        target = _placed(view, source)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, view.zoom < 1)
        if self._blended is not None:
            painter.fillRect(target, QBrush(_checkerboard()))
        painter.drawImage(target, self._picture, QRectF(source))
        if self._over is not None:
            image, place = self._over
            if image.hasAlphaChannel():
                painter.fillRect(_placed(view, place), QBrush(_checkerboard()))
            painter.drawImage(_placed(view, place), image)
        if shows_mask:
            painter.drawImage(target, self._mask, QRectF(source))
        if self._field is not None:
            image, place, pixel = self._field
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.fillRect(_placed(view, place), VEIL)
            painter.drawImage(_placed(view, place), image)
            _outline(painter, _placed(view, place))
            _outline(painter, _placed(view, pixel))

    def draw_frame(self, painter: QPainter, view: View, colour: QColor) -> None:
        painter.setPen(QPen(colour, 0))
        painter.drawRect(_placed(view, self._picture.rect()).adjusted(-1, -1, 0, 0))


def draw_brush(painter: QPainter, view: View, point: Point, size: int, soft: bool) -> None:
    """The outline of what a click at `point` covers, seen on light and dark alike; a hard brush covers whole pixels."""
    row, column = snapped(point, size)
    path = QPainterPath()
    if view.scale >= OUTLINED_FROM and not soft:
        x, y = view.to_widget((row - size / 2, column - size / 2))
        path = QTransform.fromScale(view.scale, view.scale).map(_stamp(size))
        path.translate(x, y)
    else:
        x, y = view.to_widget(point)
        path.addEllipse(QPointF(x, y), size * view.scale / 2, size * view.scale / 2)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _stroke_twice(painter, path)


def draw_outline(painter: QPainter, view: View, corners: Sequence[Point]) -> None:
    """The rubber band round what a gesture is about to take."""
    polygon = QPolygonF([QPointF(*view.to_widget(corner)) for corner in corners])
    painter.setRenderHint(
        QPainter.RenderHint.Antialiasing, False
    )  # drawn at every move, as large as it may be
    painter.setBrush(QColor(*MASK_COLOUR, MASK_OPACITY // 2))
    painter.setPen(QPen(QColor(0, 0, 0), 0))
    painter.drawPolygon(polygon)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(255, 255, 255), 0, Qt.PenStyle.DashLine))
    painter.drawPolygon(polygon)


def draw_cross(painter: QPainter, view: View, point: Point) -> None:
    """Where the keyboard's tool is, when it has no size to show."""
    x, y = view.to_widget(point)
    path = QPainterPath(QPointF(x - 7, y))
    path.lineTo(x + 7, y)
    path.moveTo(x, y - 7)
    path.lineTo(x, y + 7)
    _stroke_twice(painter, path)


def _image(values: NDArray[np.uint8], form: QImage.Format) -> QImage:
    height, width, channels = values.shape
    return QImage(values.data, width, height, width * channels, form)


def _seen(view: View) -> QRect:
    """The part in sight, whatever is to be repainted: seams would show if parts were sampled differently."""
    top, left = view.to_picture(0, 0)
    bottom, right = view.to_picture(view.width, view.height)
    return QRect(int(left) - 1, int(top) - 1, int(right - left) + 3, int(bottom - top) + 3)


def _placed(view: View, part: QRect) -> QRectF:
    x, y = view.to_widget((part.top(), part.left()))
    return QRectF(x, y, part.width() * view.scale, part.height() * view.scale)


def _outline(painter: QPainter, rect: QRectF) -> None:
    path = QPainterPath()
    path.addRect(rect)
    _stroke_twice(painter, path)


def _stroke_twice(painter: QPainter, path: QPainterPath) -> None:
    painter.strokePath(path, QPen(QColor(0, 0, 0, 150), 3))
    painter.strokePath(path, QPen(QColor(255, 255, 255, 240), 1))


@lru_cache(maxsize=8)
def _stamp(size: int) -> QPainterPath:
    """The outline of a brush's pixels in picture pixels, from (0, 0)."""
    centre = (size / 2, size / 2)
    _, where = covered(centre, centre, size, size, size)
    region = QRegion()
    for row, run in enumerate(where):
        columns = np.flatnonzero(run)
        region += QRect(int(columns[0]), row, columns.size, 1)
    path = QPainterPath()
    path.addRegion(region)
    return path.simplified()


@lru_cache(maxsize=1)
def _checkerboard() -> QPixmap:
    tile = QPixmap(2 * CHECK, 2 * CHECK)
    tile.fill(QColor(255, 255, 255))
    painter = QPainter(tile)
    for x, y in ((0, 0), (CHECK, CHECK)):
        painter.fillRect(x, y, CHECK, CHECK, QColor(208, 211, 216))
    painter.end()
    return tile
