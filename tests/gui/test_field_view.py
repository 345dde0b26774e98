"""Switched on, the canvas shows what the model looks at for the pixel under the pointer, and nothing that is stale."""

import numpy as np
import pytest
from conftest import FakePainter
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from pixpaint.document import Document
from pixpaint.errors import BadModel
from pixpaint.gui.main_window import MainWindow
from pixpaint.models.field import DECODER_COLOUR, ENCODER_COLOUR

TIMEOUT = 10_000


def point_at(window: MainWindow, row: int, column: int) -> None:
    """As the mouse does, between two pixels' borders."""
    x, y = window.canvas.view.to_widget((row + 0.5, column + 0.5))
    window.canvas._point_to(window.canvas._under(QPointF(x, y)))


def choose_class(window: MainWindow, name: str) -> None:
    window.panel.label.setCurrentIndex(window.panel.label.findText(name))


def wait_for_field(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.canvas._layers.has_field, timeout=TIMEOUT)


def shown(window: MainWindow) -> QImage:
    return window.canvas.grab().toImage()


def colour_at(window: MainWindow, row: int, column: int) -> QColor:
    x, y = window.canvas.view.to_widget((row + 0.5, column + 0.5))
    return shown(window).pixelColor(round(x), round(y))


def is_like(colour: QColor, wanted: tuple[int, int, int]) -> bool:
    """Whether its hue is that one's."""
    return abs(colour.hue() - QColor(*wanted).hue()) < 12


@pytest.fixture
def on(window: MainWindow) -> MainWindow:
    """On a grey picture whose rows 20 to 29 are masked."""
    document = Document(pixels=np.full((40, 48, 3), 128, np.uint8))
    document.hole[20:30] = True
    window.documents.show(document, "grey.png")
    window.does.mask_shown.setChecked(False)
    window.does.field_shown.setChecked(True)
    return window


def test_earlier_pixels_and_known_ones_are_shown_in_their_colours(qtbot: QtBot, on: MainWindow) -> None:
    assert "Point at a pixel" in on.legend.text()
    before = shown(on)
    point_at(on, 24, 10)
    assert shown(on).pixelColor(5, 5) == before.pixelColor(5, 5)
    wait_for_field(qtbot, on)
    assert is_like(colour_at(on, 22, 30), DECODER_COLOUR)
    assert is_like(colour_at(on, 35, 30), ENCODER_COLOUR)
    inside = colour_at(on, 26, 30)  # later, and hidden from the encoder
    assert inside.saturation() < 40
    words = on.legend.text()
    assert f"{24 * 48 + 10:,} earlier pixels" in words
    assert f"{30 * 48:,} known pixels" in words
    assert "turned or mirrored" in words


def test_the_model_is_given_the_picture_near_the_pixel_and_the_class(
    qtbot: QtBot, on: MainWindow, painter: FakePainter
) -> None:
    """Two crops to each side."""
    large = Document(pixels=np.random.default_rng(1).integers(0, 256, (300, 200, 3), dtype=np.uint8))
    large.hole[150:160, 90:110] = True
    on.documents.show(large, "large.png")
    choose_class(on, "fish")
    point_at(on, 155, 100)
    wait_for_field(qtbot, on)
    settings, image, hole, at = painter.looks[-1]
    assert (settings.model, settings.label) == ("sketch", "fish")
    assert np.array_equal(image, large.pixels[91:220, 36:165])
    assert np.array_equal(hole, large.hole[91:220, 36:165])
    assert at == (64, 64)
    image[:] = 0
    assert large.pixels.any()


def test_a_late_answer_is_never_shown(qtbot: QtBot, on: MainWindow, painter: FakePainter) -> None:
    painter.look_gate = True
    point_at(on, 24, 10)
    qtbot.waitUntil(lambda: len(painter.looks) == 1, timeout=TIMEOUT)
    point_at(on, 28, 40)
    with qtbot.waitSignal(on.field_worker.looked, timeout=TIMEOUT):
        painter.allow_look()
    assert not on.canvas._layers.has_field
    painter.allow_look()
    wait_for_field(qtbot, on)
    assert painter.looks[-1][3] == (28, 40)
    assert len(painter.looks) == 2


