"""The canvas: shows the picture and hands what a person does with mouse and keyboard to the tools."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPointingDevice,
    QResizeEvent,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from pixpaint.document import Document
from pixpaint.gui.brush import Point
from pixpaint.gui.editor import Editor
from pixpaint.gui.layers import Layers, draw_brush, draw_cross, draw_outline
from pixpaint.gui.tools import ToolBox
from pixpaint.gui.view import View

BACKDROP = QColor(214, 217, 222)
DARK_BACKDROP = QColor(27, 28, 31)
WHEEL_NOTCH = 120
PAN_BY_NOTCH = 60
NEAR, FAR = 1, 10
ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class Canvas(QWidget):
    """Mouse: left draws, right erases, the middle button or Space and left pan, Ctrl and the wheel zoom.

    Keyboard: arrows move the tool by a pixel (Shift: by ten), Return puts it down and lifts it; where neither they nor
    the mouse have placed it since there was anything to draw on, Return shows it first.
    """

    view_changed = Signal()
    pointed = Signal(int, int)
    """row and column under the pointer; (-1, -1) when it has left the picture"""

    def __init__(self, editor: Editor, tools: ToolBox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self._tools = tools
        self.view = View()
        self._layers = Layers(editor.document)
        self._shows_mask = True
        self._can_draw = True
        self._fitted = True
        self._panning_from: QPointF | None = None
        self._space_held = False
        self._wheel = 0
        self._point: Point | None = None
        self._placed = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(self.tr("Picture"))
        editor.replaced.connect(self._take_document)
        editor.changed.connect(self._refresh)
        tools.changed.connect(self._update_tool)
        self._take_document()

    def fit(self) -> None:
        self.view.fit()
        self._moved(fitted=True)

    def show_actual_size(self) -> None:
        self.view.show_actual_size()
        self._moved()

    def step_zoom(self, direction: int, about: QPointF | None = None) -> None:
        """To the next larger (1) or smaller (-1) step, about a point of the widget or its middle."""
        about = QPointF(self.width() / 2, self.height() / 2) if about is None else about
        self.view.zoom_to(self.view.next_zoom(direction), about.x(), about.y())
        self._moved()

    def show_mask(self, shown: bool) -> None:
        self._shows_mask = shown
        self.update()

    def peek(self, before: Document | None, corner: tuple[int, int] = (0, 0)) -> None:
        """Shows a part of the picture, from the pixel at `corner` (row, column) on, as it was; None ends it."""
        self._layers.lay_over(before, corner)
        self.update()

    def show_field(
        self,
        colours: NDArray[np.uint8] | None,
        corner: tuple[int, int] = (0, 0),
        pixel: tuple[int, int] = (0, 0),
    ) -> None:
        """Lays over the picture what a model looks at for a pixel (row, column): RGBA (h, w, 4) from the pixel at
        `corner` on; None takes it away."""
        if colours is not None or self._layers.has_field:
            self._layers.lay_field(colours, corner, pixel)
            self.update()

    def allow_drawing(self, allowed: bool) -> None:
        """Zooming and panning always work."""
        if not allowed:
            self._tools.cancel()
            self._placed = False
        self._can_draw = allowed
        self._update_tool()

    def _take_document(self) -> None:
        document = self._editor.document
        self._layers = Layers(document)
        self.view.picture_height, self.view.picture_width = document.height, document.width
        self._point, self._placed = None, False
        self.fit()

    def _refresh(self, changed: QRect) -> None:
        self._layers.refresh(changed)
        x, y = self.view.to_widget((changed.top(), changed.left()))
        scale = self.view.scale
        area = QRectF(x, y, changed.width() * scale, changed.height() * scale)
        self.update(area.toAlignedRect().adjusted(-2, -2, 2, 2))

    def _moved(self, fitted: bool = False) -> None:
        self._fitted = fitted
        self.update()
        self.view_changed.emit()

    def _update_tool(self) -> None:
        if self._panning_from is not None:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif self._space_held:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        elif not self._can_draw:
            self.setCursor(Qt.CursorShape.ArrowCursor)
        else:
            self.setCursor(Qt.CursorShape.CrossCursor)
        self.update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        dark = self.palette().window().color().lightness() < 128
        painter.fillRect(event.rect(), DARK_BACKDROP if dark else BACKDROP)
        self._layers.draw_frame(painter, self.view, QColor(0, 0, 0, 160 if dark else 70))
        self._layers.draw(painter, self.view, self._shows_mask)
        gesture = self._tools.gesture
        if gesture is not None and gesture.outline:
            draw_outline(painter, self.view, gesture.outline)
        elif self._point is not None and self._can_draw and not self._space_held:
            if self._tools.has_size:
                draw_brush(painter, self.view, self._point, self._tools.size, self._tools.is_soft)
            elif self.hasFocus():
                draw_cross(painter, self.view, self._point)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self.view.width, self.view.height = event.size().width(), event.size().height()
        self.view.ratio = self.devicePixelRatioF()
        if self._fitted:
            self.fit()
        else:
            self._moved()

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        left = event.button() == Qt.MouseButton.LeftButton
        right = event.button() == Qt.MouseButton.RightButton
        if event.button() == Qt.MouseButton.MiddleButton or (left and self._space_held):
            self._panning_from = event.position()
            self._update_tool()
        elif (left or right) and self._can_draw and self._tools.gesture is None:
            self._point_to(self._under(event.position()))
            self._tools.press(self._under(event.position()), right)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._panning_from is not None:
            by = event.position() - self._panning_from
            self._panning_from = event.position()
            self.view.pan(by.x(), by.y())
            self._moved()
        self._point_to(self._under(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._panning_from is not None:
            self._panning_from = None
            self._update_tool()
        elif event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self._tools.release()
            self.update()

    def tabletEvent(self, event: QTabletEvent) -> None:  # noqa: N802
        """A pen, where its pressure counts; else it is a mouse to Qt. Its other end does the opposite."""
        kind, place = event.type(), self._under(event.position())
        if not self._tools.feels_pressure or self._space_held or self._panning_from is not None:
            event.ignore()
            return
        event.accept()
        if kind == QEvent.Type.TabletPress and self._can_draw and self._tools.gesture is None:
            opposite = (
                event.pointerType() == QPointingDevice.PointerType.Eraser
                or event.button() == Qt.MouseButton.RightButton
            )
            self._point_to(place)
            self._tools.press(place, opposite, event.pressure())
        elif kind == QEvent.Type.TabletRelease:
            self._tools.release()
            self.update()
        else:
            self._point_to(place, event.pressure())

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        notches = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._wheel += notches.y()
            # A touchpad sends small parts of a notch: they are added up.
            while abs(self._wheel) >= WHEEL_NOTCH:
                direction = 1 if self._wheel > 0 else -1
                self._wheel -= direction * WHEEL_NOTCH
                self.step_zoom(direction, event.position())
        else:
            moved = QPointF(event.pixelDelta())
            if moved.isNull():
                moved = QPointF(notches) * (PAN_BY_NOTCH / WHEEL_NOTCH)
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                moved = moved.transposed()
            self.view.pan(moved.x(), moved.y())
            self._moved()
        self._point_to(self._under(event.position()))
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self._point, self._placed = None, False
        self.pointed.emit(-1, -1)
        self.update()

    # Keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Space:
            self._space_held = True
            self._update_tool()
        elif key in ARROWS:
            self._step_point(ARROWS[key], event.modifiers())
        elif self._can_draw and is_plain_return(event):
            if self._tools.gesture is None and not self._placed:
                self._point_to(self._point or self._middle())
            elif self._tools.gesture is None:
                self._tools.press(self._point or self._middle(), False)
                if self._tools.gesture is not None and self._tools.gesture.at_once:
                    self._tools.release()
            else:
                self._tools.release()
            self.update()
        elif key == Qt.Key.Key_Escape and self._tools.gesture is not None:
            self._tools.cancel()
            self.update()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space_held = False
            self._update_tool()
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self._space_held = False
        self._update_tool()
        super().focusOutEvent(event)

    def _step_point(self, direction: tuple[int, int], modifiers: Qt.KeyboardModifier) -> None:
        step = FAR if modifiers & Qt.KeyboardModifier.ShiftModifier else NEAR
        row, column = self._point or self._middle()
        document = self._editor.document
        row = min(max(int(row) + direction[0] * step, 0), document.height - 1) + 0.5
        column = min(max(int(column) + direction[1] * step, 0), document.width - 1) + 0.5
        self._point_to((row, column))

    def _middle(self) -> Point:
        return self._editor.document.height // 2 + 0.5, self._editor.document.width // 2 + 0.5

    def _under(self, position: QPointF) -> Point:
        return self.view.to_picture(position.x(), position.y())

    def _point_to(self, point: Point, pressure: float = 1.0) -> None:
        self._update_around(self._point)
        self._update_around(point)
        self._point, self._placed = point, self._can_draw
        if self._tools.gesture is not None:
            self._tools.move(point, pressure)
        row, column = int(point[0] // 1), int(point[1] // 1)
        document = self._editor.document
        inside = 0 <= row < document.height and 0 <= column < document.width
        self.pointed.emit(*((row, column) if inside else (-1, -1)))

    def _update_around(self, point: Point | None) -> None:
        """Repaints the tool's outline; all, while a gesture has one that reaches far."""
        if self._tools.gesture is not None and self._tools.gesture.outline:
            self.update()
        elif point is not None:
            x, y = self.view.to_widget(point)
            reach = (self._tools.size / 2 + 1) * self.view.scale + 8
            self.update(QRectF(x - reach, y - reach, 2 * reach, 2 * reach).toAlignedRect())


def is_plain_return(event: QKeyEvent) -> bool:
    """Return or Enter by itself, pressed and not held: with Ctrl it is the fill's."""
    return (
        event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        and event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        and not event.isAutoRepeat()
    )
