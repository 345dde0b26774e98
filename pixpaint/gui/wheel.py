"""The wheel over a list or a number in a panel that scrolls."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSlider, QAbstractSpinBox, QComboBox, QWidget


class ScrollsFirst(QObject):
    """Lets the wheel change the lists and numbers of `panel` only where one has the focus: over any other it scrolls
    the panel, as it does beside them."""

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        for kind in (QComboBox, QAbstractSpinBox, QAbstractSlider):
            for widget in panel.findChildren(kind):
                widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # else the wheel would give it the focus
                widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()  # for what it lies in
            return True
        return super().eventFilter(watched, event)