def test_of_many_pixels_passed_over_only_the_last_is_asked_about(
    qtbot: QtBot, on: MainWindow, painter: FakePainter
) -> None:
    for column in range(30):
        point_at(on, 24, column)
    wait_for_field(qtbot, on)
    assert [at for *_, at in painter.looks] == [(24, 29)]


@pytest.mark.parametrize("change", ["stroke", "undo", "model", "class", "document", "leave"])
def test_what_changes_under_it_takes_it_away(
    qtbot: QtBot, on: MainWindow, painter: FakePainter, change: str
) -> None:
    on.editor.clear_mask()
    choose_class(on, "fish")
    point_at(on, 24, 10)
    wait_for_field(qtbot, on)
    count = len(painter.looks)
    if change == "stroke":
        on.tools.press((5.5, 5.5), False)
        on.tools.release()
    elif change == "undo":
        on.editor.history.undo()
    elif change == "model":
        on.panel.model.setCurrentText("digits")
    elif change == "class":
        choose_class(on, "cat")
    elif change == "document":
        on.documents.show(Document.blank(20, 20), "blank")
    else:
        qtbot.mouseMove(on.panel)
        on.canvas.pointed.emit(-1, -1)
    assert not on.canvas._layers.has_field
    if change in ("document", "leave"):
        qtbot.wait(200)
        assert len(painter.looks) == count
        assert "Point at a pixel" in on.legend.text()
    else:
        wait_for_field(qtbot, on)
        assert len(painter.looks) == count + 1


def test_switched_off_all_is_as_before_and_nothing_is_asked(
    qtbot: QtBot, on: MainWindow, painter: FakePainter
) -> None:
    on.does.field_shown.setChecked(False)
    point_at(on, 24, 10)
    before = shown(on)
    assert not on.legend.isVisible()
    qtbot.keyClick(on.canvas, Qt.Key.Key_F8)
    wait_for_field(qtbot, on)
    assert on.legend.isVisible()
    assert shown(on) != before
    qtbot.keyClick(on.canvas, Qt.Key.Key_F8)
    assert shown(on) == before
    assert not on.legend.isVisible()
    count = len(painter.looks)
    point_at(on, 2, 2)
    qtbot.wait(200)
    assert len(painter.looks) == count


def test_painting_goes_on_while_the_model_is_asked(
    qtbot: QtBot, on: MainWindow, painter: FakePainter
) -> None:
    painter.look_gate = True
    point_at(on, 24, 10)
    qtbot.waitUntil(lambda: len(painter.looks) == 1, timeout=TIMEOUT)
    with qtbot.waitSignal(on.filling.finished, timeout=TIMEOUT):
        on.does.fill.trigger()
    assert not on.editor.document.hole.any()
    assert on.legend.isVisible()
    painter.allow_look()
    painter.allow_look()
    wait_for_field(qtbot, on)


def test_what_goes_wrong_is_told_in_the_legend(
    qtbot: QtBot, on: MainWindow, painter: FakePainter, caplog: pytest.LogCaptureFixture
) -> None:
    painter.look_error = BadModel("The model file is damaged.")
    point_at(on, 24, 10)
    qtbot.waitUntil(lambda: on.legend.text() == "The model file is damaged.", timeout=TIMEOUT)
    painter.look_error = None
    point_at(on, 24, 11)
    wait_for_field(qtbot, on)
    painter.look_error = ZeroDivisionError()
    point_at(on, 24, 12)
    qtbot.waitUntil(lambda: "the log has the details" in on.legend.text(), timeout=TIMEOUT)
    assert "ZeroDivisionError" in caplog.text
