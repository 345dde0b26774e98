"""The bars around the canvas: files, history, the tool's options and zoom above; the tools on the left."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QSizePolicy, QToolBar, QToolButton

from pixpaint.gui.actions import Actions
from pixpaint.gui.options_bar import OptionsBar


def add_tool_bars(window: QMainWindow, actions: Actions, options: OptionsBar) -> None:
    """Fixed in place, and every button within reach of the Tab key."""
    top = _bar(window.tr("Main"), 20, [actions.new, actions.open, actions.save])
    top.addSeparator()
    top.addActions([actions.undo, actions.redo])
    top.addSeparator()
    options.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    top.addWidget(options)
    top.addActions([actions.zoom_out, actions.zoom_in, actions.fit])
    window.addToolBar(Qt.ToolBarArea.TopToolBarArea, top)
    left = _bar(window.tr("Tools"), 22, list(actions.tools.values()))
    window.addToolBar(Qt.ToolBarArea.LeftToolBarArea, left)
    for bar in (top, left):
        for button in bar.findChildren(QToolButton):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)


def _bar(title: str, icon_size: int, actions: Sequence[QAction]) -> QToolBar:
    bar = QToolBar(title)
    bar.setObjectName(title)
    bar.setMovable(False)
    bar.setIconSize(QSize(icon_size, icon_size))
    bar.addActions(actions)
    return bar
