"""The bundled line icons, tinted in the window's colours so that they suit light and dark."""

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QWidget

from pixpaint.assets import resource

ICON_NAME = "icon_name"
"""the property of an action or button that names its icon, so that it can be tinted anew"""
ICON_SIZES = (16, 20, 24, 32, 40, 48, 64)


def tint(window: QWidget) -> None:
    """Gives every action and button of `window` that names an icon that icon, in the colours of its palette."""
    for action in window.findChildren(QAction):
        if name := action.property(ICON_NAME):
            action.setIcon(icon(name, window.palette()))
    for button in window.findChildren(QAbstractButton):
        if name := button.property(ICON_NAME):
            button.setIcon(icon(name, window.palette()))


def icon(name: str, palette: QPalette) -> QIcon:
    """A bundled line icon in the palette's colours: for normal, disabled and chosen buttons."""
    text = palette.color(QPalette.ColorGroup.Normal, QPalette.ColorRole.ButtonText)
    faded = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    chosen = palette.color(QPalette.ColorGroup.Normal, QPalette.ColorRole.HighlightedText)
    result = QIcon()
    for size in ICON_SIZES:
        result.addPixmap(_drawn(name, size, text), QIcon.Mode.Normal, QIcon.State.Off)
        result.addPixmap(_drawn(name, size, chosen), QIcon.Mode.Normal, QIcon.State.On)
        for state in (QIcon.State.Off, QIcon.State.On):
            result.addPixmap(_drawn(name, size, faded), QIcon.Mode.Disabled, state)
    return result


def program_icon() -> QIcon:
    return QIcon(str(resource("icons", "pixpaint.svg")))


@cache
def _svg(name: str) -> QByteArray:
    return QByteArray(resource("icons", f"{name}.svg").read_bytes())


def _drawn(name: str, size: int, colour: QColor) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(_svg(name)).render(painter, QRectF(0, 0, size, size))
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(pixmap.rect(), colour)
    painter.end()
    return pixmap
