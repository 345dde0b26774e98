"""The panel beside the canvas, in windows of any size."""

import pytest
from conftest import CARDS
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from pixpaint.gui import theme
from pixpaint.gui.side_panel import SidePanel


@pytest.fixture
def panel(qtbot: QtBot) -> SidePanel:
    """Dressed as in the program."""
    panel = SidePanel(CARDS)
    panel.setStyleSheet(theme.STYLE)
    qtbot.addWidget(panel)
    panel.show()
    return panel


@pytest.mark.parametrize("height", [300, 517, 550, 900])
def test_in_a_low_window_nothing_is_cut_or_overlaps(qtbot: QtBot, panel: SidePanel, height: int) -> None:
    panel.show_note(
        "1,024 pixels in 32 rows are masked, about 15 s, and some more that takes three lines in all."
    )
    panel.resize(panel.width(), height)
    qtbot.waitUntil(lambda: panel.height() == height)
    labels = [label for label in panel.findChildren(QLabel) if label.isVisible()]
    assert len(labels) > 8
    for label in labels:
        assert label.height() >= label.heightForWidth(label.width()), label.text()
    assert panel.button.height() >= panel.button.sizeHint().height()
    assert panel.rect().contains(panel.button.geometry())
    assert panel._note.geometry().bottom() < panel.button.geometry().top()


def test_the_settings_that_do_not_fit_can_be_scrolled_to(qtbot: QtBot, panel: SidePanel) -> None:
    (scroll,) = panel.findChildren(QScrollArea)
    panel.resize(panel.width(), 900)
    qtbot.waitUntil(lambda: not scroll.verticalScrollBar().isVisible())
    panel.resize(panel.width(), 400)
    qtbot.waitUntil(scroll.verticalScrollBar().isVisible)
    assert not scroll.horizontalScrollBar().isVisible()
    assert scroll.widget().width() == scroll.viewport().width()
    scroll.ensureWidgetVisible(panel.temperature)
    below = panel.temperature.mapTo(panel, QPoint(0, panel.temperature.height())).y()
    assert below <= scroll.geometry().bottom() + 1


@pytest.mark.parametrize("name", ["model", "label", "seed", "answers", "temperature", "_slider"])
def test_the_wheel_changes_what_has_the_focus_and_scrolls_over_the_rest(
    qtbot: QtBot, panel: SidePanel, name: str
) -> None:
    panel.resize(panel.width(), 300)
    qtbot.waitUntil(lambda: panel.height() == 300)
    (scroll,) = panel.findChildren(QScrollArea)
    panel.model.setCurrentIndex(panel.model.findText("sketch"))  # which has classes
    widget = getattr(panel, name)
    scroll.ensureWidgetVisible(widget)
    before, place = panel.settings(), scroll.verticalScrollBar().value()
    panel.button.setFocus()
    turn_wheel(widget, 1 if place else -1)
    assert panel.settings() == before
    assert scroll.verticalScrollBar().value() != place
    assert not widget.hasFocus()

    scroll.ensureWidgetVisible(widget)
    widget.setFocus()
    turn_wheel(widget, -1 if isinstance(widget, QComboBox) else 1)
    assert panel.settings() != before


def turn_wheel(widget: QWidget, notches: int) -> None:
    """In the middle of a widget, away from the hand or towards it, as from the mouse: to the window."""
    window = widget.window()
    QTest.wheelEvent(
        window.windowHandle(), QPointF(widget.mapTo(window, widget.rect().center())), QPoint(0, 120 * notches)
    )
