"""The message bar tells nothing that is no longer true, and makes way for Esc."""

from pathlib import Path

import pytest
from conftest import FakePainter
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from pixpaint.document import Document
from pixpaint.errors import BadModel, OutOfMemory
from pixpaint.gui.main_window import MainWindow
from pixpaint.gui.rescue import Rescue
from pixpaint.recovery import Unsaved, keep


def draw(window: MainWindow) -> None:
    """A stroke with the tool that is chosen."""
    window.tools.press((20.5, 20.5), False)
    window.tools.release()


def too_large(qtbot: QtBot, window: MainWindow, painter: FakePainter) -> None:
    window.does.mask_all.trigger()
    painter.fails_at_row = (0, OutOfMemory("The memory is full: mask less."))
    with qtbot.waitSignal(window.filling.failed):
        window.does.fill.trigger()
    painter.fails_at_row = None


@pytest.mark.parametrize("change", ["stroke", "all", "another picture"])
def test_that_nothing_is_masked_is_said_until_something_changes(window: MainWindow, change: str) -> None:
    window.does.fill.trigger()
    assert window.bar.text.startswith("Nothing is masked")
    if change == "stroke":
        window.tools.press((20.5, 20.5), False)
        assert window.bar.text == "", "the stroke need not end first"
    elif change == "all":
        window.does.mask_all.trigger()
    else:
        window.documents.show(Document.blank(5, 5), "other")
    assert window.bar.text == ""


def test_a_file_that_could_not_be_opened_is_told_until_another_one_is(
    window: MainWindow, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    window.documents.open(tmp_path / "missing.png")
    assert "missing.png" in window.bar.text
    draw(window)
    window.editor.history.setClean()
    assert "missing.png" in window.bar.text
    Image.new("L", (4, 4)).save(tmp_path / "b.png")
    window.documents.open(tmp_path / "b.png")
    assert window.bar.text == ""
    assert caplog.records


@pytest.mark.parametrize("change", ["mask", "undo", "another picture"])
def test_a_fill_too_large_is_told_until_there_is_another_mask(
    qtbot: QtBot, window: MainWindow, painter: FakePainter, caplog: pytest.LogCaptureFixture, change: str
) -> None:
    too_large(qtbot, window, painter)
    assert window.bar.text.startswith("The memory is full")
    if change == "mask":
        window.does.mask_clear.trigger()
    elif change == "undo":
        window.does.undo.trigger()
    else:
        window.documents.show(Document.blank(5, 5), "other")
    assert window.bar.text == ""
    assert caplog.records


def test_a_newer_message_does_not_go_with_what_ends_the_one_before_it(window: MainWindow) -> None:
    window.does.fill.trigger()
    window.bar.say("This stays.")
    window.does.mask_all.trigger()
    window.documents.show(Document.blank(5, 5), "other")
    assert window.bar.text == "This stays."


def test_what_is_said_of_a_picture_as_it_opens_stays(window: MainWindow, tmp_path: Path) -> None:
    window.does.fill.trigger()
    window.editor.replaced.connect(
        lambda: window.bar.complain("A part is missing.", until=[window.editor.replaced])
    )
    window.documents.show(Document.blank(5, 5), "other")
    assert window.bar.text == "A part is missing."


def test_the_offer_to_recover_stays_whatever_is_opened_or_drawn(window: MainWindow, tmp_path: Path) -> None:
    keep(Unsaved(Document.blank(9, 12), "lost"), tmp_path / "lost.zip")
    rescue = Rescue(window.editor, window.filling, window.documents, window.bar, tmp_path)
    rescue.offer()
    draw(window)
    window.documents.show(Document.blank(5, 5), "other")
    assert "before lost was saved" in window.bar.text
    rescue.close()


def test_a_model_that_can_t_be_read_is_told_until_one_can(
    qtbot: QtBot,
    window: MainWindow,
    painter: FakePainter,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare = painter.prepare

    def fail(_: object) -> None:
        raise BadModel("digits is damaged.")

    monkeypatch.setattr(painter, "prepare", fail)
    window.panel.model.setCurrentText("digits")
    qtbot.waitUntil(lambda: window.bar.text == "digits is damaged.")
    draw(window)
    assert window.bar.text == "digits is damaged."
    assert window.status.means.text() == "", "nothing is being loaded any more"
    monkeypatch.setattr(painter, "prepare", prepare)
    window.panel.model.setCurrentText("sketch")
    qtbot.waitUntil(lambda: window.bar.text == "")
    assert caplog.records


def test_esc_dismisses_the_message_when_there_is_nothing_else_to_do(qtbot: QtBot, window: MainWindow) -> None:
    window.does.fill.trigger()
    draw(window)
    window.does.mask_clear.trigger()
    window.does.fill.trigger()
    window.canvas.setFocus()
    window.tools.press((20.5, 20.5), False)
    window.bar.say("Any other.")
    qtbot.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert window.bar.text == "Any other.", "the stroke comes first"
    qtbot.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert window.bar.text == ""


def test_esc_that_is_held_to_stop_a_fill_leaves_the_offer_to_go_on(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    window.does.mask_all.trigger()
    painter.gate = True
    painter.allow(2)
    with qtbot.waitSignals([window.filling.progressed] * 2):
        window.does.fill.trigger()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.filling.busy)
    held = QKeyEvent(
        QKeyEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier, "", autorep=True
    )
    QApplication.sendEvent(window.canvas, held)
    assert window.bar.text.startswith("Stopped at")
