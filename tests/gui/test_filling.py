"""Fills in the window: rows as they come, stop and continue, undo, failures, late rows, and leaving in the middle."""

import logging
import time

import numpy as np
import pytest
from conftest import COARSE, FakePainter, painted_value
from PySide6.QtCore import QObject, Qt, QThread, Signal
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from pixpaint.document import Document
from pixpaint.errors import OutOfMemory
from pixpaint.gui.fill_state import State
from pixpaint.gui.main_window import MainWindow
from pixpaint.recipe import Recipe, painted_sha256

Button = QMessageBox.StandardButton


def mask_block(window: MainWindow) -> np.ndarray:
    """Masks rows 10 to 29 of columns 5 to 34, an odd shape; returns a copy of the hole."""
    window.editor.begin()
    where = np.ones((20, 30), dtype=np.bool_)
    where[:5, :7] = False
    window.editor.mask((10, 5, 30, 35), where, True)
    window.editor.commit("Mask")
    return window.editor.document.hole.copy()


def expected(before: np.ndarray, hole: np.ndarray, seed: int) -> np.ndarray:
    picture = before.copy()
    rows, columns = np.nonzero(hole)
    picture[rows, columns] = painted_value(seed, rows, columns)
    return picture


def fill_to_end(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.filling.finished):
        window.does.fill.trigger()


def stop_after(qtbot: QtBot, window: MainWindow, painter: FakePainter, rows: int) -> None:
    """Starts a fill and presses Esc when `rows` rows are in the document."""
    painter.gate = True
    painter.allow(rows)
    with qtbot.waitSignals([window.filling.progressed] * rows):
        qtbot.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.filling.busy)


def press(qtbot: QtBot, window: MainWindow, place: int) -> None:
    """A button of the message bar: 0 Continue, 1 Repaint, 2 Undo."""
    qtbot.mouseClick(window.bar.choices[place], Qt.MouseButton.LeftButton)


def test_a_fill_paints_the_hole_and_nothing_else(qtbot: QtBot, window: MainWindow) -> None:
    before = window.editor.document.pixels.copy()
    hole = mask_block(window)
    window.panel.seed.setValue(7)
    fill_to_end(qtbot, window)
    document = window.editor.document
    np.testing.assert_array_equal(document.pixels, expected(before, hole, 7))
    assert not document.hole.any()
    assert "550" not in window.status.text.text()
    assert window.status.text.text().startswith(f"{int(hole.sum())} pixels painted")


def test_one_pixel_is_told_of_as_one(qtbot: QtBot, window: MainWindow) -> None:
    window.editor.begin()
    window.editor.mask((10, 5, 11, 6), np.ones((1, 1), np.bool_), True)
    window.editor.commit("Mask")
    assert window.panel._note.text() == "1 pixel in 1 row is masked."
    fill_to_end(qtbot, window)
    assert window.status.text.text().startswith("1 pixel painted in ")


def test_the_recipe_says_what_was_painted_with_what(qtbot: QtBot, window: MainWindow) -> None:
    hole = mask_block(window)
    window.panel.seed.setValue(11)
    window.panel.label.setCurrentText("fish")
    window.panel.temperature.setValue(0.8)
    fill_to_end(qtbot, window)
    (recipe,) = window.editor.document.recipes
    assert recipe.settings.model == "sketch"
    assert recipe.settings.label == "fish"
    assert recipe.settings.seed == 11
    assert recipe.settings.temperature == pytest.approx(0.8)
    assert (recipe.settings.engine, recipe.settings.device) == ("torch", "cpu")
    assert recipe.model_sha256 == "ab" * 32
    np.testing.assert_array_equal(recipe.hole_mask(40, 48), hole)
    assert recipe.result_sha256 == painted_sha256(window.editor.document.pixels, hole)
    window.does.undo.trigger()
    assert window.editor.document.recipes == ()
    window.does.redo.trigger()
    assert window.editor.document.recipes == (recipe,)
    assert isinstance(recipe, Recipe)


def test_a_coarser_level_is_shown_until_the_fill_is_done_or_stopped(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    painter.gate = painter.shows_coarse = True
    document = window.editor.document
    before = document.pixels.copy()
    hole = mask_block(window)
    window.does.fill.trigger()
    qtbot.waitUntil(lambda: bool((document.pixels[hole] == COARSE).all()))
    assert not document.hole.any()
    painter.allow(3)
    qtbot.waitUntil(lambda: int((document.pixels[hole] == COARSE).sum()) < document.pixels[hole].size)
    window.does.stop.trigger()
    qtbot.waitUntil(lambda: not window.filling.busy)
    assert 0 < document.hole.sum() < hole.sum()
    np.testing.assert_array_equal(document.pixels[document.hole], before[document.hole])
    painter.gate = False
    window.filling.resume()
    qtbot.waitUntil(lambda: not window.filling.busy)
    np.testing.assert_array_equal(document.pixels, expected(before, hole, 0))
    window.does.undo.trigger()
    np.testing.assert_array_equal(document.pixels, before)
    np.testing.assert_array_equal(document.hole, hole)


def test_of_several_levels_the_share_is_told_and_no_row(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    painter.gate = painter.shows_coarse = True
    window.does.mask_all.trigger()
    window.does.fill.trigger()
    qtbot.waitUntil(lambda: window.status.text.text() == "0 % painted")
    painter.allow(21)
    qtbot.waitUntil(lambda: window.status.text.text().startswith("52 % painted, "))
    window.does.stop.trigger()
    qtbot.waitUntil(lambda: not window.filling.busy)
    assert window.bar.text == window.status.text.text() == "Stopped at 53 %.", "half a row more"
    painter.shows_coarse = False
    window.filling.resume()
    painter.allow(2)
    qtbot.waitUntil(lambda: window.status.text.text().startswith("57 % painted, "))


def test_rows_appear_one_by_one_and_are_counted(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    hole = mask_block(window)
    before = window.editor.document.pixels.copy()
    painter.gate = True
    window.does.fill.trigger()
    for row in range(3):
        painter.allow(1)
        qtbot.waitUntil(lambda row=row: window.status.text.text().startswith(f"Row {row + 1} of 20"))
        done = hole.copy()
        done[10 + row + 1 :] = False
        np.testing.assert_array_equal(window.editor.document.pixels, expected(before, done, 0))
        np.testing.assert_array_equal(window.editor.document.hole, hole & ~done)
    assert window.does.stop.isEnabled()
    assert not window.does.undo.isEnabled()
    assert not window.does.mask_all.isEnabled()
    assert window.isWindowModified()


def test_undo_takes_the_whole_fill_back_with_its_mask(qtbot: QtBot, window: MainWindow) -> None:
    before = window.editor.document.pixels.copy()
    hole = mask_block(window)
    fill_to_end(qtbot, window)
    after = window.editor.document.pixels.copy()
    assert window.does.undo.text() == "&Undo Fill"
    window.does.undo.trigger()
    np.testing.assert_array_equal(window.editor.document.pixels, before)
    np.testing.assert_array_equal(window.editor.document.hole, hole)
    window.does.undo.trigger()
    assert not window.editor.document.hole.any()
    assert not window.isWindowModified()
    window.does.redo.trigger()
    window.does.redo.trigger()
    np.testing.assert_array_equal(window.editor.document.pixels, after)
    assert not window.editor.document.hole.any()


def test_the_status_bar_tells_of_no_fill_that_was_undone(qtbot: QtBot, window: MainWindow) -> None:
    mask_block(window)
    fill_to_end(qtbot, window)
    assert "pixels painted" in window.status.text.text()
    window.does.undo.trigger()
    assert window.status.text.text() == "Undone: Fill."
    window.does.redo.trigger()
    assert window.status.text.text() == "Done again: Fill."
    window.does.mask_all.trigger()
    assert window.status.text.text() == ""


def test_the_mask_of_a_fill_can_be_recalled(qtbot: QtBot, window: MainWindow) -> None:
    hole = mask_block(window)
    fill_to_end(qtbot, window)
    window.does.mask_recall.trigger()
    np.testing.assert_array_equal(window.editor.document.hole, hole)


def test_escape_keeps_what_is_painted_and_offers_to_go_on(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    before = window.editor.document.pixels.copy()
    hole = mask_block(window)
    stop_after(qtbot, window, painter, 9)
    painted = hole & ~window.editor.document.hole
    assert painted[10:19].sum() == hole[10:19].sum()
    assert 0 < painted[19].sum() < hole[19].sum()
    assert not painted[20:].any()
    np.testing.assert_array_equal(window.editor.document.pixels, expected(before, painted, 0))
    assert window.bar.text == "Stopped at row 10 of 20."
    assert len(window.bar.choices) == 3
    assert window.editor.document.recipes == ()


@pytest.mark.parametrize("by_key", [False, True])
def test_continue_ends_as_if_it_had_not_been_stopped(
    qtbot: QtBot, window: MainWindow, painter: FakePainter, by_key: bool
) -> None:
    before = window.editor.document.pixels.copy()
    hole = mask_block(window)
    stop_after(qtbot, window, painter, 9)
    painted = hole & ~window.editor.document.hole
    painter.gate = False
    with qtbot.waitSignal(window.filling.finished):
        if by_key:
            qtbot.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        else:
            press(qtbot, window, 0)
    np.testing.assert_array_equal(painter.asked[-1][1], painted)
    np.testing.assert_array_equal(window.editor.document.pixels, expected(before, hole, 0))
    assert not window.editor.document.hole.any()
    (recipe,) = window.editor.document.recipes
    np.testing.assert_array_equal(recipe.hole_mask(40, 48), hole)
    # Both halves are one step.
    assert window.editor.history.count() == 2
    window.does.undo.trigger()
    np.testing.assert_array_equal(window.editor.document.pixels, before)
    np.testing.assert_array_equal(window.editor.document.hole, hole)
    window.does.redo.trigger()
    np.testing.assert_array_equal(window.editor.document.pixels, expected(before, hole, 0))
    assert window.editor.document.recipes == (recipe,)


def test_a_fill_stopped_twice_goes_on_too(qtbot: QtBot, window: MainWindow, painter: FakePainter) -> None:
    before = window.editor.document.pixels.copy()
    hole = mask_block(window)
    stop_after(qtbot, window, painter, 3)
    stop_after(qtbot, window, painter, 4)
    assert window.bar.text.startswith("Stopped at row 8 of 20")
    painter.gate = False
    with qtbot.waitSignal(window.filling.finished):
        press(qtbot, window, 0)
    np.testing.assert_array_equal(window.editor.document.pixels, expected(before, hole, 0))
    assert window.editor.history.count() == 2


def test_repaint_from_here_paints_the_rest_from_another_seed(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    before = window.editor.document.pixels.copy()
    hole = mask_block(window)
    stop_after(qtbot, window, painter, 9)
    rest = window.editor.document.hole.copy()
    painter.gate = False
    with qtbot.waitSignal(window.filling.finished):
        press(qtbot, window, 1)
    seed = window.panel.seed.value()
    assert seed != 0
    assert painter.asked[-1][1] is None
    picture = expected(expected(before, hole & ~rest, 0), rest, seed)
    np.testing.assert_array_equal(window.editor.document.pixels, picture)
    (recipe,) = window.editor.document.recipes
    np.testing.assert_array_equal(recipe.hole_mask(40, 48), rest)


def test_undo_from_the_bar_takes_the_stopped_fill_back(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    before = window.editor.document.pixels.copy()
    hole = mask_block(window)
    stop_after(qtbot, window, painter, 5)
    press(qtbot, window, 2)
    assert window.status.text.text() == "Undone: Stopped Fill."
    np.testing.assert_array_equal(window.editor.document.pixels, before)
    np.testing.assert_array_equal(window.editor.document.hole, hole)
    assert window.bar.text == ""
    assert window.filling.state is State.IDLE


def test_a_stroke_after_the_stop_ends_the_offer(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    mask_block(window)
    stop_after(qtbot, window, painter, 5)
    window.does.mask_clear.trigger()
    assert window.bar.text == ""
    assert not window.filling.can_resume(window.panel.settings())


def test_stopping_before_the_first_row_leaves_no_trace(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    window.editor.begin()
    window.editor.mask((10, 5, 11, 6), np.ones((1, 1), dtype=np.bool_), True)
    window.editor.commit("Mask")
    hole = window.editor.document.hole.copy()
    painter.gate = True
    window.does.fill.trigger()
    window.does.stop.trigger()
    qtbot.waitUntil(lambda: not window.filling.busy)
    assert window.filling.state is State.IDLE
    assert window.editor.history.count() == 1
    np.testing.assert_array_equal(window.editor.document.hole, hole)


def test_another_answer_takes_the_last_ones_place(qtbot: QtBot, window: MainWindow) -> None:
    before = window.editor.document.pixels.copy()
    hole = mask_block(window)
    fill_to_end(qtbot, window)
    with qtbot.waitSignal(window.filling.finished):
        window.does.fill_anew.trigger()
    seed = window.panel.seed.value()
    np.testing.assert_array_equal(window.editor.document.pixels, expected(before, hole, seed))
    assert window.editor.history.count() == 2


def test_an_empty_mask_is_explained_not_filled(window: MainWindow, painter: FakePainter) -> None:
    window.does.fill.trigger()
    assert window.bar.text.startswith("Nothing is masked")
    assert not painter.asked
    assert not window.filling.busy


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OutOfMemory("The memory is full: mask less."), "The memory is full: mask less."),
        (
            ValueError("shapes (3,) and (4,)"),
            "The fill failed unexpectedly; the log has the details.",
        ),
    ],
)
def test_a_failure_in_the_middle_keeps_the_painted_rows(
    qtbot: QtBot,
    window: MainWindow,
    painter: FakePainter,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    sentence: str,
) -> None:
    before = window.editor.document.pixels.copy()
    hole = mask_block(window)
    painter.fails_at_row = (6, error)
    with caplog.at_level(logging.WARNING), qtbot.waitSignal(window.filling.failed):
        window.does.fill.trigger()
    assert window.bar.text == sentence
    assert caplog.records[-1].exc_info is not None
    painted = hole & ~window.editor.document.hole
    assert painted.any(axis=1).sum() == 6
    painter.fails_at_row = None
    with qtbot.waitSignal(window.filling.finished):
        press(qtbot, window, 0)
    np.testing.assert_array_equal(window.editor.document.pixels, expected(before, hole, 0))


def fill_until_the_gpu_is_full(qtbot: QtBot, window: MainWindow, painter: FakePainter, rows: int) -> None:
    painter.best_device = "cuda"
    painter.fails_at_row = (rows, OutOfMemory("The GPU is full.", "cuda"))
    with qtbot.waitSignal(window.filling.gpu_full):
        window.does.fill.trigger()
    assert painter.asked[-1][0].device == "cuda"
    painter.fails_at_row = None
    assert window.bar.text.endswith("Go on with the CPU?")
    assert len(window.bar.choices) == 2


@pytest.mark.parametrize("rows", [6, 0])
def test_where_the_gpu_is_full_the_cpu_goes_on_from_the_painted_rows(
    qtbot: QtBot, window: MainWindow, painter: FakePainter, rows: int
) -> None:
    before = window.editor.document.pixels.copy()
    hole = mask_block(window)
    window.panel.seed.setValue(3)
    fill_until_the_gpu_is_full(qtbot, window, painter, rows)
    painted = hole & ~window.editor.document.hole
    assert painted.any(axis=1).sum() == rows
    with qtbot.waitSignal(window.filling.finished):
        press(qtbot, window, 0)
    settings, already = painter.asked[-1]
    assert (settings.device, settings.seed) == ("cpu", 3)
    np.testing.assert_array_equal(np.zeros_like(hole) if already is None else already, painted)
    np.testing.assert_array_equal(window.editor.document.pixels, expected(before, hole, 3))
    (recipe,) = window.editor.document.recipes
    assert recipe.settings.device == "cpu"
    assert window.editor.history.count() == 2


def test_a_fill_that_went_on_with_the_cpu_stays_there_when_it_is_stopped(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    mask_block(window)
    fill_until_the_gpu_is_full(qtbot, window, painter, 2)
    painter.gate = True
    painter.allow(3)
    with qtbot.waitSignals([window.filling.progressed] * 3):
        press(qtbot, window, 0)
    window.does.stop.trigger()
    qtbot.waitUntil(lambda: not window.filling.busy)
    painter.gate = False
    with qtbot.waitSignal(window.filling.finished):
        window.does.fill.trigger()
    assert painter.asked[-1][0].device == "cpu"
    with qtbot.waitSignal(window.filling.finished):
        window.does.fill_anew.trigger()
    assert painter.asked[-1][0].device == "cuda"


def test_where_the_gpu_is_full_one_may_stop_as_ever(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    mask_block(window)
    fill_until_the_gpu_is_full(qtbot, window, painter, 6)
    press(qtbot, window, 1)
    assert window.bar.text == "Stopped at row 6 of 20."
    assert len(window.bar.choices) == 3


def test_rows_of_a_fill_that_was_left_are_dropped(
    qtbot: QtBot, window: MainWindow, painter: FakePainter
) -> None:
    mask_block(window)
    painter.gate = True
    painter.allow(3)
    with qtbot.waitSignals([window.filling.progressed] * 3):
        window.does.fill.trigger()
    # Four more are on their way, or will be, when the document changes.
    painter.allow(4)
    with qtbot.waitSignal(window.worker.ended):
        window.documents.show(Document.blank(40, 48), "New")
    late = next(FakePainter().paint(window.panel.settings(), *picture_and_hole()))
    window.worker.row_painted.emit(1, late)
    qtbot.wait(20)
    assert (window.editor.document.pixels == 255).all()
    assert window.editor.history.count() == 0
    assert not window.isWindowModified()


def picture_and_hole() -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((40, 48, 3), dtype=np.uint8), np.ones((40, 48), dtype=np.bool_)


def test_the_worker_paints_on_its_own_copy(qtbot: QtBot, window: MainWindow, painter: FakePainter) -> None:
    mask_block(window)
    stop_after(qtbot, window, painter, 2)
    assert not np.shares_memory(painter.images[-1], window.editor.document.pixels)


def test_closing_in_mid_fill_asks_and_cancel_lets_it_go_on(
    qtbot: QtBot, window: MainWindow, painter: FakePainter, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask_block(window)
    painter.gate = True
    painter.allow(2)
    with qtbot.waitSignals([window.filling.progressed] * 2):
        window.does.fill.trigger()
    monkeypatch.setattr(QMessageBox, "exec", lambda _: Button.Cancel)
    assert not window.close()
    assert window.filling.state is State.FILLING
    painter.gate = False
    with qtbot.waitSignal(window.filling.finished):
        painter.allow(1)


def test_closing_in_mid_fill_and_discarding_ends_the_thread_at_once(
    qtbot: QtBot, window: MainWindow, painter: FakePainter, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask_block(window)
    painter.gate = True
    painter.allow(2)
    with qtbot.waitSignals([window.filling.progressed] * 2):
        window.does.fill.trigger()
    monkeypatch.setattr(QMessageBox, "exec", lambda _: Button.Discard)
    begin = time.monotonic()
    assert window.close()
    assert time.monotonic() - begin < 1
    assert window.idle_at_close
    assert window.worker.isFinished()


def test_a_signal_can_be_emitted_20000_times(qtbot: QtBot) -> None:
    """PySide6 6.12.0 on Python 3.10 and 3.11 ends the process after some 580."""

    class Sender(QThread):
        row = Signal(int, object, bool)

        def run(self) -> None:
            for number in range(20_000):
                self.row.emit(number, {"row": number}, True)

    class Receiver(QObject):
        count = 0

        def take(self, number: int, value: object, flag: bool) -> None:
            assert value == {"row": number}
            assert flag is True
            self.count += 1

    sender, receiver = Sender(), Receiver()
    sender.row.connect(receiver.take)
    sender.start()
    qtbot.waitUntil(lambda: receiver.count == 20_000, timeout=30_000)
    assert sender.wait(5000)


def test_a_fill_begun_in_the_middle_of_a_stroke_ends_the_stroke_first(
    qtbot: QtBot, window: MainWindow
) -> None:
    mask_block(window)
    window.tools.choose("brush")
    window.tools.press((2.5, 2.5), False)
    window.tools.move((2.5, 6.5))
    fill_to_end(qtbot, window)
    assert not window.editor.document.hole.any()
    window.editor.history.undo()
    assert window.editor.document.hole[2, 4]
    assert window.editor.document.hole[12, 20]
    window.editor.history.undo()
    assert not window.editor.document.hole[2, 4]
    assert window.editor.document.hole[12, 20]


def test_ctrl_return_on_the_canvas_is_no_stroke(qtbot: QtBot, window: MainWindow) -> None:
    window.canvas.setFocus()
    before = window.editor.document.hole.copy()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert window.tools.gesture is None
    np.testing.assert_array_equal(window.editor.document.hole, before)
